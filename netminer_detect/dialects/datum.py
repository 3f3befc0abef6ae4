"""DATUM: OCEAN's gateway and its pool. All but the length of the first message is encrypted.

The first header is a u32 LE, xor 0xDC871829: bits 0 to 21 the length behind it, 22 and 23 zero, then signed, sealed,
not encrypted by channel, and command 1. Who sends a hello whose header says so, and whose length is what it says, is
a gateway; its miners speak Stratum v1 to it. Nobody is named, shares are not told from other messages. Source:
OCEAN-xyz/datum_gateway src/datum_protocol.c, src/datum_protocol.h.
"""

from __future__ import annotations

from typing import ClassVar

from netminer_detect.dialects.binary import Start
from netminer_detect.marks import Mark
from netminer_detect.observations import (
    CoinHinted,
    DialectRecognised,
    Evidence,
    HandshakeAnswered,
    HandshakeAsked,
    Observation,
    Side,
)

_MASK = 0xDC871829
_HELLO = 0x0B  # signed, sealed, command 1
_SIZES = range(200, 2048)


def hello_size(head: bytes) -> int | None:
    """The size of the hello that begins so, header and all; None where it is none."""
    header = int.from_bytes(head[:4], "little") ^ _MASK
    size = header & 0x3FFFFF
    return 4 + size if header >> 24 == _HELLO and not header & 0xC00000 and size in _SIZES else None


class Datum:
    """See the module's contract."""

    NAME: ClassVar[str] = "datum"

    def __init__(self) -> None:
        self.done = False
        self._client: Side | None = None
        self._head = b""
        self._sent = 0
        self._mark: Mark | None = None
        self._answer: Mark | None = None

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`."""
        return start.any(lambda head: hello_size(head) is not None if len(head) >= 4 else None)

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        if self.done:
            return []
        if self._client is None:
            self._client = side
        if side is not self._client:
            said = self._said_hello() if self._answer is None else []
            self._answer = self._answer or mark
            return said
        if self._answer is not None:
            # A pool that does not want the gateway closes; so one that goes on was let in.
            self.done = True
            evidence = Evidence(self._answer, Side.SERVER, "hello answered", "encrypted")
            return [HandshakeAnswered(evidence, True)]
        self._head += data[: 4 - len(self._head)]
        self._sent += len(data)
        self._mark = mark
        return []

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self.done = True
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        said = self._said_hello() if self._answer is None and not self.done else []
        self.done = True
        return said

    def _said_hello(self) -> list[Observation]:
        """The first message is whole: whether its length is what it says."""
        size = hello_size(self._head)
        if size != self._sent or self._mark is None:
            self.done = True
            return []
        evidence = Evidence(self._mark, Side.CLIENT, "hello", f"DATUM hello ({size} bytes, sealed)")
        swapped = self._client is Side.SERVER
        return [DialectRecognised(evidence, self.NAME, swapped), HandshakeAsked(evidence),
                CoinHinted(evidence, "BTC", "sha256d", "dialect")]


BINARY_DIALECT = Datum
