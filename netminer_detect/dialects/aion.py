"""Aion's Stratum (Equihash 210,9; the coin is dead): Zcash's messages with a job of four parts.

    mining.subscribe -> [session, nonce1]
    mining.notify [job, clean, target 64, header hash 64]
    mining.submit [worker, job, time 8, nonce2, solution of 1408 bytes]

Work of a share: 2^256 / (target + 1) solutions. Sources: the notes of lolMiner and TeamRedMiner.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.dialects.stratum_v1_equihash import is_aion_solution
from netminer_detect.patterns import pattern
from netminer_detect.work import from_target

_WALLET = pattern(r"0xa0[0-9a-fA-F]{62}(?:[./].*)?\Z")


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 4 or not isinstance(params[1], bool):
        return None
    if not is_hex(params[2], 64) or not is_hex(params[3], 64):
        return None
    return JobShape(text(params[0]), from_target(params[2]))


def _share(params: list[Any]) -> bool:
    return len(params) == 5 and is_hex(params[2], 8) and is_aion_solution(params[4])


class Aion(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "aion"
    SHAPE: ClassVar[Shape] = Shape(
        "aion", _notify, _share, _WALLET, unit="sol", default=None, algorithm="equihash210_9")


DIALECT = Aion
