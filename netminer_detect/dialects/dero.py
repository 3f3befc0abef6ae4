"""Dero's getwork over WebSocket (derohe, AstroBWT v3), also a favourite of malware in containers.

    GET /ws/dero1… (the wallet)
    server {"jobid","blockhashing_blob":96 hex,"difficulty":decimal,"height","blocks","miniblocks","rejected",…}
    client {"jobid","mbl_blob":96 hex}

The server pushes a job twice a second. It never answers a share: its counters go up in the next job, `miniblocks` and
`blocks` for good ones, `rejected` for others. Work of a share: the job's difficulty. Source: deroproject/derohe
cmd/derod/rpc/websocket_getwork_server.go.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct, field

from netminer_detect.carriers.names import unescaped
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.observations import (
    CoinHinted,
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

ALGORITHM = "astrobwt/v3"
MAX_JOBS, MAX_WAITING = 512, 1024
_PATH = pattern(r"/ws/((?:dero|deto)1[0-9a-z]{20,200}(?:\.[^/?#]{1,64})?)(?:[/?#]|\Z)")


def _is_job(body: dict[str, Any]) -> bool:
    return is_hex(body.get("blockhashing_blob"), 96) and "jobid" in body and "miniblocks" in body


def _is_share(body: dict[str, Any]) -> bool:
    return is_hex(body.get("mbl_blob"), 96) and "jobid" in body


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


class Dero(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "dero"
    _greeted: bool = False
    _login: str | None = None
    _counters: tuple[int, int] | None = None
    _jobs: OrderedDict[str, Fraction | None] = field(default_factory=OrderedDict)
    _waiting: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    _shares: int = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        if _is_job(message.body):
            return Hint(Strength.CERTAIN, Side.SERVER)
        return Hint(Strength.CERTAIN, Side.CLIENT) if _is_share(message.body) else None

    def read(self, message: Message) -> list[Observation] | None:
        if message.side is Side.SERVER and _is_job(message.body):
            return self._greet(message) + self._job(message)
        if message.side is Side.CLIENT and _is_share(message.body):
            return self._greet(message) + self._share(message)
        return None

    def gap(self, side: Side) -> None:
        """Counters would tell of shares that were not seen."""
        self._counters = None
        self._waiting.clear()

    def _greet(self, message: Message) -> list[Observation]:
        """What the upgrade's path says, once."""
        if self._greeted:
            return []
        self._greeted = True
        found: list[Observation] = [CoinHinted(message.evidence("dialect"), "DERO", ALGORITHM, "dialect")]
        request = message.request
        path = _PATH.match(unescaped(request.target or "")) if request is not None else None
        if request is None or path is None:
            return found
        self._login = path[1]
        agent = request.headers.get("user-agent")
        user, worker = split_login(path[1])
        asked = Evidence(request.mark, Side.CLIENT, "login", f"GET {request.target}")
        return [HandshakeAsked(asked, agent), WorkerLogin(asked, path[1], user, worker, None, agent), *found]

    def _job(self, message: Message) -> list[Observation]:
        body = message.body
        job, hashes = text(body.get("jobid")), number(body.get("difficultyuint64")) or number(body.get("difficulty"))
        if job is not None:
            self._jobs[job] = hashes
            self._jobs.move_to_end(job)
            if len(self._jobs) > MAX_JOBS:
                self._jobs.popitem(last=False)
        error = text(body.get("lasterror"))
        found = self._answers(message, error)
        if self._counters is None:
            found.append(HandshakeAnswered(message.evidence("job"), True))
        self._counters = (_count(body.get("miniblocks")) + _count(body.get("blocks")), _count(body.get("rejected")))
        return [*found, JobAssigned(message.evidence("job"), job, hashes, hashes, ALGORITHM)]

    def _answers(self, message: Message, error: str | None) -> list[Observation]:
        """What the counters of a job say of the shares that wait."""
        if self._counters is None:
            return []
        body = message.body
        good = _count(body.get("miniblocks")) + _count(body.get("blocks")) - self._counters[0]
        bad = _count(body.get("rejected")) - self._counters[1]
        found: list[Observation] = []
        for accepted, count in ((True, good), (False, bad)):
            evidence = message.evidence("accepted" if accepted else "rejected")
            for _ in range(min(count, len(self._waiting))):
                found.append(ShareAnswered(evidence, self._waiting.popleft(), accepted, None if accepted else error))
        return found

    def _share(self, message: Message) -> list[Observation]:
        self._shares += 1
        self._waiting.append(self._shares)
        job = text(message.body.get("jobid"))
        hashes = self._jobs.get(job) if job is not None else None
        return [ShareSubmitted(message.evidence("share"), self._shares, self._login, job, hashes, ALGORITHM)]


WEBSOCKET_DIALECT = Dero
