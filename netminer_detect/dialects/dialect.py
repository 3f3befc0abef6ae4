"""What a dialect of JSON messages is: how it is recognised, and what it says.

Contract: a module of this folder that names a `DIALECT` class adds a dialect. `hint(message)` says how strongly
one message speaks for the dialect and who must have sent it; `read(message)` gives the observations of a
message of the recognised dialect, None where it is none of this dialect's (so that a change of dialect in the
middle of a stream is seen). Nothing raises, whatever the message holds; memory is bounded.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from netminer_detect.carriers.http_message import HttpMessage
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Observation, Side
from netminer_detect.patterns import pattern


class Strength(IntEnum):
    """How much one message says. FAMILY and above make a finding when the flow ends without more."""

    WEAK = 1
    FAMILY = 2
    LIKELY = 3
    CERTAIN = 4


class Hint(Struct, frozen=True):
    """`speaker` is the side that sends such a message in this dialect."""

    strength: Strength
    speaker: Side


class Message:
    """One JSON object of a flow. `method` is None for answers, `low_method` is it in lower case (cgminer and its kin
    take a pool's methods in any, util.c); `positional` are the `params` where they are a list, else nothing. `request`
    opened the connection where that was an upgrade to WebSocket: some miners name their wallet in its path."""

    # Every dialect looks at them: they are found once.
    __slots__ = ("body", "low_method", "mark", "method", "params", "positional", "request", "side")

    def __init__(self, side: Side, body: dict[str, Any], mark: Mark, request: HttpMessage | None = None) -> None:
        self.side, self.body, self.mark, self.request = side, body, mark, request
        method, params = body.get("method"), body.get("params")
        self.method = method if isinstance(method, str) else None
        self.low_method = None if self.method is None else self.method.lower()
        self.params: Any = params
        self.positional: list[Any] = params if isinstance(params, list) else []

    @property
    def named(self) -> dict[str, Any]:
        """The params where they are an object, else nothing."""
        params = self.body.get("params")
        return params if isinstance(params, dict) else {}

    def evidence(self, what: str) -> Evidence:
        return Evidence(self.mark, self.side, what, self.body)


class Dialect(Protocol):
    """See the module's contract."""

    NAME: ClassVar[str]

    @staticmethod
    def hint(message: Message) -> Hint | None: ...

    def read(self, message: Message) -> list[Observation] | None: ...

    def gap(self, side: Side) -> None:
        """Bytes of one side are missing: what they may have changed is no longer known."""
        ...


_HEX = pattern(r"[0-9a-fA-F]*\Z")


def is_hex(value: object, digits: int | range | None = None) -> bool:
    """Whether a value is a hex string without 0x, of that many digits."""
    if not isinstance(value, str) or not _HEX.match(value):
        return False
    if digits is None:
        return bool(value)
    return len(value) in digits if isinstance(digits, range) else len(value) == digits


def is_0x(value: object, digits: int | range) -> bool:
    """Whether a value is a hex string with 0x, of that many digits behind it."""
    return isinstance(value, str) and value[:2] in ("0x", "0X") and is_hex(value[2:], digits)


def text(value: object) -> str | None:
    """A value that should be text: strings as they are, numbers as digits, all else None. Empty is None."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return None
