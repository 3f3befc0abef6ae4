"""Nervos CKB's Stratum (Eaglesong), in its `mining.` form.

    mining.set_target [64 hex big-endian]
    mining.notify [job, pow hash 64, height (integer), parent 64, clean]
    mining.submit [user, job, nonce2: 32 digits less the extranonce]

Work of a share: 2^256 / (target + 1). Sources: btccom/btcpool src/ckb, NBMiner's notes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.patterns import pattern

_WALLET = pattern(r"ck[bt]1[0-9a-z]{40,110}")


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 5 or not isinstance(params[2], int) or isinstance(params[2], bool):
        return None
    sound = is_hex(params[1], 64) and is_hex(params[3], 64) and isinstance(params[4], bool)
    return JobShape(text(params[0])) if sound else None


def _share(params: list[Any]) -> bool:
    return len(params) == 3 and is_hex(params[2], range(17, 33))


class Nervos(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "nervos"
    SHAPE: ClassVar[Shape] = Shape("nervos", _notify, _share, _WALLET, default=None, algorithm="eaglesong")


DIALECT = Nervos
