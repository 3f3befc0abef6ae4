"""Reads the days and times between which an entry of an inventory is valid, as people write them.

Contract: `moment(text, end)` gives integer nanoseconds UTC; where the text is a day, a month or a year, its beginning or
(`end`) the beginning of what follows it: `valid_to` 2024-05-31 includes that day. Read are ISO 8601, `2024/5/1`,
`20240501`, `2024年5月1日 8时30分`, years of the Republic (民国113年), `1 May 2024`, `13/05/2024` where only one number can be
the month. A time without a zone is this machine's local time; `local_zone()` says which that is. `period(text)` gives
both ends of `2024-01-01 至 2024-12-31`. What stands for no limit (长期, -, open) is FOREVER or, as a beginning, ALWAYS, as
are years that 64 bits of nanoseconds do not hold. Raises DateError.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from netminer_detect.organisations.addresses import is_nothing, shown

ALWAYS, FOREVER = -(1 << 63), (1 << 63) - 1

_SECOND = 1_000_000_000
_FIX = "write it as 2024-05-01 or 2024-05-01T08:00:00+08:00"
_OPEN = frozenset({"长期", "长期有效", "永久", "永久有效", "无限期", "无期限", "不限", "至今", "今", "现在", "待定", "未定", "始终",
                   "now", "present", "today", "open", "forever", "permanent", "never", "always", "tbd", "indefinite",
                   "unlimited"})  # fmt: skip
_CHINESE_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_TENS = re.compile(r"([一二三四五六七八九]?)十([一二三四五六七八九]?)")
_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_CLOCK = (r"(?:[T\s]*(?P<hour>\d{1,2})(?:[::时點点](?P<minute>\d{1,2})(?:分?钟?|[::分](?P<second>\d{1,2})(?:[.,]\d{1,9})?秒?)?"
          r"|[时點点]整?)\s*(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)?)?")
_FORMS = tuple(re.compile(form + _CLOCK, re.ASCII | re.IGNORECASE) for form in (
    r"(?P<year>\d{4})(?:([-/.])(?P<month>\d{1,2})(?:\2(?P<day>\d{1,2}))?)?",
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<republic>民国|民國)?(?P<year>\d{1,4})年(?:(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})[日号號]?)?)?",
    r"(?P<one>\d{1,2})([-/.])(?P<two>\d{1,2})\2(?P<year>\d{4})",
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<named>[a-z]{3})[a-z]*\.?,?[\s-]+(?P<year>\d{4})",
    r"(?P<named>[a-z]{3})[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
))  # fmt: skip
_BETWEEN = re.compile(r"\s*(?:~+|至|到|—+|–|(?<=\s)(?:to|until|-)(?=\s)|(?<=[日号月年])-|(?<=\d)-(?=\d{4}[./年])|\.{2,3})\s*",
                      re.IGNORECASE)


class DateError(ValueError):
    """A text that is no date: `what` is wrong, `fix` says what to do."""

    def __init__(self, what: str, fix: str = _FIX) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def local_zone() -> str:
    """The zone of times that name none: `UTC+08:00`."""
    minutes = int((datetime.now().astimezone().utcoffset() or timedelta()).total_seconds()) // 60
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@lru_cache(maxsize=4096)
def moment(text: str, end: bool = False) -> int:
    """See the module's contract."""
    plain = unicodedata.normalize("NFKC", text[:80]).strip().strip("'\"=")
    if is_nothing(plain) or plain.casefold() in _OPEN:
        return FOREVER if end else ALWAYS
    plain = _TENS.sub(lambda tens: str(10 * int(_arabic(tens[1]) or 1) + int(_arabic(tens[2]) or 0)), plain)
    plain = _arabic(plain)
    for form in _FORMS:
        found = form.fullmatch(plain)
        if found is not None:
            return _nanoseconds(found.groupdict(), shown(text), end)
    raise DateError(f"{shown(text)!r} is no date")


@lru_cache(maxsize=4096)
def period(text: str) -> tuple[int, int]:
    """See the module's contract: the beginning, and the first moment that is outside. One date alone is an end."""
    ends = _BETWEEN.split(text[:160].strip(), 1)
    if len(ends) == 1:
        return ALWAYS, moment(text, True)
    begin, end = moment(ends[0]), moment(ends[1], True)
    if end <= begin:
        raise DateError(f"{shown(text)!r} ends before it begins", "swap the two dates")
    return begin, end


def _arabic(text: str) -> str:
    return text.translate(_CHINESE_DIGITS)


def _nanoseconds(parts: dict[str, str | None], told: str, end: bool) -> int:
    """Raises DateError where there is no such day."""
    year, month, day = _year(parts), _number(parts, "month"), _number(parts, "day")
    if parts.get("named") is not None:
        month = _MONTHS.get((parts["named"] or "").lower())
        if month is None:
            raise DateError(f"{told!r} is no date")
    if parts.get("one") is not None:
        day, month = _day_and_month(parts, told)
    hour = _number(parts, "hour")
    if not 1678 < year < 2262:
        return FOREVER if year >= 2262 else ALWAYS
    zone = _zone(parts.get("zone"))
    try:
        begin = datetime(year, month or 1, day or 1, hour or 0, _number(parts, "minute") or 0,
                         _number(parts, "second") or 0, tzinfo=zone)  # fmt: skip
        if end and hour is None:
            begin = _next(begin, month, day)
        return int(begin.timestamp()) * _SECOND
    except (ValueError, OverflowError, OSError):
        raise DateError(f"{told!r} is no day of the calendar") from None


def _next(begin: datetime, month: int | None, day: int | None) -> datetime:
    """The beginning of the day, month or year after this one."""
    if day is not None:
        return begin + timedelta(days=1)
    if month is not None and month < 12:
        return begin.replace(month=month + 1)
    return begin.replace(year=begin.year + 1, month=1)


def _year(parts: dict[str, str | None]) -> int:
    year = int(parts["year"] or 0)
    return year + 1911 if parts.get("republic") else year


def _number(parts: dict[str, str | None], name: str) -> int | None:
    text = parts.get(name)
    return int(text) if text else None


def _day_and_month(parts: dict[str, str | None], told: str) -> tuple[int, int]:
    one, two = int(parts["one"] or 0), int(parts["two"] or 0)
    if one <= 12 and two <= 12 and one != two:
        raise DateError(f"{told!r} can be read in two ways")
    return (two, one) if two > 12 else (one, two)


def _zone(text: str | None) -> timezone | None:
    """None where the text names no zone."""
    if not text:
        return None
    digits = re.sub(r"[^\d+-]", "", text)
    if not digits:
        return UTC
    hours, minutes = digits[1:3] if len(digits) > 2 else digits[1:], digits[3:] or "0"
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset >= timedelta(hours=24):
        raise DateError(f"{shown(text)!r} is no zone")
    return timezone(-offset if digits[0] == "-" else offset)
