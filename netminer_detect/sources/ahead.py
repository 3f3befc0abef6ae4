"""Inflates in a thread beside the scan.

Contract: `Ahead(inner)` gives what `inner` gives, read up to PIECES pieces ahead: the decompressors let go of the
interpreter's lock, so inflating and scanning go on side by side. The thread begins with the second piece, so that a
look at a capture's head costs none. `close` never waits: a thread that hangs in a pipe closes `inner` when it can.
"""

from __future__ import annotations

import io
import threading
from queue import Empty, Full, Queue

from netminer_detect.sources.inflating import Inflated

PIECES, PIECE = 4, 256 * 1024
_LOOK_S = 0.5


class Ahead(io.RawIOBase):
    """See the module's contract."""

    def __init__(self, inner: Inflated) -> None:
        self._inner = inner
        self._pieces: Queue[bytes] = Queue(PIECES)
        self._piece = memoryview(b"")
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._begun = self._over = self._closing = False

    @property
    def broken(self) -> str | None:
        """Why the stream ended early, None where it did not."""
        return self._inner.broken if self._over or self._thread is None else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if not self._piece and not self._over:
            self._piece = memoryview(self._next())
            self._over = not self._piece
            if self._error is not None:
                raise self._error
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    def _next(self) -> bytes:
        if not self._begun:
            self._begun = True
            return self._read()
        if self._thread is None:
            self._thread = threading.Thread(target=self._fill, daemon=True)
            self._thread.start()
        return self._pieces.get()

    def _read(self) -> bytes:
        """A piece of the inner stream, a short one only at its end."""
        piece, size = bytearray(PIECE), 0
        view = memoryview(piece)
        while size < PIECE and (count := self._inner.readinto(view[size:])):
            size += count
        return bytes(view[:size])

    def _fill(self) -> None:
        """The life of the thread. Whatever happens, its reader must not wait for ever."""
        piece = b"."
        while piece and not self._closing:
            try:
                piece = self._read()
            except Exception as error:
                self._error, piece = error, b""
            self._put(piece)
        if self._closing:
            self._inner.close()

    def _put(self, piece: bytes) -> None:
        while not self._closing:
            try:
                self._pieces.put(piece, timeout=_LOOK_S)
                return
            except Full:
                continue

    def close(self) -> None:
        self._closing = True
        if self._thread is None or not self._thread.is_alive():
            self._inner.close()
        try:
            while True:
                self._pieces.get_nowait()
        except Empty:
            super().close()
