"""Reads a flow of JSON lines: finds out which dialect it speaks, then lets that dialect read it.

Contract: a carriers Reader. Until a message is certain for one dialect, messages are kept (MAX_KEPT of them,
MAX_KEPT_BYTES in all) and read by the dialect once it is known; at the end of the flow the best guess is taken
if it is better than WEAK, and of the `mining.` family none where several are as good (`undetermined`). What the
messages say also settles who is the miner: where a capture begins in the middle of a stream the sides may have been
taken the wrong way round, which `DialectRecognised.swapped` tells and this reader undoes. A dialect that changes in
the middle of a stream is followed; the first line behind it that holds no message is `Malformed`. Where something else
cuts the lines (WebSocket, which has messages of its own), `line` takes each; `kinds` are then the dialects to choose
from, `request` what opened the connection.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from netminer_detect.carriers.http_message import HttpMessage
from netminer_detect.cut_messages import begun_object
from netminer_detect.dialects.dialect import Dialect, Hint, Message, Strength
from netminer_detect.dialects.framing import Framing, bodies
from netminer_detect.dialects.registry import dialects
from netminer_detect.dialects.stratum import Stratum
from netminer_detect.dialects.undetermined import Undetermined
from netminer_detect.marks import Mark
from netminer_detect.messages import is_log
from netminer_detect.observations import DialectRecognised, Evidence, Malformed, Observation, Side

MAX_KEPT = 64
MAX_KEPT_BYTES = 256 * 1024
# Lines without any hint after which a flow is given up: pools greet with at most a few.
MAX_STRANGE = 24
# What the dialect at hand did not understand is kept for the next one: its handshake comes before its first job.
MAX_UNREAD = 16
# Longer ones are no handshake, and as objects take twenty times their length.
MAX_UNREAD_SIZE = 8192
# Whether another dialect understands a message is asked as long as messages are few or long, as those of mining are:
# to ask all of them takes as long as to read ten.
FREE_LOOKS, LOOK_BYTES = 64, 128
# No session goes on without a message of its dialect for so many lines; hostile ones would, a million a second.
MAX_IDLE = 10_000
MAX_STRANGE_BYTES = 128 * 1024


class Lines(Struct):
    """See the module's contract."""

    done: bool = False
    swapped: bool = False
    kinds: tuple[type[Dialect], ...] = field(default_factory=dialects)
    request: HttpMessage | None = None
    _dialect: Dialect | None = None
    _framings: dict[Side, Framing] = field(default_factory=lambda: {side: Framing() for side in Side})
    _kept: list[Message] = field(default_factory=list)
    _kept_bytes: int = 0
    # Sides of which bytes are missing, by the number of messages kept before.
    _holes: dict[int, set[Side]] = field(default_factory=dict)
    _best: dict[type[Dialect], Hint] = field(default_factory=dict)
    # The methods that spoke for each.
    _methods: dict[type[Dialect], set[str | None]] = field(default_factory=dict)
    _strange: int = 0
    _strange_bytes: int = 0
    _last: dict[Side, Mark] = field(default_factory=dict)
    _facing: set[Side] = field(default_factory=set)
    _unread: list[Message] = field(default_factory=list)
    _bytes: int = 0
    _looks: int = 0
    _idle: int = 0
    _malformed: bool = False

    def __post_init__(self) -> None:
        if self.request is not None:
            self._facing.add(self.request.side)  # who asked for the connection is the client, and so the miner

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        if self.done:
            return []
        self._last[side] = mark
        before = self._bytes
        found = self._read_lines(side, self._framings[side].feed(data), mark)
        if self._bytes == before:
            self._count_strange(0, len(data) if self._dialect is None else 0)
        return found

    def line(self, side: Side, line: bytes, mark: Mark) -> list[Observation]:
        """A whole line of a side."""
        return [] if self.done else self._read_lines(side, [line], mark)

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        found = self._read_begun(side, self._framings[side].gap())
        if self._dialect is not None:
            self._dialect.gap(self._true_side(side))
        else:
            self._holes.setdefault(len(self._kept), set()).add(self._true_side(side))
        return found

    def _read_begun(self, side: Side, line: bytes) -> list[Observation]:
        """A line of which only the beginning was captured."""
        body = begun_object(line) if line and not self.done else None
        if body is None or is_log(body):
            return []
        return self._read(Message(self._true_side(side), body, self._last[side], self.request), len(line))

    def close(self) -> list[Observation]:
        """See `Reader`."""
        found: list[Observation] = []
        for side, mark in list(self._last.items()):
            rest = self._framings[side].close()
            if rest and not self.done:
                found += self._read_lines(side, [rest], mark) if bodies(rest) else self._read_begun(side, rest)
        if self._dialect is None and not self.done:
            found += self._settle()
        self.done = True
        return found

    def _true_side(self, side: Side) -> Side:
        return side.other if self.swapped else side

    def _read_lines(self, side: Side, lines: Iterable[bytes], mark: Mark) -> list[Observation]:
        found: list[Observation] = []
        for line in lines:
            self._bytes += len(line)
            self._idle += 1
            read = bodies(line)
            objects = [body for body in read if not is_log(body)]
            if not objects and self._dialect is None:
                self._count_strange(1, len(line))
            elif not (read or self._malformed or self.request) and line.strip():
                self._malformed = True
                found.append(Malformed(Evidence(mark, self._true_side(side), "malformed", "")))
            for body in objects:
                message = Message(self._true_side(side), body, mark, self.request)
                found += self._read(message, len(line))
            if self._idle > MAX_IDLE:
                return found + self._give_up()
        return found

    def _give_up(self) -> list[Observation]:
        """Nothing more is to be expected of the flow: make of it what was said so far."""
        found = self._settle() if self._dialect is None and not self.done else []
        self.done = True
        self._unread.clear()
        return found

    def _read(self, message: Message, size: int) -> list[Observation]:
        if self.done:
            return []
        if self._dialect is None:
            return self._weigh(message, size)
        read = self._dialect.read(message)
        if read is not None:
            self._idle = 0
            return read
        other = self._other(message, Strength.CERTAIN) if self._may_look() else None
        if other is None:
            if size <= MAX_UNREAD_SIZE:
                self._unread = [*self._unread[1 - MAX_UNREAD :], message]
            return []
        self._idle = 0
        return self._turn(other, message)

    def _may_look(self) -> bool:
        """Whether to ask the other dialects for a message."""
        self._looks += 1
        if (self._looks - FREE_LOOKS) * LOOK_BYTES <= self._bytes:
            return True
        self._looks -= 1
        return False

    def _turn(self, other: type[Dialect], message: Message) -> list[Observation]:
        """The dialect changes in the middle of the stream (XMRig's AutoClient does so after its login)."""
        before, self._dialect = self._dialect, other()
        if isinstance(self._dialect, Stratum) and before is not None:
            self._dialect.follow(before)
        turn = DialectRecognised(message.evidence("dialect"), other.NAME, self.swapped, continues=True)
        since, self._unread = [*self._unread, message], []
        return [turn, *(seen for one in since for seen in self._dialect.read(one) or [])]

    def _weigh(self, message: Message, size: int) -> list[Observation]:
        """Take a message into account while the dialect is not known."""
        hinted = False
        for dialect in self.kinds:
            hint = dialect.hint(message)
            if hint is None:
                continue
            hinted, self._idle = True, 0
            best, facing = self._best.get(dialect), self._as_seen(hint, message)
            if hint.strength > Strength.WEAK:
                self._facing.add(facing)
                self._methods.setdefault(dialect, set()).add(message.low_method)
            if best is None or hint.strength > best.strength:
                self._best[dialect] = replace(hint, speaker=facing)
        if len(self._facing) > 1:
            # One side says what both sides say: a copy of a dialogue (a log, a mirror), not one.
            self.done = True
            self._kept.clear()
            return []
        if hinted or size <= MAX_UNREAD_SIZE:
            self._kept.append(message)
        self._kept_bytes += size
        if any(hint.strength is Strength.CERTAIN for hint in self._best.values()):
            return self._settle()
        if len(self._kept) >= MAX_KEPT or self._kept_bytes >= MAX_KEPT_BYTES:
            found = self._settle()
            self.done = self._dialect is None
            return found
        if not hinted:
            self._count_strange(1, size)
        return []

    @staticmethod
    def _as_seen(hint: Hint, message: Message) -> Side:
        """CLIENT where the sides stand right in this message, SERVER where they are the wrong way round."""
        return Side.CLIENT if hint.speaker is message.side else Side.SERVER

    def _settle(self) -> list[Observation]:
        """Choose the dialect that the kept messages speak for, and read them as it."""
        likely = [(hint.strength, dialect) for dialect, hint in self._best.items() if hint.strength > Strength.WEAK]
        kept, self._kept = self._kept, []
        strength = max((strength for strength, _ in likely), default=Strength.WEAK)
        if not likely or (strength is not Strength.CERTAIN and self._strange > len(kept) + 1):
            self.done = True  # nothing of mining, or a line of it among others: a queue or a database that keeps it
            return []
        strongest = [dialect for found, dialect in likely if found is strength]
        chosen = self._fitting(strongest) if strength is Strength.LIKELY else strongest[0]
        turned = self._best[strongest[0]].speaker is Side.SERVER
        if turned:
            self.swapped = not self.swapped
            for message in kept:
                message.side = message.side.other
        first = self._first(chosen, kept)
        self._dialect = first()
        found: list[Observation] = [DialectRecognised(kept[-1].evidence("dialect"), first.NAME, self.swapped)]
        self._best.clear()
        for at, message in enumerate(kept):
            self._tell_holes(at, turned)
            found += self._read_kept(message, chosen)
        self._tell_holes(len(kept), turned)
        return found

    def _fitting(self, alike: list[type[Dialect]]) -> type[Dialect]:
        """The dialect that most methods speak for, of those that one speaks for alike."""
        most = max(len(self._methods[dialect]) for dialect in alike)
        best = [dialect for dialect in alike if len(self._methods[dialect]) == most]
        return Undetermined if sum(issubclass(dialect, Stratum) for dialect in best) > 1 else best[0]

    def _first(self, chosen: type[Dialect], kept: list[Message]) -> type[Dialect]:
        """The dialect in which the flow began: another than the chosen one where that does not understand what was
        said first."""
        for message in kept:
            if chosen().read(message) is not None:
                return chosen
            other = self._other(message, Strength.LIKELY)
            if other is not None:
                return other
        return chosen

    def _read_kept(self, message: Message, chosen: type[Dialect]) -> list[Observation]:
        """Read a message that was kept, turning to the dialect that understands it."""
        assert self._dialect is not None
        read = self._dialect.read(message)
        if read is not None:
            return read
        other = chosen if chosen().read(message) is not None else self._other(message, Strength.LIKELY)
        if other is None or other is type(self._dialect):
            self._unread.append(message)
            return []
        return self._turn(other, message)

    def _tell_holes(self, kept: int, turned: bool) -> None:
        """Tell the dialect of what was missing before it was known."""
        for side in self._holes.pop(kept, ()):
            if self._dialect is not None:
                self._dialect.gap(side.other if turned else side)

    def _count_strange(self, lines: int, size: int) -> None:
        """Give a flow up that says nothing of mining."""
        if self._best:
            return
        self._strange += lines
        self._strange_bytes += size
        if self._strange > MAX_STRANGE or self._strange_bytes > MAX_STRANGE_BYTES:
            self.done = True
            self._kept.clear()

    def _other(self, message: Message, least: Strength) -> type[Dialect] | None:
        """Another dialect that a message speaks for, at least so strongly."""
        for dialect in self.kinds:
            if dialect is type(self._dialect):
                continue
            hint = dialect.hint(message)
            if hint is not None and hint.strength >= least and hint.speaker is message.side:
                return dialect
        return None
