"""webminerpool: a relay for miners in web pages that serves Monero pools of the visitor's choice.

    {"identifier":"handshake","pool":…,"login":…,"password":…,"userid":…,"version":7}, or "loginid" in place of these
    {"identifier":"job","job_id":…,"algo":"cn","variant":1,"blob":hex,"target":8 hex}
    {"identifier":"solved","job_id":…,"nonce":8 hex,"result":64 hex}
    {"identifier":"hashsolved"} (some servers: the share was good), {"identifier":"error","param":…}

`userid` is an account of the site. Most shares get no answer. Work of a share: the difficulty of its job's target.
Sources: notgiven688/webminerpool SDK/miner_raw/miner/miner.js and server/Server/Program.cs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.cryptonote_web import WebJobs, is_job, is_share
from netminer_detect.dialects.dialect import Hint, Message, Strength, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    Observation,
    ShareAnswered,
    Side,
    WorkerLogin,
)

MAX_WAITING = 1024
_HANDSHAKE = {"pool", "login", "password", "version"}


class Webminerpool(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "webminerpool"
    _jobs: WebJobs = field(default_factory=WebJobs)
    _waiting: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    _login: str | None = None

    @staticmethod
    def hint(message: Message) -> Hint | None:
        body = message.body
        match body.get("identifier"):
            case "handshake" if body.keys() >= _HANDSHAKE:
                return Hint(Strength.CERTAIN, Side.CLIENT)
            case "handshake" if "loginid" in body and "version" in body:
                return Hint(Strength.WEAK, Side.CLIENT)
            case "job" if is_job(body):
                return Hint(Strength.CERTAIN, Side.SERVER)
            case "solved" if is_share(body):
                return Hint(Strength.CERTAIN, Side.CLIENT)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        reader = _READERS.get(str(message.body.get("identifier")))
        return None if reader is None else reader(self, message)

    def gap(self, side: Side) -> None:
        self._waiting.clear()

    def _handshake(self, message: Message) -> list[Observation]:
        body = message.body
        login = text(body.get("login")) or text(body.get("loginid"))
        asked = HandshakeAsked(message.evidence("handshake"))
        if login is None:
            return [asked]
        self._login = login
        user, worker = split_login(login, text(body.get("userid")))
        password = body.get("password")
        return [asked, WorkerLogin(message.evidence("login"), login, user, worker,
                                   password if isinstance(password, str) else None)]

    def _job(self, message: Message) -> list[Observation]:
        return self._jobs.job(message, message.body) if is_job(message.body) else []

    def _solved(self, message: Message) -> list[Observation]:
        if not is_share(message.body):
            return []
        share = self._jobs.share(message, message.body, self._login, acknowledged=False)
        self._waiting.append(share.key)
        return [share]

    def _good(self, message: Message) -> list[Observation]:
        return [ShareAnswered(message.evidence("accepted"), self._waiting.popleft(), True)] if self._waiting else []

    def _error(self, message: Message) -> list[Observation]:
        reason = text(message.body.get("param"))
        if self._waiting:
            return [ShareAnswered(message.evidence("rejected"), self._waiting.pop(), False, reason)]
        return [HandshakeAnswered(message.evidence("refused"), False, reason)]


_READERS: dict[str, Callable[[Webminerpool, Message], list[Observation]]] = {
    "handshake": Webminerpool._handshake,
    "job": Webminerpool._job,
    "solved": Webminerpool._solved,
    "hashsolved": Webminerpool._good,
    "error": Webminerpool._error,
}

WEBSOCKET_DIALECT = Webminerpool
