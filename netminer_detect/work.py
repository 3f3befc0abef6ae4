"""How much work a share stands for: targets and difficulties turned into expected hashes, exactly.

Contract: every function takes what stood on the wire and returns a `Fraction` of expected hash evaluations
a share, or None where the value is no sound target (negative, zero, not a number, too long). Nothing raises;
nothing is rounded here but by `addable`: the report rounds once.

Difficulty 1 is 2^32 hashes here, the convention of pools and of this project's reports; Bitcoin's exact
figure is 2^48/65535, which is 0.0015 % more.
"""

from __future__ import annotations

import math
from fractions import Fraction

from netminer_detect.patterns import pattern

_HEX = pattern(r"(?:0x)?([0-9a-fA-F]+)\Z")
DIFFICULTY_1 = Fraction(2**32)
_SPACE_256 = 2**256
# Beyond this a difficulty is no difficulty (Bitcoin's network has 1.3e14 in 2026) but an attack on arithmetic.
_MAX_DIFFICULTY = 2**200
# At less than this a share is less than one hash.
_MIN_DIFFICULTY = Fraction(1, 2**32)
_FINEST = 2**64


def number(value: object) -> Fraction | None:
    """A positive number as pools send it: integer, float (0.00015) or decimal string. None for all else, and for what
    no difficulty is: below 2^-32, from 2^200 on."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value) if not value.isdecimal() or len(value) > 78 else int(value)
        except ValueError:
            return None
    if isinstance(value, float):
        # The shortest decimal that reads back the same is what the pool wrote: 0.1 is a tenth.
        value = Fraction(repr(value)) if math.isfinite(value) else None
    if not isinstance(value, (int, Fraction)) or not _MIN_DIFFICULTY <= value < _MAX_DIFFICULTY:
        return None
    return Fraction(value)


def addable(work: Fraction) -> Fraction:
    """Work as it may be added up, to 2^-64 of a hash: the exact sum over many targets has a denominator as long as
    all of them together."""
    return work if work.denominator <= _FINEST else Fraction(round(work * _FINEST), _FINEST)


def from_difficulty(difficulty: object, multiplier: int = 1) -> Fraction | None:
    """Hashes of a share at a Bitcoin-style difficulty; `multiplier` is the algorithm's (scrypt: 65536)."""
    sound = number(difficulty)
    return None if sound is None else sound * DIFFICULTY_1 / multiplier


def hex_integer(text: object, digits: int = 64) -> int | None:
    """The integer of a hex string with or without 0x, of at most `digits` digits."""
    match = _HEX.match(text) if isinstance(text, str) and len(text) <= digits + 2 else None
    return int(match[1], 16) if match and len(match[1]) <= digits else None


def from_target(text: object) -> Fraction | None:
    """Hashes of a share under a 256-bit big-endian hex target; short forms are padded on the left."""
    target = hex_integer(text)
    return Fraction(_SPACE_256, target + 1) if target else None


def from_little_endian_target(text: object) -> Fraction | None:
    """The same for 64 hex digits in little-endian order (getwork)."""
    if hex_integer(text) is None or not isinstance(text, str):
        return None
    digits = text.removeprefix("0x")
    return from_target(bytes.fromhex(digits)[::-1].hex()) if len(digits) == 64 else None


def from_target_of_either_order(text: object) -> Fraction | None:
    """The same for 64 hex digits whose order is not agreed on (CryptoNote's pools). A share of a pool stands for
    less than 2^64 hashes; read in the other order its target is nearly no target, or far too hard."""
    readings = (from_target(text), from_little_endian_target(text))
    return max((hashes for hashes in readings if hashes is not None and hashes < 2**64), default=None)


def from_cryptonote_target(text: object) -> Fraction | None:
    """Monero's difficulty of an 8- or 16-digit little-endian hex target (xmrig src/base/net/stratum/Job.cpp).

    Eight digits hold the upper half only: t64 = (2^64-1) / ((2^32-1) / t32); D = (2^64-1) / t64, whole numbers.
    """
    if hex_integer(text, 16) is None or not isinstance(text, str) or len(text) not in (8, 16):
        return None
    target = int.from_bytes(bytes.fromhex(text), "little")
    if not target:
        return None
    if len(text) == 8:
        target = (2**64 - 1) // ((2**32 - 1) // target)
    return Fraction((2**64 - 1) // target)
