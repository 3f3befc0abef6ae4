"""Knows names and addresses that many share: public suffixes, hosting domains, content networks, resolvers.

Contract: `shared_name(name)` says what kind of shared domain a name is, None where it is somebody's own;
`shared_address(address)` names who holds a shared network that the address or network lies in, None otherwise. Public
suffixes, those of hosting and dynamic DNS among them, are those of the Public Suffix List (package publicsuffixlist);
networks stand in `rules/shared-networks.json`, each with its source and date. Both are loaded at the first question.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from functools import cache
from ipaddress import ip_network
from typing import Any

from netminer_detect.data_files import rules_dir

FILE = "shared-networks.json"


@cache
def _suffixes() -> tuple[Any, Any]:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(), PublicSuffixList(only_icann=True)


def shared_name(name: str) -> str | None:
    """`registry` for a domain in which registries sell names, `hosting` for one in which a company lets anybody have
    a name."""
    every, icann = _suffixes()
    if every.publicsuffix(name, accept_unknown=False) != name:
        return None
    return "registry" if icann.publicsuffix(name, accept_unknown=False) == name else "hosting"


@cache
def _networks() -> tuple[list[tuple[int, int]], list[tuple[int, str]]]:
    """(version, first address), sorted, and (last address, holder) of each network."""
    with open(os.path.join(rules_dir(), FILE), "rb") as file:
        holders = json.load(file)["holders"]
    spans = sorted(
        (network.version, int(network.network_address), int(network.broadcast_address), str(holder["holder"]))
        for holder in holders for network in map(ip_network, holder["networks"])
    )  # fmt: skip
    return [span[:2] for span in spans], [span[2:] for span in spans]


def shared_address(address: str) -> str | None:
    """See the module's contract."""
    network = ip_network(address)
    starts, rest = _networks()
    at = bisect_right(starts, (network.version, int(network.broadcast_address))) - 1
    if at < 0 or starts[at][0] != network.version:
        return None
    last, holder = rest[at]
    return holder if last >= int(network.network_address) else None
