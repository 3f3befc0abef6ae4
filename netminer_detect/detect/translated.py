"""Sessions that were captured before and behind a NAT: one session, charged to the machine inside.

Contract: `join_translated(drafts)` leaves out the drafts of public sources all of whose connections are copies of a
private source's with the same server, and says `nat` of the latter. A copy begins within SKEW_NS of the other and
holds the same shares: each was found by its own nonce, so no two miners hand in the same. A public source with
sessions of its own (or of machines that the capture does not show inside) stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from netminer_detect.detect.addresses import is_private
from netminer_detect.detect.drafts import Draft, is_mining

# Two taps, two clocks.
SKEW_NS = 2 * 1_000_000_000

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
    return is_mining(draft) and draft.pool.via is None and len(draft.prints) == draft.connections_total


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
    began, prints = outer.connections[at].first_seen_ns, outer.prints[at]
    return any(
        not prints.isdisjoint(theirs) and (began is None or connection.first_seen_ns is None
                                           or abs(began - connection.first_seen_ns) <= SKEW_NS)
        for connection, theirs in zip(inner.connections, inner.prints, strict=True)
    )
