"""When a machine mined: stretches of time, joined where they meet.

Contract: `Watch` follows the mining messages of one flow: mining begins with its first job and goes on until its last
packet, but for gaps of more than IDLE_NS in which nothing of mining was heard. `MiningTime` is a union of such
stretches; at most MAX_SPANS are kept, then the nearest are joined. Times are nanoseconds UTC; where they jump or run
backwards, nothing raises and no stretch is longer than what was heard in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from msgspec import Struct, field

# Pools send jobs every half minute to few minutes; a chain's block of an hour is rare, a silent evening is none.
IDLE_NS = 30 * 60 * 1_000_000_000
MAX_SPANS = 64

Span = tuple[int, int]


class MiningTime(Struct):
    """See the module's contract. `spans` are sorted and apart."""

    spans: list[Span] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.spans) / 1e9

    def add(self, start: int, end: int) -> None:
        """Add a stretch of time."""
        if end <= start:
            return
        spans = self.spans
        at = bisect_left(spans, (start, start))
        if at and spans[at - 1][1] >= start:
            at -= 1
            start = spans[at][0]
        after = at
        while after < len(spans) and spans[after][0] <= end:
            end = max(end, spans[after][1])
            after += 1
        spans[at:after] = [(start, end)]
        if len(spans) > MAX_SPANS:
            self._join_nearest()

    def update(self, spans: Iterable[Span]) -> None:
        """Add stretches of time."""
        for start, end in spans:
            self.add(start, end)

    def bridge(self, last_ns: int | None) -> None:
        """Join the stretches of one flow, told by several captures: only a gap of more than IDLE_NS parts them, and
        its last packet."""
        starts = [start for start, _ in self.spans[1:]] + ([] if last_ns is None else [last_ns])
        for (_, end), start in zip(list(self.spans), starts, strict=False):
            if start - end <= IDLE_NS:
                self.add(end, start)

    def _join_nearest(self) -> None:
        spans = self.spans
        at = min(range(1, len(spans)), key=lambda number: spans[number][0] - spans[number - 1][1])
        spans[at - 1 : at + 1] = [(spans[at - 1][0], spans[at][1])]


class Watch(Struct):
    """See the module's contract."""

    _time: MiningTime = field(default_factory=MiningTime)
    _since: int | None = None
    _until: int = 0

    def heard(self, time_ns: int | None, is_job: bool) -> None:
        """A message of mining was seen."""
        if time_ns is None or (self._since is None and not is_job):
            return
        if self._since is None:
            self._since = self._until = time_ns
        elif time_ns - self._until > IDLE_NS or self._since - time_ns > IDLE_NS:
            self._time.add(self._since, self._until)
            self._since = self._until = time_ns
        else:
            self._until = max(self._until, time_ns)

    def spans(self, last_ns: int | None) -> list[Span]:
        """The stretches in which was mined, if the flow's last packet came at that time."""
        if self._since is None:
            return []
        end = self._until
        if last_ns is not None and 0 < last_ns - end <= IDLE_NS:
            end = last_ns
        whole = MiningTime(list(self._time.spans))
        whole.add(self._since, end)
        return whole.spans
