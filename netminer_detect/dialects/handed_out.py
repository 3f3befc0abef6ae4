"""Remembers the work that servers handed out over HTTP, where every question may be a connection of its own.

Contract: a `HandedOut` serves all flows of a series; `between(one, other)` gives the view of the flows between two
addresses. `Handed.note(job, hashes)` says whether that work is new there, or is worth something else now;
`Handed.worth(job)` is what a share of it is worth, None where the work is not known. `job` is whatever names it: a
dialect, a login, a header. At most MAX_WORKS are kept, those noted longest ago are forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction

# ethminer opens a connection for each call, five a second; a job lives for minutes at most. About 400 bytes each.
MAX_WORKS = 1 << 14

Job = tuple[str | None, ...]
_Key = tuple[bytes, bytes, Job]


class HandedOut:
    """See the module's contract."""

    def __init__(self) -> None:
        self._works: OrderedDict[_Key, Fraction | None] = OrderedDict()

    def between(self, one: bytes, other: bytes) -> Handed:
        """The work handed out between two packed addresses, whichever is the miner's."""
        return Handed(self._works, min(one, other), max(one, other))


class Handed:
    """See the module's contract."""

    def __init__(self, works: OrderedDict[_Key, Fraction | None], low: bytes, high: bytes) -> None:
        self._works, self._low, self._high = works, low, high

    def note(self, job: Job, hashes: Fraction | None) -> bool:
        """Work was handed out."""
        key = (self._low, self._high, job)
        new = key not in self._works or self._works[key] != hashes
        self._works[key] = hashes
        self._works.move_to_end(key)
        if len(self._works) > MAX_WORKS:
            self._works.popitem(last=False)
        return new

    def worth(self, job: Job) -> Fraction | None:
        """The work of a share of that job."""
        return self._works.get((self._low, self._high, job))
