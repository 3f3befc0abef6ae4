"""Reads SOCKS 4, 4a and 5 and hands the relayed stream to an inner reader.

Contract: a Reader. `client` is the side that greets. It says `ServerNamed` (basis "socks"; name or address
text, port) for the CONNECT request and `TunnelAnswered` for the answer to it; what each side sends behind its part
of the handshake goes to one reader made by `inner`. The client's bytes do so without waiting for an answer (clients
may send ahead, and a capture may lack the server's side). A refusal, another command than CONNECT, GSSAPI, or bytes
that are no SOCKS end it: `done`. Bytes lost within the handshake are taken as the rest of that side's handshake. At
most MAX_HELD bytes a side are held.

Wire: RFC 1928 (5), RFC 1929 (user and password), the SOCKS 4 and 4A memos.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from netminer_detect.carriers.names import server_name
from netminer_detect.carriers.reader import Inner, Reader
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Observation, ServerNamed, Side, TunnelAnswered

# The longest message is user and password of 255 bytes each; a SOCKS 4 user id has no bound of its own.
MAX_HELD = 1024
# IANA's list (0 to 9), and the first private ones.
_METHODS = frozenset((*range(10), *range(0x80, 0x90)))
_NO_AUTH, _GSSAPI, _PASSWORD = 0, 1, 2
_CONNECT, _IPV4, _NAME, _IPV6 = 1, 1, 3, 4
_SOCKS4_GRANTED, _SOCKS4_REFUSED = 90, (91, 92, 93)
_LAST_REPLY = 8


class _NotSocks(Exception):
    """The bytes cannot be what should stand here, or end what can be read."""


class _More(Exception):
    """The message is not whole yet."""


_Step = Callable[[bytes], int]
"""Reads one message at the front of the held bytes and returns its size; raises _More (nothing is changed then)
or _NotSocks."""


def begins_socks(head: bytes) -> bool | None:
    """Whether bytes are a SOCKS greeting; None while that is open. Strict, since dialects may begin with random
    bytes: versions alone would take one of 128 of them for SOCKS."""
    version = head[0]
    if version == 5:
        if len(head) < 2:
            return None
        methods = head[2 : 2 + head[1]]
        if not 0 < head[1] <= 10 or len(set(methods)) < len(methods) or not _METHODS.issuperset(methods):
            return False
        return True if len(methods) == head[1] else None
    if version != 4 or head[1:2] not in (b"", b"\x01"):
        return False
    user, end, _ = head[8:].partition(b"\0")
    if any(byte < 0x20 or byte == 0x7F for byte in user) or head[2:4] == b"\0\0":
        return False
    return True if end else None


class Socks:
    """See the module's contract."""

    def __init__(self, inner: Inner, client: Side = Side.CLIENT) -> None:
        self.inner: Reader | None = None
        self._make_inner = inner
        self._client = client
        self._over = False
        self._held = dict.fromkeys(Side, b"")
        # What each side is to send next; None once it speaks inside.
        self._steps: dict[Side, _Step | None] = {client: self._greeting, client.other: self._chosen}
        self._offered = b""
        self._method: int | None = None
        self._target: tuple[str, int] | None = None
        self._opened: bool | None = None

    @property
    def done(self) -> bool:
        return self._over or (self.inner is not None and self.inner.done)

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        if self._over:
            return []
        said: list[Observation] = []
        if self._steps[side] is not None:
            data = self._handshake(side, data)
            if self._target is not None:
                said.append(self._named(mark))
            if self._opened is not None:
                said.append(self._answered(mark))
        if data and not self._over:
            said += self._reader().data(side, data, mark)
        return said

    def gap(self, side: Side, size: int) -> list[Observation]:
        if self._over:
            return []
        self._steps[side], self._held[side] = None, b""
        return self._reader().gap(side, size)

    def close(self) -> list[Observation]:
        said = self.inner.close() if self.inner is not None and not self._over else []
        self._over = True
        return said

    def _reader(self) -> Reader:
        if self.inner is None:
            self.inner = self._make_inner()
        return self.inner

    def _handshake(self, side: Side, data: bytes) -> bytes:
        """Read what is whole of the handshake; return what stands behind it."""
        held = self._held[side] + data
        try:
            while (step := self._steps[side]) is not None:
                held = held[step(held) :]
        except (_More, IndexError):
            if len(held) > MAX_HELD:
                self._over = True
            self._held[side] = held[:MAX_HELD]
            return b""
        except _NotSocks:
            self._over = True
            return b""
        self._held[side] = b""
        return held

    def _named(self, mark: Mark) -> Observation:
        assert self._target is not None
        (name, port), self._target = self._target, None
        excerpt = f"CONNECT [{name}]:{port}" if ":" in name else f"CONNECT {name}:{port}"
        return ServerNamed(Evidence(mark, self._client, "socks", excerpt), name, port, "socks")

    def _answered(self, mark: Mark) -> Observation:
        assert self._opened is not None
        opened, self._opened = self._opened, None
        excerpt = "granted" if opened else "refused"
        return TunnelAnswered(Evidence(mark, self._client.other, "socks answer", excerpt), opened)

    # The client's messages.

    def _greeting(self, held: bytes) -> int:
        if held[0] == 4:
            return self._request4(held)
        if held[0] != 5 or not held[1]:
            raise _NotSocks
        self._offered = _whole(held, 2 + held[1])[2:]
        self._steps[self._client] = self._request5
        return 2 + held[1]

    def _request5(self, held: bytes) -> int:
        if held[0] in (_NAME, _IPV6) or (held[0] == _IPV4 and self._offered == bytes([_NO_AUTH])):
            return self._lone_request(held)
        if held[0] == 1:
            return self._password(held)
        if held[0] != 5 or held[1] != _CONNECT:
            raise _NotSocks
        size, name = _address(held)
        self._ask(name, held[size - 2 : size])
        return size

    def _lone_request(self, held: bytes) -> int:
        """The capture began behind the greeting: what was taken for one of a single method were the request's
        first three bytes, which read alike (version, 1, 0)."""
        size, name = _address(bytes((5, _CONNECT, 0)) + held)
        self._ask(name, held[size - 5 : size - 3])
        return size - 3

    def _password(self, held: bytes) -> int:
        """Version (1), length, user, length, password (RFC 1929); GSSAPI's messages begin alike."""
        if self._method == _GSSAPI or (self._method is None and _PASSWORD not in self._offered):
            raise _NotSocks
        user = 2 + held[1]
        return len(_whole(held, user + 1 + held[user]))

    def _request4(self, held: bytes) -> int:
        """Version, command, port, address, user id, NUL; and for an address 0.0.0.x (4A) a name, NUL."""
        if held[1] != _CONNECT:
            raise _NotSocks
        size = _behind_nul(held, 8)
        raw = _whole(held, 8)[4:]
        name: str | None = str(ipaddress.IPv4Address(raw))
        if raw[:3] == b"\0\0\0" and raw[3]:
            first, size = size, _behind_nul(held, size)
            name = server_name(held[first : size - 1])
        if self._steps[self._client.other] is not None:
            self._steps[self._client.other] = self._reply4
        self._ask(name, held[2:4])
        return size

    def _ask(self, name: str | None, port: bytes) -> None:
        if name is not None:
            self._target = name, int.from_bytes(port, "big")
        self._steps[self._client] = None

    # The server's messages.

    def _chosen(self, held: bytes) -> int:
        method = _whole(held, 2)[1]
        if held[0] in (0, 4) and len(self._offered) == 0:
            return self._reply4(held)  # the request was lost
        if held[0] != 5 or method not in (_NO_AUTH, _PASSWORD):
            raise _NotSocks
        self._method = method
        self._steps[self._client.other] = self._reply5 if method == _NO_AUTH else self._permitted
        return 2

    def _permitted(self, held: bytes) -> int:
        """Version (1), status; some servers answer with version 5."""
        if _whole(held, 2)[1] or held[0] not in (1, 5):
            raise _NotSocks
        self._steps[self._client.other] = self._reply5
        return 2

    def _reply5(self, held: bytes) -> int:
        if held[0] == 0 and held[1] in (_IPV4, _NAME, _IPV6):
            # Likewise behind the server's choice of method: version and 0 were the reply's own.
            size, _ = _address(b"\x05\0" + held)
            self._steps[self._client.other] = None
            return size - 2
        if held[0] != 5 or held[1]:
            self._opened = False if held[0] == 5 and held[1] <= _LAST_REPLY else None
            raise _NotSocks
        size, _ = _address(held)
        self._opened, self._steps[self._client.other] = True, None
        return size

    def _reply4(self, held: bytes) -> int:
        if held[0] not in (0, 4) or held[1] != _SOCKS4_GRANTED:
            self._opened = False if held[0] in (0, 4) and held[1] in _SOCKS4_REFUSED else None
            raise _NotSocks
        size = len(_whole(held, 8))
        self._opened, self._steps[self._client.other] = True, None
        return size


def _whole(held: bytes, size: int) -> bytes:
    if len(held) < size:
        raise _More
    return held[:size]


def _behind_nul(held: bytes, start: int) -> int:
    at = held.find(0, start)
    if at < 0:
        raise _More
    return at + 1


def _address(held: bytes) -> tuple[int, str | None]:
    """Version, code, 0, address type, address, port: its size, and the address as text."""
    kind = held[3]
    if kind == _NAME:
        size = 5 + held[4] + 2
        return size, server_name(_whole(held, size)[5:-2])
    if kind == _IPV4:
        return 10, str(ipaddress.IPv4Address(_whole(held, 10)[4:8]))
    if kind == _IPV6:
        return 22, str(ipaddress.IPv6Address(_whole(held, 22)[4:20]))
    raise _NotSocks
