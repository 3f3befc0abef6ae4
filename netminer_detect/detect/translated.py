"""Sessions that were captured before and behind a NAT: one session, charged to the machine inside.

Contract: `join_translated(drafts)` leaves out the drafts of public sources all of whose connections are copies of a
private source's with the same server, and says `nat` of the latter. A copy begins within SKEW_NS of the other and
holds the same shares: each was found by its own nonce, so no two miners hand in the same. Where there are no shares, a
copy in the same capture has the same source port, and begins and ends within DELAY_NS of the other. A public source
with sessions of its own (or of machines that the capture does not show inside) stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from netminer_detect.detect.addresses import is_private
from netminer_detect.detect.drafts import Draft, is_mining
from netminer_detect.findings import Connection, Level

# Two taps, two clocks.
SKEW_NS = 2 * 1_000_000_000
# Through a router that the capture sees from both sides.
DELAY_NS = 50 * 1_000_000

_Place = tuple[str | None, int | None, str | None]


def join_translated(drafts: list[Draft]) -> list[Draft]:
    """See the module's contract."""
    inside: dict[_Place, list[Draft]] = {}
    for draft in drafts:
        if _may_be_seen_twice(draft) and is_private(draft.source):
            inside.setdefault(_place(draft), []).append(draft)
    if not inside:
        return drafts
    return [draft for draft in drafts if not (
        _may_be_seen_twice(draft) and not is_private(draft.source)
        and _all_copied(draft, inside.get(_place(draft), ()))
    )]


def _place(draft: Draft) -> _Place:
    return draft.pool.ip, draft.pool.port, draft.dialect


def _may_be_seen_twice(draft: Draft) -> bool:
    reached = is_mining(draft) or draft.reason.level in (Level.ENDPOINT, Level.LOOKUP)
    return reached and draft.pool.via is None and len(draft.prints) == draft.connections_total


def _all_copied(outer: Draft, inside: Iterable[Draft]) -> bool:
    """Whether each connection of the outer source is one of the inner sources'; these stand behind a NAT then."""
    originals: list[Draft] = []
    for at in range(len(outer.connections)):
        original = next((draft for draft in inside if _copies(outer, at, draft)), None)
        if original is None:
            return False
        originals.append(original)
    for draft in originals:
        draft.nat = True
    return True


def _copies(outer: Draft, at: int, inner: Draft) -> bool:
    """Whether the outer source's connection is one of the inner one's."""
    prints = outer.prints[at]
    pairs = zip(inner.connections, inner.prints, strict=True)
    if prints:
        began = outer.connections[at].first_seen_ns
        return any(not prints.isdisjoint(theirs) and _near(began, one.first_seen_ns, SKEW_NS, True)
                   for one, theirs in pairs)
    together = not outer.states.isdisjoint(inner.states)
    return together and any(not theirs and _passes(outer.connections[at], one) for one, theirs in pairs)


def _passes(outer: Connection, inner: Connection) -> bool:
    """Whether both may be one connection on the two sides of a router."""
    return (outer.source_port == inner.source_port
            and _near(outer.first_seen_ns, inner.first_seen_ns, DELAY_NS)
            and _near(outer.last_seen_ns, inner.last_seen_ns, DELAY_NS))


def _near(one_ns: int | None, other_ns: int | None, most_ns: int, unknown: bool = False) -> bool:
    """Whether two times are near each other; `unknown` where the captures have none."""
    return unknown if one_ns is None or other_ns is None else abs(one_ns - other_ns) <= most_ns
