"""HTTP/2 in the clear: gRPC's messages whatever the cut, and solo mining against Kaspa's node."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.http2 import MAX_MESSAGE, PREFACE, Http2, begins_http2
from netminer_detect.dialects.kaspad_grpc import KaspadGrpc
from netminer_detect.dialects.over_http2 import read_http2
from netminer_detect.dialects.protobuf import fields
from netminer_detect.findings import Level, Role
from tests.conversations import DELIVERIES, OTHER_DELIVERIES
from tests.delivery import MARK, C, S, damaged, play
from tests.dialogue import M, P, found, hexes, scan, talk

WALLET = "kaspa:qqx06jffc8gs83q8j3pvd0u0nr6q6zrzgd4a4mmhlnee5h0n9rjvuq7qgqffn"
SETTINGS = bytes.fromhex("000006040000000000000500004000")
ACK = bytes.fromhex("000000040100000000")
WINDOW = bytes.fromhex("0000040800000000000000ffff")
HEADERS = bytes.fromhex("00000501040000000183868441aa")
PING = bytes.fromhex("0000080600000000000102030405060708")


def varint(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def grpc(message, compressed=0):
    return bytes([compressed]) + len(message).to_bytes(4, "big") + message


def data(payload, stream=1, flags=0):
    return len(payload).to_bytes(3, "big") + bytes([0, flags]) + stream.to_bytes(4, "big") + payload


def call(number, *parts):
    return data(grpc(field(number, b"".join(parts))))


BLOCK = field(1, field(2, hexes("parent", 64).encode()) + field(3, hexes("root", 64).encode()))
ASK = call(1005, field(1, WALLET.encode()), field(2, b"kaspa-miner/0.2"))
GIVEN, NEXT = (call(1006, field(3, BLOCK + field(2, label)), field(2, 1)) for label in (b"a" * 40, b"b" * 40))
SUBMIT = call(1003, field(2, BLOCK))
YES, NO = call(1004), call(1004, field(1, 1), field(1000, field(1, b"block is invalid")))
SYNCING = call(1006, field(1000, field(1, b"node is not synced")))


class Kept:
    """Takes messages."""

    def __init__(self):
        self.messages, self.done = [], False

    def message(self, side, message, mark):
        self.messages.append((side, message))
        return []

    def gap(self, side):
        return []


def read(turns, **delivery):
    kept = Kept()
    play(Http2(kept), turns, **delivery)
    return kept.messages


@pytest.mark.parametrize("delivery", [{"step": 0}, {"step": 1}, {"step": 7}, {"seed": 3}])
def test_messages_whatever_the_cut(delivery):
    long = grpc(b"x" * 40_000)
    sent = PREFACE + SETTINGS + WINDOW + HEADERS + data(grpc(b"one") + grpc(b"two")) + PING
    sent += data(long[:16_384]) + data(grpc(b"other"), stream=3) + data(long[16_384:32_768]) + data(long[32_768:])
    sent += data(b"\x03" + grpc(b"padded") + b"\0\0\0", flags=8) + data(grpc(b"zipped", compressed=1)) + data(grpc(b""))
    assert read([(C, sent), (S, SETTINGS + ACK + data(grpc(b"back")))], **delivery) == [
        (C, b"one"), (C, b"two"), (C, b"other"), (C, b"x" * 40_000), (C, b"padded"), (C, b""), (S, b"back")]


def test_behind_a_gap():
    """What was cut is lost; a segment that begins with a whole frame is read again, and no other."""
    turns = [(C, PREFACE + SETTINGS + data(grpc(b"a" * 90))[:50]), (C, 40), (C, b"x" * 30 + data(grpc(b"inside"))),
             (C, data(grpc(b"again")) + data(grpc(b"and"))), (C, 5), (C, PING + data(grpc(b"more")))]
    assert [message for _, message in read(turns)] == [b"again", b"and", b"more"]


def test_long_messages_are_passed_over():
    size = MAX_MESSAGE + 100_000
    frames = [data(grpc(b"y" * size)[at : at + 16_384]) for at in range(0, size + 5, 16_384)]
    assert read([(C, PREFACE), *((C, frame) for frame in frames), (C, data(grpc(b"next")))]) == [(C, b"next")]


def test_memory_is_bounded():
    reader = Http2(Kept())
    for number in range(4000):
        reader.data(C, (b"" if number else PREFACE) + data(grpc(b"z" * 60_000)[:16_000], stream=2 * number + 1), MARK)
    held = [len(stream.held) for stream in reader._directions[C].streams.values()]
    assert len(held) <= 64 and sum(held) <= MAX_MESSAGE


@pytest.mark.parametrize(("head", "begins"), [
    (b"PRI", None), (PREFACE, True), (b"PRINT", False), (b"POST", False), (SETTINGS, True), (SETTINGS[:4], None),
    (bytes.fromhex("000000040000000000"), True), (bytes.fromhex("000005040000000000"), False), (bytes(9), False),
    (bytes.fromhex("000000390000000200"), False), (bytes.fromhex("000006040100000000"), False),
])
def test_begins(head, begins):
    assert begins_http2(head) is begins


@given(st.lists(st.tuples(st.sampled_from([C, S]), st.binary(max_size=80)), max_size=20))
def test_garbage(turns):
    play(Http2(KaspadGrpc()), [(side, PREFACE + sent) for side, sent in turns] + turns)
    for _, sent in turns:
        assert fields(sent) is None or isinstance(fields(sent), dict)


def test_damage_never_raises():
    for seed in range(200):
        rng = random.Random(seed)
        turns = [(C, PREFACE + SETTINGS + ASK), (S, SETTINGS + GIVEN), (C, SUBMIT), (S, YES), (C, SUBMIT), (S, NO)]
        play(read_http2(), damaged(turns, rng), seed=seed)


# Kaspa's node


def solo(*turns):
    return talk(M, PREFACE + SETTINGS + WINDOW, P, SETTINGS + ACK, M, HEADERS, *turns, port=16110)


MINES = solo(M, ASK, P, SYNCING, M, ASK, P, GIVEN, M, ASK, P, GIVEN, M, SUBMIT, P, PING + YES, M, ASK, P, NEXT,
             M, SUBMIT, P, NO)


@pytest.mark.parametrize("delivery", ["whole", "bytes", "segments", "reordered", "swapped-halves", "duplicated"])
def test_solo_mining(delivery):
    (finding,) = found(MINES, delivery)
    assert (finding.role, finding.level, finding.dialect) == (Role.MINER, Level.SHARES, "kaspad-grpc")
    assert (finding.carriers, finding.coin, finding.algorithms) == (["tcp", "http2"], "KAS", ["kheavyhash"])
    assert [(one.user, one.worker, one.agent) for one in finding.workers] == [(WALLET, None, "kaspa-miner/0.2")]
    assert (finding.shares.accepted, finding.shares.rejected, finding.jobs.sent, finding.work) == (1, 1, 2, [])


@pytest.mark.parametrize("delivery", [one for one in DELIVERIES + OTHER_DELIVERIES if one not in ("whole", "bytes")])
def test_damaged_solo_mining(delivery):
    for finding in found(MINES, delivery):
        assert finding.shares.accepted <= 1 and finding.shares.rejected <= 1
        assert {one.user for one in finding.workers} <= {WALLET, None}


def test_what_says_nothing_is_given_up():
    reader = read_http2()
    reader.data(C, PREFACE + call(1035) * 100, MARK)
    assert reader.done


def test_the_server_may_speak_first():
    (finding,) = found(talk(P, SETTINGS, M, PREFACE + SETTINGS + ASK, P, GIVEN, port=16110))
    assert (finding.level, finding.source_ip) == (Level.SESSION, "10.3.0.17")


def test_forks_are_told_by_the_wallet():
    ask = call(1005, field(1, WALLET.replace("kaspa:", "karlsen:").encode()))
    (finding,) = found(solo(M, ask, P, GIVEN))
    assert (finding.coin, finding.algorithms, finding.workers[0].agent) == ("KLS", ["karlsenhash"], None)


@pytest.mark.parametrize("turns", [
    # A wallet and an explorer: balances, blocks, the state of the chain, blocks announced, a transaction.
    (M, call(1077, field(1, WALLET.encode())), P, call(1078, field(1, 5))),
    (M, call(1025, field(1, hexes("b", 64).encode())), P, call(1026, field(3, BLOCK))),
    (M, call(1035), P, call(1036, field(1, b"kaspa-mainnet"))), (M, call(1007), P, call(1008), P, call(1009, BLOCK)),
    (M, call(1020, field(1, BLOCK)), P, call(1021)),
    # Other services: the same numbers by chance, texts that look like a wallet's.
    (M, call(1005, field(1, b"user:anna")), P, call(1006, field(3, b"x"))),
    (M, call(1003, field(2, b"short")), P, call(1004)), (M, data(grpc(field(1, WALLET.encode()))), P, data(grpc(b""))),
    (M, data(grpc(b"\xff" * 30)), P, data(b"")),
])
def test_other_calls_are_no_mining(turns):
    for delivery in ("whole", "bytes", "reordered"):
        assert [one for one in scan(solo(*turns), delivery).findings if one.dialect or one.role is Role.MINER] == []
