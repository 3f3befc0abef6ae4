"""Reads an X.509 certificate: its names (common names of the subject, DNS alternative names), and who it is.

Contract: `certificate_names(der)` gives at most MAX_NAMES distinct names in lower case, common names first;
[] where the bytes are no certificate. `certificate_facts(der)` gives (kind, value) of subject and issuer (common
name, organisation and unit of each, in small letters, at most MAX_PARTS), serial number (hex without leading zeros) and
SHA-256. Neither raises, and both look at each byte a bounded number of times.

Structure (RFC 5280, 4.1), distinguished encoding (X.690): Certificate is a SEQUENCE of a SEQUENCE of [0]
version, serial, signature, issuer, validity, subject, key, [1], [2], [3] extensions.
A walker of our own: `cryptography` would take more than 100 ms to import, more than a whole small scan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from netminer_detect.carriers.names import server_name

MAX_NAMES = 32
MAX_PARTS = 8
MAX_PART = 256
_MAX_ELEMENTS = 4096

_SEQUENCE, _SET, _OID, _OCTETS, _INTEGER = 0x30, 0x31, 0x06, 0x04, 0x02
_VERSION, _EXTENSIONS, _DNS_NAME = 0xA0, 0xA3, 0x82
_UTF8, _PRINTABLE, _T61, _IA5, _BMP = 0x0C, 0x13, 0x14, 0x16, 0x1E
_COMMON_NAME, _ALTERNATIVE_NAME = b"\x55\x04\x03", b"\x55\x1d\x11"  # 2.5.4.3, 2.5.29.17

# 2.5.4.3, 2.5.4.10, 2.5.4.11: common name, organisation, unit.
_WHO = (_COMMON_NAME, b"\x55\x04\x0a", b"\x55\x04\x0b")

Element = tuple[int, int, int]
Fact = tuple[Literal["subject", "issuer", "serial", "sha256"], str]


class _NotDer(Exception):
    """The bytes are not in distinguished encoding."""


def certificate_names(der: bytes) -> list[str]:
    """See the module's contract."""
    names: dict[str, None] = {}
    try:
        for name in _names(der):
            names[name] = None
            if len(names) == MAX_NAMES:
                break
    except (_NotDer, IndexError):
        # What was read before the damage may be damaged too.
        return []
    return list(names)


def certificate_facts(der: bytes) -> list[Fact]:
    """See the module's contract."""
    from hashlib import sha256

    try:
        whole = _expect(_element(der, 0, len(der)), _SEQUENCE)
        serial, _, issuer, _, subject, *_ = _fields(der)
        found: list[Fact] = [("subject", text) for text in _who(der, subject)]
        found += [("issuer", text) for text in _who(der, issuer)]
    except (_NotDer, IndexError):
        return []
    found.append(("serial", der[serial[1] : serial[2]][-20:].hex().lstrip("0") or "0"))
    found.append(("sha256", sha256(der[: whole[2]]).hexdigest()))
    return found


def _who(der: bytes, name: Element) -> list[str]:
    """What a subject or issuer calls itself."""
    found: dict[str, None] = {}
    for kind, tag, raw in _attributes(der, name):
        if kind in _WHO and len(found) < MAX_PARTS:
            text = _text(tag, raw).decode("utf-8", "replace").strip().lower()[:MAX_PART]
            found[text] = None
    found.pop("", None)
    return list(found)


def _names(der: bytes) -> Iterator[str]:
    fields = _fields(der)
    subject, extensions = fields[4], next((field for field in fields[6:] if field[0] == _EXTENSIONS), None)
    yield from _common_names(der, subject)
    if extensions is not None:
        yield from _alternative_names(der, extensions)


def _element(der: bytes, at: int, end: int) -> Element:
    """(tag, start, end) of the content of the element at `at`, which must end by `end`."""
    if at + 2 > end:
        raise _NotDer
    tag, size, start = der[at], der[at + 1], at + 2
    if tag & 0x1F == 0x1F or size == 0x80 or size > 0x83:
        raise _NotDer  # high tags, indefinite lengths and 4 GB elements are in no certificate
    if size > 0x80:
        start += size - 0x80
        size = int.from_bytes(der[at + 2 : start], "big")
    if start + size > end:
        raise _NotDer
    return tag, start, start + size


def _elements(der: bytes, at: int, end: int) -> Iterator[Element]:
    for _ in range(_MAX_ELEMENTS):
        if at >= end:
            return
        element = _element(der, at, end)
        yield element
        at = element[2]


def _expect(element: Element | None, tag: int) -> Element:
    if element is None or element[0] != tag:
        raise _NotDer
    return element


def _fields(der: bytes) -> list[Element]:
    """serial, signature, issuer, validity, subject, key, and what follows."""
    _, at, end = _expect(_element(der, 0, len(der)), _SEQUENCE)
    _, at, end = _expect(_element(der, at, end), _SEQUENCE)
    fields = list(_elements(der, at, end))
    if fields and fields[0][0] == _VERSION:
        fields.pop(0)
    if len(fields) < 6 or [field[0] for field in fields[:6]] != [_INTEGER] + [_SEQUENCE] * 5:
        raise _NotDer
    return fields


def _attributes(der: bytes, name: Element) -> Iterator[tuple[bytes, int, bytes]]:
    """(type, tag, value) of each part. Name ::= SEQUENCE OF SET OF SEQUENCE { type OID, value }."""
    for part in _elements(der, name[1], name[2]):
        _expect(part, _SET)
        for attribute in _elements(der, part[1], part[2]):
            _expect(attribute, _SEQUENCE)
            kind = _expect(_element(der, attribute[1], attribute[2]), _OID)
            tag, start, end = _element(der, kind[2], attribute[2])
            yield der[kind[1] : kind[2]], tag, der[start:end]


def _common_names(der: bytes, subject: Element) -> Iterator[str]:
    for kind, tag, raw in _attributes(der, subject):
        name = server_name(_text(tag, raw)) if kind == _COMMON_NAME else None
        if name is not None:
            yield name


def _text(tag: int, raw: bytes) -> bytes:
    if tag == _BMP:
        return raw.decode("utf-16-be", "replace").encode("utf-8", "replace")
    return raw if tag in (_UTF8, _PRINTABLE, _T61, _IA5) else b""


def _alternative_names(der: bytes, extensions: Element) -> Iterator[str]:
    """Extensions ::= SEQUENCE OF SEQUENCE { id OID, critical BOOLEAN DEFAULT FALSE, value OCTET STRING }."""
    _, at, end = _expect(_element(der, extensions[1], extensions[2]), _SEQUENCE)
    for extension in _elements(der, at, end):
        _expect(extension, _SEQUENCE)
        parts = list(_elements(der, extension[1], extension[2]))
        if len(parts) < 2 or der[parts[0][1] : parts[0][2]] != _ALTERNATIVE_NAME:
            continue
        value = _expect(parts[-1], _OCTETS)
        _, first, last = _expect(_element(der, value[1], value[2]), _SEQUENCE)
        for tag, start, stop in _elements(der, first, last):
            name = server_name(der[start:stop]) if tag == _DNS_NAME else None
            if name is not None:
                yield name
