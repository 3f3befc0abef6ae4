"""Puts one direction of a TCP flow in order: segments in, bytes and gaps out, in bounded memory.

Contract: feed segments in the order of capture with `segment(...)`; it returns what became readable, in
stream order: `Data` (bytes, and the frame that completed them) and `Gap` (bytes that the capture does not
hold). `close()` gives up waiting and returns the rest. Nothing raises; memory is at most `max_held` bytes
of payload and MAX_PIECES pieces a direction. A gap may lose facts, it never joins bytes that do not belong
together.

Where bytes overlap, those that came first are kept (as most hosts do, and a retransmission is the same
anyway). Sequence numbers wrap (RFC 9293, 3.4): positions here are 64-bit offsets from the first byte seen,
chosen as the nearest to what is expected. A capture that starts in the middle of a stream starts at the
first segment that carries data.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter

from msgspec import Struct, field

from netminer_detect.marks import Mark

# A mining message is at most some 100 kB; a window of 256 KiB bridges any reordering seen in practice.
DEFAULT_MAX_HELD = 256 * 1024
MAX_PIECES = 512
# A segment farther off than this from the expected place is from another connection or a forgery.
_MAX_JUMP = 1 << 30


_start = attrgetter("start")


class Data(Struct, frozen=True):
    """Bytes in order. `mark` is the frame that carried their last byte."""

    data: bytes
    mark: Mark


class Gap(Struct, frozen=True):
    """`size` bytes are missing here."""

    size: int


class _Piece(Struct):
    """A segment that waits for what comes before it. `missing` bytes behind it were not captured."""

    start: int
    data: bytes
    missing: int
    mark: Mark

    @property
    def end(self) -> int:
        return self.start + len(self.data)


class Stream(Struct):
    """One direction. `held` counts waiting bytes, `lost` bytes told as gaps."""

    max_held: int = DEFAULT_MAX_HELD
    held: int = 0
    lost: int = 0
    _origin: int | None = None
    _next: int = 0
    _waiting: list[_Piece] = field(default_factory=list)

    def start(self, sequence: int) -> None:
        """A SYN was seen: the first byte has the sequence number after its own."""
        if self._origin is None:
            self._origin = (sequence + 1) & 0xFFFFFFFF

    @property
    def unread(self) -> bool:
        """Whether the direction's first byte is known and neither it nor any other was read."""
        return self._origin is not None and not self._next and not self._waiting

    def begin_at(self, sequence: int) -> None:
        """Of an unread direction, what comes before this will not come: it begins here, and that is no gap."""
        self._next = max(self._next, self._position(sequence))

    def segment(self, sequence: int, data: bytes, missing: int, mark: Mark) -> list[Data | Gap]:
        """Take a segment of `data` and `missing` uncaptured bytes behind it; return what is now readable."""
        if not data and not missing:
            return []
        if self._origin is None:
            self._origin = sequence
        start = self._position(sequence)
        if abs(start - self._next) > _MAX_JUMP:
            return []
        self._insert(_Piece(start, data, missing, mark))
        out = self._drain()
        while self.held > self.max_held or len(self._waiting) > MAX_PIECES:
            out += self._skip_hole()
        return out

    def ahead(self, acknowledgement: int) -> int:
        """How many bytes of this direction its receiver had that were not readable yet; 0 where that is unknown."""
        if self._origin is None:
            return 0
        return self._position(acknowledgement) - self._next

    def give_up(self, acknowledgement: int) -> list[Data | Gap]:
        """Wait no longer for what the receiver has acknowledged: it was sent, and the capture lacks it."""
        out: list[Data | Gap] = []
        while self._waiting and self._waiting[0].start <= self._position(acknowledgement):
            out += self._skip_hole()
        return out

    def close(self) -> list[Data | Gap]:
        """The flow is over: return all that waits, with the gaps between."""
        out: list[Data | Gap] = []
        while self._waiting:
            out += self._skip_hole()
        return out

    def _position(self, sequence: int) -> int:
        """The 64-bit offset nearest to the next expected one."""
        assert self._origin is not None
        ahead = (sequence - self._origin - self._next) & 0xFFFFFFFF
        return self._next + (ahead - (1 << 32) if ahead & 0x80000000 else ahead)

    def _insert(self, piece: _Piece) -> None:
        waiting = self._waiting
        if waiting and waiting[-1].start > piece.start:
            waiting.insert(bisect_right(waiting, piece.start, key=_start), piece)
        else:
            waiting.append(piece)
        self.held += len(piece.data)

    def _drain(self) -> list[Data | Gap]:
        """Give out pieces that begin at or before the expected offset."""
        out: list[Data | Gap] = []
        while self._waiting and self._waiting[0].start <= self._next:
            piece = self._waiting.pop(0)
            self.held -= len(piece.data)
            fresh = piece.data[self._next - piece.start :]
            if fresh:
                out.append(Data(fresh, piece.mark))
                self._next += len(fresh)
            unseen = piece.end + piece.missing - self._next
            if piece.missing and unseen > 0 and not self._covered(unseen):
                out += self._lose(unseen)
        return out

    def _covered(self, size: int) -> bool:
        """Whether another piece already holds some of the next `size` bytes."""
        return bool(self._waiting) and self._waiting[0].start < self._next + size

    def _lose(self, size: int) -> list[Data | Gap]:
        self.lost += size
        self._next += size
        return [Gap(size)]

    def _skip_hole(self) -> list[Data | Gap]:
        """Give up the bytes before the first waiting piece."""
        hole = self._waiting[0].start - self._next
        return (self._lose(hole) if hole > 0 else []) + self._drain()
