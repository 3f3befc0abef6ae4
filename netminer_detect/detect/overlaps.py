"""Captures that overlap: one connection that several of them hold is counted once.

Contract: `is_same(one, other)` says whether two drafts of one key, each of one flow and read by different states, are
of one connection: the same source port, and times that overlap, or that differ by SKEW_NS at most where all else is
alike. `overlay(one, other)` takes what the other knows more into the first: shares and jobs that only it saw, answers
that the first missed. Packets and bytes cannot be told apart: they are those of the capture that saw more. Where a flow
held more messages than a journal does, its counts are those of the larger capture alone.
"""

from __future__ import annotations

from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.journal import Additions, Outcome, Share
from netminer_detect.detect.ledger import Done, WorkerLedger
from netminer_detect.findings import Connection, Level

SKEW_NS = 2 * 1_000_000_000


def is_same(one: Draft, other: Draft) -> bool:
    """See the module's contract."""
    if one.states & other.states or len(one.connections) != 1 or len(other.connections) != 1:
        return False
    mine, theirs = one.connections[0], other.connections[0]
    if one.reason.level is not Level.LOOKUP and mine.source_port != theirs.source_port:
        # Each question of a client's DNS has its own port; a draft gathers all of one name.
        return False
    if mine.first_seen_ns is None or theirs.first_seen_ns is None:
        return mine == theirs and one.packets == other.packets and one.prints == other.prints
    if mine.first_seen_ns <= _end(theirs) and theirs.first_seen_ns <= _end(mine):
        return True
    # Two sensors, two clocks: what is shorter than their difference does not overlap.
    alike = mine.source_port == theirs.source_port and one.packets == other.packets and one.prints == other.prints
    return alike and abs(mine.first_seen_ns - theirs.first_seen_ns) <= SKEW_NS


def overlay(one: Draft, other: Draft) -> Draft:
    """See the module's contract; the draft that is given is one of the two, the other is used up."""
    if (other.shares.submitted, other.packets) > (one.shares.submitted, one.packets):
        one, other = other, one
    one.connections = [_union(one.connections[0], other.connections[0])]
    one.states |= other.states
    one.take_facts(other)
    one.mining.bridge(one.last_ns)
    shown = {(line.what, line.excerpt) for line in one.evidence}
    for line in other.evidence:
        if (line.what, line.excerpt) not in shown:
            one.show(line)
    one.packets, one.bytes = max(one.packets, other.packets), max(one.bytes, other.bytes)
    one.connections_total = max(one.connections_total, other.connections_total)
    one.midstream = one.midstream and other.midstream
    one.held, one.left = one.held or other.held, min(one.left, other.left)
    one.prints = [frozenset().union(*one.prints, *other.prints)] if one.prints else other.prints
    _name_workers(one, other)
    if one.journal is not None and other.journal is not None and one.journal.whole and other.journal.whole:
        _add(one, one.journal.join(other.journal))
    return one


def _union(mine: Connection, theirs: Connection) -> Connection:
    if mine.first_seen_ns is None or theirs.first_seen_ns is None:
        return mine
    return Connection(mine.source_port, min(mine.first_seen_ns, theirs.first_seen_ns), max(_end(mine), _end(theirs)))


def _end(connection: Connection) -> int:
    return connection.last_seen_ns or connection.first_seen_ns or 0


def _name_workers(one: Draft, other: Draft) -> None:
    """What the other capture tells of who mines: that of a login that this one missed, too."""
    if list(one.workers) == [None] and len(other.workers) == 1:
        login = next(iter(other.workers))
        worker = one.workers.pop(None)
        worker.login = login
        one.workers[login] = worker
    for login, theirs in other.workers.items():
        mine = _known_worker(one, login)
        if mine is not None:
            mine.user, mine.worker = mine.user or theirs.user, mine.worker or theirs.worker
            mine.agent, mine.password = mine.agent or theirs.agent, mine.password or theirs.password
            mine.mining.update(theirs.mining.spans)
            mine.mining.bridge(one.last_ns)
        else:
            one.workers[login] = WorkerLedger(
                login, theirs.user, theirs.worker, theirs.agent, theirs.password, mining=theirs.mining)


def _add(draft: Draft, added: Additions) -> None:
    draft.jobs.sent += added.jobs
    for share in added.shares:
        _count(draft, share, 1)
    for noted, known in added.revised:
        _count(draft, noted, -1)
        _count(draft, known, 1)


def _count(draft: Draft, share: Share, by: int) -> None:
    """Count a share, or take it back with -1."""
    kind, outcome = share
    worker = _worker(draft, kind.login)
    shares = worker.shares
    shares.submitted += by
    if outcome is Outcome.REJECTED:
        shares.rejected += by
        return
    if outcome is Outcome.ACCEPTED:
        shares.accepted += by
    else:
        shares.unanswered += by
    if outcome is Outcome.ACCEPTED or kind.silent:
        done = worker.done.setdefault(kind.algorithm, Done())
        done.count(kind.hashes, by)
        done.silent += by * (outcome is not Outcome.ACCEPTED)


def _worker(draft: Draft, login: str | None) -> WorkerLedger:
    """Who handed in a share."""
    known = _known_worker(draft, login)
    if known is None:
        known = draft.workers[login] = WorkerLedger(login)
    return known


def _known_worker(draft: Draft, login: str | None) -> WorkerLedger | None:
    """The worker of a login; of a capture that missed the login, the only worker there is."""
    if login is None and len(draft.workers) == 1:
        return next(iter(draft.workers.values()))
    return draft.workers.get(login)
