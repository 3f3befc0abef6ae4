"""Makes captures for the tests: pcap and pcapng files from frames, in every spelling."""

from __future__ import annotations

import struct

MICRO, NANO = 0xA1B2C3D4, 0xA1B23C4D


def pcap(frames: list[tuple[int, bytes]], order: str = "<", magic: int = MICRO, link_type: int = 1) -> bytes:
    """A pcap file of (time_ns, bytes) frames."""
    unit = 1000 if magic == MICRO else 1
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)]
    for time_ns, data in frames:
        seconds, rest = divmod(time_ns, 1_000_000_000)
        out.append(struct.pack(order + "IIII", seconds, rest // unit, len(data), len(data)) + data)
    return b"".join(out)


def block(order: str, kind: int, body: bytes) -> bytes:
    """One pcapng block."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order: str = "<") -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str = "<", link_type: int = 1, resolution: int | None = None, offset_s: int = 0) -> bytes:
    options = b""
    if resolution is not None:
        options += struct.pack(order + "HHBxxx", 9, 1, resolution)
    if offset_s:
        options += struct.pack(order + "HHq", 14, 8, offset_s)
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, 0) + options)


def enhanced(data: bytes, ticks: int, order: str = "<", index: int = 0) -> bytes:
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(order, 6, head + data)
