"""Stratum v1: Bitcoin's pool protocol and every coin's that shares its job of nine parts.

    mining.notify [job, prevhash 64 hex, coinb1, coinb2, [branch 64 hex …], version 8, nbits 8, ntime 8, clean]
    mining.submit [worker, job, extranonce2, ntime 8, nonce (≤ 8), (version bits 8)]

Work of a share: difficulty times 2^32, or less of some algorithms. The wire names none: `wire_algorithm` says where
it is certain; elsewhere shares are counted, not their work. Sources: slush0/stratum-mining, bips/bip-0310,
ckolivas/cgminer util.c.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

from msgspec.structs import replace

from netminer_detect.dialects.bitcoin import is_coinbase
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import FROM_MINER, FROM_POOL, JobShape, Shape, Stratum, Worth
from netminer_detect.dialects.wire_algorithm import WireAlgorithm
from netminer_detect.observations import CoinHinted, Observation, Side
from netminer_detect.patterns import pattern
from netminer_detect.work import number


def _is_job(params: list[Any]) -> bool:
    if len(params) < 8 or not isinstance(params[4], list) or not is_hex(params[1], 64):
        return False
    # Decred has no outputs behind the extranonce but 4 bytes of stake version or nothing, Sia no version. Some solo
    # servers send the whole coinbase, behind which nothing is to come.
    outputs = (is_hex(params[3]) and len(params[3]) > 8) or (params[3] == "" and is_coinbase(str(params[2])[:128]))
    sound = is_hex(params[2]) and outputs and is_hex(params[5], 8)
    return sound and all(is_hex(branch, 64) for branch in params[4][:32])


def _is_share(params: list[Any]) -> bool:
    if len(params) not in (5, 6) or text(params[1]) is None:
        return False
    # An extranonce2 may be empty; NerdMiner does not pad its nonce.
    return (params[2] == "" or is_hex(params[2], range(2, 33))) and is_hex(params[3], 8) and is_hex(
        params[4], range(1, 9))


def _notify(params: list[Any]) -> JobShape | None:
    return JobShape(text(params[0])) if _is_job(params) else None


_HASH = pattern(r"(?:0x)?[0-9a-fA-F]{16,}\Z")
_NONCE = pattern(r"(?:0x)?[0-9a-fA-F]{6,}\Z")


def _holds(known: re.Pattern[str], params: list[Any]) -> bool:
    return any(isinstance(param, str) and known.match(param) for param in params)


def _always(params: list[Any]) -> bool:
    return True


# What is asked for in this family and nowhere else, whatever the coin. Others mine data and ore, and submit that:
# a share names a job and holds a nonce, a job a hash.
_ASKED: dict[str, Callable[[list[Any]], bool]] = {
    "mining.subscribe": _always,
    "mining.authorize": lambda params: bool(params) and isinstance(params[0], str),
    "mining.submit": lambda params: len(params) > 2 and text(params[1]) is not None and _holds(_NONCE, params[2:]),
    **dict.fromkeys(
        ("mining.extranonce.subscribe", "mining.suggest_difficulty", "mining.suggest_target", "mining.capabilities",
         "mining.multi_version", "mining.get_transactions", "mining.hashes_done"), _always),
}  # fmt: skip
_PUSHED: dict[str, Callable[[list[Any]], bool]] = {
    "mining.notify": lambda params: len(params) > 2 and _holds(_HASH, params),
    "mining.set_difficulty": lambda params: bool(params) and number(params[0]) is not None,
    "mining.set_target": lambda params: _holds(_HASH, params),
    "mining.set_extranonce": lambda params: bool(params) and (params[0] == "" or is_hex(params[0])),
}


def _family_hint(low: str, message: Message) -> Hint | None:
    """What a method of the family says by its name, its form seen to."""
    for methods, side in ((_ASKED, Side.CLIENT), (_PUSHED, Side.SERVER)):
        if low in methods:
            sound = methods[low](message.positional) and "body" not in message.body
            return Hint(Strength.FAMILY if sound else Strength.WEAK, side)
    if low in FROM_MINER:
        return Hint(Strength.WEAK, Side.CLIENT)
    return Hint(Strength.WEAK, Side.SERVER) if low in FROM_POOL else None


_SHAPE = Shape("stratum-v1", _notify)


class StratumV1(Stratum):
    """See the module's contract."""

    NAME: ClassVar[str] = "stratum-v1"

    def __init__(self) -> None:
        super().__init__(_SHAPE)
        self._wire = WireAlgorithm()
        self._told: str | None = None

    @staticmethod
    def hint(message: Message) -> Hint | None:
        low, params = message.low_method, message.positional
        if low is None:
            return _subscribed(message)
        if low == "mining.notify" and _is_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if low == "mining.submit" and _is_share(params):
            return Hint(Strength.LIKELY, Side.CLIENT)
        if low == "mining.configure" and params and isinstance(params[0], list):
            return Hint(Strength.LIKELY, Side.CLIENT)
        return _family_hint(low, message)

    def read(self, message: Message) -> list[Observation] | None:
        """See `Dialect.read`."""
        self._learn(message.low_method, message.positional)
        algorithm, coin = self._wire.algorithm, self._wire.coin
        if algorithm != self.shape.algorithm:
            self.shape = replace(self.shape, algorithm=algorithm)
        hints: list[Observation] = []
        if coin is not None and coin != self._told:
            self._told = coin
            hints += [CoinHinted(message.evidence("job"), coin, algorithm, basis) for basis in self._wire.basis]
        read = super().read(message)
        return read if read is None else [*hints, *read]

    def _agree(self, algorithm: str) -> None:
        self._wire.agreed(algorithm)

    def _learn(self, low: str | None, params: list[Any]) -> None:
        if low == "mining.notify" and _is_job(params):
            self._wire.job(params[6], params[7])
        elif low == "mining.authorize" and params:
            self._wire.login(params[0], params[1] if len(params) > 1 else None)
        elif low == "mining.subscribe" and params:
            self._wire.agent(params[0])
        elif low == "mining.set_goal":
            self._wire.goal(params)

    def _hashes_of(self, worth: Worth) -> Fraction | None:
        # A target says the work itself, a difficulty only together with the algorithm.
        return worth.hashes if worth.difficulty is None else self._wire.hashes(worth.difficulty)


def _subscribed(message: Message) -> Hint | None:
    """[[["mining.set_difficulty", sid], …], extranonce1, size]: the answer to a subscription."""
    result = message.body.get("result")
    if isinstance(result, list) and len(result) == 3 and is_hex(result[1]) and isinstance(result[2], int):
        return Hint(Strength.WEAK, Side.SERVER)
    return None


DIALECT = StratumV1
