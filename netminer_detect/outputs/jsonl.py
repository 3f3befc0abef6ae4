"""JSON lines: one object a line, `"type"` first, names as the README promises them.

Contract: findings, then sources, organisations, sectors, incidents and the summary. Whole numbers are exact, amounts
decimal strings rounded once, times ISO 8601 UTC with 6 digits (9 where the capture has nanoseconds). Every text is
escaped, whoever wrote it, and the lines are ASCII, so that a reader who decodes and prints them is not steered
either. Passwords only where asked for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TextIO

from netminer_detect.findings import (
    EvidenceLine,
    Finding,
    Ground,
    Incident,
    Organisation,
    OrganisationSummary,
    Power,
    Report,
    SectorSummary,
    Server,
    Shares,
    SourceSummary,
    Sums,
    Totals,
    Work,
    Worker,
)
from netminer_detect.outputs.escape import plain
from netminer_detect.outputs.grounds import ground_text, incident_text
from netminer_detect.outputs.json_line import json_line
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.times import iso_time
from netminer_detect.outputs.wording import why

if TYPE_CHECKING:
    from fractions import Fraction

SUFFIXES = (".jsonl", ".ndjson")
SCHEMA = 1


def write(report: Report, stream: TextIO, options: OutputOptions) -> None:
    """See the module's contract."""
    for finding in report.findings:
        _line(stream, finding_object(finding, options))
    for source in report.sources:
        _line(stream, _source(source))
    for unit in report.organisations:
        _line(stream, _unit(unit))
    for sector in report.sectors:
        _line(stream, _sector(sector))
    for incident in report.incidents:
        _line(stream, _incident(incident))
    _line(stream, _totals(report.totals))


def _line(stream: TextIO, value: dict[str, Any]) -> None:
    stream.write(json_line(value) + "\n")


def finding_object(finding: Finding, options: OutputOptions) -> dict[str, Any]:
    """A finding as the promised object."""
    return _judgement(finding) | _mining(finding, options) | _traffic(finding) | {
        "rules": finding.rules,
        "assessment": finding.assessment,
        "assessment_reasons": [_ground(ground, finding.nanoseconds, options) for ground in finding.grounds],
        "incidents": finding.incidents,
        "organisation": _organisation(finding.organisation),
        "attribution": _attribution(finding),
        "evidence": [_evidence(line, finding.nanoseconds, options) for line in finding.evidence],
    }


def _judgement(finding: Finding) -> dict[str, Any]:
    return {
        "type": "finding",
        "schema": SCHEMA,
        "id": finding.id,
        "revision": finding.revision,
        "state": finding.state,
        "source_ip": finding.source_ip,
        "source_mac": finding.source_mac,
        "sensor": finding.sensor,
        "realm": finding.realm,
        "vlan": finding.vlan,
        "tunnels": finding.tunnels,
        "nat": finding.nat,
        "role": finding.role.value,
        "level": finding.level.word,
        "verdict": finding.verdict.word,
        "why": why(finding),
        "why_code": finding.why_code,
        "why_args": {key: _safe(value) for key, value in finding.why_args.items() if value is not None},
    }


def _mining(finding: Finding, options: OutputOptions) -> dict[str, Any]:
    return {
        "dialect": finding.dialect,
        "carriers": finding.carriers,
        "algorithms": [plain(name) for name in finding.algorithms],
        "coin": finding.coin,
        "coin_basis": finding.coin_basis,
        "model": _text(finding.model),
        "pool": _server(finding.pool),
        "peer": _server(finding.peer),
        "workers": [_worker(worker, options) for worker in finding.workers],
        "jobs": {
            "sent": finding.jobs.sent,
            "difficulty_min": number(finding.jobs.difficulty_min),
            "difficulty_max": number(finding.jobs.difficulty_max),
        },
        "shares": _shares(finding.shares),
        "work": [_work(work) for work in finding.work],
        "claimed": [
            {"algorithm": _text(claim.algorithm), "unit": claim.unit, "rate": rate(claim.rate),
             "power_w": rate(claim.power_w)}
            for claim in finding.claimed
        ],
        "power": _power(finding.power),
        "energy_kwh_day": _energy(finding.power),
    }


def _traffic(finding: Finding) -> dict[str, Any]:
    nine = finding.nanoseconds
    return {
        "first_seen": iso_time(finding.first_seen_ns, nine),
        "last_seen": iso_time(finding.last_seen_ns, nine),
        "midstream": finding.midstream,
        "connections": [
            {
                "source_port": connection.source_port,
                "first_seen": iso_time(connection.first_seen_ns, nine),
                "last_seen": iso_time(connection.last_seen_ns, nine),
            }
            for connection in finding.connections
        ],
        "connections_total": finding.connections_total,
        "packets": finding.packets,
        "bytes": finding.bytes,
    }


def number(value: Fraction | None) -> int | float | None:
    """A difficulty as a number: whole where it is whole."""
    if value is None:
        return None
    if value.denominator == 1:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        return round(value)


def amount(value: Fraction) -> str:
    """Work as a decimal string, rounded once to a whole number."""
    return str(round(value))


def rate(value: float | None) -> float | None:
    """An estimate, to six digits; None where it is beyond numbers, which JSON cannot say."""
    return float(f"{value:.6g}") if value is not None and math.isfinite(value) else None


def _safe(value: str | int | None) -> str | int | None:
    return plain(value) if isinstance(value, str) else value


def _text(value: str | None) -> str | None:
    return None if value is None else plain(value)


def _server(server: Server | None) -> dict[str, Any] | None:
    if server is None:
        return None
    via = server.via
    return {
        "ip": server.ip,
        "port": server.port,
        "name": _text(server.name),
        "operator": _text(server.operator),
        "basis": server.basis,
        "via": None if via is None else {"ip": via.ip, "port": via.port, "kind": via.kind},
    }


def _worker(worker: Worker, options: OutputOptions) -> dict[str, Any]:
    found: dict[str, Any] = {
        "login": _text(worker.login),
        "user": _text(worker.user),
        "worker": _text(worker.worker),
        "agent": _text(worker.agent),
    }
    if options.show_passwords:
        found["password"] = _text(worker.password)
    return found | {"shares": _shares(worker.shares), "work": [_work(work) for work in worker.work]}


def _shares(shares: Shares) -> dict[str, int]:
    return {
        "submitted": shares.submitted,
        "accepted": shares.accepted,
        "rejected": shares.rejected,
        "unanswered": shares.unanswered,
    }


def _work(work: Work) -> dict[str, Any]:
    return {
        "algorithm": _text(work.algorithm),
        "unit": work.unit,
        "amount": amount(work.amount),
        "rate": rate(work.rate),
        "rate_low": rate(work.rate_low),
        "rate_high": rate(work.rate_high),
        "basis": work.basis,
    }


def _power(power: Power | None) -> dict[str, Any] | None:
    if power is None:
        return None
    return {
        "w_low": rate(power.w_low),
        "w_typical": rate(power.w_typical),
        "w_high": rate(power.w_high),
        "basis": _text(power.basis),
        "wall_factor": power.wall_factor,
    }


def _energy(power: Power | None) -> dict[str, Any] | None:
    """What a day at this power takes, at the device."""
    if power is None:
        return None
    watts = {"low": power.w_low, "typical": power.w_typical, "high": power.w_high}
    return {word: rate(value * 24 / 1000) for word, value in watts.items()}


def _organisation(unit: Organisation | None) -> dict[str, Any] | None:
    if unit is None:
        return None
    return {
        "id": unit.id,
        "name": unit.name,
        "sector": unit.sector,
        "sector_group": unit.sector_group,
        "contact": unit.contact,
        "parent": unit.parent,
        "source": unit.source,
    }


def _evidence(line: EvidenceLine, nine: bool, options: OutputOptions) -> dict[str, Any]:
    shown = line.unmasked if options.show_passwords and line.unmasked is not None else line.excerpt
    return {
        "capture": line.capture,
        "frame": line.frame,
        "offset": line.offset,
        "time": iso_time(line.time_ns, nine),
        "from": line.sender,
        "what": line.what,
        "excerpt": plain(shown),
    }


def _attribution(finding: Finding) -> list[dict[str, Any]] | None:
    """Who it was, where logs were asked. Most scans ask none, and need no words for it."""
    if finding.attribution is None:
        return None
    from netminer_detect.outputs.attributions import attribution_object

    return [attribution_object(one, finding) for one in finding.attribution]


def _ground(ground: Ground, nine: bool, options: OutputOptions) -> dict[str, Any]:
    return {
        "points_to": ground.points_to,
        "code": ground.code,
        "why": ground_text(ground),
        "args": {key: _safe(value) for key, value in ground.args.items() if value is not None},
        "evidence": [_evidence(line, nine, options) for line in ground.evidence],
    }


def _incident(incident: Incident) -> dict[str, Any]:
    nine = incident.nanoseconds
    return {
        "type": "incident",
        "id": incident.id,
        "kind": incident.kind,
        "key": plain(incident.key),
        "place": _text(incident.place),
        "why": incident_text(incident),
        "verdict": incident.verdict.word,
        "sources": incident.machines_total,
        "machines": [{"source_ip": ip, "realm": realm} for ip, realm in incident.machines],
        "organisations": [unit.id for unit in incident.organisations],
        "findings": incident.findings,
        "coins": incident.coins,
        "operators": [plain(operator) for operator in incident.operators],
        "first_seen": iso_time(incident.first_seen_ns, nine),
        "last_seen": iso_time(incident.last_seen_ns, nine),
    }


def _source(source: SourceSummary) -> dict[str, Any]:
    return {
        "type": "source",
        "source_ip": source.source_ip,
        "realm": source.realm,
        "verdict": source.verdict.word,
        "level": source.level.word,
        "roles": [role.value for role in source.roles],
        "organisation": _organisation(source.organisation),
        "findings": source.findings,
        "pools": source.pools,
        "coins": source.coins,
        "work": [_work(work) for work in source.work],
        "power": _power(source.power),
        "energy_kwh_day": _energy(source.power),
    }


def _unit(unit: OrganisationSummary) -> dict[str, Any]:
    known = unit.organisation
    return {
        "type": "organisation",
        "id": known.id if known else None,
        "name": known.name if known else "unassigned",
        "sector": known.sector if known else None,
        "sector_group": known.sector_group if known else None,
        "parent": known.parent if known else None,
        **_sums(unit),
        "sources_below": unit.sources_below,
    }


def _sector(one: SectorSummary) -> dict[str, Any]:
    return {"type": "sector", "sector": one.sector, "organisations": one.organisations, **_sums(one)}


def _sums(one: Sums) -> dict[str, Any]:
    return {
        "sources": one.sources,
        "confirmed": one.confirmed,
        "probable": one.probable,
        "suspected": one.suspected,
        "coins": one.coins,
        "work": [_work(work) for work in one.work],
        "power": _power(one.power),
        "energy_kwh_day": _energy(one.power),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "type": "summary",
        "inputs": totals.inputs,
        "inputs_failed": totals.inputs_failed,
        "packets": totals.packets,
        "bytes": totals.bytes,
        "flows": totals.flows,
        "unanswered": totals.unanswered,
        "defects": dict(sorted(totals.defects.items())),
        "dropped": {"flows": 0, "held_bytes": 0} | dict(sorted(totals.dropped.items())),
        "sources": totals.sources,
        "organisations": totals.organisations,
        "work": [_work(work) for work in totals.work],
        "power": _power(totals.power),
        "energy_kwh_day": _energy(totals.power),
        "seconds": round(totals.seconds, 3),
        "interrupted": totals.interrupted,
        "inputs_left": totals.inputs_left,
        "unread": [
            {"input": unread.input, "what": _text(unread.what), "partly": unread.partly} for unread in totals.unread
        ],
        "suppressed": [
            {"path": one.path, "line": one.line, "reason": plain(one.reason), "expires": one.expires,
             "expired": one.expired, "findings": one.findings}
            for one in totals.suppressed
        ],
    }
