"""Opens a capture by what it holds, not by its name: plain, gzip, zstandard, xz or bzip2.

Contract: `open_capture(path)` gives a binary stream of the capture's own bytes, `-` being standard
input. It raises CaptureError, naming the file, where the file cannot be opened. Inflation is streamed:
a bomb costs time, not memory. A compressed stream that breaks off ends there: the reader above tells.
Magic numbers: gzip 1f8b (RFC 1952), zstandard 28b52ffd (RFC 8878), xz fd377a585a00, bzip2 "BZh".
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from typing import cast

import zstandard

from netminer_detect.errors import CaptureError

_PEEK = 6
# A zstandard frame may ask for a window of up to 3.75 TiB; the command-line tool allows 128 MiB.
_ZSTD_WINDOW = 128 * 1024 * 1024
_INFLATE_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


class CaptureStream:
    """A capture's bytes. `broken` says why the stream ended early, None if it did not."""

    def __init__(self, inner: io.BufferedIOBase, outer: io.BufferedIOBase) -> None:
        self._inner = inner
        self._outer = outer
        self.broken: str | None = None

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end, and from the place on where the stream is broken."""
        if self.broken is not None:
            return b""
        try:
            return self._inner.read(size)
        except _INFLATE_ERRORS as error:
            self.broken = str(error) or type(error).__name__
            return b""

    def readinto(self, buffer: memoryview, /) -> int:
        """As `read`, into a buffer: how many bytes came."""
        if self.broken is not None:
            return 0
        try:
            return self._inner.readinto(buffer) or 0
        except _INFLATE_ERRORS as error:
            self.broken = str(error) or type(error).__name__
            return 0

    def close(self) -> None:
        self._inner.close()
        self._outer.close()

    def __enter__(self) -> CaptureStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_capture(path: str) -> CaptureStream:
    """Open a capture file, FIFO or `-`. Raises CaptureError where it cannot be opened."""
    try:
        raw = sys.stdin.buffer if path == "-" else open(path, "rb")  # noqa: SIM115
        buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, raw))
        start = buffered.peek(_PEEK)[:_PEEK]
    except OSError as error:
        raise CaptureError(path, error.strerror or str(error)) from error
    return CaptureStream(_inflating(buffered, start), buffered)


def _inflating(raw: io.BufferedReader, start: bytes) -> io.BufferedIOBase:
    """Wrap `raw` in the decompressor that its first bytes ask for."""
    if start.startswith(b"\x1f\x8b"):
        return cast(io.BufferedIOBase, gzip.GzipFile(fileobj=raw, mode="rb"))
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        inflater = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        return cast(io.BufferedIOBase, inflater.stream_reader(raw, read_across_frames=True))
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(raw)
    if start.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    return raw
