"""Turns the bytes of a text table into numbered lines, whatever program wrote them.

Contract: `read_lines(data, complaints)` gives (line number, text) pairs, one after the other. Byte order marks decide
(UTF-8, UTF-16); else UTF-8 counts where all lines are that; else GB18030 (which holds GBK and GB2312) where all are
that; else each line for itself, and a line that is neither is told and left out. Line ends may be LF, CR LF or CR.
Besides the bytes a few megabytes are held: a line longer than MAX_LINE is told and left out.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from netminer_detect.organisations.rows import MAX_LINE, Complaints

Line = tuple[int, str]

_CHUNK = 1 << 20
_RAW_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")


def read_lines(data: bytes, complaints: Complaints) -> Iterator[Line]:
    """See the module's contract."""
    encoding = _encoding_of(data)
    if encoding is None:
        return _each_for_itself(data, complaints)
    return _streamed(data, encoding, complaints)


def decode_text(data: bytes) -> str:
    """The whole as text; bytes that no encoding explains become U+FFFD."""
    return data.decode(_encoding_of(data) or "utf-8-sig", "replace")


def _encoding_of(data: bytes) -> str | None:
    """The encoding of all lines; None where they have none in common."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for chunk in _chunks(data):
                decoder.decode(chunk)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def _chunks(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), _CHUNK):
        yield data[at : at + _CHUNK]


def _streamed(data: bytes, encoding: str, complaints: Complaints) -> Iterator[Line]:
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("replace"), True)
    number, begun = 1, ""
    for chunk in _chunks(data):
        lines = (begun + decoder.decode(chunk)).split("\n")
        # What is too long already need not grow: MAX_LINE and one more say so.
        begun = lines.pop()[: MAX_LINE + 1]
        for text in lines:
            yield from _fitting(number, text, complaints)
            number += 1
    for text in (begun + decoder.decode(b"", True)).split("\n"):
        yield from _fitting(number, text, complaints)
        number += 1


def _each_for_itself(data: bytes, complaints: Complaints) -> Iterator[Line]:
    for number, match in enumerate(_RAW_LINE.finditer(data), 1):
        raw = match[0].rstrip(b"\r\n")
        text = _first_of(raw, "utf-8-sig", "gb18030")
        if text is None:
            complaints.add(number, "the line is neither UTF-8 nor GB18030 and was left out", "save the file as UTF-8")
        else:
            yield from _fitting(number, text, complaints)


def _fitting(number: int, text: str, complaints: Complaints) -> Iterator[Line]:
    if len(text) <= MAX_LINE:
        yield number, text
    else:
        complaints.add(number, f"the line is longer than {MAX_LINE} characters and was left out",
                       "split it into several lines")


def _first_of(data: bytes, *encodings: str) -> str | None:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
