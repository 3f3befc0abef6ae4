"""Collects drafts within a bound: one a key, the surest kept.

Contract: `add(reading, session, captures)` books a flow in the draft of its key; `put(draft)` joins a whole draft (of
another state or series, or a lookup); `drafts()` gives one a key, in the order in which their keys came in. Where
captures may overlap (`apart`), the first MAX_APART flows of a key stay drafts of their own until then (`flows()`), so
that a connection which several states read is known and counted once.

When what is kept exceeds `limit` bytes, proofs beyond the first few of each draft go first, then flows are joined, then
go drafts of the lowest rungs, those of the fewest packets first. `dropped` counts all three.
"""

from __future__ import annotations

from msgspec import Struct

from netminer_detect.detect.drafts import MAX_EVIDENCE, Draft, Key, key_of
from netminer_detect.detect.overlaps import is_same, overlay
from netminer_detect.detect.readings import Reading
from netminer_detect.detect.session import Session
from netminer_detect.footprint import footprint

# So many proofs a draft are left each time that memory is short.
_EVIDENCE = (MAX_EVIDENCE, 8, 2)
MAX_APART = 256
# What is freed at once, so that the next draft does not begin it all again.
_FREED = 0.25
# Tables and allocators take more than objects measure.
_SPARE = 1.1
# What a draft takes at the most: for itself, for each part, and for each byte of its flows (jobs and shares are noted,
# and may come compressed). To measure costs more than to judge, and memory is short in few scans.
_MOST, _MOST_PART, _MOST_BYTE = 1 << 15, 1 << 12, 1 << 5


class _Kept(Struct):
    """The drafts of a key and their size: as it was when they were measured, or the most that it may be; how many parts
    and flows they had then."""

    drafts: list[Draft]
    size: int = 0
    parts: int = 0
    flows: int = 0
    measured: bool = False


class Collected:
    """See the module's contract."""

    def __init__(self, limit: int, apart: bool = False) -> None:
        self.dropped: dict[str, int] = {}
        self._limit = limit
        self._apart = MAX_APART if apart else 1
        self._size = 0
        self._unmeasured: list[_Kept] = []
        self._kept: dict[Key, _Kept] = {}
        self._tier = 0

    def __len__(self) -> int:
        return len(self._kept)

    def drafts(self) -> list[Draft]:
        """See the module's contract. What was apart is joined, once and for all."""
        for kept in self._kept.values():
            _join(kept, 1)
        return self.flows()

    def flows(self) -> list[Draft]:
        """The drafts as they are kept, some of one key."""
        return [draft for kept in self._kept.values() for draft in kept.drafts]

    def add(self, reading: Reading, session: Session, captures: list[str]) -> None:
        """See the module's contract."""
        kept = self._kept.get(key_of(reading))
        if kept is not None and len(kept.drafts) >= self._apart:
            kept.drafts[-1].add(reading, session, captures)
            self._grown(kept)
            return
        draft = Draft(reading.client[0], reading.role, reading.pool, reading.dialect, reading.reason)
        draft.add(reading, session, captures)
        self.put(draft)

    def put(self, draft: Draft) -> None:
        """See the module's contract."""
        kept = self._kept.get(draft.key)
        if kept is None:
            kept = self._kept[draft.key] = _Kept([draft])
        else:
            same = next((at for at, known in enumerate(kept.drafts) if is_same(known, draft)), None)
            if same is not None:
                kept.drafts[same] = overlay(kept.drafts[same], draft)
            else:
                kept.drafts.append(draft)
                _join(kept, self._apart)
        self._grown(kept)

    def _grown(self, kept: _Kept) -> None:
        """Estimate drafts anew where they have an eighth more parts, or twice the flows."""
        drafts = kept.drafts
        parts = sum(len(draft.workers) + len(draft.connections) + len(draft.claims) for draft in drafts)
        parts += sum(map(self._trim, drafts))
        flows = sum(draft.connections_total for draft in drafts)
        if kept.measured and kept.parts <= parts <= kept.parts + kept.parts // 8 and flows < 2 * kept.flows:
            return
        if kept.measured or not kept.size:
            kept.measured = False
            self._unmeasured.append(kept)
        kept.parts, kept.flows = parts, flows
        self._resize(kept, len(drafts) * _MOST + parts * _MOST_PART + _MOST_BYTE * sum(one.bytes for one in drafts))
        if self._size > self._limit:
            self._measure()
        while self._size > self._limit and (len(self._kept) > 1 or self._apart > 1):
            self._shrink()

    def _measure(self) -> None:
        """Estimates are much too high: what is not measured yet is measured where that matters."""
        for kept in self._unmeasured:
            kept.measured = True
            self._resize(kept, int(footprint(kept.drafts) * _SPARE))
        self._unmeasured.clear()

    def _resize(self, kept: _Kept, size: int) -> None:
        self._size += size - kept.size
        kept.size = size

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
        elif self._apart > 1:
            self._apart = 1
            for kept in self._kept.values():
                self._count("apart", len(kept.drafts) - 1)
                _join(kept, 1)
        else:
            self._drop()
            return
        for kept in self._kept.values():
            for draft in kept.drafts:
                self._trim(draft)
        self._unmeasured = list(self._kept.values())
        self._measure()

    def _drop(self) -> None:
        def worth(item: tuple[Key, _Kept]) -> tuple[int, int]:
            drafts = item[1].drafts
            return max(draft.reason.level for draft in drafts), sum(draft.packets for draft in drafts)

        for key, kept in sorted(self._kept.items(), key=worth)[:-1]:
            del self._kept[key]
            self._size -= kept.size
            self._count("findings", 1)
            if self._size <= self._limit * (1 - _FREED):
                return

    def _count(self, what: str, count: int) -> None:
        if count:
            self.dropped[what] = self.dropped.get(what, 0) + count


def _join(kept: _Kept, most: int) -> None:
    """Leave so many drafts apart; the last one is that of all flows beyond."""
    for draft in kept.drafts[most:]:
        kept.drafts[most - 1].absorb(draft)
    del kept.drafts[most:]
