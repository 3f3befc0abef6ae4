"""Reads the clear part of TLS: the server name of the ClientHello, the names of a certificate."""

from __future__ import annotations

from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side


class Tls:
    """See the module's contract."""

    done: bool = False

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        return []

    def gap(self, side: Side, size: int) -> list[Observation]:
        return []

    def close(self) -> list[Observation]:
        return []
