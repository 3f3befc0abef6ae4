"""Xatum, Xelis' pool protocol: a method, a tilde and an object a line, inside TLS.

    shake~{"addr":…,"work":worker,"agent":…,"algos":[…]}
    job~{"algo":"xel/0","diff":number,"blob":base64}
    submit~{"data":base64 of 112 bytes,"hash":64 hex} -> success~{"msg":"ok"}, or any other msg for a no
    print~{"msg":…,"lvl":…}, ping~{}, pong~{}

No message has an id: answers come in the order of the shares. A share begins with the 32 bytes of its job's work hash.
Work of a share: the difficulty of its job. Sources: xelpool/Xatum specification.md, xelpool/xelis-proxy.
"""

from __future__ import annotations

import binascii
from collections import OrderedDict
from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.xelis import ALGORITHMS
from netminer_detect.observations import (
    HandshakeAsked,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.requests import Requests
from netminer_detect.work import number

WORK_HASH = 32
_SHARE, _BLOB = 112, range(64, 257)
MAX_JOBS = 512


class _Job(Struct, frozen=True):
    hashes: Fraction | None
    algorithm: str | None


def _decoded(value: object) -> bytes:
    """The bytes of a base64 text; empty where it is none."""
    try:
        return binascii.a2b_base64(value, strict_mode=True) if isinstance(value, str) else b""
    except (ValueError, binascii.Error):
        return b""


def _is_job(params: dict[str, Any]) -> bool:
    return number(params.get("diff")) is not None and len(_decoded(params.get("blob"))) in _BLOB


def _is_share(params: dict[str, Any]) -> bool:
    return len(_decoded(params.get("data"))) == _SHARE and is_hex(params.get("hash"), range(60, 65))


class Xatum:
    """See the module's contract."""

    NAME: ClassVar[str] = "xatum"

    def __init__(self) -> None:
        self._asked: Requests[int] = Requests()
        self._jobs: OrderedDict[bytes, _Job] = OrderedDict()
        self._login: str | None = None
        self._shares = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method, params = message.method, message.named
        if method == "shake~" and "addr" in params and "algos" in params:
            return Hint(Strength.CERTAIN, Side.CLIENT)
        if method == "job~" and _is_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if method == "submit~" and _is_share(params):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        method = message.method
        if method == "shake~":
            return self._shake(message)
        if method == "job~":
            return self._assign(message)
        if method == "submit~":
            return self._submit(message)
        if method == "success~":
            return self._answer(message)
        return [] if method in ("print~", "ping~", "pong~") else None

    def gap(self, side: Side) -> None:
        # Which answer belongs to which share is known by their order alone.
        self._asked = Requests()

    def _shake(self, message: Message) -> list[Observation]:
        params = message.named
        login, agent = text(params.get("addr")), text(params.get("agent"))
        asked = HandshakeAsked(message.evidence("shake"), agent)
        if login is None:
            return [asked]
        user, worker = split_login(login, text(params.get("work")))
        self._login = login
        return [asked, WorkerLogin(message.evidence("shake"), login, user, worker, agent=agent)]

    def _assign(self, message: Message) -> list[Observation]:
        params = message.named
        if not _is_job(params):
            return []
        algorithm = text(params.get("algo"))
        job = _Job(number(params["diff"]), ALGORITHMS.get(algorithm, algorithm) if algorithm else None)
        self._jobs[_decoded(params["blob"])[:WORK_HASH]] = job
        if len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)
        return [JobAssigned(message.evidence("job"), None, job.hashes, job.hashes, job.algorithm)]

    def _submit(self, message: Message) -> list[Observation]:
        params = message.named
        if not _is_share(params):
            return []
        job = self._jobs.get(_decoded(params["data"])[:WORK_HASH])
        self._shares += 1
        self._asked.ask(None, self._shares)
        return [ShareSubmitted(message.evidence("share"), self._shares, self._login, None,
                               job.hashes if job else None, job.algorithm if job else None)]

    def _answer(self, message: Message) -> list[Observation]:
        key = self._asked.answer(None)
        reason = text(message.named.get("msg"))
        if key is None or reason is None:
            return []
        accepted = reason.lower() == "ok"
        evidence = message.evidence("accepted" if accepted else "rejected")
        return [ShareAnswered(evidence, key, accepted, None if accepted else reason)]


DIALECT = Xatum
