"""Coinhive's protocol for miners in web pages, and its many clones' (deepMiner, CryptoLoot, CoinIMP …).

    {"type":"auth","params":{"version":7,"site_key":…,"type":"anonymous"|"user"|"token","user":…}}
        -> {"type":"authed","params":{"token":…,"hashes":n}}
    {"type":"job","params":{"job_id":…,"blob":hex,"target":8 hex,("algo","variant","height")}}
    {"type":"submit","params":{"version":7,"job_id":…,"nonce":8 hex,"result":64 hex}}
        -> {"type":"hash_accepted","params":{"hashes":n}}
    {"type":"error","params":{"error":…}}, {"type":"banned","params":{"banned":true}}

Each hash_accepted answers one share. Its counter is cumulative hashes at Coinhive and CoinIMP, a count of shares at
deepMiner, and may hold what other visitors did: work is that of the job's target. The site key (or the wallet) is
who earns, the user an account of the site. Sources: deepwn/deepMiner, CoinIMP's client script.
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
# Captchas have site keys, too.
_KINDS = ("anonymous", "user", "token")



class CoinhiveWebSocket(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "coinhive-websocket"
    _jobs: WebJobs = field(default_factory=WebJobs)
    _waiting: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    _login: str | None = None

    @staticmethod
    def hint(message: Message) -> Hint | None:
        params = message.named
        match message.body.get("type"):
            case "auth" if isinstance(params.get("site_key"), str) and params.get("type") in _KINDS:
                return Hint(Strength.CERTAIN, Side.CLIENT)
            case "job" if is_job(params):
                return Hint(Strength.CERTAIN, Side.SERVER)
            case "submit" if is_share(params):
                return Hint(Strength.CERTAIN, Side.CLIENT)
            case "hash_accepted" if isinstance(params.get("hashes"), int):
                return Hint(Strength.LIKELY, Side.SERVER)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        reader = _READERS.get(str(message.body.get("type")))
        return None if reader is None else reader(self, message)

    def gap(self, side: Side) -> None:
        """Which share the next answer is for is no longer known: each is worth what its own job said."""
        self._waiting.clear()

    def _auth(self, message: Message) -> list[Observation]:
        key = text(message.named.get("site_key"))
        asked = HandshakeAsked(message.evidence("auth"))
        if key is None:
            return [asked]
        self._login = key
        user, worker = split_login(key, text(message.named.get("user")))
        return [asked, WorkerLogin(message.evidence("login"), key, user, worker)]

    def _authed(self, message: Message) -> list[Observation]:
        return [HandshakeAnswered(message.evidence("auth answered"), True)]

    def _job(self, message: Message) -> list[Observation]:
        return self._jobs.job(message, message.named) if is_job(message.named) else []

    def _submit(self, message: Message) -> list[Observation]:
        if not is_share(message.named):
            return []
        share = self._jobs.share(message, message.named, self._login, acknowledged=True)
        self._waiting.append(share.key)
        return [share]

    def _accepted(self, message: Message) -> list[Observation]:
        return self._answer(message, True, None)

    def _error(self, message: Message) -> list[Observation]:
        reason = text(message.named.get("error"))
        if self._waiting:
            return self._answer(message, False, reason)
        return [HandshakeAnswered(message.evidence("refused"), False, reason)]

    def _banned(self, message: Message) -> list[Observation]:
        return [HandshakeAnswered(message.evidence("refused"), False, "banned")]

    def _answer(self, message: Message, accepted: bool, reason: str | None) -> list[Observation]:
        if not self._waiting:
            return []
        evidence = message.evidence("accepted" if accepted else "rejected")
        return [ShareAnswered(evidence, self._waiting.popleft(), accepted, reason)]


_READERS: dict[str, Callable[[CoinhiveWebSocket, Message], list[Observation]]] = {
    "auth": CoinhiveWebSocket._auth,
    "authed": CoinhiveWebSocket._authed,
    "job": CoinhiveWebSocket._job,
    "submit": CoinhiveWebSocket._submit,
    "hash_accepted": CoinhiveWebSocket._accepted,
    "error": CoinhiveWebSocket._error,
    "banned": CoinhiveWebSocket._banned,
}

WEBSOCKET_DIALECT = CoinhiveWebSocket
