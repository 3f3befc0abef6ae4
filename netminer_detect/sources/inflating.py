"""Inflates gzip, zstandard, xz and bzip2 streams piece by piece, and gives all that stands before a break.

Contract: `inflater_of(start, max_window)` gives what makes a decompressor for a stream that begins so, None where it
is not compressed. `Inflated(raw, make, max_window)` is a readable stream of the inflated bytes. Members that follow one
another (as `cat a.gz b.gz` makes them) are one stream, zeros behind the last are padding. Where the stream breaks off,
`broken` says why. A bomb costs time, not memory: at most PIECE bytes are inflated at once, and a stream that asks for
a window beyond `max_window` bytes is broken from its beginning. So is one of more than MOST_EMPTY members in a row that
hold nothing: they are slow to read.

Magic numbers: gzip 1f8b (RFC 1952), zstandard 28b52ffd (RFC 8878; frames 184d2a50 to 5f are skipped), xz fd377a585a00,
bzip2 "BZh".
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import lzma

PIECE = 256 * 1024
# A decompressor gives nothing of the call that fails, so each call is given little: the 64th part of what was read,
# at least LEAST_SLICE bytes. A break costs the packets of one slice.
SHARE, LEAST_SLICE, MOST_SLICE = 64, 64, 16 * 1024
_RAW_SIZE = 128 * 1024
# Each block-wise packer ends with one, and files are run together; nobody runs so many together that hold nothing.
MOST_EMPTY = 10_000
# So many bytes tell a format.
_MAGIC = 6
_GZIP, _ZSTD, _XZ, _BZIP2 = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh"
_NO_PADDING = re.compile(rb"[^\0]")
# What liblzma keeps beside the dictionary is less than this.
_XZ_OVERHEAD = 1 << 20
TOO_LARGE = "it needs more memory to inflate than --memory leaves for it"


class Decompressor(Protocol):
    """One member of a compressed stream. Raises InflateError or OSError; gives what it can before."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


Maker = Callable[[], Decompressor]


class InflateError(Exception):
    """Compressed data that cannot be inflated."""


def inflater_of(start: bytes, max_window: int) -> Maker | None:
    """See the module's contract. The library of a format is imported when it is met."""
    if start.startswith(_GZIP):
        return _Gzip
    if start.startswith(_ZSTD) or (start[1:4] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50):
        from netminer_detect.sources.zstd import frames

        return frames(max_window)
    if start.startswith(_XZ):
        return lambda: _Xz(max_window)
    if start.startswith(_BZIP2):
        import bz2

        return bz2.BZ2Decompressor
    return None


class _Gzip:
    """A gzip member; zlib checks its header and sum."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        try:
            return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        except zlib.error as error:
            raise InflateError(str(error)) from error


class _Xz:
    """A stream of xz."""

    def __init__(self, max_window: int) -> None:
        import lzma

        self._error = lzma.LZMAError
        self._inner: lzma.LZMADecompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, max_window + _XZ_OVERHEAD)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return self._inner.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        try:
            return self._inner.decompress(data, max_length)
        except self._error as error:
            raise InflateError(TOO_LARGE if "limit" in str(error) else str(error)) from error


class Inflated(io.RawIOBase):
    """See the module's contract."""

    def __init__(self, raw: io.RawIOBase, make: Maker, max_window: int) -> None:
        self.broken: str | None = None
        self._raw, self._max_window = raw, max_window
        self._make, self._start = make, b""
        self._member = make()
        self._fed = self._empty = 0
        # What was read, and how much of it went into members: that of a million members is not copied a million times.
        self._compressed, self._at = b"", 0
        self._piece = memoryview(b"")
        self._over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill some of `buffer`; 0 at the end, and from the place on where the stream is broken."""
        while not self._piece and not self._over:
            self._piece = memoryview(self._next_piece())
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _next_piece(self) -> bytes:
        """Some inflated bytes; none where a member ends, or all does."""
        try:
            if self._member.eof:
                return self._next_member()
            slice_ = self._next_slice() if self._member.needs_input else b""
            if not slice_ and self._member.needs_input:
                return self._break("it ends too early")
            piece = self._member.decompress(slice_, PIECE)
        except (InflateError, OSError, EOFError) as error:
            return self._break(str(error) or type(error).__name__)
        if piece:
            self._empty = 0
        return piece

    def _next_slice(self) -> bytes:
        if self._at == len(self._compressed):
            self._compressed, self._at = self._raw.read(_RAW_SIZE) or b"", 0
        size = min(max(LEAST_SLICE, self._fed // SHARE), MOST_SLICE)
        slice_ = self._compressed[self._at : self._at + size]
        self._at += len(slice_)
        self._fed += len(slice_)
        return slice_

    def _next_member(self) -> bytes:
        """Begin the member that follows, if one does. What the last one left is the end of its last slice."""
        self._at -= len(self._member.unused_data)
        while (found := _NO_PADDING.search(self._compressed, self._at)) is None:
            self._compressed, self._at = self._raw.read(_RAW_SIZE) or b"", 0
            if not self._compressed:
                self._over = True
                return b""
        self._at = found.start()
        while len(self._compressed) - self._at < _MAGIC and (more := self._raw.read(_RAW_SIZE)):
            self._compressed, self._at = self._compressed[self._at :] + more, 0
        self._empty += 1
        if self._empty > MOST_EMPTY:
            return self._break(f"more than {MOST_EMPTY} parts in a row hold nothing")
        start = self._compressed[self._at : self._at + _MAGIC]
        if start != self._start:
            make = inflater_of(start, self._max_window)
            if make is None:
                return self._break("what follows its end is not compressed")
            self._start, self._make = start, make
        self._member = self._make()
        return b""

    def _break(self, why: str) -> bytes:
        self.broken = f"the compressed data breaks off ({why})"
        self._over = True
        return b""
