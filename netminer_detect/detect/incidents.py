"""Machines that mine for one and the same: one incident, whatever their number and units.

Contract: `incidents_of(findings)` gives an incident for each wallet (`wallet`), each account at one operator or server
(`account`), and each row of workers that are numbered through at one place with one program though their logins differ
(`workers`), that two machines or more share (three in the last case); the largest first, MAX_INCIDENTS at most. Each
finding is told its `incidents`. Ids are stable: the first 16 hex digits of SHA-256 over kind, place, program and key.

One wallet is one owner wherever it mines; an account is one only where it was opened. What everybody calls himself
(GENERIC) links nobody, and neither does a wallet that got a small part of a machine's shares: programs mine for their
makers now and then. What a mining server's clients are called (role `pool`) is theirs, not its.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct, field

from netminer_detect.detect.addresses import address_order
from netminer_detect.digests import digest
from netminer_detect.findings import Finding, Incident, Role, Verdict, Worker
from netminer_detect.patterns import pattern

MAX_INCIDENTS = 1000
MAX_LISTED = 256
MAX_OF_ONE = 16
MAX_NAME = 64
# Fees of mining programs are below 6 %.
FEE_SHARE = 10
ROW = 3
TELLING = 4
GENERIC = frozenset((
    "account", "admin", "anonymous", "asic", "client", "cpu", "default", "demo", "gpu", "guest", "home", "host",
    "laptop", "linux", "machine", "main", "miner", "mining", "myworker", "name", "node", "none", "null", "office",
    "password", "pool", "rig", "root", "server", "test", "undefined", "user", "username", "wallet", "windows", "worker",
    "workername", "xxx",
))  # fmt: skip
# No wallet of the coins that we know is shorter.
_WALLET = pattern(r"(?:[a-z]+:)?[0-9A-Za-z_]{26,}\Z")
_ACCOUNT = pattern(r"[0-9a-z_-]{3,32}\Z")
_EVM = pattern(r"0x[0-9a-fA-F]{40}\Z")

Machine = tuple[str, str | None]
# Kind, place, program (of workers alone) and key.
Bond = tuple[str, str | None, str | None, str]


class _Members(Struct):
    """Who shares a bond: the first findings and machines, how many machines there are, names of their workers."""

    machines_total: int
    findings: dict[str, Finding] = field(default_factory=dict)
    machines: dict[Machine, None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def add(self, finding: Finding, worker: Worker) -> None:
        """Note one of them, where there is room."""
        if len(self.findings) < MAX_LISTED or finding.id in self.findings:
            self.findings[finding.id] = finding
            self.machines[(finding.source_ip, finding.realm)] = None
            if len(self.names) < ROW:
                self.names.add((worker.worker or "").lower())


def incidents_of(findings: list[Finding]) -> list[Incident]:
    """See the module's contract."""
    by_machine: dict[Machine, list[Finding]] = {}
    for finding in findings:
        finding.incidents = []
        if finding.role in _MINING and finding.verdict is not Verdict.NOT_MINING:
            by_machine.setdefault((finding.source_ip, finding.realm), []).append(finding)
    if len(by_machine) < 2:
        return []
    members = {bond: _Members(count) for bond, count in _shared(by_machine)}
    for theirs in by_machine.values():
        for finding, worker, bond in _bonds(theirs):
            if bond in members:
                members[bond].add(finding, worker)
    found = [(bond, one) for bond, one in members.items() if bond[0] != "workers"]
    known = {frozenset(one.findings) for _, one in found}
    found += [(bond, one) for bond, one in members.items()
              if bond[0] == "workers" and len(one.names) >= ROW and frozenset(one.findings) not in known]
    found.sort(key=lambda pair: _rank(pair[0], pair[1].machines_total))
    incidents = {bond: _incident(bond, one) for bond, one in found[:MAX_INCIDENTS]}
    for theirs in by_machine.values():
        for finding, _, bond in _bonds(theirs):
            incident = incidents.get(bond)
            if incident is not None and incident.id not in finding.incidents[:MAX_OF_ONE]:
                finding.incidents = [*finding.incidents, incident.id][:MAX_OF_ONE]
    return list(incidents.values())


def _shared(by_machine: dict[Machine, list[Finding]]) -> list[tuple[Bond, int]]:
    """The bonds that most machines share, and how many do: MAX_INCIDENTS of each kind."""
    # Nearly all bonds are of one machine: these cost a number.
    counts: Counter[int] = Counter()
    for theirs in by_machine.values():
        counts.update({hash(bond) for _, _, bond in _bonds(theirs)})
    shared = {
        bond: counts[hash(bond)] for theirs in by_machine.values() for _, _, bond in _bonds(theirs)
        if counts[hash(bond)] >= (ROW if bond[0] == "workers" else 2)
    }
    ranked = sorted(shared.items(), key=lambda item: _rank(*item))
    rows = [item for item in ranked if item[0][0] == "workers"]
    return [item for item in ranked if item[0][0] != "workers"][:MAX_INCIDENTS] + rows[:MAX_INCIDENTS]


def _rank(bond: Bond, machines: int) -> tuple[int, list[str]]:
    return -machines, [part or "" for part in bond]


_MINING = frozenset((Role.MINER, Role.PROXY, Role.MANAGED))


def wallet_of(user: str | None) -> str | None:
    """The wallet that a login's user is, in one spelling; None where it is none."""
    if not user or not _WALLET.match(user) or not any(char.isdigit() for char in user):
        return None
    return user.lower() if _EVM.match(user) else user


def account_of(user: str | None) -> str | None:
    """The account that a login's user is; None where it is a wallet, or says nothing."""
    name = (user or "").lower()
    if not _ACCOUNT.match(name) or wallet_of(user) is not None or len(set(name)) < ROW:
        return None
    return None if name in GENERIC or name.rstrip("0123456789_-") in GENERIC else name


def numbered(worker: str | None) -> str | None:
    """What stands before the number of a numbered worker (`lab-pc-` of `lab-pc-07`); None where there is none."""
    name = (worker or "").lower()[:MAX_NAME]
    stem = name.rstrip("0123456789")
    is_row = stem and len(stem) < len(name) <= len(stem) + 6 and (stem[-1].isalpha() or stem[-1] in "_-")
    return stem if is_row else None


def _is_telling(stem: str | None) -> bool:
    """Whether what workers are called tells them from other people's."""
    bare = (stem or "").strip("_-")
    return len(bare) >= TELLING and bare not in GENERIC


def _bonds(theirs: list[Finding]) -> Iterator[tuple[Finding, Worker, Bond]]:
    """What the findings of one machine may share with others."""
    workers = [(finding, worker, wallet_of(worker.user)) for finding in theirs for worker in finding.workers]
    shares: Counter[str | None] = Counter()
    for _, worker, wallet in workers:
        shares[wallet] += worker.shares.submitted
    total = shares.total()
    for finding, worker, wallet in workers:
        place = _place(finding)
        if wallet is not None:
            if shares[wallet] * FEE_SHARE < total:
                continue
            yield finding, worker, ("wallet", None, None, wallet)
        elif place is not None and (account := account_of(worker.user)) is not None:
            yield finding, worker, ("account", place, None, account)
        stem = numbered(worker.worker) if place is not None and worker.agent else None
        if stem is not None and _is_telling(stem):
            yield finding, worker, ("workers", place, worker.agent, stem)


def _place(finding: Finding) -> str | None:
    pool = finding.pool
    return None if pool is None else pool.operator or pool.name or pool.ip


def _incident(bond: Bond, members: _Members) -> Incident:
    kind, place, program, key = bond
    name = "\0".join((kind, place or "", program or "", key))
    theirs = list(members.findings.values())
    machines = sorted(members.machines, key=lambda machine: (address_order(machine[0]), machine[1] or ""))
    units = {one.organisation.id: one.organisation for one in theirs if one.organisation is not None}
    first = [one.first_seen_ns for one in theirs if one.first_seen_ns is not None]
    last = [one.last_seen_ns for one in theirs if one.last_seen_ns is not None]
    return Incident(
        id=digest(name)[:16],
        kind=kind,
        key=key,
        place=place,
        verdict=max(one.verdict for one in theirs),
        machines=machines[:MAX_LISTED],
        machines_total=members.machines_total,
        organisations=[units[unit] for unit in sorted(units)][:MAX_LISTED],
        findings=sorted(members.findings)[:MAX_LISTED],
        coins=sorted({one.coin for one in theirs if one.coin}),
        operators=sorted({one.pool.operator for one in theirs if one.pool and one.pool.operator}),
        first_seen_ns=min(first, default=None),
        last_seen_ns=max(last, default=None),
        nanoseconds=any(one.nanoseconds for one in theirs),
    )
