"""Delivers a dialogue to a reader: whole, byte by byte, or cut at will."""

from __future__ import annotations

import random

from netminer_detect.marks import Mark
from netminer_detect.observations import ServerNamed, Side

C, S = Side.CLIENT, Side.SERVER
MARK = Mark(0, 1, 0, 0)


def play(reader, turns, step=0, seed=None, close=True):
    """Feed (side, bytes or gap size) turns; `step` 0 is whole, `seed` cuts at random. Returns observations."""
    rng = random.Random(seed)
    said = []
    for side, data in turns:
        if isinstance(data, int):
            said += reader.gap(side, data)
            continue
        at = 0
        while at < len(data):
            size = rng.choice((1, 2, 3, 5, 17, 100, 1448)) if seed is not None else step or len(data)
            said += reader.data(side, data[at : at + size], MARK)
            at += size
    return said + (reader.close() if close else [])


def damaged(turns, rng):
    """A sound dialogue with a byte flipped, a piece cut out, doubled or lost."""
    out = []
    for side, data in turns:
        kind, at = rng.randrange(6), rng.randrange(len(data) + 1)
        if kind == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + rng.randrange(20) :]
        elif kind == 2:
            data = data[:at] + rng.randbytes(rng.randrange(20)) + data[at:]
        elif kind == 3:
            size = rng.randrange(1, 40)
            out += [(side, data[:at]), (side, size)]
            data = data[at + size :]
        out.append((side, data))
    return out


def names(said):
    """(basis, name, port) of what names a server."""
    return [(one.basis, one.name, one.port) for one in said if isinstance(one, ServerNamed)]


class Recorder:
    """An innermost reader that keeps what it is given."""

    def __init__(self):
        self.seen = {C: b"", S: b""}
        self.gaps = {C: 0, S: 0}
        self.closed = False
        self.done = False

    def data(self, side, data, mark):
        assert data and not self.closed
        self.seen[side] += data
        return []

    def gap(self, side, size):
        assert size > 0
        self.gaps[side] += size
        return []

    def close(self):
        self.closed = True
        return []
