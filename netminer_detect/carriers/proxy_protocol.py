"""Takes off a PROXY protocol header and hands the rest to an inner reader."""

from __future__ import annotations

from netminer_detect.carriers.reader import Inner, Reader
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side


class ProxyProtocol:
    """`client` is the side that begins with the header."""

    def __init__(self, inner: Inner, client: Side = Side.CLIENT) -> None:
        self.inner: Reader | None = None
        self.done = False

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        return []

    def gap(self, side: Side, size: int) -> list[Observation]:
        return []

    def close(self) -> list[Observation]:
        return []
