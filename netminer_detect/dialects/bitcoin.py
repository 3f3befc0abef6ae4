"""Tells Bitcoin's own work from that of other chains by the network difficulty in a job.

Contract: `is_bitcoin(bits, time)` takes the compact target and the time of a block header, both as hex of four
bytes, big-endian, and says whether no chain but Bitcoin had such a difficulty then. No other chain of the same
algorithm comes near: Bitcoin had 2e11 in 2016, 6e12 in August 2018 and 1.3e14 in 2026, Bitcoin Cash at most
1.3e12 (November 2017) and some 1e12 in 2026; before its split in August 2017 no other was above 1e10.
`is_coinbase(start)` says whether hex begins as a coinbase does: version, perhaps a time or a witness marker, one input
that spends nothing.
"""

from __future__ import annotations

import re

from netminer_detect.dialects.dialect import is_hex
from netminer_detect.patterns import pattern

_TARGET_1 = 0xFFFF << 208
_SPLIT = 1_501_593_374  # the first block of Bitcoin Cash, 1 August 2017
_BEFORE, _AFTER = 10**10, 3 * 10**12


_COINBASE = pattern(r"0[0-9a-f]000000(?:[0-9a-f]{8}|0001)?010{64}f{8}", re.IGNORECASE)


def is_coinbase(start: str) -> bool:
    """See the module's contract."""
    return _COINBASE.match(start) is not None


def difficulty_of(bits: str) -> float | None:
    """The difficulty of a compact target (0xffff * 2^208 / target), None where it is none."""
    if not is_hex(bits, 8):
        return None
    number = int(bits, 16)
    exponent, mantissa = number >> 24, number & 0x7FFFFF
    if not mantissa or not 3 < exponent < 33:
        return None
    return _TARGET_1 / (mantissa << 8 * (exponent - 3))


def is_bitcoin(bits: object, time: object) -> bool:
    """See the module's contract."""
    if not isinstance(bits, str) or not isinstance(time, str) or not is_hex(time, 8):
        return False
    difficulty = difficulty_of(bits)
    return difficulty is not None and difficulty >= (_BEFORE if int(time, 16) < _SPLIT else _AFTER)
