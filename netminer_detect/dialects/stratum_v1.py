"""Stratum v1: Bitcoin's pool protocol and every coin's that shares its job of nine parts.

    mining.notify [job, prevhash 64 hex, coinb1, coinb2, [branch 64 hex …], version 8, nbits 8, ntime 8, clean]
    mining.submit [worker, job, extranonce2, ntime 8, nonce (≤ 8), (version bits 8)]

Work of a share: difficulty times 2^32 (algorithms with multipliers of their own are told apart later, by the
coin). The wire names no algorithm. Sources: slush0/stratum-mining, bips/bip-0310, ckolivas/cgminer util.c.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.bitcoin import is_bitcoin
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Shape, Stratum, family_hint
from netminer_detect.observations import CoinHinted, Observation, Side


def _is_job(params: list[Any]) -> bool:
    if len(params) < 8 or not isinstance(params[4], list) or not is_hex(params[1], 64):
        return False
    # Decred has no outputs behind the extranonce but 4 bytes of stake version, Sia no version.
    sound = is_hex(params[2]) and is_hex(params[3]) and len(params[3]) > 8 and is_hex(params[5], 8)
    return sound and all(is_hex(branch, 64) for branch in params[4][:32])


def _is_bitcoin(params: list[Any]) -> bool:
    return _is_job(params) and is_bitcoin(params[6], params[7])


def _is_share(params: list[Any]) -> bool:
    if len(params) not in (5, 6) or text(params[1]) is None:
        return False
    # An extranonce2 may be empty; NerdMiner does not pad its nonce.
    return (params[2] == "" or is_hex(params[2], range(2, 33))) and is_hex(params[3], 8) and is_hex(
        params[4], range(1, 9))


def _notify(params: list[Any]) -> JobShape | None:
    return JobShape(text(params[0])) if _is_job(params) else None


_SHAPE = Shape("stratum-v1", _notify)
_BITCOIN = Shape("stratum-v1", _notify, algorithm="sha256d")


class StratumV1(Stratum):
    """See the module's contract."""

    NAME: ClassVar[str] = "stratum-v1"

    def __init__(self) -> None:
        super().__init__(_SHAPE)

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method, params = message.method, message.positional
        if method is None:
            return _subscribed(message)
        low = method.lower()
        if low == "mining.notify" and _is_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if low == "mining.submit" and _is_share(params):
            return Hint(Strength.LIKELY, Side.CLIENT)
        if low == "mining.configure":
            return Hint(Strength.LIKELY, Side.CLIENT)
        return family_hint(message)

    def read(self, message: Message) -> list[Observation] | None:
        hints: list[Observation] = []
        if message.low_method == "mining.notify" and self.shape is not _BITCOIN and _is_bitcoin(message.positional):
            self.shape = _BITCOIN
            hints.append(CoinHinted(message.evidence("job"), "BTC", "sha256d", "job"))
        read = super().read(message)
        return read if read is None else [*hints, *read]


def _subscribed(message: Message) -> Hint | None:
    """[[["mining.set_difficulty", sid], …], extranonce1, size]: the answer to a subscription."""
    result = message.body.get("result")
    if isinstance(result, list) and len(result) == 3 and is_hex(result[1]) and isinstance(result[2], int):
        return Hint(Strength.WEAK, Side.SERVER)
    return None


DIALECT = StratumV1
