"""The user's table of networks and the units they belong to.

Contract: `load_inventory(path)` reads CSV, TSV and their kin (any columns that `headings` knows, English or
Chinese), JSON and YAML (a list of objects with the same names, or an object of network: unit). It gives an
`Inventory`; what is wrong with single lines stands in its `warnings` with line numbers, and the good lines
count. Raises ConfigError where the file cannot be read or holds no usable entry. `lookup(ip)` is one bisection:
the smallest range that holds the address wins.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct, field

from netminer_detect.errors import ConfigError
from netminer_detect.findings import Organisation
from netminer_detect.organisations.addresses import AddressError, Span, joined, masked, parse_addresses, shown
from netminer_detect.organisations.encodings import decode_text, read_lines
from netminer_detect.organisations.flattening import Ranges, crossings
from netminer_detect.organisations.headings import Field, field_of
from netminer_detect.organisations.rows import MAX_ROWS, Complaints, Row
from netminer_detect.organisations.tables import NoTable, read_table

# A million networks are some 60 MB of text.
MAX_FILE = 256 * 1024 * 1024
_FIX_ENTRY = "write a network and a name: network,id,name,sector,contact"


class _Entry(Struct, frozen=True):
    """One range of one unit."""

    span: Span
    unit: Organisation
    where: int | str


class Inventory(Struct):
    """See the module's contract."""

    path: str
    warnings: list[str] = field(default_factory=list)
    _units: dict[int, list[Organisation]] = field(default_factory=dict)
    _ranges: dict[int, Ranges] = field(default_factory=dict)

    def lookup(self, ip: str) -> Organisation | None:
        """The unit of an address, None where no entry holds it."""
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return None
        ranges = self._ranges.get(address.version)
        at = ranges.owner(int(address)) if ranges is not None else -1
        return self._units[address.version][at] if at >= 0 else None

    def contains(self, ip: str) -> bool:
        """Whether an entry holds the address."""
        return self.lookup(ip) is not None


def load_inventory(path: str) -> Inventory:
    """See the module's contract."""
    complaints = Complaints(path)
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise ConfigError(path, f"the inventory cannot be read ({error.strerror})", "check the path") from error
    if len(data) > MAX_FILE:
        raise ConfigError(path, "the inventory is larger than 256 MiB", "split it, or drop columns")
    entries: list[_Entry] = []
    try:
        for row in _rows(path, data, complaints):
            if len(entries) >= MAX_ROWS:
                complaints.add(row.where, "entries beyond a million are left out", "join neighbouring networks")
                break
            entries += _entries(row, complaints)
    except NoTable as error:
        raise ConfigError(path, error.what, error.fix) from error
    if not entries:
        first = complaints.lines()[0] if complaints.told else "it holds no entry"
        raise ConfigError(path, f"no usable entry ({first})", _FIX_ENTRY)
    return _built(path, entries, complaints)


def _rows(path: str, data: bytes, complaints: Complaints) -> Iterable[Row]:
    lower = path.lower()
    if lower.endswith((".xlsx", ".xls", ".ods")) or data[:4] == b"PK\x03\x04":
        raise ConfigError(path, "spreadsheets are not read yet", "save it as CSV")
    if lower.endswith((".json", ".yaml", ".yml")) or data.lstrip()[:1] in (b"[", b"{"):
        return _documents(path, data, complaints, lower.endswith((".yaml", ".yml")))
    return read_table(read_lines(data, complaints), complaints)


def _documents(path: str, data: bytes, complaints: Complaints, is_yaml: bool) -> Iterator[Row]:
    text = decode_text(data)
    try:
        document = _yaml(text) if is_yaml else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(path, f"no sound {'YAML' if is_yaml else 'JSON'} ({error})", "correct it there") from error
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = lists[0] if len(lists) == 1 and len(document) == 1 else [
            {"network": key, **(value if isinstance(value, dict) else {"name": value})}
            for key, value in document.items()
        ]
    if not isinstance(document, list):
        raise ConfigError(path, "neither a list of entries nor an object of networks", _FIX_ENTRY)
    for number, entry in enumerate(document, 1):
        if not isinstance(entry, dict):
            complaints.add(f"entry {number}", "no object", _FIX_ENTRY)
            continue
        cells = [(field_of(str(key)), text) for key, value in entry.items() for text in _texts(value)]
        yield Row(f"entry {number}", cells)


def _yaml(text: str) -> Any:
    import yaml

    if len(text) > 32 * 1024 * 1024 or text.count("*") > 10_000:
        raise ValueError("too large for YAML; use CSV")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error).replace("\n", " ")) from error


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(part) for part in value if isinstance(part, (str, int))]
    return [str(value)] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else []


def _entries(row: Row, complaints: Complaints) -> list[_Entry]:
    """The ranges of a row; none, with a message, where it names no network or no unit."""
    cells: dict[Field, str] = {}
    for what, text in row.cells:
        kept = cells.get(what)
        cells[what] = text if kept is None else f"{kept}, {text}"
    try:
        spans, notes = _spans(cells)
    except AddressError as error:
        complaints.add(row.where, error.what, error.fix)
        return []
    for note in notes:
        complaints.add(row.where, note, "write it so if it is meant")
    if not spans:
        complaints.add(row.where, "no network", _FIX_ENTRY)
        return []
    unit = _unit(cells)
    if unit is None:
        complaints.add(row.where, "a network without a unit", _FIX_ENTRY)
        return []
    return [_Entry(span, unit, row.where) for span in spans]


def _spans(cells: dict[Field, str]) -> tuple[list[Span], list[str]]:
    first, last = cells.get(Field.FIRST), cells.get(Field.LAST)
    address = cells.get(Field.ADDRESS) or cells.get(Field.PREFIX) or cells.get(Field.PLACE) or first
    if address is None:
        return [], []
    spans, notes = parse_addresses(address)
    if last is not None and len(spans) == 1:
        ends, more = parse_addresses(last)
        return [joined(spans[0], ends[-1])], notes + more
    mask = cells.get(Field.MASK)
    if mask is not None and len(spans) == 1 and spans[0].low == spans[0].high:
        return [masked(spans[0], mask, notes)], notes
    count = cells.get(Field.COUNT, "")
    if count.isdigit() and 0 < len(count) < 12 and int(count) and len(spans) == 1 and spans[0].low == spans[0].high:
        top = (1 << (32 if spans[0].version == 4 else 128)) - 1
        if spans[0].low + int(count) - 1 > top:
            raise AddressError(f"{shown(count)} addresses go beyond the address space", "correct the count")
        return [Span(spans[0].version, spans[0].low, spans[0].low + int(count) - 1)], notes
    return spans, notes


def _unit(cells: dict[Field, str]) -> Organisation | None:
    name = cells.get(Field.NAME) or cells.get(Field.DEPARTMENT) or cells.get(Field.LABEL)
    if name and Field.NAME in cells and Field.DEPARTMENT in cells:
        name = f"{cells[Field.NAME]} {cells[Field.DEPARTMENT]}"
    identity = cells.get(Field.ID)
    if identity is None and name is None:
        return None
    name = (name or identity or "")[:256]
    if identity is None:
        # Stable over runs and files, short enough to read: units without a number of their own.
        identity = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return Organisation(identity[:128], name, cells.get(Field.SECTOR), cells.get(Field.CONTACT))


def _built(path: str, entries: list[_Entry], complaints: Complaints) -> Inventory:
    inventory = Inventory(path)
    for version in (4, 6):
        mine = [entry for entry in entries if entry.span.version == version]
        if mine:
            _tell_conflicts(mine, complaints)
            inventory._units[version] = [entry.unit for entry in mine]
            inventory._ranges[version] = Ranges.build([(entry.span.low, entry.span.high) for entry in mine])
    inventory.warnings = complaints.lines()
    return inventory


def _tell_conflicts(entries: list[_Entry], complaints: Complaints) -> None:
    """Entries of the same range, and ranges that cross."""
    known: dict[Span, _Entry] = {}
    for entry in entries:
        first = known.setdefault(entry.span, entry)
        if first is entry:
            continue
        if first.unit == entry.unit:
            complaints.add(entry.where, f"the same entry as line {first.where}", "drop one of them")
        else:
            complaints.add(entry.where, f"the same network as line {first.where}, but another unit; that one counts",
                           "decide whose it is")
    spans = [(entry.span.low, entry.span.high) for entry in entries]
    for later, earlier in crossings(spans, [entry.unit for entry in entries]):
        complaints.add(entries[later].where, f"overlaps line {entries[earlier].where}, another unit",
                       "decide whose the common part is; the smaller range counts")
