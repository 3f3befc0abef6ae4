"""Decred's Stratum: Bitcoin's job with most of the block header as its first part.

    mining.notify [job, prev 64, coinb1 (100 bytes of header or more), stake version 8 or "", [], version, …, clean]
    mining.submit [user, job, extranonce2, time 8, nonce 8]

Work of a share: difficulty times 2^32. Sources: decred/dcrpool, decred/gominer,
nicehash/Specifications Decred_NiceHash.txt.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.bitcoin import is_coinbase
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.observations import Side
from netminer_detect.patterns import pattern

# Its own miner, which mines nothing else.
_MINER = "decred-gominer"
_WALLET = pattern(r"D[sce][1-9A-HJ-NP-Za-km-z]{33}(?:[./].*)?\Z")


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) < 9 or params[4] != [] or not is_hex(params[1], 64):
        return None
    if not is_hex(params[2], range(200, 1024)) or is_coinbase(params[2]):
        return None
    return JobShape(text(params[0])) if params[3] == "" or is_hex(params[3], 8) else None


def _share(params: list[Any]) -> bool:
    # Bitcoin's form too: the wallet tells.
    return (
        len(params) == 5
        and is_hex(params[3], 8)
        and is_hex(params[4], 8)
        and isinstance(params[0], str)
        and _WALLET.match(params[0]) is not None
    )


class Decred(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "decred"
    SHAPE: ClassVar[Shape] = Shape("decred", _notify, _share, _WALLET, algorithm="blake3-dcr")

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        params = message.positional
        if message.low_method == "mining.subscribe" and params and str(params[0])[: len(_MINER)].lower() == _MINER:
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return super().hint(message)


DIALECT = Decred
