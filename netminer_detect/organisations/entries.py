"""Turns rows into ranges and units, and tells what is wrong with them.

Contract: `Entries.add(row)` takes a row's ranges and its unit, or tells with its line why it has none; `count` is the
number of ranges taken. The same unit on a million lines is held once. `tell_conflicts()` tells what the rows say
against each other. A unit without an id gets one made of its name: the same in every run and file.
"""

from __future__ import annotations

import hashlib
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
    shown,
)
from netminer_detect.organisations.flattening import Conflict, Spans, conflicts
from netminer_detect.organisations.headings import Field
from netminer_detect.organisations.rows import MAX_TOLD, Complaints, Row

MAX_ENTRIES = 1_000_000
# Of a unit so many characters are kept of each cell.
MAX_ID, MAX_TEXT = 128, 256
# 2^48 ids: two names in a million clash once in 500 inventories.
_MADE_ID_DIGITS = 12
FIX_ENTRY = "write a network and a name: network,id,name,sector,contact"

Cells = dict[Field, str]
_MORE = {Field.LAST, Field.MASK, Field.COUNT}
_WHO = (Field.ID, Field.NAME, Field.DEPARTMENT, Field.LABEL, Field.SECTOR, Field.CONTACT)


class _Listed:
    """The ranges of one IP version, and the line of each."""

    def __init__(self, bits: int) -> None:
        self.spans = Spans(bits)
        self.lines = array("Q")


class Entries:
    """See the module's contract."""

    def __init__(self, complaints: Complaints) -> None:
        self.units: list[Organisation] = []
        self.listed = {4: _Listed(32), 6: _Listed(128)}
        self._complaints = complaints
        self._known: dict[tuple[str | None, ...], int] = {}
        self._first_of: dict[str, int] = {}
        self._unit_lines = array("Q")
        self.count = 0

    def add(self, row: Row) -> None:
        """See the module's contract."""
        cells: Cells = {}
        for what, text in row.cells:
            if not is_nothing(text):
                kept = cells.get(what)
                cells[what] = text if kept is None else f"{kept}, {text}"
        try:
            spans = self._spans(row.line, cells)
        except AddressError as error:
            self._complaints.add(row.line, error.what, error.fix)
            return
        if not spans:
            if cells:
                self._complaints.add(row.line, "no network", FIX_ENTRY)
            return
        owner = self._owner(row.line, cells)
        if owner is None:
            self._complaints.add(row.line, "a network without a unit", FIX_ENTRY)
            return
        for span in spans:
            listed = self.listed[span.version]
            listed.spans.add(span.low, span.high, owner)
            listed.lines.append(row.line)
        self.count += len(spans)

    def tell_conflicts(self) -> None:
        """Tell ranges that stand there twice or cross another unit's, in the order of their lines."""
        for listed in self.listed.values():
            count = itertools.count()
            told = heapq.nsmallest(MAX_TOLD, (found for found, _ in zip(conflicts(listed.spans), count, strict=False)))
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

    def _owner(self, line: int, cells: Cells) -> int | None:
        """The number of the row's unit; None where no cell names one."""
        key = tuple(map(cells.get, _WHO))
        known = self._known.get(key)
        if known is not None:
            return known
        unit = _unit(cells)
        if unit is None:
            return None
        number = self._known[key] = len(self.units)
        self.units.append(unit)
        self._unit_lines.append(line)
        first = self._first_of.setdefault(unit.id, number)
        if self.units[first].name != unit.name:
            self._complaints.add(line, f"the id {shown(unit.id)!r} stands on line {self._unit_lines[first]} for "
                                 f"{shown(self.units[first].name)!r}; both are counted as one unit",
                                 "give each unit its own id")
        return number


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


def _unit(cells: Cells) -> Organisation | None:
    part, identity, contact = cells.get(Field.DEPARTMENT), cells.get(Field.ID), cells.get(Field.CONTACT)
    name = cells.get(Field.NAME) or part or cells.get(Field.LABEL)
    if identity is None and name is None:
        return None
    if part and Field.NAME in cells:
        if identity is None:
            name = f"{name} {part}"
        else:
            # The id is the whole unit's: its sums must not bear the name of one part. Whom to call is in the part.
            contact = f"{part}, {contact}" if contact else part
    name = (name or identity or "")[:MAX_TEXT]
    if identity is None:
        identity = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:_MADE_ID_DIGITS]
    return Organisation(identity[:MAX_ID], name, _cut(cells.get(Field.SECTOR)), _cut(contact))


def _cut(text: str | None) -> str | None:
    return text[:MAX_TEXT] if text else None
