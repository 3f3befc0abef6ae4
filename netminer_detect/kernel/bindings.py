"""Pairs of (client, server) addresses that a DNS answer bound: a flow between them deserves attention.

Contract: `bind(client, server)` remembers a pair, `bound(one, other)` asks in that order. At most MAX_BOUND pairs
are kept; then the older half is forgotten. `table` is the open-addressing table of their hashes (see `watch`),
always the same object, so that a compiled kernel can hold a view of it.
"""

from __future__ import annotations

from array import array

from netminer_detect.kernel.policy import MAX_BOUND
from netminer_detect.kernel.watch import SLOT_SHIFT, contains, pair_hash


class Bindings:
    """See the module's contract."""

    def __init__(self) -> None:
        self.table = array("Q", bytes(8 * 2 * MAX_BOUND))
        self.count = 0
        self._kept: dict[int, None] = {}

    def bind(self, client: bytes, server: bytes) -> None:
        value = pair_hash(client, server)
        if value in self._kept:
            return
        if len(self._kept) >= MAX_BOUND:
            newer = list(self._kept)[MAX_BOUND // 2 :]
            self._kept = dict.fromkeys(newer)
            for slot in range(len(self.table)):
                self.table[slot] = 0
            for old in newer:
                self._insert(old)
        self._kept[value] = None
        self._insert(value)
        self.count = len(self._kept)

    def bound(self, one: bytes, other: bytes) -> bool:
        return bool(self.count) and contains(self.table, pair_hash(one, other))

    def _insert(self, value: int) -> None:
        mask = len(self.table) - 1
        slot = (value >> SLOT_SHIFT) & mask
        while self.table[slot]:
            slot = (slot + 1) & mask
        self.table[slot] = value
