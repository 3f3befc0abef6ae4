"""Makes frames for the kernel's tests: small functions, by the byte."""

from __future__ import annotations

import ipaddress
import struct

FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16
MAC_A, MAC_B = b"\x02\0\0\0\0\x0a", b"\x02\0\0\0\0\x0b"


def address(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def ip(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    one, other = address(source), address(destination)
    if len(one) == 16:
        return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + one + other + payload
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0) + one + other + payload


def tcp(sport: int, dport: int, sequence: int, flags: int, payload: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", sport, dport, sequence & 0xFFFFFFFF, 1, 5 << 4, flags, 8192, 0, 0) + payload


def udp(sport: int, dport: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def ethernet(packet: bytes, vlans: tuple[int, ...] = ()) -> bytes:
    tags = b"".join(struct.pack(">HH", 0x8100, vlan) for vlan in vlans)
    return MAC_B + MAC_A + tags + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00") + packet


class Talk:
    """A TCP connection written segment by segment; times are in seconds."""

    def __init__(self, client: str = "10.0.0.1", server: str = "203.0.113.9", sport: int = 50000, dport: int = 3333,
                 isn: int = 1000, vlans: tuple[int, ...] = ()) -> None:
        self.ends = ((client, sport), (server, dport))
        self.next = [isn, isn + 70_000]
        self.vlans = vlans
        self.time_ns = 1_700_000_000 * 10**9
        self.frames: list[tuple[int, bytes]] = []

    def send(self, way: int, payload: bytes = b"", flags: int = ACK, after_s: float = 0.001,
             sequence: int | None = None) -> Talk:
        (source, sport), (destination, dport) = self.ends if way == 0 else self.ends[::-1]
        self.time_ns += int(after_s * 1e9)
        where = self.next[way] if sequence is None else sequence
        segment = tcp(sport, dport, where, flags, payload)
        self.frames.append((self.time_ns, ethernet(ip(source, destination, 6, segment), self.vlans)))
        if sequence is None:
            self.next[way] += len(payload) + bool(flags & SYN) + bool(flags & FIN)
        return self

    def open(self) -> Talk:
        return self.send(0, flags=SYN).send(1, flags=SYN | ACK).send(0)

    def close(self) -> Talk:
        return self.send(0, flags=FIN | ACK).send(1, flags=FIN | ACK).send(0)


def server_name(name: bytes) -> bytes:
    entry = b"\0" + struct.pack(">H", len(name)) + name
    body = struct.pack(">H", len(entry)) + entry
    return struct.pack(">HH", 0, len(body)) + body


def client_hello(name: bytes | None, padding: int = 0, session: bytes = b"s" * 32) -> bytes:
    """A ClientHello record; `padding` bytes of another extension stand before the name."""
    extensions = struct.pack(">HH", 51, padding) + bytes(padding) if padding else b""
    extensions += struct.pack(">HHB", 23, 1, 0) + (server_name(name) if name is not None else b"")
    body = b"\x03\x03" + b"r" * 32 + bytes([len(session)]) + session + b"\0\4\x13\1\x13\2" + b"\1\0"
    body += struct.pack(">H", len(extensions)) + extensions
    handshake = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(handshake)) + handshake


def dns_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def dns_query(name: str) -> bytes:
    return struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + dns_name(name) + b"\0\1\0\1"


def dns_answer(name: str, cname: str | None, ip_address: str) -> bytes:
    answers = []
    if cname is not None:
        target = dns_name(cname)
        answers.append(b"\xc0\x0c\0\5\0\1\0\0\0\x3c" + struct.pack(">H", len(target)) + target)
    answers.append(b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + address(ip_address))
    head = struct.pack(">HHHHHH", 7, 0x8180, 1, len(answers), 0, 0)
    return head + dns_name(name) + b"\0\1\0\1" + b"".join(answers)
