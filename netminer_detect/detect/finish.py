"""Turns drafts into findings: identity, units, sums.

Contract: `finish(drafts, context)` gives the findings of one series, with stable ids: the first 16 hex digits of
SHA-256 over sensor, realm, source, role, server, port and dialect, joined by NUL. A public address is one
machine everywhere (realm None); a private one belongs to the sensor's network.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from netminer_detect.detect.addresses import is_private
from netminer_detect.detect.drafts import Draft, claims_of, name_work, total_done, work_of, workers_of
from netminer_detect.detect.levels import Reason, verdict_of
from netminer_detect.detect.servers import reported_pool, server_text
from netminer_detect.digests import digest
from netminer_detect.estimate.algorithms import algorithm_of
from netminer_detect.findings import (
    HARMLESS,
    Finding,
    Organisation,
    Role,
    Server,
    Verdict,
)

# Three ways in which a session stands on the same rung, and the figures that tell them.
_SESSIONS: dict[str, tuple[str, ...]] = {
    "login_accepted": (), "session_open": ("jobs",), "shares_rejected": ("rejected",),
}  # fmt: skip


class Context(Struct, frozen=True):
    """What judging needs to know of the run. `unit_of` finds an address' organisation at a time (ns); `fine` are the
    captures with nanoseconds."""

    sensor: str | None
    unit_of: Callable[[str, int | None], Organisation | None]
    fine: frozenset[str] = frozenset()


def finding_id(
    sensor: str | None, realm: str | None, source: str, role: Role, server: str, port: int | None, dialect: str | None
) -> str:
    """See the module's contract."""
    parts = (sensor, realm, source, role.value, server, port, dialect)
    text = "\0".join("" if part is None else str(part) for part in parts)
    return digest(text)[:16]


def _verdict(role: Role, reason: Reason) -> Verdict:
    if role in HARMLESS:
        return Verdict.NOT_MINING
    verdict = verdict_of(reason)
    return min(verdict, Verdict.SUSPECTED) if role is Role.PROBER else verdict


def _told(draft: Draft) -> Reason:
    """The reason with the figures of all flows, where the draft's comes from the best of them."""
    reason, shares = draft.reason, draft.shares
    figures = {"accepted": shares.accepted, "submitted": shares.submitted, "rejected": shares.rejected,
               "jobs": draft.jobs.sent}
    code, arguments = reason.code, dict(reason.arguments)
    if code in _SESSIONS:
        code = "shares_rejected" if shares.rejected else "session_open" if draft.jobs.sent else "login_accepted"
        arguments |= {name: figures[name] for name in _SESSIONS[code]}
    arguments |= {name: figures[name] for name in arguments if name in figures}
    if draft.device is not None:
        pool, product = reported_pool(draft.device), draft.device.agent or draft.device.model
        code = "device_mines" if pool is not None else "device_answers" if draft.device.running else "device_page"
        arguments |= {"agent": product} | ({} if pool is None else {"server": server_text(pool)})
    elif "server" in arguments and draft.role is not Role.POOL:
        arguments["server"] = server_text(draft.pool)
    if "agent" in arguments and arguments["agent"] is None:
        arguments["agent"] = next((worker.agent for worker in draft.workers.values() if worker.agent), None)
    return Reason(reason.level, code, arguments)


def finish(drafts: list[Draft], context: Context) -> list[Finding]:
    """See the module's contract."""
    return [_finding(draft, context) for draft in drafts]


def _finding(draft: Draft, context: Context) -> Finding:
    realm = context.sensor if is_private(draft.source) else None
    far = draft.pool
    server = far.ip or far.name or ""
    coin, basis = draft.coin
    algorithm = algorithm_of(coin, draft.dialect)
    if algorithm is not None:
        name_work(draft, algorithm)
    harmless, reason = draft.role in HARMLESS, _told(draft)
    pool, peer = (None, far) if harmless else (far, draft.peer)
    if draft.device is not None:
        # The far end of a device is who asks it; what it mines at it says itself.
        pool = reported_pool(draft.device)
        peer = Server(next(iter(draft.managers)), None) if len(draft.managers) == 1 else None
    return Finding(
        id=finding_id(context.sensor, realm, draft.source, draft.role, server, far.port, draft.dialect),
        source_ip=draft.source,
        role=draft.role,
        level=reason.level,
        verdict=_verdict(draft.role, reason),
        why_code=reason.code,
        why_args=reason.arguments,
        source_mac=draft.source_mac,
        sensor=context.sensor,
        realm=realm,
        vlan=list(draft.vlans),
        tunnels=list(draft.tunnels),
        nat=draft.nat,
        dialect=draft.dialect or None,
        carriers=list(draft.carriers),
        algorithms=list(draft.algorithms),
        coin=coin,
        coin_basis=basis,
        model=draft.device.model if draft.device is not None else None,
        pool=pool,
        peer=peer,
        workers=workers_of(draft),
        jobs=draft.jobs,
        shares=draft.shares,
        work=work_of(total_done(draft), draft.mining.seconds),
        mining=draft.mining.spans,
        claimed=claims_of(draft),
        first_seen_ns=draft.first_ns,
        last_seen_ns=draft.last_ns,
        nanoseconds=any(line.capture in context.fine for line in draft.evidence),
        midstream=draft.midstream,
        connections=draft.connections,
        connections_total=draft.connections_total,
        packets=draft.packets,
        bytes=draft.bytes,
        rules=list(draft.rules),
        malformed=draft.malformed,
        hidden=draft.hidden,
        organisation=context.unit_of(draft.source, draft.first_ns),
        evidence=sorted(draft.evidence, key=lambda line: (line.time_ns or 0, line.frame or 0)),
    )
