"""Reads the clear part of TLS: the server name of the ClientHello, the names of a certificate, and what tells both.

Contract: a Reader. It says `ServerNamed` with basis "tls" for the server name of the ClientHello, and with
basis "certificate" for each name (at most 32) of the leaf certificate where the server shows one in clear
(TLS 1.2 and older); and of a whole ClientHello and a certificate each `TlsFact`. `done` once both are known or can no
longer come: TLS 1.3 was chosen, a resumed session, application data, or bytes that are no TLS (servers do answer a
ClientHello in plain text). Names are in lower case. It does not matter which side the caller thinks the client is: a
hello says so itself. At most MAX_HANDSHAKE bytes a side are held. Where a gap or the end cuts a ClientHello, a server
name before it counts.

Wire (RFC 8446, 5.1 and 4; RFC 5246, 7.4; RFC 6066, 3): records of type (1), version (2), length (2);
handshake messages of type (1), length (3), which run over record borders as they like.
"""

from __future__ import annotations

from typing import Literal

from netminer_detect.carriers.certificate import certificate_facts, certificate_names
from netminer_detect.carriers.names import server_name
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Observation, ServerNamed, Side, TlsFact

# A hello with post-quantum key shares is 2 kB, a chain of certificates 3 to 10 kB; the leaf comes first.
MAX_HANDSHAKE = 64 * 1024
# A half that has nothing more to say may go on for so long before the other is given up.
_MAX_SPARE = 64 * 1024
# RFC 5246, 6.2.3: 2^14 plus 2048 for what a cipher adds.
_MAX_RECORD = (1 << 14) + 2048

# (what, value): "tls" and "certificate" are names, all else a fact's kind.
_Kind = Literal["tls", "certificate", "ja3", "ja4", "subject", "issuer", "serial", "sha256"]
_Said = tuple[_Kind, str]

_FIRST_KIND, _ALERT, _HANDSHAKE, _APPLICATION = 20, 21, 22, 23
_HELLO_REQUEST, _CLIENT_HELLO, _SERVER_HELLO, _TICKET, _CERTIFICATE, _SUPPLEMENTAL = 0, 1, 2, 4, 11, 23
_EXTENSION_SERVER_NAME = 0


def begins_tls(head: bytes) -> bool | None:
    """Whether bytes begin with a TLS record; None while that is open."""
    if not _FIRST_KIND <= head[0] <= _APPLICATION or head[1:2] not in (b"", b"\x03"):
        return False
    if len(head) < 5:
        return None
    return head[2] <= 4 and 0 < _u16(head, 3) <= _MAX_RECORD


class _Half:
    """One direction, last fed at `mark`: records come apart, handshake messages together, until it is `finished`."""

    __slots__ = ("_header", "_hello_seen", "_kind", "_left", "_messages", "finished", "mark", "midstream")

    def __init__(self) -> None:
        self.mark = Mark(0, None, None, None)
        self.finished = False
        self.midstream = False
        self._header = b""
        self._left = 0
        self._kind = 0
        self._messages = bytearray()
        self._hello_seen = False

    def feed(self, data: bytes) -> list[_Said]:
        """Names with their basis."""
        said: list[_Said] = []
        at = 0
        while at < len(data) and not self.finished:
            if not self._left:
                taken = data[at : at + 5 - len(self._header)]
                self._header += taken
                at += len(taken)
                if len(self._header) == 5:
                    self._begin_record()
                elif begins_tls(self._header) is False:
                    self._finish()
                continue
            part = data[at : at + self._left]
            at += len(part)
            self._left -= len(part)
            if self._kind == _HANDSHAKE:
                self._messages += part
                said += self._read_messages()
        return said

    def cut(self) -> list[_Said]:
        """What follows is missing: read of the ClientHello what is there."""
        held = self._messages
        name = None
        if not self.finished and held and held[0] == _CLIENT_HELLO:
            name = _hello_server_name(bytes(held[4 : 4 + _u24(held, 1)]) if len(held) >= 4 else b"")
        self._finish()
        return [("tls", name)] if name is not None else []

    def _begin_record(self) -> None:
        kind, major, size = self._header[0], self._header[1], _u16(self._header, 3)
        first, self._header = not self._kind, b""
        if kind not in (_ALERT, _HANDSHAKE) or major != 3 or not 0 < size <= _MAX_RECORD:
            # Application data, or ChangeCipherSpec: from here on all is encrypted; or no TLS at all.
            self.midstream = first and kind == _APPLICATION
            self._finish()
        self._kind, self._left = kind, size

    def _finish(self) -> None:
        self.finished = True
        self._messages.clear()

    def _read_messages(self) -> list[_Said]:
        said: list[_Said] = []
        held = self._messages
        while len(held) >= 4 and not self.finished:
            kind, size = held[0], _u24(held, 1)
            if kind == _CERTIFICATE and self._hello_seen:
                size = min(size, _leaf_end(held))
            elif kind not in (_HELLO_REQUEST, _CLIENT_HELLO, _SERVER_HELLO, _TICKET, _SUPPLEMENTAL):
                self._finish()  # nothing before a certificate is of another type; ours was not shown
                break
            if size > MAX_HANDSHAKE:
                self._finish()
                break
            if len(held) < 4 + size:
                break
            body = bytes(held[4 : 4 + size])
            del held[: 4 + size]
            said += self._read_message(kind, body)
        return said

    def _read_message(self, kind: int, body: bytes) -> list[_Said]:
        if kind == _CLIENT_HELLO:
            self._finish()
            return _of_hello(body)
        if kind == _SERVER_HELLO:
            # After that of TLS 1.3 all is encrypted: its next record is no handshake and ends this half.
            self._hello_seen = True
        elif kind == _CERTIFICATE:
            self._finish()
            leaf = body[6:]
            return [("certificate", name) for name in certificate_names(leaf)] + list(certificate_facts(leaf))
        return []


class Tls:
    """See the module's contract."""

    __slots__ = ("_client", "_server", "_spare", "done")

    def __init__(self) -> None:
        self.done = False
        self._client = _Half()
        self._server = _Half()
        self._spare = 0

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        half = self._half(side)
        if half.finished:
            self._spare += len(data)
            self.done = self.done or self._spare > _MAX_SPARE
            return []
        half.mark = mark
        said = half.feed(data)
        if half.finished:
            self._settle()
        return [_observed(kind, value, side, mark) for kind, value in said]

    def gap(self, side: Side, size: int) -> list[Observation]:
        return self._cut(side)

    def close(self) -> list[Observation]:
        said = self._cut(Side.CLIENT) + self._cut(Side.SERVER)
        self.done = True
        return said

    def _half(self, side: Side) -> _Half:
        return self._client if side is Side.CLIENT else self._server

    def _cut(self, side: Side) -> list[Observation]:
        half = self._half(side)
        said = half.cut()
        self._settle()
        return [_observed(kind, value, side, half.mark) for kind, value in said]

    def _settle(self) -> None:
        client, server = self._client, self._server
        if (client.finished and server.finished) or client.midstream or server.midstream:
            self.done = True


def _observed(kind: _Kind, value: str, side: Side, mark: Mark) -> Observation:
    if kind == "tls" or kind == "certificate":
        return ServerNamed(Evidence(mark, side, "hello" if kind == "tls" else kind, value), value, None, kind)
    return TlsFact(Evidence(mark, side, kind, value), kind, value)


def _of_hello(body: bytes) -> list[_Said]:
    """What a whole ClientHello says."""
    from netminer_detect.carriers.fingerprints import fingerprints

    name, both = _hello_server_name(body), fingerprints(body)
    said: list[_Said] = [("tls", name)] if name is not None else []
    return said if both is None else [*said, ("ja3", both[0]), ("ja4", both[1])]


def _u16(data: bytes | bytearray, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _u24(data: bytes | bytearray, at: int) -> int:
    return data[at] << 16 | data[at + 1] << 8 | data[at + 2]


def _leaf_end(held: bytearray) -> int:
    """Where the first certificate ends in a Certificate message: list length (3), length (3), certificate."""
    return 6 + _u24(held, 7) if len(held) >= 10 else 6


def _server_name_list(body: bytes) -> bytes | None:
    """The server name extension of a ClientHello: version (2), random (32), session id, cipher suites, compression
    methods, extensions (each behind its length). None where it is not there whole."""
    try:
        if body[0] != 3 or body[34] > 32:
            return None
        at = 35 + body[34]
        at += 2 + _u16(body, at)
        at += 1 + body[at]
        end = at + 2 + _u16(body, at)
        at += 2
        while at + 4 <= end:
            size = _u16(body, at + 2)
            if _u16(body, at) == _EXTENSION_SERVER_NAME:
                value = body[at + 4 : at + 4 + size]
                return value if len(value) == size and at + 4 + size <= end else None
            at += 4 + size
    except IndexError:
        pass
    return None


def _hello_server_name(body: bytes) -> str | None:
    """ServerNameList: length (2), then entries of type (1), length (2), name; type 0 is a host name."""
    entries = _server_name_list(body)
    if entries is None or len(entries) < 5 or entries[2] != 0:
        return None
    size = _u16(entries, 3)
    return server_name(entries[5 : 5 + size]) if len(entries) >= 5 + size else None
