"""A script for `nft -f`: sets of addresses with ports, for rules of one's own.

Contract: the table `inet netminer` gets sets `miners_v4`, `miners_v6`, `malware_v4`, `malware_v6` of address and port;
the script may be loaded again, and leaves chains alone. Networks stand as their addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netminer_detect.exchange.formats import ExportOptions
from netminer_detect.exchange.indicators import Indicator, endpoints, has_port

CARRIES = frozenset({"address", "network"})
fits = has_port


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    members: dict[str, list[str]] = {"miners_v4": [], "miners_v6": [], "malware_v4": [], "malware_v6": []}
    for one, address, port in endpoints(indicators):
        who = "malware" if one.kind == "malware" else "miners"
        members[f"{who}_v{6 if ':' in address else 4}"].append(f"{address} . {port}")
    yield "#!/usr/sbin/nft -f\n"
    yield "# Mining servers of netminer_detect's rules. Use: ip daddr . tcp dport @miners_v4 counter reject\n"
    yield "table inet netminer {\n"
    for name in members:
        yield f"\tset {name} {{\n\t\ttype ipv{name[-1]}_addr . inet_service\n\t}}\n"
    yield "}\n"
    for name, found in members.items():
        yield f"flush set inet netminer {name}\n"
        if found:
            yield f"add element inet netminer {name} {{\n"
            yield "".join(f"\t{member},\n" for member in found)
            yield "}\n"
