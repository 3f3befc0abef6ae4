"""Stratum V2 in the clear: channels of both kinds, batches, streams begun before, gaps and damage."""

from __future__ import annotations

import random
import struct
from fractions import Fraction

import pytest

from netminer_detect.dialects.binary import Start
from netminer_detect.dialects.payload import Payload
from netminer_detect.dialects.stratum_v2 import StratumV2
from netminer_detect.dialects.sv2_messages import TYPES, begins_frame, frame_size
from netminer_detect.observations import (
    CoinHinted,
    DialectRecognised,
    HandshakeAnswered,
    JobAssigned,
    RateClaimed,
    ShareAnswered,
    ShareSubmitted,
    WorkerLogin,
)
from tests.delivery import C, S, damaged, play


def message(kind, payload):
    return struct.pack("<HB", 0x8000 if TYPES[kind][1] else 0, kind) + len(payload).to_bytes(3, "little") + payload


def text(value):
    return bytes((len(value),)) + value.encode()


def u256(value):
    return value.to_bytes(32, "little")


TARGET = 2**224 - 1
SETUP = message(0, b"\0\2\0\2\0" + bytes(4) + text("pool.example") + b"\xce\x85" + text("bitaxe") + text("BM1370")
                + text("v2") + text(""))
SET_UP = message(1, b"\2\0" + bytes(4))
OPEN = message(0x13, struct.pack("<I", 7) + text("acct.rig") + struct.pack("<f", 2.0**41) + u256(2**256 - 1) + b"\4\0")
OPENED = message(0x14, struct.pack("<II", 7, 3) + u256(TARGET) + b"\4\0" + text("ab"))
JOB = message(0x1F, struct.pack("<III", 3, 11, 0) + bytes(40))
PREVIOUS = message(0x20, struct.pack("<II", 3, 11) + bytes(32) + struct.pack("<II", 1_790_000_000, 0x17021369))


def share(sequence, job=11, channel=3):
    return message(0x1B, struct.pack("<IIIIII", channel, sequence, job, 1, 2, 3) + text("wxyz"))


def accepted(last, count, total, channel=3):
    return message(0x1C, struct.pack("<IIIQ", channel, last, count, total))


def rejected(sequence, why="stale-share", channel=3):
    return message(0x1D, struct.pack("<II", channel, sequence) + text(why))


def of(kind, said):
    return [one for one in said if isinstance(one, kind)]


@pytest.mark.parametrize("step", [0, 1, 7])
@pytest.mark.parametrize("swap", [False, True])
def test_extended_channel(step, swap):
    turns = [(C, SETUP), (S, SET_UP), (C, OPEN), (S, OPENED + JOB + PREVIOUS), (C, share(0) + share(1) + share(2)),
             (S, rejected(1) + accepted(2, 2, 9))]
    said = play(StratumV2(), [(side.other if swap else side, data) for side, data in turns], step=step)
    assert [(one.dialect, one.swapped) for one in of(DialectRecognised, said)] == [("stratum-v2", swap)]
    (login,) = of(WorkerLogin, said)
    assert (login.user, login.worker, login.agent) == ("acct", "rig", "bitaxe/BM1370/v2")
    assert [one.rate for one in of(RateClaimed, said)] == [Fraction(2**41)]
    assert [(one.job, one.hashes) for one in of(JobAssigned, said)] == [("3/11", Fraction(2**32))]
    assert [one.coin for one in of(CoinHinted, said)] == ["BTC"]
    assert [one.login for one in of(ShareSubmitted, said)] == ["acct.rig"] * 3
    assert [(one.key, one.accepted, one.reason, one.hashes) for one in of(ShareAnswered, said)] == [
        (2, False, "stale-share", None), (1, True, None, Fraction(9 * 2**31)), (3, True, None, Fraction(9 * 2**31))]


def test_a_new_target_counts_at_once():
    target = message(0x21, struct.pack("<I", 3) + u256(2**216 - 1))
    said = play(StratumV2(), [(C, OPEN), (S, OPENED + JOB), (C, share(0)), (S, target), (C, share(1))])
    assert [one.hashes for one in of(ShareSubmitted, said)] == [Fraction(2**32), Fraction(2**40)]


def test_refusals():
    said = play(StratumV2(), [(C, SETUP), (S, message(2, bytes(4) + text("unsupported-protocol")))])
    assert [(one.accepted, one.reason) for one in of(HandshakeAnswered, said)] == [(False, "unsupported-protocol")]
    said = play(StratumV2(), [(C, OPEN), (S, message(0x12, struct.pack("<I", 7) + text("unknown-user")))])
    assert [(one.accepted, one.reason) for one in of(HandshakeAnswered, said)] == [(False, "unknown-user")]


@pytest.mark.parametrize("first", [share(4), accepted(3, 1, 5), PREVIOUS])
def test_from_the_middle(first):
    side = C if first == share(4) else S
    said = play(Payload(), [(side, first), (C, share(5)), (S, accepted(5, 1, 8))])
    assert [one.dialect for one in of(DialectRecognised, said)] == ["stratum-v2"]
    assert of(ShareSubmitted, said)[-1].hashes is None
    assert of(ShareAnswered, said)[-1].hashes == Fraction(8 * 2**32)


def test_gap_forgets_the_target_and_finds_the_next_frame():
    said = play(StratumV2(), [(C, OPEN), (S, OPENED), (S, 30), (S, JOB), (C, share(0)[:9]), (C, 4), (C, share(0)[13:]),
                              (C, share(1))])
    assert [one.hashes for one in of(JobAssigned, said)] == [None]
    assert len(of(ShareSubmitted, said)) == 1


@pytest.mark.parametrize("head", [
    b"\0\0\0\x40\0\0\1\2\0\2\0",  # job declaration
    b"\0\0\0\x40\0\0\0\1\0\1\0",  # other versions
    b"\0\0\0\x54\xfeSMB\x40\0\0\0", b"\0\0\0\x08\x04\xd2\x16\x2f", b"\0\x1d\0\x07\x01\0\0\x01\0\0\0\0",
    # DNS of 128 bytes behind its length, its id and flags where type and length would be.
    b"\0\x80\x1f\x12\1\0\0\1" + bytes(122), b"\0\x80\x1b\x60\0\0\0\1" + bytes(122),
    b"\x00\x80\x1a\x19\0\0" + bytes(30), b"\x00\x80\x60\x18\0\0" + bytes(30), b'{"id":1}', b"GET / HTTP/1.1\r\n",
])  # fmt: skip
def test_others_are_none(head):
    assert begins_frame(head) is False
    start = Start()
    start.take(C, head)
    assert StratumV2.begins(start) is False


def test_heads_stay_open_while_they_may_be():
    for frame in (SETUP, SET_UP, share(0)[:0] + message(0x1A, bytes(24)), PREVIOUS):
        assert begins_frame(frame) is True
        for cut in range(1, 6):
            assert begins_frame(frame[:cut]) is None and frame_size(frame[:cut]) is None


def test_damage_never_raises():
    turns = [(C, SETUP), (S, SET_UP), (C, OPEN), (S, OPENED + JOB + PREVIOUS), (C, share(0) + share(1)),
             (S, rejected(1) + accepted(1, 1, 9))]
    for seed in range(400):
        rng = random.Random(seed)
        said = play(StratumV2(), damaged(turns, rng), seed=seed)
        assert len(of(ShareAnswered, said)) <= len(of(ShareSubmitted, said))
