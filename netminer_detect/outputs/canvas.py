"""Draws lines and tables of text within so many columns of a terminal.

Contract: a `Canvas` collects what is drawn (`line`, `table`) and gives it as one text (`drawn()`). East Asian
characters take two columns, accents none. Text is wrapped between words, and a word that is longer than its place is
folded: nothing is cut off, and no line is wider than `width` (LEAST at the least) or ends with blanks. A `Part` is a
text in a style of STYLES; `look` says what of styles the terminal shows. Texts come here escaped.

Why no library: rich, which drew the same before, takes 0.03 to 0.06 CPU s to import and draw a report, of the 0.15
that the whole scan of a small capture may take.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import IntEnum

from msgspec import Struct

from netminer_detect.patterns import pattern

# What is narrower can hold no table.
LEAST = 20
GAP = 2
# What one character takes at the most.
CHARACTER = 2
# Codes of ECMA-48, 8.3.117: kind of type, colour.
STYLES = {
    "": ("", ""), "bold": ("1", ""), "dim": ("2", ""), "bold red": ("1", "31"), "bold green": ("1", "32"),
    "bold yellow": ("1", "33"), "yellow": ("", "33"), "cyan": ("", "36"),
}  # fmt: skip
_WORD = pattern(r"\s*\S+\s*|\s+")

Part = tuple[str, str]
# The lines of a cell.
Cell = Sequence[Part]


class Look(IntEnum):
    """What of a style is shown: nothing, the kind of type, colours too."""

    PLAIN = 0
    TYPE = 1
    COLOUR = 2


class Column(Struct, frozen=True):
    """A column of a table. One with `width` is as wide, the one with `rest` takes what the others leave; others are as
    wide as their longest line, or narrower where there is no room, but not below `least`. A `whole` one is narrowed
    last."""

    heading: str = ""
    width: int | None = None
    rest: bool = False
    least: int = CHARACTER
    whole: bool = False
    right: bool = False


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text in so many columns; together they are the text, blanks at the ends of lines too."""
    if columns(text) <= width:
        return [text]
    lines: list[str] = []
    line, used = "", 0
    for word in _WORD.findall(text):
        size = columns(word.rstrip())
        if used + size <= width:
            line, used = line + word, used + columns(word)
            continue
        if line:
            lines.append(line)
        *whole, line = _folded(word, width) if size > width else [word]
        lines += whole
        used = columns(line)
    return [*lines, line]


def _folded(word: str, width: int) -> list[str]:
    lines, used = [""], 0
    for char in word:
        size = _columns(char)
        if used + size > width and lines[-1] and not char.isspace():
            lines.append("")
            used = 0
        lines[-1] += char
        used += size
    return lines


class Canvas:
    """See the module's contract. `width` and `look` are those of the terminal."""

    def __init__(self, width: int, look: Look = Look.PLAIN) -> None:
        self.width = max(width, LEAST)
        self._look = look
        self._lines: list[str] = []

    def drawn(self) -> str:
        """All that was drawn, each line with its end."""
        return "".join(f"{line}\n" for line in self._lines)

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """A text of its own, in as many lines as it needs."""
        self.parts([(text, style)], indent)

    def parts(self, parts: Sequence[Part], indent: int = 0) -> None:
        """A line of several styles."""
        waiting = list(parts)
        for text in wrapped("".join(text for text, _ in parts), self.width - indent):
            shown, at, end = " " * indent, 0, len(text.rstrip())
            while at < len(text):
                said, style = waiting.pop(0)
                now, later = said[: len(text) - at], said[len(text) - at :]
                shown += self._styled(now[: max(0, end - at)], style)
                at += len(now)
                if later:
                    waiting.insert(0, (later, style))
            self._lines.append(shown if end else "")

    def table(self, columns_: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """Rows of cells, under bold headings where columns have some."""
        if any(column.heading for column in columns_):
            rows = [[[(column.heading, "bold")] for column in columns_], *rows]
        widths = _widths(columns_, rows, self.width)
        for row in rows:
            cells = [_fitted(cell, width) for cell, width in zip(row, widths, strict=True)]
            for number in range(max(map(len, cells))):
                self._row([cell[number] if number < len(cell) else ("", "") for cell in cells], columns_, widths)

    def _row(self, parts: Sequence[Part], columns_: Sequence[Column], widths: Sequence[int]) -> None:
        line, at, begin = "", 0, 0
        for (text, style), column, width in zip(parts, columns_, widths, strict=True):
            if text:
                size = columns(text)
                place = begin + (width - size if column.right else 0)
                line += " " * (place - at) + self._styled(text, style)
                at = place + size
            begin += width + GAP
        self._lines.append(line)

    def _styled(self, text: str, style: str) -> str:
        kind, colour = STYLES[style]
        codes = [code for code, least in ((kind, Look.TYPE), (colour, Look.COLOUR)) if code and self._look >= least]
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes and text else text


def _fitted(cell: Cell, width: int) -> list[Part]:
    return [(line.rstrip(), style) for text, style in cell for line in wrapped(text, width)]


def _widths(columns_: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> list[int]:
    """How wide each column is."""
    room = width - GAP * (len(columns_) - 1)
    wide: list[int] = []
    for number, column in enumerate(columns_):
        longest = max((columns(text) for row in rows for text, _ in row[number]), default=0)
        wide.append(0 if column.rest else max(longest, column.least) if column.width is None else column.width)
    ours = [number for number, column in enumerate(columns_) if column.width is None and not column.rest]
    first = {number: columns_[number].least for number in ours if not columns_[number].whole}
    for least in (first, dict.fromkeys(ours, CHARACTER)):
        while sum(wide) > room and (may := [number for number in least if wide[number] > least[number]]):
            wide[max(may, key=wide.__getitem__)] -= 1
    rest = max(CHARACTER, room - sum(wide))
    return [rest if column.rest else size for column, size in zip(columns_, wide, strict=True)]
