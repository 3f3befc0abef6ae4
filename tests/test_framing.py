"""What stands between the lines of a mining socket: frames, gzip members, and the lines themselves."""

from __future__ import annotations

import gzip
import random
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.dialects.agent_frames import HEADER, frame_size, read_frame
from netminer_detect.dialects.framing import Framing, bodies

LINE = b'{"id":1,"method":"mining.submit"}'
# Its extranonce holds a LF, its nonce the first bytes of a gzip member.
SHARE = b"\x7f\x02" + struct.pack("<HBHII", 15, 2, 1, 0x0A0A0A0A, 0x00088B1F)
REGISTER = b"\x7f\x01" + struct.pack("<HH", 14, 7) + b"cg/1\x00r1\x00"
SET_DIFFICULTY = b"\x7f\x05" + struct.pack("<HBHHH", 11, 17, 2, 0, 1)


def pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def messages(parts):
    framing = Framing()
    found = [message for part in parts for message in framing.feed(part)]
    rest = framing.close()
    return found + ([rest] if rest else [])


def test_frames_stand_between_lines_however_they_are_cut():
    whole = LINE + b"\n" + REGISTER + SHARE + LINE + b"\r\n" + SET_DIFFICULTY + SHARE
    expected = [LINE, REGISTER, SHARE, LINE, SET_DIFFICULTY, SHARE]
    for size in (1, 2, 3, 7, 100):
        assert messages(pieces(whole, size)) == expected


def test_frames_are_objects():
    assert bodies(SHARE) == [{"method": "agent.submit_share", "params": {
        "job": 2, "session": 1, "extranonce2": 0x0A0A0A0A, "nonce": "00088b1f"}}]
    assert bodies(REGISTER) == [{"method": "agent.register_worker", "params": {
        "session": 7, "agent": "cg/1", "worker": "r1"}}]
    assert bodies(SET_DIFFICULTY) == [{"method": "agent.set_difficulty", "params": {
        "exponent": 17, "sessions": [0, 1]}}]
    with_time = b"\x7f\x13" + struct.pack("<HBHIIII", 23, 2, 1, 3, 4, 5, 6)
    assert bodies(with_time)[0]["params"] == {
        "job": 2, "session": 1, "extranonce2": 3, "nonce": "00000004", "time": "00000005", "version": "00000006"}


def test_unsound_frames_are_none():
    assert frame_size(b"\x7f\x02\x10\x00") is None
    assert frame_size(b"\x7f\x77") is None
    assert frame_size(b"\x7f") == frame_size(b"\x7f\x02\x0f") == HEADER
    assert read_frame(b"\x7f\x05" + struct.pack("<HBHH", 9, 200, 1, 0)) is None
    assert read_frame(b"\x7f\x05" + struct.pack("<HBHH", 9, 17, 9, 0)) is None
    assert read_frame(b"\x7f\x01" + struct.pack("<HH", 10, 7) + b"cg/1") is None
    # Bytes that only begin like a frame are a line.
    assert messages([b"\x7f\x02nonsense\n" + LINE + b"\n"]) == [b"\x7f\x02nonsense", LINE]


def test_gzip_members_are_inflated():
    for whole in (LINE + b"\n" + gzip.compress(LINE + b"\n") + gzip.compress(LINE),
                  LINE + b"\n" + gzip.compress(LINE + b"\n" + LINE) + LINE):
        assert [bodies(one)[0]["id"] for one in messages([whole])] == [1] * len(messages([whole]))
        for size in (1, 5, 64):
            assert messages(pieces(whole, size)) == messages([whole])
    assert len(messages([gzip.compress(LINE + b"\n" + LINE) + LINE])) == 3


def test_a_bomb_is_given_up():
    framing = Framing()
    assert list(framing.feed(gzip.compress(b" " * 50_000_000))) == []
    assert list(framing.feed(LINE + b"\n" + LINE + b"\n")) == [LINE, LINE]


def test_members_share_one_bound():
    """Each small, all together a bomb."""
    framing = Framing()
    member = gzip.compress(LINE + b"\n" + b" " * 7000 + b"\n")
    given = sum(len(message) for message in framing.feed(member * 1000))
    assert 7000 < given <= 8192 + 32 * 1000 * len(member)
    assert list(framing.feed(LINE + b"\n" + LINE + b"\n")) == [LINE, LINE]


def test_after_a_gap_a_frame_or_a_line_is_found_again():
    framing = Framing()
    assert list(framing.feed(SHARE[:9])) == []
    framing.gap()
    assert list(framing.feed(SHARE + SHARE)) == [SHARE, SHARE]
    framing.gap()
    assert list(framing.feed(b'd":1}\n' + LINE + b"\n" + SHARE)) == [LINE, SHARE]
    framing.gap()
    assert list(framing.feed(gzip.compress(LINE))) == [LINE]


def test_xatum_lines_have_their_method_before_the_tilde():
    assert bodies(b'shake~{"addr":"xel:1"}\r') == [{"method": "shake~", "params": {"addr": "xel:1"}}]
    assert bodies(b'x{"a":1}') == [{"a": 1}]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([LINE + b"\n", SHARE, REGISTER, SET_DIFFICULTY, gzip.compress(LINE + b"\n")])),
       st.integers(0, 1 << 32))
def test_damage_raises_nothing_and_keeps_bounds(parts, seed):
    rng = random.Random(seed)
    data = bytearray(b"".join(parts))
    for _ in range(rng.randrange(4) if data else 0):
        data[rng.randrange(len(data))] = rng.randrange(256)
    framing = Framing()
    for part in pieces(bytes(data), rng.choice((1, 3, 50, 1448))):
        if rng.random() < 0.05:
            framing.gap()
        for message in framing.feed(part):
            assert all(isinstance(body, dict) for body in bodies(message))
    framing.close()
