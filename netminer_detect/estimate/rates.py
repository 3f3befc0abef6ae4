"""Rates from work and time, with their 95 % intervals.

Contract: `timed(work, seconds)` gives the work with its rate: amount over time, between the bounds that the count of
its shares allows (`gamma`); None where no time is known. `added(lists)` sums the work of machines that mined side by
side, an entry an algorithm and unit, work of different algorithms never together; their rates add up, their intervals
by the squares of their distances (Zou and Donner 2008), since one's luck is not another's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from msgspec.structs import replace

from netminer_detect.estimate.gamma import bounds
from netminer_detect.findings import Work

Kind = tuple[str | None, str]


def basis_of(known: int, unknown: int, silent: int) -> str:
    """What work rests on: how many shares of what kind."""
    total = known + unknown
    kind = "accepted shares" if not silent else "unanswered shares"
    if 0 < silent < total:
        kind = "accepted and unanswered shares"
    return kind if not unknown else f"{known} of {total} {kind}"


def timed(work: Work, seconds: float) -> Work:
    """See the module's contract."""
    if seconds <= 0 or work.shares < 1:
        return work
    rate = float(work.amount) / seconds
    low, high = bounds(work.shares)
    return replace(work, rate=rate, rate_low=rate * low, rate_high=rate * high)


def joined(lists: Iterable[list[Work]]) -> list[Work]:
    """The sum of work without rates, an entry an algorithm and unit, by name. Work of an algorithm that is not known
    is told where it is one machine's or session's alone: two of them may be of different algorithms."""
    sums: dict[Kind, Work] = {}
    parts = [work for works in lists for work in works]
    unknown_parts = Counter(work.unit for work in parts if work.algorithm is None)
    for work in parts:
        kind = (work.algorithm, work.unit)
        if work.algorithm is not None or unknown_parts[work.unit] == 1:
            known = sums.get(kind) or Work(work.algorithm, work.unit, Fraction(0), "")
            shares, unknown, silent = (
                known.shares + work.shares, known.unknown + work.unknown, known.silent + work.silent)
            sums[kind] = Work(work.algorithm, work.unit, known.amount + work.amount,
                              basis_of(shares, unknown, silent), shares=shares, unknown=unknown, silent=silent)
    return [work for _, work in sorted(sums.items(), key=lambda item: (item[0][0] or "", item[0][1]))]


def added(lists: Iterable[list[Work]]) -> list[Work]:
    """See the module's contract."""
    parts = [work for works in lists for work in works]
    return [_with_rates(whole, parts) for whole in joined([parts])]


def _with_rates(whole: Work, parts: list[Work]) -> Work:
    rate = below = above = 0.0
    for part in parts:
        if (part.algorithm, part.unit) != (whole.algorithm, whole.unit):
            continue
        if part.rate is None or part.rate_low is None or part.rate_high is None:
            continue
        rate += part.rate
        below += (part.rate - part.rate_low) ** 2
        above += (part.rate_high - part.rate) ** 2
    if not rate:
        return whole
    return replace(whole, rate=rate, rate_low=rate - math.sqrt(below), rate_high=rate + math.sqrt(above))
