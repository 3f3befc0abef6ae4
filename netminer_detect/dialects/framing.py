"""Cuts one direction of a mining socket into messages: JSON lines, and what a few dialects put between them.

Contract: `Framing.feed(data)` gives the messages completed by `data`: lines without their ends, and whole frames of
BTC.com's agent (`agent_frames`). A gzip member where a message would begin is inflated and read as the lines it
holds (EIP-1571 lets both sides turn to gzip). `bodies(message)` turns a message into JSON objects: a line's own,
a frame as an object of its fields, `method~{…}` (Xatum) as {"method": "method~", "params": …}. Nothing raises;
memory is bounded by a line, a frame of 64 KiB and MAX_RATIO. After a gap, reading goes on behind the next line end, or
with a piece of data that begins with a frame or a gzip member.
"""

from __future__ import annotations

import zlib
from typing import Any

from msgspec import Struct, field

from netminer_detect.dialects.agent_frames import HEADER, MAGIC, frame_size, read_frame
from netminer_detect.messages import LineSplitter, read_objects
from netminer_detect.patterns import pattern

_GZIP = b"\x1f\x8b\x08"
# A text compresses by ten, jobs in hex by two; a member that gives more than this is made to hurt.
MAX_RATIO = 64
_FREE = 1 << 16
_CHUNK = 1 << 16
_END = pattern(rb"[\n\r\x00]")
_METHOD = pattern(rb"\s*([a-z]{2,16})~(?=\{)")


class _Member(Struct):
    """A gzip member that is being inflated."""

    inflater: Any = field(default_factory=lambda: zlib.decompressobj(16 + zlib.MAX_WBITS))
    taken: int = 0
    given: int = 0


class Framing(Struct):
    """See the module's contract."""

    _lines: LineSplitter = field(default_factory=LineSplitter)
    _held: bytearray = field(default_factory=bytearray)
    _member: _Member | None = None
    _lost: bool = False

    def feed(self, data: bytes) -> list[bytes]:
        """The messages completed by `data`."""
        if self._lost:
            self._find_again(data)
        if self._member is None and not self._held and MAGIC not in data and _GZIP[:1] not in data:
            return self._lines.feed(data)
        found: list[bytes] = []
        while data:
            data = self._inflate(data, found) if self._member is not None else self._step(data, found)
        return found

    def gap(self) -> bytes:
        """Bytes are missing; gives the beginning of the line that they broke."""
        begun = self._lines.gap()
        self._held.clear()
        self._member, self._lost = None, True
        return begun

    def close(self) -> bytes:
        """The last line, which may lack its LF when the peer closes."""
        return self._lines.close()

    def _find_again(self, data: bytes) -> None:
        """A frame or member at the begin of a segment is a place to go on from."""
        size = frame_size(data) if data[:1] == MAGIC else 0
        framed = size is not None and HEADER < size <= len(data) and data[size : size + 1] in (b"", MAGIC, b"{")
        if framed or data.startswith(_GZIP):
            self._lines, self._lost = LineSplitter(), False
        elif _END.search(data):
            self._lost = False

    def _step(self, data: bytes, found: list[bytes]) -> bytes:
        """Take the next line, frame or begin of a member; gives what is left of the data."""
        if self._held:
            self._held += data
            data = bytes(self._held) if len(self._held) <= HEADER or self._whole() else b""
            if not data:
                return b""
            self._held.clear()
        if self._lines.at_start and data[:1] == MAGIC:
            size = frame_size(data)
            if size is not None:
                if size > len(data):
                    self._held += data
                    return b""
                found.append(data[:size])
                return data[size:]
        elif self._lines.at_start and _GZIP.startswith(data[:3]):
            if len(data) < len(_GZIP):
                self._held += data
                return b""
            self._member = _Member()
            return data
        match = _END.search(data)
        end = match.end() if match else len(data)
        found += self._lines.feed(data[:end])
        return data[end:]

    def _whole(self) -> bool:
        """Whether the frame that is held is complete."""
        size = frame_size(self._held[:HEADER])
        return size is None or size <= len(self._held)

    def _inflate(self, data: bytes, found: list[bytes]) -> bytes:
        """Inflate what the member holds of the data; gives what stands behind it."""
        member = self._member
        assert member is not None
        member.taken += len(data)
        while True:
            try:
                text = member.inflater.decompress(data, _CHUNK)
            except zlib.error:
                self.gap()
                return b""
            member.given += len(text)
            found += self._lines.feed(text)
            if member.inflater.eof:
                # A member is a message where its text ends without LF.
                found += [line for line in (self._lines.close(),) if line]
                self._member = None
                return bytes(member.inflater.unused_data)
            if member.given > _FREE + MAX_RATIO * member.taken:
                self.gap()
                return b""
            data = member.inflater.unconsumed_tail
            if not data and len(text) < _CHUNK:
                return b""


def bodies(message: bytes) -> list[dict[str, Any]]:
    """The JSON objects of a message."""
    if message[:1] == MAGIC and frame_size(message) == len(message) > HEADER:
        frame = read_frame(message)
        return [] if frame is None else [frame]
    match = _METHOD.match(message)
    if match is None:
        return read_objects(message)
    return [{"method": match[1].decode() + "~", "params": params} for params in read_objects(message[match.end():])[:1]]
