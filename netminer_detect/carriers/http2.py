"""Reads HTTP/2 in the clear (prior knowledge) and hands each gRPC message to a handler.

Contract: `Http2(calls)` is a Reader. What the DATA frames of a stream hold is cut into gRPC's messages, each of which
goes to `calls` when its last byte was seen: not compressed ones, and none of more than MAX_MESSAGE bytes. Headers are
not read: the messages tell what they are. Behind a gap frames are found again where a segment begins with one of DATA
that holds one whole message, or with a frame of known size. Nothing raises; a direction holds at most a frame and the
messages of MAX_STREAMS streams, MAX_MESSAGE bytes in all.

Wire (RFC 9113, 3.4, 4.1, 6.1; gRPC over HTTP/2): the client's preface; frames of length 3, kind 1, flags 1, stream 4
bytes; a message is a flag of compression 1, a length 4.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct, field

from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_MESSAGE, MAX_STREAMS = 1 << 20, 64
# Without leave of the other side no frame is longer (6.5.2); few ask for more than this.
MAX_FRAME = 1 << 18
ENOUGH_LOST = 1 << 20
_HEAD, _MESSAGE_HEAD = 9, 5
_DATA, _SETTINGS, _PING, _WINDOW_UPDATE = 0, 4, 6, 8
_PADDED = 8
_SIZES = {_PING: 8, _WINDOW_UPDATE: 4}


def begins_http2(head: bytes) -> bool | None:
    """Whether bytes begin with a client's preface, or with the settings that a server sends first; None while that is
    open."""
    if head[:1] == PREFACE[:1]:
        return head.startswith(PREFACE) or (None if PREFACE.startswith(head) else False)
    settings = head[:_HEAD]
    if any(byte for at, byte in enumerate(settings) if at not in (2, 3)) or settings[3:4] not in (b"", b"\x04"):
        return False
    if len(settings) > 2 and settings[2] % 6:
        return False
    return True if len(settings) == _HEAD else None


class Calls(Protocol):
    """What takes the messages of one connection."""

    @property
    def done(self) -> bool: ...

    def message(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """A whole message; `mark` is the frame of its last byte."""
        ...

    def gap(self, side: Side) -> list[Observation]:
        """Messages of a side may be missing here."""
        ...


class _Stream(Struct):
    """The messages of one stream of one direction."""

    held: bytearray = field(default_factory=bytearray)
    skip: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        found: list[bytes] = []
        while data:
            if self.skip:
                self.skip, data = max(0, self.skip - len(data)), data[self.skip :]
                continue
            self.held += data
            data = b""
            if len(self.held) < _MESSAGE_HEAD:
                break
            size = _MESSAGE_HEAD + int.from_bytes(self.held[1:5], "big")
            if self.held[0] or size > MAX_MESSAGE:
                self.skip, data = size, bytes(self.held)
                self.held.clear()
            elif len(self.held) >= size:
                found.append(bytes(self.held[_MESSAGE_HEAD:size]))
                data = bytes(self.held[size:])
                self.held.clear()
        return found


class _Direction(Struct):
    """The frames of one direction."""

    lost: bool = False
    passed: int = 0
    preface: bool = True
    held: bytearray = field(default_factory=bytearray)
    streams: dict[int, _Stream] = field(default_factory=dict)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages completed by `data`."""
        if self.lost:
            self.passed += len(data)
            if not _is_sound(data):
                return []
            self.lost, self.passed = False, 0
        self.held += data
        if self.preface and not self._past_preface():
            return []
        found: list[bytes] = []
        at = 0
        while len(self.held) - at >= _HEAD:
            size = _HEAD + int.from_bytes(self.held[at : at + 3], "big")
            if size > MAX_FRAME:
                self.lose()
                return found
            if len(self.held) - at < size:
                break
            found += self._frame(bytes(self.held[at : at + size]))
            at += size
        del self.held[:at]
        return found

    def lose(self) -> None:
        """Where the next frame begins is not known."""
        self.lost, self.preface = True, False
        self.held.clear()
        self.streams.clear()

    def _past_preface(self) -> bool:
        """Only the client says it; the server's side begins with a frame."""
        if self.held.startswith(PREFACE):
            del self.held[: len(PREFACE)]
        elif PREFACE.startswith(self.held):
            return False
        self.preface = False
        return True

    def _frame(self, frame: bytes) -> list[bytes]:
        kind, flags, stream = frame[3], frame[4], int.from_bytes(frame[5:9], "big") & 0x7FFFFFFF
        if kind != _DATA:
            return []
        payload = frame[_HEAD:]
        if flags & _PADDED and payload:
            payload = payload[1 : max(1, len(payload) - payload[0])]
        known = self.streams.get(stream)
        if known is None:
            if len(self.streams) >= MAX_STREAMS:
                del self.streams[next(iter(self.streams))]
            known = self.streams[stream] = _Stream()
        found = known.feed(payload)
        if sum(len(one.held) for one in self.streams.values()) > MAX_MESSAGE:
            self.streams.clear()
        return found


def _is_sound(data: bytes) -> bool:
    """Whether a segment surely begins with a frame."""
    if len(data) < _HEAD + 4 or data[5] & 0x80:
        return False
    size, kind = int.from_bytes(data[:3], "big"), data[3]
    if kind != _DATA:
        return _SIZES.get(kind) == size and len(data) >= _HEAD + size
    message = data[_HEAD : _HEAD + _MESSAGE_HEAD]
    return size >= _MESSAGE_HEAD and message == (size - _MESSAGE_HEAD).to_bytes(_MESSAGE_HEAD, "big")


class Http2:
    """See the module's contract."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._directions = {side: _Direction() for side in Side}

    @property
    def done(self) -> bool:
        return self._calls.done or all(one.passed > ENOUGH_LOST for one in self._directions.values())

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        found: list[Observation] = []
        for message in self._directions[side].feed(data):
            found += self._calls.message(side, message, mark)
        return found

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self._directions[side].lose()
        return self._calls.gap(side)

    def close(self) -> list[Observation]:
        """See `Reader`."""
        return []
