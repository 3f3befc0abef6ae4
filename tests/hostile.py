"""Writes captures whose only aim is to fill a scanner's memory. Each attack yields pieces of a pcap file, fast.

`python -m tests.hostile NAME COUNT` writes one to standard output.
"""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable, Iterator

from tests.captures import pcap
from tests.packets import ACK, PUSH, SYN, client_hello, dns_answer, dns_query, ethernet, ip, tcp, udp

START_S = 1_777_622_400
# Frames a second: slow enough that flows are idle before they are forgotten, fast enough for a day's worth.
RATE = 100_000
POOL = b"\xcb\x00\x71\x09"
# In the shipped lists; what stands before it is the attacker's choice.
WATCHED = "xmr-eu1.nanopool.org"
BATCH = 1000

Frame = bytes
Attack = Callable[[int], Iterator[Frame]]


def written(frames: Iterator[Frame]) -> Iterator[bytes]:
    """A pcap of the frames, in pieces; the clock goes on evenly."""
    yield pcap([])
    out: list[bytes] = []
    for number, frame in enumerate(frames):
        seconds, rest = divmod(number, RATE)
        out.append(struct.pack("<IIII", START_S + seconds, rest * (1_000_000 // RATE), len(frame), len(frame)))
        out.append(frame)
        if len(out) >= BATCH:
            yield b"".join(out)
            out.clear()
    yield b"".join(out)


def client(number: int) -> bytes:
    """A private address of a number below 2^24."""
    return b"\x0a" + (number & 0xFFFFFF).to_bytes(3, "big")


def segment(source: bytes, target: bytes, ports: tuple[int, int], sequence: int, flags: int, payload: bytes = b"",
            acknowledged: int = 1) -> Frame:
    """An Ethernet frame without checksums."""
    size = 40 + len(payload)
    return b"".join((
        b"\x02\0\0\0\0\x0b\x02\0\0\0\0\x0a\x08\0\x45\0", size.to_bytes(2, "big"),
        b"\0\0\0\0\x40\x06\0\0", source, target,
        struct.pack(">HHIIBBHI", *ports, sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF, 0x50, flags, 8192, 0),
        payload))


def syns(count: int) -> Iterator[Frame]:
    """Each from another address: nobody answers."""
    for number in range(count):
        yield segment(client(number), POOL, (40_000 + number % 20_000, 3333), number * 7, SYN)


def half_open(count: int) -> Iterator[Frame]:
    """Each with a login that nobody answers."""
    login = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}\n'
    for number in range(count):
        ports = (40_000 + number % 20_000, 3333)
        yield segment(client(number), POOL, ports, 100, SYN)
        yield segment(client(number), POOL, ports, 101, PUSH | ACK, login)


def half_a_hello(count: int) -> Iterator[Frame]:
    """Each with the first half of a ClientHello, whose name never comes."""
    hello = client_hello(b"pool.example", padding=100)[:150]
    for number in range(count):
        ports = (40_000 + number % 20_000, 443)
        yield segment(client(number), POOL, ports, 100, SYN)
        yield segment(client(number), POOL, ports, 101, PUSH | ACK, hello)


def sessions(count: int, worker: bytes = b"rig", logins: int = 1, first: int = 0) -> Iterator[Frame]:
    """Whole mining sessions, each of another machine, none ever closed."""
    notify = b'{"method":"mining.notify","params":["1a","%s","%s","%s",[],"20000000","1a44b9f2","5f5e1000",true]}\n'
    notify %= (b"0" * 64, b"01" * 40, b"02" * 40)
    submit = b'{"id":3,"method":"mining.submit","params":["%s.0","1a","00000000","5f5e1000","deadbeef"]}\n' % worker
    for number in range(first, first + count):
        said = [(0, b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}\n'),
                (1, b'{"id":1,"result":[[["mining.notify","ae68"]],"08000002",4],"error":null}\n')]
        for login in range(logins):
            said += [(0, b'{"id":2,"method":"mining.authorize","params":["%s.%d","x"]}\n' % (worker, login)),
                     (1, b'{"id":2,"result":true,"error":null}\n')]
        said += [(1, notify), (0, submit), (1, b'{"id":3,"result":true,"error":null}\n')]
        yield from talk((client(number), POOL), (40_000 + number % 20_000, 3333), said)


def talk(ends: tuple[bytes, bytes], ports: tuple[int, int], said: list[tuple[int, bytes]]) -> Iterator[Frame]:
    """A connection that is opened and never closed."""
    at = [1000, 90_000]
    both = (ports, ports[::-1])
    yield segment(*ends, ports, at[0] - 1, SYN, acknowledged=0)
    yield segment(*ends[::-1], ports[::-1], at[1] - 1, SYN | ACK, acknowledged=at[0])
    yield segment(*ends, ports, at[0], ACK, acknowledged=at[1])
    for way, data in said:
        here = ends if way == 0 else ends[::-1]
        yield segment(*here, both[way], at[way], PUSH | ACK, data, acknowledged=at[1 - way])
        at[way] += len(data)


def long_names(count: int) -> Iterator[Frame]:
    """Sessions with forty logins of 400 characters each."""
    yield from sessions(count, b"w" * 400, 40)


def many_workers(count: int) -> Iterator[Frame]:
    """One proxy, thousands of logins in each of its sessions."""
    def said(number: int) -> list[tuple[int, bytes]]:
        return [(0, b'{"id":%d,"method":"mining.authorize","params":["%s%d.%d","x"]}\n' % (at, b"w" * 400, number, at))
                for at in range(2500)]

    for number in range(count):
        yield from talk((client(1), POOL), (30_000 + number, 3333), said(number))


def holes(count: int) -> Iterator[Frame]:
    """Mining connections each of which lost a byte, and goes on for 200 kB."""
    subscribe = b'{"id":1,"method":"mining.subscribe","params":[]}\n'
    for number in range(count):
        ends, ports = (client(number), POOL), (40_000 + number % 20_000, 3333)
        yield from talk(ends, ports, [(0, subscribe)])
        for at in range(140):
            yield segment(*ends, ports, 1000 + len(subscribe) + 1 + at * 1448, ACK, b"x" * 1448)


def fragments(count: int) -> Iterator[Frame]:
    """Pieces of 8 bytes of packets that are never whole."""
    for number in range(count):
        head = struct.pack(">BBHHHBBH", 0x45, 0, 28, number >> 9 & 0xFFFF, 0x2000 | (number & 511) * 2, 64, 17, 0)
        yield b"\x02\0\0\0\0\x0b\x02\0\0\0\0\x0a\x08\0" + head + client(number >> 9) + POOL + b"fragment"


def tunnels(count: int) -> Iterator[Frame]:
    """SYNs inside six tunnels, each flow in other VLANs."""
    for number in range(count):
        packet = ip(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", "203.0.113.9", 6,
                    tcp(1000 + number % 60_000, 3333, number, SYN))
        for layer in range(6):
            packet = ip(f"198.18.{layer}.1", "198.18.0.2", 47, b"\0\0\x08\0" + packet)
        yield ethernet(packet, (number & 0xFFF, number >> 4 & 0xFFF, 7))


def lookups(count: int) -> Iterator[Frame]:
    """Questions and answers about names of a pool that nobody gave out, each asked for by another machine."""
    chance = random.Random(1)
    for number in range(count):
        name = ".".join([chance.randbytes(25).hex() for _ in range(4)] + [WATCHED])
        machine = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        port = 1024 + number % 60_000
        yield ethernet(ip(machine, "10.0.0.53", 17, udp(port, 53, dns_query(name))))
        yield ethernet(ip("10.0.0.53", machine, 17, udp(53, port, dns_answer(name, None, "203.0.113.9"))))


def dns_streams(count: int) -> Iterator[Frame]:
    """DNS over TCP: a message of 64 KiB that never ends, on each connection."""
    begun = b"\xff\xff" + dns_query(WATCHED)
    for number in range(count):
        yield from talk((client(number), POOL), (40_000 + number % 20_000, 53), [(0, begun), *[(0, bytes(1448))] * 40])


ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (syns, half_open, half_a_hello, sessions, long_names, many_workers, holes, fragments, tunnels,
                   lookups, dns_streams)
}


if __name__ == "__main__":
    for piece in written(ATTACKS[sys.argv[1]](int(sys.argv[2]))):
        sys.stdout.buffer.write(piece)
