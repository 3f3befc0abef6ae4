"""Sessions that were captured before and behind a SOCKS or HTTP proxy: one session, charged to who asked the proxy.

Contract: `join_relayed(drafts)` leaves out what a proxy said to a server where each of its connections there is one
that it was asked for: to that server, at that time, and with the same shares where both hold some. A proxy that has
sessions of its own as well stays whole. Names that a proxy resolved for who asked it make a resolver of it, no more.
"""

from __future__ import annotations

from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.levels import Reason
from netminer_detect.findings import Level, Role

# A proxy greets, is told where to go, and asks DNS, before it dials; two taps may have two clocks.
DIAL_NS = 30 * 1_000_000_000
SKEW_NS = 2 * 1_000_000_000
# Of those who asked for one server so many, and so many of their connections, are looked at.
MAX_ASKERS = 256
MAX_ASKED = 1024

# Proxy, port and dialect, and the server that was asked for: its address, its name, or any that has one (None).
_Way = tuple[str, int | None, str | None, str | None]


def join_relayed(drafts: list[Draft]) -> list[Draft]:
    """See the module's contract."""
    ways: dict[_Way, list[Draft]] = {}
    names: set[tuple[str, str | None]] = set()
    for draft in drafts:
        via, pool = draft.pool.via, draft.pool
        if via is not None:
            names.add((via.ip, pool.name))
            for host in {pool.ip or pool.name, pool.ip}:
                ways.setdefault((via.ip, pool.port, draft.dialect, host), []).append(draft)
    if not names:
        return drafts
    for draft in drafts:
        if draft.reason.code == "lookup_dns" and (draft.source, draft.pool.name) in names:
            draft.role = Role.RESOLVER
            draft.reason = Reason(Level.CONTEXT, "resolver", {"name": draft.pool.name})
    return [draft for draft in drafts if not _is_relayed(draft, ways)]


def _is_relayed(draft: Draft, ways: dict[_Way, list[Draft]]) -> bool:
    """Whether all that a proxy said to a server, others asked it for; each of their connections counts once."""
    pool = draft.pool
    if draft.role is not Role.MINER or pool.via is not None or pool.port is None:
        return False
    # Where it is not known what the address is called, any name may have led there.
    same = [one for host in (pool.ip, pool.name)
            for one in ways.get((draft.source, pool.port, draft.dialect, host), ())[:MAX_ASKERS]]
    if sum(one.connections_total for one in same) < draft.connections_total:
        return False
    left = [(one, at) for one in same for at in range(len(one.connections))][:MAX_ASKED]
    for at in range(len(draft.connections)):
        copy = next((place for place, (one, where) in enumerate(left) if _copies(draft, at, one, where)), None)
        if copy is None:
            return False
        del left[copy]
    return True


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
