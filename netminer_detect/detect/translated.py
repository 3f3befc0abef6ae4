"""Sessions that were captured before and behind a NAT: one session, charged to the machine inside.

Contract: `join_translated(drafts)` leaves out the drafts of public sources all of whose connections are copies of a
private source's with the same server, and says `nat` of the latter. A copy begins within SKEW_NS of the other and
holds the same shares: each was found by its own nonce, so no two miners hand in the same. Where there are no shares, a
copy in the same capture has the same source port, and begins and ends within DELAY_NS of the other; so have questions
of DNS for one name. A public source with sessions of its own (or of machines that the capture does not show inside)
stays whole.
"""

from __future__ import annotations

from msgspec import Struct, field

from netminer_detect.detect.addresses import is_private
from netminer_detect.detect.drafts import Draft, is_mining
from netminer_detect.findings import Connection, Level

# Two taps, two clocks.
SKEW_NS = 2 * 1_000_000_000
# Through a router that the capture sees from both sides.
DELAY_NS = 50 * 1_000_000

# So many connections with the same share, or of the same port, are looked at: no more are ever alike by chance.
MAX_ALIKE = 64

_Place = tuple[str | None, int | None, str | None]
_Found = list[tuple[Draft, Connection]]


class _Inside(Struct):
    """The connections of private sources with one server, by their shares, and by the ports of those without."""

    by_print: dict[int, _Found] = field(default_factory=dict)
    by_port: dict[int, _Found] = field(default_factory=dict)

    def add(self, draft: Draft) -> None:
        """Note a source's connections."""
        for connection, prints in zip(draft.connections, draft.prints, strict=True):
            for number in prints:
                _note(self.by_print.setdefault(number, []), draft, connection)
            if not prints:
                _note(self.by_port.setdefault(connection.source_port, []), draft, connection)

    def original(self, outer: Draft, at: int) -> Draft | None:
        """Whose connection it is that a source outside shows; None where nobody's."""
        seen = outer.connections[at]
        for number in sorted(outer.prints[at]):
            for draft, inner in self.by_print.get(number, ()):
                if _near(seen.first_seen_ns, inner.first_seen_ns, SKEW_NS, True):
                    return draft
        if not outer.prints[at]:
            for draft, inner in self.by_port.get(seen.source_port, ()):
                alike = not _asks(outer) or draft.connections_total == outer.connections_total
                if alike and not draft.states.isdisjoint(outer.states) and _passes(seen, inner):
                    return draft
        return None


def join_translated(drafts: list[Draft]) -> list[Draft]:
    """See the module's contract."""
    twice = [(draft, is_private(draft.source)) for draft in drafts if _may_be_seen_twice(draft)]
    inside = {_place(draft): _Inside() for draft, private in twice if not private}
    for draft, private in twice:
        if private and (place := _place(draft)) in inside:
            inside[place].add(draft)
    copies = {id(draft) for draft, private in twice if not private and _all_copied(draft, inside[_place(draft)])}
    return [draft for draft in drafts if id(draft) not in copies]


def _place(draft: Draft) -> _Place:
    return draft.pool.ip or draft.pool.name, draft.pool.port, draft.dialect


def _note(found: _Found, draft: Draft, connection: Connection) -> None:
    if len(found) < MAX_ALIKE:
        found.append((draft, connection))


def _may_be_seen_twice(draft: Draft) -> bool:
    reached = is_mining(draft) or draft.reason.level in (Level.ENDPOINT, Level.LOOKUP)
    whole = len(draft.prints) == draft.connections_total or _asks(draft)
    return reached and draft.pool.via is None and whole and bool(draft.prints)


def _asks(draft: Draft) -> bool:
    """Whether these are questions of DNS: all of one name are one connection."""
    return draft.pool.ip is None and len(draft.prints) == len(draft.connections) == 1


def _all_copied(outer: Draft, inside: _Inside) -> bool:
    """Whether each connection of the outer source is one of the inner sources'; these stand behind a NAT then."""
    originals: list[Draft] = []
    for at in range(len(outer.connections)):
        original = inside.original(outer, at)
        if original is None:
            return False
        originals.append(original)
    for draft in originals:
        draft.nat = True
    return True


def _passes(outer: Connection, inner: Connection) -> bool:
    """Whether both may be one connection on the two sides of a router."""
    return (outer.source_port == inner.source_port
            and _near(outer.first_seen_ns, inner.first_seen_ns, DELAY_NS)
            and _near(outer.last_seen_ns, inner.last_seen_ns, DELAY_NS))


def _near(one_ns: int | None, other_ns: int | None, most_ns: int, unknown: bool = False) -> bool:
    """Whether two times are near each other; `unknown` where the captures have none."""
    return unknown if one_ns is None or other_ns is None else abs(one_ns - other_ns) <= most_ns
