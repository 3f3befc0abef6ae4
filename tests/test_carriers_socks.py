"""SOCKS and the PROXY protocol: what is peeled, what goes inside, in any cut."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.proxy_protocol import ProxyProtocol, begins_proxy_protocol
from netminer_detect.carriers.socks import MAX_HELD, Socks, begins_socks
from tests.delivery import MARK, C, Recorder, S, damaged, names, play

ASK, TELL = b'{"id":1,"method":"login"}\n', b'{"id":1,"result":true}\n'
NAMED = b"\x05\x01\x00\x03\x0cPool.Example\x0d\x05"
GRANTED = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x0d\x05"
POOL = ("socks", "pool.example", 3333)
DIALOGUES = {
    "5": ([(C, b"\x05\x01\x00"), (S, b"\x05\x00"), (C, NAMED), (S, GRANTED)], POOL),
    "5 sent ahead": ([(C, b"\x05\x01\x00" + NAMED), (S, b"\x05\x00" + GRANTED)], POOL),
    "5 password": (
        [(C, b"\x05\x02\x00\x02"), (S, b"\x05\x02"), (C, b"\x01\x01u\x02pw"), (S, b"\x01\x00"), (C, NAMED),
         (S, GRANTED)], POOL,
    ),
    "5 IPv4": (
        [(C, b"\x05\x01\x00"), (S, b"\x05\x00"), (C, b"\x05\x01\x00\x01\xc0\x00\x02\x07\x01\xbb"),
         (S, b"\x05\x00\x00\x03\x01a\x00\x00")], ("socks", "192.0.2.7", 443),
    ),
    "5 IPv6": (
        [(C, b"\x05\x01\x00"), (S, b"\x05\x00"), (C, b"\x05\x01\x00\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x07\x01\xbb"),
         (S, b"\x05\x00\x00\x04" + bytes(18))], ("socks", "2001:db8::7", 443),
    ),
    "4": ([(C, b"\x04\x01\x0d\x05\xc0\x00\x02\x07me\0"), (S, b"\x00\x5a" + bytes(6))], ("socks", "192.0.2.7", 3333)),
    "4a": ([(C, b"\x04\x01\x0d\x05\0\0\0\x01\0pool.example\0"), (S, b"\x00\x5a" + bytes(6))], POOL),
}  # fmt: skip


def reader_and_inner(kind=Socks):
    inner = Recorder()
    return kind(lambda: inner), inner


@pytest.mark.parametrize("kind", DIALOGUES)
@pytest.mark.parametrize("step", [0, 1, 3])
def test_dialogues(kind, step):
    turns, target = DIALOGUES[kind]
    reader, inner = reader_and_inner()
    assert names(play(reader, [*turns, (C, ASK), (S, TELL)], step)) == [target]
    assert inner.seen == {C: ASK, S: TELL}
    assert inner.closed


@pytest.mark.parametrize("kind", DIALOGUES)
def test_one_side_alone_and_sides_swapped(kind):
    turns, target = DIALOGUES[kind]
    reader, inner = reader_and_inner()
    client = [turn for turn in turns if turn[0] is C]
    assert names(play(reader, [*client, (C, ASK)], 1)) == [target]
    assert inner.seen[C] == ASK
    inner = Recorder()
    reader = Socks(lambda: inner, S)
    assert names(play(reader, [(side.other, data) for side, data in [*turns, (C, ASK), (S, TELL)]])) == [target]
    assert inner.seen == {S: ASK, C: TELL}


@pytest.mark.parametrize("turns", [
    [(C, b"\x05\x01\x00"), (S, b"\x05\xff")], [(C, b"\x05\x01\x01"), (S, b"\x05\x01")],
    [(C, b"\x05\x01\x00"), (S, b"\x05\x00"), (C, b"\x05\x03\x00\x01" + bytes(6))],
    [(C, b"\x05\x01\x00"), (S, b"\x05\x00"), (C, NAMED), (S, b"\x05\x05\x00\x01" + bytes(6))],
    [(C, b"\x04\x01\x0d\x05\xc0\x00\x02\x07\0"), (S, b"\x00\x5b" + bytes(6))], [(C, b"\x05\x01\x00"), (S, b"HTTP")],
    [(C, b"\x04\x01\x0d\x05\xc0\x00\x02\x07" + b"x" * 2 * MAX_HELD)],
])  # fmt: skip
def test_what_ends_it(turns):
    for step in (0, 1):
        reader, inner = reader_and_inner()
        play(reader, turns, step, close=False)
        assert reader.done
        assert reader.data(C, ASK, MARK) == []
        assert inner.seen[C] == b""


def test_lost_answer_is_taken_as_the_handshake():
    reader, inner = reader_and_inner()
    play(reader, [(C, b"\x05\x01\x00" + NAMED + ASK), (S, 12), (S, TELL)], 1)
    assert inner.seen == {C: ASK, S: TELL}


@pytest.mark.parametrize("kind", DIALOGUES)
def test_damage_reads_alike_in_any_cut(kind):
    rng = random.Random(kind)
    for seed in range(200):
        broken = damaged([*DIALOGUES[kind][0], (C, ASK), (S, TELL)], rng)
        seen = []
        for how in ({}, {"step": 1}, {"seed": seed}):
            reader, inner = reader_and_inner()
            seen.append((play(reader, broken, **how), inner.seen, inner.gaps))
        assert seen[0] == seen[1] == seen[2]


@given(st.lists(st.tuples(st.sampled_from([C, S]), st.binary(max_size=60)), max_size=6), st.sampled_from([4, 5, 80]))
def test_garbage(turns, first):
    for kind in (Socks, ProxyProtocol):
        whole, inner = reader_and_inner(kind)
        bitwise, other = reader_and_inner(kind)
        turns = [(C, bytes([first])), *turns]
        assert play(whole, turns) == play(bitwise, turns, 1)
        assert inner.seen == other.seen


@pytest.mark.parametrize(("head", "wanted"), [
    (b"\x05", None), (b"\x05\x01", None), (b"\x05\x01\x00", True), (b"\x05\x02\x00", None), (b"\x05\x02\x00\x02", True),
    (b"\x05\x00", False), (b"\x05\x01\x50", False), (b"\x05\x02\x00\x00", False), (b"\x04", None), (b"\x04\x02", False),
    (b"\x04\x01\x0d\x05\xc0\x00\x02\x07", None), (b"\x04\x01\x0d\x05\xc0\x00\x02\x07\0", True), (b"{", False),
    (b"\x04\x01\x0d\x05\xc0\x00\x02\x07\x01", False),
])  # fmt: skip
def test_begins_socks(head, wanted):
    assert begins_socks(head) is wanted


def test_random_bytes_are_no_socks():
    rng = random.Random(1)
    assert sum(begins_socks(bytes([rng.choice((4, 5))]) + rng.randbytes(63)) is True for _ in range(100_000)) < 200


V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x12\x34\x0d\x05"
HEADERS = [
    b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 3333\r\n", b"PROXY UNKNOWN\r\n", V2, V2[:13] + b"\x00\x00\x00",
    V2[:14] + b"\x02\x00" + bytes(512),
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("step", [0, 1, 5])
def test_header_is_taken_off(header, step):
    reader, inner = reader_and_inner(ProxyProtocol)
    assert play(reader, [(C, header + ASK), (S, TELL), (C, ASK)], step) == []
    assert inner.seen == {C: ASK + ASK, S: TELL}
    assert begins_proxy_protocol(header) is True


@pytest.mark.parametrize("header", [b"PROXY " + b"x" * 110 + b"\r\n", V2[:12] + b"\x11" + V2[13:], b"POST /"])
def test_no_header(header):
    for step in (0, 1):
        reader, inner = reader_and_inner(ProxyProtocol)
        play(reader, [(C, header + ASK)], step, close=False)
        assert reader.done
        assert inner.seen[C] == b""


def test_gap_in_a_header():
    reader, inner = reader_and_inner(ProxyProtocol)
    play(reader, [(C, HEADERS[-1][:100]), (C, 428), (C, ASK)])
    assert inner.seen[C] == ASK
    assert inner.gaps[C] == 0


@pytest.mark.parametrize("step", [0, 1])
def test_capture_begins_behind_the_greeting(step):
    inner = Recorder()
    request = bytes.fromhex("050100030c") + b"pool.example" + b"\x0d\x05"
    turns = [(C, request), (S, bytes.fromhex("050000010a0000010d05")), (C, b"hello"), (S, b"there")]
    assert names(play(Socks(lambda: inner), turns, step)) == [("socks", "pool.example", 3333)]
    assert inner.seen == {C: b"hello", S: b"there"}
