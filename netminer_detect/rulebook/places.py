"""Addresses with ports, as people write them.

Contract: `address_and_port(text)` takes "1.2.3.4:5" and "[2001:db8::1]:5" apart; None where a text is neither.
"""

from __future__ import annotations


def address_and_port(text: str) -> tuple[str, int] | None:
    """The address, as rules write it, and the port of "1.2.3.4:5" or "[2001:db8::1]:5"; None if it is none."""
    from ipaddress import ip_address

    host, _, port = text.strip().rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    try:
        return str(ip_address(host.removeprefix("[").removesuffix("]"))), int(port)
    except ValueError:
        return None
