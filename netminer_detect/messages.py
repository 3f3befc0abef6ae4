"""Reads JSON objects from lines as they really are on the wire: tolerant, bounded, never raising.

Contract: `LineSplitter.feed` cuts a direction's bytes into lines with a bound; `read_objects(line)` gives the
JSON objects of a line, or none. Miners and pools send lines with a BOM, NULs, a trailing CR, two objects on
one line, invalid UTF-8 and NaN; all that is read. Integers of any size are exact (Grin nonces and Kaspa words
exceed 2^53). Nesting deeper than the parser bears reads as nothing.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct, field

# The largest real line is a getblocktemplate of some MB over HTTP; on a line socket 100 000 characters is the
# most a pool accepts (HandyOSS/HandyStratum lib/primitives.js). Beyond it the line is skipped, not held.
MAX_LINE = 128 * 1024
MAX_OBJECTS = 64
# More digits are no number of any dialect (256 bits are 78), and turning them into an int costs n^2.
MAX_DIGITS = 400

_JUNK = b"\xef\xbb\xbf\x00 \t\r\n"


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)


class LineSplitter(Struct):
    """Cuts bytes at LF. `too_long` counts lines beyond MAX_LINE that were skipped."""

    too_long: int = 0
    # The beginning of a line, in the pieces it came in: joined once, so that a line of single bytes costs no n^2.
    _pieces: list[bytes] = field(default_factory=list)
    _size: int = 0
    _skipping: bool = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines completed by `data`, without their LF."""
        first, feed, rest = data.partition(b"\n")
        if not feed:
            self._hold(data)
            return []
        lines = [] if self._skipping else [b"".join([*self._pieces, first])]
        self._pieces, self._size, self._skipping = [], 0, False
        if rest:
            *whole, last = rest.split(b"\n")
            lines += whole
            self._hold(last)
        sound = [line for line in lines if len(line) <= MAX_LINE]
        self.too_long += len(lines) - len(sound)
        return sound

    def _hold(self, piece: bytes) -> None:
        if self._skipping or not piece:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > MAX_LINE:
            self.too_long += 1
            self._pieces, self._size, self._skipping = [], 0, True

    def gap(self) -> None:
        """Bytes are missing: what is held belongs to a broken line, and so does what comes up to the next LF."""
        self._pieces, self._size, self._skipping = [], 0, True

    def close(self) -> bytes:
        """The last line, which may lack its LF when the peer closes."""
        rest, self._pieces, self._size = b"".join(self._pieces), [], 0
        return b"" if self._skipping else rest


def read_objects(line: bytes) -> list[dict[str, Any]]:
    """The JSON objects that stand on a line; [] where there are none."""
    text = line.strip(_JUNK).replace(b"\x00", b"").decode("utf-8", "replace")
    found: list[dict[str, Any]] = []
    at = text.find("{")
    while at >= 0 and len(found) < MAX_OBJECTS:
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        if isinstance(value, dict):
            found.append(value)
        at = text.find("{", at)
    return found
