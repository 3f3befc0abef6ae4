"""Turns the bytes of a text table into numbered lines, whatever program wrote them.

Contract: `read_lines(data, complaints)` gives (line number, text) pairs. Byte order marks decide (UTF-8, UTF-16);
else UTF-8 counts where all lines are that; else GB18030 (which holds GBK and GB2312) where all are that; else each
line for itself, and a line that is neither is told and left out. Line ends may be LF, CR LF or CR.
"""

from __future__ import annotations

from netminer_detect.organisations.rows import Complaints


def read_lines(data: bytes, complaints: Complaints) -> list[tuple[int, str]]:
    """See the module's contract."""
    text = _decoded(data)
    if text is not None:
        return list(enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1))
    lines = []
    for number, raw in enumerate(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        line = _first_of(raw, "utf-8", "gb18030")
        if line is None:
            complaints.add(number, "the line is neither UTF-8 nor GB18030 and was left out", "save the file as UTF-8")
        else:
            lines.append((number, line))
    return lines


def decode_text(data: bytes) -> str:
    """The whole as text; bytes that no encoding explains become U+FFFD."""
    text = _decoded(data)
    return data.decode("utf-8-sig", "replace") if text is None else text


def _decoded(data: bytes) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return _first_of(data, "utf-8-sig", "gb18030")


def _first_of(data: bytes, *encodings: str) -> str | None:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
