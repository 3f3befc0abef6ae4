"""What a person is told on stderr while a command runs: warnings, and how far it is.

Contract: `Teller(quiet, verbose, progress)` is a `Progress`; `warn(message)` tells in a line of its own, above the
progress line where there is one, escaped. A stderr that is closed or full costs the message, never the scan. With
`verbose` each input is named as it is opened, and `detail(message)` speaks.
"""

from __future__ import annotations

import contextlib
import sys

from netminer_detect.outputs.escape import plain
from netminer_detect.progress import TerminalProgress

# A path and what is wrong with it.
MAX_MESSAGE = 5000


class Teller:
    """See the module's contract."""

    def __init__(self, quiet: bool = False, verbose: bool = False, progress: TerminalProgress | None = None) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._progress = progress

    def warn(self, message: str) -> None:
        if not self._quiet:
            self.tell(message)

    def detail(self, message: str) -> None:
        if self._verbose:
            self.tell(message)

    def tell(self, message: str) -> None:
        """A line that is told whatever was asked for."""
        if self._progress is not None:
            self._progress.clear()
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                print(f"netminer-detect: {plain(message, MAX_MESSAGE)}", file=sys.stderr, flush=True)

    def start(self, total_bytes: int | None, inputs: int) -> None:
        if self._progress is not None:
            self._progress.start(total_bytes, inputs)

    def opened(self, path: str) -> None:
        self.detail(f"reading {path}")
        if self._progress is not None:
            self._progress.opened(path)

    def advance(self, read_bytes: int) -> None:
        if self._progress is not None:
            self._progress.advance(read_bytes)

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
