"""A file for `ipset restore`: sets of addresses with ports, for rules of one's own.

Contract: sets `netminer-miners-v4`, `netminer-miners-v6`, `netminer-malware-v4`, `netminer-malware-v6` of the type
hash:ip,port; the file may be loaded again. Networks stand as their addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netminer_detect.exchange.formats import ExportOptions
from netminer_detect.exchange.indicators import Indicator, endpoints, has_port

CARRIES = frozenset({"address", "network"})
fits = has_port
_LEAST = 65_536


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    members: dict[str, list[str]] = {f"netminer-{who}-v{n}": [] for who in ("miners", "malware") for n in (4, 6)}
    for one, address, port in endpoints(indicators):
        who = "malware" if one.kind == "malware" else "miners"
        members[f"netminer-{who}-v{6 if ':' in address else 4}"].append(f"{address},tcp:{port}")
    for name, found in members.items():
        family = "inet6" if name.endswith("6") else "inet"
        yield f"create {name} hash:ip,port family {family} maxelem {max(_LEAST, len(found))} -exist\nflush {name}\n"
        yield from (f"add {name} {member} -exist\n" for member in found)
