"""Scans one series of captures with one state: kernel events in, drafts of findings out.

Contract: `SeriesScan(kernel, book, captures, bounds, apart)`: `scan(stream, path)` reads one capture after the other;
`finish()` closes what is open and gives the drafts. A capture that cannot be read raises CaptureError and leaves the
state as it was. What reads candidate flows, and is most of the program, is imported with the first of them; for
`apart`, `dropped` and `unanswered` see `sessions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from netminer_detect.bounds import Bounds
from netminer_detect.kernel.interface import Event, Kernel
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.sources.capture import Readable

if TYPE_CHECKING:
    from netminer_detect.detect.drafts import Draft
    from netminer_detect.sessions import Sessions


class SeriesScan:
    """See the module's contract. `captures` names the inputs of the series, `kernel` is fresh."""

    def __init__(self, kernel: Kernel, book: Rulebook, captures: list[str], bounds: Bounds, apart: bool) -> None:
        self.kernel, self.book, self.captures, self.bounds, self.apart = kernel, book, captures, bounds, apart
        self._sessions: Sessions | None = None

    def scan(self, stream: Readable, path: str, capture: int, warn: Callable[[str], None]) -> None:
        """Read one capture; `capture` is its place in `captures`."""
        self._take(self.kernel.scan(stream, path, warn), capture)

    def finish(self) -> list[Draft]:
        """Close all flows and give what was found."""
        self._take(self.kernel.finish(), max(0, len(self.captures) - 1))
        return [] if self._sessions is None else self._sessions.drafts()

    @property
    def dropped(self) -> dict[str, int]:
        """What was given up, by what it was."""
        return {} if self._sessions is None else self._sessions.dropped

    @property
    def unanswered(self) -> int:
        return 0 if self._sessions is None else self._sessions.unanswered

    def _take(self, events: Iterable[Event], capture: int) -> None:
        sessions = self._sessions
        for event in events:
            if sessions is None:
                from netminer_detect.sessions import Sessions

                sessions = self._sessions = Sessions(self.kernel, self.book, self.captures, self.bounds, self.apart)
            sessions.take(event, capture)
