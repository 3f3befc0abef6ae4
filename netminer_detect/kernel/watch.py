"""The tables a kernel looks things up in: hashed names and endpoints, flat, so that they can be mapped.

Contract: `name_hash` and `endpoint_hash` give 64-bit FNV-1a hashes, never 0; `build_table` puts hashes into
an open-addressing table (a power of two of unsigned 64-bit words, 0 is empty, linear probing from
`hash >> 20`), `contains` asks it. A hit is only a necessary condition: who acts on it compares the text.

A name is hashed from its last byte to its first, in lower case, without a final dot: so one pass over a name
gives the hash of each of its suffixes, and the watched `pool.example` also finds `eu.pool.example`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
# Of the low bits a FNV hash of short strings spreads less well than of the middle ones.
SLOT_SHIFT = 20


def _fnv(data: bytes) -> int:
    value = _OFFSET
    for byte in data:
        value = ((value ^ byte) * _PRIME) & _MASK
    return value or 1


def name_hash(name: str) -> int:
    """The hash of a DNS name (ASCII or punycode)."""
    return _fnv(name.lower().rstrip(".").encode("ascii", "replace")[::-1])


def suffix_hashes(name: str) -> list[int]:
    """The hashes of a name and of each name above it, shortest first."""
    value, found = _OFFSET, []
    raw = name.lower().rstrip(".").encode("ascii", "replace")
    for at in range(len(raw) - 1, -1, -1):
        value = ((value ^ raw[at]) * _PRIME) & _MASK
        if at == 0 or raw[at - 1] == 0x2E:
            found.append(value or 1)
    return found


def endpoint_hash(address: bytes, port: int) -> int:
    """The hash of a packed address (4 or 16 bytes) and a port."""
    return _fnv(address + port.to_bytes(2, "big"))


def pair_hash(client: bytes, server: bytes) -> int:
    """The hash of two packed addresses, in this order."""
    return _fnv(client + server)


def name_watched(table: array[int] | memoryview, raw: bytes) -> bool:
    """Whether a name as it stood on the wire, or a name above it, is in a table of names."""
    value, end = _OFFSET, len(raw)
    while end and raw[end - 1] == 0x2E:
        end -= 1
    for at in range(end - 1, -1, -1):
        byte = raw[at]
        value = ((value ^ (byte | 0x20 if 0x41 <= byte <= 0x5A else byte)) * _PRIME) & _MASK
        if (at == 0 or raw[at - 1] == 0x2E) and contains(table, value or 1):
            return True
    return False


def build_table(hashes: Iterable[int]) -> array[int]:
    """An open-addressing table of the hashes, at most half full."""
    wanted = set(hashes)
    size = 8
    while size < 2 * len(wanted):
        size *= 2
    table = array("Q", bytes(8 * size))
    for value in sorted(wanted):
        slot = (value >> SLOT_SHIFT) & (size - 1)
        while table[slot]:
            slot = (slot + 1) & (size - 1)
        table[slot] = value
    return table


def contains(table: array[int] | memoryview, value: int) -> bool:
    """Whether a hash is in a table made by `build_table`."""
    mask = len(table) - 1
    slot = (value >> SLOT_SHIFT) & mask
    for _ in range(len(table)):
        if not table[slot]:
            return False
        if table[slot] == value:
            return True
        slot = (slot + 1) & mask
    return False
