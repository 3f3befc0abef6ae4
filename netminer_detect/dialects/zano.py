"""Zano's pools (ProgPowZ): one port that speaks three ways, each locked in by the first request.

    mining.subscribe [agent, "EthereumStratum/1.0.0"] -> [["mining.notify", session, version], extranonce]
    mining.notify [0x header 64, 0x seed 64, 0x target 64, 0x height 16], the header being the job
    mining.submit [user, job, 0x nonce 16, …, 0x mix 64]

    eth_submitLogin, eth_getWork -> [header, seed, target, height], eth_submitWork [nonce, header, mix]: eth-proxy

    login {login, pass, agent} -> true or {id, job {job_id, target, …}, status}, getjob, submit [nonce, header, mix] or
    {id, job_id, nonce, result}, keepalived; work is pushed as in eth-proxy

Work of a share: 2^256 / (target + 1). The last two are Zano's by the wallet, or by a height of sixteen digits.
Source: Miningcore's Zano.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Dialect, Hint, Message, Strength, is_0x, is_hex, text
from netminer_detect.dialects.eth_proxy import EthProxy
from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.dialects.wallets import is_zano
from netminer_detect.observations import (
    HandshakeAsked,
    JobAssigned,
    Observation,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.work import from_cryptonote_target, from_target

_ALGORITHM = "progpowz"


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 4 or not all(is_0x(part, 64) for part in params[:3]) or not is_0x(params[3], range(1, 17)):
        return None
    return JobShape(text(params[0]), from_target(params[2]))


def _is_work(result: Any) -> bool:
    """Work as Zano's pools hand it out: Ethereum's, with a height of all its sixteen digits behind it."""
    return isinstance(result, list) and _notify(result) is not None and result[3][2:10] == "00000000"


class _Pushed(Kin):
    """The `mining.` way."""

    NAME: ClassVar[str] = "zano"
    SHAPE: ClassVar[Shape] = Shape("zano", _notify, default=None, algorithm=_ALGORITHM)


class _Polled(EthProxy):
    """The other two ways, which share their work and its answers."""

    NAME: ClassVar[str] = "zano"
    ALGORITHM: ClassVar[str | None] = _ALGORITHM

    def read(self, message: Message) -> list[Observation] | None:
        match message.method:
            case "login":
                return self._log_in(message)
            case "getjob":
                return self._get_work(message)
            case "submit":
                return self._hand_in(message)
            case "job":
                return self._offer(message, message.params)
            case "keepalived":
                return []
            case None:
                return self._answer_of_login(message) or super().read(message)
            case _:
                return super().read(message)

    def _log_in(self, message: Message) -> list[Observation]:
        params = message.named
        login, agent, password = text(params.get("login")), text(params.get("agent")), params.get("pass")
        self._ask(message, "login")
        if login is None:
            return [HandshakeAsked(message.evidence("login"), agent)]
        self._logins[""] = login
        user, worker = split_login(login, text(params.get("rigid")))
        return [
            HandshakeAsked(message.evidence("login"), agent),
            WorkerLogin(message.evidence("login"), login, user, worker,
                        password if isinstance(password, str) else None, agent),
        ]

    def _hand_in(self, message: Message) -> list[Observation]:
        if isinstance(message.params, list):
            return self._submit(message)
        job = text(message.named.get("job_id"))
        self._shares += 1
        self._ask(message, "submit", self._shares)
        hashes = self._jobs.get(job.lower()) if job else None
        return [ShareSubmitted(message.evidence("share"), self._shares, self._logins.get(""), job, hashes, _ALGORITHM)]

    def _answer_of_login(self, message: Message) -> list[Observation]:
        result = message.body.get("result")
        if message.side is Side.CLIENT or not isinstance(result, dict) or not isinstance(result.get("job"), dict):
            return []
        answered = super().read(message) or []
        return [*answered, *self._offer(message, result["job"])]

    def _offer(self, message: Message, job: Any) -> list[Observation]:
        name = text(job.get("job_id")) if isinstance(job, dict) else None
        if name is None:
            return []
        target = job.get("target")
        short = is_hex(target, 8) or is_hex(target, 16)
        hashes = from_cryptonote_target(target) if short else from_target(target)
        self._remember(name.lower(), hashes)
        return [JobAssigned(message.evidence("job"), name, hashes, hashes, _ALGORITHM)]


class Zano:
    """See the module's contract."""

    NAME: ClassVar[str] = "zano"

    def __init__(self) -> None:
        self._way: Dialect | None = None

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method, params = message.method or "", message.positional
        if method == "mining.notify" and _notify(params) is not None:
            return Hint(Strength.CERTAIN, Side.SERVER)
        if message.method is None and _is_work(message.body.get("result")):
            return Hint(Strength.CERTAIN, Side.SERVER)
        login = message.named.get("login") if method == "login" else (params[0] if params else None)
        if method in ("login", "mining.authorize", "eth_submitLogin", "mining.submit") and is_zano(login):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        if self._way is None:
            self._way = _Pushed() if (message.method or "").startswith("mining.") else _Polled()
        return self._way.read(message)

    def gap(self, side: Side) -> None:
        if self._way is not None:
            self._way.gap(side)


DIALECT = Zano
