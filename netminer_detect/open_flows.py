"""Keeps the flows that are being read within a bound, and says which to give up.

Contract: `add(flow, reader)`, `touch(flow, size, rank)` after each packet of `size` bytes, `take(flow)` when it is
over. While `is_full`, `give_up()` takes out the flow that is missed least: of the lowest rank the longest silent. A
reader counts FRESH bytes when it comes; its size is measured whenever it was given as much again, at most
MEASURE_BYTES or an eighth of its size, and in between each byte counts GROWTH times.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from typing import Generic, TypeVar

from msgspec import Struct

from netminer_detect.footprint import footprint

Reader = TypeVar("Reader")
FRESH = 4096
FIRST_MEASURE = 2048
MEASURE_BYTES = 1 << 16
GROWTH = 5
# Allocators round up, tables have free slots: what is measured is this share of what is taken.
_SPARE = 1.1


class Rank(IntEnum):
    """How much a flow would be missed, least first."""

    UNANSWERED = 0
    ANSWERED = 1
    MINING_UNANSWERED = 2
    MINING = 3


class _Entry(Struct, Generic[Reader]):
    reader: Reader
    rank: Rank
    size: int
    fed: int = 0
    measure_at: int = FIRST_MEASURE


class OpenFlows(Generic[Reader]):
    """See the module's contract. `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        # By rank, each in the order of their last packets.
        self._ranks: tuple[OrderedDict[int, _Entry[Reader]], ...] = tuple(OrderedDict() for _ in Rank)
        self._entries: dict[int, _Entry[Reader]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, flow: int) -> bool:
        return flow in self._entries

    @property
    def is_full(self) -> bool:
        return self._size > self._limit and bool(self._entries)

    def get(self, flow: int) -> Reader | None:
        entry = self._entries.get(flow)
        return None if entry is None else entry.reader

    def add(self, flow: int, reader: Reader) -> None:
        entry = _Entry(reader, Rank.UNANSWERED, FRESH)
        self._entries[flow] = self._ranks[0][flow] = entry
        self._size += entry.size

    def touch(self, flow: int, size: int, rank: Rank) -> None:
        entry = self._entries[flow]
        entry.fed += size
        before = entry.size
        if entry.fed >= entry.measure_at:
            entry.size = int(footprint(entry.reader) * _SPARE)
            entry.measure_at = entry.fed + max(min(entry.fed, MEASURE_BYTES), entry.size >> 3)
        else:
            entry.size += GROWTH * size
        self._size += entry.size - before
        if rank > entry.rank:
            del self._ranks[entry.rank][flow]
            entry.rank = rank
            self._ranks[rank][flow] = entry
        else:
            self._ranks[entry.rank].move_to_end(flow)

    def take(self, flow: int) -> Reader | None:
        """Take a flow out; None where it is not here."""
        entry = self._entries.pop(flow, None)
        if entry is None:
            return None
        del self._ranks[entry.rank][flow]
        self._size -= entry.size
        return entry.reader

    def give_up(self) -> tuple[int, Reader, Rank]:
        """The flow to be given up, its reader and its rank; there is one."""
        flow, entry = next(next(iter(rank.items())) for rank in self._ranks if rank)
        self.take(flow)
        return flow, entry.reader, entry.rank

