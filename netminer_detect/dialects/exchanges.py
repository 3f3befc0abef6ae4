"""Hands HTTP exchanges that are no JSON-RPC to the programs' interfaces that know them.

Contract: `Exchanges` takes each request and response of one connection. A request is offered to every interface that
`knows` it, by path; so is its response. An interface says nothing before the content has shown that it is what it
looks like. `said` gives what it said, behind a `DialectRecognised` where the connection spoke something else before.
Whoever asks is the client.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from msgspec import Struct, field

from netminer_detect.carriers.http_message import HttpMessage
from netminer_detect.dialects.registry import over_exchanges
from netminer_detect.messages import read_body
from netminer_detect.observations import Evidence, Observation, Side
from netminer_detect.requests import Requests


class Asked(Struct, frozen=True):
    """A request; `serial` numbers those of a connection, `path` is the target without its query."""

    serial: int
    request: HttpMessage
    path: str

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent, empty where there is none."""
        return object_of(self.request)

    @property
    def agent(self) -> str | None:
        return self.request.headers.get("user-agent") or None

    def evidence(self, what: str) -> Evidence:
        shown: str | dict[str, Any] = self.body or f"{self.request.method} {self.request.target}"
        return Evidence(self.request.mark, Side.CLIENT, what, shown)


class Reply(Struct, frozen=True):
    """A response and the JSON object in it, empty where there is none."""

    response: HttpMessage
    body: dict[str, Any]

    def evidence(self, what: str) -> Evidence:
        shown: str | dict[str, Any] = self.body or f"HTTP status {self.response.status}"
        return Evidence(self.response.mark, Side.SERVER, what, shown)


def object_of(message: HttpMessage) -> dict[str, Any]:
    """The first JSON object of a body."""
    objects = read_body(message.body) if message.body else []
    return objects[0] if objects else {}


class Interface(Protocol):
    """What a program says over HTTP; a module that names it as `EXCHANGE_DIALECT` adds one. One instance a
    connection."""

    NAME: ClassVar[str]

    @staticmethod
    def knows(method: str, path: str) -> bool:
        """Whether a request may be this interface's."""
        ...

    def asked(self, asked: Asked) -> list[Observation]: ...

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]: ...


class Exchanges(Struct):
    """See the module's contract."""

    _speaking: dict[str, Interface] = field(default_factory=dict)
    _serial: int = 0
    # Pipelined requests of one frame look alike: each key has its own queue.
    _waiting: Requests[tuple[Asked, list[Interface]]] = field(default_factory=Requests)

    def request(self, key: str, message: HttpMessage) -> list[tuple[str, list[Observation]]]:
        """(dialect, what was said) of a request; `key` tells it from others of the connection."""
        path = (message.target or "").partition("?")[0]
        path = path.partition("://")[2].partition("/")[2] if "://" in path else path.lstrip("/")
        kinds = [kind for kind in over_exchanges() if kind.knows(message.method or "", "/" + path)]
        if not kinds:
            return []
        self._serial += 1
        asked = Asked(self._serial, message, "/" + path)
        speakers = [self._speaking.setdefault(kind.NAME, kind()) for kind in kinds]
        self._waiting.ask(key, (asked, speakers))
        return [(speaker.NAME, speaker.asked(asked)) for speaker in speakers]

    def response(self, key: str, message: HttpMessage) -> list[tuple[str, list[Observation]]]:
        """The same of the response to the request with that key."""
        waiting = self._waiting.answer(key)
        if waiting is None:
            return []
        asked, speakers = waiting
        reply = Reply(message, object_of(message))
        return [(speaker.NAME, speaker.answered(asked, reply)) for speaker in speakers]
