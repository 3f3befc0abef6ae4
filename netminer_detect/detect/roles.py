"""Who is what: roles that only several flows together tell.

Contract: `settle_roles(drafts, inside)` gives the drafts with their roles settled; those that become one are
joined. Inside is what the caller says is ours.
* prober: asks at least PROBER_SERVERS different servers and submits nothing anywhere. Miners have a few
  servers to fall back to; the probers of the sMaSheD research captures asked 17, 140 and 157.
* proxy: serves miners and mines upstream.
* pool: a mining server inside whose client is outside: the server is the machine judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netminer_detect.detect.drafts import Draft, is_mining
from netminer_detect.detect.levels import Reason
from netminer_detect.findings import Level, Role, Server

PROBER_SERVERS = 6


def settle_roles(drafts: Iterable[Draft], inside: Callable[[str], bool]) -> list[Draft]:
    """See the module's contract."""
    drafts = list(drafts)
    mining = [draft for draft in drafts if is_mining(draft) and draft.role is Role.MINER]
    _mark_probers(mining)
    _mark_proxies(mining)
    kept: list[Draft] = []
    pools: dict[tuple[str, int | None, str | None], list[Draft]] = {}
    for draft in drafts:
        if _serves_outside(draft, inside):
            pools.setdefault((str(draft.pool.ip), draft.pool.port, draft.dialect), []).append(draft)
        else:
            kept.append(draft)
    return kept + [_pool_of(served) for served in pools.values()]


def _serves_outside(draft: Draft, inside: Callable[[str], bool]) -> bool:
    """Whether the mining server is ours and the miner is not: then the server is the machine judged."""
    if draft.role is not Role.MINER or not is_mining(draft) or draft.pool.ip is None or draft.pool.via is not None:
        return False
    return inside(draft.pool.ip) and not inside(draft.source)


def _mark_probers(mining: list[Draft]) -> None:
    servers: dict[str, set[tuple[str | None, int | None]]] = {}
    busy: set[str] = set()
    for draft in mining:
        servers.setdefault(draft.source, set()).add((draft.pool.ip or draft.pool.name, draft.pool.port))
        if draft.shares.submitted:
            busy.add(draft.source)
    for draft in mining:
        asked = len(servers[draft.source])
        if asked >= PROBER_SERVERS and draft.source not in busy:
            draft.role = Role.PROBER
            draft.reason = Reason(draft.reason.level, "prober", {"servers": asked})


def _mark_proxies(mining: list[Draft]) -> None:
    clients: dict[str, set[str]] = {}
    for draft in mining:
        if draft.pool.ip and draft.reason.level >= Level.SESSION and draft.pool.ip != draft.source:
            clients.setdefault(draft.pool.ip, set()).add(draft.source)
    for draft in mining:
        served = clients.get(draft.source)
        if served and draft.role is Role.MINER and draft.pool.ip not in served:
            draft.role = Role.PROXY
            server = draft.reason.arguments.get("server")
            draft.reason = Reason(draft.reason.level, "proxy", {"clients": len(served), "server": server})


def _pool_of(served: list[Draft]) -> Draft:
    """The finding of a mining server inside, from the sessions of all its clients."""
    first = served[0]
    clients = {draft.source for draft in served}
    for other in served[1:]:
        first.absorb(other)
    server = first.reason.arguments.get("server")
    first.peer = Server(first.source, None) if len(clients) == 1 else None
    first.source, first.role, first.source_mac = str(first.pool.ip), Role.POOL, None
    first.reason = Reason(first.reason.level, "pool_serves", {"clients": len(clients), "server": server})
    return first
