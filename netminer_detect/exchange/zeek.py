"""Zeek's intelligence framework: a file for `Intel::read_files`.

Contract: tab-separated lines with a `#fields` line first. Zeek knows a name without what lies below it, and an address
without its port: the ports stand in `meta.desc`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netminer_detect.exchange.formats import ExportOptions
from netminer_detect.exchange.indicators import Indicator
from netminer_detect.outputs.escape import plain

CARRIES = frozenset({"name", "address", "network"})
_TYPES = {"name": "Intel::DOMAIN", "address": "Intel::ADDR", "network": "Intel::SUBNET"}


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    yield "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\n"
    seen: set[str] = set()
    for one in indicators:
        if one.value in seen:
            continue
        seen.add(one.value)
        ports = f", ports {','.join(map(str, one.ports))}" if one.ports else ""
        about, url = _field(one.about + ports), _field(one.url or one.reference or "")
        fields = (one.value, _TYPES[one.type], "netminer_detect", about, url)
        yield "\t".join(fields) + "\n"


def _field(text: str) -> str:
    """A value that is neither empty nor unset to Zeek and holds no tab."""
    return plain(text).replace("\\", "/") or "-"
