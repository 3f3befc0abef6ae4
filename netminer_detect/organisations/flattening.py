"""Turns ranges that overlap into disjoint ones, so that one bisection answers a lookup.

Contract: `Ranges.build(spans)` takes (low, high) pairs, both ends included; `Ranges.owner(value)` gives the place in
`spans` of the smallest range that holds the value (the first listed of equal ones), -1 where none does. `crossings`
tells which ranges overlap without one being inside the other. All in O(n log n), but for the bound named there.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence

from msgspec import Struct

# Among open ranges that a range crosses, so many are asked whether their unit differs. Sound tables cross nowhere.
_ASKED = 64


class Ranges(Struct, frozen=True):
    """Disjoint ranges: from `starts[i]` up to the next start `owners[i]` counts, -1 being nobody."""

    starts: list[int]
    owners: list[int]

    @classmethod
    def build(cls, spans: Sequence[tuple[int, int]]) -> Ranges:
        """See the module's contract."""
        by_start = sorted(range(len(spans)), key=lambda at: spans[at][0])
        points = sorted({low for low, _ in spans} | {high + 1 for _, high in spans})
        starts: list[int] = []
        owners: list[int] = []
        open_now: list[tuple[int, int]] = []  # a heap of (size, place): the smallest range on top
        following, last = 0, -1
        for point in points:
            while following < len(by_start) and spans[by_start[following]][0] == point:
                at = by_start[following]
                heapq.heappush(open_now, (spans[at][1] - spans[at][0], at))
                following += 1
            while open_now and spans[open_now[0][1]][1] < point:
                heapq.heappop(open_now)
            owner = open_now[0][1] if open_now else -1
            if owner != last:
                starts.append(point)
                owners.append(owner)
                last = owner
        return cls(starts, owners)

    def owner(self, value: int) -> int:
        """The place of the range that counts for `value`, or -1."""
        at = bisect_right(self.starts, value) - 1
        return self.owners[at] if at >= 0 else -1


def crossings(spans: Sequence[tuple[int, int]], units: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Pairs of places whose ranges cross and whose units differ: for each range at most one, listed later first.

    Ranges of networks never cross; ranges with free ends may, and then who owns the common part is doubtful."""
    by_start = sorted(range(len(spans)), key=lambda at: (spans[at][0], -spans[at][1]))
    open_ends: list[tuple[int, int]] = []  # (end, place), sorted
    for at in by_start:
        low, high = spans[at]
        del open_ends[: bisect_left(open_ends, (low, -1))]
        for end, other in open_ends[:_ASKED]:
            if end >= high:
                break
            if spans[other][0] < low and units[other] != units[at]:
                yield max(at, other), min(at, other)
                break
        insort(open_ends, (high, at))
