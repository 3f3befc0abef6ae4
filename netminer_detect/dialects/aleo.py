"""Aleo's Stratum (AleoStratum/2.0.0): the target is a difficulty, a share a proof.

    mining.subscribe [agent, "AleoStratum/2.0.0", session] -> [session, server nonce, address]
    mining.set_target [integer difficulty]
    mining.notify [job, epoch challenge, address or null, clean]
    mining.submit [worker, job, nonce, commitment 96, proof]

Work of a share: its difficulty, in proofs. Source: the AleoStratum Mining Protocol document; pools of the main
network differ.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.observations import CoinHinted, Observation, Side
from netminer_detect.work import number

_VERSION = "AleoStratum/"


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 4 or not is_hex(params[1], range(16, 129)) or not isinstance(params[3], bool):
        return None
    return JobShape(text(params[0])) if params[2] is None or str(params[2])[:5] == "aleo1" else None


def _share(params: list[Any]) -> bool:
    return len(params) == 5 and is_hex(params[2], 16) and is_hex(params[3], 96) and is_hex(params[4], range(64, 1025))


class Aleo(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "aleo"
    SHAPE: ClassVar[Shape] = Shape(
        "aleo", _notify, _share, unit="proof", default=None, one=Fraction(1), algorithm="aleo coinbase puzzle")

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        params = message.positional
        if message.method == "mining.subscribe" and len(params) > 1 and str(params[1])[:12] == _VERSION:
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return super().hint(message)

    def _subscribe(self, message: Message) -> list[Observation]:
        params = message.positional
        if len(params) < 2 or str(params[1])[:12] != _VERSION:
            return super()._subscribe(message)
        coin = CoinHinted(message.evidence("subscribe"), "ALEO", self.SHAPE.algorithm, "dialect")
        return [coin, *super()._subscribe(message)]

    def _set_target(self, message: Message) -> list[Observation]:
        params = message.positional
        self._worth = self._worth_of(number(params[0]) if params else None)
        return []


DIALECT = Aleo
