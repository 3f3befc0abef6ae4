"""Xelis' Stratum: a public key in the subscription's answer, difficulty counted in hashes.

    mining.subscribe [agent] -> [session, extranonce 64, 32, public key 64]
    mining.authorize [address, worker, password]
    mining.notify [job, time hex, work hash 64, "xel/v2", clean]
        or, as first proposed: [job, work hash 64, the public key, clean]
    mining.submit [worker or "", job, nonce 16]

Work of a share: its difficulty. Sources: vipor-net/xelis-stratum-protocol, nicehash/Specifications
XelisHashV2_NiceHash_v1.0.txt, Miningcore.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from msgspec.structs import replace

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.observations import Observation, ShareSubmitted, Side, WorkerLogin
from netminer_detect.patterns import pattern

_WALLET = pattern(r"xe[lt]:[0-9a-z]{50,70}")
ALGORITHMS = {"xel/0": "xelishash", "xel/1": "xelishash", "xel/v2": "xelishash-v2", "xel/v3": "xelishash-v3"}
MAX_RIGS = 256


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 5 or not is_hex(params[2], 64) or not str(params[3])[:8].startswith("xel/"):
        return None
    return JobShape(text(params[0]))


class Xelis(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "xelis"
    SHAPE: ClassVar[Shape] = Shape("xelis", _notify, account=_WALLET, one=Fraction(1), algorithm="xelishash-v2")

    def __init__(self) -> None:
        super().__init__()
        self._logins: dict[str, str] = {}
        self._key: str | None = None

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        result = message.body.get("result")
        if message.method is None and isinstance(result, list) and len(result) == 4:
            keys = is_hex(result[1], 64) and is_hex(result[3], 64) and isinstance(result[2], int)
            return Hint(Strength.CERTAIN, Side.SERVER) if keys else None
        params = message.positional
        if message.low_method == "mining.authorize" and params and _WALLET.match(str(params[0])[:96]):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        # No other pool prints, and the others that are told a rate are told it in hex.
        if message.low_method == "mining.print" and len(params) == 2 and isinstance(params[1], str):
            return Hint(Strength.LIKELY, Side.SERVER)
        if message.low_method == "mining.hashrate" and len(params) == 1 and isinstance(params[0], (int, float)):
            return Hint(Strength.LIKELY, Side.CLIENT)
        return super().hint(message)

    def _authorize(self, message: Message) -> list[Observation]:
        params = message.positional
        super()._authorize(message)
        login, rig = (text(part) for part in [*params, None, None][:2])
        if login is None:
            return []
        if len(self._logins) < MAX_RIGS:
            self._logins[rig or ""] = login
        user, worker = split_login(login, rig)
        password = params[2] if len(params) > 2 and isinstance(params[2], str) else None
        return [WorkerLogin(message.evidence("authorize"), login, user, worker, password)]

    def _submit(self, message: Message) -> list[Observation]:
        """A share names the rig, which logged in with its wallet."""
        found = super()._submit(message)
        return [
            replace(share, login=self._logins.get(share.login or ""))
            if isinstance(share, ShareSubmitted) else share
            for share in found
        ]

    def _job_shape(self, message: Message) -> JobShape | None:
        params = message.positional
        # Ethereum's jobs look like the proposed ones; these repeat the key of the subscription, where it was seen.
        if len(params) == 4 and is_hex(params[1], 64) and is_hex(params[2], 64) and isinstance(params[3], bool):
            return JobShape(text(params[0])) if self._key in (None, params[2]) else None
        return super()._job_shape(message)

    def _answer(self, message: Message) -> list[Observation] | None:
        result = message.body.get("result")
        if message.side is Side.SERVER and isinstance(result, list) and len(result) == 4 and is_hex(result[3], 64):
            self._key = result[3]
        return super()._answer(message)

    def _notify(self, message: Message) -> list[Observation] | None:
        if _notify(message.positional) is not None:
            algorithm = ALGORITHMS.get(str(message.positional[3])[:8])
            if algorithm is not None:
                self._name_algorithm(algorithm)
        return super()._notify(message)


DIALECT = Xelis
