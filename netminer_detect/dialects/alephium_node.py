"""Alephium's node and its miners (or a pool's software) on port 10973: binary messages, the node speaks first.

    message: length u32, version u8 = 1 (absent in old software), type u8, body; numbers are big-endian
    node  0 Jobs: count u32, each: from group u32, to group u32, header, transactions, target (each u32 length and
          bytes), height u32;  1 SubmitResult: from u32, to u32, block hash 32 bytes, accepted u8
    miner 0 SubmitBlock: block (u32 length and bytes)

A header is 302 bytes behind a nonce of 24 in the block. Nobody is named; a whole block is handed in, not a share: there
is no work to count. Sources: alephium/mining-pool, alephium/gpu-miner src.
"""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from netminer_detect.dialects.binary import Frames, Start
from netminer_detect.marks import Mark
from netminer_detect.observations import (
    CoinHinted,
    DialectRecognised,
    Evidence,
    HandshakeAnswered,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    Side,
)

ALGORITHM = "blake3-alph"
HEADER, NONCE = 302, 24
_MAX_GROUPS, _MAX_SIZE = 256, 1 << 24
_RESULT = 4 + 4 + 32 + 1
MAX_WAITING = 256


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _jobs_at(frame: bytes, at: int) -> bool | None:
    """Whether Jobs begin there: a count, two groups, a header of its one length; None while that is open."""
    if len(frame) < at + 16:
        return None
    groups = _u32(frame, at + 4) < 16 and _u32(frame, at + 8) < 16
    return 0 < _u32(frame, at) <= _MAX_GROUPS and groups and _u32(frame, at + 12) == HEADER


def kind_of(head: bytes) -> str | None:
    """What a message is by its begin: "jobs", "block" or "result"; None where it is none of these or too short."""
    size = _u32(head, 0)
    if len(head) < 6 or not 2 <= size <= _MAX_SIZE:
        return None
    for body in (6, 5):  # behind the version, or without one
        kind = head[body - 1]
        if body == 6 and head[4] != 1:
            continue
        if kind == 0 and _jobs_at(head, body):
            return "jobs"
        if kind == 0 and len(head) >= body + 4 and HEADER + NONCE <= _u32(head, body) == size + 4 - body - 4:
            return "block"
        if kind == 1 and size == body - 4 + _RESULT:
            return "result"
    return None


def _size_of(head: bytes) -> int | None:
    if len(head) < 22:
        # Short of what tells a message; results of 41 bytes and more never are.
        return None
    return 4 + _u32(head, 0) if kind_of(head) else 0


def _begins(head: bytes) -> bool | None:
    if head[:1] != b"\x00" or (len(head) > 4 and head[4] > 1):
        return False
    return None if len(head) < 22 else kind_of(head) in ("jobs", "block")


class AlephiumNode:
    """See the module's contract."""

    NAME: ClassVar[str] = "alephium-node"

    def __init__(self) -> None:
        self.done = False
        self._frames = {side: Frames(_size_of) for side in Side}
        self._swapped: bool | None = None
        self._waiting: deque[int] = deque(maxlen=MAX_WAITING)
        self._shares = 0

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`."""
        return start.any(_begins)

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        found: list[Observation] = []
        for frame in self._frames[side].feed(data):
            kind = kind_of(frame)
            speaker = Side.CLIENT if kind == "block" else Side.SERVER
            evidence = Evidence(mark, speaker, kind or "message", f"Alephium {kind} ({len(frame)} bytes)")
            if self._swapped is None:
                self._swapped = speaker is not side
                found += [DialectRecognised(evidence, self.NAME, self._swapped),
                          CoinHinted(evidence, "ALPH", ALGORITHM, "dialect")]
            if speaker is (side.other if self._swapped else side):
                found += self._read(frame, kind, evidence)
        return found

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self._frames[side].gap(size)
        self._waiting.clear()
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        self.done = True
        return []

    def _read(self, frame: bytes, kind: str | None, evidence: Evidence) -> list[Observation]:
        if kind == "jobs":
            return [HandshakeAnswered(evidence, True, login=False),
                    JobAssigned(evidence, None, None, None, ALGORITHM)]
        if kind == "block":
            self._shares += 1
            self._waiting.append(self._shares)
            return [ShareSubmitted(evidence, self._shares, None, None, None, ALGORITHM)]
        if not self._waiting:
            return []
        accepted = frame[-1] == 1
        return [ShareAnswered(evidence, self._waiting.popleft(), accepted)]


BINARY_DIALECT = AlephiumNode
