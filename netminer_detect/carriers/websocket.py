"""Reads WebSocket connections (RFC 6455) and hands each message to a handler.

Contract: `WebSocket(messages)` is a Reader of what follows the upgrade, or of a stream begun before the capture.
Each text or binary message goes to `messages` when its last frame was seen: unmasked, put together, inflated
where it was compressed (RFC 7692; the negotiated parameters are not needed, see `deflate`). Control frames are
passed over, messages beyond MAX_MESSAGE too. A gap within a frame loses its message; one over a frame's head
loses the framing, until a segment begins like a frame of text again. Nothing raises; a direction holds at most
one message and one frame.

`done`: when the handler is, or after ENOUGH_LOST bytes of a side that held no frame, too long or empty ones.
"""

from __future__ import annotations

from typing import Protocol

from netminer_detect.carriers.deflate import Inflater
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side
from netminer_detect.patterns import pattern

# The bound of a line (`messages.MAX_LINE`): longer than any message of a mining dialect.
MAX_MESSAGE = 128 * 1024
ENOUGH_LOST = 1 << 20
_CONTINUATION, _TEXT, _BINARY = 0, 1, 2
_CONTROL = (8, 9, 10)
# How texts of mining begin that are read here: an object, an event of Socket.IO, CoinIMP's disguise of {"type":".
_BEGIN = 8
_FIRSTS = b"{ \t\r\n4s"
_TEXT_BEGINS = pattern(rb"\s*(?:\{\s*(?:\"|\Z)|42[\[/0-9]|suu9sLms)|\s*\Z")


class Messages(Protocol):
    """What takes the messages of one connection."""

    @property
    def done(self) -> bool: ...

    def message(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """A whole message; `mark` is the frame of its last byte."""
        ...

    def gap(self, side: Side) -> list[Observation]:
        """Messages of a side may be missing here."""
        ...

    def close(self) -> list[Observation]:
        """The connection is over."""
        ...


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """The payload of a client's frame (RFC 6455, 5.3)."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


class Head:
    """The head of a frame (5.2): `end` is where its payload begins, `size` the payload's length."""

    __slots__ = ("compressed", "end", "final", "mask", "opcode", "size", "sound")

    def __init__(self, data: bytes | bytearray, end: int, size: int) -> None:
        self.final, self.compressed = data[0] >= 0x80, bool(data[0] & 0x40)
        self.opcode = data[0] & 15
        self.end, self.size = end, size
        self.mask = bytes(data[end - 4 : end]) if data[1] >= 0x80 else b""
        control = self.opcode in _CONTROL
        self.sound = not data[0] & 0x30 and size < 1 << 63 and (
            (self.final and not self.compressed and size < 126) if control else self.opcode <= _BINARY
        )


def pull_head(data: bytes | bytearray) -> Head | None:
    """The head that bytes begin with; None where there are too few."""
    if len(data) < 2:
        return None
    size = data[1] & 0x7F
    extended = {126: 2, 127: 8}.get(size, 0)
    end = 2 + extended + (4 if data[1] >= 0x80 else 0)
    if len(data) < end:
        return None
    return Head(data, end, int.from_bytes(data[2 : 2 + extended], "big") if extended else size)


def begins_websocket(head: bytes) -> bool | None:
    """Whether bytes begin with a whole text message as mining sends them; None while that is open."""
    if head[:1] != b"\x81":
        return False
    frame = pull_head(head)
    if frame is None:
        return None
    begin = head[frame.end : frame.end + _BEGIN]
    if frame.mask:
        begin = unmasked(begin, frame.mask)
    if frame.size < _BEGIN or (begin and begin[0] not in _FIRSTS):
        return False
    return None if len(begin) < _BEGIN else bool(_TEXT_BEGINS.match(begin))


class _Direction:
    """One side's frames. `feed` gives the messages that became whole."""

    __slots__ = ("_begun", "_compressed", "_held", "_inflater", "_message", "_skip", "lost", "strange")

    def __init__(self) -> None:
        self.lost = False
        self.strange = 0
        self._held = bytearray()
        self._message: bytearray | None = None
        self._begun = self._compressed = False
        self._skip = 0
        self._inflater = Inflater(MAX_MESSAGE)

    def feed(self, data: bytes) -> list[bytes]:
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            self.strange += skipped
            data = data[skipped:]
        if self.lost:
            if not begins_websocket(data[:64]):
                self.strange += len(data)
                return []
            self.lost = False
        self._held += data
        found: list[bytes] = []
        while not self.lost and not self._skip:
            frame = pull_head(self._held)
            if frame is None:
                break
            if not frame.sound:
                self._lose()
            elif frame.size > MAX_MESSAGE:
                self._pass_over(frame)
            elif len(self._held) < frame.end + frame.size:
                break
            else:
                payload = bytes(self._held[frame.end : frame.end + frame.size])
                del self._held[: frame.end + frame.size]
                self._take(frame, unmasked(payload, frame.mask) if frame.mask else payload, found)
        return found

    def gap(self, size: int) -> None:
        """Bytes are missing: within a frame that was begun, or where no frame can be told any more."""
        if not self._skip:
            frame = pull_head(self._held)
            if frame is None or not frame.sound:
                self._lose()
                return
            self._pass_over(frame)
        if size > self._skip:
            self._lose()
        else:
            self._skip -= size

    def _lose(self) -> None:
        self.lost, self._skip = True, 0
        self._held.clear()
        self._break_message()

    def _break_message(self) -> None:
        """What was begun will never be whole; nor can what refers to it be inflated."""
        self._message, self._begun = None, False
        self._inflater.forget()

    def _pass_over(self, frame: Head) -> None:
        """Skip the rest of a frame; the message it belongs to is lost."""
        self._skip = frame.end + frame.size - len(self._held)
        if self._skip < 0:
            del self._held[: frame.end + frame.size]
            self._skip = 0
        else:
            self._held.clear()
        if frame.opcode not in _CONTROL:
            self._break_message()
            self._begun = not frame.final

    def _take(self, frame: Head, payload: bytes, found: list[bytes]) -> None:
        if frame.opcode in _CONTROL or not payload:
            self.strange += frame.end + len(payload)
        if frame.opcode in _CONTROL:
            return
        if frame.opcode != _CONTINUATION:
            self._message, self._compressed = bytearray(), frame.compressed
        elif not self._begun:
            self._lose()
            return
        self._begun = not frame.final
        if self._message is not None:
            self._message += payload
            if len(self._message) > MAX_MESSAGE:
                self._message = None
        if frame.final:
            self._end(found)

    def _end(self, found: list[bytes]) -> None:
        message, self._message = self._message, None
        if message is None:
            self._inflater.forget()
            return
        whole = self._inflater.inflate(bytes(message)) if self._compressed else bytes(message)
        if whole:
            found.append(whole)


class WebSocket:
    """See the module's contract."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._directions = {Side.CLIENT: _Direction(), Side.SERVER: _Direction()}
        self._over = False

    @property
    def done(self) -> bool:
        return self._over or self._messages.done

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        if self._over:
            return []
        direction = self._directions[side]
        found: list[Observation] = []
        for message in direction.feed(data):
            found += self._messages.message(side, message, mark)
        if direction.strange > ENOUGH_LOST:
            self._over = True
        return found

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self._directions[side].gap(size)
        return self._messages.gap(side)

    def close(self) -> list[Observation]:
        """See `Reader`."""
        self._over = True
        return self._messages.close()
