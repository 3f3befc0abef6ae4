"""Takes off a PROXY protocol header and hands the rest to an inner reader.

Contract: a Reader. `client` is the side that begins with the header, text (version 1) or binary (version 2);
everything behind it, and all of the other side, goes to the reader made by `inner`. `done` where there is no
such header. At most MAX_TEXT bytes are held.

Wire (haproxy's proxy-protocol.txt, 2.1 and 2.2): `PROXY ...` CR LF, at most 107 bytes; or 12 bytes of
signature, version and command (1), family (1), length (2), addresses and other fields of that length.
"""

from __future__ import annotations

from netminer_detect.carriers.reader import Inner, Reader
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side

TEXT, BINARY = b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"
MAX_TEXT = 107


def begins_proxy_protocol(head: bytes) -> bool | None:
    """Whether bytes begin with a header; None while that is open."""
    if head.startswith((TEXT, BINARY)):
        return True
    return None if TEXT.startswith(head) or BINARY.startswith(head) else False


class ProxyProtocol:
    """See the module's contract."""

    def __init__(self, inner: Inner, client: Side = Side.CLIENT) -> None:
        self.inner: Reader = inner()
        self._client = client
        self._held = b""
        self._skip = 0
        self._reading = True
        self._over = False

    @property
    def done(self) -> bool:
        return self._over or self.inner.done

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        if self._over:
            return []
        if self._reading and side is self._client:
            data = self._behind_header(data)
        if self._skip and side is self._client:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        return self.inner.data(side, data, mark) if data else []

    def gap(self, side: Side, size: int) -> list[Observation]:
        if self._over:
            return []
        if side is self._client and self._skip:
            skipped = min(self._skip, size)
            self._skip -= skipped
            size -= skipped
        elif side is self._client:
            self._reading, self._held = False, b""
        return self.inner.gap(side, size) if size > 0 else []

    def close(self) -> list[Observation]:
        said = [] if self._over else self.inner.close()
        self._over = True
        return said

    def _behind_header(self, data: bytes) -> bytes:
        """What stands behind the header, as far as it was seen; `_skip` bytes of that belong to it still."""
        held = self._held + data
        if held.startswith(TEXT):
            _, end, rest = held[: MAX_TEXT + 1].partition(b"\n")
            if end:
                self._reading, self._held = False, b""
                return rest + held[MAX_TEXT + 1 :]
            self._over = len(held) > MAX_TEXT
        elif held.startswith(BINARY):
            if len(held) >= 16:
                self._over = held[12] >> 4 != 2
                self._reading, self._held = False, b""
                self._skip = held[14] << 8 | held[15]
                return b"" if self._over else held[16:]
        else:
            self._over = begins_proxy_protocol(held) is False
        self._held = held[:MAX_TEXT]
        return b""
