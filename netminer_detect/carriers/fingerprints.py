"""Fingerprints of a ClientHello: JA3 and JA4.

Contract: `fingerprints(body)` gives (JA3, JA4) of the body of a ClientHello, None where it is not whole or longer than
MAX_HELLO. It never raises and looks at each byte a bounded number of times. Equal fingerprints mean equal TLS
libraries with equal settings, no more.

JA3 is the MD5 of "version,ciphers,extensions,groups,point formats" in decimal. JA4 (of its family the only one
that is free to use) is: t, version, d where a server name is asked for and i where not, the numbers of ciphers and of
extensions, first and last letter of the first ALPN name; the first 12 hex digits of SHA-256 over the sorted ciphers;
and of that over the sorted extensions without server name and ALPN, with the signature algorithms in their order.
Values of GREASE (RFC 8701) count in neither.
"""

from __future__ import annotations

from msgspec import Struct, field

MAX_HELLO = 8192
_SERVER_NAME, _GROUPS, _POINTS, _SIGNATURES, _ALPN, _VERSIONS = 0, 10, 11, 13, 16, 43
_JA4_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_NOTHING = "0" * 12


class _Hello(Struct):
    """What fingerprints are made of."""

    version: int
    ciphers: list[int] = field(default_factory=list)
    extensions: dict[int, bytes] = field(default_factory=dict)


def fingerprints(body: bytes) -> tuple[str, str] | None:
    """See the module's contract."""
    if len(body) > MAX_HELLO:
        return None
    try:
        hello = _hello(body)
        return _ja3(hello), _ja4(hello)
    except (IndexError, ValueError):
        return None


def _hello(body: bytes) -> _Hello:
    """RFC 8446, 4.1.2: version (2), random (32), session id, cipher suites, compressions, extensions."""
    hello = _Hello(_u16(body, 0))
    at = 35 + body[34]
    hello.ciphers, at = _ungreased(_listed(body, at)), at + 2 + _u16(body, at)
    at += 1 + body[at]
    if at == len(body):  # before extensions there were none
        return hello
    end = at + 2 + _u16(body, at)
    at += 2
    while at < end:
        size = _u16(body, at + 2)
        value = body[at + 4 : at + 4 + size]
        if len(value) != size or at + 4 + size > end:
            raise ValueError("an extension runs over")
        hello.extensions.setdefault(_u16(body, at), value)
        at += 4 + size
    return hello


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _listed(data: bytes, at: int) -> list[int]:
    """A list of 16-bit values behind its length in bytes."""
    size = _u16(data, at)
    if at + 2 + size > len(data):
        raise ValueError("a list runs over")
    return [_u16(data, place) for place in range(at + 2, at + 1 + size, 2)]


def _ungreased(values: list[int]) -> list[int]:
    return [value for value in values if value & 0x0F0F != 0x0A0A or value >> 8 != value & 0xFF]


def _groups(hello: _Hello) -> list[int]:
    value = hello.extensions.get(_GROUPS, b"")
    return _ungreased(_listed(value, 0)) if value else []


def _ja3(hello: _Hello) -> str:
    from hashlib import md5

    points = hello.extensions.get(_POINTS, b"")
    formats = list(points[1 : 1 + points[0]]) if points else []
    lists = (hello.ciphers, _ungreased(list(hello.extensions)), _groups(hello), formats)
    text = ",".join((str(hello.version), *("-".join(map(str, values)) for values in lists)))
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _ja4(hello: _Hello) -> str:
    extensions = _ungreased(list(hello.extensions))
    version = hello.version
    if offered := hello.extensions.get(_VERSIONS):
        asked = _ungreased([_u16(offered, at) for at in range(1, offered[0], 2)])
        version = max(asked, default=version)
    name = "d" if _SERVER_NAME in extensions else "i"
    head = f"t{_JA4_VERSIONS.get(version, '00')}{name}{min(len(hello.ciphers), 99):02}{min(len(extensions), 99):02}"
    kept = sorted(value for value in extensions if value not in (_SERVER_NAME, _ALPN))
    signatures = hello.extensions.get(_SIGNATURES, b"")
    told = ",".join(f"{value:04x}" for value in kept)
    if signatures and (algorithms := _ungreased(_listed(signatures, 0))):
        told += "_" + ",".join(f"{value:04x}" for value in algorithms)
    ciphers = ",".join(f"{value:04x}" for value in sorted(hello.ciphers))
    return f"{head}{_alpn(hello)}_{_short(ciphers)}_{_short(told if extensions else '')}"


def _alpn(hello: _Hello) -> str:
    """First and last letter of the first ALPN name; of its hex digits where they are no letters or digits."""
    value = hello.extensions.get(_ALPN, b"")
    name = value[3 : 3 + value[2]] if len(value) > 3 else b""
    if not name:
        return "00"
    ends = bytes((name[0], name[-1]))
    return ends.decode() if ends.isalnum() else name.hex()[0] + name.hex()[-1]


def _short(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()[:12] if text else _NOTHING
