"""A dialogue says the same however its programs spell it: key order, spaces, escapes, ids, line ends, cuts."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.messages import read_objects
from tests.conversations import CARRIED, Conversation, load, names
from tests.dialogue import scan
from tests.expectations import mistakes

DIALECTS = {"stratum-v1", "stratum-v1-equihash", "stratum-v1-verus", "monero-json-rpc", "eth-proxy", "eth-stratum",
            "ethereumstratum-1"}
DIALOGUES = [load(name) for name in names(CARRIED)]
SPOKEN = [one for one in DIALOGUES
          if one.expected["dialect"] in DIALECTS and one.expected.get("framing") == "json-line"
          and not one.name.startswith(("socks5", "proxy", "http"))]


class Speller:
    """Writes messages down in one of many ways; one way of numbering for both sides of a dialogue."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        shift = chance.choice((0, 1, 100, 10**12))
        self.identity = chance.choice((
            lambda one: one + shift, str, lambda one: f"id-{one}", lambda one: float(one), lambda one: -one - 1))
        self.end = chance.choice(("\n", "\r\n", "\r", "\n\n", "\0", "\n\0", ""))
        self.shuffled, self.escaped = chance.random() < 0.7, chance.random() < 0.3
        self.between, self.behind = chance.choice(((",", ":"), (", ", ": "), (" ,\t", " :  "), (",\t", ":")))

    def line(self, body: dict) -> str:
        chance = self.chance
        members = [(key, value) for key, value in body.items() if key != "id"]
        if self.shuffled:
            chance.shuffle(members)
        if "id" in body:
            identity = body["id"]
            if isinstance(identity, int):
                identity = self.identity(identity)
            elif isinstance(identity, str) and identity.isdigit():  # a number, sent back as a text
                identity = str(self.identity(int(identity))).removesuffix(".0")
            members.insert(chance.randrange(len(members) + 1) if self.shuffled else 0, ("id", identity))
        if chance.random() < 0.2:
            members.insert(0, ("method" if "method" in body else "result", "what is said twice counts at its end"))
        text = "{" + self.between.join(self._member(key, value) for key, value in members) + "}"
        return chance.choice(("", "", "", " ", "\t", "\ufeff")) + text + self.end

    def _member(self, key: str, value: object) -> str:
        return json.dumps(key) + self.behind + self._value(value)

    def _value(self, value: object) -> str:
        if isinstance(value, dict):
            return "{" + self.between.join(self._member(key, one) for key, one in value.items()) + "}"
        if isinstance(value, list):
            return "[" + self.between.join(map(self._value, value)) + "]"
        if isinstance(value, str) and self.escaped:
            return '"' + "".join(self._escaped(letter) for letter in value) + '"'
        return json.dumps(value, ensure_ascii=self.escaped)

    def _escaped(self, letter: str) -> str:
        return f"\\u{ord(letter):04x}" if self.chance.random() < 0.2 else json.dumps(letter)[1:-1]


def respelled(conversation: Conversation, chance: random.Random) -> Conversation:
    """The same messages, spelt anew and cut into other pieces."""
    speller, lines = Speller(chance), []
    for line in conversation.lines:
        bodies = [body for part in line.data.split(b"\n") for body in read_objects(part)]
        data = "".join(map(speller.line, bodies)).encode()
        cuts = sorted({0, len(data), *(chance.randrange(len(data) + 1) for _ in range(chance.choice((0, 0, 1, 5))))})
        lines += [replace(line, data=data[start:end]) for start, end in pairwise(cuts)]
    return replace(conversation, lines=tuple(lines))


@pytest.mark.parametrize("conversation", SPOKEN, ids=lambda one: one.name)
@given(seed=st.integers(0, 2**32), delivery=st.sampled_from(("whole", "segments", "duplicated")))
@settings(max_examples=12, deadline=None)
def test_same_reading_however_it_is_spelt(conversation, seed, delivery):
    again = respelled(conversation, random.Random(seed))
    assert mistakes(scan(again, delivery), conversation.expected) == []


def test_there_are_dialogues_to_spell():
    assert {one.expected["dialect"] for one in SPOKEN} == DIALECTS
    assert len(SPOKEN) > 35
