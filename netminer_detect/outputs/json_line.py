"""Writes one JSON object as a line that steers no reader.

Contract: `json_line(value)` gives ASCII without a line end. Every text in it is plain (see `escape`), whoever wrote it;
whole numbers of any size are exact.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from netminer_detect.outputs.escape import MAX_PATH, all_plain
from netminer_detect.patterns import pattern

# What stands in a line that may not be plain: escapes (or a backslash before such a letter, at no harm), and DEL.
_SIGNS = (*(b"\\" + letter for letter in (b"b", b"f", b"n", b"r", b"t", b"u")), b"\x7f")
_ELLIPSIS = "…".encode()
_TOO_LONG = pattern(rb'[^"]{%d}' % (MAX_PATH + 1))
_encoded = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_quickly = msgspec.json.Encoder().encode


def json_line(value: dict[str, Any]) -> str:
    """See the module's contract."""
    return _as_it_is(value) or _encoded(all_plain(value))


def _as_it_is(value: dict[str, Any]) -> str | None:
    """The line of an object that holds nothing to make plain, as most: ASCII, and marks where an excerpt was cut."""
    try:
        line = _quickly(value)
    except UnicodeEncodeError:
        return None
    if any(sign in line for sign in _SIGNS) or (len(line) > MAX_PATH and _TOO_LONG.search(line)):
        return None
    line = line.replace(_ELLIPSIS, b"\\u2026")
    return line.decode() if line.isascii() else None
