"""Beam's Stratum: fields stand at top level, there are no params.

    {"method":"login","id":"login","api_key":"address.worker"}
        -> {"method":"result","id":"login","code":0,"description":…,"nonceprefix":…}
    {"method":"job","id":job,"input":64 hex,"difficulty":packed u32,"height":…}, {"method":"cancel","id":job}
    {"method":"solution","id":job,"nonce":16 hex,"output":208 hex} -> {"method":"result","id":job,"code":1}

Code 1 is a yes, 2 rejected, 3 expired; below 0 are errors, and 0 is the yes to a login. Work of a share: its
difficulty, in solutions; packed as (2^24 | low 24 bits) * 2^(high 8 bits - 24). Beam's hash changed at two heights.
Sources: BeamMW/beam pow/stratum.h and stratum.cpp, nicehash/Specifications Beam_NiceHash_v1.0.txt, Miningcore's Beam.
"""

from __future__ import annotations

from collections import OrderedDict
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
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.patterns import pattern
from netminer_detect.requests import Requests

_WALLET = pattern(r"[0-9a-f]{62,67}(?:[./].*)?\Z")
# First height -> algorithm (BeamMW/beam core/block_crypt.cpp).
_FORKS = ((777_777, "beamhash3"), (321_321, "beamhash2"), (0, "beamhash1"))
_ACCEPTED, _LOGGED_IN = 1, 0
MAX_JOBS = 512


class _Job(Struct, frozen=True):
    hashes: Fraction | None
    algorithm: str | None


def unpack(packed: object) -> Fraction | None:
    """The difficulty of Beam's packed form; None where it is none."""
    if not isinstance(packed, int) or isinstance(packed, bool) or not 0 < packed < 1 << 32:
        return None
    return Fraction((1 << 24) | (packed & 0xFFFFFF)) * Fraction(2) ** ((packed >> 24) - 24)


def _is_job(body: dict[str, Any]) -> bool:
    return is_hex(body.get("input"), 64) and isinstance(body.get("difficulty"), int)


def _is_share(body: dict[str, Any]) -> bool:
    return is_hex(body.get("nonce"), 16) and is_hex(body.get("output"), 208)


def _algorithm(height: object) -> str | None:
    if not isinstance(height, int) or height < 0:
        return None
    return next(name for first, name in _FORKS if height >= first)


class Beam:
    """See the module's contract."""

    NAME: ClassVar[str] = "beam"

    def __init__(self) -> None:
        self._asked: Requests[int] = Requests()
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._login: str | None = None
        self._shares = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method, body = message.method, message.body
        if method == "job" and _is_job(body):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if method == "solution" and _is_share(body):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        key = body.get("api_key")
        if method == "login" and isinstance(key, str) and _WALLET.match(key):
            return Hint(Strength.LIKELY, Side.CLIENT)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        method = message.method
        if method == "login":
            return self._log_in(message)
        if method == "solution":
            return self._submit(message)
        if method == "job":
            return self._assign(message)
        if method == "result":
            return self._answer(message)
        return [] if method == "cancel" else None

    def gap(self, side: Side) -> None:
        """Every job carries its difficulty: nothing is forgotten."""

    def _log_in(self, message: Message) -> list[Observation]:
        login = text(message.body.get("api_key"))
        asked = HandshakeAsked(message.evidence("login"))
        if login is None:
            return [asked]
        self._login = login
        user, worker = split_login(login)
        return [asked, WorkerLogin(message.evidence("login"), login, user, worker)]

    def _assign(self, message: Message) -> list[Observation]:
        body = message.body
        if not _is_job(body):
            return []
        name = text(body.get("id"))
        job = _Job(unpack(body["difficulty"]), _algorithm(body.get("height")))
        if name is not None:
            self._jobs[name] = job
            self._jobs.move_to_end(name)
            if len(self._jobs) > MAX_JOBS:
                self._jobs.popitem(last=False)
        return [JobAssigned(message.evidence("job"), name, job.hashes, job.hashes, job.algorithm, "sol")]

    def _submit(self, message: Message) -> list[Observation]:
        if not _is_share(message.body):
            return []
        name = text(message.body.get("id"))
        job = self._jobs.get(name) if name is not None else None
        self._shares += 1
        self._asked.ask(name, self._shares)
        return [ShareSubmitted(message.evidence("share"), self._shares, self._login, name,
                               job.hashes if job else None, job.algorithm if job else None, "sol")]

    def _answer(self, message: Message) -> list[Observation]:
        body = message.body
        code, reason = body.get("code"), text(body.get("description"))
        if not isinstance(code, int) or isinstance(code, bool):
            return []
        if body.get("id") == "login":
            return [HandshakeAnswered(message.evidence("login answered"), code == _LOGGED_IN, reason)]
        key = self._asked.answer(text(body.get("id")))
        if key is None:
            return []
        accepted = code == _ACCEPTED
        return [ShareAnswered(message.evidence("accepted" if accepted else "rejected"), key, accepted, reason)]


DIALECT = Beam
