"""Reads what mining devices answer on their management ports, JSON or not, sound or broken.

Contract: `sections(text)` gives the named parts of a reply of cgminer's API, each as its (key, value) pairs in order:
firmware builds this JSON by hand (missing commas, doubled brackets), so pairs are looked for and nothing is parsed. The
text form (`SUMMARY,Elapsed=1,…|`) gives the same. A NUL stands where bytes are missing: what it cuts is no pair, nor is
what the end cuts. `host_of(url)` is host and port of a pool's URL, `rate_of(pairs)` the device's own rate in hashes a
second. Nothing raises; at most MAX_PAIRS pairs are read.
"""

from __future__ import annotations

import re
from fractions import Fraction

from netminer_detect.patterns import pattern
from netminer_detect.work import number

MAX_TEXT, MAX_PAIRS = 256 * 1024, 8192
Pairs = list[tuple[str, str]]

_PAIR = pattern(
    r'"([^"\\\x00]{1,64})"\s*:\s*(?:"((?:[^"\\\x00]|\\.){0,512})"'
    r'|((?>-?[0-9.]{1,32}(?:[eE][+-]?\d{1,3})?|true|false))(?!\x00|\Z))'
    r'|"([A-Za-z]{2,24})"\s*:\s*\[?\s*\{'
)
_SECTION = pattern(r"([A-Z]{2,24})(?:=[^,|]*)?(?:,|\Z)")
# Host and port of stratum+tcp://host:port/path, with or without what stands around them.
_URL = pattern(r"(?:[a-z0-9+.-]{1,24}://)?(?:[^@/\s]{1,128}@)?(\[[0-9a-fA-F:.]{2,45}\]|[^:/\s\[\]]{1,253})(?::(\d{1,5}))?")
# What a summary calls its rate, the longest average first; the unit stands before it.
_RATES = pattern(r"([KMGTP]?)HS (?:av|15m|30m|5m|1m|20s|5s|RT)\Z")
_SCALES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}


def sections(text: str) -> dict[str, list[Pairs]]:
    """See the module's contract; the part before any name is ""."""
    text = text[:MAX_TEXT]
    return _of_json(text) if "{" in text[:64] else _of_text(text)


def _of_json(text: str) -> dict[str, list[Pairs]]:
    found: dict[str, list[Pairs]] = {"": [[]]}
    current = found[""]
    last = 0
    for count, match in enumerate(_PAIR.finditer(text)):
        if count >= MAX_PAIRS:
            break
        if match[4] is not None:
            current = found.setdefault(match[4].upper(), [])
            current.append([])
        else:
            if text.find("{", last, match.start()) >= 0 and current and current[-1]:
                current.append([])
            current[-1].append((match[1], match[2] if match[2] is not None else match[3]))
        last = match.end()
    return found


def _of_text(text: str) -> dict[str, list[Pairs]]:
    found: dict[str, list[Pairs]] = {}
    count = 0
    *whole, cut = text.rstrip().split("|")
    for part in [*whole, cut.rpartition(",")[0]][:512]:
        name = _SECTION.match(part)
        pairs = [(key.strip(), value) for key, _, value in (
            field.partition("=") for field in re.split(r"[,;]", part)[:256] if "\x00" not in field) if value]
        count += len(pairs)
        if count > MAX_PAIRS:
            break
        if pairs:
            found.setdefault(name[1] if name else "", []).append(pairs)
    return found


def first(parts: list[Pairs], *keys: str) -> str | None:
    """The value of the first of these keys that any part has, None where none is set."""
    for key in keys:
        for pairs in parts:
            for name, value in pairs:
                if name == key and value.strip():
                    return value.strip()
    return None


def rate_of(parts: list[Pairs]) -> Fraction | None:
    """The rate that a summary tells, averages before moments, in hashes a second."""
    best: tuple[int, Fraction] | None = None
    for pairs in parts:
        for key, value in pairs:
            match = _RATES.match(key)
            rate = number(value) if match else None
            if match is None or rate is None:
                continue
            rank = ("av", "15m", "30m", "5m", "1m", "20s", "5s", "RT").index(key.rpartition(" ")[2])
            if best is None or rank < best[0]:
                best = rank, rate * _SCALES[match[1]]
    return best[1] if best is not None else None


def host_of(url: str | None) -> tuple[str, int | None] | None:
    """Host and port of a pool's URL; None where it names none."""
    match = _URL.match(url.strip()) if url else None
    if match is None or ("." not in match[1] and ":" not in match[1]):
        return None
    port = int(match[2]) if match[2] else 0
    return match[1].strip("[]").lower(), port if 0 < port < 65536 else None


def watts_of(value: object) -> float | None:
    """A power in watts, None where it is no sound one."""
    watts = number(value)
    return float(watts) if watts is not None and 0 < watts < 100_000 else None
