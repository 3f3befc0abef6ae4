"""Miners in web pages that speak Socket.IO with a relay: yespower, yescrypt, minotaurx, GhostRider.

    server ["can start"]
    client ["start",{"version":…,"stratum":{"server","port","worker","password"},"algo":"minotaurx"}]
    server ["work",{"jobId","header","target",…}]
    client ["submit",{"jobId","nonce",…}], ["hashrate",{"hashrate":"1.42 Kh/s"}]

Relays differ in the names of their fields, and pools of these algorithms in what difficulty 1 means: shares are
counted, their work is not. Nothing says that a share was good. Who earns is the wallet in `worker`; the upstream pool
stands beside it. `c=` in the password is the coin paid out, not the coin mined.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    RateClaimed,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.patterns import pattern
from netminer_detect.work import number

_RATE = pattern(r"\s*([0-9.]{1,16})\s*([kKMGT]?)[hH](?:/s)?\s*\Z")
_SCALE = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _argument(message: Message) -> dict[str, Any]:
    argument = message.body.get("argument")
    return argument if isinstance(argument, dict) else {}


def _job_of(argument: dict[str, Any]) -> str | None:
    return text(argument.get("jobId")) or text(argument.get("job_id"))


def rate_of(value: object) -> Fraction | None:
    """A rate in hashes a second: a number, or text such as "1.42 Kh/s"."""
    match = _RATE.match(value) if isinstance(value, str) else None
    if match is None:
        return number(value)
    rate = number(match[1])
    return None if rate is None else rate * _SCALE[match[2].upper()]


class SocketIoMiner(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "socketio-miner"
    _login: str | None = None
    _algorithm: str | None = None
    _shares: int = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        argument = _argument(message)
        match message.body.get("event"):
            case "can start":
                return Hint(Strength.WEAK, Side.SERVER)
            case "start" if isinstance(argument.get("stratum"), dict) and "worker" in argument["stratum"]:
                return Hint(Strength.CERTAIN, Side.CLIENT)
            case "work" if _job_of(argument) and is_hex(argument.get("target"), range(8, 65)):
                return Hint(Strength.LIKELY, Side.SERVER)
            case "submit" if _job_of(argument) and is_hex(argument.get("nonce"), range(8, 17)):
                return Hint(Strength.LIKELY, Side.CLIENT)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        if "event" not in message.body:
            return None
        reader = _READERS.get(str(message.body["event"]))
        return [] if reader is None else reader(self, message)

    def gap(self, side: Side) -> None:
        """Nothing is kept that a gap could change."""

    def _start(self, message: Message) -> list[Observation]:
        argument = _argument(message)
        stratum, algorithm = argument.get("stratum"), text(argument.get("algo"))
        stratum = stratum if isinstance(stratum, dict) else {}
        self._algorithm = algorithm.lower()[:32] if algorithm else None
        self._login = text(stratum.get("worker"))
        asked = HandshakeAsked(message.evidence("start"))
        if self._login is None:
            return [asked]
        user, worker = split_login(self._login)
        password = stratum.get("password")
        return [asked, WorkerLogin(message.evidence("login"), self._login, user, worker,
                                   password if isinstance(password, str) else None)]

    def _work(self, message: Message) -> list[Observation]:
        job = _job_of(_argument(message))
        return [JobAssigned(message.evidence("job"), job, None, None, self._algorithm)]

    def _submit(self, message: Message) -> list[Observation]:
        self._shares += 1
        return [ShareSubmitted(message.evidence("share"), self._shares, self._login, _job_of(_argument(message)), None,
                               self._algorithm, acknowledged=False)]

    def _hashrate(self, message: Message) -> list[Observation]:
        rate = rate_of(_argument(message).get("hashrate", message.body.get("argument")))
        return [RateClaimed(message.evidence("rate"), self._login, rate, self._algorithm)] if rate else []

    def _error(self, message: Message) -> list[Observation]:
        reason = text(message.body.get("argument")) or text(_argument(message).get("message"))
        return [HandshakeAnswered(message.evidence("refused"), False, reason)]


_READERS: dict[str, Callable[[SocketIoMiner, Message], list[Observation]]] = {
    "start": SocketIoMiner._start,
    "work": SocketIoMiner._work,
    "submit": SocketIoMiner._submit,
    "hashrate": SocketIoMiner._hashrate,
    "error": SocketIoMiner._error,
}

WEBSOCKET_DIALECT = SocketIoMiner
