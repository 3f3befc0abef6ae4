"""Stratum V2 under encryption (Noise NX, secp256k1): told by the exact lengths of its messages alone.

    client 64: an ephemeral key, random to the eye      server 234 (170 by an old text of the specification)
    client 54 and more: SetupConnection                 server 44: its Success
    client 79 and more: a channel is opened             server 83 and more: opened, a job (83 or 87), a block (86)
    client 62: a share of a standard channel (63 and its extranonce on an extended one)        server 58: its answer

A message is 22 bytes of header, its payload and 16 bytes of tag. Lengths are those of a side's turn, since a stream of
random bytes shows no others. A refused share may be answered in 58 bytes, too: what was accepted is not told, nor who
mines. Sources: stratum-mining/stratum sv2/noise-sv2/src/lib.rs, sv2-spec 04-Protocol-Security.md.
"""

from __future__ import annotations

from typing import ClassVar

from netminer_detect.dialects.binary import Start
from netminer_detect.marks import Mark
from netminer_detect.observations import (
    DialectRecognised,
    Evidence,
    Observation,
    ShapeSeen,
    ShareSubmitted,
    Side,
)

ALGORITHM = "sha256d"
ACT_1, ACTS_2 = 64, (234, 170)
# Of 64 random bytes 57 differ on the average; fewer than these never do.
_DIFFERENT = 40
_SETUP, _SET_UP, _OPEN, _OPENED = range(54, 1024), 44, range(79, 8192), 83
SHARE = 62
_EXTENDED_SHARES = range(64, 96)
_UPDATE = 78
# More at once are no shares: they come every few seconds.
_MAX_AT_ONCE = 32


def _is_random(head: bytes) -> bool:
    return len(set(head[:ACT_1])) >= _DIFFERENT


def shares_in(size: int) -> int:
    """How many shares a turn of the client holds, by its length; 0 where it is another message."""
    if size % SHARE == 0:
        return size // SHARE if size // SHARE <= _MAX_AT_ONCE else 0
    return 1 if size in _EXTENDED_SHARES and size != _UPDATE else 0


class StratumV2Noise:
    """See the module's contract."""

    NAME: ClassVar[str] = "stratum-v2-noise"

    def __init__(self) -> None:
        self.done = False
        self._turns: list[tuple[Side, int]] = []
        self._mark: Mark | None = None
        self._recognised = False
        self._shares = 0

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`: 64 bytes, then 234 or 170, then something."""
        turns = start.turns
        if not turns:
            return None
        (client, asked), answered = turns[0], turns[1][1] if len(turns) > 1 else 0
        head = start.heads[client]
        if asked > ACT_1 or (asked > 3 and head.isascii() and head.decode().isprintable()):
            return False
        if len(turns) == 1:
            return None
        if asked != ACT_1 or not _is_random(head) or answered > ACTS_2[0]:
            return False
        return answered in ACTS_2 if len(turns) > 2 else None

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        if self.done:
            return []
        found: list[Observation] = []
        turns = self._turns
        if turns and turns[-1][0] is side:
            turns[-1] = (side, turns[-1][1] + len(data))
        else:
            found += self._end_of_turn()
            turns.append((side, len(data)))
        self._mark = mark
        return found + self._recognise(mark)

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`. A turn of unknown length may be anything; without the first ones nothing is told."""
        self.done = True
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        found = [] if self.done else self._end_of_turn()
        self.done = True
        return found

    def _recognise(self, mark: Mark) -> list[Observation]:
        """Whether all lengths so far are those of the dialect; the flow is given up as soon as one is not."""
        sizes = [size for _, size in self._turns]
        if self._recognised or len(sizes) < 3:
            return []
        fits = (
            sizes[0] == ACT_1 and sizes[1] in ACTS_2
            and (sizes[2] in _SETUP or (len(sizes) == 3 and sizes[2] < _SETUP.start))
            and (len(sizes) < 4 or sizes[3] == _SET_UP or (len(sizes) == 4 and sizes[3] < _SET_UP))
            and (len(sizes) < 5 or sizes[4] in _OPEN or (len(sizes) == 5 and sizes[4] < _OPEN.start))
        )
        if not fits or (len(sizes) > 6 and sizes[5] < _OPENED):
            self.done = True
            return []
        if len(sizes) < 6 or sizes[5] < _OPENED:
            return []
        self._recognised = True
        lengths = ", ".join(map(str, sizes[:5]))
        evidence = Evidence(mark, Side.SERVER, "lengths", f"turns of {lengths} and more bytes, encrypted")
        swapped = self._turns[0][0] is Side.SERVER
        return [DialectRecognised(evidence, self.NAME, swapped), ShapeSeen(evidence)]

    def _end_of_turn(self) -> list[Observation]:
        """A side has said all: after the opening, a client's turn is shares."""
        turns = self._turns
        if not self._recognised or self._mark is None or len(turns) < 7 or turns[-1][0] is not turns[0][0]:
            return []
        size = turns[-1][1]
        del turns[6:-1]
        found: list[Observation] = []
        for _ in range(shares_in(size)):
            self._shares += 1
            evidence = Evidence(self._mark, Side.CLIENT, "share", f"a message of a share's length ({size} bytes)")
            found.append(ShareSubmitted(evidence, self._shares, None, None, None, ALGORITHM))
        return found


BINARY_DIALECT = StratumV2Noise
