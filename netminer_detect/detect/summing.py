"""Adds findings up: per source, per organisation, and in all.

Contract: `build_report(findings, totals, efficiencies)` sorts the findings (surest first, then by address), sums them
and names the incidents among them. Work of different algorithms is never added up, only its power is. A proxy's work
is its miners' work: it is counted once, with the miners, and so is a pool's. A source's rate is its work over the time
in which it mined, wherever it did; machines side by side add up. A source counts once for its organisation, with its
surest finding. Without efficiencies there is no power.
"""

from __future__ import annotations

from collections import Counter

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
    SourceSummary,
    Totals,
    Verdict,
    Work,
)

_SourceKey = tuple[str, str | None]


def build_report(findings: list[Finding], totals: Totals, efficiencies: Efficiencies = NOTHING_KNOWN) -> Report:
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
    organisations = _organisations(sources, efficiencies)
    totals.sources = sum(1 for source in sources if source.verdict > Verdict.NOT_MINING)
    totals.organisations = sum(1 for unit in organisations if unit.organisation is not None)
    totals.work = added(source.work for source in sources)
    totals.power = power_of(totals.work, efficiencies)
    return Report(findings, sources, organisations, totals, incidents_of(findings))


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


def _organisations(sources: list[SourceSummary], efficiencies: Efficiencies) -> list[OrganisationSummary]:
    by_unit: dict[str | None, tuple[Organisation | None, list[SourceSummary]]] = {}
    for source in sources:
        if source.verdict is Verdict.NOT_MINING:
            continue
        unit = source.organisation
        by_unit.setdefault(unit.id if unit else None, (unit, []))[1].append(source)
    found = []
    for unit, theirs in by_unit.values():
        work = added(source.work for source in theirs)
        counts = Counter(source.verdict for source in theirs)
        found.append(OrganisationSummary(
            unit, len(theirs), counts[Verdict.CONFIRMED], counts[Verdict.PROBABLE], counts[Verdict.SUSPECTED],
            sorted({coin for source in theirs for coin in source.coins}), work, power_of(work, efficiencies)))
    found.sort(key=lambda unit: (-unit.confirmed, -unit.probable, -unit.suspected,
                                 unit.organisation.id if unit.organisation else "\uffff"))
    return found
