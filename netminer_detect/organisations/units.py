"""Makes units of what the lines of an inventory say of them, and puts each below the unit it belongs to.

Contract: a `Said` is what one or more lines say of whose a network is. `settle(said, unlisted, complaints)` gives a unit
for each, in their order, then the units that only stand above others; all units of one id have the same parent. A
unit without an id gets one made of its name: the same in every run and file. A department is a unit of its own, below
its organisation, where it has an id of its own, where no id is given, or where one name has an id for each department;
else (one id, several departments) the id is the whole unit's and the department tells whom to call. A parent is known
by its id or its name, or by `A > B`; who is named and stands nowhere becomes a unit too. `unlisted` said lines without a
network: they count where they stand above another. What contradicts itself is told with its line; circles are cut.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from netminer_detect.findings import Organisation
from netminer_detect.organisations.addresses import shown
from netminer_detect.organisations.headings import Field
from netminer_detect.organisations.rows import Complaints

# Of a unit so many characters are kept of each cell.
MAX_ID, MAX_TEXT = 128, 256
# 2^48 ids: two names in a million clash once in 500 inventories.
_MADE_ID_DIGITS = 12
# So many units may stand above one another.
MAX_ABOVE = 32
_STEPS = re.compile(r"\s*(?:[>›»→]|->)\s*")
FIX_ENTRY = "write a network and a name: network,id,name,sector,contact"


class Said(NamedTuple):
    """The cells that say whose a network is, None where a cell is empty. `label` is a name that `name` beats, `part` a
    department."""

    id: str | None
    name: str | None
    part: str | None
    label: str | None
    sector: str | None
    contact: str | None
    parent: str | None
    parent_id: str | None
    part_id: str | None

    @classmethod
    def of(cls, cells: Mapping[Field, str]) -> Said | None:
        """What the cells say; None where they name nobody."""
        get = cells.get
        said = cls(get(Field.ID), get(Field.NAME), get(Field.DEPARTMENT), get(Field.LABEL), get(Field.SECTOR),
                   get(Field.CONTACT), get(Field.PARENT), get(Field.PARENT_ID), get(Field.PART_ID))  # fmt: skip
        return said if said.id or said.name or said.part or said.label or said.part_id else None


class _Above(Struct, frozen=True):
    """What is said of the unit above: its id or name as they stand, and where."""

    id: str | None
    name: str | None
    line: int


class _Made(Struct, frozen=True):
    """A unit, what is said to stand above it, and the line."""

    unit: Organisation
    above: _Above | None
    line: int


def made_id(name: str) -> str:
    """The id of a unit that is known by its name only."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:_MADE_ID_DIGITS]


def settle(said: Mapping[Said, int], unlisted: Mapping[Said, int], complaints: Complaints) -> list[Organisation]:
    """See the module's contract. `said` and `unlisted` hold the first line of each."""
    about, tree = _About(unlisted), _Tree(complaints)
    whole = [(about.completed(one), line) for one, line in said.items()]
    own = _own_ids(one for one, _ in whole)
    listed = [_made(one, line, own) for one, line in whole]
    spare = [_made(one, line, own) for one, line in unlisted.items() if one not in about.used]
    for made, _ in listed:
        tree.take(made)
    for made, _ in spare:
        tree.offer(made)
    for _, over in (*listed, *spare):
        if over is not None:
            tree.offer(over)
    tree.place()
    for made, _ in spare:
        if made.unit.id not in tree.added:
            complaints.add(made.line, "no network", FIX_ENTRY)
    tree.cut_circles()
    return tree.units()


class _About:
    """What lines without a network tell of units that other lines give networks to: a sheet of units beside a sheet
    of networks. `used` are those that told something."""

    def __init__(self, unlisted: Mapping[Said, int]) -> None:
        self.used: set[Said] = set()
        self._by_id = {one.id: one for one in unlisted if one.id}
        self._by_name = {_folded(one.name): one for one in unlisted if one.name and not one.part}

    def completed(self, said: Said) -> Said:
        """The cells, where they are empty those of the other line of this unit."""
        more = self._by_id.get(said.id) if said.id else self._by_name.get(_folded(said.name or ""))
        if more is None or said.part:
            return said
        whole = Said(*(theirs if mine is None else mine for mine, theirs in zip(said, more, strict=True)))
        if whole != said:
            self.used.add(more)
        return whole


class _Tree:
    """The units, and what stands above which. `added` are the ids of those that have no network of their own."""

    def __init__(self, complaints: Complaints) -> None:
        self.added: set[str] = set()
        self._complaints = complaints
        self._units: list[Organisation] = []
        self._first: dict[str, _Made] = {}
        self._offered: dict[str, _Made] = {}
        self._named: dict[str, str] = {}
        self._above: dict[str, _Above] = {}
        self._parents: dict[str, str] = {}

    def take(self, made: _Made) -> None:
        """One more unit; tells where its id has another name, or another unit above it, already."""
        unit, first = made.unit, self._first.setdefault(made.unit.id, made)
        self._units.append(unit)
        self._named.setdefault(_folded(unit.name), unit.id)
        if first.unit.name != unit.name:
            self._complaints.add(
                made.line, f"the id {shown(unit.id)!r} stands on line {first.line} for {shown(first.unit.name)!r}; both "
                "are counted as one unit", "give each unit its own id")  # fmt: skip
        if made.above is None:
            return
        known = self._above.setdefault(unit.id, made.above)
        if (known.id, known.name) != (made.above.id, made.above.name):
            self._complaints.add(
                made.line, f"line {known.line} puts {shown(unit.name)!r} below another unit; that one counts",
                "decide where it belongs")  # fmt: skip

    def offer(self, made: _Made) -> None:
        """A unit that counts where another is found to be below it. What is said of one that counts already is
        added to it."""
        unit, above = made.unit, made.above
        named = self._named.setdefault(_folded(unit.name), unit.id)
        # A department's organisation is known by its name where another line gives that an id.
        identity = named if unit.id == made_id(unit.name) else unit.id
        if identity in self._first:
            if above is not None:
                self._above.setdefault(identity, above)
            return
        known = self._offered.setdefault(identity, made)
        if known.above is None and above is not None:
            self._offered[identity] = replace(known, above=above)

    def place(self) -> None:
        """Find each unit's parent, and the parents' own."""
        waiting = list(self._above)
        for unit in waiting:
            over = self._over(self._above[unit])
            if over.unit.id == unit:
                continue
            self._parents[unit] = over.unit.id
            if over.unit.id not in self._first:
                self._first[over.unit.id] = over
                self._units.append(over.unit)
                self.added.add(over.unit.id)
                self._named.setdefault(_folded(over.unit.name), over.unit.id)
                if over.above is not None:
                    self._above[over.unit.id] = over.above
                    waiting.append(over.unit.id)

    def _over(self, above: _Above) -> _Made:
        """The unit that is meant; made where it stands nowhere."""
        *higher, name = [step for step in _STEPS.split(above.name or "") if step] or [above.id or ""]
        for known in (above.id, name, self._named.get(_folded(name))):
            found = self._first.get(known or "") or self._offered.get(known or "")
            if found is not None:
                return found
        top = _Above(None, " > ".join(higher), above.line) if higher else None
        return _Made(Organisation(above.id or made_id(name), name), top, above.line)

    def cut_circles(self) -> None:
        """A unit that would stand above itself, or below more than MAX_ABOVE others, stands below none."""
        depth: dict[str, int] = {}
        for begun in list(self._parents):
            path: dict[str, None] = {}
            unit: str | None = begun
            while unit is not None and unit not in depth and unit not in path:
                path[unit] = None
                unit = self._parents.get(unit)
            if unit is not None and unit in path:
                self._cut(next(reversed(path)), "the units above {} go round in a circle")
                unit = None
            below = depth[unit] + 1 if unit is not None else 0
            for one in reversed(path):
                if below > MAX_ABOVE:
                    self._cut(one, f"more than {MAX_ABOVE} units stand above {{}}")
                    below = 0
                depth[one] = below
                below += 1

    def _cut(self, unit: str, what: str) -> None:
        del self._parents[unit]
        told = what.format(repr(shown(self._first[unit].unit.name)))
        self._complaints.add(self._above[unit].line, f"{told}; it is counted below none", "correct what stands above it")

    def units(self) -> list[Organisation]:
        """All of them, each with its parent."""
        over = self._parents
        return [replace(unit, parent=over[unit.id]) if unit.id in over else unit for unit in self._units]


def _own_ids(said: Iterable[Said]) -> set[str]:
    """Ids that stand for a department each: one name has several, and each of them one department."""
    parts: dict[str, str | None] = {}
    first: dict[str, str] = {}
    mixed, several = set(), set()
    for one in said:
        if one.id and one.name:
            if parts.setdefault(one.id, one.part) != one.part:
                mixed.add(one.id)
            if first.setdefault(one.name, one.id) != one.id:
                several |= {one.id, first[one.name]}
    return {one for one in several - mixed if parts[one]}


def _made(said: Said, line: int, own: set[str]) -> tuple[_Made, _Made | None]:
    """The unit of a line; with a department the organisation above it as well."""
    above = _Above(said.parent_id, said.parent, line) if said.parent or said.parent_id else None
    whole = said.name or (said.id if said.part_id else None)
    if said.part and whole and (said.part_id or not said.id or said.id in own):
        name = f"{whole} {said.part}"[:MAX_TEXT]
        over_id = said.id if said.part_id else None
        over = _unit(over_id, whole, said.sector, None)
        identity = said.part_id or said.id or made_id(name)
        return (_Made(_unit(identity, name, said.sector, said.contact), _Above(over_id, over.name, line), line),
                _Made(over, above, line))  # fmt: skip
    contact, known = said.contact, said.id or said.part_id
    if said.part and said.name and said.id:
        # The id is the whole unit's: its sums must not bear the name of one part. Whom to call is in the part.
        contact = f"{said.part}, {contact}" if contact else said.part
    name = said.name or said.part or said.label or known or ""
    return _Made(_unit(known, name, said.sector, contact), above, line), None


def _unit(identity: str | None, name: str, sector: str | None, contact: str | None) -> Organisation:
    name = name[:MAX_TEXT]
    return Organisation((identity or made_id(name))[:MAX_ID], name, _cut(sector), _cut(contact))


def _cut(text: str | None) -> str | None:
    return text[:MAX_TEXT] if text else None


def _folded(name: str) -> str:
    """A name as people would still call it the same."""
    return " ".join(name.split()).casefold() if not name.isascii() or " " in name else name.lower()
