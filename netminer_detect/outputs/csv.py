"""CSV: one row a finding, the same facts in flat columns.

Contract: the columns of COLUMNS, in that order, with a header; RFC 4180 with CRLF. Lists are joined by blanks, no
cell begins a formula, control characters are escaped.
"""

from __future__ import annotations

import csv
from typing import TextIO

from netminer_detect.findings import Finding, Report, Server
from netminer_detect.outputs.escape import csv_cell
from netminer_detect.outputs.jsonl import amount, number
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.times import iso_time
from netminer_detect.outputs.wording import why

SUFFIXES = (".csv",)
COLUMNS = (
    "id", "source_ip", "source_mac", "sensor", "realm", "organisation_id", "organisation_name", "sector", "contact",
    "role", "level", "verdict", "why", "dialect", "carriers", "algorithms", "coin", "pool_ip", "pool_port",
    "pool_name", "pool_operator", "pool_basis", "via_ip", "via_port", "peer_ip", "peer_port", "logins", "workers",
    "agents", "jobs", "difficulty_min", "difficulty_max", "submitted", "accepted", "rejected", "unanswered", "work",
    "first_seen", "last_seen", "midstream", "connections", "packets", "bytes", "vlan", "tunnels", "rules", "capture",
    "frames",
)  # fmt: skip
MAX_LISTED = 32


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
        return " ".join(str(part) for part in value[:MAX_LISTED] if part is not None)
    return str(value)


def _row(finding: Finding, options: OutputOptions) -> dict[str, object]:
    unit = finding.organisation
    return {
        "id": finding.id,
        "source_ip": finding.source_ip,
        "source_mac": finding.source_mac,
        "sensor": finding.sensor,
        "realm": finding.realm,
        "organisation_id": unit.id if unit else None,
        "organisation_name": unit.name if unit else None,
        "sector": unit.sector if unit else None,
        "contact": unit.contact if unit else None,
        "role": finding.role.value,
        "level": finding.level.word,
        "verdict": finding.verdict.word,
        "why": why(finding, options.lang),
        "dialect": finding.dialect,
        "carriers": finding.carriers,
        "algorithms": finding.algorithms,
        "coin": finding.coin,
        "difficulty_min": number(finding.jobs.difficulty_min),
        "difficulty_max": number(finding.jobs.difficulty_max),
        "work": [f"{amount(work.amount)} {work.unit} {work.algorithm or '?'}" for work in finding.work],
        "first_seen": iso_time(finding.first_seen_ns, finding.nanoseconds),
        "last_seen": iso_time(finding.last_seen_ns, finding.nanoseconds),
        "midstream": finding.midstream,
        "connections": finding.connections_total,
        "packets": finding.packets,
        "bytes": finding.bytes,
        "vlan": finding.vlan,
        "tunnels": finding.tunnels,
        "rules": finding.rules,
        "capture": finding.evidence[0].capture if finding.evidence else None,
        "frames": [line.frame for line in finding.evidence],
    } | _servers(finding.pool, finding.peer) | _workers(finding)


def _servers(pool: Server | None, peer: Server | None) -> dict[str, object]:
    via = pool.via if pool else None
    return {
        "pool_ip": pool.ip if pool else None,
        "pool_port": pool.port if pool else None,
        "pool_name": pool.name if pool else None,
        "pool_operator": pool.operator if pool else None,
        "pool_basis": pool.basis if pool else [],
        "via_ip": via.ip if via else None,
        "via_port": via.port if via else None,
        "peer_ip": peer.ip if peer else None,
        "peer_port": peer.port if peer else None,
    }


def _workers(finding: Finding) -> dict[str, object]:
    return {
        "logins": [worker.login for worker in finding.workers],
        "workers": [worker.worker for worker in finding.workers],
        "agents": list(dict.fromkeys(worker.agent for worker in finding.workers if worker.agent)),
        "passwords": [worker.password for worker in finding.workers],
        "jobs": finding.jobs.sent,
        "submitted": finding.shares.submitted,
        "accepted": finding.shares.accepted,
        "rejected": finding.shares.rejected,
        "unanswered": finding.shares.unanswered,
    }
