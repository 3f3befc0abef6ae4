"""Socket.IO's packets: what a WebSocket message or an HTTP body of long polling holds.

Contract: `event_of(packet)` gives the event that a packet is, as {"event": name, "argument": the first argument}, None
where it is none (pings, greetings, answers). `packets_of(body)` gives the packets of a body, at most MAX_PACKETS:
between separators (Engine.IO 4), each behind its length (3), or behind a length of bytes (3, binary). Nothing raises.
Sources: socketio/engine.io-protocol and socket.io-protocol README, socketio/engine.io-parser lib/index.js.
"""

from __future__ import annotations

import json
import re
from typing import Any

from netminer_detect.patterns import pattern

MAX_PACKETS = 256
# Engine.IO's message, Socket.IO's event, (attachments-), (/namespace,), (acknowledgement id), payload.
_EVENT = pattern(rb"42(?:/[^,\[]{0,64},)?\d{0,10}(\[.*)", re.DOTALL)
_SEPARATOR = b"\x1e"
_LENGTH = pattern(rb"(\d{1,7}):")
_BINARY_LENGTH = pattern(rb"[\x00\x01]([\x00-\x09]{1,7})\xff")


def event_of(packet: bytes) -> dict[str, Any] | None:
    """See the module's contract."""
    event = _EVENT.match(packet)
    if event is None:
        return None
    try:
        name, *arguments = json.loads(event[1])
    except (ValueError, TypeError, RecursionError):
        return None
    return {"event": name, "argument": arguments[0] if arguments else None}


def packets_of(body: bytes) -> list[bytes]:
    """See the module's contract."""
    if _BINARY_LENGTH.match(body):
        return _counted(body)
    if not _LENGTH.match(body):
        return body.split(_SEPARATOR, MAX_PACKETS)[:MAX_PACKETS]
    # Lengths count characters of JavaScript, which are two bytes each in UTF-16.
    units = body.decode("utf-8", "replace").encode("utf-16-le")
    packets: list[bytes] = []
    at = 0
    while at < len(units) and len(packets) < MAX_PACKETS:
        length = _LENGTH.match(units[at : at + 16 : 2])
        if length is None:
            break
        at += 2 * length.end()
        packets.append(units[at : at + 2 * int(length[1])].decode("utf-16-le", "replace").encode("utf-8", "replace"))
        at += 2 * int(length[1])
    return packets


def _counted(body: bytes) -> list[bytes]:
    packets: list[bytes] = []
    at = 0
    while len(packets) < MAX_PACKETS:
        length = _BINARY_LENGTH.match(body, at)
        if length is None:
            break
        size = int("".join(map(str, length[1])))
        packets.append(body[length.end() : length.end() + size])
        at = length.end() + size
    return packets
