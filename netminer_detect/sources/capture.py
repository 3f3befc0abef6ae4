"""Reads pcap and pcapng streams into frames, front to back, from anything that can be read.

Contract: `read_frames(stream, path)` yields a `Frame` for each captured frame in file order. Frame numbers count as
Wireshark counts, from 1 (in pcapng it numbers some other blocks, too). What is damaged in the middle is told through
`warn`, and left out up to the next sound record (see `resync`), from where on frames have no numbers: Wireshark reads
no farther. A stream that is no capture at all raises `CaptureError`. Memory is bounded by MAX_RECORD bytes, whatever
lengths the file claims.

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
from netminer_detect.sources.resync import MAX_FRAME, BlockSearch, RecordSearch, Searchable, Stream

# Blocks of names or keys may be long; this bounds what a hostile length can make us allocate.
MAX_RECORD = 16 * 1024 * 1024
# As many as pcapng's older blocks can name.
MAX_INTERFACES = 1 << 16
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
# Blocks that Wireshark numbers like frames: systemd's journal, custom blocks, events of sysdig.
NUMBERED = frozenset((9, 0xBAD, 0x4000_0BAD, 0x204, 0x216, 0x221))
_OPTION_TSRESOL, _OPTION_TSOFFSET = 9, 14


class Readable(Protocol):
    """Anything with `read(size)` and `readinto(buffer)`: a file, a pipe, an inflating reader."""

    def read(self, size: int, /) -> bytes: ...

    def readinto(self, buffer: memoryview, /) -> int: ...


class Frame(Struct, frozen=True):
    """One captured frame.

    number: Wireshark's frame number, from 1; 0 behind a damage, where it has none. time_ns: UTC nanoseconds
    since 1970, None where the capture gives none (simple packet block) or one beyond the years 1970 to 2262.
    original_length: bytes on the wire; `data` may be shorter. offset: where the frame's record begins in the
    (inflated) capture.
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


class Section(Struct):
    """State of one pcapng section."""

    order: str
    interfaces: list[Interface] = field(default_factory=list)


def _ignore(_: str) -> None:
    """The default listener for warnings."""


def read_exactly(stream: Stream, size: int) -> bytes:
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

    def tell(what: str) -> None:
        warn(f"{path}: {what}")

    if magic == SECTION_MAGIC:
        return _read_pcapng(Searchable(stream, 4), path, tell)
    if magic in PCAP_MAGICS:
        return _read_pcap(Searchable(stream, 4), path, magic, tell)
    raise CaptureError(path, "not a capture (neither pcap nor pcapng)")


def name_frame(number: int, offset: int) -> str:
    """How a message names a frame."""
    return f"frame {number}" if number else f"the frame at byte {offset}"


def damage(what: str, skipped: int | None) -> str:
    """The message about a damage, behind which so many bytes were skipped, or (None) all."""
    if skipped is None:
        return f"{what}; the rest of the file is damaged"
    return f"{what}; {skipped} bytes were skipped, and frames behind them have no number"


def _read_pcap(stream: Searchable, path: str, magic: bytes, tell: Callable[[str], None]) -> Iterator[Frame]:
    order, unit_ns, header_size = PCAP_MAGICS[magic]
    rest = read_exactly(stream, 20)
    if len(rest) < 20:
        raise CaptureError(path, "the pcap header is cut short")
    # The upper bits hold the length of a frame check sequence (LINKTYPE is the lower 16 bits).
    link_type = struct.unpack_from(order + "I", rest, 16)[0] & 0xFFFF
    record = struct.Struct(order + "IIII")
    number, step, last_s = 0, 1, None
    while header := read_exactly(stream, header_size):
        number += step
        offset = stream.position - len(header)
        name = name_frame(number, offset)
        if len(header) < header_size:
            tell(f"the capture ends inside the header of {name}")
            return
        seconds, fraction, captured, original = record.unpack_from(header)
        data = read_exactly(stream, captured) if captured <= MAX_FRAME else b""
        if len(data) == captured:
            yield Frame(number, seconds * NS + fraction * unit_ns, link_type, original, data, offset)
            # Two captures run together: the head of the second passes for a record of nothing, in the year 2055.
            last_s = seconds if captured else last_s
            continue
        # Cut, or a length that is none: what another frame begins behind is a damage.
        stream.give_back(header[1:] + data)
        search = None if last_s is None else RecordSearch(order, NS // unit_ns, header_size, last_s)
        skipped = None if search is None else stream.skip_damage(search)
        if skipped is None and captured <= MAX_FRAME:
            yield Frame(number, seconds * NS + fraction * unit_ns, link_type, original, data, offset)
            tell(f"the capture ends inside {name}")
            return
        tell(damage(f"{name} claims {captured} bytes", None if skipped is None else skipped + 1))
        if skipped is None:
            return
        number = step = 0


def _read_pcapng(stream: Searchable, path: str, tell: Callable[[str], None]) -> Iterator[Frame]:
    section = _open_section(stream)
    if section is None:
        raise CaptureError(path, "the pcapng section header is damaged")
    number, step = 0, 1
    while head := read_exactly(stream, 4):
        offset = stream.position - len(head)
        # Behind a damage a longer block is no block: each would be read whole, only to be given back.
        longest = MAX_RECORD if step else MAX_FRAME
        if head == SECTION_MAGIC:
            opened = _open_section(stream, longest)
            section, block = opened or section, None if opened else _Block(what="a later section header is damaged")
        else:
            block = _read_block(stream, head, section.order, longest)
        if block is not None and block.what:
            skipped = stream.skip_damage(BlockSearch(section.order, len(section.interfaces)))
            if skipped is None:
                tell(block.ends or damage(block.what, None))
                return
            tell(damage(block.what, skipped + 1))
            number = step = 0
        elif block is not None and block.kind == _INTERFACE:
            add_interface(section, block.body)
        elif block is not None and block.kind in (_ENHANCED_PACKET, _SIMPLE_PACKET, _OBSOLETE_PACKET):
            number += step
            frame = read_packet(section, block.kind, block.body, number, offset)
            if frame is None:
                tell(f"{name_frame(number, offset)} is damaged and was left out")
            else:
                yield frame
        elif block is not None and block.kind in NUMBERED:
            number += step


class _Block(Struct):
    """A block, or `what` is wrong with it, and how that is told where the capture just `ends`."""

    kind: int = 0
    body: bytes = b""
    what: str = ""
    ends: str = ""


def _open_section(stream: Searchable, longest: int = MAX_RECORD) -> Section | None:
    """Read a section header behind its type. None where it is none: all of it but a byte is given back."""
    rest = read_exactly(stream, 8)
    order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(rest[4:8])
    length = struct.unpack_from((order or "<") + "I", rest)[0] if len(rest) == 8 else 0
    more = read_exactly(stream, length - 12) if order is not None and 28 <= length <= longest else b""
    if len(more) == length - 12:
        return Section(order or "<")
    stream.give_back(SECTION_MAGIC[1:] + rest + more)
    return None


def _read_block(stream: Searchable, head: bytes, order: str, longest: int) -> _Block:
    """Read a block behind its type. Where it is damaged all of it but a byte is given back."""
    raw = read_exactly(stream, 4)
    if len(raw) < 4:
        return _Block(what="a block header is cut", ends="the capture ends inside a block header")
    length = struct.unpack(order + "I", raw)[0]
    what, ends, body, padded = f"a block claims {length} bytes", "", b"", (length + 3) & ~3
    if 12 <= length <= longest:
        body = read_exactly(stream, padded - 8)
        if len(body) < padded - 8:
            ends = "the capture ends inside a block"
        elif length & 3 or body[-4:] == raw:
            return _Block(struct.unpack(order + "I", head)[0], body[: length - 12])
        else:
            what = "a block's lengths do not agree"
    stream.give_back(head[1:] + raw + body)
    return _Block(what=what, ends=ends)


def add_interface(section: Section, body: bytes) -> None:
    """Note an interface of the section; MAX_INTERFACES are kept."""
    if len(section.interfaces) >= MAX_INTERFACES:
        return
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
