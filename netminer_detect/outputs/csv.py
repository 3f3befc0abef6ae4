"""CSV: one row a finding, the same facts in flat columns.

Contract: the columns of COLUMNS, in that order, with a header; RFC 4180 with CRLF, UTF-8. Several values of one cell
are parted by `; ` (a `;` within a value is escaped), at most MAX_LISTED of them. The columns from `submitted` to
`rate_high` hold one number where a finding has one algorithm. No cell begins a formula, control
characters are escaped. Columns are only ever added behind the last.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from netminer_detect.findings import Finding, Report, Server
from netminer_detect.outputs.escape import csv_cell
from netminer_detect.outputs.grounds import ground_text
from netminer_detect.outputs.jsonl import amount, number, rate
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.times import iso_time
from netminer_detect.outputs.wording import why

SUFFIXES = (".csv",)
# What a person reads first stands first.
COLUMNS = (
    "source_ip", "organisation_name", "verdict", "level", "role", "coin", "why", "pool_ip", "pool_port", "pool_name",
    "pool_operator", "logins", "workers", "agents", "first_seen", "last_seen", "capture", "frames",
    "submitted", "accepted", "rejected", "unanswered", "work", "work_unit", "work_algorithm", "work_basis",
    "rate", "rate_low", "rate_high", "claimed_rate", "claimed_unit", "claimed_algorithm", "claimed_power_w",
    "power_w_low", "power_w_typical", "power_w_high", "power_basis",
    "organisation_id", "sector", "contact", "source_mac", "vlan", "tunnels", "sensor", "realm", "nat",
    "dialect", "carriers", "algorithms", "coin_basis", "pool_basis", "via_ip", "via_port", "via_kind",
    "peer_ip", "peer_port", "peer_name", "model", "jobs", "difficulty_min", "difficulty_max", "midstream",
    "connections", "packets", "bytes", "rules", "why_code", "assessment", "id", "revision", "state",
    "assessment_reasons", "incidents", "inside_ip", "inside_port", "account", "mac", "host", "attribution",
    "sector_group", "organisation_parent", "organisation_source",
)  # fmt: skip
MAX_LISTED = 32
SEPARATOR = "; "

Row = dict[str, object]


def write(report: Report, stream: TextIO, options: OutputOptions) -> None:
    """See the module's contract."""
    writer = csv.writer(stream, lineterminator="\r\n")
    columns = [*COLUMNS, "passwords"] if options.show_passwords else COLUMNS
    writer.writerow(columns)
    for finding in report.findings:
        row = _row(finding, options)
        writer.writerow([csv_cell(_cell(row[column])) for column in columns])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        parts = ["" if part is None else str(part).replace(";", "\\x3b") for part in value[:MAX_LISTED]]
        return SEPARATOR.join([*parts, *(["…"] if len(value) > MAX_LISTED else [])]) if any(parts) else ""
    return str(value)


def _row(finding: Finding, options: OutputOptions) -> Row:
    return _judgement(finding, options) | _units(finding) | _servers(finding.pool, finding.peer) | _traffic(
        finding) | _workers(finding) | _work(finding) | _attribution(finding, options)


def _judgement(finding: Finding, options: OutputOptions) -> Row:
    return {
        "id": finding.id,
        "revision": finding.revision,
        "state": finding.state,
        "source_ip": finding.source_ip,
        "source_mac": finding.source_mac,
        "sensor": finding.sensor,
        "realm": finding.realm,
        "nat": finding.nat,
        "role": finding.role.value,
        "level": finding.level.word,
        "verdict": finding.verdict.word,
        "why": why(finding, options.lang),
        "why_code": finding.why_code,
        "model": finding.model,
        "dialect": finding.dialect,
        "algorithms": finding.algorithms,
        "coin": finding.coin,
        "coin_basis": finding.coin_basis,
        "rules": finding.rules,
        "assessment": finding.assessment,
        "assessment_reasons": [ground_text(ground, options.lang) for ground in finding.grounds],
        "incidents": finding.incidents,
    }


def _units(finding: Finding) -> Row:
    unit = finding.organisation
    return {
        "organisation_id": unit.id if unit else None,
        "organisation_name": unit.name if unit else None,
        "sector": unit.sector if unit else None,
        "contact": unit.contact if unit else None,
        "sector_group": unit.sector_group if unit else None,
        "organisation_parent": unit.parent if unit else None,
        "organisation_source": unit.source if unit else None,
    }


def _attribution(finding: Finding, options: OutputOptions) -> Row:
    known = finding.attribution or []
    row: Row = {
        "inside_ip": _each(one.inside_ip for one in known),
        "inside_port": _each(one.inside_port for one in known),
        "account": _each(one.account for one in known),
        "mac": _each(one.mac for one in known),
        "host": _each(one.host for one in known),
        "attribution": [],
    }
    if known:
        from netminer_detect.outputs.attributions import attribution_text

        row["attribution"] = [attribution_text(one, finding, options.lang) for one in known]
    return row


def _each(values: Iterable[object]) -> list[object]:
    """Each value once."""
    return list(dict.fromkeys(value for value in values if value is not None))


def _servers(pool: Server | None, peer: Server | None) -> Row:
    via = pool.via if pool else None
    return {
        "pool_ip": pool.ip if pool else None,
        "pool_port": pool.port if pool else None,
        "pool_name": pool.name if pool else None,
        "pool_operator": pool.operator if pool else None,
        "pool_basis": pool.basis if pool else None,
        "via_ip": via.ip if via else None,
        "via_port": via.port if via else None,
        "via_kind": via.kind if via else None,
        "peer_ip": peer.ip if peer else None,
        "peer_port": peer.port if peer else None,
        "peer_name": peer.name if peer else None,
    }


def _traffic(finding: Finding) -> Row:
    nine = finding.nanoseconds
    return {
        "carriers": finding.carriers,
        "vlan": finding.vlan,
        "tunnels": finding.tunnels,
        "first_seen": iso_time(finding.first_seen_ns, nine),
        "last_seen": iso_time(finding.last_seen_ns, nine),
        "midstream": finding.midstream,
        "connections": finding.connections_total,
        "packets": finding.packets,
        "bytes": finding.bytes,
        "capture": list(dict.fromkeys(line.capture for line in finding.evidence)),
        "frames": list(dict.fromkeys(line.frame for line in finding.evidence if line.frame is not None)),
    }


def _workers(finding: Finding) -> Row:
    return {
        "logins": [worker.login for worker in finding.workers],
        "workers": [worker.worker for worker in finding.workers],
        "agents": list(dict.fromkeys(worker.agent for worker in finding.workers if worker.agent)),
        "passwords": [worker.password for worker in finding.workers],
        "jobs": finding.jobs.sent,
        "difficulty_min": number(finding.jobs.difficulty_min),
        "difficulty_max": number(finding.jobs.difficulty_max),
        "submitted": finding.shares.submitted,
        "accepted": finding.shares.accepted,
        "rejected": finding.shares.rejected,
        "unanswered": finding.shares.unanswered,
    }


def _work(finding: Finding) -> Row:
    power = finding.power
    return {
        "work": [amount(work.amount) for work in finding.work],
        "work_unit": [work.unit for work in finding.work],
        "work_algorithm": [work.algorithm for work in finding.work],
        "work_basis": [work.basis for work in finding.work],
        "rate": [rate(work.rate) for work in finding.work],
        "rate_low": [rate(work.rate_low) for work in finding.work],
        "rate_high": [rate(work.rate_high) for work in finding.work],
        "claimed_rate": [rate(claim.rate) for claim in finding.claimed],
        "claimed_unit": [claim.unit for claim in finding.claimed],
        "claimed_algorithm": [claim.algorithm for claim in finding.claimed],
        "claimed_power_w": [rate(claim.power_w) for claim in finding.claimed],
        "power_w_low": rate(power.w_low) if power else None,
        "power_w_typical": rate(power.w_typical) if power else None,
        "power_w_high": rate(power.w_high) if power else None,
        "power_basis": power.basis if power else None,
    }
