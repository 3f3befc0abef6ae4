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

import hashlib
from re import DOTALL

from msgspec import Struct, field

from netminer_detect.detect.addresses import address_order
from netminer_detect.findings import Finding, Incident, Role, Verdict, Worker
from netminer_detect.patterns import pattern

MAX_INCIDENTS = 1000
MAX_LISTED = 256
MAX_OF_ONE = 16
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
_NUMBERED = pattern(r"(.*?[a-z_-])[0-9]{1,6}\Z", DOTALL)

Machine = tuple[str, str | None]
# Kind, place, program (of workers alone) and key.
Bond = tuple[str, str | None, str | None, str]


class _Members(Struct):
    """Who shares a bond. `names` are their workers."""

    findings: dict[str, Finding] = field(default_factory=dict)
    machines: dict[Machine, None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def incidents_of(findings: list[Finding]) -> list[Incident]:
    """See the module's contract."""
    members: dict[Bond, _Members] = {}
    shares = _shares_by_wallet(findings)
    for finding in findings:
        if finding.role in _MINING and finding.verdict is not Verdict.NOT_MINING:
            for worker in finding.workers:
                for bond in _bonds(finding, worker, shares):
                    one = members.setdefault(bond, _Members())
                    one.findings[finding.id] = finding
                    one.machines[(finding.source_ip, finding.realm)] = None
                    one.names.add((worker.worker or "").lower())
    found = [(bond, one) for bond, one in members.items() if len(one.machines) > 1 and bond[0] != "workers"]
    known = [set(one.findings) for _, one in found]
    found += [
        (bond, one) for bond, one in members.items()
        if bond[0] == "workers" and min(len(one.machines), len(one.names)) >= ROW
        and not any(theirs.issuperset(one.findings) for theirs in known)
    ]
    found.sort(key=lambda pair: (-len(pair[1].machines), [part or "" for part in pair[0]]))
    for finding in findings:
        finding.incidents = []
    return [_incident(bond, one) for bond, one in found[:MAX_INCIDENTS]]


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
    match = _NUMBERED.match((worker or "").lower()[:64])
    return match[1] if match else None


def _is_telling(stem: str | None) -> bool:
    """Whether what workers are called tells them from other people's."""
    bare = (stem or "").strip("_-")
    return len(bare) >= TELLING and bare not in GENERIC


def _shares_by_wallet(findings: list[Finding]) -> dict[Machine, dict[str | None, int]]:
    """How many shares each machine handed in for whom."""
    counts: dict[Machine, dict[str | None, int]] = {}
    for finding in findings:
        machine = counts.setdefault((finding.source_ip, finding.realm), {})
        for worker in finding.workers:
            wallet = wallet_of(worker.user)
            machine[wallet] = machine.get(wallet, 0) + worker.shares.submitted
    return counts


def _bonds(finding: Finding, worker: Worker, shares: dict[Machine, dict[str | None, int]]) -> list[Bond]:
    place = _place(finding)
    wallet = wallet_of(worker.user)
    if wallet is not None:
        counts = shares[(finding.source_ip, finding.realm)]
        if counts[wallet] * FEE_SHARE < sum(counts.values()):
            return []
        bonds: list[Bond] = [("wallet", None, None, wallet)]
    else:
        account = account_of(worker.user)
        bonds = [("account", place, None, account)] if account is not None and place is not None else []
    stem = numbered(worker.worker)
    if stem is not None and _is_telling(stem) and place is not None and worker.agent:
        bonds.append(("workers", place, worker.agent, stem))
    return bonds


def _place(finding: Finding) -> str | None:
    pool = finding.pool
    return None if pool is None else pool.operator or pool.name or pool.ip


def _incident(bond: Bond, members: _Members) -> Incident:
    kind, place, program, key = bond
    name = "\0".join((kind, place or "", program or "", key))
    number = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
    theirs = list(members.findings.values())
    for finding in theirs:
        if len(finding.incidents) < MAX_OF_ONE:
            finding.incidents.append(number)
    machines = sorted(members.machines, key=lambda machine: (address_order(machine[0]), machine[1] or ""))
    units = {one.organisation.id: one.organisation for one in theirs if one.organisation is not None}
    first = [one.first_seen_ns for one in theirs if one.first_seen_ns is not None]
    last = [one.last_seen_ns for one in theirs if one.last_seen_ns is not None]
    return Incident(
        id=number,
        kind=kind,
        key=key,
        place=place,
        verdict=max(one.verdict for one in theirs),
        machines=machines[:MAX_LISTED],
        machines_total=len(machines),
        organisations=[units[unit] for unit in sorted(units)][:MAX_LISTED],
        findings=sorted(members.findings)[:MAX_LISTED],
        coins=sorted({one.coin for one in theirs if one.coin}),
        operators=sorted({one.pool.operator for one in theirs if one.pool and one.pool.operator}),
        first_seen_ns=min(first, default=None),
        last_seen_ns=max(last, default=None),
        nanoseconds=any(one.nanoseconds for one in theirs),
    )
