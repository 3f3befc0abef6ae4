"""Cuts a Protocol Buffers message into its fields, without knowing what they mean.

Contract: `fields(message)` gives the values of each field number in order: whole numbers, or the bytes of texts,
messages and fixed numbers. None where it is no such message, or has more than MAX_FIELDS. Nothing raises.
Source: protobuf.dev, encoding.
"""

from __future__ import annotations

MAX_FIELDS = 8192
_MAX_VARINT = 10
_FIXED = {1: 8, 5: 4}
Fields = dict[int, list[int | bytes]]


def fields(message: bytes) -> Fields | None:
    """See the module's contract."""
    found: Fields = {}
    at, size = 0, len(message)
    for _ in range(MAX_FIELDS):
        if at == size:
            return found
        tag, at = _varint(message, at)
        kind, value = tag & 7, 0
        if tag >> 3 == 0 or at < 0:
            return None
        if kind in (0, 2):
            value, at = _varint(message, at)
            if at < 0:
                return None
        if kind == 0:
            found.setdefault(tag >> 3, []).append(value)
            continue
        length = value if kind == 2 else _FIXED.get(kind, -1)
        if length < 0 or at + length > size:
            return None
        found.setdefault(tag >> 3, []).append(message[at : at + length])
        at += length
    return None


def part(message: Fields, number: int) -> bytes | None:
    """The bytes of a field, None where it is missing or a number."""
    value = message.get(number, [None])[-1]
    return value if isinstance(value, bytes) else None


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number and the place behind it, which is -1 where there is none."""
    value = 0
    for count, byte in enumerate(message[at : at + _MAX_VARINT]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, at + count + 1
    return 0, -1
