"""One HTTP message as handlers see it.

Contract: `HttpMessage` is complete as far as it was seen: bodies are cut at MAX_BODY and inflated (gzip,
deflate) where they say so; `body_truncated` tells that bytes are lacking.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side

MAX_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """A request (`method`, `target` set) or a response (`status` set). `side` sent it; header names are in lower
    case, repeated headers are joined by ", "; `request` is the request that a response answers, where known (its
    body may be cut shorter than when it was handed over itself). `mark` is the frame of the last byte."""

    side: Side
    method: str | None
    target: str | None
    status: int | None
    headers: dict[str, str]
    body: bytes
    body_truncated: bool
    request: HttpMessage | None
    mark: Mark


Exchange = Callable[[HttpMessage], list[Observation]]
"""Takes each complete message of one connection, in order, and says what it means."""
