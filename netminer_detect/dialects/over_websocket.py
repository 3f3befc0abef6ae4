"""Reads mining that travels in WebSocket messages: JSON, the events of Socket.IO, CoinIMP's disguise.

Contract: `read_websocket(request)` makes the reader of a WebSocket connection; `request` is the one that asked for
it, None where it was missed. Each message becomes one JSON line, read by the dialects of lines and of WebSocket:
* JSON as it is; a text alone (`"block_accepted"`, how Rust's serde writes a name without content) as {text: null};
* a Socket.IO event (see `socket_io`) as the object that it is there; its other packets say nothing;
* base64 of JSON of which every byte was changed by one key (CoinIMP: xor 0xC9) as that JSON.
Duino-Coin's text is read by its own reader, once its miner has asked for a job.
"""

from __future__ import annotations

import base64
import binascii
import json

from netminer_detect.carriers.http_message import HttpMessage
from netminer_detect.carriers.reader import Reader
from netminer_detect.carriers.websocket import WebSocket
from netminer_detect.dialects.duino_coin import DuinoCoin
from netminer_detect.dialects.lines import Lines
from netminer_detect.dialects.registry import dialects, over_websocket
from netminer_detect.dialects.socket_io import event_of
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side
from netminer_detect.patterns import pattern

_BASE64 = pattern(rb"[A-Za-z0-9+/]{16,}={0,2}\Z")
# Longer disguises are not tried: CoinIMP's messages are some 300 bytes.
_MAX_DISGUISED = 8192


def read_websocket(request: HttpMessage | None) -> Reader:
    """See the module's contract."""
    return WebSocket(WebSocketMining(request))


def as_line(message: bytes) -> bytes:
    """The JSON line that a message says, or the message itself where it says none."""
    first = message[:1]
    if first == b"{":
        return message
    if first == b"4":
        event = event_of(message)
        return message if event is None else json.dumps(event).encode()
    if first == b'"':
        return b"{" + message.strip() + b":null}"
    if len(message) <= _MAX_DISGUISED and _BASE64.match(message):
        return _undisguised(message) or message
    return message


def _undisguised(message: bytes) -> bytes | None:
    """The JSON object behind base64 and a key of one byte; the key is what turns the first byte into a brace."""
    try:
        hidden = base64.b64decode(message, validate=True)
    except (binascii.Error, ValueError):
        return None
    key = hidden[0] ^ 0x7B
    plain = bytes(byte ^ key for byte in hidden)
    return plain if plain[:2] == b'{"' and plain.rstrip().endswith(b"}") else None


class WebSocketMining:
    """The messages of one connection; see the module's contract."""

    def __init__(self, request: HttpMessage | None) -> None:
        self._lines = Lines(kinds=dialects() + over_websocket(), request=request)
        self._text: DuinoCoin | None = None

    @property
    def done(self) -> bool:
        return self._lines.done and self._text is None

    def message(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Messages`."""
        if self._text is None and data.startswith(b"JOB,"):
            self._text = DuinoCoin()
        if self._text is not None:
            return self._text.data(side, data, mark)
        return self._lines.line(side, as_line(data), mark)

    def gap(self, side: Side) -> list[Observation]:
        """See `Messages`."""
        return self._lines.gap(side, 0) if self._text is None else self._text.gap(side, 0)

    def close(self) -> list[Observation]:
        """See `Messages`."""
        return self._lines.close() + (self._text.close() if self._text is not None else [])
