"""Makes Ethernet frames of TCP connections with correct headers and checksums, by hand: fast enough for suites."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from functools import cached_property

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT_MAC, SERVER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


def checksum(data: bytes) -> int:
    """RFC 1071: the ones' complement of the ones' complement sum (a sum modulo 0xffff, zero written as 0xffff)."""
    total = int.from_bytes(data + bytes(len(data) & 1), "big")
    return 0xFFFF - (total % 0xFFFF or (0xFFFF if total else 0))


@dataclass(frozen=True)
class Path:
    """The two ends of a connection and what lies between: addresses (v4 or v6 both), ports, 802.1Q tags."""

    client: str = "10.3.0.17"
    server: str = "203.0.113.9"
    client_port: int = 50412
    server_port: int = 3333
    vlans: tuple[int, ...] = ()

    @cached_property
    def addresses(self) -> tuple[bytes, bytes]:
        return ipaddress.ip_address(self.client).packed, ipaddress.ip_address(self.server).packed


@dataclass(frozen=True)
class Packet:
    """One TCP packet of a connection, before it has addresses. `time_ns` is relative to the conversation."""

    time_ns: int
    by_client: bool
    flags: int
    sequence: int
    acknowledged: int
    payload: bytes = b""


def frame(path: Path, packet: Packet, number: int = 0) -> bytes:
    """The Ethernet frame of a packet; `number` becomes the IPv4 identification."""
    source, target = path.addresses if packet.by_client else path.addresses[::-1]
    ports = (path.client_port, path.server_port) if packet.by_client else (path.server_port, path.client_port)
    tcp = _tcp(source, target, ports, packet)
    ip = _ipv4(source, target, len(tcp), number) if len(source) == 4 else _ipv6(source, target, len(tcp))
    macs = SERVER_MAC + CLIENT_MAC if packet.by_client else CLIENT_MAC + SERVER_MAC
    tags = b"".join(struct.pack(">HH", 0x8100, vlan) for vlan in path.vlans)
    return macs + tags + struct.pack(">H", 0x0800 if len(source) == 4 else 0x86DD) + ip + tcp


def _tcp(source: bytes, target: bytes, ports: tuple[int, int], packet: Packet) -> bytes:
    options = b"\x02\x04\x05\xb4" if packet.flags & SYN else b""
    acknowledged = packet.acknowledged & 0xFFFFFFFF if packet.flags & ACK else 0
    head = struct.pack(">HHIIBBH", *ports, packet.sequence & 0xFFFFFFFF, acknowledged,
                       (20 + len(options)) << 2, packet.flags, 64240)
    rest = options + packet.payload
    size = len(head) + 4 + len(rest)
    if len(source) == 4:
        pseudo = source + target + struct.pack(">HH", 6, size)
    else:
        pseudo = source + target + struct.pack(">II", size, 6)
    return head + struct.pack(">HH", checksum(pseudo + head + bytes(4) + rest), 0) + rest


def _ipv4(source: bytes, target: bytes, size: int, number: int) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + size, number & 0xFFFF, 0x4000, 64, 6, 0) + source + target
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:]


def _ipv6(source: bytes, target: bytes, size: int) -> bytes:
    return struct.pack(">IHBB", 0x60000000, size, 6, 64) + source + target
