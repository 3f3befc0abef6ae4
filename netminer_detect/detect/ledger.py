"""Books what one flow said in one dialect: handshake, workers, jobs, shares and their work.

Contract: `Ledger.apply(observation)` takes the observations of a flow in order. Counts are exact as far as the
flow was seen; memory is bounded by MAX_WORKERS, MAX_PENDING and MAX_EVIDENCE. A share is worth what its job
said; shares whose worth is not known are counted apart, never guessed. Work is that of accepted shares, and in
dialects whose servers never say yes that of shares nobody refused.
"""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from itertools import islice

from msgspec import Struct, field

from netminer_detect.detect.devices import Device
from netminer_detect.detect.journal import Journal, Kind
from netminer_detect.dialects.logins import split_login
from netminer_detect.digests import digest
from netminer_detect.estimate.mining_time import MiningTime, Watch
from netminer_detect.findings import Jobs, Shares
from netminer_detect.masking import MASK, excerpt
from netminer_detect.observations import (
    AgentSeen,
    CoinHinted,
    DeviceReported,
    Evidence,
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Malformed,
    NetworkJoined,
    Observation,
    RateClaimed,
    ShapeSeen,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.work import addable

MAX_WORKERS = 2048
MAX_PENDING = 4096
# Two of each kind of message, and no more than this in all: a reader wants proof, not the whole dialogue.
MAX_EVIDENCE = 24
EACH_KIND = 2
# What tells a session from all others: its first shares, each found by its own nonce.
MAX_PRINTS = 8
MAX_TEXT = 256
# The passwords of so many workers are looked for where a message quotes them.
MAX_QUOTED = 16

Algorithm = tuple[str | None, str]


class Shown(Struct, frozen=True):
    """Evidence whose excerpt has been cut; `unmasked` is the excerpt with its passwords, where it has any."""

    evidence: Evidence
    unmasked: str | None


class Done(Struct):
    """Work of one algorithm: shares of known and of unknown worth; `silent` of them nobody answered."""

    hashes: Fraction = Fraction(0)
    known: int = 0
    unknown: int = 0
    silent: int = 0

    def add(self, other: Done) -> None:
        self.hashes += other.hashes
        self.known += other.known
        self.unknown += other.unknown
        self.silent += other.silent

    def count(self, hashes: Fraction | None, shares: int = 1) -> None:
        """Count a share, or take it back with -1."""
        if hashes is None:
            self.unknown += shares
        else:
            self.known += shares
            self.hashes += addable(hashes) * shares


class WorkerLedger(Struct):
    """One login."""

    login: str | None
    user: str | None = None
    worker: str | None = None
    agent: str | None = None
    password: str | None = None
    shares: Shares = field(default_factory=Shares)
    done: dict[Algorithm, Done] = field(default_factory=dict)
    mining: MiningTime = field(default_factory=MiningTime)


class _Pending(Struct, frozen=True):
    """A share that waits for its answer."""

    worker: WorkerLedger
    algorithm: Algorithm
    hashes: Fraction | None
    silent: bool
    noted: int

    @property
    def done(self) -> Done:
        """What the worker did of the share's algorithm."""
        return self.worker.done.setdefault(self.algorithm, Done())


class Ledger(Struct):
    """See the module's contract."""

    dialect: str
    asked: bool = False
    accepted: bool | None = None
    reason: str | None = None
    agent: str | None = None
    workers: OrderedDict[str | None, WorkerLedger] = field(default_factory=OrderedDict)
    workers_dropped: int = 0
    silent: int = 0
    watch: Watch = field(default_factory=Watch)
    network: set[Side] = field(default_factory=set)
    encrypted: bool = False
    device: Device | None = None
    malformed: Evidence | None = None
    jobs: Jobs = field(default_factory=Jobs)
    algorithms: dict[str, None] = field(default_factory=dict)
    coins: dict[str, list[str]] = field(default_factory=dict)
    claims: dict[tuple[str | None, str | None, str], Fraction] = field(default_factory=dict)
    evidence: list[Shown] = field(default_factory=list)
    prints: set[int] = field(default_factory=set)
    journal: Journal = field(default_factory=Journal)
    _logged_in: bool = False
    _kinds: dict[str, int] = field(default_factory=dict)
    _pending: OrderedDict[int, _Pending] = field(default_factory=OrderedDict)

    @property
    def shares(self) -> Shares:
        total = Shares()
        for worker in self.workers.values():
            total.add(worker.shares)
        return total

    def apply(self, observation: Observation) -> None:
        """Book one observation."""
        match observation:
            case ShareSubmitted():
                self._submitted(observation)
            case ShareAnswered():
                self._answered(observation)
            case JobAssigned():
                self._job(observation)
            case WorkerLogin():
                self._login(observation)
            case HandshakeAsked():
                self.asked = True
                self.agent = _short(observation.agent) or self.agent
            case HandshakeAnswered():
                self._handshake(observation)
            case RateClaimed():
                key = (observation.login, observation.algorithm, observation.unit)
                if key in self.claims or len(self.claims) < MAX_WORKERS:
                    self.claims[key] = observation.rate
            case CoinHinted():
                self._coin(observation)
            case AgentSeen():
                self.agent = _short(observation.agent)
            case NetworkJoined():
                self.network.add(observation.evidence.side)
                self.agent = _short(observation.agent) or self.agent
            case ShapeSeen():
                self.encrypted = True
            case DeviceReported():
                self._device(observation)
            case Malformed():
                self.malformed = self.malformed or observation.evidence
                return
            case _:
                return
        self.watch.heard(observation.evidence.mark.time_ns, isinstance(observation, JobAssigned))
        self._show(observation.evidence)

    def turn(self, dialect: str) -> None:
        """The session goes on in another dialect, which numbers its shares anew."""
        self.dialect = dialect
        self._pending.clear()

    def worker_of(self, login: str | None) -> WorkerLedger:
        """The worker of a login; without one, the only worker there is."""
        if login is None and len(self.workers) == 1:
            return next(iter(self.workers.values()))
        login = _short(login)
        worker = self.workers.get(login)
        if worker is None:
            if len(self.workers) >= MAX_WORKERS:
                self.workers_dropped += 1
                return next(reversed(self.workers.values()))
            user, rig = split_login(login) if login is not None else (None, None)
            worker = self.workers[login] = WorkerLedger(login, user, rig)
        return worker

    def _login(self, seen: WorkerLogin) -> None:
        self.asked = True
        worker = self.worker_of(seen.login)
        worker.user, worker.worker = _short(seen.user), _short(seen.worker)
        worker.password = _short(seen.password) if seen.password else seen.password
        worker.agent = _short(seen.agent)
        self.agent = self.agent or worker.agent

    def _device(self, seen: DeviceReported) -> None:
        device = self.device = self.device or Device()
        device.join(seen)
        self.agent = device.product
        self._algorithm(seen.algorithm)
        if seen.login or seen.worker:
            worker = self.worker_of(seen.login)
            worker.worker = _short(seen.worker) or worker.worker

    def _handshake(self, seen: HandshakeAnswered) -> None:
        if seen.accepted:
            self.accepted = True
            self._logged_in = self._logged_in or seen.login
        elif not self._logged_in and not self.jobs.sent:
            # Anybody may subscribe: a refused login takes that back.
            self.accepted = False
            self.reason = excerpt(seen.reason, self._passwords) if seen.reason else seen.reason

    def _job(self, seen: JobAssigned) -> None:
        jobs = self.jobs
        jobs.sent += 1
        self.journal.job(seen.evidence.excerpt)
        if seen.difficulty is not None:
            low, high = jobs.difficulty_min, jobs.difficulty_max
            jobs.difficulty_min = seen.difficulty if low is None else min(low, seen.difficulty)
            jobs.difficulty_max = seen.difficulty if high is None else max(high, seen.difficulty)
        self._algorithm(seen.algorithm)

    def _algorithm(self, algorithm: str | None) -> None:
        if algorithm is not None and len(self.algorithms) < 16:
            self.algorithms[algorithm[:32]] = None

    def _submitted(self, seen: ShareSubmitted) -> None:
        worker = self.worker_of(seen.login)
        worker.shares.submitted += 1
        if len(self.prints) < MAX_PRINTS:
            shown = seen.evidence.excerpt
            self.prints.add(fingerprint(shown if isinstance(shown, str) else repr(shown)))
        worker.shares.unanswered += 1
        self._algorithm(seen.algorithm)
        algorithm, silent = (seen.algorithm, seen.unit), not seen.acknowledged
        noted = self.journal.share(seen.evidence.excerpt, Kind(worker.login, algorithm, seen.hashes, silent))
        share = _Pending(worker, algorithm, seen.hashes, silent, noted)
        if share.silent:
            self.silent += 1
            share.done.count(share.hashes)
            share.done.silent += 1
        self._pending[seen.key] = share
        if len(self._pending) > MAX_PENDING:
            self._pending.popitem(last=False)

    def _answered(self, seen: ShareAnswered) -> None:
        pending = self._pending.pop(seen.key, None)
        if pending is None:
            return
        shares = pending.worker.shares
        shares.unanswered -= 1
        if pending.silent:
            self.silent -= 1
            pending.done.count(pending.hashes, -1)
            pending.done.silent -= 1
        hashes = pending.hashes if seen.hashes is None else seen.hashes
        self.journal.answered(pending.noted, seen.accepted, hashes)
        if not seen.accepted:
            shares.rejected += 1
            return
        shares.accepted += 1
        pending.done.count(hashes)

    def _coin(self, seen: CoinHinted) -> None:
        self._algorithm(seen.algorithm)
        if seen.coin is not None and len(self.coins) < 16:
            basis = self.coins.setdefault(seen.coin, [])
            if seen.basis not in basis:
                basis.append(seen.basis)

    def _show(self, evidence: Evidence) -> None:
        # One message may say several things; it is shown once.
        if any((one.evidence.mark, one.evidence.what) == (evidence.mark, evidence.what) for one in self.evidence):
            return
        count = self._kinds.get(evidence.what, 0)
        if count < EACH_KIND and len(self.evidence) < MAX_EVIDENCE:
            self._kinds[evidence.what] = count + 1
            text = excerpt(evidence.excerpt, self._passwords)
            unmasked = excerpt(evidence.excerpt, passwords=True) if MASK in text else text
            # The message itself is let go: it may be long.
            cut = Evidence(evidence.mark, evidence.side, evidence.what, text)
            self.evidence.append(Shown(cut, unmasked if unmasked != text else None))

    @property
    def _passwords(self) -> list[str]:
        return [worker.password for worker in islice(self.workers.values(), MAX_QUOTED) if worker.password]


def fingerprint(text: str) -> int:
    """64 bits of a message."""
    return int(digest(text)[:16], 16)


def _short(value: str | None) -> str | None:
    return value[:MAX_TEXT] if value else None
