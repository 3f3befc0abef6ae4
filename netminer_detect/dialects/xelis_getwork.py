"""Xelis' getwork over WebSocket: mining straight at a node, a worker's name in the path.

    GET /getwork/xel:…/worker
    server {"new_job":{"algorithm":"xel/v2","miner_work":hex,"height":…,"difficulty":decimal,"topoheight":…}}
    client {"miner_work":hex} (older: {"block_template":hex})
    server "block_accepted", or {"block_rejected":reason}

A whole block is handed in: `shares` counts blocks, each worth the job's difficulty, which is the network's. Sources:
xelis-project/xelis-blockchain (daemon rpc getwork, miner), xelis-go-sdk getwork.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct, field

from netminer_detect.carriers.names import unescaped
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.xelis import ALGORITHMS
from netminer_detect.observations import (
    Evidence,
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.patterns import pattern
from netminer_detect.work import number

MAX_WAITING = 256
_PATH = pattern(r"/getwork/(xe[lt]:[0-9a-z]{40,100})(?:/([^/?#]{1,64}))?(?:[/?#]|\Z)")
_WORK = range(160, 2048)


def _job_of(body: dict[str, Any]) -> dict[str, Any] | None:
    job = body.get("new_job")
    if not isinstance(job, dict) or number(job.get("difficulty")) is None:
        return None
    return job if is_hex(job.get("miner_work"), _WORK) or is_hex(job.get("template"), _WORK) else None


def _is_share(body: dict[str, Any]) -> bool:
    return len(body) == 1 and (is_hex(body.get("miner_work"), _WORK) or is_hex(body.get("block_template"), _WORK))


class XelisGetwork(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "xelis-getwork"
    _greeted: bool = False
    _login: str | None = None
    _hashes: Fraction | None = None
    _algorithm: str | None = None
    _waiting: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    _shares: int = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        if _job_of(message.body) is not None:
            return Hint(Strength.CERTAIN, Side.SERVER)
        return Hint(Strength.LIKELY, Side.CLIENT) if _is_share(message.body) else None

    def read(self, message: Message) -> list[Observation] | None:
        body = message.body
        job = _job_of(body)
        if job is not None:
            return self._greet(message) + self._job(message, job)
        if _is_share(body):
            return self._greet(message) + self._share(message)
        if "block_accepted" in body or "block_rejected" in body:
            return self._answer(message)
        return None

    def gap(self, side: Side) -> None:
        self._waiting.clear()
        if side is Side.SERVER:
            self._hashes = None  # a share names no job: it is for the newest

    def _greet(self, message: Message) -> list[Observation]:
        """What the upgrade's path says, once."""
        if self._greeted:
            return []
        self._greeted = True
        request = message.request
        path = _PATH.match(unescaped(request.target or "")) if request is not None else None
        if request is None or path is None:
            return []
        self._login = path[1]
        agent = request.headers.get("user-agent")
        user, worker = split_login(path[1], path[2])
        asked = Evidence(request.mark, Side.CLIENT, "login", f"GET {request.target}")
        return [HandshakeAsked(asked, agent), WorkerLogin(asked, path[1], user, worker, None, agent),
                HandshakeAnswered(message.evidence("job"), True)]

    def _job(self, message: Message, job: dict[str, Any]) -> list[Observation]:
        self._hashes = number(job.get("difficulty"))
        self._algorithm = ALGORITHMS.get(str(job.get("algorithm"))[:8])
        return [JobAssigned(message.evidence("job"), None, self._hashes, self._hashes, self._algorithm)]

    def _share(self, message: Message) -> list[Observation]:
        self._shares += 1
        self._waiting.append(self._shares)
        return [ShareSubmitted(message.evidence("block"), self._shares, self._login, None, self._hashes,
                               self._algorithm)]

    def _answer(self, message: Message) -> list[Observation]:
        if not self._waiting:
            return []
        accepted = "block_accepted" in message.body
        evidence = message.evidence("accepted" if accepted else "rejected")
        reason = None if accepted else text(message.body.get("block_rejected"))
        return [ShareAnswered(evidence, self._waiting.popleft(), accepted, reason)]


WEBSOCKET_DIALECT = XelisGetwork
