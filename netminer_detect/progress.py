"""Shows how far a long run is, on a terminal: bytes, share, rate, time left.

Contract: a `Progress` is told what happens; `TerminalProgress` draws it in one line of a terminal at most ten times a
second, and leaves nothing behind when it stops. `clear()` takes the line away for something else to be written; the
next news draws it again. `terminal_progress()` gives one for stderr, or None where that is no terminal that can erase.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import unicodedata
from typing import Protocol, TextIO

_INTERVAL_S = 0.1
# A run that is over at once needs no progress.
_SILENT_S = 0.3
_ERASE = "\r\x1b[K"


class Progress(Protocol):
    """See the module's contract. `total_bytes` None: not known (pipes). Bytes are those of the files, compressed or
    not."""

    def start(self, total_bytes: int | None, inputs: int) -> None: ...

    def advance(self, read_bytes: int) -> None: ...

    def opened(self, path: str) -> None: ...

    def stop(self) -> None: ...


def human_bytes(size: float) -> str:
    """A size with a unit of 1000, as `ls -h` and disks have them."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def human_time(seconds: float) -> str:
    """h:mm:ss or m:ss."""
    whole = int(seconds + 0.5)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def terminal_progress() -> TerminalProgress | None:
    """See the module's contract."""
    stream = sys.stderr
    if stream is None or not stream.isatty() or os.environ.get("TERM", "dumb") in ("dumb", ""):
        return None
    return TerminalProgress(stream)


def columns(text: str) -> int:
    """How many columns a terminal needs for a text: characters of East Asia take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


class TerminalProgress:
    """See the module's contract."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._total: int | None = None
        self._read = 0
        self._inputs = 0
        self._opened = 0
        self._path = ""
        self._began = self._drawn = 0.0
        self._shown = False

    def start(self, total_bytes: int | None, inputs: int) -> None:
        self._total, self._inputs, self._began = total_bytes, inputs, time.monotonic()

    def opened(self, path: str) -> None:
        self._opened += 1
        self._path = path
        self._draw()

    def advance(self, read_bytes: int) -> None:
        self._read += read_bytes
        self._draw()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._shown = False
            self._write(_ERASE)

    def stop(self) -> None:
        self.clear()

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn < _INTERVAL_S or now - self._began < _SILENT_S:
            return
        self._drawn, self._shown = now, True
        self._write("\r" + self.line(now - self._began, self._width() - 1) + "\x1b[K")

    def _width(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        return 80

    def line(self, elapsed_s: float, width: int) -> str:
        """What is shown after so many seconds, in at most `width` columns."""
        rate = self._read / elapsed_s if elapsed_s > 0 else 0.0
        parts = [human_bytes(self._read)]
        if self._total:
            share = min(100, 100 * self._read // self._total)
            parts[0] += f" of {human_bytes(self._total)} ({share} %)"
        parts.append(f"{human_bytes(rate)}/s")
        if self._total and rate:
            parts.append(f"{human_time(max(0, self._total - self._read) / rate)} left")
        else:
            parts.append(human_time(elapsed_s))
        if self._inputs > 1:
            parts.append(f"input {min(self._opened, self._inputs)} of {self._inputs}")
        text = ", ".join(parts)
        # A name is told from its end: the folders before it are the same for all.
        path = "".join(char if char.isprintable() else "?" for char in self._path)
        room = width - columns(text) - 2
        if columns(path) > room:
            path = path[max(0, len(path) - max(room, 0)) :]
            while path and columns(path) + 3 > room:
                path = path[1:]
            path = f"...{path}" if path else ""
        text = f"{text}, {path}" if path else text
        while columns(text) > width:
            text = text[:-1]
        return text

    def _write(self, text: str) -> None:
        # A terminal that is gone must not end the scan.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()
