"""Siacoin's mining over HTTP: the node's own interface, which some pools copied for each of their miners.

    GET /miner/header(?address=…&worker=…) -> 112 bytes: the target, 32 bytes big-endian, and the header, 80
    POST /miner/header, 80 bytes -> 204, or 400 {"message": …}

A header that is handed in begins as the one that was handed out (the parent's hash), so the target is known of each.
Work of a share: 2^256 / (target + 1). Sources: Sia's doc/api/Miner.md, decred/gominer's and SiaMining's clients.
"""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from typing import ClassVar
from urllib.parse import parse_qs

from msgspec import Struct, field

from netminer_detect.dialects.answers import MAX_REASON
from netminer_detect.dialects.dialect import text
from netminer_detect.dialects.exchanges import Asked, Reply
from netminer_detect.dialects.logins import split_login
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    WorkerLogin,
)
from netminer_detect.work import from_target

_ALGORITHM = "blake2b-sia"
_TARGET, _HEADER, _PARENT = 32, 80, 32
# No chain and no pool hands out a target that one hash in 2^24 meets.
_LEAST_ZEROS = 3
MAX_JOBS = MAX_WAITING = 256
MAX_QUERY = 1024


class SiaHttp(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "sia-http"
    _jobs: OrderedDict[bytes, Fraction | None] = field(default_factory=OrderedDict)
    _waiting: dict[int, int] = field(default_factory=dict)
    _login: str | None = None
    _asked: bool = False
    _shares: int = 0

    @staticmethod
    def knows(method: str, path: str) -> bool:
        return path.rstrip("/") == "/miner/header" and method in ("GET", "POST")

    def asked(self, asked: Asked) -> list[Observation]:
        found = self._log_in(asked)
        header = asked.request.body
        if asked.request.method != "POST" or len(header) != _HEADER:
            return found
        self._shares += 1
        self._waiting[asked.serial] = self._shares
        if len(self._waiting) > MAX_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
        parent = header[:_PARENT]
        return [*found, ShareSubmitted(asked.evidence("share"), self._shares, self._login, parent.hex(),
                                       self._jobs.get(parent), _ALGORITHM)]

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]:
        status = reply.response.status or 0
        share = self._waiting.pop(asked.serial, None)
        if share is not None:
            accepted = 200 <= status < 300
            reason = None if accepted else (text(reply.body.get("message")) or f"HTTP {status}")[:MAX_REASON]
            evidence = reply.evidence("accepted" if accepted else "rejected")
            return [ShareAnswered(evidence, share, accepted, reason)]
        if asked.request.method != "GET":
            return []
        if status >= 400:
            return [HandshakeAnswered(reply.evidence("refused"), False, text(reply.body.get("message")))]
        work = reply.response.body
        if len(work) != _TARGET + _HEADER or any(work[:_LEAST_ZEROS]):
            return []
        hashes, parent = from_target(work[:_TARGET].hex()), work[_TARGET : _TARGET + _PARENT]
        if self._jobs.get(parent) == hashes and parent in self._jobs:
            return []  # polled again
        self._jobs[parent] = hashes
        if len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)
        return [JobAssigned(reply.evidence("job"), parent.hex(), hashes, hashes, _ALGORITHM)]

    def _log_in(self, asked: Asked) -> list[Observation]:
        """The first request asks to mine; a pool's has the address in its query."""
        if self._asked:
            return []
        self._asked = True
        query = parse_qs((asked.request.target or "")[:MAX_QUERY].partition("?")[2], max_num_fields=8)
        self._login = next(iter(query.get("address", [])), None)
        found: list[Observation] = [HandshakeAsked(asked.evidence("getwork"), asked.agent)]
        if self._login is not None:
            user, worker = split_login(self._login, next(iter(query.get("worker", [])), None))
            found.append(WorkerLogin(asked.evidence("login"), self._login, user, worker, None, asked.agent))
        return found


EXCHANGE_DIALECT = SiaHttp
