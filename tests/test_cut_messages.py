"""Messages whose end was not captured: their whole members are read, and nothing that was not there."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.cut_messages import begun_object
from netminer_detect.findings import Level
from tests.conversations import CARRIED, default_path, frames, load, names
from tests.dialogue import scan_capture
from tests.expectations import mining
from tests.test_cut_dialogues import wrongly_told

MESSAGE = {"id": 4, "method": "mining.submit", "params": ["a.b", {"x": [1, 22]}, "q\"\\,{"], "more": None, "last": 12}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=12)


def is_part(part, whole) -> bool:
    """Whether all that a value says, another says too."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and is_part(one, whole[key]) for key, one in part.items())
    return part == whole


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=6), st.data())
def test_says_nothing_that_was_not_said(message, data):
    text = json.dumps(message).encode()
    found = begun_object(text[: data.draw(st.integers(0, len(text)))])
    assert found is None or is_part(found, message)


def test_grows_with_what_was_captured():
    text = json.dumps(MESSAGE).encode()
    found = [begun_object(text[:end]) or {} for end in range(len(text) + 1)]
    assert [len(one) for one in found] == sorted(len(one) for one in found)
    assert found[-1] == MESSAGE
    assert begun_object(b'{"id": 4, "method": "login", "params": ["a", ["b"], "bc1q') == {"id": 4, "method": "login"}
    assert begun_object(b'{"id":4,"result":tru') == {"id": 4}
    assert begun_object(b'{"id":4,"result":{"status":"O') == {"id": 4}


@given(st.binary(max_size=60))
def test_garbage(line):
    begun_object(line)
    begun_object(b'{"a":' + line)


def test_cost_is_bounded():
    for hostile in (b"{" * 100_000, b"[" * 100_000, b'{"a":"' + b"\\" * 100_000, b'{"a":1,' * 50_000):
        begun_object(hostile)


def snapped(conversation, length):
    """A capture whose frames were cut."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, length, 1)]
    for time_ns, data in frames(conversation, "whole", default_path(conversation)):
        stamp = time_ns // 10**9, time_ns % 10**9 // 1000
        out.append(struct.pack("<IIII", *stamp, min(len(data), length), len(data)) + data[:length])
    return b"".join(out)


@pytest.mark.parametrize("length", [96, 128, 200, 256, 400])
def test_snap_lengths_lose_facts_and_make_none(length):
    for name in names(CARRIED):
        conversation = load(name)
        if conversation.expected.get("mining", True) and conversation.expected.get("role") != "management":
            assert wrongly_told(conversation, scan_capture(snapped(conversation, length))) == [], name


def test_shares_within_a_snap_length_of_128():
    conversation = load("stratum_v1_bitaxe")
    (finding,) = mining(scan_capture(snapped(conversation, 128)))
    assert (finding.level, finding.shares.accepted) == (Level.SHARES, 2)
