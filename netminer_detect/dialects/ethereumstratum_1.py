"""EthereumStratum/1.0.0, NiceHash's form of Stratum for Ethash.

    mining.subscribe [agent, "EthereumStratum/1.0.0"] -> [["mining.notify", sid, "EthereumStratum/1.0.0"], xn]
    mining.notify [job, seed 64, header 64, clean]       (no 0x; the seed comes first)
    mining.submit [user, job, miner's nonce: 16 hex digits less the extranonce]

Work of a share: difficulty times 2^32, default 1. Kaspa's pools answer the same version text: the notification
decides. Source: nicehash/Specifications EthereumStratum_NiceHash_v1.0.0.txt.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Shape, Stratum
from netminer_detect.observations import Observation, Side

_VERSION = "ethereumstratum/1.0.0"


def _is_job(params: list[Any]) -> bool:
    return len(params) == 4 and is_hex(params[1], 64) and is_hex(params[2], 64) and isinstance(params[3], bool)


def _is_share(params: list[Any]) -> bool:
    return len(params) == 3 and text(params[1]) is not None and is_hex(params[2], range(6, 17))


def _notify(params: list[Any]) -> JobShape | None:
    return JobShape(text(params[0])) if _is_job(params) else None


def _is_version(value: object) -> bool:
    return isinstance(value, str) and value.lower() == _VERSION


# One name for what the wire cannot tell apart elsewhere: Ethash and its forks share shares and hardware.
ETHASH = {"ethash": "ethash-family", "etchash": "ethash-family"}
_SHAPE = Shape("ethereumstratum-1", _notify)


class EthereumStratum1(Stratum):
    """See the module's contract."""

    NAME: ClassVar[str] = "ethereumstratum-1"

    def __init__(self) -> None:
        super().__init__(_SHAPE)

    @staticmethod
    def hint(message: Message) -> Hint | None:
        low, params = message.low_method, message.positional
        if low is None:
            result = message.body.get("result")
            head = result[0] if isinstance(result, list) and result else None
            named = isinstance(head, list) and len(head) > 2 and _is_version(head[2])
            # Pools of Zano and of KawPow answer with the same text: the notification decides.
            return Hint(Strength.LIKELY, Side.SERVER) if named else None
        if low == "mining.notify" and _is_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if low == "mining.submit" and _is_share(params):
            return Hint(Strength.LIKELY, Side.CLIENT)
        if low == "mining.subscribe" and len(params) > 1 and _is_version(params[1]):
            # Kaspa's miners ask for the same version: what is submitted decides.
            return Hint(Strength.FAMILY, Side.CLIENT)
        return None

    def _agree(self, algorithm: str) -> None:
        super()._agree(ETHASH.get(algorithm, algorithm))

    def _notify(self, message: Message) -> list[Observation] | None:
        # MoneroOcean, whose miners change algorithms by the job, names it beside the params.
        algorithm = ETHASH.get(str(message.body.get("algo"))[:16])
        if algorithm is not None and _is_job(message.positional):
            self._name_algorithm(algorithm)
        return super()._notify(message)


DIALECT = EthereumStratum1
