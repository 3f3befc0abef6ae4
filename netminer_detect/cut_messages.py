"""Reads the beginning of a JSON object whose end the capture does not hold: a snap length cut it, or bytes were lost.

Contract: `begun_object(line)` gives the members that were whole before the cut, None where there is none. A value
that the cut may have shortened (a text, a number, a list: its length tells dialects apart) is left out, never guessed:
what is there was said, what else was said is not known. Nothing raises; at most MAX_CUT bytes are looked at.
"""

from __future__ import annotations

import re
from typing import Any

from netminer_detect.messages import read_objects
from netminer_detect.patterns import pattern

MAX_CUT = 16 * 1024
_CLOSERS = {"{": "}", "[": "]"}
# A text as far as it goes (its last quote may be missing), or a sign of structure.
_TOKEN = pattern(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[\]{},]', re.DOTALL)


def begun_object(line: bytes) -> dict[str, Any] | None:
    """See the module's contract."""
    text = line[:MAX_CUT].decode("utf-8", "replace").lstrip("\ufeff\0 \t\r\n")
    if text[:1] != "{":
        return None
    whole = _whole_part(text)
    objects = read_objects(whole.encode()) if whole else []
    return objects[0] if objects else None


def _whole_part(text: str) -> str | None:
    """The text up to the last value that is surely whole, with what is open closed; None where no value is."""
    open_: list[str] = []
    end, closing = 0, ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in _CLOSERS:
            open_.append(_CLOSERS[sign])
            continue
        at = token.start()
        if sign in ("]", "}"):
            if not open_ or open_.pop() != sign:
                return None
            at = token.end()
        if sign in (",", "]", "}") and "]" not in open_:
            end, closing = at, "".join(reversed(open_))
    return text[:end] + closing if end else None
