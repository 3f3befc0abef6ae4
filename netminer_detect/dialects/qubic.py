"""Qubic's pool in JSON messages of WebSocket: seeds and nonces, scored by the pool.

    {"Method":"StratumLogin","AccessToken":…,"Worker":…,"Os":…} -> {"MessageType":2,…}
    {"MessageType":501,"Epoch":n,"RandomSeed":64 hex,"PublicKey":64 hex,…}  a job, every half minute
    {"Method":"StratumSubmit","Epoch":n,"RandomSeed":…,"PublicKey":…,"Nonce":64 hex}
        -> {"MessageType":502,"Success":bool,"Message":…}

Answers come in the order of the shares; a yes may be taken back later. The token is the account and a secret: only the
worker is told. A share is one try among unknown many: there is no work to count. Source:
profitphil/qubic-apple-silicon-miner STRATUM.md.
"""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.answers import MAX_REASON
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.observations import (
    CoinHinted,
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)

MAX_WAITING = 1024
_WELCOME, _JOB, _ANSWER = 2, 501, 502


def _is_work(body: dict[str, Any]) -> bool:
    return is_hex(body.get("RandomSeed"), 64) and is_hex(body.get("PublicKey"), 64)


def _is_job(body: dict[str, Any]) -> bool:
    return (body.get("MessageType") == _JOB or body.get("Method") == "StratumJob") and _is_work(body)


def _is_share(body: dict[str, Any]) -> bool:
    return body.get("Method") == "StratumSubmit" and _is_work(body) and is_hex(body.get("Nonce"), 64)


class Qubic(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "qubic"
    _worker: str | None = None
    _waiting: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    _shares: int = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        body = message.body
        if _is_job(body):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if _is_share(body):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        login = body.get("Method") == "StratumLogin" and "AccessToken" in body
        return Hint(Strength.LIKELY, Side.CLIENT) if login else None

    def read(self, message: Message) -> list[Observation] | None:
        body = message.body
        if body.get("Method") == "StratumLogin":
            return self._log_in(message)
        if _is_share(body):
            self._shares += 1
            self._waiting.append(self._shares)
            return [ShareSubmitted(message.evidence("share"), self._shares, self._worker, text(body["PublicKey"]))]
        if _is_job(body):
            return [JobAssigned(message.evidence("job"), text(body["PublicKey"]), None)]
        kind = body.get("MessageType")
        if kind == _WELCOME:
            return [HandshakeAnswered(message.evidence("login answered"), True)]
        return self._answer(message) if kind == _ANSWER else None

    def gap(self, side: Side) -> None:
        """Which share the next answer is for is no longer known."""
        self._waiting.clear()

    def _log_in(self, message: Message) -> list[Observation]:
        self._worker = text(message.body.get("Worker"))
        found: list[Observation] = [HandshakeAsked(message.evidence("login")),
                                    CoinHinted(message.evidence("login"), "QUBIC", None, "dialect")]
        if self._worker is not None:
            found.append(WorkerLogin(message.evidence("login"), self._worker, None, self._worker))
        return found

    def _answer(self, message: Message) -> list[Observation]:
        accepted = message.body.get("Success")
        if not isinstance(accepted, bool) or not self._waiting:
            return []
        reason = None if accepted else (text(message.body.get("Message")) or "")[:MAX_REASON] or None
        evidence = message.evidence("accepted" if accepted else "rejected")
        return [ShareAnswered(evidence, self._waiting.popleft(), accepted, reason)]


WEBSOCKET_DIALECT = Qubic
