"""Puts IP fragments together, within bounds, whatever their order.

Contract: `Reassembler.add(fragment, time_ns)` returns the whole payload once its last piece is there, else
None. At most MAX_PACKETS packets and MAX_BYTES wait, PIECE_BYTES for each piece beside its content; the oldest go
first and are counted in `dropped`. A packet whose pieces overlap with other content, or lie behind its end, is
dropped whole (RFC 5722; the ambiguity serves attackers).
A packet waits at most TIMEOUT_NS (RFC 791 suggests 15 s, RFC 8200 asks for 60 s).
"""

from __future__ import annotations

from bisect import bisect, insort
from collections import OrderedDict

from msgspec import Struct, field

from netminer_detect.kernel.packet import Fragment

MAX_PACKETS = 4096
MAX_BYTES = 4 * 1024 * 1024
# An object of bytes, its offset, and its share of the tables.
PIECE_BYTES = 160
MAX_PAYLOAD = 65535
TIMEOUT_NS = 60 * 1_000_000_000

_Key = tuple[object, ...]


class _Partial(Struct):
    """A packet whose pieces are still coming; `total` is known once the last piece came. `starts` are the offsets of
    its pieces in order, `size` counts their bytes, `held` what they cost."""

    since_ns: int | None
    pieces: dict[int, bytes] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    total: int | None = None
    size: int = 0
    held: int = 4 * PIECE_BYTES


class Reassembler(Struct):
    """Waiting fragments of one capture series."""

    held: int = 0
    dropped: int = 0
    _partials: OrderedDict[_Key, _Partial] = field(default_factory=OrderedDict)

    def add(self, fragment: Fragment, time_ns: int | None) -> bytes | None:
        """Take a fragment; return the packet's payload if it is complete now."""
        end = fragment.offset + len(fragment.data)
        if end > MAX_PAYLOAD or not fragment.data:
            self.dropped += 1
            return None
        # The same identity in another VLAN or tunnel is another packet.
        key: _Key = (*fragment.key, fragment.vlans, fragment.tunnels)
        partial = self._partials.get(key)
        if partial is not None and self._expired(partial, time_ns):
            self._drop(key)
            partial = None
        if partial is None:
            partial = self._partials[key] = _Partial(time_ns)
            self.held += partial.held
        if not self._place(partial, fragment, end):
            self._drop(key)
            return None
        whole = _joined(partial)
        if whole is not None:
            self._forget(key)
        self._shrink()
        return whole

    def _place(self, partial: _Partial, fragment: Fragment, end: int) -> bool:
        """Keep a piece; False where it contradicts what is known."""
        known = partial.pieces.get(fragment.offset)
        if known is not None:
            return known == fragment.data
        if not fragment.more and partial.total in (None, end):
            partial.total = end
        elif not fragment.more:
            return False
        at = bisect(partial.starts, fragment.offset)
        before = partial.starts[at - 1] if at else None
        if before is not None and before + len(partial.pieces[before]) > fragment.offset:
            return False
        if at < len(partial.starts) and partial.starts[at] < end:
            return False
        partial.pieces[fragment.offset] = fragment.data
        insort(partial.starts, fragment.offset)
        partial.size += len(fragment.data)
        partial.held += len(fragment.data) + PIECE_BYTES
        self.held += len(fragment.data) + PIECE_BYTES
        return partial.total is None or _end_of(partial) <= partial.total

    @staticmethod
    def _expired(partial: _Partial, time_ns: int | None) -> bool:
        return time_ns is not None and partial.since_ns is not None and abs(time_ns - partial.since_ns) > TIMEOUT_NS

    def _forget(self, key: _Key) -> None:
        self.held -= self._partials.pop(key).held

    def _drop(self, key: _Key) -> None:
        self._forget(key)
        self.dropped += 1

    def _shrink(self) -> None:
        while len(self._partials) > MAX_PACKETS or self.held > MAX_BYTES:
            self._drop(next(iter(self._partials)))


def _end_of(partial: _Partial) -> int:
    last = partial.starts[-1]
    return last + len(partial.pieces[last])


def _joined(partial: _Partial) -> bytes | None:
    """The payload, where the pieces reach from 0 to the end without a hole: none overlap, none lies behind it."""
    if partial.total is None or partial.size != partial.total:
        return None
    return b"".join(partial.pieces[start] for start in partial.starts)
