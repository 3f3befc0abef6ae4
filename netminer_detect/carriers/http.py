"""Reads HTTP/1.0 and 1.1 connections and hands each message to a handler."""

from __future__ import annotations

from netminer_detect.carriers.http_message import Exchange
from netminer_detect.carriers.reader import Inner, Reader
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side


class Http:
    """`handler` gets each complete message; `tunnel` reads what follows CONNECT, `upgrade` what follows a
    WebSocket upgrade (None: the reader is done then)."""

    def __init__(self, handler: Exchange, tunnel: Inner, upgrade: Inner | None = None) -> None:
        self.inner: Reader | None = None
        self.done = False

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        return []

    def gap(self, side: Side, size: int) -> list[Observation]:
        return []

    def close(self) -> list[Observation]:
        return []
