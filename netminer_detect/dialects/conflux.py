"""Conflux's Stratum (Octopus): the subscription carries the wallet, and there is no authorize.

    mining.subscribe [address.worker, password] -> true
    mining.notify ["0x job", "height", "0x pow hash 64", "0x boundary"]
    mining.submit [worker, job, "0x nonce 16", "0x pow hash 64"] -> [true] or [false, why]

Boundaries come without leading zeros, of some pools in decimal. Work of a share: 2^256 / (boundary + 1). Sources:
Conflux-Chain/conflux-doc docs/stratum.md, nicehash/Specifications Octopus_NiceHash_v1.0.txt.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_0x, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.observations import Observation, Side
from netminer_detect.patterns import pattern
from netminer_detect.work import from_target

_WALLET = pattern(r"cfx(?:test)?:[0-9a-z]{40,50}", re.IGNORECASE)


# Digits of a boundary in decimal: 2^256 has 78, and an easier one than 2^64 hashes a share has more than 58.
_DECIMAL = range(58, 79)


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 4 or not is_0x(params[2], 64):
        return None
    height, boundary = text(params[1]), params[3]
    if height is None or not height.isdigit():
        return None
    if isinstance(boundary, str) and boundary.isascii() and boundary.isdigit() and len(boundary) in _DECIMAL:
        boundary = hex(int(boundary))
    return JobShape(text(params[0]), from_target(boundary)) if is_0x(boundary, range(1, 65)) else None


def _share(params: list[Any]) -> bool:
    return len(params) == 4 and is_0x(params[2], 16) and is_0x(params[3], 64)


class Conflux(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "conflux"
    SHAPE: ClassVar[Shape] = Shape("conflux", _notify, _share, _WALLET, default=None, algorithm="octopus")

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        params = message.positional
        if message.method == "mining.subscribe" and params and _WALLET.match(str(params[0])[:64]):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return super().hint(message)

    def _subscribe(self, message: Message) -> list[Observation]:
        return self._authorize(message)


DIALECT = Conflux
