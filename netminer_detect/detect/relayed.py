"""Sessions that were captured before and behind a SOCKS or HTTP proxy: one session, charged to who asked the proxy.

Contract: `join_relayed(drafts)` leaves out what a proxy said to a server where each of its connections there is one
that it was asked for: to that server, at that time, and with the same shares where both hold some. A proxy that has
sessions of its own as well stays whole. Names that a proxy resolved for who asked it make a resolver of it, no more.
"""

from __future__ import annotations

from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.levels import Reason
from netminer_detect.findings import Level, Role, Server

# A proxy greets, is told where to go, and asks DNS, before it dials; two taps may have two clocks.
DIAL_NS = 30 * 1_000_000_000
SKEW_NS = 2 * 1_000_000_000


def join_relayed(drafts: list[Draft]) -> list[Draft]:
    """See the module's contract."""
    asked: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.pool.via is not None:
            asked.setdefault(draft.pool.via.ip, []).append(draft)
    if not asked:
        return drafts
    for draft in drafts:
        _resolves(draft, asked.get(draft.source, []))
    return [draft for draft in drafts if not _is_relayed(draft, asked.get(draft.source, []))]


def _resolves(draft: Draft, asked: list[Draft]) -> None:
    if draft.reason.code == "lookup_dns" and any(one.pool.name == draft.pool.name for one in asked):
        draft.role = Role.RESOLVER
        draft.reason = Reason(Level.CONTEXT, "resolver", {"name": draft.pool.name})


def _is_relayed(draft: Draft, asked: list[Draft]) -> bool:
    """Whether all that a proxy said to a server, others asked it for; each of their connections counts once."""
    if draft.role is not Role.MINER or draft.pool.via is not None or draft.pool.port is None:
        return False
    same = [one for one in asked if one.dialect == draft.dialect and _leads_to(one.pool, draft.pool)]
    if sum(one.connections_total for one in same) < draft.connections_total:
        return False
    left = [(one, at) for one in same for at in range(len(one.connections))]
    for at in range(len(draft.connections)):
        copy = next((place for place in left if _copies(draft, at, *place)), None)
        if copy is None:
            return False
        left.remove(copy)
    return True


def _leads_to(asked: Server, dialled: Server) -> bool:
    if asked.port != dialled.port:
        return False
    if asked.ip is not None:
        return asked.ip == dialled.ip
    return dialled.name is None or asked.name == dialled.name


def _copies(draft: Draft, at: int, asked: Draft, where: int) -> bool:
    began, prints = draft.connections[at].first_seen_ns, _prints(draft, at)
    before, theirs = asked.connections[where].first_seen_ns, _prints(asked, where)
    if prints and theirs and prints.isdisjoint(theirs):
        return False
    if began is None or before is None:
        return bool(prints and theirs)
    return -SKEW_NS <= began - before <= DIAL_NS


def _prints(draft: Draft, at: int) -> frozenset[int]:
    return draft.prints[at] if at < len(draft.prints) else frozenset()
