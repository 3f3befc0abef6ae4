"""The machine behind all `mining.*` dialects: requests, answers, workers, and the difficulty of each job.

Contract: a `Stratum` reads the messages of one flow; a dialect of the family says how its notifications and
submissions look (`Shape`), and how its targets count. What all share: subscribe, authorize, submit and their
answers by id; `mining.set_difficulty` and `mining.set_target` count from the next job on (ZIP-301; cgminer's
next_diff), so each job keeps the work of its own shares.

Sources: slush0/stratum-mining, zone117x/node-stratum-pool lib/stratum.js, ckolivas/cgminer util.c,
luke-jr/bfgminer util.c, bips/bip-0310, nicehash/Specifications.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import Dialect, Hint, Message, Strength, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.monero_json_rpc import MoneroJsonRpc
from netminer_detect.observations import (
    AgentSeen,
    Evidence,
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    RateClaimed,
    ServerNamed,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.patterns import pattern
from netminer_detect.requests import Requests
from netminer_detect.work import DIFFICULTY_1, addable, from_target, hex_integer, number

_HOST = pattern(r"(?=.{4,253}\Z)(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z][A-Za-z0-9-]{1,62}\Z")
# Jobs come every few seconds and shares name recent ones; cgminer keeps the jobs of about two minutes.
MAX_JOBS = 512

# What each side asks for in this family, in lower case; some servers answer to any case (cgminer util.c).
FROM_MINER = frozenset({
    "mining.subscribe", "mining.authorize", "mining.submit", "mining.configure", "mining.extranonce.subscribe",
    "mining.suggest_difficulty", "mining.suggest_target", "mining.capabilities", "mining.multi_version",
    "mining.get_transactions", "mining.hashes_done", "mining.update_password", "mining.resume",
    "mining.get_version", "mining.pbaas.subscribe", "eth_submithashrate", "mining.term", "mining.hashrate",
    "mining.pong",
})  # fmt: skip
FROM_POOL = frozenset({
    "mining.notify", "mining.set_difficulty", "mining.set_target", "mining.set_extranonce", "mining.set_version_mask",
    "mining.set_goal", "mining.ping", "mining.print", "set_extranonce", "client.reconnect", "client.show_message",
    "client.get_version",
})  # fmt: skip


class JobShape(Struct, frozen=True):
    """A notification as a dialect reads it: job id, and the work of a share where the job itself says it."""

    job: str | None
    hashes: Fraction | None = None
    difficulty: Fraction | None = None


def _never(params: list[Any]) -> bool:
    return False


class Shape(Struct, frozen=True):
    """What differs between the dialects of the family. `notify` reads a job, `share` knows a submission by its
    form, `account` a login that only this dialect has. `unit` counts the work; `default` is the difficulty
    before the first set_difficulty where the head of the stream was seen, None where it has none; `one` is the
    work that difficulty 1 stands for."""

    name: str
    notify: Callable[[list[Any]], JobShape | None]
    share: Callable[[list[Any]], bool] = _never
    account: re.Pattern[str] | None = None
    unit: str = "hash"
    default: Fraction | None = Fraction(1)
    one: Fraction = DIFFICULTY_1
    algorithm: str | None = None


class Asked(Struct):
    """A request of the miner that waits for its answer."""

    kind: str
    key: int = 0
    login: str | None = None


class Worth(Struct, frozen=True):
    """What a share is worth under the difficulty in force, or, where the job itself says it (`own`), by its job."""

    hashes: Fraction | None
    difficulty: Fraction | None
    own: bool = False


def shape_hint(shape: Shape, message: Message) -> Hint | None:
    """What a message says by its form: a job is certain; a share is where its login is, else likely."""
    low, params = message.low_method, message.positional
    if not params:
        return None
    if low == "mining.notify":
        return Hint(Strength.CERTAIN, Side.SERVER) if shape.notify(params) is not None else None
    if low not in ("mining.submit", "mining.authorize"):
        return None
    own = shape.account is not None and isinstance(params[0], str) and shape.account.match(params[0]) is not None
    if low == "mining.submit" and shape.share(params):
        return Hint(Strength.CERTAIN if own else Strength.LIKELY, Side.CLIENT)
    return Hint(Strength.LIKELY, Side.CLIENT) if own else None


def named_server(evidence: Evidence, host: object, port: int | None) -> list[Observation]:
    """The server as the miner was told it, where a message names it."""
    if not isinstance(host, str) or not _HOST.match(host):
        return []
    return [ServerNamed(evidence, host.lower(), port, "stratum")]


def port_of(value: object) -> int | None:
    """A port, as a number or in decimal digits."""
    digits = text(value) or ""
    port = int(digits) if digits.isdecimal() and len(digits) < 6 else 0
    return port if 0 < port < 1 << 16 else None


# What a method is read by, by name: a dialect of the family may read a message in its own way, and add methods.
HANDLERS = {
    "mining.subscribe": "_subscribe",
    "mining.authorize": "_authorize",
    "mining.submit": "_submit",
    "mining.hashes_done": "_hashes_done",
    "eth_submithashrate": "_submit_hashrate",
    "mining.set_difficulty": "_set_difficulty",
    "mining.set_target": "_set_target",
    "mining.notify": "_notify",
    "client.get_version": "_ask_version",
}


class Stratum:
    """Reads one flow of the family."""

    HANDLERS: ClassVar[dict[str, str]] = HANDLERS

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._asked: Requests[Asked] = Requests()
        self._server_asked: Requests[str] = Requests()
        self._jobs: OrderedDict[str, Worth] = OrderedDict()
        self._worth: Worth | None = None
        self._shares = 0

    def read(self, message: Message) -> list[Observation] | None:
        """The observations of a message; None where it is none of this family's."""
        method = message.method
        if method is None:
            return self._answer(message)
        low = method.lower()
        if (low in FROM_MINER) if message.side is Side.SERVER else (low in FROM_POOL):
            return []  # nobody asks so: a copy of a dialogue, not one
        name = self.HANDLERS.get(low)
        if name is not None:
            handler: Callable[[Message], list[Observation] | None] = getattr(self, name)
            return handler(message)
        if low in FROM_MINER or low == "pong":
            return self._other_request(message)
        return [] if low in FROM_POOL else None

    def follow(self, before: Dialect) -> None:
        """The session went on from another dialect: what was asked still waits, and a difficulty that was set counts
        for the jobs to come, by this dialect's reckoning. Jobs are kept where both reckon alike."""
        if isinstance(before, Stratum):
            self._asked, self._server_asked, self._shares = before._asked, before._server_asked, before._shares
            worth = before._worth
            if worth is not None:
                self._worth = worth if worth.difficulty is None else self._worth_of(worth.difficulty)
            if (before.shape.one, before.shape.unit) == (self.shape.one, self.shape.unit):
                self._jobs.update((job, worth) for job, worth in before._jobs.items() if not worth.own)
        elif isinstance(before, MoneroJsonRpc) and before.negotiated is not None:
            self._agree(before.negotiated)

    def _agree(self, algorithm: str) -> None:
        """Miner and pool agreed on an algorithm when the miner logged in."""
        if self.shape.algorithm is None:
            self._name_algorithm(algorithm)

    def gap(self, side: Side) -> None:
        if side is Side.SERVER:
            # A set_difficulty may have been lost, and a job that was sent again under it: nothing is known of jobs
            # to come, nor of those that do not say themselves what they are worth.
            self._worth = Worth(None, None)
            self._jobs = OrderedDict((job, worth) for job, worth in self._jobs.items() if worth.own)

    # What the miner asks

    def _subscribe(self, message: Message) -> list[Observation]:
        # ZIP-301 and bfgminer: [agent, session, host, port] name the server as the miner was told it; before them
        # Slush's pool of Zcash: [host, port, agent, session].
        agent, second, third, fourth = [*message.positional, None, None, None, None][:4]
        host, port = third, port_of(fourth)
        if isinstance(agent, str) and isinstance(third, str) and port_of(second) and _HOST.match(agent):
            host, port, agent = agent, port_of(second), third
        self._asked.ask(message.body.get("id"), Asked("subscribe"))
        evidence = message.evidence("subscribe")
        asked = HandshakeAsked(evidence, agent if isinstance(agent, str) and agent else None)
        return [asked, *(named_server(evidence, host, port) if len(message.positional) > 2 else [])]

    def _authorize(self, message: Message) -> list[Observation]:
        params = message.positional
        login = text(params[0]) if params else None
        password = params[1] if len(params) > 1 and isinstance(params[1], str) else None
        self._asked.ask(message.body.get("id"), Asked("authorize", login=login))
        if login is None:
            return []
        user, worker = split_login(login, text(message.body.get("worker")))
        return [WorkerLogin(message.evidence("authorize"), login, user, worker, password)]

    def _submit(self, message: Message) -> list[Observation]:
        params = message.positional
        login, job = (text(params[0]), text(params[1])) if len(params) > 1 else (None, None)
        return self._share(message, login, job)

    def _share(self, message: Message, login: str | None, job: str | None) -> list[Observation]:
        """Count a share, worth what its job says."""
        self._shares += 1
        self._asked.ask(message.body.get("id"), Asked("submit", self._shares))
        worth = self._jobs.get(job) if job is not None else None
        hashes = self._hashes_of(worth) if worth else None
        return [ShareSubmitted(message.evidence("share"), self._shares, login, job, hashes, self.shape.algorithm,
                               self.shape.unit)]

    def _other_request(self, message: Message) -> list[Observation]:
        self._asked.ask(message.body.get("id"), Asked("other"))
        return []

    def _hashes_done(self, message: Message) -> list[Observation]:
        """bfgminer: [user, seconds, hashes]."""
        params = message.positional
        seconds = number(params[1]) if len(params) > 2 else None
        hashes = number(params[2]) if len(params) > 2 else None
        if seconds is None or hashes is None:
            return []
        return [RateClaimed(message.evidence("rate"), text(params[0]), addable(hashes / seconds))]

    def _submit_hashrate(self, message: Message) -> list[Observation]:
        self._asked.ask(message.body.get("id"), Asked("other"))
        rate = hex_integer(message.positional[0]) if message.positional else None
        return [RateClaimed(message.evidence("rate"), None, Fraction(rate))] if rate else []

    # What the pool says

    def _set_difficulty(self, message: Message) -> list[Observation]:
        params = message.positional
        difficulty = params[0] if params else message.params
        self._worth = self._worth_of(number(difficulty))
        return []

    def _hashes_of(self, worth: Worth) -> Fraction | None:
        """The work of a share."""
        return worth.hashes

    def _worth_of(self, difficulty: Fraction | None) -> Worth:
        return Worth(None if difficulty is None else difficulty * self.shape.one, difficulty)

    def _set_target(self, message: Message) -> list[Observation]:
        params = message.positional
        self._worth = Worth(from_target(params[0]) if params else None, None)
        return []

    def _notify(self, message: Message) -> list[Observation] | None:
        shape = self._job_shape(message)
        if shape is None:
            return None
        worth = self._worth or Worth(None, None)
        if shape.hashes is not None:
            worth = Worth(shape.hashes, shape.difficulty, own=True)
        if shape.job is not None:
            self._remember(shape.job, worth)
        return [JobAssigned(message.evidence("job"), shape.job, self._hashes_of(worth), worth.difficulty,
                            self.shape.algorithm, self.shape.unit)]

    def _remember(self, job: str, worth: Worth) -> None:
        """Shares of this job are worth so much from now on."""
        self._jobs[job] = worth
        self._jobs.move_to_end(job)
        if len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)

    def _job_shape(self, message: Message) -> JobShape | None:
        """A notification as this dialect reads it."""
        return self.shape.notify(message.positional)

    def _name_algorithm(self, algorithm: str) -> None:
        """The wire names the algorithm of what follows."""
        if algorithm != self.shape.algorithm:
            self.shape = replace(self.shape, algorithm=algorithm)

    def _ask_version(self, message: Message) -> list[Observation]:
        self._server_asked.ask(message.body.get("id"), "version")
        return []

    # Answers of either side

    def _answer(self, message: Message) -> list[Observation] | None:
        if "result" not in message.body and "error" not in message.body:
            return None
        if message.side is Side.CLIENT:
            asked = self._server_asked.answer(message.body.get("id"))
            agent = message.body.get("result")
            if asked == "version" and isinstance(agent, str) and agent:
                return [AgentSeen(message.evidence("version"), agent)]
            return []
        waiting = self._asked.answer(message.body.get("id"))
        if waiting is None or waiting.kind == "other":
            return []
        accepted, reason = verdict(message.body)
        if waiting.kind == "submit":
            evidence = message.evidence("accepted" if accepted else "rejected")
            return [] if accepted is None else [ShareAnswered(evidence, waiting.key, accepted, reason)]
        return self._handshake_answer(message, waiting, accepted, reason)

    def _handshake_answer(
        self, message: Message, asked: Asked, accepted: bool | None, reason: str | None
    ) -> list[Observation]:
        result, kind = message.body.get("result"), asked.kind
        if kind == "subscribe":
            if self._worth is None and self.shape.default is not None:
                # All that came before is known, and so is all that will come until a gap.
                self._worth = self._worth_of(self.shape.default)
            # A subscription is answered with its extranonce, whatever stands first in the list.
            accepted = accepted is not False or isinstance(result, list)
        elif result is None and not message.body.get("error"):
            accepted = True  # P2Pool answers authorize with null
        if accepted is None:
            return []
        return [HandshakeAnswered(message.evidence(f"{kind} answered"), accepted, reason, kind != "subscribe")]


class Kin(Stratum):
    """A dialect of the family that differs in its shape alone: name it in SHAPE."""

    NAME: ClassVar[str]
    SHAPE: ClassVar[Shape]

    def __init__(self) -> None:
        super().__init__(self.SHAPE)

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        """See `Dialect.hint`."""
        return shape_hint(cls.SHAPE, message)
