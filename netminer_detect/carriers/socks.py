"""Reads SOCKS 4, 4a and 5 and hands the relayed stream to an inner reader."""

from __future__ import annotations

from netminer_detect.carriers.reader import Inner, Reader
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side


class Socks:
    """`client` is the side that greets; `inner` reads what is relayed."""

    def __init__(self, inner: Inner, client: Side = Side.CLIENT) -> None:
        self.inner: Reader | None = None
        self.done = False

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        return []

    def gap(self, side: Side, size: int) -> list[Observation]:
        return []

    def close(self) -> list[Observation]:
        return []
