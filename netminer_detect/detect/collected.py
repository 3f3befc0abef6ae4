"""Collects drafts within a bound: one a key, the surest kept.

Contract: `add(reading, session, captures)` books a flow in the draft of its key; `put(draft)` joins a whole draft (of
another series, or a lookup). When what is kept exceeds `limit` bytes, proofs beyond the first few of each draft go
first, then drafts of the lowest rungs, those of the fewest packets first. `dropped` counts both. Drafts come out in the
order in which their keys came in.
"""

from __future__ import annotations

from msgspec import Struct

from netminer_detect.detect.drafts import MAX_EVIDENCE, Draft, Key, key_of
from netminer_detect.detect.readings import Reading
from netminer_detect.detect.session import Session
from netminer_detect.footprint import footprint

# So many proofs a draft are left each time that memory is short.
_EVIDENCE = (MAX_EVIDENCE, 8, 2)
# What is freed at once, so that the next draft does not begin it all again.
_FREED = 0.25
# Tables and allocators take more than objects measure.
_SPARE = 1.25


class _Kept(Struct):
    """A draft, how large it was when it was measured, and how many parts and flows it had then."""

    draft: Draft
    size: int = 0
    parts: int = 0
    flows: int = 0


class Collected:
    """See the module's contract."""

    def __init__(self, limit: int) -> None:
        self.dropped: dict[str, int] = {}
        self._limit = limit
        self._size = 0
        self._kept: dict[Key, _Kept] = {}
        self._tier = 0

    def __len__(self) -> int:
        return len(self._kept)

    def drafts(self) -> list[Draft]:
        return [kept.draft for kept in self._kept.values()]

    def add(self, reading: Reading, session: Session, captures: list[str]) -> None:
        """See the module's contract."""
        key = key_of(reading)
        kept = self._kept.get(key)
        if kept is None:
            draft = Draft(reading.client[0], reading.role, reading.pool, reading.dialect, reading.reason)
            draft.add(reading, session, captures)
            self._keep(key, draft)
            return
        kept.draft.add(reading, session, captures)
        self._grown(kept)

    def put(self, draft: Draft) -> None:
        """Join a draft: what several series tell of one finding is added up, what two captures both hold is counted
        once."""
        kept = self._kept.get(draft.key)
        if kept is None:
            self._keep(draft.key, draft)
        elif not kept.draft.repeats(draft):
            kept.draft.absorb(draft)
            self._grown(kept)
        elif draft.packets > kept.draft.packets:
            kept.draft = draft
            self._grown(kept)

    def _keep(self, key: Key, draft: Draft) -> None:
        kept = self._kept[key] = _Kept(draft)
        self._grown(kept)

    def _grown(self, kept: _Kept) -> None:
        """Measure a draft anew where it has an eighth more parts, or twice the flows."""
        draft = kept.draft
        parts = len(draft.workers) + len(draft.connections) + len(draft.claims) + self._trim(draft)
        grown = not kept.parts <= parts <= kept.parts + kept.parts // 8
        if kept.size and not grown and draft.connections_total < 2 * kept.flows:
            return
        self._size -= kept.size
        kept.size, kept.parts, kept.flows = int(footprint(draft) * _SPARE), parts, draft.connections_total
        self._size += kept.size
        while self._size > self._limit and len(self._kept) > 1:
            self._shrink()

    def _trim(self, draft: Draft) -> int:
        """Leave the first proofs; how many there are then."""
        most = _EVIDENCE[self._tier]
        if len(draft.evidence) > most:
            self._count("evidence", len(draft.evidence) - most)
            del draft.evidence[most:]
        return len(draft.evidence)

    def _shrink(self) -> None:
        if self._tier + 1 < len(_EVIDENCE):
            self._tier += 1
            self._size = 0
            for kept in self._kept.values():
                self._trim(kept.draft)
                kept.size = int(footprint(kept.draft) * _SPARE)
                self._size += kept.size
            return
        worth = sorted(self._kept.items(), key=lambda item: (item[1].draft.reason.level, item[1].draft.packets))
        for key, kept in worth[:-1]:
            del self._kept[key]
            self._size -= kept.size
            self._count("findings", 1)
            if self._size <= self._limit * (1 - _FREED):
                return

    def _count(self, what: str, count: int) -> None:
        self.dropped[what] = self.dropped.get(what, 0) + count
