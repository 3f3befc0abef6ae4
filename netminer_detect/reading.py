"""Reads one series of captures: opens the files, tells what happens, stops where Ctrl-C was pressed.

Contract: `read_series(files, scan, note)` gives a SeriesResult and never raises but at a second Ctrl-C. What
happens is told through `note(kind, value)`: `opened` (a path), `advance` (bytes of the file since the last one,
compressed or not), `warn` (a message), `interrupted`. A file that cannot be read, or breaks off, is in `unread`; the
others are read. A file that turns out to begin before the one before it ended is no continuation: the state begins
anew with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from netminer_detect.errors import CaptureError
from netminer_detect.findings import Unread
from netminer_detect.interrupts import Interrupts
from netminer_detect.kernel.interface import Counters
from netminer_detect.parallel import Note
from netminer_detect.series import SeriesScan
from netminer_detect.sources.opening import CaptureStream, open_capture
from netminer_detect.sources.precision import HEAD, has_nanoseconds
from netminer_detect.sources.series import Ending, ending_of
from netminer_detect.sources.sizes import size_of

if TYPE_CHECKING:
    from netminer_detect.detect.drafts import Draft

# Progress is drawn ten times a second at most; a message a megabyte is plenty and costs nothing.
TELL_BYTES = 1 << 20
# A capture may be damaged in a million places; a person needs to know of a few.
MAX_COMPLAINTS = 10


class SeriesResult(Struct):
    """What one series gave. `read` names the captures that could be read at all, `fine` those with nanoseconds,
    `unread` those that could not, or not to their end; `states` counts how often the state began anew."""

    drafts: list[Draft] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    dropped: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    states: int = 0
    read: list[str] = field(default_factory=list)
    fine: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


class _Followed:
    """A capture stream that tells how far it was read, keeps its head and lets Ctrl-C in."""

    def __init__(self, stream: CaptureStream, note: Note, interrupts: Interrupts, ending: Ending | None) -> None:
        self.head = b""
        self._ending = ending
        self._stream = stream
        self._note = note
        self._interrupts = interrupts
        self.told = 0

    def read(self, size: int, /) -> bytes:
        self._interrupts.begin()
        data = self._stream.read(size)
        self._interrupts.end()
        if len(self.head) < HEAD:
            self.head += data[: HEAD - len(self.head)]
        if self._ending is not None:
            self._ending.feed(data)
        self._tell()
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        self._interrupts.begin()
        count = self._stream.readinto(buffer)
        self._interrupts.end()
        if len(self.head) < HEAD:
            self.head += bytes(buffer[: min(count, HEAD - len(self.head))])
        if self._ending is not None:
            self._ending.feed(buffer[:count])
        self._tell()
        return count

    def _tell(self) -> None:
        untold = self._stream.taken - self.told
        if untold >= TELL_BYTES:
            self._note("advance", untold)
            self.told += untold


def read_series(files: Sequence[str], scan: SeriesScan, note: Note) -> SeriesResult:
    """See the module's contract."""
    result = SeriesResult(counters=scan.kernel.counters)
    ending: Ending | None = None
    with Interrupts() as interrupts:
        try:
            for at, path in enumerate(files):
                note("opened", path)
                if ending is not None and ending.is_after(path):
                    _close(scan, result)
                    scan = SeriesScan(scan.kernel, scan.book, scan.captures, scan.bounds, scan.apart)
                ending = ending_of(path) if at + 1 < len(files) else None
                told = _read_file(scan, path, at, result, _Watched(note, interrupts, ending))
                # What is left of a damaged file is done with, too.
                note("advance", max(0, (size_of(path) or 0) - told))
        except KeyboardInterrupt:
            note("interrupted", None)
        _close(scan, result)
        if interrupts.pending:
            note("interrupted", None)
    return result


def _close(scan: SeriesScan, result: SeriesResult) -> None:
    """Take what a state found; that of another state is joined within the same bound."""
    drafts, dropped = scan.finish(), Counter(scan.dropped)
    for draft in drafts:
        draft.states = {result.states}
    if result.drafts:
        from netminer_detect.detect.collected import Collected

        collected = Collected(scan.bounds.kept, scan.apart)
        for draft in [*result.drafts, *drafts]:
            collected.put(draft)
        drafts, dropped = collected.flows(), dropped + Counter(collected.dropped)
    result.drafts = drafts
    result.states += 1
    result.dropped = dict(Counter(result.dropped) + dropped)
    result.unanswered += scan.unanswered


class _Watched(NamedTuple):
    """Who wants to know how a file is read."""

    note: Note
    interrupts: Interrupts
    ending: Ending | None


def _read_file(scan: SeriesScan, path: str, at: int, result: SeriesResult, watched: _Watched) -> int:
    """Read one file; how many of its bytes were told."""
    note = watched.note
    complaints = _Complaints(path, note)
    try:
        # To open a pipe is to wait for its first bytes.
        watched.interrupts.begin()
        with open_capture(path, scan.bounds.window) as stream:
            watched.interrupts.end()
            # Whatever ends the reading, Ctrl-C too: what came before counts as read.
            followed = _Followed(stream, *watched)
            try:
                scan.scan(followed, path, at, complaints.tell)
            except CaptureError as error:
                # What cannot be inflated is empty to the reader, or too short.
                raise CaptureError(path, stream.broken or error.what) from error
            except KeyboardInterrupt:
                result.read.append(path)
                raise
            finally:
                if has_nanoseconds(followed.head):
                    result.fine.append(path)
            if stream.broken is not None:
                complaints.tell(f"{path}: {stream.broken}; what came before was read")
    except CaptureError as error:
        note("warn", str(error))
        result.unread.append(Unread(path, error.what))
        return 0
    result.read.append(path)
    if complaints.first:
        complaints.close()
        result.unread.append(Unread(path, complaints.first.removeprefix(f"{path}: "), partly=True))
    return followed.told


class _Complaints:
    """What is wrong with one capture: MAX_COMPLAINTS are told, the rest counted."""

    def __init__(self, path: str, note: Note) -> None:
        self.first = ""
        self._path, self._note, self._count = path, note, 0

    def tell(self, message: str) -> None:
        self.first = self.first or message
        self._count += 1
        if self._count <= MAX_COMPLAINTS:
            self._note("warn", message)

    def close(self) -> None:
        if self._count > MAX_COMPLAINTS:
            self._note("warn", f"{self._path}: {self._count - MAX_COMPLAINTS} more complaints of this kind")
