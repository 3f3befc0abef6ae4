"""Reads mining that travels in gRPC's messages over HTTP/2.

Contract: `read_http2()` makes the reader of a connection. Each message is offered to every gRPC dialect, until one has
something to say: from then on the connection is its own.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from netminer_detect.carriers.http2 import Calls, Http2
from netminer_detect.carriers.reader import Reader
from netminer_detect.dialects.registry import over_grpc
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side


class GrpcDialect(Calls, Protocol):
    """A dialect of gRPC messages; a module that names it as `GRPC_DIALECT` adds one. One instance a connection."""

    NAME: ClassVar[str]


class GrpcMining:
    """The messages of one connection; see the module's contract."""

    def __init__(self) -> None:
        self._open: list[GrpcDialect] = [kind() for kind in over_grpc()]

    @property
    def done(self) -> bool:
        return all(dialect.done for dialect in self._open)

    def message(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Calls`."""
        for dialect in self._open:
            found = dialect.message(side, data, mark)
            if found:
                self._open = [dialect]
                return found
        return []

    def gap(self, side: Side) -> list[Observation]:
        """See `Calls`."""
        return [seen for dialect in self._open for seen in dialect.gap(side)]


def read_http2() -> Reader:
    """See the module's contract."""
    return Http2(GrpcMining())
