"""Finds the range that holds an address at a time, where ranges are valid between dates.

Contract: `chained(spans, since, until)` gives `Chains`, whose `owner(value, at_ns)` is that of the smallest range that
holds the value and is valid then (`since` <= at_ns < `until`; the first listed of equal ones), -1 where none is. For each
address the ranges that hold it are a chain, the smallest first, whose rest is shared with its neighbours: networks cost
O(1) each. Ranges that cross cost more; a TangleError says when it is too much.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, MutableSequence, Sequence

from msgspec import Struct

from netminer_detect.organisations.flattening import Conflict, Spans, conflicts, numbers

# So many ranges may hold one address, and so many links a range may cost in the mean: beyond is no one's inventory.
MAX_DEPTH = 512
_LINKS_EACH = 8


class TangleError(ValueError):
    """Ranges with dates lie across one another too often. `place` is that of a range among the spans."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class Chains(Struct, frozen=True):
    """From `starts[i]` up to the next start the chain begins at link `heads[i]` (-1: none). A link is a place among the
    spans and the next link."""

    starts: Sequence[int]
    heads: Sequence[int]
    places: Sequence[int]
    rests: Sequence[int]
    spans: Spans
    since: Sequence[int]
    until: Sequence[int]

    def owner(self, value: int, at_ns: int) -> int:
        """See the module's contract."""
        at = bisect_right(self.starts, value) - 1
        link = self.heads[at] if at >= 0 else -1
        while link >= 0:
            place = self.places[link]
            if self.spans.highs[place] >= value and self.since[place] <= at_ns < self.until[place]:
                return self.spans.owners[place]
            link = self.rests[link]
        return -1


def chained(spans: Spans, since: Sequence[int], until: Sequence[int]) -> Chains:
    """See the module's contract. Raises TangleError."""
    lows, highs = spans.lows, spans.highs
    starts: MutableSequence[int] = numbers(spans.bits)
    links = _Links(highs)
    heads = array("q")
    head = -1
    for place in _outermost_first(spans):
        low = lows[place]
        size = highs[place] - low
        smaller: list[int] = []
        while head >= 0:
            one = links.places[head]
            if highs[one] >= low:
                if (highs[one] - lows[one], one) > (size, place):
                    break
                smaller.append(one)
            head = links.rests[head]
        for one in (place, *reversed(smaller)):
            head = links.push(one, head, low)
        if starts and starts[-1] == low:
            heads[-1] = head
        else:
            starts.append(low)
            heads.append(head)
    return Chains(starts, heads, links.places, links.rests, spans, since, until)


class _Links:
    """The links of all chains. `highs` are the ends of the ranges."""

    def __init__(self, highs: Sequence[int]) -> None:
        self.places, self.rests = array("q"), array("q")
        self._highs, self._depths = highs, array("q")
        self._most = _LINKS_EACH * len(highs) + MAX_DEPTH

    def push(self, place: int, rest: int, low: int) -> int:
        """A link before a chain; ranges that ended before `low` are dropped where the chain has grown long."""
        if rest >= 0 and self._depths[rest] >= MAX_DEPTH:
            rest = self._compacted(place, rest, low)
        self.places.append(place)
        self.rests.append(rest)
        self._depths.append(self._depths[rest] + 1 if rest >= 0 else 1)
        if len(self.places) > self._most:
            raise TangleError(place)
        return len(self.places) - 1

    def _compacted(self, place: int, head: int, low: int) -> int:
        kept: list[int] = []
        while head >= 0:
            if self._highs[self.places[head]] >= low:
                kept.append(self.places[head])
            head = self.rests[head]
        if len(kept) >= MAX_DEPTH // 2:
            raise TangleError(place)
        for one in reversed(kept):
            head = self.push(one, head, low)
        return head


def _outermost_first(spans: Spans) -> list[int]:
    """The places in order of their starts, of equal starts the larger range first, of equal ranges the last listed."""
    order = sorted(range(len(spans) - 1, -1, -1), key=spans.highs.__getitem__, reverse=True)
    order.sort(key=spans.lows.__getitem__)
    return order


def timeless(spans: Spans, since: Sequence[int], until: Sequence[int]) -> Spans:
    """The spans so listed that of equal ranges the one that is valid last comes first."""
    listed = Spans(spans.bits)
    for place in sorted(range(len(spans)), key=lambda at: (until[at], since[at]), reverse=True):
        listed.add(spans.lows[place], spans.highs[place], spans.owners[place])
    return listed


def clashes(spans: Spans, since: Sequence[int], until: Sequence[int]) -> Iterator[Conflict]:
    """The conflicts among ranges that are valid at the same time."""
    group: list[int] = []
    for place in _outermost_first(spans):
        if group and (spans.lows[place], spans.highs[place]) != (spans.lows[group[0]], spans.highs[group[0]]):
            yield from _simultaneous(group, since, until)
            group = []
        group.append(place)
    yield from _simultaneous(group, since, until)
    for found in conflicts(spans):
        one, other = found.later, found.earlier
        if not found.same and since[one] < until[other] and since[other] < until[one]:
            yield found


def _simultaneous(group: list[int], since: Sequence[int], until: Sequence[int]) -> Iterator[Conflict]:
    """Of ranges that are one, those whose time begins before that of another is over."""
    last = -1
    for place in sorted(group, key=lambda at: (since[at], at)):
        if last >= 0 and since[place] < until[last]:
            yield Conflict(max(place, last), min(place, last), True)
        if last < 0 or until[place] > until[last]:
            last = place
