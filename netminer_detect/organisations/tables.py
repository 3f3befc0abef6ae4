"""Reads lines of cells (CSV, TSV, `;`, `|`, blanks) into rows: finds the separator, the header and the columns.

Contract: `read_table(lines, complaints)` gives rows from (line number, text) pairs, as they come: little is held. The
separator is the one under which a header is understood or addresses stand in a column. Titles above the header,
empty lines, `#` comments and `sep=` are passed over (but a comment that is a header counts where there is no other);
quoted cells may run over MAX_JOINED lines (RFC 4180 section 2.6); a quote that is never closed costs its own line
only. Without a header the columns must be plain: addresses, one name, perhaps a contact, or the documented order.
What cannot be told raises `NoTable`.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from netminer_detect.organisations.addresses import names_addresses
from netminer_detect.organisations.encodings import Line
from netminer_detect.organisations.headings import WHERE, WHO, Field, fields_of
from netminer_detect.organisations.rows import MAX_COLUMNS, MAX_LINE, Complaints, Row

Cells = Sequence[str]

DOCUMENTED = (Field.ADDRESS, Field.ID, Field.NAME, Field.SECTOR, Field.CONTACT)
MAX_JOINED = 16
_LOOKED_AT = 60
_SEPARATORS = ("\t", ",", ";", "|", "\uff0c", "\uff1b", " ")
_ANY_SEPARATOR = re.compile("[\t,;|\uff0c\uff1b]")
_CONTACT_LIKE = re.compile(r"\S+@\S+|(?:.*\D)?\d[\d -]{5,}\d(?:\D.*)?")
_FIX_HEADER = "write a first line such as: network,id,name,sector,contact"


class NoTable(Exception):
    """The columns cannot be told apart: `what` says why, `fix` what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class Layout(Struct, frozen=True):
    """What the columns mean. `first_row` is the place of the first data row among the rows that were looked at,
    `header` whether headings said so."""

    fields: tuple[Field, ...]
    first_row: int
    header: bool


class _Lines:
    """Lines that can be looked at before they are taken. Comments that are a header are kept apart."""

    def __init__(self, lines: Iterable[Line], complaints: Complaints) -> None:
        self._lines = iter(lines)
        self._complaints = complaints
        self._waiting: deque[Line] = deque()
        self.headers: list[Line] = []

    def take(self) -> Line | None:
        """The next line, None at the end."""
        return self._waiting.popleft() if self.ahead(1) else None

    def ahead(self, count: int) -> list[Line]:
        """The next lines, up to so many."""
        while len(self._waiting) < count:
            line = next(self._lines, None)
            if line is None:
                break
            if self._is_content(*line):
                self._waiting.append(line)
        return [self._waiting[at] for at in range(min(count, len(self._waiting)))]

    def put_back(self, line: Line) -> None:
        """Let a line be the next one."""
        self._waiting.appendleft(line)

    def _is_content(self, number: int, text: str) -> bool:
        if "\0" in text:
            self._complaints.add(number, "the line holds NUL bytes and was left out", "save the file as UTF-8 text")
            return False
        if text[:1] in ("#", "＃"):
            if len(self.headers) < _LOOKED_AT and set(fields_of(_ANY_SEPARATOR.split(text, MAX_COLUMNS))) & WHO:
                self.headers.append((number, text[1:]))
            return False
        return bool(text) and not text.isspace() and not text.startswith("sep=")


def read_table(lines: Iterable[Line], complaints: Complaints) -> Iterator[Row]:
    """See the module's contract. Raises NoTable."""
    ahead = _Lines(lines, complaints)
    looked_at = ahead.ahead(_LOOKED_AT)
    separator, headed = _separator(looked_at)
    for header in [] if headed else ahead.headers:
        separator, headed = _separator([header, *looked_at])
        if headed:
            ahead.put_back(header)
            break
    yield from _arranged(_split_all(ahead, separator, complaints), complaints)


def _arranged(table: Iterator[tuple[int, Cells]], complaints: Complaints) -> Iterator[Row]:
    """Rows from split lines. Raises NoTable."""
    head = [line for _, line in zip(range(_LOOKED_AT), table, strict=False)]
    layout = find_layout([cells for _, cells in head])
    width = len(layout.fields)
    wanted = [(at, field) for at, field in enumerate(layout.fields) if field is not Field.OTHER]

    def rows() -> Iterator[tuple[int, Cells]]:
        yield from head[layout.first_row :]
        yield from table

    for where, cells in rows():
        if len(cells) > width and any(cells[width:]):
            complaints.add(where, f"{len(cells)} cells where {'the header has' if layout.header else 'others have'} "
                           f"{width}", "put cells that hold the separator in quotes")
        found: list[tuple[Field, str]] = [(field, cells[at]) for at, field in wanted if at < len(cells) and cells[at]]
        if found:
            yield Row(where, found)


def find_layout(rows: Sequence[Cells]) -> Layout:
    """What the columns mean, by a header among the rows or by what stands in them. Raises NoTable."""
    if not rows:
        raise NoTable("no line holds a table", _FIX_HEADER)
    for at, cells in enumerate(rows):
        fields = fields_of(cells)
        known = set(fields)
        if not known & WHO or any(map(names_addresses, cells)):
            continue
        if not known & WHERE:
            column = _address_column(rows[at + 1 :])
            if column is None or column >= len(fields):
                continue
            fields[column] = Field.ADDRESS
        return Layout(tuple(fields), at + 1, True)
    return _guess(rows)


def _guess(rows: Sequence[Cells]) -> Layout:
    """The columns of a table without a header."""
    column = _address_column(rows)
    if column is None:
        raise NoTable("no column of addresses was found", _FIX_HEADER)
    first = next(at for at, cells in enumerate(rows) if column < len(cells) and names_addresses(cells[column]))
    data = [cells for cells in rows[first:] if any(cells)]
    width = max(len(cells) for cells in data)
    fields = [Field.OTHER] * width
    fields[column] = Field.ADDRESS
    texts = []
    for at in range(width):
        values = [cells[at] for cells in data if at < len(cells) and cells[at]]
        if at == column or not values:
            continue
        if all(map(names_addresses, values)):
            fields[at] = Field.MASK if all(value.startswith("255.") for value in values) else Field.LAST
        elif not all(value.isdecimal() for value in values):
            texts.append((at, values))
        elif at > column:
            raise NoTable("there is no header, and a column of numbers can be many things", _FIX_HEADER)
    for at, field in _name_columns([at for at, _ in texts], [values for _, values in texts], width, column):
        fields[at] = field
    return Layout(tuple(fields), first, False)


def _name_columns(places: list[int], texts: list[list[str]], width: int, column: int) -> list[tuple[int, Field]]:
    """What the columns of plain text mean: one is the name, or all stand in the documented order."""
    if column == 0 and width == len(DOCUMENTED) and len(places) >= 2:
        return list(enumerate(DOCUMENTED))[1:]
    contacts = [at for at, values in zip(places, texts, strict=True) if all(map(_CONTACT_LIKE.fullmatch, values))]
    names = [at for at in places if at not in contacts]
    if len(names) != 1:
        what = "there is no header, and the columns have no plain order" if names else "no column of names was found"
        raise NoTable(what, _FIX_HEADER)
    return [(names[0], Field.NAME), *((at, Field.CONTACT) for at in contacts)]


def _address_column(rows: Sequence[Cells]) -> int | None:
    """The first column where most cells are addresses."""
    width = min(MAX_COLUMNS, max((len(cells) for cells in rows), default=0))
    for at in range(width):
        values = [cells[at] for cells in rows if at < len(cells) and cells[at]]
        if values and 2 * sum(map(names_addresses, values)) > len(values):
            return at
    return None


def _separator(lines: Sequence[Line]) -> tuple[str, bool]:
    """The separator under which most is understood, and whether a header is."""
    best, best_score = ",", (False, 0, 0, 0)
    quiet = Complaints("")
    for separator in _SEPARATORS:
        rows = [cells for _, cells in _split_all(_Lines(lines, quiet), separator, quiet)]
        try:
            layout = find_layout(rows)
        except NoTable:
            continue
        column = next(at for at, field in enumerate(layout.fields) if field in WHERE)
        data = rows[layout.first_row :]
        read = sum(1 for cells in data if column < len(cells) and names_addresses(cells[column]))
        known = sum(1 for field in layout.fields if field is not Field.OTHER)
        score = (layout.header, read, known, len(layout.fields))
        if score > best_score:
            best, best_score = separator, score
    return best, best_score[0]


def _split_all(lines: _Lines, separator: str, complaints: Complaints) -> Iterator[tuple[int, Cells]]:
    """The cells of each line, without blanks around them."""
    while (line := lines.take()) is not None:
        number, text = line
        if separator == " ":
            cells = text.split(None, 1)
        elif '"' in text:
            cells = _split_quoted(line, lines, separator, complaints)
        else:
            cells = text.split(separator, MAX_COLUMNS)
        if len(cells) > MAX_COLUMNS:
            complaints.add(number, f"more than {MAX_COLUMNS} cells: the rest of the line was left out",
                           "remove the columns that are not needed")
            del cells[MAX_COLUMNS:]
        cells = [cell.strip() for cell in cells]
        if any(cells):
            yield number, cells


def _split_quoted(line: Line, lines: _Lines, separator: str, complaints: Complaints) -> list[str]:
    """The cells of a line with quotes; the lines that they run over are taken."""
    following = lines.ahead(MAX_JOINED - 1) if line[1].count('"') % 2 else []
    asked = 0

    def feed() -> Iterator[str]:
        nonlocal asked
        for _, text in (line, *following):
            asked += 1
            yield text + "\n"
        asked += 1  # the reader asked for more: the quote is still open

    csv.field_size_limit(MAX_LINE * (MAX_JOINED + 1))
    cells = next(csv.reader(feed(), delimiter=separator, skipinitialspace=True))
    if asked <= len(following) + 1:
        for _ in range(asked - 1):
            lines.take()
        return cells
    complaints.add(line[0], "a quote is opened and never closed", "close it, or write it twice if it is meant")
    return line[1].replace('"', "").split(separator, MAX_COLUMNS)
