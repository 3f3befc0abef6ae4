"""Stratum for VerusHash: Zcash's messages with a template of the solution as the job's ninth part.

    mining.notify [job, version 8, prevhash 64, merkle 64, reserved 64, time 8, bits 8, clean, solution hex]
    mining.submit [worker, job, time 8, nonce2, solution: fd4005, then its version as 4 bytes]

Work of a share: 2^256 / (target + 1) hashes. Sources: Miningcore's Verus, hellcatz/hminer STRATUM.md.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Shape, Stratum
from netminer_detect.dialects.stratum_v1_equihash import VERUS_SOLUTION, is_job, is_share
from netminer_detect.observations import Side


def _is_job(params: list[Any]) -> bool:
    return is_job(params) and len(params) > 8 and is_hex(params[8], range(65, 8192))


def _notify(params: list[Any]) -> JobShape | None:
    return JobShape(text(params[0])) if _is_job(params) else None


_SHAPE = Shape("stratum-v1-verus", _notify, default=None, algorithm="verushash2.2")


class StratumV1Verus(Stratum):
    """See the module's contract."""

    NAME: ClassVar[str] = "stratum-v1-verus"

    def __init__(self) -> None:
        super().__init__(_SHAPE)

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method, params = message.low_method, message.positional
        if method == "mining.notify" and _is_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if method == "mining.submit" and is_share(params) and VERUS_SOLUTION.match(params[4]):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        if method == "mining.pbaas.subscribe":
            return Hint(Strength.LIKELY, Side.CLIENT)
        return None


DIALECT = StratumV1Verus
