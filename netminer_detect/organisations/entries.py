"""Turns rows into ranges and units, and tells what is wrong with them.

Contract: `Entries.add(row)` takes a row's ranges and its unit, or tells with its line why it has none; `count` is the
number of ranges taken. The same unit on a million lines is held once. `close()` makes the units (see `units`) and tells
what the rows say against each other. An entry whose date cannot be read is left out: it could name the wrong unit.
"""

from __future__ import annotations

import heapq
import itertools
from array import array

from netminer_detect.findings import Organisation
from netminer_detect.organisations.addresses import (
    AddressError,
    Span,
    is_nothing,
    masked,
    parse_addresses,
    plain_span,
)
from netminer_detect.organisations.dates import ALWAYS, FOREVER, DateError, moment, period
from netminer_detect.organisations.flattening import Conflict, Spans, conflicts
from netminer_detect.organisations.headings import Field
from netminer_detect.organisations.periods import clashes
from netminer_detect.organisations.rows import MAX_TOLD, Complaints, Row
from netminer_detect.organisations.units import FIX_ENTRY, Said, settle

MAX_ENTRIES = 1_000_000
Cells = dict[Field, str]
_MORE = {Field.LAST, Field.MASK, Field.COUNT}
_WHEN = {Field.SINCE, Field.UNTIL, Field.PERIOD}


class _Listed:
    """The ranges of one IP version, the line of each, and when it is valid."""

    def __init__(self, bits: int) -> None:
        self.spans = Spans(bits)
        self.lines = array("Q")
        self.since, self.until = array("q"), array("q")

    def add(self, span: Span, owner: int, line: int, since: int, until: int) -> None:
        """List one more."""
        self.spans.add(span.low, span.high, owner)
        self.lines.append(line)
        self.since.append(since)
        self.until.append(until)


class Entries:
    """See the module's contract."""

    def __init__(self, complaints: Complaints) -> None:
        self.units: list[Organisation] = []
        self.listed = {4: _Listed(32), 6: _Listed(128)}
        self.count = 0
        self.dated = False
        self._complaints = complaints
        self._said: dict[Said, int] = {}  # numbers of units
        self._lines = array("Q")  # where each is said first
        self._unlisted: dict[Said, int] = {}  # said without a network, with the line

    def add(self, row: Row) -> None:
        """See the module's contract."""
        cells: Cells = {}
        for what, text in row.cells:
            if not is_nothing(text):
                kept = cells.get(what)
                cells[what] = text if kept is None else f"{kept}, {text}"
        try:
            spans = self._spans(row.line, cells)
            since, until = _period(cells) if cells.keys() & _WHEN else (ALWAYS, FOREVER)
        except (AddressError, DateError) as error:
            self._complaints.add(row.line, error.what, error.fix)
            return
        said = Said.of(cells)
        if said is None:
            if cells:
                self._complaints.add(row.line, "a network without a unit" if spans else "no network", FIX_ENTRY)
            return
        if not spans:
            self._unlisted.setdefault(said, row.line)
            return
        owner = self._said.setdefault(said, len(self._said))
        if owner == len(self._lines):
            self._lines.append(row.line)
        self.dated = self.dated or since != ALWAYS or until != FOREVER
        for span in spans:
            self.listed[span.version].add(span, owner, row.line, since, until)
        self.count += len(spans)

    def close(self) -> None:
        """See the module's contract."""
        lines = dict(zip(self._said, self._lines, strict=True))
        self.units = settle(lines, self._unlisted, self._complaints)
        for listed in self.listed.values():
            count = itertools.count()
            found = clashes(listed.spans, listed.since, listed.until) if self.dated else conflicts(listed.spans)
            told = heapq.nsmallest(MAX_TOLD, (one for one, _ in zip(found, count, strict=False)))
            for conflict in told:
                self._tell(listed, conflict)
            self._complaints.beyond += next(count) - len(told)

    def _tell(self, listed: _Listed, conflict: Conflict) -> None:
        one, other = (listed.spans.owners[at] for at in (conflict.later, conflict.earlier))
        line = listed.lines[conflict.earlier]
        if not conflict.same:
            what = f"overlaps line {line}, another unit"
            fix = "decide whose the common part is; the smaller range counts"
        elif one == other:
            what, fix = f"the same entry as line {line}", "drop one of them"
        else:
            what = f"the same network as line {line}, but another unit; that one counts"
            fix = "decide whose it is"
        self._complaints.add(listed.lines[conflict.later], what, fix)

    def _spans(self, line: int, cells: Cells) -> list[Span]:
        address = cells.get(Field.ADDRESS) or cells.get(Field.FIRST)
        if address is None:
            return []
        span = plain_span(address)
        alone = not cells.keys() & _MORE or (span is not None and span.low != span.high and Field.ADDRESS in cells)
        if span is not None and alone:
            return [span]
        spans, notes = _spans_of(cells, address)
        for note in notes:
            self._complaints.add(line, note, "write it so if it is meant")
        return spans


def _spans_of(cells: Cells, address: str) -> tuple[list[Span], list[str]]:
    """The ranges that the cells name together, and notes on how they were read. Raises AddressError."""
    spans, notes = parse_addresses(address)
    first, last = spans[0], cells.get(Field.LAST)
    if len(spans) > 1 or (first.low != first.high and (Field.ADDRESS in cells or last is None)):
        # A network says it all; the first and last machine beside it leave out its ends.
        return spans, notes
    if last is not None:
        return parse_addresses(f"{address}-{last}")
    mask = cells.get(Field.MASK)
    if mask is not None:
        return [masked(first, mask, notes)], notes
    count = cells.get(Field.COUNT, "")
    if count.isascii() and count.isdigit() and len(count) < 12 and int(count):
        high = first.low + int(count) - 1
        if high >= 1 << (32 if first.version == 4 else 128):
            raise AddressError(f"{count} addresses go beyond the address space", "correct the count")
        return [Span(first.version, first.low, high)], notes
    return spans, notes


def _period(cells: Cells) -> tuple[int, int]:
    """When the entry is valid, in nanoseconds UTC, the end outside. Raises DateError."""
    since, until = period(cells[Field.PERIOD]) if Field.PERIOD in cells else (ALWAYS, FOREVER)
    if Field.SINCE in cells:
        since = max(since, moment(cells[Field.SINCE]))
    if Field.UNTIL in cells:
        until = min(until, moment(cells[Field.UNTIL], True))
    if until <= since:
        raise DateError("the entry ends before it begins to be valid", "swap the two dates")
    return since, until
