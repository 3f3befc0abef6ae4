"""Any value may stand anywhere in a message: what is sound is read, the rest is dropped, nothing raises."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.messages import read_objects
from tests.conversations import CARRIED, Conversation, load, names
from tests.dialogue import line, scan
from tests.expectations import mining

SPOKEN = [one for one in map(load, names(CARRIED)) if one.expected.get("framing") == "json-line"]
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**64 + 1, -(2**300), 10**399, 0.0, -0.5, 1e-300, 1e300, "", "0", "x", "0x", "0x0",
    "-1", "nan", "ffffffff", "0" * 64, "f" * 64, "F" * 16, "0x" + "0" * 64, "é\ud800\0", "a" * 5000, [], {}, [[]],
    [None] * 9, ["a", "b", "c", "d", "e"], {"id": 1}, {"job": {}}, {"status": 5}, [True, []], {"method": "login"},
)  # fmt: skip


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """Every place in a message where a value stands."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inside for place in places(one, (*path, key)))]


def with_odd(body: dict, chance: random.Random) -> dict:
    """The message with one value another, or one member missing."""
    body = copy.deepcopy(body)
    *way, last = chance.choice(places(body)[1:] or [("id",)])
    holder: Any = body
    for key in way:
        holder = holder[key]
    if chance.random() < 0.1:
        del holder[last]
    else:
        holder[last] = chance.choice(ODD)
    return body


def odd(conversation: Conversation, chance: random.Random) -> Conversation:
    lines = []
    for sent in conversation.lines:
        bodies = [body for part in sent.data.split(b"\n") for body in read_objects(part)]
        bodies = [with_odd(body, chance) if chance.random() < 0.3 else body for body in bodies]
        text = "".join(map(line, bodies)).encode("utf-8", "surrogatepass")
        lines.append(replace(sent, data=text or sent.data))
    return replace(conversation, lines=tuple(lines))


@pytest.mark.parametrize("conversation", SPOKEN, ids=lambda one: one.name)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_nothing_raises(conversation, seed):
    for finding in mining(scan(odd(conversation, random.Random(seed)))):
        shares = finding.shares
        assert min(shares.accepted, shares.rejected, shares.unanswered) >= 0
        assert shares.submitted == shares.accepted + shares.rejected + shares.unanswered
        assert all(done.amount > 0 for done in finding.work)


def test_every_value_can_be_sent():
    assert all(json.loads(json.dumps(one)) == one for one in ODD)
