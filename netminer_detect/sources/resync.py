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

import struct
from collections.abc import Iterator, Sequence
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
_FIRST_WINDOW = 1 << 12

Data = bytes | bytearray | mmap
Found = tuple[int, bool]


class Search(Protocol):
    """See the module's contract."""

    def find(self, data: Data, start: int, stop: int, is_end: bool) -> Found: ...


class Stream(Protocol):
    """Anything with `read(size)`."""

    def read(self, size: int, /) -> bytes: ...


def _places(data: Data, marks: Sequence[bytes], start: int, stop: int) -> Iterator[int]:
    """Where one of the marks, all of one length, stands in data[start:stop], in order. What is near is found fast,
    however much there is."""
    window, size = _FIRST_WINDOW, len(marks[0])
    while start + size <= stop:
        end = min(stop, start + window)
        nexts = {mark: data.find(mark, start, end) for mark in marks}
        while found := [place for place in nexts.values() if place >= 0]:
            place = min(found)
            yield place
            nexts.update({mark: data.find(mark, place + 1, end) for mark in marks if nexts[mark] == place})
        start, window = end - size + 1, window * 2


class RecordSearch(Struct, frozen=True):
    """`order`, `fractions` a second, bytes of a record's header, seconds of the last sound record."""

    order: str
    fractions: int
    header_size: int
    seconds: int

    def find(self, data: Data, start: int, stop: int, is_end: bool) -> Found:
        """See the module's contract."""
        # The two higher bytes of the time change once in 18 hours: only where they stand can a record be.
        high, shift = self.seconds >> 16, 2 if self.order == "<" else 0
        marks = [struct.pack(self.order + "H", each & 0xFFFF) for each in range(high - 2, high + 3)]
        for place in _places(data, marks, start + shift, stop):
            sound = self._sound(data, place - shift, stop, is_end)
            if sound is not False:
                return place - shift, sound is True
        return (stop if is_end else max(start, stop - 3)), False

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
        for place in _places(data, [struct.pack(self.order + "I", kind) for kind in _LEAST], start, stop):
            sound = self._sound(data, place, stop, is_end)
            if sound is not False:
                return place, sound is True
        return (stop if is_end else max(start, stop - 3)), False

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
