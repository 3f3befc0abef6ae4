"""Iron Fish's Stratum: every message has a `body`, and the server numbers its own messages.

    mining.subscribe {version, publicAddress, name, agent, extend} -> mining.subscribed {clientId, xn or graffiti}
    mining.set_target {target 64}, mining.notify {miningRequestId, header 360}
    mining.submit {miningRequestId, randomness} -> mining.submitted {id of the submission, result, message}
    mining.wait_for_work, mining.get_status, mining.disconnect {message}, {"id", "error": {id, message}}

Version 1 answers no shares. Version 3, whose servers give an extranonce (`xn`), came with FishHash; before, the
algorithm is not told. Work of a share: 2^256 / (target + 1). Sources: iron-fish/ironfish
ironfish/src/mining/stratum/messages.ts and stratumServer.ts, nicehash/Specifications FishHash_v1.0.txt.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.stratum import HANDLERS, Asked, JobShape, Kin, Shape, Worth
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.patterns import pattern
from netminer_detect.work import from_target

_WALLET = pattern(r"[0-9a-f]{64}(?:[./].*)?\Z")
_FROM_MINER = frozenset({"mining.subscribe", "mining.submit", "mining.get_status"})
_FROM_POOL = frozenset({
    "mining.subscribed", "mining.set_target", "mining.notify", "mining.submitted", "mining.disconnect",
    "mining.status", "mining.wait_for_work",
})  # fmt: skip


def _body(message: Message) -> dict[str, Any]:
    body = message.body.get("body")
    return body if isinstance(body, dict) else {}


def _never(params: list[Any]) -> JobShape | None:
    return None


class IronFish(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "ironfish"
    SHAPE: ClassVar[Shape] = Shape("ironfish", _never, account=_WALLET, default=None)
    HANDLERS: ClassVar[dict[str, str]] = HANDLERS | {
        "mining.subscribed": "_subscribed",
        "mining.submitted": "_submitted",
        "mining.disconnect": "_disconnect",
        "mining.get_status": "_nothing",
        "mining.status": "_nothing",
        "mining.wait_for_work": "_nothing",
    }

    def __init__(self) -> None:
        super().__init__()
        self._login: str | None = None
        self._answers = True

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        method = message.method or ""
        if not _body(message):
            return None
        if method in _FROM_MINER:
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return Hint(Strength.CERTAIN, Side.SERVER) if method in _FROM_POOL else None

    def _subscribe(self, message: Message) -> list[Observation]:
        body = _body(message)
        self._answers = body.get("version") != 1
        agent, login = text(body.get("agent")), text(body.get("publicAddress"))
        if body.get("version") == 3:
            self._name_algorithm("fishhash")
        found: list[Observation] = [HandshakeAsked(message.evidence("subscribe"), agent)]
        if login is not None:
            self._login = login
            user, worker = split_login(login, text(body.get("name")))
            found.append(WorkerLogin(message.evidence("subscribe"), login, user, worker, agent=agent))
        return found

    def _subscribed(self, message: Message) -> list[Observation]:
        if "xn" in _body(message):
            self._name_algorithm("fishhash")
        return [HandshakeAnswered(message.evidence("subscribe answered"), True)]

    def _set_target(self, message: Message) -> list[Observation]:
        self._worth = Worth(from_target(_body(message).get("target")), None)
        return []

    def _job_shape(self, message: Message) -> JobShape | None:
        body = _body(message)
        return JobShape(text(body.get("miningRequestId"))) if is_hex(body.get("header"), range(200, 1000)) else None

    def _submit(self, message: Message) -> list[Observation]:
        found = self._share(message, self._login, text(_body(message).get("miningRequestId")))
        if self._answers:
            return found
        return [
            ShareSubmitted(share.evidence, share.key, share.login, share.job, share.hashes, share.algorithm,
                           share.unit, acknowledged=False)
            for share in found if isinstance(share, ShareSubmitted)
        ]

    def _submitted(self, message: Message) -> list[Observation]:
        body = _body(message)
        waiting = self._asked.answer_if(body.get("id"), _is_share)
        accepted = body.get("result")
        if waiting is None or not isinstance(accepted, bool):
            return []
        evidence = message.evidence("accepted" if accepted else "rejected")
        return [ShareAnswered(evidence, waiting.key, accepted, text(body.get("message")))]

    def _disconnect(self, message: Message) -> list[Observation]:
        reason = text(_body(message).get("message")) or text(_body(message).get("reason"))
        return [HandshakeAnswered(message.evidence("disconnect"), False, reason)]

    def _nothing(self, message: Message) -> list[Observation]:
        return []

    def _answer(self, message: Message) -> list[Observation] | None:
        error = message.body.get("error")
        if message.side is Side.CLIENT or not isinstance(error, dict):
            return None
        waiting = self._asked.answer_if(error.get("id"), _is_share)
        reason = text(error.get("message"))
        if waiting is None:
            return []
        return [ShareAnswered(message.evidence("rejected"), waiting.key, False, reason)]


def _is_share(asked: Asked) -> bool:
    return asked.kind == "submit"


DIALECT = IronFish
