"""Reads JSON objects from lines as they really are on the wire: tolerant, bounded, never raising.

Contract: `LineSplitter.feed` cuts a direction's bytes into lines with a bound; `read_objects(line)` gives the
JSON objects of a line, or none; `read_body(body)` those of an HTTP body, which is one object or one array of them.
Miners and pools send lines with a BOM, NULs, CRs, two objects on one line, no line end at all, invalid UTF-8 and
NaN; all that is read. An object inside a text is a quotation, not a message: MAX_JUNK characters may stand before
it. Integers of any size are exact (Grin nonces and Kaspa words exceed 2^53). Nesting deeper than the parser bears
reads as nothing.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct, field

from netminer_detect.patterns import pattern

# The largest real line is a getblocktemplate of some MB over HTTP; on a line socket 100 000 characters is the
# most a pool accepts (HandyOSS/HandyStratum lib/primitives.js). Beyond it the line is skipped, not held.
MAX_LINE = 128 * 1024
MAX_OBJECTS = 64
MAX_JUNK = 8
# A message without a line end is looked for so often in one line, and in no longer ones.
MAX_TRIES = 8
MAX_UNENDED = 16 * 1024
# More digits are no number of any dialect (256 bits are 78), and turning them into an int costs n^2.
MAX_DIGITS = 400

_JUNK = b"\xef\xbb\xbf\x00 \t\r\n"
# Lines end with LF, of some programs with CR or NUL.
_ENDS = pattern(rb"[^\n\r\x00]*(?:\n|[\r\x00]+)?")


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)


class LineSplitter(Struct):
    """Cuts bytes into lines. `too_long` counts lines beyond MAX_LINE that were skipped."""

    too_long: int = 0
    # The beginning of a line, in the pieces it came in: joined once, so that a line of single bytes costs no n^2.
    _pieces: list[bytes] = field(default_factory=list)
    _size: int = 0
    _tries: int = 0
    _skipping: bool = False
    _lost: bool = False

    @property
    def at_start(self) -> bool:
        """Whether the next byte begins a line."""
        return not self._pieces and not self._skipping

    def feed(self, data: bytes) -> list[bytes]:
        """The lines completed by `data`, without their ends; empty ones are left out. Where a whole object ends
        with `data` that is a line: who waits for an answer waits, with or without a line end."""
        if self._lost and data.lstrip(_JUNK)[:1] == b"{":
            # Messages begin with segments, mostly; the inside of one has no method and no result.
            self._restart()
        first, end, rest = self._with_ends(data).partition(b"\n")
        if not end:
            self._hold(first)
            return self._unended()
        lines = [] if self._skipping else [b"".join([*self._pieces, first])]
        self._restart()
        if rest:
            *whole, last = rest.split(b"\n")
            lines += whole
            self._hold(last)
        sound = [line for line in lines if len(line) <= MAX_LINE]
        self.too_long += len(lines) - len(sound)
        return [line for line in sound if line] + self._unended()

    def _with_ends(self, data: bytes) -> bytes:
        """`data` with LF for every line end. Inside an object CR and NUL end nothing: agents and logins hold them."""
        if b"\r" not in data and b"\x00" not in data:
            return data
        held = b"".join(self._pieces[:MAX_JUNK] + self._pieces[-MAX_JUNK:]).strip(_JUNK)
        is_object, last = held[:1] == b"{", held[-1:]
        out: list[bytes] = []
        for piece in _ENDS.findall(data):
            text = piece.strip(_JUNK)
            is_object, last = is_object or (not last and text[:1] == b"{"), text[-1:] or last
            if piece[-1:] in (b"\r", b"\x00") and (not is_object or last == b"}"):
                piece = piece.rstrip(b"\r\x00") + b"\n"
            if piece[-1:] == b"\n":
                is_object, last = False, b""
            out.append(piece)
        return b"".join(out)

    def _restart(self, skipping: bool = False, lost: bool = False) -> None:
        self._pieces, self._size, self._tries, self._skipping, self._lost = [], 0, 0, skipping, lost

    def _unended(self) -> list[bytes]:
        """The line at hand, where it is a whole object already."""
        if not self._pieces or self._pieces[-1].rstrip()[-1:] != b"}":
            return []
        if self._tries >= MAX_TRIES or self._size > MAX_UNENDED:
            return []
        self._tries += 1
        line = b"".join(self._pieces)
        if not is_whole(line):
            return []
        self._restart()
        return [line]

    def _hold(self, piece: bytes) -> None:
        if self._skipping or not piece:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > MAX_LINE:
            self.too_long += 1
            self._restart(skipping=True)

    def gap(self) -> bytes:
        """Bytes are missing: what is held is the beginning of a broken line, and is given up; what comes up to the next
        line end, or to data that begins with an object, is the rest of it."""
        begun = b"" if self._skipping else b"".join(self._pieces)
        self._restart(skipping=True, lost=True)
        return begun

    def close(self) -> bytes:
        """The last line, which may lack its LF when the peer closes."""
        rest, self._pieces, self._size = b"".join(self._pieces), [], 0
        return b"" if self._skipping else rest


# Members that a logger adds to what it writes down.
_LOGGED = frozenset({"@timestamp", "timestamp", "level", "severity", "logger", "msg", "hostname", "service"})


def is_log(body: dict[str, Any]) -> bool:
    """Whether an object is a record of a log that tells of a call: logs travel as JSON lines too."""
    return "method" in body and not _LOGGED.isdisjoint(body)


def _text(raw: bytes) -> str:
    return raw.strip(_JUNK).replace(b"\x00", b"").decode("utf-8", "replace")


def is_whole(line: bytes) -> bool:
    """Whether a line ends where its last object does."""
    text = _text(line)
    at = _begin(text, 0)
    try:
        while 0 <= at < len(text):
            end = _DECODER.raw_decode(text, at)[1]
            if end == len(text):
                return True
            at = _begin(text, end)
    except (ValueError, RecursionError):
        pass
    return False


def _begin(text: str, at: int) -> int:
    """Where the next object begins; -1 where there is none, or more than junk before it."""
    begin = text.find("{", at)
    return begin if begin - at <= MAX_JUNK else -1


def read_objects(line: bytes) -> list[dict[str, Any]]:
    """The JSON objects that stand on a line; [] where there are none."""
    text = _text(line)
    found: list[dict[str, Any]] = []
    at = _begin(text, 0)
    while at >= 0 and len(found) < MAX_OBJECTS:
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        found.append(value)
        at = _begin(text, at)
    return found


def read_body(body: bytes) -> list[dict[str, Any]]:
    """The JSON objects that an HTTP body is: one, or an array of them. Other bodies that hold objects (bulk
    inserts, forms, pages) have none."""
    text = _text(body)
    if text[:1] not in ("{", "["):
        return []
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return []
    if text[end:].strip():
        return []
    values = value if isinstance(value, list) else [value]
    return [one for one in values[:MAX_OBJECTS] if isinstance(one, dict)]
