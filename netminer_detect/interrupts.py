"""Holds Ctrl-C back while a scan's state is being changed.

Contract: within `with Interrupts() as interrupts`, SIGINT raises KeyboardInterrupt only between `begin()` and `end()`
(around reads, which may wait for ever) or, where it came in between, at the next `begin()`; so what was found so far
is whole. A second one is raised at once: somebody is in a hurry. `pending` says that one came and was not raised.
Outside of the main thread signals are not ours, and nothing changes.
"""

from __future__ import annotations

import contextlib
import signal
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """See the module's contract."""

    def __init__(self) -> None:
        self.pending = False
        self._waiting = False
        self._before: Any = None

    def begin(self) -> None:
        """A read begins: nothing is half done."""
        self._waiting = True
        if self.pending:
            self._raise()

    def end(self) -> None:
        """The read is over."""
        self._waiting = False

    def __enter__(self) -> Interrupts:
        with contextlib.suppress(ValueError):  # not the main thread
            self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._waiting or self.pending:
            self._raise()
        self.pending = True

    def _raise(self) -> None:
        self.pending = self._waiting = False
        raise KeyboardInterrupt
