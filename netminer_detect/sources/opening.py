"""Opens a capture by what it holds, not by its name: plain, gzip, zstandard, xz or bzip2.

Contract: `open_capture(path, max_window)` gives a binary stream of the capture's own bytes, `-` being standard input.
It raises CaptureError, naming the file, where the file cannot be opened. Reading never raises: a stream that breaks
off ends there, and its `broken` says why. A compressed stream that asks for more than `max_window` bytes of memory is
broken from its beginning. What a pipe holds is given as soon as it is there. `may_inflate(path)` says whether memory
for a decompressor is to be set apart.
"""

from __future__ import annotations

import io
import os
import select
import stat
import sys

from netminer_detect.errors import CaptureError
from netminer_detect.sources.inflating import Inflated, inflater_of

_START = 6
# A zstandard frame may ask for a window of up to 3.75 TiB, xz for 4 GiB; the highest levels of the command-line tools
# ask for 128 and 64 MiB.
DEFAULT_WINDOW = 128 * 1024 * 1024


class CaptureStream:
    """A capture's bytes. `broken` says why the stream ended early, None if it did not; `taken` counts the bytes of the
    file itself that were read so far, compressed or not."""

    def __init__(self, inner: io.RawIOBase, file: _File) -> None:
        self._file = file
        self._buffered = io.BufferedReader(inner, 1 << 16)
        self._inner = inner
        self._ahead = False
        self._failed: str | None = None

    @property
    def broken(self) -> str | None:
        return self._failed or getattr(self._inner, "broken", None)

    @property
    def taken(self) -> int:
        return self._file.taken

    def read(self, size: int, /) -> bytes:
        """`size` bytes, fewer at the end and from the place on where the stream is broken."""
        self._ahead = True
        try:
            return b"" if self._failed is not None else self._buffered.read(size)
        except OSError as error:
            self._fail(error)
            return b""

    def readinto(self, buffer: memoryview, /) -> int:
        """What is there, into a buffer: how many bytes came. 0 at the end."""
        if self._failed is not None:
            return 0
        try:
            if not self._ahead:
                return self._inner.readinto(buffer) or 0
            # What a small read took too much. The library would wait for more of a pipe, to fill the buffer.
            rest = len(self._buffered.peek())
            self._ahead = rest > len(buffer)
            return self._buffered.readinto(buffer[:rest])
        except OSError as error:
            self._fail(error)
            return 0

    def _fail(self, error: OSError) -> None:
        self._failed = f"reading failed ({error.strerror or error})"

    def close(self) -> None:
        self._buffered.close()

    def __enter__(self) -> CaptureStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _File(io.RawIOBase):
    """An open file whose first bytes were looked at; one that does not block is waited for."""

    def __init__(self, path: str) -> None:
        # A copy of standard input: closing it here must not close it for others.
        self._inner = io.FileIO(os.dup(_standard_input()) if path == "-" else path, "rb")
        self._given = 0
        self.taken = 0
        self.start = b""
        while len(self.start) < _START and (more := self._read(_START - len(self.start))):
            self.start += more

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self._given < len(self.start):
            piece = self.start[self._given : self._given + len(buffer)]
            buffer[: len(piece)] = piece
            self._given += len(piece)
            self.taken += len(piece)
            return len(piece)
        while (count := self._inner.readinto(buffer)) is None:
            select.select([self._inner], [], [])
        self.taken += count
        return count

    def _read(self, size: int) -> bytes:
        while (data := self._inner.read(size)) is None:
            select.select([self._inner], [], [])
        return data

    def close(self) -> None:
        self._inner.close()
        super().close()


def open_capture(path: str, max_window: int = DEFAULT_WINDOW) -> CaptureStream:
    """Open a capture file, FIFO or `-`. Raises CaptureError where it cannot be opened."""
    try:
        file = _File(path)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the name.
        raise CaptureError(path, getattr(error, "strerror", None) or str(error)) from error
    make = inflater_of(file.start, max_window)
    if make is None:
        return CaptureStream(file, file)
    # Threads are slow to import, and a plain file needs none.
    from netminer_detect.sources.ahead import Ahead

    return CaptureStream(Ahead(Inflated(file, make, max_window)), file)


def may_inflate(path: str) -> bool:
    """Whether reading an input may take a decompressor: pipes tell only when they are read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return True
        with open(path, "rb") as file:
            return inflater_of(file.read(_START), DEFAULT_WINDOW) is not None
    except (OSError, ValueError):
        return False


def _standard_input() -> int:
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return sys.stdin.fileno()
