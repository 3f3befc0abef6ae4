"""Times as programs read them (ISO 8601, UTC, `Z`), and as people do."""

from __future__ import annotations

from datetime import UTC, datetime

_MAX_S = 253_402_300_799  # the last second of the year 9999, the last that ISO 8601 dates of four digits hold


def iso_time(time_ns: int | None, nine: bool = False) -> str | None:
    """A time with 6 digits behind the second, or 9; None where there is none or no calendar holds it."""
    if time_ns is None:
        return None
    seconds, rest = divmod(time_ns, 1_000_000_000)
    if not 0 <= seconds <= _MAX_S:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{text}.{rest:09d}Z" if nine else f"{text}.{rest // 1000:06d}Z"


def span_text(first_ns: int | None, last_ns: int | None) -> str:
    """`2026-05-01 08:00:04 - 08:12:41 UTC`, shorter where both are one second; "" where nothing is known."""
    first, last = (iso_time(time_ns) for time_ns in (first_ns, last_ns))
    if first is None or last is None:
        return f"{(first or last or '')[:19].replace('T', ' ')} UTC" if first or last else ""
    day, begin, end_day, end = first[:10], first[11:19], last[:10], last[11:19]
    if (day, begin) == (end_day, end):
        return f"{day} {begin} UTC"
    return f"{day} {begin} - {end if day == end_day else f'{end_day} {end}'} UTC"
