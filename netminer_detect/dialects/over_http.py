"""Reads mining that travels in HTTP exchanges: JSON-RPC calls in POST bodies and their answers, and other requests.

Contract: `HttpMining` handles one HTTP connection (an `Exchange` of the HTTP carrier). Each JSON-RPC call is
offered to the HTTP dialects, the one that spoke last first; the first that knows it reads it and its answer.
What is no call goes to `exchanges`. Observations name the dialect with `DialectRecognised` whenever it changes:
a miner that falls back from getblocktemplate to getwork on one connection speaks two. Whoever asks is the miner:
HTTP has no other direction.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, ClassVar, Protocol

from msgspec import Struct, field

from netminer_detect.carriers.http_message import HttpMessage
from netminer_detect.carriers.names import unescaped
from netminer_detect.dialects.exchanges import Exchanges
from netminer_detect.dialects.handed_out import Handed, HandedOut
from netminer_detect.dialects.registry import over_http
from netminer_detect.messages import is_log, read_body
from netminer_detect.observations import DialectRecognised, Evidence, Observation, Side
from netminer_detect.patterns import pattern
from netminer_detect.requests import Requests, id_key

MAX_CALLS = 32
MAX_PATH = 1024
_MINER = pattern(r"miner|poclbm|phoenix|ufasoft|reaper|xmrig", re.IGNORECASE)


class Call(Struct, frozen=True):
    """One JSON-RPC call and the HTTP request that carried it; `serial` numbers the calls of a connection, `handed` is
    the work that other connections were handed. A GET is a call without a method: some are answered like one."""

    serial: int
    method: str
    params: Any
    id: str | None
    body: dict[str, Any]
    request: HttpMessage
    handed: Handed

    @property
    def positional(self) -> list[Any]:
        return self.params if isinstance(self.params, list) else []

    def evidence(self, what: str) -> Evidence:
        shown: str | dict[str, Any] = self.body or f"{self.request.method} {self.request.target}"
        return Evidence(self.request.mark, Side.CLIENT, what, shown)

    def repeated_by(self, answer: dict[str, Any] | None) -> bool:
        """Whether an answer repeats the call's id, as nodes do; one without an id may."""
        identity = (answer or {}).get("id")
        return identity is None or id_key(identity) == self.id

    @property
    def path(self) -> str:
        """The path of the request, its escapes undone, without query; of an absolute URI too."""
        target = (self.request.target or "")[:MAX_PATH]
        if not target.startswith("/"):
            target = "/" + target.partition("://")[2].partition("/")[2]
        return unescaped(re.split(r"[?#]", target, maxsplit=1)[0])

    @property
    def agent(self) -> str | None:
        return self.request.headers.get("user-agent") or None

    @property
    def names_miner(self) -> bool:
        """Whether the agent is called like a mining program."""
        return _MINER.search(self.agent or "") is not None

    @property
    def of_miner(self) -> bool:
        """Whether a call is a mining program's, by its head."""
        headers = self.request.headers
        return "x-mining-extensions" in headers or "x-mining-hashrate" in headers or self.names_miner

    @property
    def basic_user(self) -> str | None:
        """The user of HTTP Basic; its password is never looked at."""
        kind, _, encoded = self.request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            decoded = base64.b64decode(encoded.strip()[:1024], validate=False)
        except (binascii.Error, ValueError):
            return None
        return decoded.decode("utf-8", "replace").partition(":")[0] or None


class Answer(Struct, frozen=True):
    """The answer to a call: `body` is its JSON, None where the response held none for it."""

    body: dict[str, Any] | None
    response: HttpMessage

    def evidence(self, what: str) -> Evidence:
        shown: str | dict[str, Any] = self.body if self.body is not None else f"HTTP status {self.response.status}"
        return Evidence(self.response.mark, Side.SERVER, what, shown)

    @property
    def refused(self) -> bool:
        """Whether HTTP itself says no."""
        return self.response.status is not None and self.response.status >= 400


class HttpDialect(Protocol):
    """A dialect of HTTP exchanges; a module that names it as `HTTP_DIALECT` adds one."""

    NAME: ClassVar[str]

    @staticmethod
    def knows(call: Call) -> bool: ...

    def asked(self, call: Call) -> list[Observation]: ...

    def answered(self, call: Call, answer: Answer) -> list[Observation]: ...


class HttpMining(Struct):
    """See the module's contract."""

    handed: Handed = field(default_factory=lambda: HandedOut().between(b"", b""))
    _speaking: dict[str, HttpDialect] = field(default_factory=dict)
    _current: str | None = None
    _calls: int = 0
    # Pipelined requests of one frame look alike: each key has its own queue.
    _waiting: Requests[list[tuple[Call, HttpDialect]]] = field(default_factory=Requests)
    _exchanges: Exchanges = field(default_factory=Exchanges)

    def __call__(self, message: HttpMessage) -> list[Observation]:
        if message.method is not None:
            said = self._exchanges.request(_key(message), message)
            return self._named(said, message, message.side) + self._request(message)
        if message.request is None:
            return []
        said = self._exchanges.response(_key(message.request), message)
        return self._named(said, message, message.side.other) + self._response(message)

    def _named(
        self, said: list[tuple[str, list[Observation]]], message: HttpMessage, client: Side
    ) -> list[Observation]:
        """What interfaces said, behind their names where these change."""
        found: list[Observation] = []
        for name, observations in said:
            if observations and self._current != name:
                self._current = name
                evidence = Evidence(message.mark, Side.CLIENT if message.side is client else Side.SERVER, "dialect", "")
                found.append(DialectRecognised(evidence, name, client is Side.SERVER))
            found += observations
        return found

    def _request(self, message: HttpMessage) -> list[Observation]:
        found: list[Observation] = []
        calls: list[tuple[Call, HttpDialect]] = []
        for body in _bodies_of(message):
            method = body.get("method", "")
            if not isinstance(method, str) or is_log(body):
                continue
            self._calls += 1
            call = Call(self._calls, method, body.get("params"), id_key(body.get("id")), body, message, self.handed)
            dialect = self._dialect_of(call)
            if dialect is None:
                continue
            calls.append((call, dialect))
            if self._current != dialect.NAME:
                self._current = dialect.NAME
                found.append(DialectRecognised(call.evidence("dialect"), dialect.NAME, message.side is Side.SERVER))
            found += dialect.asked(call)
        if calls:
            self._waiting.ask(_key(message), calls)
        return found

    def _dialect_of(self, call: Call) -> HttpDialect | None:
        speaking = self._speaking.get(self._current or "")
        if speaking is not None and speaking.knows(call):
            return speaking
        for kind in over_http():
            if kind.knows(call):
                return self._speaking.setdefault(kind.NAME, kind())
        return None

    def _response(self, message: HttpMessage) -> list[Observation]:
        calls = self._waiting.answer(_key(message.request)) if message.request is not None else None
        if not calls:
            return []
        answers = read_body(message.body)[:MAX_CALLS]
        found: list[Observation] = []
        for at, (call, dialect) in enumerate(calls):
            body = _answer_of(call, answers, at if len(calls) > 1 else 0)
            found += dialect.answered(call, Answer(body, message))
        return found


def _bodies_of(message: HttpMessage) -> list[dict[str, Any]]:
    """The calls of a request; a GET is one without a body."""
    if message.method == "GET":
        return [{}]
    return read_body(message.body)[:MAX_CALLS] if message.method == "POST" and message.body else []


def _key(message: HttpMessage) -> str:
    """What tells a request of this connection from another: its frame and the text of its head."""
    return f"{message.mark.capture}/{message.mark.frame}/{message.mark.offset}/{message.target}"


def _answer_of(call: Call, answers: list[dict[str, Any]], at: int) -> dict[str, Any] | None:
    """The answer with the call's id; without one, the answer in its place (getwork servers count on their own)."""
    for answer in answers:
        if id_key(answer.get("id")) == call.id and ("result" in answer or "error" in answer):
            return answer
    return answers[at] if at < len(answers) else None
