"""Adds findings up: per source, per organisation, and in all.

Contract: `build_report(findings, totals, efficiencies, above)` sorts the findings (surest first, then by address),
sums them and names the incidents among them. Work of different algorithms is never added up, only its power is. A
proxy's work is its miners' work: it is counted once, with the miners, and so is a pool's. A source's rate is its work
over the time in which it mined, wherever it did; machines side by side add up. A source counts once, with its surest
finding: for its organisation, for each unit above it (`above` tells them by its id), and for its sector; in all,
units count that have a source of their own. Without efficiencies there is no power.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from netminer_detect.detect.addresses import address_order
from netminer_detect.detect.incidents import incidents_of
from netminer_detect.estimate.mining_time import MiningTime
from netminer_detect.estimate.power import NOTHING_KNOWN, Efficiencies, power_of
from netminer_detect.estimate.rates import added, joined, timed
from netminer_detect.findings import (
    Finding,
    Level,
    Organisation,
    OrganisationSummary,
    Report,
    Role,
    SectorSummary,
    SourceSummary,
    Sums,
    Totals,
    Verdict,
    Work,
)

_SourceKey = tuple[str, str | None]
Above = Callable[[str], list[Organisation]]


def build_report(
    findings: list[Finding], totals: Totals, efficiencies: Efficiencies = NOTHING_KNOWN, above: Above = lambda unit: []
) -> Report:
    """See the module's contract."""
    for finding in findings:
        if finding.role is Role.MINER:
            finding.power = power_of(finding.work, efficiencies)
    findings.sort(key=lambda finding: (
        -finding.verdict, -finding.level, address_order(finding.source_ip), finding.realm or "", finding.id))
    by_source: dict[_SourceKey, list[Finding]] = {}
    for finding in findings:
        by_source.setdefault((finding.source_ip, finding.realm), []).append(finding)
    sources = [_source(ip, realm, theirs, efficiencies) for (ip, realm), theirs in by_source.items()]
    sources.sort(key=lambda source: (-source.verdict, -source.level, address_order(source.source_ip)))
    mining = [source for source in sources if source.verdict is not Verdict.NOT_MINING]
    organisations = _organisations(mining, efficiencies, above)
    totals.sources = sum(1 for source in sources if source.verdict > Verdict.NOT_MINING)
    totals.organisations = sum(
        1 for unit in organisations if unit.organisation is not None and unit.sources > unit.sources_below)
    totals.work = added(source.work for source in sources)
    totals.power = power_of(totals.work, efficiencies)
    return Report(findings, sources, organisations, totals, incidents_of(findings), _sectors(mining, efficiencies))


def _work_of_source(mining: list[Finding]) -> list[Work]:
    """The work of one machine: of each algorithm over the time in which it did it."""
    found = []
    for work in joined(finding.work for finding in mining):
        time = MiningTime()
        for finding in mining:
            if any((done.algorithm, done.unit) == (work.algorithm, work.unit) for done in finding.work):
                time.update(finding.mining)
        found.append(timed(work, time.seconds))
    return found


def _source(ip: str, realm: str | None, findings: list[Finding], efficiencies: Efficiencies) -> SourceSummary:
    mining = [finding for finding in findings if finding.verdict > Verdict.NOT_MINING]
    pools = {(finding.pool.ip or finding.pool.name, finding.pool.port) for finding in mining if finding.pool}
    # What a proxy or a pool hands on was done by others.
    work = _work_of_source([finding for finding in mining if finding.role is Role.MINER])
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
        work=work,
        power=power_of(work, efficiencies),
    )


def _organisations(
    mining: list[SourceSummary], efficiencies: Efficiencies, above: Above
) -> list[OrganisationSummary]:
    by_unit: dict[str | None, tuple[Organisation | None, list[SourceSummary]]] = {}
    for source in mining:
        unit = source.organisation
        for one in [unit] if unit is None else [unit, *above(unit.id)]:
            by_unit.setdefault(one.id if one else None, (one, []))[1].append(source)
    found = []
    for unit, theirs in by_unit.values():
        below = sum(1 for one in theirs if one.organisation is not None and unit and one.organisation.id != unit.id)
        found.append(OrganisationSummary(organisation=unit, sources_below=below, **_sums(theirs, efficiencies)))
    found.sort(key=lambda one: (*_surest(one), one.organisation.id if one.organisation else "\uffff"))
    return found


def _sectors(mining: list[SourceSummary], efficiencies: Efficiencies) -> list[SectorSummary]:
    """A line a sector; none where no unit is known."""
    by_group: dict[str | None, list[SourceSummary]] = {}
    for source in mining:
        by_group.setdefault(source.organisation.sector_group if source.organisation else None, []).append(source)
    if by_group.keys() <= {None}:
        return []
    found = []
    for group, theirs in by_group.items():
        units = {source.organisation.id for source in theirs if source.organisation is not None}
        found.append(SectorSummary(sector=group, organisations=len(units), **_sums(theirs, efficiencies)))
    found.sort(key=lambda one: (*_surest(one), one.sector or "\uffff"))
    return found


def _surest(one: Sums) -> tuple[int, int, int]:
    """The order of sums: where most is sure first."""
    return -one.confirmed, -one.probable, -one.suspected


def _sums(theirs: list[SourceSummary], efficiencies: Efficiencies) -> dict[str, Any]:
    """The fields of `Sums`."""
    work = added(source.work for source in theirs)
    counts = Counter(source.verdict for source in theirs)
    return {
        "sources": len(theirs),
        "confirmed": counts[Verdict.CONFIRMED],
        "probable": counts[Verdict.PROBABLE],
        "suspected": counts[Verdict.SUSPECTED],
        "coins": sorted({coin for source in theirs for coin in source.coins}),
        "work": work,
        "power": power_of(work, efficiencies),
    }
