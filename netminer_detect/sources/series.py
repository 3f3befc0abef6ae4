"""Groups captures that continue each other into series, which are read with one state.

Contract: `group_series(paths)` gives lists of paths, each in order of time. Captures belong together when they
stand in one folder, have one link type and one kind of name (the name without its digits: a rotated one), and
their first frames follow one another in time, none beginning before the one before it. A file's end is not
looked for: a rotated name is a promise that files do not overlap. All else is a series of its own. Only regular
files are peeked into; nothing raises.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence

from msgspec import Struct

from netminer_detect.errors import CaptureError
from netminer_detect.sources.capture import read_frames
from netminer_detect.sources.inputs import natural_key
from netminer_detect.sources.opening import open_capture

_DIGITS = re.compile(r"\d+")
# Rotated captures follow one another without a pause; a day apart they are other recordings.
MAX_PAUSE_NS = 24 * 3600 * 1_000_000_000


class _Head(Struct, frozen=True):
    """How a capture begins."""

    path: str
    link_type: int
    first_ns: int


def group_series(paths: Sequence[str]) -> list[list[str]]:
    """See the module's contract."""
    families: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        families.setdefault(_family(path), []).append(path)
    grouped: list[list[str]] = []
    for (_, shape), members in families.items():
        if len(members) < 2 or "#" not in shape:
            grouped += [[path] for path in members]
        else:
            grouped += _in_order(members)
    return grouped


def _family(path: str) -> tuple[str, str]:
    """The folder, and the name with `#` for each number. Names without numbers are not rotated."""
    folder, name = os.path.split(path)
    return folder, _DIGITS.sub("#", name)


def _in_order(members: Iterable[str]) -> list[list[str]]:
    heads: list[_Head] = []
    series: list[list[str]] = []
    for path in members:
        head = _peek(path)
        if head is None:
            series.append([path])
        else:
            heads.append(head)
    heads.sort(key=lambda head: (head.link_type, head.first_ns, natural_key(head.path)))
    last: _Head | None = None
    for head in heads:
        follows = (
            last is not None
            and head.link_type == last.link_type
            and 0 < head.first_ns - last.first_ns <= MAX_PAUSE_NS
            and natural_key(head.path) > natural_key(last.path)
        )
        if follows:
            series[-1].append(head.path)
        else:
            series.append([head.path])
        last = head
    return series


def _peek(path: str) -> _Head | None:
    """Link type and time of the first frame; None where the capture has none or cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open_capture(path) as stream:
            for frame in read_frames(stream, path):
                return None if frame.time_ns is None else _Head(path, frame.link_type, frame.time_ns)
    except (CaptureError, OSError):
        pass
    return None
