"""Monero's P2Pool: its nodes among themselves, a pool without an operator. Nothing in it is readable.

Each side says, without waiting for the other:
    00, challenge 8 bytes, peer id u64 (17 bytes); 01, hash 32 bytes, salt 8 bytes (41 bytes);
    02, listening port i32 LE; 03, id of the wanted block, 32 zero bytes for the newest (38 bytes)
These lengths, these marks, a port and 32 zero bytes, from both sides, are the dialect. Which chain it is (the main, the
mini, the nano, or another coin's) is not told. Source: SChernykh/p2pool src/p2p_server.h, src/p2p_server.cpp.
"""

from __future__ import annotations

from typing import ClassVar

from netminer_detect.dialects.binary import Start
from netminer_detect.marks import Mark
from netminer_detect.observations import DialectRecognised, Evidence, NetworkJoined, Observation, Side

_HELLO, _SOLUTION, _LISTENING, _WANTED = 17, 41, 5, 33
_MARKS = ((0, 0), (_HELLO, 1), (_HELLO + _SOLUTION, 2), (_HELLO + _SOLUTION + _LISTENING, 3))
OPENING = _HELLO + _SOLUTION + _LISTENING + _WANTED


def _begins(head: bytes) -> bool | None:
    if any(len(head) > at and head[at] != mark for at, mark in _MARKS):
        return False
    port = head[_HELLO + _SOLUTION + 1 : _HELLO + _SOLUTION + 5]
    if len(port) == 4 and not 0 < int.from_bytes(port, "little") < 65536:
        return False
    wanted = head[_HELLO + _SOLUTION + _LISTENING + 1 : OPENING]
    if wanted.strip(b"\x00"):
        return False
    return True if len(head) >= OPENING else None


class P2PoolXmr:
    """See the module's contract."""

    NAME: ClassVar[str] = "p2pool-xmr"

    def __init__(self) -> None:
        self.done = False
        self._start = Start()

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`. Both sides must have said it; where one has said something else, none did."""
        verdicts = [_begins(head) if head else None for head in start.heads.values()]
        if False in verdicts:
            return False
        return True if all(verdicts) else None

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        self._start.take(side, data)
        if self.done or not self.begins(self._start):
            return []
        self.done = True
        text = "P2Pool's opening from both sides: 17, 41 and 38 bytes"
        found: list[Observation] = [DialectRecognised(Evidence(mark, side, "opening", text), self.NAME)]
        return found + [NetworkJoined(Evidence(mark, one, "opening", text)) for one in Side]

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self.done = True
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        self.done = True
        return []


BINARY_DIALECT = P2PoolXmr
