"""Who is what: roles that only several flows together tell.

Contract: `settle_roles(drafts, inside)` gives the drafts with their roles settled; those that become one are
joined, and a session that was seen on both sides of a NAT or a proxy is the inner machine's (see `translated` and
`relayed`). Inside is what the caller says is ours.
* prober: tries several mining servers and works for none (see `probers`); and who asks a machine inside for work
  from outside, and gets none: the machine that was asked did nothing.
* proxy: serves miners and mines upstream.
* pool: a mining server inside, as it speaks or by its name or address, whose client is outside: the server is the
  machine judged.
* node, and a node of a pool without an operator: of two nodes the one inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netminer_detect.detect.drafts import Draft, in_network, is_mining
from netminer_detect.detect.levels import Arguments, Reason
from netminer_detect.detect.probers import mark_probers
from netminer_detect.detect.relayed import join_relayed
from netminer_detect.detect.translated import join_translated
from netminer_detect.findings import Level, Role, Server


def settle_roles(drafts: Iterable[Draft], inside: Callable[[str], bool]) -> list[Draft]:
    """See the module's contract."""
    drafts = join_relayed(join_translated(list(drafts)))
    mark_probers(drafts)
    _mark_proxies(drafts)
    kept: list[Draft] = []
    pools: dict[tuple[str, int | None, str | None], list[Draft]] = {}
    nodes: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        if not _from_outside(draft, inside):
            kept.append(draft)
        elif draft.role is Role.NODE or in_network(draft):
            known = nodes.setdefault((str(draft.pool.ip), draft.source), draft)
            if known is not draft:
                known.absorb(draft)
        elif draft.role is Role.MINER and (draft.reason.level is Level.ENDPOINT or (
                is_mining(draft) and draft.reason.level >= Level.SESSION)):
            pools.setdefault((str(draft.pool.ip), draft.pool.port, draft.dialect), []).append(draft)
        else:
            if draft.role is Role.MINER and is_mining(draft):
                server = draft.reason.arguments.get("server")
                draft.role, draft.reason = Role.PROBER, Reason(draft.reason.level, "asks_inside", {"server": server})
            kept.append(draft)
    return kept + [_turned(node) for node in nodes.values()] + [_pool_of(served) for served in pools.values()]


def _from_outside(draft: Draft, inside: Callable[[str], bool]) -> bool:
    """Whether the server is ours and the client is not: then the server is the machine judged."""
    if draft.pool.ip is None or draft.pool.via is not None:
        return False
    return inside(draft.pool.ip) and not inside(draft.source)


def _mark_proxies(drafts: list[Draft]) -> None:
    clients: dict[str, set[str]] = {}
    for draft in drafts:
        serves = draft.role is Role.MINER and is_mining(draft) and draft.reason.level >= Level.SESSION
        if serves and not in_network(draft) and draft.pool.ip and draft.pool.ip != draft.source:
            clients.setdefault(draft.pool.ip, set()).add(draft.source)
    for draft in drafts:
        served = clients.get(draft.source)
        mines = draft.role is Role.MINER and draft.reason.level >= Level.ENDPOINT
        if served and mines and draft.pool.ip not in served:
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
    told: Arguments = {"clients": len(clients), "server": server}
    code = "pool_serves"
    if first.reason.level is Level.ENDPOINT:
        code = "pool_address" if first.reason.code == "endpoint_address" else "pool_known"
        told |= {name: first.reason.arguments.get(name) for name in ("operator", "date")}
    first.reason = Reason(first.reason.level, code, told)
    return first


def _turned(draft: Draft) -> Draft:
    """The other end of a flow between nodes."""
    client = Server(draft.source, None)
    draft.source, draft.source_mac, draft.pool = str(draft.pool.ip), None, client
    draft.reason.arguments["server"] = client.ip
    return draft
