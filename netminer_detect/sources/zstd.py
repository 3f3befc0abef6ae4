"""Inflates one frame of zstandard, a block at a time.

Contract: `frames(max_window)` gives what makes a `Decompressor` of `inflating` for a frame, one after the other. The
library inflates all that it is given at once, and a block of 4 bytes may hold 128 KiB: so it is given one block after
the other, and never holds more than a block and the window. A window beyond `max_window` bytes is an InflateError.

RFC 8878, 3.1.1: magic u32, descriptor (bits 7-6 size of the content size, 5 single segment, 2 checksum, 1-0 size of
the dictionary's id), window descriptor unless single segment, id, content size; then blocks behind three bytes (bit 0
last, 2-1 kind, the rest the size), then four bytes of a checksum. 3.1.2: magic 184d2a50 to 5f, size u32, both then to
be skipped.
"""

from __future__ import annotations

from collections.abc import Callable

import zstandard

from netminer_detect.sources.inflating import TOO_LARGE, InflateError

_SKIPPABLE = b"\x2a\x4d\x18"
_ID_SIZES, _CONTENT_SIZES = (0, 1, 2, 4), (0, 2, 4, 8)
_RLE = 1


def frames(max_window: int) -> Callable[[], ZstdFrame]:
    """See the module's contract. The frames share the library's state, which is slow to make."""
    library = zstandard.ZstdDecompressor(max_window_size=max_window)
    return lambda: ZstdFrame(library)


class ZstdFrame:
    """See the module's contract."""

    def __init__(self, library: zstandard.ZstdDecompressor) -> None:
        self._library = library
        self._inner: zstandard.ZstdDecompressionObj | None = None
        # What was given, and how much of it was taken.
        self._held, self._at = b"", 0
        self._skip = 0
        self._checked = self._is_last = self._over = False

    @property
    def eof(self) -> bool:
        return self._over

    @property
    def needs_input(self) -> bool:
        return not self._over and len(self._held) - self._at < self._unit()

    @property
    def unused_data(self) -> bytes:
        return self._held[self._at :] if self._over else b""

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        """Take `data`, give what the next whole block holds."""
        if data:
            self._held, self._at = self._held[self._at :] + data, 0
        if self._skip:
            self._skip_more()
        found = b""
        while not found and not self._over and len(self._held) - self._at >= (size := self._unit()):
            unit = self._held[self._at : self._at + size]
            self._at += size
            found = self._take(unit)
        return found

    def _unit(self) -> int:
        """How long the next unit is: header, block or checksum. More than is held where that is not known yet."""
        held, at = self._held, self._at
        left = len(held) - at
        if self._skip:
            return left + 1
        if self._is_last:
            return 4
        if self._inner is not None:
            if left < 3:
                return 3
            head = int.from_bytes(held[at : at + 3], "little")
            return 3 + (1 if head >> 1 & 3 == _RLE else head >> 3)
        if left < 5:
            return 5
        if held[at + 1 : at + 4] == _SKIPPABLE:
            return 8
        descriptor = held[at + 4]
        single = descriptor >> 5 & 1
        content = _CONTENT_SIZES[descriptor >> 6] or single
        return 5 + (1 - single) + _ID_SIZES[descriptor & 3] + content

    def _take(self, unit: bytes) -> bytes:
        """Inflate a unit and note what comes next."""
        if self._inner is None:
            if unit[1:4] == _SKIPPABLE:
                self._skip = int.from_bytes(unit[4:8], "little")
                self._skip_more()
                return b""
            self._inner, self._checked = self._library.decompressobj(), bool(unit[4] & 4)
        elif self._is_last:
            self._over = True
        elif unit[0] & 1:
            self._is_last = self._checked
            self._over = not self._checked
        try:
            return self._inner.decompress(unit)
        except zstandard.ZstdError as error:
            raise InflateError(TOO_LARGE if "memory" in str(error) else str(error)) from error

    def _skip_more(self) -> None:
        """Drop what is held of a frame that is to be skipped; it is over where all is dropped."""
        dropped = min(self._skip, len(self._held) - self._at)
        self._at += dropped
        self._skip -= dropped
        self._over = not self._skip
