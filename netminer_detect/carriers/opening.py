"""Finds out by first bytes what a TCP flow carries, and makes the reader for it.

Contract: `Opening(lines, http_handler)` is a Reader. `lines()` makes the reader of whatever is no carrier
(JSON lines, binary dialects, mid-stream bytes); `http_handler()` makes the handler of one HTTP connection.
`carriers` says what was peeled so far, outermost first: "tcp", then "tls", "http", "connect", "socks",
"proxy-protocol", "websocket".
"""

from __future__ import annotations

from collections.abc import Callable

from netminer_detect.carriers.http_message import Exchange
from netminer_detect.carriers.reader import Inner
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side

MAX_DEPTH = 4


class Opening:
    """See the module's contract."""

    def __init__(self, lines: Inner, http_handler: Callable[[], Exchange], depth: int = 0) -> None:
        self._depth = depth

    @property
    def carriers(self) -> tuple[str, ...]:
        return ("tcp",)

    @property
    def done(self) -> bool:
        return False

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        return []

    def gap(self, side: Side, size: int) -> list[Observation]:
        return []

    def close(self) -> list[Observation]:
        return []
