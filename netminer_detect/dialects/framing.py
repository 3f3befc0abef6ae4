"""Cuts one direction of a mining socket into messages: JSON lines, and what a few dialects put between them.

Contract: `Framing.feed(data)` gives the messages completed by `data`: lines without their ends, and whole frames of
BTC.com's agent (`agent_frames`). A gzip member where a message would begin is inflated and read as the lines it
holds (EIP-1571 lets both sides turn to gzip). `bodies(message)` turns a message into JSON objects: a line's own,
a frame as an object of its fields, `method~{…}` (Xatum) as {"method": "method~", "params": …}. Nothing raises;
memory is bounded by a line and a frame of 64 KiB, and members hold no more than `deflate.most_of`. After a gap,
reading goes on behind the next line end, or with a piece of data that begins with a frame or a gzip member.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from netminer_detect.carriers.deflate import most_of
from netminer_detect.dialects.agent_frames import HEADER, MAGIC, frame_size, read_frame
from netminer_detect.messages import LineSplitter, read_objects
from netminer_detect.patterns import pattern

_GZIP = b"\x1f\x8b\x08"
_CHUNK = 1 << 16
_END = pattern(rb"[\n\r\x00]")
_METHOD = pattern(rb"\s*([a-z]{2,16})~(?=\{)")


class _Member(Struct):
    """A gzip member that is being inflated; `more` says that it holds more than was given."""

    inflater: Any = field(default_factory=lambda: zlib.decompressobj(16 + zlib.MAX_WBITS))
    more: bool = False


class Framing(Struct):
    """See the module's contract."""

    _lines: LineSplitter = field(default_factory=LineSplitter)
    _held: bytearray = field(default_factory=bytearray)
    _member: _Member | None = None
    _lost: bool = False
    # Bytes of all members, as they came and inflated.
    _taken: int = 0
    _given: int = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages completed by `data`, made as they are taken: all are to be, before the next are fed."""
        if self._lost:
            self._find_again(data)
        if self._member is None and not self._held and MAGIC not in data and _GZIP[:1] not in data:
            yield from self._lines.feed(data)
            return
        while data or (self._member is not None and self._member.more):
            data, messages = self._step(data) if self._member is None else self._inflate(data)
            yield from messages

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

    def _step(self, data: bytes) -> tuple[bytes, list[bytes]]:
        """Take the next line, frame or begin of a member; gives what is left of the data, and the messages."""
        if self._held:
            self._held += data
            data = bytes(self._held) if len(self._held) <= HEADER or self._whole() else b""
            if not data:
                return b"", []
            self._held.clear()
        if self._lines.at_start and data[:1] == MAGIC:
            size = frame_size(data)
            if size is not None:
                if size > len(data):
                    self._held += data
                    return b"", []
                return data[size:], [data[:size]]
        elif self._lines.at_start and _GZIP.startswith(data[:3]):
            if len(data) < len(_GZIP):
                self._held += data
                return b"", []
            self._member = _Member()
            return data, []
        match = _END.search(data)
        end = match.end() if match else len(data)
        return data[end:], self._lines.feed(data[:end])

    def _whole(self) -> bool:
        """Whether the frame that is held is complete."""
        size = frame_size(self._held[:HEADER])
        return size is None or size <= len(self._held)

    def _inflate(self, data: bytes) -> tuple[bytes, list[bytes]]:
        """Inflate some of what the member holds of the data; gives what is left, and the messages."""
        member = self._member
        assert member is not None
        try:
            text = member.inflater.decompress(data, _CHUNK)
        except zlib.error:
            self.gap()
            return b"", []
        rest = bytes(member.inflater.unused_data or member.inflater.unconsumed_tail)
        self._taken += len(data) - len(rest)
        self._given += len(text)
        member.more = len(text) == _CHUNK and not member.inflater.eof
        if self._given > most_of(self._taken):
            self.gap()
            return b"", []
        messages = self._lines.feed(text)
        if member.inflater.eof:
            # A member is a message where its text ends without LF.
            messages += [line for line in (self._lines.close(),) if line]
            self._member = None
        return rest, messages


def bodies(message: bytes) -> list[dict[str, Any]]:
    """The JSON objects of a message."""
    if message[:1] == MAGIC and frame_size(message) == len(message) > HEADER:
        frame = read_frame(message)
        return [] if frame is None else [frame]
    match = _METHOD.match(message)
    if match is None:
        return read_objects(message)
    return [{"method": match[1].decode() + "~", "params": params} for params in read_objects(message[match.end():])[:1]]
