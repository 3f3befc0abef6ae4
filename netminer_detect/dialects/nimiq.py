"""Nimiq's pool protocol (until its proof of work ended in 2024).

    {"message":"register","mode":"nano"|"smart","address":…,"deviceId":…,"deviceName":…,"genesisHash":…} -> registered
    {"message":"settings","address","extraData","target":decimal,"targetCompact","nonce"}
    {"message":"new-block","bodyHash","accountsHash","previousBlock"}           (a nano client's next job)
    {"message":"share","block":base64} or {"message":"share","blockHeader",…}
    {"message":"error","reason":…}

Good shares get no answer, bad ones an error. Work of a share: 2^256 / target, which is 2^16 times the difficulty that
pools show. Source: nimiq/mining-pool src/PoolAgent.js.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.dialect import Hint, Message, Strength, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.observations import (
    CoinHinted,
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

ALGORITHM = "argon2d-nim"
MAX_WAITING = 256
_SPACE = 2**256


# As JavaScript's libraries for long numbers write them.
_DECIMAL = pattern(r"[0-9]{1,78}(?:\.[0-9]{1,80})?(?:[eE]\+?[0-9]{1,2})?\Z")


def hashes_of(target: object) -> Fraction | None:
    """Expected hashes under a target given as a decimal text or a number."""
    if isinstance(target, float):
        target = repr(target)
    if isinstance(target, str):
        target = Fraction(target) if _DECIMAL.match(target) else None
    if isinstance(target, bool) or not isinstance(target, (int, Fraction)) or not 0 < target < _SPACE:
        return None
    return Fraction(_SPACE) / target


class Nimiq(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "nimiq"
    _hashes: Fraction | None = None
    _login: str | None = None
    _waiting: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    _shares: int = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        body = message.body
        match body.get("message"):
            case "register" if "address" in body and "genesisHash" in body:
                return Hint(Strength.CERTAIN, Side.CLIENT)
            case "share" if isinstance(body.get("block"), str) or "minerAddrProof" in body:
                return Hint(Strength.CERTAIN, Side.CLIENT)
            case "settings" if "targetCompact" in body and "extraData" in body:
                return Hint(Strength.CERTAIN, Side.SERVER)
            case "new-block" if "bodyHash" in body and "accountsHash" in body:
                return Hint(Strength.CERTAIN, Side.SERVER)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        reader = _READERS.get(str(message.body.get("message")))
        if reader is None:
            return [] if "message" in message.body else None
        return reader(self, message)

    def gap(self, side: Side) -> None:
        self._waiting.clear()
        if side is Side.SERVER:
            self._hashes = None  # new settings may have been lost

    def _register(self, message: Message) -> list[Observation]:
        body = message.body
        agent, login = text(body.get("userAgent")), text(body.get("address"))
        asked = HandshakeAsked(message.evidence("register"), agent)
        if login is None:
            return [asked]
        self._login = login
        user, worker = split_login(login, text(body.get("deviceName")))
        return [asked, WorkerLogin(message.evidence("login"), login, user, worker, None, agent),
                CoinHinted(message.evidence("register"), "NIM", ALGORITHM, "dialect")]

    def _registered(self, message: Message) -> list[Observation]:
        return [HandshakeAnswered(message.evidence("registered"), True)]

    def _settings(self, message: Message) -> list[Observation]:
        self._hashes = hashes_of(message.body.get("target"))
        return self._job(message)

    def _job(self, message: Message) -> list[Observation]:
        return [JobAssigned(message.evidence("job"), None, self._hashes, self._hashes, ALGORITHM)]

    def _share(self, message: Message) -> list[Observation]:
        self._shares += 1
        self._waiting.append(self._shares)
        return [ShareSubmitted(message.evidence("share"), self._shares, self._login, None, self._hashes, ALGORITHM,
                               acknowledged=False)]

    def _error(self, message: Message) -> list[Observation]:
        reason = text(message.body.get("reason"))
        # Errors come at once: they mean the share just sent.
        if self._waiting:
            return [ShareAnswered(message.evidence("rejected"), self._waiting.pop(), False, reason)]
        return [HandshakeAnswered(message.evidence("refused"), False, reason)]


_READERS: dict[str, Callable[[Nimiq, Message], list[Observation]]] = {
    "register": Nimiq._register,
    "registered": Nimiq._registered,
    "settings": Nimiq._settings,
    "new-block": Nimiq._job,
    "share": Nimiq._share,
    "error": Nimiq._error,
}

WEBSOCKET_DIALECT = Nimiq
