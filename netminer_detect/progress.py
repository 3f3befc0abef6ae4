"""Shows how far a long run is, on a terminal: bytes, share, rate, time left.

Contract: a `Progress` is told what happens; `TerminalProgress` draws it on stderr at most ten times a second, and
leaves nothing behind when it stops. Where stderr is no terminal there is no progress at all.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import Protocol, TextIO

_INTERVAL_S = 0.1


class Progress(Protocol):
    """See the module's contract. `total_bytes` None: not known (pipes, compressed files)."""

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


class TerminalProgress:
    """One line on a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total: int | None = None
        self._read = 0
        self._inputs = 0
        self._opened = 0
        self._path = ""
        self._began = self._drawn = 0.0

    def start(self, total_bytes: int | None, inputs: int) -> None:
        self._total, self._inputs, self._began = total_bytes, inputs, time.monotonic()

    def opened(self, path: str) -> None:
        self._opened += 1
        self._path = path
        self._draw()

    def advance(self, read_bytes: int) -> None:
        self._read += read_bytes
        self._draw()

    def stop(self) -> None:
        if self._drawn:
            self._write("\r\x1b[K")

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn < _INTERVAL_S or now - self._began < 2 * _INTERVAL_S:
            return
        self._drawn = now
        width = shutil.get_terminal_size().columns
        line = self.line(now - self._began)
        self._write("\r" + "".join(char if char.isprintable() else "?" for char in line)[: width - 1] + "\x1b[K")

    def line(self, elapsed_s: float) -> str:
        """What is shown after so many seconds."""
        rate = self._read / elapsed_s if elapsed_s > 0 else 0.0
        parts = [human_bytes(self._read)]
        if self._total:
            parts[0] += f" of {human_bytes(self._total)} ({100 * self._read / self._total:.0f} %)"
        parts.append(f"{human_bytes(rate)}/s")
        if self._total and rate:
            parts.append(f"{human_time(max(0, self._total - self._read) / rate)} left")
        if self._inputs > 1:
            parts.append(f"input {min(self._opened, self._inputs)} of {self._inputs}")
        return " · ".join([*parts, self._path])

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
