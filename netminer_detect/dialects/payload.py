"""Chooses the reader for what is in no carrier: a node's binary protocol, or lines.

Contract: a carriers Reader that decides by the first bytes of either side, and hands all of them on.
"""

from __future__ import annotations

from netminer_detect.carriers.reader import Reader
from netminer_detect.dialects.lines import Lines
from netminer_detect.dialects.nodes import HEADER, Nodes, begins
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side


class Payload:
    """See the module's contract."""

    def __init__(self) -> None:
        self._reader: Reader | None = None
        self._kept: list[tuple[Side, bytes, Mark]] = []

    @property
    def done(self) -> bool:
        return self._reader is not None and self._reader.done

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        if self._reader is not None:
            return self._reader.data(side, data, mark)
        self._kept.append((side, data, mark))
        head = b"".join(kept for at, kept, _ in self._kept if at is side)[:HEADER]
        if not begins(head):
            return self._choose(Lines())
        return self._choose(Nodes()) if len(head) >= 8 else []

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
