"""Reads pcap and pcapng streams into frames, front to back, from anything that can be read.

Contract: `read_frames(stream, path)` yields a `Frame` for each captured frame in file order. Frame
numbers count as Wireshark counts, from 1. What breaks in the middle is told through `warn` once, and
all frames before it have been yielded; a stream that is no capture at all raises `CaptureError`.
Memory is bounded by MAX_RECORD bytes, whatever lengths the file claims.

pcap (draft-ietf-opsawg-pcap): 24-byte header (magic u32, major u16, minor u16, zone i32, sigfigs u32,
snap length u32, link type u32), then records of 16 bytes (seconds u32, fraction u32, captured u32,
original u32) and the captured bytes. The magic tells byte order and whether the fraction is µs or ns.
The variant of Alexey Kuznetzov (magic a1b2cd34) has 8 further header bytes a record.

pcapng (draft-ietf-opsawg-pcapng): blocks of type u32, length u32, body, length u32; each section header
(0a0d0d0a) sets the byte order and forgets the interfaces of the section before it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import Struct, field

from netminer_detect.errors import CaptureError

# libpcap's MAXIMUM_SNAPLEN for most link types is 262 144; usbmon and D-Bus captures hold up to 128 MiB.
# 16 MiB holds any network frame, and bounds what a hostile length can make us allocate.
MAX_RECORD = 16 * 1024 * 1024
NS = 1_000_000_000

PCAP_MAGICS = {
    b"\xa1\xb2\xc3\xd4": (">", 1000, 16),
    b"\xd4\xc3\xb2\xa1": ("<", 1000, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\xcd\x34": (">", 1000, 24),
    b"\x34\xcd\xb2\xa1": ("<", 1000, 24),
}
SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _OBSOLETE_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET = 1, 2, 3, 6
_OPTION_TSRESOL, _OPTION_TSOFFSET = 9, 14


class Readable(Protocol):
    """Anything with `read(size)` and `readinto(buffer)`: a file, a pipe, an inflating reader."""

    def read(self, size: int, /) -> bytes: ...

    def readinto(self, buffer: memoryview, /) -> int: ...


class Frame(Struct, frozen=True):
    """One captured frame.

    number: Wireshark's frame number, from 1. time_ns: UTC nanoseconds since 1970, None where the
    capture gives none (simple packet block) or one beyond the years 1970 to 2262. original_length: bytes on
    the wire; `data` may be shorter. offset: where the frame's record begins in the (inflated) capture.
    """

    number: int
    time_ns: int | None
    link_type: int
    original_length: int
    data: bytes
    offset: int = 0


class Interface(Struct):
    """What a pcapng interface description says: units of time and the frames' link type."""

    link_type: int
    snap_length: int
    ticks_per_s: int = 1_000_000
    offset_s: int = 0

    def time_ns(self, ticks: int) -> int | None:
        time_ns = ticks * NS // self.ticks_per_s + self.offset_s * NS
        return time_ns if 0 <= time_ns < 1 << 63 else None


class _Counting:
    """A stream that knows how much was read of it, piece by piece."""

    def __init__(self, stream: Readable, before: int) -> None:
        self._stream = stream
        self.position = before

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self.position += len(data)
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._stream.readinto(buffer)
        self.position += count
        return count


class Section(Struct):
    """State of one pcapng section."""

    order: str
    interfaces: list[Interface] = field(default_factory=list)


def _ignore(_: str) -> None:
    """The default listener for warnings."""


def read_exactly(stream: Readable, size: int) -> bytes:
    """Read `size` bytes; fewer only where the stream ends. A pipe may answer in pieces."""
    first = stream.read(size)
    if len(first) == size or not first:
        return first
    pieces, missing = [first], size - len(first)
    while missing:
        piece = stream.read(missing)
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def read_frames(stream: Readable, path: str, warn: Callable[[str], None] = _ignore) -> Iterator[Frame]:
    """Yield the frames of a capture. Raises CaptureError where `stream` is neither pcap nor pcapng."""
    magic = read_exactly(stream, 4)
    if not magic:
        raise CaptureError(path, "the file is empty")
    if magic == SECTION_MAGIC:
        return _read_pcapng(_Counting(stream, 4), path, warn)
    if magic in PCAP_MAGICS:
        return _read_pcap(stream, path, magic, warn)
    raise CaptureError(path, "not a capture (neither pcap nor pcapng)")


def _read_pcap(stream: Readable, path: str, magic: bytes, warn: Callable[[str], None]) -> Iterator[Frame]:
    order, unit_ns, header_size = PCAP_MAGICS[magic]
    rest = read_exactly(stream, 20)
    if len(rest) < 20:
        raise CaptureError(path, "the pcap header is cut short")
    # The upper bits hold the length of a frame check sequence (LINKTYPE is the lower 16 bits).
    link_type = struct.unpack_from(order + "I", rest, 16)[0] & 0xFFFF
    record = struct.Struct(order + "IIII")
    number, offset = 0, 24
    while header := read_exactly(stream, header_size):
        number += 1
        if len(header) < header_size:
            warn(f"{path}: the capture ends inside the header of frame {number}")
            return
        seconds, fraction, captured, original = record.unpack_from(header)
        if captured > MAX_RECORD:
            warn(f"{path}: frame {number} claims {captured} bytes; the rest of the file is damaged")
            return
        data = read_exactly(stream, captured)
        yield Frame(number, seconds * NS + fraction * unit_ns, link_type, original, data, offset)
        offset += header_size + captured
        if len(data) < captured:
            warn(f"{path}: the capture ends inside frame {number}")
            return


def _read_pcapng(stream: _Counting, path: str, warn: Callable[[str], None]) -> Iterator[Frame]:
    section: Section | None = None
    head, number = SECTION_MAGIC, 0
    while head:
        if head == SECTION_MAGIC:
            section = _open_section(stream, path, section, warn)
            if section is None:
                return
            head = read_exactly(stream, 4)
            continue
        assert section is not None
        offset = stream.position - 4
        body = _read_body(stream, section.order, path, warn) if len(head) == 4 else None
        if body is None:
            if len(head) < 4:
                warn(f"{path}: the capture ends inside a block header")
            return
        kind = struct.unpack(section.order + "I", head)[0]
        if kind == _INTERFACE:
            add_interface(section, body)
        elif kind in (_ENHANCED_PACKET, _SIMPLE_PACKET, _OBSOLETE_PACKET):
            number += 1
            frame = read_packet(section, kind, body, number, offset)
            if frame is None:
                warn(f"{path}: frame {number} is damaged and was left out")
            else:
                yield frame
        head = read_exactly(stream, 4)


def _open_section(
    stream: Readable, path: str, before: Section | None, warn: Callable[[str], None]
) -> Section | None:
    """Read a section header behind its type. The first broken one is no capture; a later one a warning."""
    rest = read_exactly(stream, 8)
    order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(rest[4:8])
    length = struct.unpack_from((order or "<") + "I", rest)[0] if len(rest) == 8 else 0
    if order is None or length < 28 or length > MAX_RECORD or len(read_exactly(stream, length - 12)) < length - 12:
        if before is None:
            raise CaptureError(path, "the pcapng section header is damaged")
        warn(f"{path}: a later section header is damaged; what follows it was not read")
        return None
    return Section(order)


def _read_body(stream: Readable, order: str, path: str, warn: Callable[[str], None]) -> bytes | None:
    """Read a block behind its type; None, with a warning, where the file breaks."""
    raw = read_exactly(stream, 4)
    length = struct.unpack(order + "I", raw)[0] if len(raw) == 4 else 0
    if length < 12 or length > MAX_RECORD:
        warn(f"{path}: a block claims {length} bytes; the rest of the file is damaged")
        return None
    padded = (length + 3) & ~3
    body = read_exactly(stream, padded - 8)
    if len(body) < padded - 8:
        warn(f"{path}: the capture ends inside a block")
        return None
    return body[: length - 12]


def add_interface(section: Section, body: bytes) -> None:
    if len(body) < 8:
        section.interfaces.append(Interface(link_type=-1, snap_length=0))
        return
    link_type, _, snap_length = struct.unpack_from(section.order + "HHI", body)
    interface = Interface(link_type, snap_length)
    position = 8
    while position + 4 <= len(body):
        code, size = struct.unpack_from(section.order + "HH", body, position)
        value = body[position + 4 : position + 4 + size]
        if code == 0 or len(value) < size:
            break
        if code == _OPTION_TSRESOL and size == 1:
            # Bit 7 clear: a power of ten; set: a power of two. The exponent is hostile: 10^127 is harmless.
            interface.ticks_per_s = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _OPTION_TSOFFSET and size == 8:
            interface.offset_s = struct.unpack(section.order + "q", value)[0]
        position += 4 + ((size + 3) & ~3)
    section.interfaces.append(interface)


def read_packet(section: Section, kind: int, body: bytes, number: int, offset: int) -> Frame | None:
    """Decode a packet block; None where it is too short or names no known interface."""
    order, time_ns = section.order, None
    if kind == _SIMPLE_PACKET:
        if len(body) < 4 or not section.interfaces:
            return None
        interface, start = section.interfaces[0], 4
        original = struct.unpack_from(order + "I", body)[0]
        captured = min(original, interface.snap_length or original, len(body) - 4)
    else:
        if len(body) < 20:
            return None
        layout = "IIIII" if kind == _ENHANCED_PACKET else "HxxIIII"
        index, high, low, captured, original = struct.unpack_from(order + layout, body)
        if index >= len(section.interfaces) or captured > len(body) - 20:
            return None
        interface, start = section.interfaces[index], 20
        time_ns = interface.time_ns(high << 32 | low)
    return Frame(number, time_ns, interface.link_type, original, body[start : start + captured], offset)
