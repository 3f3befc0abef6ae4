"""A response policy zone for DNS servers: names, and what lies below them, do not exist.

Contract: the file of a whole zone, names relative to its origin; the serial is the newest day that a fact was stood by,
so that the same rules give the same bytes. Names that leave no room for an origin of 32 characters do not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netminer_detect.exchange.formats import ExportOptions
from netminer_detect.exchange.indicators import Indicator, newest
from netminer_detect.outputs.escape import plain
from netminer_detect.rulebook.names import MAX_NAME

CARRIES = frozenset({"name"})
_ROOM = MAX_NAME - 32 - 2


def fits(one: Indicator) -> bool:
    """Whether a name leaves room for that of the zone."""
    return len(one.value) <= _ROOM


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    serial = newest(indicators).replace("-", "") + "00"
    yield "; Names of netminer_detect's rules. NXDOMAIN for each and what lies below it.\n"
    yield f"$TTL 3600\n@ IN SOA localhost. root.localhost. ({serial} 3600 600 604800 3600)\n@ IN NS localhost.\n"
    seen: set[str] = set()
    for one in indicators:
        if one.value not in seen:
            seen.add(one.value)
            yield f"; {plain(one.about)}\n{one.value} IN CNAME .\n*.{one.value} IN CNAME .\n"
