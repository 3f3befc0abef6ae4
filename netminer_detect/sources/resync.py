"""Finds where a damaged capture goes on.

Contract: `find(data, start, stop, is_end)` of a `RecordSearch` (pcap) or `BlockSearch` (pcapng) gives (place, sound):
the first place from `start` on where a sound record begins, or, not sound, the first that cannot be told yet for want
of bytes behind `stop`; all before it may be forgotten. With `is_end` no more bytes come, and (stop, False) means that
there is none. The answer does not depend on how much was there when it was asked for; REACH bytes from a place on are
enough to tell. `Searchable` is a stream in which one can search so.

A record of pcap has no mark of its own, so it is sound where it could follow the last sound one, and is itself followed
by another, or by the end of the file: its time is within a day of the last one's, its fraction below a second, its
lengths are a frame's. By chance one place in 10^12 looks so. A block of pcapng says its length at both ends.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from mmap import mmap
from typing import Protocol

from msgspec import Struct

# libpcap's MAXIMUM_SNAPLEN: no frame of a network is longer, nor any whole block that a search would trust.
MAX_FRAME = 262_144
REACH = MAX_FRAME + 512
_MOST_ORIGINAL = 1 << 24
_DAY_S = 86_400
_SECTION, _INTERFACE, _OBSOLETE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
_LEAST = {_SECTION: 28, _INTERFACE: 20, _OBSOLETE: 32, _SIMPLE: 16, _ENHANCED: 32}
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
# Bytes that tell a place of a record, or of a block, from others.
_RECORD, _BLOCK = 16, 12

Data = bytes | bytearray | mmap
Found = tuple[int, bool]


class Search(Protocol):
    """See the module's contract."""

    def find(self, data: Data, start: int, stop: int, is_end: bool) -> Found: ...


class Stream(Protocol):
    """Anything with `read(size)`."""

    def read(self, size: int, /) -> bytes: ...


def _at_most(order: str, limit: int) -> bytes:
    """A pattern of the numbers of 32 bits that are no larger than a limit, or little."""
    upper = [b"[\\x00-\\x%02x]" % (limit >> 24), b"." if limit >> 24 else b"[\\x00-\\x%02x]" % (limit >> 16)]
    return b"".join(upper) + b".." if order == ">" else b".." + b"".join(upper[::-1])


@lru_cache(maxsize=256)
def _records(order: str, fractions: int, top: int) -> re.Pattern[bytes]:
    """What records look like from the highest byte of their time on, which is near `top`: it changes once in half a
    year. To tell days apart here would be to make a pattern for each of a million damages."""
    tops = bytes(each & 0xFF for each in (top - 1, top, top + 1))
    rest = _at_most(order, fractions - 1) + _at_most(order, MAX_FRAME) + _at_most(order, _MOST_ORIGINAL)
    lower = b"..." if order == ">" else b""
    return re.compile(b"[" + re.escape(tops) + b"](?=" + lower + rest + b")", re.DOTALL)


@lru_cache(maxsize=2)
def _blocks(order: str) -> re.Pattern[bytes]:
    """What blocks look like: their kind, and a length that a search would trust. Each takes one byte, since the next
    place may be the next byte."""
    sections = b"....(?:" + b"|".join(re.escape(magic) for magic in _ORDERS) + b")"
    length = _at_most(order, MAX_FRAME)
    heads = [(struct.pack(order + "I", kind), sections if kind == _SECTION else length) for kind in _LEAST]
    return re.compile(b"|".join(re.escape(kind[:1]) + b"(?=" + re.escape(kind[1:]) + rest + b")"
                                for kind, rest in heads), re.DOTALL)


class RecordSearch(Struct, frozen=True):
    """`order`, `fractions` a second, bytes of a record's header, seconds of the last sound record."""

    order: str
    fractions: int
    header_size: int
    seconds: int

    def find(self, data: Data, start: int, stop: int, is_end: bool) -> Found:
        """See the module's contract."""
        shift = 3 if self.order == "<" else 0
        for found in _records(self.order, self.fractions, self.seconds >> 24).finditer(data, start + shift, stop):
            place = found.start() - shift
            sound = self._sound(data, place, stop, is_end)
            if sound is not False:
                return place, sound is True
        return (stop if is_end else max(start, stop - _RECORD + 1)), False

    def _sound(self, data: Data, at: int, stop: int, is_end: bool) -> bool | None:
        """Whether a record at `at` and one behind it are sound; None where that cannot be told yet."""
        seconds = self.seconds
        for _ in range(2):
            if at == stop and is_end:
                return True
            if at + self.header_size > stop:
                return False if is_end else None
            time_s, fraction, captured, original = struct.unpack_from(self.order + "IIII", data, at)
            if not 0 < captured <= min(original, MAX_FRAME) or original > _MOST_ORIGINAL or fraction >= self.fractions:
                return False
            if abs(time_s - seconds) > _DAY_S:
                return False
            seconds, at = time_s, at + self.header_size + captured
        return True


class BlockSearch(Struct, frozen=True):
    """`order` and number of `interfaces` of the section that the damage lies in."""

    order: str
    interfaces: int

    def find(self, data: Data, start: int, stop: int, is_end: bool) -> Found:
        """See the module's contract."""
        for found in _blocks(self.order).finditer(data, start, stop):
            place = found.start()
            sound = self._sound(data, place, stop, is_end)
            if sound is not False:
                return place, sound is True
        return (stop if is_end else max(start, stop - _BLOCK + 1)), False

    def _sound(self, data: Data, at: int, stop: int, is_end: bool) -> bool | None:
        """Whether a block at `at` is sound; None where that cannot be told yet."""
        if at + 12 > stop:
            return False if is_end else None
        kind, order = struct.unpack_from(self.order + "I", data, at)[0], self.order
        if kind == _SECTION:
            magic = bytes(data[at + 8 : at + 12])
            if magic not in _ORDERS:
                return False
            order = _ORDERS[magic]
        length = struct.unpack_from(order + "I", data, at + 4)[0]
        if length < _LEAST[kind] or length & 3 or length > MAX_FRAME:
            return False
        if kind == _ENHANCED and at + 28 <= stop:
            interface, _, _, captured, original = struct.unpack_from(order + "IIIII", data, at + 8)
            if interface >= self.interfaces or captured > min(original, length - 32) or original > _MOST_ORIGINAL:
                return False
        if at + length > stop:
            return False if is_end else None
        return bool(struct.unpack_from(order + "I", data, at + length - 4)[0] == length)


class Searchable:
    """A stream that knows its position, takes bytes back, and goes on where a search says."""

    def __init__(self, stream: Stream, position: int) -> None:
        self.position = position
        self._stream = stream
        self._held, self._at = b"", 0

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end."""
        if self._at < len(self._held):
            data = self._held[self._at : self._at + size]
            self._at += len(data)
        else:
            data = self._stream.read(size)
        self.position += len(data)
        return data

    def give_back(self, data: bytes) -> None:
        """`data`, which was read last, is to be read again."""
        if self._held[self._at - len(data) : self._at] == data:
            self._at -= len(data)
        else:
            self._held, self._at = data + self._held[self._at :], 0
        self.position -= len(data)

    def skip_damage(self, search: Search) -> int | None:
        """Go to the next sound record. How many bytes were skipped, None where there is none: then all were."""
        skipped, is_end = 0, False
        while True:
            place, sound = search.find(self._held, self._at, len(self._held), is_end)
            skipped += place - self._at
            self._at = place
            if sound or is_end:
                self.position += skipped
                return skipped if sound else None
            more = self._stream.read(1 << 16)
            self._held, self._at = self._held[self._at :] + more, 0
            is_end = not more
