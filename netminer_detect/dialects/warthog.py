"""Warthog's Stratum (Janushash): Bitcoin's messages with a merkle prefix in place of a coinbase.

    mining.notify [job, prev 64, merkle prefix, version 8, bits 8, time 8, clean]
    mining.submit [job, extranonce2, time 8, nonce 8]      (no worker)

Work of a share: its difficulty (proof of balanced work counts by itself). Some pools say yes to janusminer whatever
it hands in. Source: Miningcore's Warthog.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Message, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.observations import Observation
from netminer_detect.patterns import pattern

_WALLET = pattern(r"[0-9a-f]{48}(?:[./].*)?\Z")


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 7 or not is_hex(params[1], 64) or not isinstance(params[6], bool):
        return None
    sound = is_hex(params[2], range(8, 2048)) and all(is_hex(part, 8) for part in params[3:6])
    return JobShape(text(params[0])) if sound else None


def _share(params: list[Any]) -> bool:
    return len(params) == 4 and is_hex(params[1], range(2, 33)) and is_hex(params[2], 8) and is_hex(params[3], 8)


class Warthog(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "warthog"
    SHAPE: ClassVar[Shape] = Shape(
        "warthog", _notify, _share, _WALLET, default=None, one=Fraction(1), algorithm="janushash")

    def _submit(self, message: Message) -> list[Observation]:
        params = message.positional
        return self._share(message, None, text(params[0]) if params else None)


DIALECT = Warthog
