"""Makes a seeded capture of a campus's uplink: web, DNS, bulk, scans; in it some miners and lookalikes.

Contract: `write(path, seed, size)` writes about `size` bytes of pcap and gives the addresses of its miners.
`write_small(path, seed, packets, flows)` writes packets of 60 bytes only. Of the flows a quarter are DNS, a third
TLS, the rest QUIC, calls, HTTP, unanswered SYNs and shells; a tenth is IPv6, a tenth has a VLAN tag. Frames have 600
bytes in the mean, as on campus uplinks: full segments, acknowledgements, voice, keystrokes. Checksums of the bulk
are left unfilled, as on a host with offload.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from heapq import merge

from tests.conversations import frames, load, names
from tests.packets import client_hello, dns_answer, dns_query
from tests.wire import ACK, FIN, PSH, SYN, Path

START_NS = 1_777_622_400_000_000_000
STEP_NS = 180_000
_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
_POOL = random.Random(5).randbytes(1 << 16)
# Mining dialogues begin this far apart; each repeats with a miner of its own.
MINERS, LOOKALIKES = 40, 20
ACTIVE = 3000


class Ends:
    """Two ends of a flow and how to make its frames."""

    def __init__(self, chance: random.Random, number: int, port: int, protocol: int = 6) -> None:
        self.port, self.source_port, self.protocol = port, chance.randrange(1024, 65536), protocol
        self.sequence = [chance.randrange(1 << 32), chance.randrange(1 << 32)]
        client = struct.pack(">BBH", 10, 4 + number % 7, chance.randrange(1, 60000))
        server = struct.pack(">BBH", chance.choice((93, 104, 142, 151)), number & 255, chance.randrange(1, 65000))
        self.wide = chance.random() < 0.1
        if self.wide:
            client, server = b"\x20\x01\x0d\xb8" + bytes(8) + client, b"\x2a\x00\x14\x50" + bytes(8) + server
        self.ends = (client, server)
        tag = struct.pack(">HH", 0x8100, 100 + number % 20) if chance.random() < 0.1 else b""
        kind = b"\x86\xdd" if self.wide else b"\x08\x00"
        macs = bytes.fromhex("020000000002"), bytes.fromhex("02000000") + struct.pack(">H", number & 0xFFFF)
        self.link = (macs[0] + macs[1] + tag + kind, macs[1] + macs[0] + tag + kind)

    def network(self, way: int, size: int) -> bytes:
        source, target = self.ends[way], self.ends[1 - way]
        if self.wide:
            return struct.pack(">IHBB", 0x60000000, size, self.protocol, 60) + source + target
        return struct.pack(">BBHHHBBH", 0x45, 0, size + 20, 0, 0x4000, 60, self.protocol, 0) + source + target

    def tcp(self, way: int, flags: int, payload: bytes = b"") -> bytes:
        ports = (self.source_port, self.port) if way == 0 else (self.port, self.source_port)
        head = struct.pack(">HHIIBBHI", *ports, self.sequence[way], self.sequence[1 - way] if flags & ACK else 0,
                           0x50, flags, 502, 0)
        moved = len(payload) + bool(flags & (SYN | FIN))
        self.sequence[way] = (self.sequence[way] + moved) & 0xFFFFFFFF
        return self.link[way] + self.network(way, 20 + len(payload)) + head + payload

    def udp(self, way: int, payload: bytes) -> bytes:
        ports = (self.source_port, self.port) if way == 0 else (self.port, self.source_port)
        size = 8 + len(payload)
        return self.link[way] + self.network(way, size) + struct.pack(">HHHH", *ports, size, 0) + payload


def bulk(chance: random.Random, size: int) -> bytes:
    at = chance.randrange(len(_POOL) - size)
    return _POOL[at : at + size]


def handshake(ends: Ends) -> list[bytes]:
    return [ends.tcp(0, SYN), ends.tcp(1, SYN | ACK), ends.tcp(0, ACK)]


def _tcp_flow(chance: random.Random, ends: Ends, first: bytes, answer: bytes, segments: int) -> Iterator[bytes]:
    yield from handshake(ends)
    yield ends.tcp(0, PSH | ACK, first)
    yield ends.tcp(1, ACK, answer + bulk(chance, 1200))
    for _ in range(segments):
        yield ends.tcp(1, ACK, bulk(chance, 1448 if chance.random() < 0.8 else chance.randrange(40, 1448)))
        if chance.random() < 0.55:
            yield ends.tcp(0, ACK)
    yield from _parting(ends)


def _parting(ends: Ends) -> Iterator[bytes]:
    yield ends.tcp(0, FIN | ACK)
    yield ends.tcp(1, FIN | ACK)
    yield ends.tcp(0, ACK)


def _shell(chance: random.Random, ends: Ends, keys: int) -> Iterator[bytes]:
    """Keystrokes and their echoes."""
    yield from handshake(ends)
    yield ends.tcp(0, PSH | ACK, b"SSH-2.0-x\r\n")
    yield ends.tcp(1, PSH | ACK, b"SSH-2.0-y\r\n")
    for _ in range(keys):
        yield ends.tcp(0, PSH | ACK, bulk(chance, 36))
        yield ends.tcp(1, PSH | ACK, bulk(chance, chance.randrange(36, 200)))
        yield ends.tcp(0, ACK)
    yield from _parting(ends)


def _call(chance: random.Random, ends: Ends, packets: int) -> Iterator[bytes]:
    """Voice, 20 ms a packet (RFC 3551 4.2)."""
    for _ in range(packets):
        yield ends.udp(chance.random() < 0.5, b"\x80\x08" + bulk(chance, 170))


def _quic(chance: random.Random, ends: Ends, packets: int) -> Iterator[bytes]:
    for _ in range(packets):
        if chance.random() < 0.7:
            yield ends.udp(1, b"\x43" + bulk(chance, 1240))
        else:
            yield ends.udp(0, b"\x43" + bulk(chance, chance.randrange(30, 60)))


def _host(number: int) -> str:
    return f"www{number % 977}.site{number % 4001}.example"


def _request(number: int) -> bytes:
    """A page, or in a quarter of the flows a form or telemetry that is posted."""
    if number % 4:
        return f"GET /a{number} HTTP/1.1\r\nHost: {_host(number)}\r\nAccept: */*\r\n\r\n".encode()
    body = f"a={number}&b=login" if number % 8 else f'{{"method":"track","params":{{"id":{number}}}}}'
    return (f"POST /collect HTTP/1.1\r\nHost: {_host(number)}\r\nContent-Length: {len(body)}\r\n\r\n"
            f"{body}").encode()


def _flow(chance: random.Random, number: int) -> Iterator[bytes]:
    """The frames of one harmless flow."""
    kind = chance.random()
    long = chance.random() < 0.01
    if kind < 0.25:
        ends = Ends(chance, number, 53, 17)
        yield ends.udp(0, dns_query(_host(number)))
        yield ends.udp(1, dns_answer(_host(number), None, "203.0.113.80"))
    elif kind < 0.58:
        hello = client_hello(_host(number).encode(), chance.randrange(400))
        segments = chance.randrange(200, 1500) if long else chance.randrange(3, 24)
        yield from _tcp_flow(chance, Ends(chance, number, 443), hello, b"\x16\x03\x03\x00\x7a\x02", segments)
    elif kind < 0.735:
        yield from _quic(chance, Ends(chance, number, 443, 17),
                         chance.randrange(100, 900) if long else chance.randrange(4, 30))
    elif kind < 0.75:
        yield from _call(chance, Ends(chance, number, 10000 + number % 9000, 17),
                         chance.randrange(200, 1500) if long else chance.randrange(20, 120))
    elif kind < 0.83:
        yield from _tcp_flow(chance, Ends(chance, number, 80), _request(number), b"HTTP/1.1 200 OK\r\n\r\n",
                             chance.randrange(1, 30))
    elif kind < 0.93:
        yield Ends(chance, number, chance.choice((22, 445, 3389, 8080))).tcp(0, SYN)
    else:
        yield from _shell(chance, Ends(chance, number, 22), chance.randrange(2, 40))


def _harmless(chance: random.Random, size: int) -> Iterator[tuple[int, bytes]]:
    """(time_ns, frame) of many flows at a time, until `size` bytes."""
    now, written, number = START_NS, 0, ACTIVE
    active = [_flow(chance, count) for count in range(ACTIVE)]
    while written < size:
        at = int(chance.random() * ACTIVE)
        # Frames come in small bursts, as windows open.
        for _ in range(1 + int(chance.random() * 6)):
            frame = next(active[at], None)
            if frame is None:
                number += 1
                active[at] = _flow(chance, number)
                break
            now += STEP_NS
            written += len(frame) + 16
            yield now, frame


def _planted(chance: random.Random, length_ns: int) -> tuple[list[tuple[int, bytes]], set[str]]:
    """The frames of miners and lookalikes within so much time, and the miners' addresses."""
    mining = [name for name in names() if load(name).expected.get("mining", True)]
    other = [name for name in names() if name not in mining]
    found: list[tuple[int, bytes]] = []
    miners = set()
    for number in range(MINERS + LOOKALIKES):
        name = (mining if number < MINERS else other)[number % len(mining if number < MINERS else other)]
        client = f"10.3.{number // 200}.{number % 200 + 1}"
        if number < MINERS:
            miners.add(client)
        path = Path(client=client, server=f"198.18.{number}.9", client_port=chance.randrange(20000, 60000),
                    server_port=load(name).expected["port"], vlans=(100,) if number % 7 == 0 else ())
        start = START_NS + chance.randrange(1 + length_ns // 2)
        found += frames(load(name), "whole", path, start)
    return sorted(found), miners


def write(path: str, seed: int, size: int) -> set[str]:
    """See the module's contract."""
    chance = random.Random(seed)
    planted, miners = _planted(chance, size // 620 * STEP_NS)
    _write(path, merge(_harmless(chance, size), planted, key=lambda frame: frame[0]))
    return miners


def write_small(path: str, seed: int, packets: int, flows: int) -> None:
    """See the module's contract: TCP of many flows at once, without payload but 6 bytes in some."""
    chance = random.Random(seed)
    ends = [Ends(chance, number, 443) for number in range(flows)]
    order = [*range(flows), *(chance.randrange(flows) for _ in range(packets - flows))]
    _write(path, ((START_NS + at * 1000, ends[number].tcp(0 if at < flows else at & 1, SYN if at < flows else ACK,
                                                          b"" if at % 3 else b"\x17\x03\x03\x00\x01x"))
                  for at, number in enumerate(order)))


def _write(path: str, frames_in_order: Iterator[tuple[int, bytes]]) -> None:
    with open(path, "wb", buffering=1 << 20) as file:
        file.write(_HEADER)
        for time_ns, frame in frames_in_order:
            file.write(struct.pack("<IIII", time_ns // 10**9, time_ns % 10**9 // 1000, len(frame), len(frame)))
            file.write(frame)
