"""Groups captures that continue each other into series, which are read with one state.

Contract: `group_series(paths)` gives lists of paths, each in order of time. Captures of one folder and one link type
whose time ranges follow one another belong together: each begins where the one before it ended (SLACK_NS too early at
most, MAX_PAUSE_NS later). Those of one kind of name (the same but for its digits: a rotated one) are joined first, so
that two rotations side by side stay two. The end of a compressed capture is not known before it is inflated: it is
taken to end where the next begins, and whoever reads it learns whether that was so (`Ending`). All else is a series of
its own.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Hashable, Sequence

from msgspec import Struct

from netminer_detect.patterns import pattern
from netminer_detect.sources.capture import NS
from netminer_detect.sources.extent import HEAD, TAIL, begin_of, end_of, last_time
from netminer_detect.sources.inputs import natural_key

_DIGITS = pattern(r"\d+")
# Packets of several interfaces or threads are written a little out of order.
SLACK_NS = NS
_HOUR_NS, _DAY_NS = 3600 * NS, 24 * 3600 * NS
# Between the end of a capture and the next: of a rotation, and of captures that only lie together.
MAX_PAUSE_NS = {True: _DAY_NS, False: _HOUR_NS}
# Between two beginnings, where the end of the first is not known: rotations take a week at most.
MAX_COVERED_NS = {True: 8 * _DAY_NS, False: _DAY_NS}


class _Chain(Struct):
    """Captures that follow one another; `kind` is their name without digits, `last_ns` None where it is not known."""

    paths: list[str]
    kind: str
    link_type: int
    first_ns: int
    last_began_ns: int
    last_ns: int | None


def group_series(paths: Sequence[str]) -> list[list[str]]:
    """See the module's contract."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(os.path.dirname(path), []).append(path)
    series: list[list[str]] = []
    for members in folders.values():
        series += _in_folder(members) if len(members) > 1 else [members]
    place = {path: at for at, path in enumerate(paths)}
    return sorted(series, key=lambda files: min(place[path] for path in files))


class Ending:
    """Learns from the inflated bytes of a capture when it ends: `feed` takes them, front to back."""

    def __init__(self, begin_ns: int) -> None:
        self._begin_ns = begin_ns
        self._head = self._tail = b""

    def feed(self, data: bytes | memoryview) -> None:
        if len(self._head) < HEAD:
            self._head += bytes(data[: HEAD - len(self._head)])
        self._tail = (self._tail + bytes(data[-TAIL:]))[-TAIL:]

    def is_after(self, path: str) -> bool:
        """Whether the capture ended after this one begins."""
        last_ns = last_time(self._head, self._tail, self._begin_ns)
        begin = begin_of(path)
        return last_ns is not None and begin is not None and begin.first_ns < last_ns - SLACK_NS


def ending_of(path: str) -> Ending | None:
    """What learns the end of a capture that `group_series` could not know; None where it did."""
    begin = begin_of(path)
    return None if begin is None or end_of(path, begin.first_ns) is not None else Ending(begin.first_ns)


def _in_folder(members: Sequence[str]) -> list[list[str]]:
    rotations: dict[str, list[_Chain]] = {}
    series: list[list[str]] = []
    for path in members:
        begin = begin_of(path)
        if begin is None:
            series.append([path])
            continue
        kind = _DIGITS.sub("#", os.path.basename(path))
        end = end_of(path, begin.first_ns)
        rotations.setdefault(kind, []).append(
            _Chain([path], kind, begin.link_type, begin.first_ns, begin.first_ns, end))
    chains = [chain for rotation in rotations.values() for chain in _joined(rotation)]
    return series + [chain.paths for chain in _joined(chains)]


def _joined(chains: list[_Chain]) -> list[_Chain]:
    """Chains that follow one another become one: each follows the one of its link type that ended last."""
    chains.sort(key=lambda chain: (chain.first_ns, natural_key(chain.paths[0])))
    found: list[_Chain] = []
    # A heap of (when it can be followed, place in `found`), and the places that can be, by link type.
    waiting: list[tuple[int, int]] = []
    ready: dict[Hashable, list[int]] = {}
    for chain in chains:
        while waiting and waiting[0][0] <= chain.first_ns:
            at = heapq.heappop(waiting)[1]
            ready.setdefault(found[at].link_type, []).append(at)
        open_now = ready.get(chain.link_type, [])
        # What ended too long ago for this one did so for all that come.
        while open_now and not _is_recent(found[open_now[-1]], chain):
            open_now.pop()
        if open_now:
            at = open_now.pop()
            before = found[at]
            before.paths += chain.paths
            before.last_began_ns, before.last_ns = chain.last_began_ns, chain.last_ns
        else:
            at = len(found)
            found.append(chain)
        end = chain.last_began_ns if chain.last_ns is None else chain.last_ns - SLACK_NS
        heapq.heappush(waiting, (max(end, chain.last_began_ns + 1), at))
    return found


def _is_recent(before: _Chain, begins: _Chain) -> bool:
    same = before.kind == begins.kind
    if before.last_ns is None:
        return begins.first_ns - before.last_began_ns <= MAX_COVERED_NS[same]
    return begins.first_ns - before.last_ns <= MAX_PAUSE_NS[same]
