"""Blocks: the smallest networks that the Internet routes, /24 of IPv4 and /48 of IPv6, as numbers.

Contract: `block_of(ip)` gives an address' block, None where the text is no address; `blocks_within(version, low, high)`
the first and last block that a range touches, `network_of(block)` its text. IPv4 blocks are below 2^24, IPv6 ones
begin at 2^48.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

_V6 = 1 << 48


@lru_cache(maxsize=65_536)
def block_of(ip: str) -> int | None:
    """See the module's contract."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    return blocks_within(address.version, int(address), int(address))[0]


def blocks_within(version: int, low: int, high: int) -> tuple[int, int]:
    """See the module's contract."""
    if version == 4:
        return low >> 8, high >> 8
    return _V6 | low >> 80, _V6 | high >> 80


def network_of(block: int) -> str:
    """See the module's contract."""
    if block < _V6:
        return f"{ipaddress.IPv4Address(block << 8)}/24"
    return f"{ipaddress.IPv6Address((block - _V6) << 80)}/48"
