"""Inflates the messages of one direction of a WebSocket connection (permessage-deflate, RFC 7692).

Contract: `Inflater(limit).inflate(message)` gives the message, b"" where it cannot be inflated or is longer than
`limit` or `most_of` its size. The peer may refer back to earlier messages (context takeover) or begin anew with each:
one inflater that keeps its window reads both, and any window size. After bytes were lost `forget` drops the window: a
message that refers to what was lost is a zlib error then, never another text. Nothing raises.
"""

from __future__ import annotations

import zlib

# What the sender cuts off behind each message (7.2.1).
_TAIL = b"\x00\x00\xff\xff"

# JSON compresses by ten, repeated hex by twenty; what gives more than this is made to hurt. Small messages may refer to
# larger ones before them.
FREE, MAX_RATIO = 8192, 32


def most_of(size: int) -> int:
    """The most bytes that so many compressed ones may stand for."""
    return FREE + MAX_RATIO * size


class Inflater:
    """See the module's contract."""

    __slots__ = ("_limit", "_stream")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._stream: zlib._Decompress | None = None

    def inflate(self, message: bytes) -> bytes:
        """One message."""
        stream = self._stream or zlib.decompressobj(-zlib.MAX_WBITS)
        self._stream, limit = None, min(self._limit, most_of(len(message)))
        try:
            plain = stream.decompress(message + _TAIL, limit + 1)
        except zlib.error:
            return b""
        if len(plain) > limit or stream.unconsumed_tail:
            return b""
        # A message may end its stream for good (7.2.3.4): the next one begins a new one.
        self._stream = None if stream.eof else stream
        return plain

    def forget(self) -> None:
        """Messages were lost."""
        self._stream = None
