"""One HTTP message: as it grows on the wire, and as handlers see it.

Contract: `Incoming` collects a message of one direction within bounds (MAX_BODY, MAX_HEAD, MAX_HEADERS);
`Incoming.message()` is the `HttpMessage` of what there is so far. Bodies are inflated (gzip, deflate) up to
MAX_BODY and what `deflate.most_of` allows; `body_truncated` tells that bytes are lacking. Nothing raises.

Form (RFC 9112, 2 to 5): a start line, header lines, an empty line, a body. Read tolerantly: lines end in LF
with or without CR, folded headers (5.2) are joined, lines that are no headers are passed over.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from msgspec import Struct, field
from msgspec.structs import replace

from netminer_detect.carriers.deflate import most_of
from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side
from netminer_detect.patterns import pattern

# Block templates are MBs, but all that tells of mining stands in the first of them.
MAX_BODY = 1 << 20
# Servers take 8 to 64 kB of headers; what goes beyond is passed over.
MAX_HEAD, MAX_HEADERS = 64 * 1024, 200
# What a response may look at of the request it answers: many requests may wait at once.
MAX_WAITING_BODY = 64 * 1024

_METHODS = rb"(GET|POST|PUT|HEAD|OPTIONS|DELETE|CONNECT|PATCH|TRACE)"
# Targets hold blanks in the wild, though they must not.
_REQUEST = pattern(_METHODS + rb" +(\S.*) HTTP/1\.[01]$")
# Where bytes were lost, a start line stands right behind the end of a body, which has no line end of its own.
_LATE_REQUEST = pattern(_METHODS + rb" +(\S+) +HTTP/1\.[01]$")
_RESPONSE = pattern(rb"HTTP/1\.[01] +([1-9][0-9][0-9])(?: (.*))?$")
_DIGITS = pattern(r"\s*([0-9]{1,18})\s*(?:,|$)")


class HttpMessage(Struct, frozen=True):
    """A request (`method`, `target` set) or a response (`status` set). `side` sent it; header names are in lower
    case, repeated headers are joined by ", "; `request` is the request that a response answers, where known (its
    body cut at MAX_WAITING_BODY). `mark` is the frame of the last byte."""

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


class Incoming(Struct, eq=False):
    """A message on its way. `ended`: no more will come; `complete`: it ended as it should;
    `cut`: bytes of it are missing."""

    side: Side
    mark: Mark
    method: str | None = None
    target: str | None = None
    status: int | None = None
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    complete: bool = False
    cut: bool = False
    answers: Incoming | None = None
    _body: bytearray = field(default_factory=bytearray)
    _head_size: int = 0
    _last: str | None = None
    _message: HttpMessage | None = None

    def add_header(self, line: bytes) -> None:
        """Take a header line, without its line end."""
        self._head_size += len(line)
        if self._head_size > MAX_HEAD:
            return
        if line[:1] in (b" ", b"\t"):
            if self._last is not None:
                self.headers[self._last] += " " + _text(line)
            return
        name, colon, value = line.partition(b":")
        key = _text(name).lower()
        self._last = None
        if not colon or not key or " " in key or len(self.headers) >= MAX_HEADERS:
            return
        known = self.headers.get(key)
        self.headers[key] = _text(value) if known is None else f"{known}, {_text(value)}"
        self._last = key

    def add_body(self, data: bytes) -> None:
        room = MAX_BODY - len(self._body)
        if not self.cut and room > 0:
            self._body += data if len(data) <= room else data[:room]
        if len(data) > room:
            self.cut = True

    @property
    def length(self) -> int | None:
        """The Content-Length, None where there is none that can be read."""
        match = _DIGITS.match(self.headers.get("content-length", ""))
        return int(match[1]) if match else None

    @property
    def chunked(self) -> bool:
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    def message(self) -> HttpMessage:
        """What there is; a request that was handed over is kept with a short body for its response."""
        if self._message is not None:
            return self._message
        body, inflated_whole = _inflated(self.headers.get("content-encoding", ""), self._body)
        found = HttpMessage(
            self.side, self.method, self.target, self.status, self.headers, body,
            self.cut or not self.complete or not inflated_whole,
            self.answers.message() if self.answers is not None else None, self.mark,
        )  # fmt: skip
        if self.ended and self.status is None:
            long = len(body) > MAX_WAITING_BODY
            kept = replace(found, body=body[:MAX_WAITING_BODY], body_truncated=True) if long else found
            self._message, self._body = kept, bytearray()
        return found


def start_line(line: bytes, side: Side, mark: Mark) -> Incoming | None:
    """The message that begins with this line, or None where it is no start line."""
    if b"HTTP/1." not in line:
        return None
    line = line.rstrip()
    match = _REQUEST.match(line) or _LATE_REQUEST.search(line)
    if match:
        return Incoming(side, mark, method=match[1].decode(), target=_text(match[2]))
    match = _RESPONSE.search(line)
    if match:
        return Incoming(side, mark, status=int(match[1]), reason=_text(match[2] or b""))
    return None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip()


def _inflated(encoding: str, body: bytearray) -> tuple[bytes, bool]:
    """The body behind its content encoding, and whether that is all of it."""
    encoding = encoding.strip().lower()
    if encoding in ("gzip", "x-gzip"):
        wrappings = [zlib.MAX_WBITS | 32]
    elif encoding == "deflate":  # zlib by the book (RFC 9110, 8.4.1.2), bare deflate by custom
        wrappings = [zlib.MAX_WBITS, -zlib.MAX_WBITS]
    else:
        return bytes(body), True
    for wrapping in wrappings:
        plain, whole = _inflate(body, wrapping)
        if plain:
            return plain, whole
    return (b"", True) if not body else (bytes(body), False)


def _inflate(body: bytearray, wrapping: int) -> tuple[bytes, bool]:
    """What can be inflated, at most MAX_BODY, and nothing of a bomb. Fed in pieces: all before a damage is kept."""
    inflater, out = zlib.decompressobj(wrapping), bytearray()
    allowed = most_of(len(body))
    most = min(MAX_BODY, allowed)
    try:
        for at in range(0, len(body), 4096):
            out += inflater.decompress(body[at : at + 4096], most - len(out) + 1)
            if inflater.eof or len(out) > most:
                break
    except zlib.error:
        return bytes(out), False
    if len(out) > allowed:
        return b"", False
    return bytes(out[:most]), inflater.eof and len(out) <= most
