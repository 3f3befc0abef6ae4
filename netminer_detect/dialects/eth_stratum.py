"""Ethereum's early Stratum, as ethminer (mode 0), qtminer and btcpool speak it.

    mining.notify [job, 0x header 64, 0x seed 64, 0x target 64, clean]
    mining.submit [user, job, 0x nonce 16, 0x header 64, 0x mix 64], (worker at top level)

Work of a share: 2^256 / target of its job. Submit ids repeat (40 + GPU). Sources: ethereum-mining/ethminer
libpoolprotocols/stratum, btccom/btcpool src/eth.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_0x, text
from netminer_detect.dialects.stratum import JobShape, Shape, Stratum
from netminer_detect.observations import Side
from netminer_detect.patterns import pattern
from netminer_detect.work import from_target


def _is_job(params: list[Any]) -> bool:
    # Claymore's pools strip leading zeros of the boundary; what is shorter than this is a height (Zano).
    return (
        len(params) in (4, 5)
        and is_0x(params[1], 64)
        and is_0x(params[2], 64)
        and is_0x(params[3], range(33, 65))
    )


def _is_share(params: list[Any]) -> bool:
    return len(params) == 5 and is_0x(params[2], 16) and is_0x(params[3], 64) and is_0x(params[4], 64)


def _notify(params: list[Any]) -> JobShape | None:
    return JobShape(text(params[0]), from_target(params[3])) if _is_job(params) else None


_OTHER_WALLET = pattern(r"(?!0[xX])[1-9A-HJ-NP-Za-km-z]{26,}(?:[./].*)?\Z")
_SHAPE = Shape("eth-stratum", _notify, default=None)


class EthStratum(Stratum):
    """See the module's contract."""

    NAME: ClassVar[str] = "eth-stratum"

    def __init__(self) -> None:
        super().__init__(_SHAPE)

    @staticmethod
    def hint(message: Message) -> Hint | None:
        low, params = message.low_method, message.positional
        if low == "mining.notify" and _is_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if low == "mining.submit" and _is_share(params):
            # KawPow's shares look the same; its wallets do not, and an account's name tells nothing.
            other = isinstance(params[0], str) and _OTHER_WALLET.match(params[0]) is not None
            return Hint(Strength.FAMILY if other else Strength.LIKELY, Side.CLIENT)
        return None


DIALECT = EthStratum
