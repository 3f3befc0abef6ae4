"""Turns ranges that overlap into disjoint ones, so that one bisection answers a lookup.

Contract: a `Spans` holds ranges with both ends included, each with its owner (a number from 0). `flatten(spans)` gives
`Ranges`, whose `owner(value)` is that of the smallest range that holds the value (the first listed of equal ones), -1
where none does. `conflicts(spans)` tells the ranges that stand there twice, and those that overlap without one being
inside the other. All in O(n log n). Numbers below 2^64 are held in 8 bytes each.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from collections.abc import Iterator, MutableSequence, Sequence
from typing import NamedTuple

from msgspec import Struct

# Among open ranges that a range crosses, so many are asked whether their owner differs. Networks cross nowhere.
_ASKED = 8


def numbers(bits: int) -> MutableSequence[int]:
    """An empty row for whole numbers of so many bits."""
    return array("Q") if bits <= 64 else []


class Spans:
    """Ranges in the order in which they were listed; `bits` is the width of an address."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.lows, self.highs, self.owners = numbers(bits), numbers(bits), numbers(32)

    def __len__(self) -> int:
        return len(self.lows)

    def add(self, low: int, high: int, owner: int) -> None:
        """List one more."""
        self.lows.append(low)
        self.highs.append(high)
        self.owners.append(owner)

    def by_start(self) -> list[int]:
        """The places in order of their starts, of equal starts the larger range first, of equal ranges as listed."""
        order = sorted(range(len(self)), key=self.highs.__getitem__, reverse=True)
        order.sort(key=self.lows.__getitem__)
        return order


class Ranges(Struct, frozen=True):
    """Disjoint ranges: from `starts[i]` up to the next start `owners[i]` counts, -1 being nobody."""

    starts: Sequence[int]
    owners: Sequence[int]

    def owner(self, value: int) -> int:
        """The owner of the range that counts for `value`, or -1."""
        at = bisect_right(self.starts, value) - 1
        return self.owners[at] if at >= 0 else -1


class Conflict(NamedTuple):
    """Two places, `earlier` listed first; `same` where the two ranges are one."""

    later: int
    earlier: int
    same: bool


def flatten(spans: Spans) -> Ranges:
    """See the module's contract."""
    highs = spans.highs
    # A start can be one beyond the last address.
    starts, owners = numbers(spans.bits + 1), array("q")
    open_now: list[tuple[int, int]] = []  # a heap of (size, place): the smallest range on top

    def begin(point: int) -> None:
        owner = spans.owners[open_now[0][1]] if open_now else -1
        if starts and starts[-1] == point:
            starts.pop()
            owners.pop()
        if owner != (owners[-1] if owners else -1):
            starts.append(point)
            owners.append(owner)

    def close_below(low: int | None) -> None:
        while open_now and (low is None or highs[open_now[0][1]] < low):
            end = highs[open_now[0][1]]
            while open_now and highs[open_now[0][1]] <= end:
                heapq.heappop(open_now)
            begin(end + 1)

    for at in spans.by_start():
        low = spans.lows[at]
        close_below(low)
        entry = (highs[at] - low, at)
        heapq.heappush(open_now, entry)
        if open_now[0] is entry:
            begin(low)
    close_below(None)
    return Ranges(starts, owners)


def conflicts(spans: Spans) -> Iterator[Conflict]:
    """See the module's contract: for each range at most one other that is the same, and one of another owner that it
    crosses. Ranges of networks never cross; those with free ends may, and then whose the common part is is doubtful."""
    order = spans.by_start()
    lows, highs = spans.lows, spans.highs
    first = -1
    enclosing: list[int] = []  # ends of the ranges that hold this one, the innermost last
    crossing = False
    for at in order:
        if first >= 0 and lows[at] == lows[first] and highs[at] == highs[first]:
            yield Conflict(at, first, True)
            continue
        first = at
        while enclosing and enclosing[-1] < lows[at]:
            enclosing.pop()
        crossing = crossing or (bool(enclosing) and enclosing[-1] < highs[at])
        enclosing.append(highs[at])
    if crossing:
        yield from _crossings(spans, order)


def _crossings(spans: Spans, order: Sequence[int]) -> Iterator[Conflict]:
    lows, highs, owners = spans.lows, spans.highs, spans.owners
    open_now: list[tuple[int, int]] = []  # a heap of (end, place): the range that ends first on top
    for at in order:
        while open_now and open_now[0][0] < lows[at]:
            heapq.heappop(open_now)
        asked: list[tuple[int, int]] = []
        while open_now and open_now[0][0] < highs[at] and len(asked) < _ASKED:
            other = open_now[0][1]
            if owners[other] != owners[at]:
                yield Conflict(max(at, other), min(at, other), False)
                break
            asked.append(heapq.heappop(open_now))
        for entry in asked:
            heapq.heappush(open_now, entry)
        heapq.heappush(open_now, (highs[at], at))
