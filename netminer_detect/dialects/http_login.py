"""Who mines over HTTP: the Basic user and the agent of the requests, told once each.

Contract: `HttpLogin.seen(call)` gives the observations that a request adds: the handshake at the first one, a
login at each new user. `wait` and `share_of` pair calls with the shares they handed in, within MAX_WAITING.
"""

from __future__ import annotations

from msgspec import Struct, field

from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.over_http import Call
from netminer_detect.observations import HandshakeAsked, Observation, WorkerLogin

MAX_LOGINS = 256
MAX_WAITING = 1024


class HttpLogin(Struct):
    """The logins of one connection."""

    _shares: dict[int, int] = field(default_factory=dict)
    _asked: bool = False
    _known: set[str] = field(default_factory=set)

    def seen(self, call: Call, login: str | None = None, worker: str | None = None) -> list[Observation]:
        """`login` where the dialect knows it otherwise than from HTTP Basic; `worker` a field of its own."""
        found: list[Observation] = []
        login = login or call.basic_user
        if not self._asked:
            self._asked = True
            found.append(HandshakeAsked(call.evidence(call.method), call.agent))
        if login is not None and login not in self._known and len(self._known) < MAX_LOGINS:
            self._known.add(login)
            user, rig = split_login(login, worker)
            found.append(WorkerLogin(call.evidence("login"), login, user, rig, None, call.agent))
        return found

    def wait(self, call: Call, share: int) -> None:
        """A call handed in a share and waits for its answer."""
        self._shares[call.serial] = share
        if len(self._shares) > MAX_WAITING:
            self._shares.pop(next(iter(self._shares)))

    def share_of(self, call: Call) -> int | None:
        """The share that a call handed in, once."""
        return self._shares.pop(call.serial, None)
