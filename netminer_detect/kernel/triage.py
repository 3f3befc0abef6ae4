"""Judges by the first bytes of a direction whether a flow deserves attention. The plain twin of the kernel.

Contract: `judge_head(watch, payload, cut, datagram)` looks at the first payload of a direction and says PASSED
(nothing for us), CANDIDATE, BLANK (only spaces so far), HTTP (nothing yet; each request is to be looked at with
`judge_http`) or a `Hello` (a ClientHello whose server name is still to come; `Hello.more` takes the rest in order).
`cut`: the snap length cut the segment, so waiting for more is vain. `dns_hit`, `dns_stream_hit` and `token_hit`
look at any payload. Nothing raises, nothing is kept but a Hello's few held bytes.

Sources: RFC 8446 4.1.2 (ClientHello), RFC 6066 3 (server_name), RFC 9112 (HTTP/1.1), RFC 1035 4.1 (DNS messages).
"""

from __future__ import annotations

import re
from enum import IntEnum

from netminer_detect.kernel.interface import Watch
from netminer_detect.kernel.policy import (
    MAX_BLANK,
    MAX_DNS_JUMPS,
    MAX_DNS_LABELS,
    MAX_DNS_NAMES,
    MAX_HTTP_HEAD,
    MAX_NAME_EXTENSION,
    MAX_PART,
    TOKEN_REACH,
)
from netminer_detect.kernel.watch import name_watched


class Verdict(IntEnum):
    """See the module's contract."""

    BLANK = 0
    PASSED = 1
    HTTP = 2
    CANDIDATE = 3


# Spaces, NUL and the three bytes of a BOM may stand before a JSON text.
BLANKS = b" \t\r\n\0\xef\xbb\xbf"
_METHODS = (b"POST ", b"CONNECT ", b"GET ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"TRACE ")
_CNAME = 5
# Compiled when something is posted: most scans of small captures meet nothing that is.
_LENGTH = rb"(?i)\ncontent-length:[ \t]*(\d{1,10})[ \t]*\r"


def judge_head(watch: Watch, payload: bytes, cut: bool, datagram: bool = False) -> Verdict | Hello:
    """Judge the first payload of a direction; it is not empty."""
    if opens(watch, payload, not cut and not datagram):
        return Verdict.CANDIDATE
    if not cut and not datagram and of_length(watch, payload):
        return Verdict.CANDIDATE
    text = payload[:MAX_BLANK].lstrip(BLANKS)
    if not text:
        return Verdict.BLANK
    if text[0] == 0x7B:
        return Verdict.CANDIDATE
    if datagram:
        return Verdict.PASSED
    if payload[0] == 0x16:
        judged = _judge_hello(watch, payload)
        if cut and not isinstance(judged, Verdict):
            return Verdict.PASSED
        return Verdict.CANDIDATE if judged is None else judged
    return judge_http(watch, payload, cut)


def opens(watch: Watch, payload: bytes, short_matters: bool) -> bool:
    """Whether a row of openings matches, or may match once there is more. A payload that ends before a row begins
    tells nothing, so only the smallest are waited for."""
    for offset, row in watch.openings:
        have = payload[offset : offset + len(row)]
        if have == row:
            return True
        if short_matters and len(have) < len(row) and row.startswith(have) and (have or len(payload) <= MAX_PART):
            return True
    return False


def of_length(watch: Watch, payload: bytes) -> bool:
    """Whether a row of lengths matches, which text never does, or may match once there is more."""
    size = len(payload)
    for length, row in watch.lengths:
        if size in range(1, min(MAX_PART + 1, length)):
            if row[:size] == payload[: len(row)]:
                return True
        elif size == length and payload.startswith(row):
            return any((byte < 0x20 and byte not in b"\t\r\n") or byte >= 0x7F for byte in payload)
    return False


def judge_http(watch: Watch, payload: bytes, cut: bool) -> Verdict:
    """Judge what may be the begin of an HTTP request."""
    for method in _METHODS:
        if payload.startswith(method):
            judged = Verdict.CANDIDATE if method == b"CONNECT " else _judge_request(watch, payload, cut)
            return judge_body(watch, payload) if method == b"POST " and judged is Verdict.HTTP else judged
        if not cut and len(payload) < len(method) and method.startswith(payload):
            return Verdict.CANDIDATE
    return Verdict.PASSED


def judge_body(watch: Watch, payload: bytes) -> Verdict:
    """A POST that nothing in its head makes a candidate: by whether its body can be a call of a mining program. Forms,
    telemetry and other programs' calls are most of what is posted, and to read one costs as much as to look at fifty.
    What is not all there, or comes in chunks, is handed out."""
    head, _, body = payload.partition(b"\r\n\r\n")
    told = None if b"\ntransfer-encoding:" in head.lower() else re.search(_LENGTH, head + b"\r")
    if told is None:
        return Verdict.CANDIDATE
    text, whole = body.lstrip(BLANKS), int(told[1]) <= len(body)
    if text and text[0] not in b"{[":
        return Verdict.HTTP
    called = any(call in text.lower() for call in watch.calls)
    return Verdict.CANDIDATE if called or not whole else Verdict.HTTP


def _judge_request(watch: Watch, payload: bytes, cut: bool) -> Verdict:
    """A request that carries no JSON itself: by its path, its Host, or an upgrade to WebSocket. The first page of a
    host at a port of its own is where small programs have their interface."""
    if opens(watch, payload, False):
        return Verdict.CANDIDATE
    head = payload[:MAX_HTTP_HEAD]
    lines = head.split(b"\n")
    named, front = False, head.startswith(b"GET / ")
    for line in lines[1:-1]:
        line = line.rstrip(b"\r")
        if not line:
            return Verdict.HTTP
        field = line[:8].lower()
        if field.startswith(b"host:"):
            named = True
            if name_watched(watch.names, _host(line[5:])) or (front and b":" in line[5:]):
                return Verdict.CANDIDATE
        elif field == b"upgrade:" and line[8:].lstrip(b" \t")[:9].lower() == b"websocket":
            return Verdict.CANDIDATE
    return Verdict.HTTP if named or cut else Verdict.CANDIDATE


def _host(value: bytes) -> bytes:
    """The name in a Host field: without spaces and port."""
    value = value.strip(b" \t")
    colon = value.find(b":")
    return value if colon < 0 else value[:colon]


def token_hit(watch: Watch, payload: bytes) -> bool:
    """Whether a payload in the middle of a stream begins like JSON and holds one of the tokens."""
    head = payload[:TOKEN_REACH]
    return head[:MAX_BLANK].lstrip(BLANKS)[:1] == b"{" and any(token in head for token in watch.tokens)


class Hello:
    """A ClientHello whose server name has not come yet: what is to be skipped, what is left, what is held."""

    __slots__ = ("held", "left", "skip")

    def __init__(self, skip: int, left: int, held: bytes) -> None:
        self.skip, self.left, self.held = skip, left, held

    def more(self, watch: Watch, payload: bytes) -> Verdict | None:
        """The next bytes, in order. None while the name is still to come."""
        if self.skip >= len(payload):
            self.skip -= len(payload)
            return None
        data = self.held + payload[self.skip :]
        judged = _walk_extensions(watch, data, 0, self.left)
        if isinstance(judged, Hello):
            self.skip, self.left, self.held = judged.skip, judged.left, judged.held
            return None
        return judged


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _judge_hello(watch: Watch, data: bytes) -> Verdict | Hello | None:
    """A first payload with a TLS handshake record's first byte. None: too short to say."""
    size = len(data)
    if (size >= 2 and data[1] != 3) or (size >= 6 and data[5] != 1):
        return Verdict.PASSED
    if size < 44:
        return None
    handshake = data[6] << 16 | _u16(data, 7)
    if _u16(data, 3) < handshake + 4:
        return Verdict.CANDIDATE  # a hello in several records
    at = 44 + data[43]
    if at + 2 > size:
        return None
    at += 2 + _u16(data, at)
    if at + 1 > size:
        return None
    at += 1 + data[at]
    if at >= 9 + handshake:
        return Verdict.CANDIDATE  # no extensions, so no name
    if at + 2 > size:
        return None
    return _walk_extensions(watch, data, at + 2, _u16(data, at))


def _walk_extensions(watch: Watch, data: bytes, at: int, left: int) -> Verdict | Hello:
    size = len(data)
    while left >= 4:
        if at > size:
            return Hello(at - size, left, b"")
        if at + 4 > size:
            return Hello(0, left, data[at:])
        kind, length = _u16(data, at), _u16(data, at + 2)
        if length + 4 > left:
            return Verdict.CANDIDATE
        if kind == 0:
            if length > MAX_NAME_EXTENSION:
                return Verdict.CANDIDATE
            if at + 4 + length > size:
                return Hello(0, left, data[at:])
            return _judge_server_name(watch, data, at + 4, length)
        at += 4 + length
        left -= 4 + length
    return Verdict.CANDIDATE


def _judge_server_name(watch: Watch, data: bytes, at: int, length: int) -> Verdict:
    """The server_name extension's body; only its first entry, a host name, is ever used."""
    if length < 6 or data[at + 2] != 0:
        return Verdict.CANDIDATE
    size = _u16(data, at + 3)
    if size == 0 or 5 + size > length:
        return Verdict.CANDIDATE
    return Verdict.CANDIDATE if name_watched(watch.names, data[at + 5 : at + 5 + size]) else Verdict.PASSED


def dns_stream_hit(watch: Watch, payload: bytes) -> bool:
    """DNS over TCP: messages behind their lengths. One that is not whole counts: it needs a reader."""
    at, size = 0, len(payload)
    while at + 2 <= size:
        length = _u16(payload, at)
        if length < 12:
            return False
        if at + 2 + length > size or dns_hit(watch, payload[at + 2 : at + 2 + length]):
            return True
        at += 2 + length
    return False


def dns_hit(watch: Watch, message: bytes) -> bool:
    """Whether a DNS message asks for a watched name, or answers about one."""
    size = len(message)
    if size < 12:
        return False
    questions, answers = _u16(message, 4), _u16(message, 6)
    at, names = 12, 0
    while questions + answers:
        names += 1
        if names > MAX_DNS_NAMES:
            return False
        at = _dns_name_hit(watch, message, at)
        if at <= 0:
            return at == _HIT
        if questions:
            questions -= 1
            at += 4
            continue
        answers -= 1
        if at + 10 > size:
            return False
        kind, length = _u16(message, at), _u16(message, at + 8)
        if kind == _CNAME and _dns_name_hit(watch, message, at + 10) == _HIT:
            return True
        at += 10 + length
    return False


_HIT, _BROKEN = -1, 0


def _dns_name_hit(watch: Watch, message: bytes, at: int) -> int:
    """Read a name: _HIT if it is watched, _BROKEN if it is none, else the place behind it."""
    size, after, jumps = len(message), 0, 0
    labels: list[bytes] = []
    length = 0
    while True:
        if at >= size:
            return _BROKEN
        count = message[at]
        if count == 0:
            break
        if count >= 0xC0:
            jumps += 1
            if at + 1 >= size or jumps > MAX_DNS_JUMPS:
                return _BROKEN
            after = after or at + 2
            at = _u16(message, at) & 0x3FFF
            continue
        length += count + 1
        if count > 63 or length > 255 or len(labels) >= MAX_DNS_LABELS or at + 1 + count > size:
            return _BROKEN
        labels.append(message[at + 1 : at + 1 + count])
        at += 1 + count
    if name_watched(watch.names, b".".join(labels)):
        return _HIT
    return after or at + 1
