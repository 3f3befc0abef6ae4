"""Chia's pool protocol: proofs of space over HTTPS, read where the capture is clear.

    GET /pool_info -> {"minimum_difficulty":n,"target_puzzle_hash":…,"relative_lock_height":…}
    GET /farmer?launcher_id=… -> {"current_difficulty":n,"authentication_public_key":…}; POST, PUT /farmer {"payload":…}
    POST /partial {"payload":{"launcher_id","proof_of_space":{…},"harvester_id",…},"aggregate_signature"}
        -> {"new_difficulty":n} or {"error_code":n,"error_message":…}

A partial is worth the difficulty in force: points, which measure disk space, not hashes. Before the pool has said
another it is the pool's minimum. Source: Chia-Network/pool-reference SPECIFICATION.md.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar
from urllib.parse import parse_qs

from msgspec import Struct, field

from netminer_detect.dialects.answers import MAX_REASON
from netminer_detect.dialects.dialect import is_0x, is_hex, text
from netminer_detect.dialects.exchanges import Asked, Reply
from netminer_detect.observations import (
    CoinHinted,
    HandshakeAnswered,
    HandshakeAsked,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    WorkerLogin,
)
from netminer_detect.work import number

MAX_WAITING, MAX_LOGINS = 256, 64
UNIT = "point"
# Forks of Chia speak the same words; only the program's name tells the coin.
_CHIA = "Chia Blockchain"


def _is_id(value: object) -> bool:
    return is_0x(value, 64) or is_hex(value, 64)


def _payload(asked: Asked) -> dict[str, Any]:
    payload = asked.body.get("payload")
    return payload if isinstance(payload, dict) else {}


def _is_partial(payload: dict[str, Any]) -> bool:
    proof = payload.get("proof_of_space")
    return _is_id(payload.get("launcher_id")) and isinstance(proof, dict) and "proof" in proof and "challenge" in proof


class ChiaPool(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "chia-pool"
    _difficulty: Fraction | None = None
    _asked: bool = False
    _known: set[str] = field(default_factory=set)
    _waiting: dict[int, int] = field(default_factory=dict)
    _shares: int = 0

    @staticmethod
    def knows(method: str, path: str) -> bool:
        return path.rstrip("/").endswith(("/pool_info", "/farmer", "/partial"))

    def asked(self, asked: Asked) -> list[Observation]:
        payload = _payload(asked)
        if asked.request.method == "POST" and _is_partial(payload):
            return self._login(asked, payload) + self._partial(asked, payload)
        query = parse_qs((asked.request.target or "")[:4096].partition("?")[2], max_num_fields=32)
        launcher = payload.get("launcher_id") or next(iter(query.get("launcher_id", [])), None)
        if asked.path.rstrip("/").endswith("/farmer") and _is_id(launcher):
            return self._login(asked, {"launcher_id": launcher})
        return []

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]:
        body = reply.body
        share = self._waiting.pop(asked.serial, None)
        if share is not None:
            return self._verdict(reply, share)
        if "target_puzzle_hash" in body and "minimum_difficulty" in body:
            self._difficulty = self._difficulty or number(body["minimum_difficulty"])
        elif "current_difficulty" in body and "authentication_public_key" in body:
            self._difficulty = number(body["current_difficulty"])
            return [HandshakeAnswered(reply.evidence("farmer"), True)]
        elif "error_code" in body and asked.path.rstrip("/").endswith("/farmer"):
            return [HandshakeAnswered(reply.evidence("refused"), False, _reason(body))]
        return []

    def _login(self, asked: Asked, payload: dict[str, Any]) -> list[Observation]:
        found: list[Observation] = []
        agent = asked.agent
        if not self._asked:
            self._asked = True
            found.append(HandshakeAsked(asked.evidence("login"), agent))
            if agent is not None and agent.startswith(_CHIA):
                found.append(CoinHinted(asked.evidence("login"), "XCH", None, "agent"))
        launcher, harvester = str(payload["launcher_id"]), text(payload.get("harvester_id"))
        if (launcher not in self._known or harvester not in self._known) and len(self._known) < MAX_LOGINS:
            self._known.update(each for each in (launcher, harvester) if each is not None)
            found.append(WorkerLogin(asked.evidence("login"), launcher, launcher, harvester, None, agent))
        return found

    def _partial(self, asked: Asked, payload: dict[str, Any]) -> list[Observation]:
        self._shares += 1
        self._waiting[asked.serial] = self._shares
        if len(self._waiting) > MAX_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
        return [ShareSubmitted(asked.evidence("partial"), self._shares, str(payload["launcher_id"]), None,
                               self._difficulty, None, UNIT)]

    def _verdict(self, reply: Reply, share: int) -> list[Observation]:
        difficulty = number(reply.body.get("new_difficulty"))
        if difficulty is not None:
            self._difficulty = difficulty
            return [ShareAnswered(reply.evidence("accepted"), share, True)]
        if "error_code" in reply.body:
            return [ShareAnswered(reply.evidence("rejected"), share, False, _reason(reply.body))]
        return []


def _reason(body: dict[str, Any]) -> str | None:
    reason = text(body.get("error_message")) or text(body.get("error_code"))
    return reason[:MAX_REASON] if reason else None


EXCHANGE_DIALECT = ChiaPool
