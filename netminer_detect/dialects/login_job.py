"""The machine behind dialects of `login`, `job` and `submit` that are not CryptoNote's.

Contract: a `LoginJob` reads the messages of one flow; a dialect says how its jobs and shares look. Requests carry an
object as params, `login` has login, pass and agent; answers pair with requests by id, and by method where they repeat
it. Jobs carry what a share is worth, so nothing is forgotten in a gap. Memory is bounded by MAX_JOBS and MAX_SESSIONS.
"""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import Message, text
from netminer_detect.dialects.logins import split_login, worker_of_password
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.requests import Requests

MAX_JOBS = 512
MAX_SESSIONS = 256


class Offer(Struct, frozen=True):
    """A job as a dialect reads it: what a share of it is worth, and in which algorithm."""

    job: str | None
    hashes: Fraction | None
    algorithm: str | None = None


class Waiting(Struct):
    """A request that waits for its answer."""

    method: str
    key: int = 0
    login: str | None = None


class LoginJob:
    """See the module's contract."""

    NAME: ClassVar[str]
    UNIT: ClassVar[str] = "hash"

    def __init__(self) -> None:
        self._asked: Requests[Waiting] = Requests()
        self._jobs: OrderedDict[str, Offer] = OrderedDict()
        self._sessions: dict[str, str | None] = {}
        self._login: str | None = None
        self._shares = 0

    def read(self, message: Message) -> list[Observation] | None:
        """See `Dialect.read`."""
        method = message.method
        if message.side is Side.SERVER and ("result" in message.body or "error" in message.body):
            return self._answer(message)
        if method == "login":
            return self._log_in(message)
        if method == "job":
            return self._assign(message, message.params)
        if method == "submit":
            return self._submit(message)
        if method is None or message.side is Side.SERVER:
            return [] if method is None else None
        self._ask(message, Waiting(method))
        return []

    def gap(self, side: Side) -> None:
        """Every job carries what its shares are worth: nothing is forgotten."""

    # What a dialect says of its messages

    def _offer(self, job: dict[str, Any]) -> Offer | None:
        """The job that an object is, None where it is none."""
        raise NotImplementedError

    def _hashes_of(self, params: dict[str, Any], offer: Offer | None) -> Fraction | None:
        """What a share is worth."""
        return offer.hashes if offer else None

    def _algorithm_of(self, params: dict[str, Any], offer: Offer | None) -> str | None:
        """The algorithm of a share."""
        return offer.algorithm if offer else None

    def _accepts(self, body: dict[str, Any]) -> tuple[bool | None, str | None]:
        """(accepted, reason) of an answer."""
        return verdict(body)

    # The messages

    def _ask(self, message: Message, waiting: Waiting) -> None:
        self._asked.ask(message.body.get("id"), waiting)

    def _log_in(self, message: Message) -> list[Observation]:
        params = message.named
        login, agent = text(params.get("login")), text(params.get("agent"))
        password = params.get("pass") if isinstance(params.get("pass"), str) else None
        self._ask(message, Waiting("login", login=login))
        asked = HandshakeAsked(message.evidence("login"), agent)
        if login is None:
            return [asked]
        self._login = login
        user, worker = split_login(login, text(params.get("rigid")) or worker_of_password(password or ""))
        return [asked, WorkerLogin(message.evidence("login"), login, user, worker, password, agent)]

    def _submit(self, message: Message) -> list[Observation]:
        params = message.named
        job = text(params.get("job_id"))
        offer = self._jobs.get(job) if job is not None else None
        self._shares += 1
        self._ask(message, Waiting("submit", self._shares))
        login = self._sessions.get(text(params.get("id")) or "", self._login)
        return [ShareSubmitted(message.evidence("share"), self._shares, login, job, self._hashes_of(params, offer),
                               self._algorithm_of(params, offer), self.UNIT)]

    def _assign(self, message: Message, job: Any) -> list[Observation]:
        offer = self._offer(job) if isinstance(job, dict) else None
        if offer is None:
            return []
        if offer.job is not None:
            self._jobs[offer.job] = offer
            self._jobs.move_to_end(offer.job)
            if len(self._jobs) > MAX_JOBS:
                self._jobs.popitem(last=False)
        return [JobAssigned(message.evidence("job"), offer.job, offer.hashes, offer.hashes, offer.algorithm, self.UNIT)]

    def _answer(self, message: Message) -> list[Observation]:
        method, identity = message.method, message.body.get("id")
        if method is None:
            waiting = self._asked.answer(identity)
        else:
            waiting = self._asked.answer_first(identity, lambda asked: asked.method == method)
        result = message.body.get("result")
        found: list[Observation] = []
        if waiting is not None and waiting.method in ("login", "submit"):
            found += self._verdict(message, waiting, result)
        if isinstance(result, dict):
            job = result.get("job")
            found += self._assign(message, job if isinstance(job, dict) else result)
        return found

    def _verdict(self, message: Message, waiting: Waiting, result: Any) -> list[Observation]:
        accepted, reason = self._accepts(message.body)
        if waiting.method == "submit":
            evidence = message.evidence("accepted" if accepted else "rejected")
            return [] if accepted is None else [ShareAnswered(evidence, waiting.key, accepted, reason)]
        session = text(result.get("id")) if isinstance(result, dict) else None
        if session is not None and len(self._sessions) < MAX_SESSIONS:
            self._sessions[session] = waiting.login
        return [] if accepted is None else [HandshakeAnswered(message.evidence("login answered"), accepted, reason)]
