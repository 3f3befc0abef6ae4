"""Times as people and programs read them: ISO 8601, UTC, `Z`."""

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
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}Z" if nine else f"{text}.{rest // 1000:06d}Z"
