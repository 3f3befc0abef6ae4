"""Stratum for Equihash (Zcash's ZIP-301) and Zhash.

    mining.subscribe [agent, session, host, port] -> [session, nonce1]
    mining.set_target [64 hex big-endian]
    mining.notify [job, version 8, prevhash 64, merkle 64, reserved 64, time 8, bits 8, clean, …]
    mining.submit [worker, job, time 8, nonce2, solution]

Work of a share: 2^256 / (target + 1) solutions. Sources: zcash/zips zip-0301,
nicehash/Specifications Zhash, Miningcore's Equihash, hellcatz/hminer STRATUM.md. The solution's length tells
the parameters: 1344 bytes 200,9; 400 192,7; 100 144,5; 68 96,5, with their compact size before them.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Shape, Stratum
from netminer_detect.observations import CoinHinted, Observation, Side
from netminer_detect.patterns import pattern

_PARAMETERS = pattern(r"\d{2,3}_\d{1,2}\Z")
# Verus sends a template of its own in place of a solution: compact size 1344, then a version as 4 bytes.
VERUS_SOLUTION = pattern(r"fd4005[0-9a-f]{2}000000", re.IGNORECASE)
# Length of the solution in hex digits -> algorithm.
_ALGORITHMS = {2694: "equihash200_9", 806: "equihash192_7", 202: "equihash144_5", 138: "equihash96_5"}


def is_job(params: list[Any]) -> bool:
    return (
        len(params) >= 8
        and is_hex(params[1], 8)
        and all(is_hex(part, 64) for part in params[2:5])
        and is_hex(params[5], 8)
        and is_hex(params[6], 8)
        and isinstance(params[7], bool)
    )


def is_share(params: list[Any]) -> bool:
    return (
        len(params) >= 5
        and text(params[1]) is not None
        and is_hex(params[2], 8)
        and is_hex(params[3], range(8, 65))
        and is_hex(params[4], range(130, 8192))
    )


def _is_own_job(params: list[Any]) -> bool:
    """A job of this dialect: behind the eight parts stands nothing, or Zhash's parameters ("144_5")."""
    return is_job(params) and (len(params) == 8 or _PARAMETERS.match(str(params[8])[:16]) is not None)


def is_aion_solution(solution: object) -> bool:
    """1408 bytes, with or without their compact size: parameters 210,9, which only Aion has."""
    return is_hex(solution, 2816) or is_hex(solution, 2822)


def _is_own_share(params: list[Any]) -> bool:
    return is_share(params) and not VERUS_SOLUTION.match(params[4]) and not is_aion_solution(params[4])


def _notify(params: list[Any]) -> JobShape | None:
    return JobShape(text(params[0])) if _is_own_job(params) else None


_SHAPE = Shape("stratum-v1-equihash", _notify, unit="sol", default=None)


class StratumV1Equihash(Stratum):
    """See the module's contract."""

    NAME: ClassVar[str] = "stratum-v1-equihash"

    def __init__(self) -> None:
        super().__init__(_SHAPE)

    @staticmethod
    def hint(message: Message) -> Hint | None:
        low, params = message.low_method, message.positional
        if low == "mining.notify" and _is_own_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if low == "mining.submit" and _is_own_share(params):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        method, params = message.low_method, message.positional
        hints: list[Observation] = []
        if method == "mining.notify" and _is_own_job(params) and len(params) > 8:
            self.shape = self._with(f"equihash{params[8]}")
        elif method == "mining.submit" and _is_own_share(params) and self.shape.algorithm is None:
            algorithm = _ALGORITHMS.get(len(params[4]))
            if algorithm:
                self.shape = self._with(algorithm)
                hints.append(CoinHinted(message.evidence("share"), None, algorithm, "share"))
        read = super().read(message)
        return read if read is None else hints + read

    @staticmethod
    def _with(algorithm: str) -> Shape:
        return Shape("stratum-v1-equihash", _notify, unit="sol", default=None, algorithm=algorithm)


DIALECT = StratumV1Equihash
