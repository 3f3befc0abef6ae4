"""Cuts one direction of an HTTP/1 connection into messages.

Contract: `HttpParser(side, on_head, on_end)`; `feed(data, mark)` calls `on_head(message)` when a head is
over, which says how the body is told from what follows, and `on_end(message)` when a message is over.
After `Body.STOP` nothing more is read: `feed` gives back the bytes behind the head. `gap(size)` keeps the
framing where the missing bytes are inside a body of known length, and says whether it could; else the next
thing that looks like a start line begins a new message. `close()` ends what was begun, `end_endless()` a body
without a length. Nothing raises; at
most MAX_LINE bytes are held besides the message itself.

Framing is that of RFC 9112, 6 and 7.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from netminer_detect.carriers.http_message import Incoming, start_line
from netminer_detect.marks import Mark
from netminer_detect.observations import Side

MAX_LINE = 16 * 1024
# A head of more lines is no head.
_MAX_HEAD_LINES = 1000
_ENDLESS = 1 << 62


class Body(Enum):
    """What follows a head."""

    NONE = "none"
    BY_HEADERS = "by headers"
    STOP = "stop"


class HttpParser:
    """See the module's contract. `garbage` counts lines that belong to no message, since the last message."""

    __slots__ = (
        "_left",
        "_line",
        "_lines",
        "_mark",
        "_message",
        "_on_end",
        "_on_head",
        "_step",
        "_stopped",
        "garbage",
        "side",
    )  # fmt: skip

    def __init__(self, side: Side, on_head: Callable[[Incoming], Body], on_end: Callable[[Incoming], None]) -> None:
        self.side = side
        self.garbage = 0
        self._on_head, self._on_end = on_head, on_end
        self._mark = Mark(0, None, None, None)
        self._stopped = False
        self._restart()

    def _restart(self) -> None:
        self._line = bytearray()
        self._step: Callable[[bytes], None] = self._start
        self._message: Incoming | None = None
        self._left = 0
        self._lines = 0

    def feed(self, data: bytes, mark: Mark) -> bytes:
        """Read on; return what stands behind the head that stopped the parser."""
        self._mark = mark
        self._stopped = False
        at = 0
        while at < len(data):
            if self._left:
                at += self._take_body(data[at : at + self._left] if at else data[: self._left])
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._hold(data[at:])
                break
            line = data[at:end]
            if self._line:
                self._hold(line)
                line, self._line = bytes(self._line), bytearray()
            at = end + 1
            self._step(line[:-1] if line[-1:] == b"\r" else line)
            if self._stopped:
                return data[at:]
        return b""

    def gap(self, size: int) -> bool:
        """Bytes are missing; whether the framing outlived it."""
        if size <= 0:
            return True
        if self._message is not None:
            self._message.cut = True
        if self._left >= size:
            self._left -= size
            if not self._left:
                self._body_read()
            return True
        self._finish(whole=False)
        return False

    def close(self) -> None:
        """The direction is over: a body that runs up to the end is whole, all else is cut."""
        self._finish(whole=self._left > _ENDLESS >> 1)

    def end_endless(self) -> None:
        """Another request shows that the connection lives: a body that was to run up to its end is over."""
        if self._left > _ENDLESS >> 1:
            self._finish(whole=True)

    def rest(self) -> bytes:
        """Give up the start of a line that is held."""
        line, self._line = bytes(self._line), bytearray()
        return line

    def _hold(self, part: bytes) -> None:
        room = MAX_LINE - len(self._line)
        if room > 0:
            self._line += part[:room]

    def _finish(self, whole: bool) -> None:
        """Hand over the message at hand, if any, and look for the next. A head that was cut counts as far as its
        lines are whole."""
        message, cut_head = self._message, self._step == self._header
        self._restart()
        if message is None:
            return
        message.ended, message.complete = True, whole
        message.mark = self._mark
        if not cut_head or self._on_head(message) is not Body.STOP:
            self._on_end(message)

    def _start(self, line: bytes) -> None:
        message = start_line(line, self.side, self._mark) if len(line) >= 12 else None
        if message is not None:
            self._message, self._step = message, self._header
            self.garbage = 0
        else:
            self.garbage += 1

    def _header(self, line: bytes) -> None:
        message = self._message
        assert message is not None
        self._lines += 1
        if line:
            if self._lines > _MAX_HEAD_LINES:
                self._restart()
            else:
                message.add_header(line)
            return
        message.mark = self._mark
        body = self._on_head(message)
        self._step = self._start
        if body is Body.STOP:
            self._restart()
            self._stopped = True
        elif body is Body.NONE:
            self._finish(whole=True)
        else:
            self._begin_body(message)

    def _begin_body(self, message: Incoming) -> None:
        if message.chunked:
            self._step = self._chunk_size
            return
        # A request without a length has no body, a response runs up to the end of the connection.
        self._left = message.length if message.length is not None else 0 if message.method else _ENDLESS
        if not self._left:
            self._finish(whole=True)

    def _take_body(self, part: bytes) -> int:
        assert self._message is not None
        self._message.add_body(part)
        self._left -= len(part)
        if not self._left:
            self._body_read()
        return len(part)

    def _body_read(self) -> None:
        if self._step != self._chunk_end:
            self._finish(whole=True)

    def _chunk_size(self, line: bytes) -> None:
        digits = line.partition(b";")[0].strip()
        try:
            size = int(digits, 16) if 0 < len(digits) <= 12 and digits.isalnum() else -1
        except ValueError:
            size = -1
        if size < 0:
            self._finish(whole=False)
        elif size == 0:
            self._step = self._trailer
        else:
            self._left, self._step = size, self._chunk_end

    def _chunk_end(self, line: bytes) -> None:
        if line:
            self._finish(whole=False)
        else:
            self._step = self._chunk_size

    def _trailer(self, line: bytes) -> None:
        self._lines += 1
        if not line or self._lines > _MAX_HEAD_LINES:
            self._finish(whole=not line)
