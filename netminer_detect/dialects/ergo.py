"""Ergo's Stratum (Autolykos v2): the share target stands in the job, in decimal.

    mining.set_difficulty [multiplier]
    mining.notify [job, height (integer), message 64, "", "", version (integer), b (in decimal), "", clean]
    mining.submit [worker, job, extranonce2, time or "", nonce 16]

The target is b times the multiplier where that is at least 1 and the product is below 2^256, else b (pools of
the Miningcore kind send a multiplier of 1 before every job, others 2^32 times a difficulty). Work of a share:
2^256 / target. Older pools: mining.set_target, then mining.notify [job, message 64, height, clean]. Sources:
ergoplatform's Stratum notes, Miningcore ErgoPool.cs and ErgoJob.cs.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Message, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.patterns import pattern

_WALLET = pattern(r"9[1-9A-HJ-NP-Za-km-z]{50}(?:[./].*)?\Z")
_SPACE = Fraction(2**256)


def _target(params: list[Any]) -> Fraction | None:
    b = params[6]
    if isinstance(b, str) and b.isascii() and b.isdigit() and 1 < len(b) <= 78:
        b = int(b)
    target = b if isinstance(b, int) and not isinstance(b, bool) and b > 1 else 0
    return Fraction(target) if 0 < target < 2**256 else None


def _is_older(params: list[Any]) -> bool:
    return (
        len(params) == 4
        and is_hex(params[1], 64)
        and isinstance(params[2], int)
        and not isinstance(params[2], bool)
        and isinstance(params[3], bool)
    )


def _notify(params: list[Any]) -> JobShape | None:
    if _is_older(params):
        return JobShape(text(params[0]))
    if len(params) < 7 or not isinstance(params[1], int) or isinstance(params[1], bool):
        return None
    target = _target(params)
    if target is None or not is_hex(params[2], 64):
        return None
    return JobShape(text(params[0]), _SPACE / target)


def _share(params: list[Any]) -> bool:
    return len(params) == 5 and is_hex(params[4], 16) and (params[3] == "" or is_hex(params[3], 8))


class Ergo(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "ergo"
    SHAPE: ClassVar[Shape] = Shape("ergo", _notify, _share, _WALLET, one=Fraction(1), algorithm="autolykos2")

    def _job_shape(self, message: Message) -> JobShape | None:
        shape = _notify(message.positional)
        multiplier = self._worth.difficulty if self._worth is not None else None
        if shape is None:
            return None
        if shape.hashes is None:
            if multiplier is not None:
                # A multiplier, without the target that it multiplies.
                self._worth = None
            return shape
        if multiplier is None:
            # It may have been lost in a gap, or been sent before the capture began.
            return JobShape(shape.job)
        raised = _SPACE / shape.hashes * multiplier
        hashes = _SPACE / raised if multiplier >= 1 and raised < _SPACE else shape.hashes
        return JobShape(shape.job, hashes)


DIALECT = Ergo
