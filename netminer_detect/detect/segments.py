"""Machines of one network segment that mine for one and the same: rigs behind one switch.

Contract: `segments_of(findings, book)` gives for each finding (by its number in the list) the largest `Segment` that it
is part of: ROW machines or more of one /24 (or /64), one VLAN and one sensor's network, that mine for one account of an
operator, or for one wallet with programs of hardware that is bought to mine. One wallet with programs that run on any
processor makes none: so worms mine, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from msgspec import Struct

from netminer_detect.detect.incidents import ROW, account_of, wallet_of
from netminer_detect.findings import Finding, Level, Role
from netminer_detect.rulebook.book import Rulebook

# Kinds of programs that drive hardware which somebody put there to mine (see `facts.AGENT_KINDS`).
_RIGS = frozenset(("asic", "hobby", "gpu"))

# Realm, VLANs, network, where an account was opened (None: a wallet), account or wallet.
_Key = tuple[str | None, tuple[int, ...], str, str | None, str]


class Segment(Struct, frozen=True):
    """See the module's contract. `others` are numbers of findings, `login` is what the finding's workers log in as."""

    network: str
    machines: int
    login: str
    others: tuple[int, ...]


def segments_of(findings: Sequence[Finding], book: Rulebook) -> dict[int, Segment]:
    """See the module's contract."""
    members: dict[_Key, dict[str, int]] = {}
    keys: dict[int, dict[_Key, str]] = {}
    for number, finding in enumerate(findings):
        for key, login in _keys(finding, book):
            keys.setdefault(number, {}).setdefault(key, login)
            members.setdefault(key, {}).setdefault(finding.source_ip, number)
    found: dict[int, Segment] = {}
    for number, theirs in keys.items():
        key, login = max(theirs.items(), key=lambda one: (len(members[one[0]]), one[1]))
        machines = members[key]
        if len(machines) >= ROW:
            others = tuple(other for other in list(machines.values())[:ROW] if other != number)
            found[number] = Segment(key[2], len(machines), login, others)
    return found


def _keys(finding: Finding, book: Rulebook) -> Iterator[tuple[_Key, str]]:
    """What the finding shares with others of its segment, each with the user of the login that says so."""
    if finding.role is not Role.MINER or finding.level < Level.SESSION or finding.pool is None:
        return
    place = finding.pool.operator or finding.pool.name or finding.pool.ip
    network = str(ip_network((finding.source_ip, 64 if ":" in finding.source_ip else 24), strict=False))
    for worker in finding.workers:
        user = worker.user or ""
        account, wallet = account_of(user), wallet_of(user)
        if account is not None and place is not None:
            yield (finding.realm, tuple(finding.vlan), network, place, account), user
        elif wallet is not None and worker.agent:
            fact = book.agent(worker.agent)
            if fact is not None and fact.kind in _RIGS:
                yield (finding.realm, tuple(finding.vlan), network, None, wallet), user
