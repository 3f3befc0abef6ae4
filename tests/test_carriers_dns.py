"""DNS: messages as dpkt reads them, compression that loops, framing over TCP, random bytes."""

import random
import struct

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.dns import DnsAnswer, DnsMessage, DnsOverTcp, DnsQuestion, read_dns


def label(name):
    return b"".join(bytes([len(part)]) + part for part in name.split(b".")) + b"\0" if name else b"\0"


def record(name, kind, data, ttl=300, class_=1):
    return name + struct.pack(">HHIH", kind, class_, ttl, len(data)) + data


def message(question=b"pool.example", kind=1, answers=(), flags=0x8180, number=7):
    head = struct.pack(">HHHHHH", number, flags, 1, len(answers), 0, 0)
    return head + label(question) + struct.pack(">HH", kind, 1) + b"".join(answers)


NAME = b"\xc0\x0c"
QUERY = message(flags=0x0100)
CHAIN = message(b"EU.Pool.Example", 1, [
    record(NAME, 5, b"\x04lb-1" + b"\xc0\x0f"), record(b"\xc0\x2d", 1, b"\xc0\x00\x02\x01", ttl=30),
    record(b"\xc0\x2d", 28, bytes(15) + b"\x01", ttl=1 << 31), record(NAME, 16, b"\x03txt"),
])  # fmt: skip


def test_query():
    assert read_dns(QUERY) == DnsMessage(7, False, 0, (DnsQuestion("pool.example", 1),), ())


def test_chain_of_names_and_addresses():
    assert read_dns(CHAIN) == DnsMessage(
        7, True, 0, (DnsQuestion("eu.pool.example", 1),), (
            DnsAnswer("eu.pool.example", 5, 300, None, "lb-1.pool.example"),
            DnsAnswer("lb-1.pool.example", 1, 30, b"\xc0\x00\x02\x01", None),
            DnsAnswer("lb-1.pool.example", 28, 0, bytes(15) + b"\x01", None),
            DnsAnswer("eu.pool.example", 16, 300, None, None),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("data", "target"), [
    (b"\0\0" + label(b"Alias.Example"), "alias.example"), (b"\0\1\0\0\1\0\3\2h2", None),
    (b"\0\1" + label(b"svc.example") + b"\0\1\0\3\2h2", "svc.example"),
])  # fmt: skip
def test_service_bindings(data, target):
    assert read_dns(message(answers=[record(NAME, 65, data)])).answers[0].target == target


def test_refusal_and_zone_transfer():
    assert read_dns(message(flags=0x8183)).rcode == 3
    later = struct.pack(">HHHHHH", 7, 0x8400, 0, 1, 0, 0) + record(label(b"a.example"), 1, b"\1\2\3\4")
    assert read_dns(later).answers == (DnsAnswer("a.example", 1, 300, b"\1\2\3\4", None),)


def test_odd_bytes_are_escaped():
    odd = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x06A.\\\xff\n\x1b\x00" + struct.pack(">HH", 1, 1)
    assert read_dns(odd).questions[0].name == r"a\046\092\255\010\027"


def test_root():
    assert read_dns(message(b"", 2)).questions[0].name == "."


def test_answers_of_a_cut_message_are_kept_as_far_as_they_are_whole():
    known = read_dns(CHAIN).answers
    for size in range(len(CHAIN)):
        found = read_dns(CHAIN[:size])
        assert found is None or found.answers == known[: len(found.answers)]
    assert len(read_dns(CHAIN[:-20]).answers) == 2


@pytest.mark.parametrize("pointer", [b"\xc0\x0c", b"\xc0\x0e", b"\xff\xff", b"\xc0\x00", b"\x01a\xc0\x0c"])
def test_pointers_that_lead_nowhere(pointer):
    assert read_dns(struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + pointer + struct.pack(">HH", 1, 1)) is None


@pytest.mark.parametrize(("steps", "answers"), [(10, 2), (30, 1)])
def test_ladder_of_pointers_is_bounded(steps, answers):
    """A record's data holds pointers, each to the one before; the next record's name begins at one of them."""
    first = 12 + 7 + 12
    ladder = b"\xc0\x0c" + b"".join((0xC000 | first + 2 * step).to_bytes(2, "big") for step in range(40))
    start = (0xC000 | first + 2 * steps).to_bytes(2, "big")
    payload = message(b"a", 1, [record(NAME, 16, ladder), record(start, 16, b"")])
    assert [one.name for one in read_dns(payload).answers] == ["a"] * answers


@pytest.mark.parametrize("flags", [0x2800, 0x0140, 0x7100])
def test_updates_and_reserved_bits_are_no_queries(flags):
    assert read_dns(message(flags=flags)) is None


@pytest.mark.parametrize("payload", [b"", bytes(12), bytes(17), bytes(600), b"\xff" * 600, b"{\"id\":1}" * 9])
def test_no_dns(payload):
    assert read_dns(payload) is None


def test_random_bytes_are_no_dns():
    rng = random.Random(5)
    assert not any(read_dns(rng.randbytes(rng.randrange(17, 200))) for _ in range(100_000))


def test_as_dpkt_reads_it():
    rng = random.Random(11)
    for _ in range(500):
        questions = [b".".join(rng.choices([b"eu", b"POOL", b"a-1", b"example"], k=rng.randrange(1, 5)))]
        answers = [
            rng.choice([
                record(NAME, 1, rng.randbytes(4), rng.randrange(1 << 20)), record(NAME, 28, rng.randbytes(16)),
                record(label(b"x.example"), 5, b"\x02lb" + NAME), record(NAME, 16, b"\x01t"),
            ])
            for _ in range(rng.randrange(6))
        ]  # fmt: skip
        payload = message(questions[0], rng.choice([1, 28]), answers, number=rng.randrange(65536))
        theirs, ours = dpkt.dns.DNS(payload), read_dns(payload)
        assert (ours.transaction, ours.rcode, ours.is_response) == (theirs.id, theirs.rcode, theirs.qr == 1)
        assert [(one.name, one.type) for one in ours.questions] == [(q.name.lower(), q.type) for q in theirs.qd]
        for mine, other in zip(ours.answers, theirs.an, strict=True):
            assert (mine.name, mine.type, mine.ttl) == (other.name.lower(), other.type, other.ttl)
            assert mine.address == getattr(other, "ip", getattr(other, "ip6", None))
            assert mine.target == (other.cname.lower() if other.type == 5 else None)


@given(st.binary(max_size=120), st.integers(0, 120))
def test_never_raises(noise, at):
    read_dns(noise)
    read_dns(CHAIN[:at] + noise)
    read_dns(CHAIN[:at] + noise + CHAIN[at + len(noise) :])


FRAMED = b"".join(len(one).to_bytes(2, "big") + one for one in (QUERY, CHAIN, QUERY))


@pytest.mark.parametrize("step", [1, 2, 3, 50, 1000])
def test_over_tcp(step):
    reader, found = DnsOverTcp(), []
    for at in range(0, len(FRAMED), step):
        found += reader.feed(FRAMED[at : at + step])
    assert found == [read_dns(QUERY), read_dns(CHAIN), read_dns(QUERY)]
    assert not reader.broken


def test_gap_over_tcp():
    for start in range(len(FRAMED)):
        for size in (1, 5, 60, 300):
            reader = DnsOverTcp()
            found = reader.feed(FRAMED[:start])
            reader.gap(size)
            found += reader.feed(FRAMED[start + size :])
            assert all(one in (read_dns(QUERY), read_dns(CHAIN)) for one in found)
            assert len(reader._held) < 70_000
    reader = DnsOverTcp()
    reader.feed(FRAMED[:10])
    reader.gap(7)
    assert reader.feed(FRAMED[17:]) == [read_dns(CHAIN), read_dns(QUERY)]
    reader.gap(1)
    assert reader.broken


def test_what_is_no_dns_over_tcp_breaks_it():
    reader = DnsOverTcp()
    assert reader.feed(b"\0\x20" + b"{" * 40) == []
    assert reader.broken
    assert reader.feed(FRAMED) == []
