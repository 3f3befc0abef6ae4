"""Adds findings up: per source, per organisation, and in all.

Contract: `build_report(findings, totals)` sorts the findings (surest first, then by address) and sums them.
Work of different algorithms is never added up. A proxy's work is its miners' work: of sources that stand
behind a proxy inside it is counted once, with the miners. A source counts once for its organisation, with its
surest finding.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from netminer_detect.findings import (
    Finding,
    Level,
    Organisation,
    OrganisationSummary,
    Report,
    Role,
    SourceSummary,
    Totals,
    Verdict,
    Work,
)

_SourceKey = tuple[str, str | None]


def address_order(ip: str) -> tuple[int, int]:
    """Sorts addresses as numbers, IPv4 first."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return 9, 0
    return address.version, int(address)


def build_report(findings: list[Finding], totals: Totals) -> Report:
    """See the module's contract."""
    findings.sort(key=lambda finding: (
        -finding.verdict, -finding.level, address_order(finding.source_ip), finding.realm or "", finding.id))
    by_source: dict[_SourceKey, list[Finding]] = {}
    for finding in findings:
        by_source.setdefault((finding.source_ip, finding.realm), []).append(finding)
    sources = [_source(ip, realm, theirs) for (ip, realm), theirs in by_source.items()]
    sources.sort(key=lambda source: (-source.verdict, -source.level, address_order(source.source_ip)))
    organisations = _organisations(sources)
    totals.sources = sum(1 for source in sources if source.verdict > Verdict.NOT_MINING)
    totals.organisations = sum(1 for unit in organisations if unit.organisation is not None)
    return Report(findings, sources, organisations, totals)


def add_work(lists: Iterable[list[Work]], basis: str = "accepted shares") -> list[Work]:
    """The sum of work, an entry an algorithm and unit."""
    sums: dict[tuple[str | None, str], Fraction] = {}
    for works in lists:
        for work in works:
            key = (work.algorithm, work.unit)
            sums[key] = sums.get(key, Fraction(0)) + work.amount
    return [Work(algorithm, unit, amount, basis)
            for (algorithm, unit), amount in sorted(sums.items(), key=lambda item: (item[0][0] or "", item[0][1]))]


def _source(ip: str, realm: str | None, findings: list[Finding]) -> SourceSummary:
    mining = [finding for finding in findings if finding.verdict > Verdict.NOT_MINING]
    pools = {(finding.pool.ip or finding.pool.name, finding.pool.port) for finding in mining if finding.pool}
    return SourceSummary(
        source_ip=ip,
        realm=realm,
        verdict=max(finding.verdict for finding in findings),
        level=max((finding.level for finding in findings), default=Level.CONTEXT),
        roles=list(dict.fromkeys(finding.role for finding in findings)),
        organisation=findings[0].organisation,
        findings=len(findings),
        pools=len(pools),
        coins=sorted({finding.coin for finding in mining if finding.coin}),
        # What a proxy or a pool hands on was done by others.
        work=add_work(finding.work for finding in mining if finding.role is Role.MINER),
    )


def _organisations(sources: list[SourceSummary]) -> list[OrganisationSummary]:
    by_unit: dict[str | None, tuple[Organisation | None, list[SourceSummary]]] = {}
    for source in sources:
        if source.verdict is Verdict.NOT_MINING:
            continue
        unit = source.organisation
        by_unit.setdefault(unit.id if unit else None, (unit, []))[1].append(source)
    found = []
    for unit, theirs in by_unit.values():
        counts = Counter(source.verdict for source in theirs)
        found.append(OrganisationSummary(
            unit, len(theirs), counts[Verdict.CONFIRMED], counts[Verdict.PROBABLE], counts[Verdict.SUSPECTED],
            sorted({coin for source in theirs for coin in source.coins}),
            add_work(source.work for source in theirs)))
    found.sort(key=lambda unit: (-unit.confirmed, -unit.probable, -unit.suspected,
                                 unit.organisation.id if unit.organisation else "\uffff"))
    return found
