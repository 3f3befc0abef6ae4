"""Days and months as a history counts them, in UTC.

Contract: a day is the number of days since 1970-01-01, a month 12 * year + month - 1; `bit(day)` gives the month of a
day and its bit in the month's row of days. `days_of(month, bits)` gives the days again, in order. `day_text`
writes a day, `parse_day` and `parse_month` read them (None where there is none).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache

DAY_NS = 86_400_000_000_000
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d\d)\Z", re.ASCII)
# What is said to have lasted longer is seen at its two ends alone: clocks jump, and hostile files lie.
_MAX_DAYS = 366


@lru_cache(maxsize=65_536)
def bit(day: int) -> tuple[int, int]:
    """See the module's contract."""
    when = date.fromordinal(day + _EPOCH)
    return 12 * when.year + when.month - 1, 1 << (when.day - 1)


@lru_cache(maxsize=4096)
def first_day(month: int) -> int:
    """The first day of a month."""
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH


def days_of(month: int, bits: int) -> Iterator[int]:
    """See the module's contract."""
    first = first_day(month)
    while bits:
        low = bits & -bits
        yield first + low.bit_length() - 1
        bits ^= low


def days_between(first_ns: int, last_ns: int) -> Iterable[int]:
    """The days that a time touches."""
    first, last = first_ns // DAY_NS, last_ns // DAY_NS
    return range(first, last + 1) if last - first < _MAX_DAYS else (first, last)


def day_text(day: int) -> str:
    return date.fromordinal(day + _EPOCH).isoformat()


def parse_day(text: str) -> int | None:
    if not _DAY.match(text):
        return None
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        return None


def parse_month(text: str) -> int | None:
    match = _MONTH.match(text)
    if match is None or not 1 <= int(match[2]) <= 12 or not int(match[1]):
        return None
    return 12 * int(match[1]) + int(match[2]) - 1


def today() -> int:
    """The day that it is, in UTC."""
    return datetime.now(UTC).date().toordinal() - _EPOCH
