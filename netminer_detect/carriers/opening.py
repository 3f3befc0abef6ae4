"""Finds out by first bytes what a TCP flow carries, and makes the reader for it.

Contract: `Opening(lines, http_handler, upgrade, http2)` is a Reader. `lines()` makes the reader of whatever is no
carrier (JSON lines, binary dialects, the middle of a stream); `http_handler()` makes the handler of one HTTP
connection, `upgrade(request)` the reader behind a WebSocket upgrade, `http2()` that of HTTP/2: neither is read without.
`carriers` says what was peeled so far, outermost first: "tcp", then "tls", "http", "http2", "connect", "socks",
"proxy-protocol", "websocket".
Carriers nest up to MAX_DEPTH, each inner stream being an Opening again.

Each side is judged by its own first bytes, of which at most MAX_HEAD are kept until it is clear; it does not
matter which side the caller thinks the client is. The first side that begins like a carrier decides. A side
that does not goes to `lines` at once; should the other side then begin like a carrier (a capture that begins
within an answer), the carrier takes over, unless `lines` had already something to say. A refusal takes nothing over:
HTTP's 400 or a TLS alert is how a web server answers lines that it cannot read, and they were said all the same.
So `done` waits for the first bytes of both sides, but for no more than ENOUGH bytes of one.
"""

from __future__ import annotations

from collections.abc import Callable

from netminer_detect.carriers.http import Http, Upgrade, begins_http
from netminer_detect.carriers.http2 import begins_http2
from netminer_detect.carriers.http_message import Exchange
from netminer_detect.carriers.proxy_protocol import ProxyProtocol, begins_proxy_protocol
from netminer_detect.carriers.reader import Inner, Reader
from netminer_detect.carriers.socks import Socks, begins_socks
from netminer_detect.carriers.tls import Tls, begins_tls
from netminer_detect.carriers.websocket import begins_websocket
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side

MAX_DEPTH = 4
MAX_HEAD = 64
ENOUGH = 64 * 1024

# Which carriers a first byte may begin, and by what name a carrier is told.
_TESTS: list[tuple[str, Callable[[bytes], bool | None], bytes]] = [
    ("tls", begins_tls, b"\x14\x15\x16\x17"),
    ("http", begins_http, b"GPHODCT"),
    ("http2", begins_http2, b"P\x00"),
    ("proxy-protocol", begins_proxy_protocol, b"P\r"),
    ("socks", begins_socks, b"\x04\x05"),
    ("websocket", begins_websocket, b"\x81"),
]
_BY_FIRST = {
    byte: [(name, test) for name, test, firsts in _TESTS if byte in firsts] for _, _, all_ in _TESTS for byte in all_
}
LINES = "lines"


def carrier_of(head: bytes) -> str | None:
    """The carrier that begins so, "lines" where it is none, None while that is open."""
    tests = _BY_FIRST.get(head[0])
    if tests is None:
        return LINES
    found: str | None = LINES
    for name, test in tests:
        begins = test(head)
        if begins:
            return name
        if begins is None:
            found = None
    return found if found is not None or len(head) < MAX_HEAD else LINES


def _taking_over(kind: str, head: bytes) -> str | None:
    """What a side that begins so is where the other one has spoken lines; None while that is open."""
    if kind == "http" and head.startswith(b"HTTP/"):
        if len(head) < 12:
            return None
        return LINES if head[8:12] == b" 400" else kind
    return LINES if kind == "tls" and head[0] == 0x15 else kind


class Opening:
    """See the module's contract."""

    __slots__ = ("_carrier", "_depth", "_handler", "_heads", "_held", "_http2", "_lines", "_passed", "_reader", "_said",
                 "_upgrade")  # fmt: skip

    def __init__(
        self, lines: Inner, http_handler: Callable[[], Exchange], upgrade: Upgrade | None = None,
        http2: Inner | None = None, depth: int = 0,
    ) -> None:
        self._lines, self._handler, self._upgrade, self._http2 = lines, http_handler, upgrade, http2
        self._depth = depth
        self._carrier: str | None = None
        self._reader: Reader | None = lines() if depth >= MAX_DEPTH else None
        # First bytes of the sides that are not judged yet, and all they sent: bytes, or sizes of gaps.
        self._heads = {} if depth >= MAX_DEPTH else dict.fromkeys(Side, b"")
        self._held: list[tuple[Side, bytes | int, Mark | None]] = []
        self._passed = 0
        self._said = False

    @property
    def carriers(self) -> tuple[str, ...]:
        return ("tcp", *self._peeled())

    @property
    def done(self) -> bool:
        if self._reader is None or not self._reader.done:
            return False
        return not self._heads or self._passed > ENOUGH

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        head = self._heads.get(side)
        if head is None:
            return self._pass(side, data, mark)
        if not data:
            return []
        head += data[: MAX_HEAD - len(head)]
        self._held.append((side, data, mark))
        kind = carrier_of(head)
        if kind is not None and self._reader is not None:
            kind = _taking_over(kind, head)
        if kind is None:
            self._heads[side] = head
            return []
        return self._judge(side, kind)

    def gap(self, side: Side, size: int) -> list[Observation]:
        head = self._heads.get(side)
        if head == b"":
            held = self._held
            if held and held[-1][0] is side:
                size += int(held.pop()[1])
            held.append((side, size, None))
            return []
        said = self._judge(side, LINES) if head else []
        return said + (self._reader.gap(side, size) if self._reader is not None else [])

    def close(self) -> list[Observation]:
        said: list[Observation] = []
        for side in [side for side, head in self._heads.items() if head]:
            said += self._judge(side, LINES)
        return said + self._reader.close() if self._reader is not None else said

    def _judge(self, side: Side, kind: str) -> list[Observation]:
        """A side's first bytes are clear: make the reader, and pass on what was held."""
        said: list[Observation] = []
        if kind == LINES or self._said:
            del self._heads[side]
            if self._reader is None:
                self._reader = self._lines()
            ready = [one for one in self._held if one[0] is side]
            self._held = [one for one in self._held if one[0] is not side]
        else:
            self._heads.clear()
            self._carrier, self._reader = kind, self._make(kind, side)
            if self._passed:
                said += self._reader.gap(side.other, self._passed)
            ready, self._held = self._held, []
        for sender, what, mark in ready:
            if mark is not None and isinstance(what, bytes):
                said += self._pass(sender, what, mark)
            elif isinstance(what, int):
                said += self._reader.gap(sender, what)
        return said

    def _make(self, kind: str, side: Side) -> Reader:
        if kind == "tls":
            return Tls()
        if kind == "http":
            return Http(self._handler(), self._inner, self._upgrade)
        if kind == "http2":
            return self._http2() if self._http2 is not None else self._lines()
        if kind == "websocket":
            return self._upgrade(None) if self._upgrade is not None else self._lines()
        return (Socks if kind == "socks" else ProxyProtocol)(self._inner, side)

    def _inner(self) -> Opening:
        return Opening(self._lines, self._handler, self._upgrade, self._http2, self._depth + 1)

    def _pass(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        reader = self._reader
        assert reader is not None
        if self._carrier is None:
            self._passed += len(data)
        if reader.done:
            return []
        said = reader.data(side, data, mark)
        if said:
            self._said = True
        return said

    def _peeled(self) -> tuple[str, ...]:
        if self._carrier is None:
            return ()
        reader = self._reader
        name = reader.carrier if isinstance(reader, Http) else self._carrier
        inner = getattr(reader, "inner", None)
        return (name, *inner._peeled()) if isinstance(inner, Opening) else (name,)
