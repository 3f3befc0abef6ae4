"""Reads HTTP/1.0 and 1.1 connections and hands each message to a handler.

Contract: a Reader. Each message goes to `handler` when its last byte was seen (or lost, or at close): requests
and final responses, but not 1xx responses and not what opens a tunnel; a response knows the request it
answers where that is sure. `ServerNamed` is said for each Host (basis "http") and for what a proxy is asked to reach,
by CONNECT or by a whole URL (basis "connect"), `TunnelAnswered` for the answer to CONNECT. What follows CONNECT is read
by `inner`, made by `tunnel`; what follows a WebSocket upgrade by one made by `upgrade`. It does not matter which side
the caller thinks the client is. Memory: two messages of MAX_BODY and MAX_WAITING requests of MAX_WAITING_BODY.

`done`: after ENOUGH messages of a side or ENOUGH_BYTES of which the handler said nothing; after much in a row that is
no HTTP; or when the inner reader is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

from netminer_detect.carriers.http_message import Exchange, HttpMessage, Incoming
from netminer_detect.carriers.http_parser import Body, HttpParser
from netminer_detect.carriers.names import host_and_port
from netminer_detect.carriers.reader import Inner, Reader
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Observation, ServerNamed, Side, TunnelAnswered

# A block template of a full block is 8 to 10 MB of JSON.
ENOUGH, ENOUGH_BYTES = 8, 16 << 20
MAX_WAITING, MAX_HOSTS = 32, 32
_MAX_GARBAGE_LINES = 10_000
VERBS = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"DELETE ", b"CONNECT ", b"PATCH ", b"TRACE ")
_VERSION = b"HTTP/1."
_TUNNEL_REPLY = "connection established"

Upgrade = Callable[[HttpMessage | None], Reader]
"""Makes the reader behind an upgrade to WebSocket from the request that asked for it."""


def begins_request(head: bytes) -> bool | None:
    """Whether bytes begin with an HTTP verb; None while that is open."""
    if head.startswith(VERBS):
        return True
    return None if any(verb.startswith(head) for verb in VERBS) else False


def begins_http(head: bytes) -> bool | None:
    """Whether bytes begin with a request or a response; None while that is open."""
    if head[:1] != b"H":
        return begins_request(head)
    if head.startswith((_VERSION, b"HEAD ")):
        return True
    return None if _VERSION.startswith(head) or b"HEAD ".startswith(head) else False


class _Pairing:
    """Which request a response answers: first in, first out, and none where that is not sure.

    After a gap requests are not paired until the responses to those that wait have come. A response that came
    before its request (packets captured out of order) would shift all later pairs: two requests after such a
    one are taken as a sign of it.
    """

    __slots__ = ("_orphan", "_owed", "_unsure", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[Incoming] = deque()
        self._unsure = False
        self._owed = 0
        self._orphan = False

    def ask(self, request: Incoming) -> None:
        if self._orphan and self._waiting:
            self.lost(0)
        elif len(self._waiting) == MAX_WAITING:
            self.lost(MAX_WAITING)
        if self._unsure:
            self._owed += 1
        else:
            self._waiting.append(request)

    def answer(self) -> Incoming | None:
        if self._waiting:
            self._orphan = False
            return self._waiting.popleft()
        self._orphan = not self._unsure
        self._owed -= 1
        if self._owed <= 0:
            self._unsure = False
        return None

    def lost(self, owed: int) -> None:
        """Messages may be missing; `owed` responses are still to come to requests that were seen."""
        self._waiting.clear()
        self._unsure, self._owed, self._orphan = True, owed, False

    def __len__(self) -> int:
        return len(self._waiting)


class Http:
    """See the module's contract. `carrier` is "http", then "connect" or "websocket"."""

    def __init__(self, handler: Exchange, tunnel: Inner, upgrade: Upgrade | None = None) -> None:
        self.inner: Reader | None = None
        self.carrier: Literal["http", "connect", "websocket"] = "http"
        self._handler, self._tunnel, self._upgrade = handler, tunnel, upgrade
        self._parsers = {side: HttpParser(side, self._head, self._end) for side in Side}
        self._pairing = _Pairing()
        self._requester: Side | None = None
        self._inside: set[Side] = set()
        self._asked: dict[Side, bytes] = {}
        self._upgrading: Incoming | None = None
        self._hosts: set[tuple[str, int | None]] = set()
        self._said: list[Observation] = []
        self._messages = dict.fromkeys(Side, 0)
        self._mark = Mark(0, None, None, None)
        self._bytes = 0
        self._useful = self._over = False

    @property
    def done(self) -> bool:
        return self._over or (self.inner is not None and self.inner.done)

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        if self._over:
            return []
        if side in self._inside:
            assert self.inner is not None
            return self.inner.data(side, data, mark)
        self._bytes += len(data)
        self._mark = mark
        self._read(side, data, mark)
        if self.inner is None:
            much = self._bytes > ENOUGH_BYTES and not self._useful
            self._over = self._over or much or self._parsers[side].garbage > _MAX_GARBAGE_LINES
        return self._take_said()

    def gap(self, side: Side, size: int) -> list[Observation]:
        if self._over:
            return []
        if side not in self._inside and (side in self._asked or self._upgrading is not None):
            self._enter(side, self._mark)
        if side in self._inside:
            assert self.inner is not None
            self._said += self.inner.gap(side, size)
        elif not self._parsers[side].gap(size):
            self._pairing.lost(len(self._pairing) if side is self._requester else 0)
        return self._take_said()

    def close(self) -> list[Observation]:
        for side in Side:
            if not self._over and side not in self._inside:
                self._parsers[side].close()
        if self.inner is not None and not self._over:
            self._said += self.inner.close()
        self._over = True
        return self._take_said()

    def _take_said(self) -> list[Observation]:
        said, self._said = self._said, []
        return said

    def _read(self, side: Side, data: bytes, mark: Mark) -> None:
        """Messages, and behind a CONNECT either the tunnel or, after a refusal, another request."""
        while data and not self._over:
            if side in self._inside:
                assert self.inner is not None
                self._said += self.inner.data(side, data, mark)
                return
            if side in self._asked:
                self._asked[side] += data
                again = begins_request(self._asked[side])
                if again is None and self.inner is None:
                    return
                if not again or self.inner is not None:
                    # No answer is needed to see that this is no HTTP: captures may lack the server's side.
                    self._enter(side, mark)
                    return
                data = self._asked.pop(side)
                self._upgrading = None
            data = self._parsers[side].feed(data, mark)

    def _enter(self, side: Side, mark: Mark) -> None:
        """From here on a side speaks inside the tunnel."""
        if side in self._inside:
            return
        if self.inner is None and self._upgrading is not None and self._upgrade is not None:
            self.inner, self.carrier = self._upgrade(self._upgrading.message()), "websocket"
        elif self.inner is None:
            self.inner, self.carrier = self._tunnel(), "connect"
        self._inside.add(side)
        held = self._asked.pop(side, b"") or self._parsers[side].rest()
        if held:
            self._said += self.inner.data(side, held, mark)

    def _head(self, message: Incoming) -> Body:
        if self._over:
            return Body.STOP
        return self._request(message) if message.method else self._response(message)

    def _request(self, message: Incoming) -> Body:
        self._requester = message.side
        self._parsers[message.side.other].end_endless()
        self._pairing.ask(message)
        target = message.target or ""
        if message.method == "CONNECT":
            self._name("connect", target, message, "CONNECT " + target)
            self._asked[message.side] = b""
            self._count(message.side)
            return Body.STOP
        scheme, _, rest = target.partition("://")
        asked = rest.partition("/")[0].rpartition("@")[2]
        if asked and scheme.lower() == "http":
            # A request in absolute form goes to a proxy (RFC 9112, 3.2.2).
            named = asked if asked.rpartition(":")[2].isdigit() else f"{asked}:80"
            self._name("connect", named, message, f"{message.method} http://{asked}")
        host = message.headers.get("host") or asked
        for one in host.split(",")[:MAX_HOSTS]:
            self._name("http", one.strip(), message, "Host: " + host)
        if self._upgrade is None or not _to_websocket(message):
            return Body.BY_HEADERS
        self._asked[message.side], self._upgrading = b"", message
        self._count(message.side)
        return Body.STOP

    def _response(self, message: Incoming) -> Body:
        status = message.status or 0
        if status // 100 == 1 and status != 101:
            return Body.NONE
        request = message.answers = self._pairing.answer()
        method = request.method if request is not None else None
        if method == "CONNECT":
            evidence = Evidence(message.mark, message.side, "connect answer", f"HTTP status {status}")
            self._said.append(TunnelAnswered(evidence, status // 100 == 2))
        if status == 101:
            return self._switch(message)
        if status // 100 == 2 and (method == "CONNECT" or (method is None and _opens_tunnel(message))):
            self._enter(message.side, message.mark)
            self._enter(message.side.other, message.mark)
            return Body.STOP
        return Body.NONE if method == "HEAD" or status in (204, 304) else Body.BY_HEADERS

    def _switch(self, message: Incoming) -> Body:
        """Another protocol on this connection: WebSocket can be read further, others (h2c) not."""
        if self._upgrade is None or not _to_websocket(message):
            self._over = True
            return Body.STOP
        asked = self._upgrading or message.answers
        self.inner, self.carrier = self._upgrade(asked.message() if asked is not None else None), "websocket"
        self._enter(message.side, message.mark)
        self._enter(message.side.other, message.mark)
        return Body.STOP

    def _end(self, message: Incoming) -> None:
        if self._over or (message.status is not None and message.status < 200):
            return
        found = self._handler(message.message())
        self._said += found
        self._useful = self._useful or bool(found)
        self._count(message.side)

    def _count(self, side: Side) -> None:
        self._messages[side] += 1
        if not self._useful and self._messages[side] >= ENOUGH:
            self._over = True

    def _name(self, basis: Literal["http", "connect"], host: str, message: Incoming, excerpt: str) -> None:
        """Say a server's name, once."""
        named = host_and_port(host.encode("utf-8", "replace"))
        if named is None or named in self._hosts or len(self._hosts) >= MAX_HOSTS:
            return
        self._hosts.add(named)
        what = "connect" if basis == "connect" else "host"
        evidence = Evidence(message.mark, message.side, what, excerpt[:300])
        self._said.append(ServerNamed(evidence, named[0], named[1], basis))


def _to_websocket(message: Incoming) -> bool:
    """Whether a message asks for WebSocket, or agrees to it."""
    return "websocket" in message.headers.get("upgrade", "").lower()


def _opens_tunnel(message: Incoming) -> bool:
    """Whether a response of which the request was not seen is the usual answer to CONNECT."""
    return message.reason.lower().startswith(_TUNNEL_REPLY) and message.length is None and not message.chunked
