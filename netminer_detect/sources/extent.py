"""Says when a capture begins and ends, without reading it whole.

Contract: `begin_of(path)` gives the link type and time of a capture's first frame, `end_of(path)` the time of its
last one; None where they cannot be told: no regular file, no frame, no time, damaged there, or, for the end, compressed
(what inflates it anyway can ask `last_time(head, tail, begin_ns)` of the inflated bytes). The end is found in the last
TAIL bytes: records whose lengths lead to the end of the file are taken for real. Nothing raises.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable
from typing import NamedTuple

from netminer_detect.errors import CaptureError
from netminer_detect.sources.capture import (
    MAX_RECORD,
    NS,
    PCAP_MAGICS,
    SECTION_MAGIC,
    Section,
    add_interface,
    read_frames,
    read_packet,
)
from netminer_detect.sources.opening import open_capture

# Holds two of the largest frames that offloading makes, and what pcapng writes behind them.
TAIL = 256 * 1024
HEAD = 4096
# No capture runs for so long; what says so is no record.
_YEARS_NS = 10 * 366 * 24 * 3600 * NS
_INTERFACE, _PACKETS = 1, (2, 3, 6)
_PCAP_HEAD = 24
# So many records or blocks in a row that lead to the end are no chance.
_ENOUGH = 2

# What stands at a place: the next place and a time in ns; None where nothing sound stands there.
_Step = Callable[[int], "tuple[int, int | None] | None"]


class Begin(NamedTuple):
    """How a capture begins."""

    link_type: int
    first_ns: int


def begin_of(path: str) -> Begin | None:
    """See the module's contract."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open_capture(path) as stream:
            for frame in read_frames(stream, path):
                return None if frame.time_ns is None else Begin(frame.link_type, frame.time_ns)
    except (CaptureError, OSError):
        pass
    return None


def end_of(path: str, begin_ns: int) -> int | None:
    """See the module's contract; `begin_ns` is the time of the first frame."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(HEAD)
            size = os.fstat(stream.fileno()).st_size
            at = max(0, size - TAIL) & ~3
            stream.seek(at)
            return last_time(head, stream.read(TAIL + 4), begin_ns, at)
    except OSError:
        return None


def last_time(head: bytes, tail: bytes, begin_ns: int, at: int | None = None) -> int | None:
    """The latest time near the end of a capture that begins and ends with these bytes; `at` is where the tail begins,
    where that is known."""
    if head[:4] in PCAP_MAGICS:
        step, places = _pcap_step(head, tail, begin_ns), 1
        first = _PCAP_HEAD - at if at is not None and at <= _PCAP_HEAD else None
    elif head[:4] == SECTION_MAGIC:
        found = _pcapng_step(head, tail, begin_ns)
        if found is None:
            return None
        # Blocks stand at multiples of 4; a tail may begin anywhere.
        step, places = found, 1 if at is None else 4
        first = -at if at == 0 else None
    else:
        return None
    if first is not None:
        return _walk(step, first, len(tail), set())[1]
    bad: set[int] = set()
    for place in range(0, len(tail), places):
        count, last = _walk(step, place, len(tail), bad)
        if count >= _ENOUGH and last is not None:
            return last
    return None


def _walk(step: _Step, place: int, end: int, bad: set[int]) -> tuple[int, int | None]:
    """How many records lead from a place to the end, and the latest time of them; 0 where they do not."""
    passed: list[int] = []
    latest: int | None = None
    while place < end:
        found = None if place in bad else step(place)
        if found is None:
            bad.update(passed)
            bad.add(place)
            return 0, latest
        passed.append(place)
        place, time_ns = found
        if time_ns is not None and (latest is None or time_ns > latest):
            latest = time_ns
    return len(passed), latest


def _pcap_step(head: bytes, tail: bytes, begin_ns: int) -> _Step:
    order, unit_ns, header_size = PCAP_MAGICS[head[:4]]
    record = struct.Struct(order + "IIII")
    units = NS // unit_ns

    def step(at: int) -> tuple[int, int | None] | None:
        if at + header_size > len(tail):
            return len(tail), None  # cut inside a header
        seconds, fraction, captured, original = record.unpack_from(tail, at)
        time_ns = seconds * NS + fraction * unit_ns
        if fraction >= units or captured > min(MAX_RECORD, original) or not _is_near(time_ns, begin_ns):
            return None
        return at + header_size + captured, time_ns

    return step


def _pcapng_step(head: bytes, tail: bytes, begin_ns: int) -> _Step | None:
    order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(head[8:12])
    if order is None:
        return None
    word = struct.Struct(order + "I")
    section = _interfaces(head, order)

    def step(at: int) -> tuple[int, int | None] | None:
        if at + 12 > len(tail):
            return len(tail), None
        kind, length = struct.unpack_from(order + "II", tail, at)
        if length < 12 or length > MAX_RECORD or length % 4:
            return None
        if at + length > len(tail):
            return len(tail), None
        if word.unpack_from(tail, at + length - 4)[0] != length:
            return None
        if kind not in _PACKETS:
            return at + length, None
        frame = read_packet(section, kind, tail[at + 8 : at + length - 4], 0, 0)
        time_ns = frame.time_ns if frame is not None else None
        return at + length, time_ns if time_ns is not None and _is_near(time_ns, begin_ns) else None

    return step


def _interfaces(head: bytes, order: str) -> Section:
    """The interfaces that are described before the first packet."""
    section, at = Section(order), 0
    while at + 12 <= len(head):
        kind, length = struct.unpack_from(order + "II", head, at)
        if length < 12 or at + length > len(head) or kind in _PACKETS:
            break
        if kind == _INTERFACE:
            add_interface(section, head[at + 8 : at + length - 4])
        at += (length + 3) & ~3
    return section


def _is_near(time_ns: int, begin_ns: int) -> bool:
    return begin_ns - 24 * 3600 * NS <= time_ns <= begin_ns + _YEARS_NS
