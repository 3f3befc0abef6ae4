"""Nervos CKB's other form: the node's getWork calls over a raw socket, after eth-proxy.

    ckb_submitLogin {login, agent, worker} -> {nonce_pre, nonce_bytes}
    ckb_getWork {} -> {height, pow_hash 64, target}; pushed as an answer with id 0 that nobody asked for
    ckb_submitWork {pow_hash, nonce} -> true, false or {"code": "101", …}
    ckb_submitHashrate "0x rate"

Work of a share: 2^256 / (target + 1) of its pow hash. Sources: the notes of SparkPool's clients, NBMiner and bminer.
"""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from typing import Any, ClassVar, TypeGuard

from msgspec import Struct

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_0x, is_hex, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    RateClaimed,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.requests import Requests
from netminer_detect.work import from_target, hex_integer

_ALGORITHM = "eaglesong"
MAX_JOBS = 512


class _Asked(Struct):
    kind: str
    key: int = 0


def _is_hash(value: object) -> bool:
    return is_hex(value, 64) or is_0x(value, 64)


def _is_work(result: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(result, dict) and _is_hash(result.get("pow_hash")) and from_target(
        result.get("target")) is not None


class NervosGetWork:
    """See the module's contract."""

    NAME: ClassVar[str] = "nervos"

    def __init__(self) -> None:
        self._asked: Requests[_Asked] = Requests()
        self._jobs: OrderedDict[str, Fraction | None] = OrderedDict()
        self._login: str | None = None
        self._shares = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        if message.method in ("ckb_submitLogin", "ckb_getWork", "ckb_submitWork"):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        if message.method is None and _is_work(message.body.get("result")):
            return Hint(Strength.CERTAIN, Side.SERVER)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        match message.method:
            case None:
                return self._answer(message)
            case "ckb_submitLogin":
                return self._log_in(message)
            case "ckb_getWork":
                self._asked.ask(message.body.get("id"), _Asked("work"))
                return [HandshakeAsked(message.evidence("getWork"))]
            case "ckb_submitWork":
                return self._submit(message)
            case "ckb_submitHashrate":
                return self._claim(message)
            case _:
                return None

    def gap(self, side: Side) -> None:
        """Every job carries its target: nothing is forgotten."""

    def _log_in(self, message: Message) -> list[Observation]:
        params = message.named
        login, agent = text(params.get("login")), text(params.get("agent"))
        self._asked.ask(message.body.get("id"), _Asked("login"))
        asked = HandshakeAsked(message.evidence("login"), agent)
        if login is None:
            return [asked]
        self._login = login
        user, worker = split_login(login, text(params.get("worker")))
        password = params.get("pass")
        return [asked, WorkerLogin(message.evidence("login"), login, user, worker,
                                   password if isinstance(password, str) else None, agent)]

    def _submit(self, message: Message) -> list[Observation]:
        job = text(message.named.get("pow_hash"))
        self._shares += 1
        self._asked.ask(message.body.get("id"), _Asked("submit", self._shares))
        hashes = self._jobs.get(job.lower()) if job else None
        return [ShareSubmitted(message.evidence("share"), self._shares, self._login, job, hashes, _ALGORITHM)]

    def _claim(self, message: Message) -> list[Observation]:
        self._asked.ask(message.body.get("id"), _Asked("other"))
        rate = hex_integer(message.positional[0] if message.positional else message.params)
        return [RateClaimed(message.evidence("rate"), self._login, Fraction(rate), _ALGORITHM)] if rate else []

    def _answer(self, message: Message) -> list[Observation] | None:
        if message.side is Side.CLIENT:
            return []
        result, identity = message.body.get("result"), message.body.get("id")
        if _is_work(result):
            # Pushed work has id 0, which may also be the id of a share that still waits.
            self._asked.answer_if(identity, lambda asked: asked.kind == "work")
            return self._work(message, result)
        waiting = self._asked.answer(identity)
        accepted, reason = verdict(message.body)
        if waiting is None:
            return []
        if waiting.kind == "submit":
            evidence = message.evidence("accepted" if accepted else "rejected")
            return [] if accepted is None else [ShareAnswered(evidence, waiting.key, accepted, reason)]
        if waiting.kind == "login":
            accepted = isinstance(result, dict) or bool(accepted)
            return [HandshakeAnswered(message.evidence("login answered"), accepted, reason)]
        return []

    def _work(self, message: Message, work: dict[str, Any]) -> list[Observation]:
        name = work["pow_hash"]
        hashes = from_target(work["target"])
        self._jobs[name.lower()] = hashes
        if len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)
        return [JobAssigned(message.evidence("job"), name, hashes, hashes, _ALGORITHM)]


DIALECT = NervosGetWork
