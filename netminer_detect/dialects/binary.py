"""What a binary dialect is, and how its messages are cut out of a stream.

Contract: a module of this folder that names a `BINARY_DIALECT` class adds one: a carriers Reader whose `begins(start)`
says by the first bytes of both sides whether the flow is its own, None while that is open. `Start` holds those bytes
(MAX_HEAD a side) and how long each side spoke before the other did. `Frames` cuts one direction into messages that
say their own size; after a gap it goes on with a message whose size is known, or else with a segment that begins like
one. Nothing raises; a direction holds at most one message of `limit` bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from msgspec import Struct, field

from netminer_detect.carriers.reader import Reader
from netminer_detect.observations import Side

MAX_HEAD = 128
MAX_TURNS = 8
MAX_FRAME = 1 << 20
_ENOUGH = 64


class Start(Struct):
    """The first bytes of a flow. `turns` are (side, bytes) in the order spoken, the last one may go on."""

    heads: dict[Side, bytes] = field(default_factory=lambda: dict.fromkeys(Side, b""))
    turns: list[tuple[Side, int]] = field(default_factory=list)

    def take(self, side: Side, data: bytes) -> None:
        """More bytes of a side."""
        self.heads[side] += data[: MAX_HEAD - len(self.heads[side])]
        if self.turns and self.turns[-1][0] is side:
            self.turns[-1] = (side, self.turns[-1][1] + len(data))
        elif len(self.turns) < MAX_TURNS:
            self.turns.append((side, len(data)))

    def any(self, begins: Callable[[bytes], bool | None]) -> bool | None:
        """Whether either side's head begins so; None while that is open."""
        verdicts = [begins(head) for head in self.heads.values() if head]
        if any(verdicts):
            return True
        return None if not verdicts or None in verdicts else False


class BinaryDialect(Reader, Protocol):
    """See the module's contract."""

    NAME: ClassVar[str]

    @staticmethod
    def begins(start: Start) -> bool | None: ...


class Frames(Struct):
    """See the module's contract. `size_of(head)` gives the size of the message that begins so, None where more of the
    head is needed, 0 where it is no message."""

    size_of: Callable[[bytes], int | None]
    limit: int = MAX_FRAME
    lost: bool = False
    _held: bytearray = field(default_factory=bytearray)
    _skip: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages completed by `data`."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        if self.lost:
            if not self.size_of(data[:_ENOUGH]):
                return []
            self.lost = False
        self._held += data
        found: list[bytes] = []
        while self._held:
            size = self.size_of(bytes(self._held[:_ENOUGH]))
            if size == 0:
                self._lose()
            if not size:
                break
            if size > self.limit:
                self._skip = max(0, size - len(self._held))
                del self._held[:size]
                continue
            if len(self._held) < size:
                break
            found.append(bytes(self._held[:size]))
            del self._held[:size]
        return found

    def gap(self, size: int) -> None:
        """Bytes are missing."""
        if not self._skip:
            whole = self.size_of(bytes(self._held[:_ENOUGH]))
            if not whole:
                self._lose()
                return
            self._skip = whole - len(self._held)
            self._held.clear()
        if size > self._skip:
            self._lose()
        else:
            self._skip -= size

    def _lose(self) -> None:
        self.lost, self._skip = True, 0
        self._held.clear()
