"""Gathers the flows of one source, role, server and dialect into one finding.

Contract: `Draft.add(reading, session)` adds a flow; `Draft.finding(...)` gives the Finding. Lists are bounded
(connections, evidence, workers); counts are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from msgspec import Struct, field

from netminer_detect.detect.coins import coin_of, is_mined
from netminer_detect.detect.devices import Device
from netminer_detect.detect.journal import Journal
from netminer_detect.detect.ledger import Done, Ledger, WorkerLedger
from netminer_detect.detect.levels import Reason, verdict_of
from netminer_detect.detect.readings import Reading, sender_of
from netminer_detect.detect.session import Session
from netminer_detect.estimate.mining_time import MiningTime, Span
from netminer_detect.estimate.rates import basis_of, timed
from netminer_detect.findings import (
    Claim,
    Connection,
    EvidenceLine,
    Hidden,
    Jobs,
    Level,
    Role,
    Server,
    Shares,
    Work,
    Worker,
)
from netminer_detect.masking import excerpt
from netminer_detect.observations import Evidence, Side

MAX_CONNECTIONS = 64
MAX_EVIDENCE = 48
MAX_WORKERS = 4096
MAX_MALFORMED = 8
# Who stays so long at a server that serves it works there; who leaves earlier though it got work came for none.
HELD_NS = 60 * 1_000_000_000

Key = tuple[str, Role, str, int | None, str | None]


def key_of(reading: Reading) -> Key:
    """What makes two flows one finding: source, role, server (address, else name), port, dialect. One that is not
    determined is told as none is: both are one finding."""
    pool = reading.pool
    return reading.client[0], reading.role, pool.ip or pool.name or "", pool.port, reading.dialect or None


class Draft(Struct):
    """A finding in the making. `held`: a connection stayed open for HELD_NS and was served; `left` counts those
    that ended within that time, where work was given by the client; `prints` tell the sessions of `connections` from
    others. `states` number those that read it, `journal` is there as long as it is of one flow: see `overlaps`."""

    source: str
    role: Role
    pool: Server
    dialect: str | None
    reason: Reason
    peer: Server | None = None
    source_mac: str | None = None
    vlans: dict[int, None] = field(default_factory=dict)
    tunnels: dict[str, None] = field(default_factory=dict)
    carriers: tuple[str, ...] = ()
    algorithms: dict[str, None] = field(default_factory=dict)
    coins: dict[str, list[str]] = field(default_factory=dict)
    known_coin: str | None = None
    workers: dict[str | None, WorkerLedger] = field(default_factory=dict)
    jobs: Jobs = field(default_factory=Jobs)
    claims: dict[tuple[str | None, str | None, str], Fraction] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    connections_total: int = 0
    packets: int = 0
    bytes: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    midstream: bool = False
    prints: list[frozenset[int]] = field(default_factory=list)
    nat: bool | None = None
    held: bool = False
    left: int = 0
    rules: dict[str, None] = field(default_factory=dict)
    evidence: list[EvidenceLine] = field(default_factory=list)
    mining: MiningTime = field(default_factory=MiningTime)
    device: Device | None = None
    managers: set[str] = field(default_factory=set)
    malformed: list[tuple[str, int | None]] = field(default_factory=list)
    states: set[int] = field(default_factory=set)
    hidden: Hidden | None = None
    journal: Journal | None = None

    def add(self, reading: Reading, session: Session, captures: list[str]) -> None:
        """Add a flow. `captures` names the inputs that marks count."""
        self._better(reading.reason)
        self.dialect = reading.dialect if self.dialect is None else self.dialect
        self._join_server(reading.pool)
        self._traffic(session, reading.client[1], reading.ledger.prints if reading.ledger is not None else ())
        given = reading.reason.level is Level.ENDPOINT or (reading.ledger is not None and reading.ledger.jobs.sent > 0)
        self._stay(session, reading.reason.level, given)
        if self.role is Role.MANAGED:
            self._manager(reading.server[0])
        else:
            self.source_mac = self.source_mac or session.source_mac
        self.vlans.update(dict.fromkeys(session.vlans))
        self.tunnels.update(dict.fromkeys(session.tunnels))
        self.carriers = max(self.carriers, session.carriers, key=len)
        self.rules.update(dict.fromkeys(reading.rules))
        self.known_coin = self.known_coin or reading.coin
        if reading.ledger is not None:
            self._ledger(reading.ledger, session.traffic.last_ns, captures)
        self.journal = reading.ledger.journal if reading.ledger and self.connections_total == 1 else None
        for evidence in reading.evidence:
            self.show(_line_of(evidence, session, captures))
        if session.unnamed is not None:
            self._hidden(Hidden(_line_of(session.unnamed, session, captures), *(session.served or ())))

    @property
    def shares(self) -> Shares:
        total = Shares()
        for worker in self.workers.values():
            total.add(worker.shares)
        return total

    @property
    def coin(self) -> tuple[str | None, list[str]]:
        """The coin, and what says so: the wire first, then what the server is known for."""
        if len(self.coins) == 1:
            return next(iter(self.coins.items()))
        if not self.coins and self.known_coin and is_mined(self.known_coin, self.first_ns):
            return self.known_coin, ["pool"]
        return None, []

    @property
    def key(self) -> Key:
        """See `key_of`."""
        return self.source, self.role, self.pool.ip or self.pool.name or "", self.pool.port, self.dialect or None

    def absorb(self, other: Draft) -> None:
        """Join another draft, of other flows, to this one."""
        self.take_facts(other)
        for worker in other.workers.values():
            self._worker(worker, None, worker.mining.spans)
        self.jobs.sent += other.jobs.sent
        self.connections_total += other.connections_total
        self.connections = [*self.connections, *other.connections][:MAX_CONNECTIONS]
        self.prints = [*self.prints, *other.prints][:MAX_CONNECTIONS]
        self.packets += other.packets
        self.bytes += other.bytes
        self.midstream = self.midstream or other.midstream
        self.held, self.left = self.held or other.held, self.left + other.left
        self.states |= other.states
        self.journal = None
        self._not_read(other.malformed)
        for line in other.evidence:
            self.show(line)

    def take_facts(self, other: Draft) -> None:
        """Take over what another draft tells, but for counts and evidence."""
        self._better(other.reason)
        self.dialect = other.dialect if self.dialect is None else self.dialect
        self._join_server(other.pool)
        self.source_mac = self.source_mac or other.source_mac
        self.carriers = max(self.carriers, other.carriers, key=len)
        self.known_coin = self.known_coin or other.known_coin
        self.vlans.update(other.vlans)
        self.tunnels.update(other.tunnels)
        self.algorithms.update(other.algorithms)
        self.rules.update(other.rules)
        for coin, basis in other.coins.items():
            self.coins.setdefault(coin, basis)
        self.mining.update(other.mining.spans)
        self._difficulties(other.jobs)
        self.claims.update(other.claims)
        self._span(other.first_ns, other.last_ns)
        self.nat = self.nat or other.nat
        self._device(other.device)
        for manager in other.managers:
            self._manager(manager)
        self._hidden(other.hidden)

    def _better(self, reason: Reason) -> None:
        if (reason.level, verdict_of(reason)) > (self.reason.level, verdict_of(self.reason)):
            self.reason = reason

    def _span(self, first_ns: int | None, last_ns: int | None) -> None:
        if first_ns is not None:
            self.first_ns = first_ns if self.first_ns is None else min(self.first_ns, first_ns)
        if last_ns is not None:
            self.last_ns = last_ns if self.last_ns is None else max(self.last_ns, last_ns)

    def _join_server(self, pool: Server) -> None:
        if self.pool.name is None and pool.name is not None:
            self.pool.name = pool.name
        self.pool.operator = self.pool.operator or pool.operator
        self.pool.basis = list(dict.fromkeys([*self.pool.basis, *pool.basis]))
        self.pool.via = self.pool.via or pool.via

    def _traffic(self, session: Session, port: int, prints: Iterable[int]) -> None:
        traffic = session.traffic
        self.connections_total += 1
        self.packets += traffic.packets
        self.bytes += traffic.bytes
        self.midstream = self.midstream or not traffic.syn
        self._span(traffic.first_ns, traffic.last_ns)
        if len(self.connections) < MAX_CONNECTIONS:
            self.connections.append(Connection(port, traffic.first_ns, traffic.last_ns))
            self.prints.append(frozenset(prints))

    def _stay(self, session: Session, level: Level, given: bool) -> None:
        """How long the client stayed at a server, and whether that was its own choice. One that gave no work may end
        the connection itself."""
        first, last = session.traffic.first_ns, session.traffic.last_ns
        if first is None or last is None or level < Level.ENDPOINT:
            return
        if last - first >= HELD_NS:
            self.held = self.held or given
            return
        left = session.ended_by is Side.CLIENT if given else session.ended is not None
        self.left += left and level >= Level.ATTEMPT

    def _ledger(self, ledger: Ledger, last_ns: int | None, captures: list[str]) -> None:
        spans = ledger.watch.spans(last_ns)
        self.mining.update(spans)
        self.algorithms.update(ledger.algorithms)
        coin, basis = coin_of(ledger)
        if coin is not None:
            self.coins.setdefault(coin, basis)
        for worker in ledger.workers.values():
            self._worker(worker, ledger.agent, spans)
        if ledger.agent and not ledger.workers:
            self._worker(WorkerLedger(None, agent=ledger.agent), None, [])
        self.jobs.sent += ledger.jobs.sent
        self._difficulties(ledger.jobs)
        self._device(ledger.device)
        self.claims.update(list(ledger.claims.items())[: MAX_WORKERS])
        if ledger.malformed is not None:
            mark = ledger.malformed.mark
            self._not_read([(captures[mark.capture], mark.frame)])
        for shown in ledger.evidence:
            evidence = shown.evidence
            mark = evidence.mark
            sender = sender_of(evidence, False, mining=self.role is not Role.MANAGED)
            self.show(EvidenceLine(captures[mark.capture], mark.frame, mark.offset, mark.time_ns, sender,
                                    evidence.what, str(evidence.excerpt), shown.unmasked))

    def _worker(self, worker: WorkerLedger, agent: str | None, spans: list[Span]) -> None:
        known = self.workers.get(worker.login)
        if known is None:
            if len(self.workers) >= MAX_WORKERS:
                return
            known = self.workers[worker.login] = WorkerLedger(worker.login, worker.user, worker.worker)
        known.agent = known.agent or worker.agent or agent
        known.password = known.password if known.password is not None else worker.password
        known.user, known.worker = worker.user or known.user, worker.worker or known.worker
        known.shares.add(worker.shares)
        known.mining.update(spans)
        for algorithm, done in worker.done.items():
            known.done.setdefault(algorithm, Done()).add(done)

    def _difficulties(self, jobs: Jobs) -> None:
        low, high = jobs.difficulty_min, jobs.difficulty_max
        if low is not None and high is not None:
            mine = self.jobs
            mine.difficulty_min = low if mine.difficulty_min is None else min(low, mine.difficulty_min)
            mine.difficulty_max = high if mine.difficulty_max is None else max(high, mine.difficulty_max)

    def _device(self, device: Device | None) -> None:
        if device is not None:
            self.device = self.device or Device()
            self.device.join(device)

    def _hidden(self, hidden: Hidden | None) -> None:
        if hidden is not None and (self.hidden is None or hidden.callers > self.hidden.callers):
            self.hidden = hidden

    def _manager(self, ip: str) -> None:
        if len(self.managers) < MAX_CONNECTIONS:
            self.managers.add(ip)

    def _not_read(self, places: list[tuple[str, int | None]]) -> None:
        self.malformed = [*self.malformed, *places][:MAX_MALFORMED]

    def show(self, line: EvidenceLine) -> None:
        """Add a proof, where there is room."""
        if len(self.evidence) < MAX_EVIDENCE:
            self.evidence.append(line)


def _line_of(evidence: Evidence, session: Session, captures: list[str]) -> EvidenceLine:
    """A proof that no dialect gave."""
    mark, sender = evidence.mark, sender_of(evidence, session.swapped, mining=False)
    return EvidenceLine(captures[mark.capture], mark.frame, mark.offset, mark.time_ns, sender, evidence.what,
                        excerpt(evidence.excerpt))


def name_work(draft: Draft, algorithm: str) -> None:
    """The work whose algorithm the wire left open is of this one."""
    for worker in draft.workers.values():
        for unnamed in [key for key in worker.done if key[0] is None]:
            worker.done.setdefault((algorithm, unnamed[1]), Done()).add(worker.done.pop(unnamed))


def work_of(done: dict[tuple[str | None, str], Done], seconds: float) -> list[Work]:
    """The work, an entry an algorithm, with its rate over so many seconds of mining."""
    found = []
    for (algorithm, unit), sums in sorted(done.items(), key=lambda item: (item[0][0] or "", item[0][1])):
        if sums.known:
            basis = basis_of(sums.known, sums.unknown, sums.silent)
            work = Work(algorithm, unit, sums.hashes, basis, shares=sums.known, unknown=sums.unknown,
                        silent=sums.silent)
            found.append(timed(work, seconds))
    return found


def workers_of(draft: Draft) -> list[Worker]:
    """The workers of a draft, busiest first."""
    product = draft.device.product if draft.device is not None else None
    found = [
        Worker(worker.login, worker.user, worker.worker, product or worker.agent, worker.password, worker.shares,
               work_of(worker.done, worker.mining.seconds))
        for worker in draft.workers.values()
        # Sessions that named no login say nothing beside those that did.
        if worker.login is not None or worker.shares.submitted or len(draft.workers) == 1
    ]
    found.sort(key=lambda worker: (-worker.shares.submitted, worker.login or ""))
    return found


def total_done(draft: Draft) -> dict[tuple[str | None, str], Done]:
    """The accepted work of all workers."""
    total: dict[tuple[str | None, str], Done] = {}
    for worker in draft.workers.values():
        for algorithm, done in worker.done.items():
            total.setdefault(algorithm, Done()).add(done)
    return total


def claims_of(draft: Draft) -> list[Claim]:
    """The rates that workers stated last, added up by algorithm; of a device, what it said of itself."""
    if draft.device is not None:
        return [draft.device.claim] if draft.device.claim is not None else []
    sums: dict[tuple[str | None, str], Fraction] = {}
    for (_, algorithm, unit), rate in draft.claims.items():
        sums[(algorithm, unit)] = sums.get((algorithm, unit), Fraction(0)) + rate
    return [Claim(algorithm, unit, float(rate)) for (algorithm, unit), rate in
            sorted(sums.items(), key=lambda item: (item[0][0] or "", item[0][1]))]


def is_mining(draft: Draft) -> bool:
    """Whether a dialect was read."""
    return draft.dialect is not None and draft.reason.level > Level.CONTEXT


def in_network(draft: Draft) -> bool:
    """Whether the other end is no server, but another node of a pool without an operator."""
    return draft.reason.code in ("network_joined", "network_asked")
