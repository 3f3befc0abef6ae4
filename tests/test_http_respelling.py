"""Mining over HTTP says the same however its programs spell it: heads, framing, compression, bodies, cuts."""

from __future__ import annotations

import gzip
import json
import random
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.messages import read_body
from tests.conversations import CARRIED, Conversation, load, names
from tests.dialogue import scan
from tests.expectations import mistakes

DIALECTS = {"getwork", "getblocktemplate", "eth-getwork-http", "monerod-rpc"}
SPOKEN = [one for one in map(load, names(CARRIED)) if one.expected.get("dialect") in DIALECTS]
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def messages(data: bytes) -> list[tuple[bytes, bytes | None]]:
    """(head, body) of each message that one side sends at once; the body of what is not told by a length is None."""
    out: list[tuple[bytes, bytes | None]] = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        if b"chunked" in head:
            return [*out, (head, None), (rest, None)]
        length = _LENGTH.search(head)
        size = int(length[1]) if length else len(rest) if head.startswith(b"HTTP") else 0
        out.append((head, rest[:size]))
        data = rest[size:]
    return out


def shuffled(body: bytes, chance: random.Random) -> bytes:
    """The same JSON in another order and with other spaces; what is none stays."""
    found = read_body(body)
    if not found:
        return body
    again = []
    for one in found:
        members = list(one.items())
        chance.shuffle(members)
        again.append(dict(members))
    told = again if body.lstrip()[:1] == b"[" else again[0]
    separators = chance.choice(((",", ":"), (", ", ": ")))
    text = json.dumps(told, separators=separators, indent=chance.choice((None, None, 1)))
    return (text + chance.choice(("", "\n", "\r\n", "\0"))).encode()


def respelled(head: bytes, body: bytes, chance: random.Random) -> bytes:
    """One message anew."""
    first, *fields = head.split(b"\r\n")
    fields = [one for one in fields if not one.lower().startswith((b"content-length", b"expect"))]
    body = shuffled(body, chance)
    if body and not first.startswith(b"POST") and chance.random() < 0.4:
        body = gzip.compress(body, mtime=0)
        fields.append(b"Content-Encoding: gzip")
    if body and chance.random() < 0.4:
        size = chance.choice((1, 7, 100, 10_000))
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        fields.append(b"Transfer-Encoding: chunked")
    elif body or chance.random() < 0.5:
        fields.append(b"Content-Length: %d" % len(body))
    chance.shuffle(fields)
    case = chance.choice((bytes, bytes.lower, bytes.upper))
    fields = [case(name) + colon + value for name, colon, value in (one.partition(b":") for one in fields)]
    end = chance.choice((b"\r\n", b"\r\n", b"\n"))
    return end.join([first, b"X-Other: a:b", *fields]) + end * 2 + body


def spelt_anew(conversation: Conversation, chance: random.Random) -> Conversation:
    lines = []
    for line in conversation.lines:
        parts = messages(line.data)
        whole = all(body is not None and not head.startswith(b"HTTP/1.1 100") for head, body in parts)
        data = b"".join(respelled(head, body or b"", chance) for head, body in parts) if whole else line.data
        cuts = sorted({0, len(data), *(chance.randrange(len(data) + 1) for _ in range(chance.choice((0, 1, 5))))})
        lines += [replace(line, data=data[start:end]) for start, end in pairwise(cuts)]
    return replace(conversation, lines=tuple(lines))


@pytest.mark.parametrize("conversation", SPOKEN, ids=lambda one: one.name)
@given(seed=st.integers(0, 2**32), delivery=st.sampled_from(("whole", "segments", "duplicated")))
@settings(max_examples=20, deadline=None)
def test_same_reading_however_it_is_spelt(conversation, seed, delivery):
    again = spelt_anew(conversation, random.Random(seed))
    assert mistakes(scan(again, delivery), conversation.expected) == []


def test_there_are_dialogues_to_spell():
    assert {one.expected["dialect"] for one in SPOKEN} == DIALECTS
