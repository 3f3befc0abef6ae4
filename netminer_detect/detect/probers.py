"""Tells probers from miners: both ask servers for work, and only a miner stays where it gets some.

Contract: `mark_probers(drafts)` gives the role of a prober to what a source did at servers that it tried without
working for them, where these are too many for a miner's fallbacks, or it left several of them for good. Working is: a
share handed in; or a connection of HELD_NS that gave jobs, or that cannot be read. So a miner with a list of pools
stays a miner, whether one of them took it (it stays there) or none (it tries all of them again and again, TRIES times).

Sources: the probers of the sMaSheD research asked 17, 140 and 157 servers, once in each dialect, for half a
minute at most; cgminer tries its whole list when it starts, and XMRig one pool after the other.
"""

from __future__ import annotations

from collections.abc import Iterable

from netminer_detect.detect.drafts import Draft, in_network, is_mining
from netminer_detect.detect.levels import Reason
from netminer_detect.findings import Role

# So many servers tried make a prober of a source that works for none.
PROBER_SERVERS = 6
# Of one that works somewhere, only so many more: nobody lists so many fallbacks.
MANY_SERVERS = 20
# Servers that were asked, answered or not, and left for good within HELD_NS: a miner stays where it gets work, and
# comes back where it gets none.
LEFT_SERVERS = 3
TRIES = 3

ServerKey = tuple[str | None, int | None]


def mark_probers(drafts: Iterable[Draft]) -> None:
    """See the module's contract."""
    by_source: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.role is Role.MINER and not in_network(draft):
            by_source.setdefault(draft.source, []).append(draft)
    for theirs in by_source.values():
        idle = _idle(theirs)
        tried = _servers(idle)
        if not (_too_many(idle, theirs) or _left_each(idle, theirs)):
            continue
        for draft in idle:
            arguments = draft.reason.arguments
            server = arguments.get("server") or arguments.get("name")
            draft.role = Role.PROBER
            draft.reason = Reason(draft.reason.level, "prober", {"servers": len(tried), "server": server})


def _servers(drafts: Iterable[Draft]) -> set[ServerKey]:
    """The servers that were dialled; a name that was only asked of DNS has no port."""
    return {(draft.pool.ip or draft.pool.name, draft.pool.port) for draft in drafts if draft.pool.port is not None}


def _idle(theirs: list[Draft]) -> list[Draft]:
    """What a source tried without working there."""
    held = [draft for draft in theirs if draft.held and is_mining(draft)]
    # Who holds so many sessions and hands in nothing mines nowhere.
    works = len(_servers(held)) < PROBER_SERVERS
    return [
        draft for draft in theirs
        if not draft.shares.submitted and not (draft.held and (works or not is_mining(draft)))
    ]


def _too_many(idle: list[Draft], theirs: list[Draft]) -> bool:
    works = len(idle) < len(theirs)
    if len(_servers(idle)) < (MANY_SERVERS if works else PROBER_SERVERS):
        return False
    return not _comes_back([draft for draft in idle if is_mining(draft)])


def _left_each(idle: list[Draft], theirs: list[Draft]) -> bool:
    asked = [draft for draft in idle if is_mining(draft)]
    left = [draft for draft in asked if draft.left == draft.connections_total]
    if len(idle) < len(theirs) or len(_servers(left)) < LEFT_SERVERS or _comes_back(asked):
        return False
    # It may stay where it got work; what has given none yet is where the capture ends.
    return all(draft.left == draft.connections_total or not draft.jobs.sent for draft in asked)


def _comes_back(asked: list[Draft]) -> bool:
    """Whether nobody took it, and it tries again and again."""
    refused = not any(draft.jobs.sent for draft in asked)
    return bool(asked) and refused and sum(draft.connections_total for draft in asked) >= TRIES * len(asked)
