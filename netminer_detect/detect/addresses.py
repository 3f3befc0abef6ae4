"""Which addresses mean another machine on another network, and in which order they stand.

Contract: `is_private(ip)` of an address as text; False for what is none. Reserved addresses that nobody should have
(documentation, benchmarks) are no private ones. `address_order(ip)` is a key to sort by.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

# RFC 1918, RFC 6598 (carrier NAT), RFC 3927, RFC 1122 (loopback), RFC 4193, RFC 4291.
_PRIVATE = [ipaddress.ip_network(network) for network in (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
    "fc00::/7", "fe80::/10", "::1/128",
)]


@lru_cache(maxsize=4096)
def is_private(ip: str) -> bool:
    """See the module's contract."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE if network.version == address.version)


def address_order(ip: str) -> tuple[int, int]:
    """Sorts addresses as numbers, IPv4 first."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return 9, 0
    return address.version, int(address)
