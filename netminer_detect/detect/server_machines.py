"""Knows a machine that serves others: by who calls it, or by what its unit is called.

Contract: `served(callers)` gives (port, clients) of the service that most machines were served by, of those that
desktops do not offer, where MIN_CALLERS or more were; None where there is none. `houses_servers(unit)` says whether a
unit of the inventory is called a place of servers.
"""

from __future__ import annotations

from collections.abc import Mapping

from netminer_detect.findings import Organisation
from netminer_detect.patterns import pattern

# One or two callers may be a friend's, or an administrator's.
MIN_CALLERS = 3
# Services of servers (IANA's registry of ports); file sharing, printing and remote desktops are offered by any machine.
_SERVICES = frozenset((
    21, 22, 25, 53, 80, 88, 110, 143, 389, 443, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2049, 2375, 2379, 3128, 3306,
    5432, 5672, 6379, 6443, 8000, 8080, 8443, 8888, 9000, 9090, 9092, 9200, 10250, 11211, 27017,
))  # fmt: skip
_CALLED = pattern(r"\b(servers?|data[ -]?cent(er|re)s?|hosting|co-?location)\b|数据中心|服务器|机房|主机托管")


def served(callers: Mapping[int, int]) -> tuple[int, int] | None:
    """See the module's contract; `callers` counts clients by port."""
    found = [(count, -port) for port, count in callers.items() if port in _SERVICES and count >= MIN_CALLERS]
    return (-max(found)[1], max(found)[0]) if found else None


def houses_servers(unit: Organisation | None) -> bool:
    """See the module's contract."""
    if unit is None:
        return False
    return _CALLED.search(f"{unit.id} {unit.name} {unit.sector or ''}".lower()) is not None
