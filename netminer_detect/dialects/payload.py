"""Chooses the reader for what is in no carrier: a binary dialect, a node's protocol, or lines.

Contract: a carriers Reader that decides by the first bytes of both sides, and hands all of them on. While binary
dialects may still turn out to be meant, at most MAX_OPEN bytes are kept.
"""

from __future__ import annotations

from netminer_detect.carriers.reader import Reader
from netminer_detect.dialects.binary import BinaryDialect, Start
from netminer_detect.dialects.lines import Lines
from netminer_detect.dialects.nodes import Nodes, begins
from netminer_detect.dialects.registry import binary
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side

MAX_OPEN = 4096
# A node's message start is told by so many bytes.
_NODE = 8


class Payload:
    """See the module's contract."""

    def __init__(self) -> None:
        self._reader: Reader | None = None
        self._start = Start()
        self._open: list[type[BinaryDialect]] = list(binary())
        self._kept: list[tuple[Side, bytes, Mark]] = []
        self._size = 0

    @property
    def done(self) -> bool:
        return self._reader is not None and self._reader.done

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        if self._reader is not None:
            return self._reader.data(side, data, mark)
        self._kept.append((side, data, mark))
        self._size += len(data)
        self._start.take(side, data)
        still: list[type[BinaryDialect]] = []
        for kind in self._open:
            verdict = kind.begins(self._start)
            if verdict:
                return self._choose(kind())
            if verdict is None:
                still.append(kind)
        self._open = still if self._size <= MAX_OPEN else []
        if self._open:
            return []
        head = self._start.heads[side]
        if not begins(head):
            return self._choose(Lines())
        return self._choose(Nodes()) if len(head) >= _NODE else []

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        found = [] if self._reader is not None else self._choose(Lines())
        return found + (self._reader.gap(side, size) if self._reader is not None else [])

    def close(self) -> list[Observation]:
        """See `Reader`."""
        found = [] if self._reader is not None else self._choose(Lines())
        return found + (self._reader.close() if self._reader is not None else [])

    def _choose(self, reader: Reader) -> list[Observation]:
        self._reader, kept = reader, self._kept
        self._kept = []
        return [observation for part in kept for observation in reader.data(*part)]
