"""Binary dialects: what they are told by, what only looks like them, gaps, damage, streams from the middle."""

from __future__ import annotations

import random
import struct
from fractions import Fraction

import pytest

from netminer_detect.dialects.binary import MAX_HEAD, Frames, Start
from netminer_detect.dialects.datum import hello_size
from netminer_detect.dialects.duino_coin import DuinoCoin
from netminer_detect.dialects.lines import Lines
from netminer_detect.dialects.payload import MAX_OPEN, Payload
from netminer_detect.dialects.registry import binary
from netminer_detect.dialects.stratum_v2_noise import shares_in
from netminer_detect.observations import (
    DialectRecognised,
    HandshakeAnswered,
    JobAssigned,
    NetworkJoined,
    ShapeSeen,
    ShareAnswered,
    ShareSubmitted,
    WorkerLogin,
)
from tests.conversations import load, names
from tests.delivery import C, S, damaged, play

RANDOM = random.Random(5)


def noise(size, seed=0):
    return random.Random(seed * 10_000 + size).randbytes(size)


def of(kind, said):
    return [one for one in said if isinstance(one, kind)]


def dialects_of(turns, **how):
    return [one.dialect for one in of(DialectRecognised, play(Payload(), turns, **how))]


# Encrypted Stratum V2

OPENING = [(C, noise(64)), (S, noise(234)), (C, noise(85)), (S, noise(44)), (C, noise(126)), (S, noise(260))]


@pytest.mark.parametrize("step", [0, 1, 40])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("act_2", [234, 170])
def test_lengths_of_encrypted_stratum_v2(step, swap, act_2):
    turns = [OPENING[0], (S, noise(act_2)), *OPENING[2:], (C, noise(62)), (S, noise(58)), (C, noise(124)),
             (S, noise(58)), (C, noise(78)), (S, noise(74)), (C, noise(67)), (S, noise(60))]
    said = play(Payload(), [(side.other if swap else side, data) for side, data in turns], step=step)
    assert [(one.dialect, one.swapped) for one in of(DialectRecognised, said)] == [("stratum-v2-noise", swap)]
    assert len(of(ShapeSeen, said)) == 1
    assert len(of(ShareSubmitted, said)) == 1 + 2 + 1
    assert not of(ShareAnswered, said)


@pytest.mark.parametrize(("turn", "size"), [
    (0, 63), (0, 65), (1, 233), (1, 235), (1, 171), (2, 53), (3, 43), (3, 45), (3, 58), (4, 78), (5, 82),
])
def test_one_wrong_length_is_another_protocol(turn, size):
    turns = list(OPENING)
    turns[turn] = (turns[turn][0], noise(size))
    for step in (0, 1):
        assert dialects_of([*turns, (C, noise(62)), (S, noise(58))], step=step) == []


def test_text_and_patterns_are_no_keys():
    for key in (b"x" * 64, b"The quick brown fox jumps over the lazy dog, and then it sleeps.", bytes(range(32)) * 2):
        assert dialects_of([(C, key), *OPENING[1:], (C, noise(62))]) == []


def test_a_gap_ends_the_counting():
    for at in range(1, 7):
        turns = [*OPENING[:at], (OPENING[at - 1][0], 20), *OPENING[at:], (C, noise(62)), (S, noise(58))]
        assert not of(ShareSubmitted, play(Payload(), turns))


def test_bip324_and_others_are_none():
    for client, server in ((64, 64), (64, 3000), (100, 90), (64, 80), (50, 50), (32, 96)):
        assert dialects_of([(C, noise(client)), (S, noise(server)), *OPENING[2:]]) == []


def test_shares_by_length():
    assert [shares_in(size) for size in (58, 62, 63, 64, 78, 95, 96, 124, 62 * 1000)] == [0, 1, 0, 1, 0, 1, 0, 2, 0]


# Pools without an operator

HELLO = b"\0" + noise(16) + b"\1" + noise(40) + b"\2" + struct.pack("<i", 37889) + b"\3" + bytes(32)


@pytest.mark.parametrize("step", [0, 1, 17])
def test_p2pool_of_monero_needs_both_sides(step):
    said = play(Payload(), [(C, HELLO), (S, HELLO)], step=step)
    assert [one.dialect for one in of(DialectRecognised, said)] == ["p2pool-xmr"]
    assert {one.evidence.side for one in of(NetworkJoined, said)} == {C, S}
    assert dialects_of([(C, HELLO)], step=step) == []
    for at, byte in ((0, 1), (17, 2), (58, 0), (61, 9), (63, 2), (70, 1)):
        broken = HELLO[:at] + bytes((byte,)) + HELLO[at + 1 :]
        assert dialects_of([(C, HELLO), (S, broken)], step=step) == []
        assert dialects_of([(S, broken), (C, HELLO)], step=step) == []


def test_p2pool_of_bitcoin():
    lines = load("p2pool_btc_p2p").lines
    turns = [(C if line.by_client else S, line.data) for line in lines]
    for step in (0, 1, 30):
        said = play(Payload(), turns, step=step)
        assert [one.agent for one in of(NetworkJoined, said)] == ["16.0.1-1", None]
    # Litecoin's node has the same port and another prefix.
    litecoin = [(side, b"\xfb\xc0\xb6\xdb" + data[8:]) for side, data in turns]
    assert dialects_of(litecoin) == []
    assert dialects_of([(C, turns[0][1][:8] + b"verzion" + turns[0][1][15:])]) == []


# DATUM

def hello(size, command=0x0B):
    header = (size | command << 24) ^ 0xDC871829
    return struct.pack("<I", header) + noise(size)


@pytest.mark.parametrize("step", [0, 1, 100])
def test_datum(step):
    said = play(Payload(), [(C, hello(412)), (S, noise(300)), (C, noise(80))], step=step)
    assert [one.dialect for one in of(DialectRecognised, said)] == ["datum"]
    assert [one.accepted for one in of(HandshakeAnswered, said)] == [True]
    said = play(Payload(), [(C, hello(412))], step=step)
    assert [one.dialect for one in of(DialectRecognised, said)] == ["datum"]
    assert not of(HandshakeAnswered, said)


def test_datum_must_be_as_long_as_it_says():
    for change in (-1, 1, 50):
        sent = hello(412)[: 416 + change] + noise(max(0, change))
        assert dialects_of([(C, sent), (S, noise(300)), (C, noise(80))]) == []
    for size, command in ((100, 0x0B), (5000, 0x0B), (412, 0x0A), (412, 0x0F), (412, 0x4B)):
        assert hello_size(hello(size, command)[:4]) is None


# Alephium's node

def test_alephium_from_the_middle_and_with_gaps():
    turns = [(C if line.by_client else S, line.data) for line in load("alephium_node_binary").lines]
    jobs, block, result = (data for _, data in turns)
    said = play(Payload(), [(C, block), (S, result)])
    assert len(of(ShareSubmitted, said)) == 1 and [one.accepted for one in of(ShareAnswered, said)] == [True]
    said = play(Payload(), [(S, jobs), (S, 50), (S, result), (S, jobs), (C, block), (S, result[:-1] + b"\0")])
    assert len(of(JobAssigned, said)) == 2
    assert [one.accepted for one in of(ShareAnswered, said)] == [False]
    old = [struct.pack(">I", len(data) - 5) + data[5:] for data in (jobs, block, result)]
    said = play(Payload(), [(S, old[0]), (C, old[1]), (S, old[2])], step=5)
    assert [one.dialect for one in of(DialectRecognised, said)] == ["alephium-node"]
    assert [one.accepted for one in of(ShareAnswered, said)] == [True]


# Duino-Coin

JOB = b"%s,%s,%d\n" % (b"a1" * 20, b"b2" * 20, 6)


def test_duino_coin_in_its_ways():
    said = play(Payload(), [(S, b"4.3\n"), (C, b"JOB,user,AVR,key,21@40"), (S, JOB),
                            (C, b"57,180.2,Official AVR Miner 4.3,None,DUCOID0102,77\n"), (S, b"BLOCK\n")], step=1)
    assert [one.hashes for one in of(ShareSubmitted, said)] == [Fraction(58)]
    assert [one.accepted for one in of(ShareAnswered, said)] == [True]
    said = play(Payload(), [(S, b"2.9"), (C, b"JOB,nobody,LOW"), (S, b"BAD,User doesn't exist\n")])
    assert [(one.accepted, one.reason) for one in of(HandshakeAnswered, said)] == [(False, "User doesn't exist")]
    # Begun in the middle, the server first; and without the server.
    said = play(Payload(), [(S, JOB), (C, b"57,180.2,miner,rig"), (S, b"GOOD")])
    assert len(of(ShareAnswered, said)) == 1
    said = play(Payload(), [(C, b"MOTD"), (C, b"JOB,user,LOW"), (C, b"57,180.2,miner,rig"), (C, b"JOB,user,LOW")])
    assert len(of(ShareSubmitted, said)) == 1


def test_duino_coin_keys_are_not_shown():
    said = play(Payload(), [(S, b"3.0"), (C, b"JOB,user,LOW,hunter2"), (S, JOB)])
    assert not [one for one in said if "hunter2" in str(one.evidence.excerpt)]


@pytest.mark.parametrize("texts", [
    [(S, b"220 mail.example.org ESMTP\r\n"), (C, b"EHLO x\r\n")], [(S, b"1.2.3.4 welcome\n"), (C, b"JOBS\n")],
    [(C, b"JOB queue status\n"), (S, b"3,2,1\n")], [(C, b"JOB,"), (S, b"what?\n")], [(S, b"3.0\n"), (C, b"HELP\n")],
    [(S, JOB * 3), (C, b"thanks\n")], [(S, JOB), (S, b"GOOD\n"), (S, JOB)], [(C, b"JOB,42,START\n"), (S, b"ok\n")],
    [(C, b"MOTD\n"), (S, b"hello\n")], [(S, b"a1,b2,3\n")],
])
def test_other_text_is_none(texts):
    for step in (0, 1):
        assert dialects_of(texts, step=step) == []


# All of them

OTHERS = [
    b"\0\0\0\x54\xfeSMB\x40\0\0\0" + bytes(70), b"\0\0\0\x08\x04\xd2\x16\x2f",
    b"\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0", b"\0\x1d\0\7\1\0\0\1\0\0\0\0\0\0\1a\7example\0\0\1\0\1",
    b"SSH-2.0-OpenSSH_9.2\r\n", b"\x10\x16\0\4MQTT\4\2\0\x3c\0\x0ax", b"\x16\3\1\2\0\1\0\1\xfc\3\3" + noise(300),
    b"\x13/multistream/1.0.0\n", b"\x00" + noise(49), b"\x05\0\x0b\3\x10" + bytes(67), bytes(64), bytes(96),
    b"\0" * 17 + b"\1" + b"\0" * 78, b'{"jsonrpc":"2.0"}\n', b"GET / HTTP/1.1\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_other_protocols_are_none(number):
    for answer in (OTHERS[number], noise(90), b"ok\r\n", b""):
        turns = [(C, OTHERS[number]), *([(S, answer)] if answer else []), (C, noise(70)), (S, noise(50))]
        assert dialects_of(turns) == []
        assert dialects_of(turns, step=1) == []


def test_what_stays_open_is_bounded():
    payload = Payload()
    play(payload, [(S, b"3.0 " + b"x" * (MAX_OPEN + 10))], 10, close=False)
    assert isinstance(payload._reader, Lines)
    start = Start()
    for _ in range(1000):
        start.take(C, bytes(100))
        start.take(S, bytes(100))
    assert len(start.heads[C]) == MAX_HEAD and len(start.turns) <= 8


BINARY = [name for name in names() if load(name).expected["dialect"] in {kind.NAME for kind in binary()}]


@pytest.mark.parametrize("name", BINARY)
def test_damage_never_raises(name):
    turns = [(C if line.by_client else S, line.data) for line in load(name).lines]
    for seed in range(150):
        rng = random.Random(seed)
        said = play(Payload(), damaged(turns, rng), seed=seed)
        assert len(of(ShareAnswered, said)) <= len(of(ShareSubmitted, said))
        kind = next(kind for kind in binary() if load(name).expected["dialect"] == kind.NAME)
        play(kind(), damaged(turns, rng), seed=seed)


def test_frames_are_cut_within_bounds():
    def size_of(head):
        return None if len(head) < 2 else (0 if head[0] != 7 else 2 + head[1] * 100)

    frame = lambda size: b"\7" + bytes((size,)) + bytes(size * 100)  # noqa: E731
    for step in (1, 7, 4000):
        frames, found = Frames(size_of, limit=500), []
        data = frame(1) + frame(9) + frame(2) + b"x" + frame(3)
        for at in range(0, len(data), step):
            found += frames.feed(data[at : at + step])
        assert found == [frame(1), frame(2)] and frames.lost
    assert frames.feed(frame(4)) == [frame(4)]
    frames = Frames(size_of)
    frames.feed(frame(3)[:50])
    frames.gap(100)
    assert frames.feed(bytes(152) + frame(1)) == [frame(1)]
    frames.feed(frame(3)[:50])
    frames.gap(1000)
    assert frames.lost


def test_duino_coin_alone_is_fed_hostile_text():
    rng = random.Random(3)
    words = (JOB, b"JOB,u,LOW,", b"5,1,", b"\n", b"GOOD", noise(30))
    for seed in range(200):
        play(DuinoCoin(), [(rng.choice((C, S)), rng.choice(words)) for _ in range(30)], seed=seed)


def test_a_rig_that_a_lost_packet_cut_is_not_told():
    said = play(Payload(), [(C, b"JOB,user,LOW,None"), (S, JOB), (C, b"57,180.2,Official PC Miner 4.3,rig-"),
                            (S, b"GOOD")])
    assert {(one.worker, one.agent) for one in of(WorkerLogin, said)} == {(None, None), (None, "Official PC Miner 4.3")}
    assert [one.accepted for one in of(ShareAnswered, said)] == [True]
