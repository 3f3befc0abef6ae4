"""Aeternity's Stratum (Cuckoo cycle 29).

    mining.set_target [64 hex big-endian]
    mining.notify [job, block version (integer), header 64, clean], in the specification's example [job, header, clean]
    mining.submit [user, job, miner's nonce, [42 numbers]]

Work of a share: 2^256 / (target + 1) solutions. Source: aeternity/protocol STRATUM.md.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.patterns import pattern

_WALLET = pattern(r"ak_[1-9A-HJ-NP-Za-km-z]{40,60}")


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) == 4 and (not isinstance(params[1], int) or isinstance(params[1], bool)):
        return None
    sound = len(params) in (3, 4) and is_hex(params[-2], 64) and isinstance(params[-1], bool)
    return JobShape(text(params[0])) if sound else None


def _share(params: list[Any]) -> bool:
    return len(params) == 4 and isinstance(params[3], list) and len(params[3]) == 42


class Aeternity(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "aeternity"
    SHAPE: ClassVar[Shape] = Shape(
        "aeternity", _notify, _share, _WALLET, unit="sol", default=None, algorithm="cuckoo29")

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        hint = super().hint(message)
        # A hash and a flag are what anybody's jobs may be: the cycles of the shares tell.
        if hint is not None and message.low_method == "mining.notify" and len(message.positional) == 3:
            return Hint(Strength.WEAK, hint.speaker)
        return hint


DIALECT = Aeternity
