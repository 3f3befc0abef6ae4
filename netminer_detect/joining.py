"""Adds up what the series of a run give, as they end.

Contract: `take(number, result)` in the order of the series; None where a series was not read: those in `lost` killed
who read them, the others were never begun. Drafts of one key are joined within `kept` bytes; what that costs is counted
with `drafts()`, which is called once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from netminer_detect.findings import Totals, Unread
from netminer_detect.reading import SeriesResult

if TYPE_CHECKING:
    from netminer_detect.detect.collected import Collected
    from netminer_detect.detect.drafts import Draft

_DIED = "two workers died reading this series"


class Joined:
    """See the module's contract. `fine` names captures with nanoseconds, `readable` counts those that could be read
    at all."""

    def __init__(self, series: Sequence[Sequence[str]], totals: Totals, kept: int) -> None:
        self.totals = totals
        self.fine: frozenset[str] = frozenset()
        self.readable = 0
        self.lost: set[int] = set()
        self._series = series
        self._states = 0
        self._kept = kept
        self._collected: Collected | None = None

    def take(self, number: int, result: SeriesResult | None) -> None:
        """See the module's contract."""
        files, totals = self._series[number], self.totals
        if result is not None:
            self._put(result.drafts)
            self._states += result.states
            self.fine |= frozenset(result.fine)
            self.readable += len(result.read)
            self._count(result)
            begun = {*result.read, *(unread.input for unread in result.unread)}
            totals.inputs_left += len(files) - len(begun)
        elif number in self.lost:
            totals.unread += [Unread(path, _DIED) for path in files]
        else:
            totals.inputs_left += len(files)

    def drafts(self) -> list[Draft]:
        """See the module's contract."""
        if self._collected is None:
            return []
        self._count_dropped(self._collected.dropped)
        return self._collected.drafts()

    def _put(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            if self._collected is None:
                from netminer_detect.detect.collected import Collected

                self._collected = Collected(self._kept, len(self._series) > 1)
            draft.states = {self._states + state for state in draft.states}
            self._collected.put(draft)

    def _count(self, result: SeriesResult) -> None:
        counters, totals = result.counters, self.totals
        totals.unread += result.unread
        totals.packets += counters.packets
        totals.bytes += counters.bytes
        totals.flows += counters.flows
        totals.unanswered += result.unanswered
        for word, count in counters.defects.items():
            totals.defects[word] = totals.defects.get(word, 0) + count
        self._count_dropped({
            "flows": counters.dropped_flows, "fragments": counters.dropped_fragments, **result.dropped})

    def _count_dropped(self, counts: dict[str, int]) -> None:
        for word, count in counts.items():
            self.totals.dropped[word] = self.totals.dropped.get(word, 0) + count
