"""The user's table of networks and the units they belong to.

Contract: `load_inventory(path)` reads CSV, TSV and their kin (any columns that `headings` knows, English or
Chinese), JSON and YAML (see `documents`). It gives an `Inventory`; what is wrong with single lines stands in its
`warnings` with line numbers, and the good lines count. Raises ConfigError where the file cannot be read or holds no
usable entry. `lookup(ip, at_ns)` is one bisection: the smallest range that holds the address (and is valid then) wins.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from msgspec import Struct, field

from netminer_detect.errors import ConfigError
from netminer_detect.findings import Organisation
from netminer_detect.organisations.documents import read_json, read_yaml
from netminer_detect.organisations.encodings import decode_text, read_lines
from netminer_detect.organisations.entries import MAX_ENTRIES, Entries
from netminer_detect.organisations.flattening import Ranges, flatten
from netminer_detect.organisations.periods import Chains, TangleError, chained, timeless
from netminer_detect.organisations.rows import Complaints, Row
from netminer_detect.organisations.tables import NoTable, read_table
from netminer_detect.organisations.units import FIX_ENTRY

# A million networks are some 60 MB of text.
MAX_FILE = 256 * 1024 * 1024
# An object, or a list of objects; a bracket alone may begin an IPv6 address.
_JSON_LIKE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{|\[\s*\{)")
# Zip archives (xlsx, ods) and the older compound files (xls).
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


class Inventory(Struct):
    """See the module's contract."""

    path: str
    warnings: list[str] = field(default_factory=list)
    units: list[Organisation] = field(default_factory=list)
    ranges: dict[int, Ranges] = field(default_factory=dict)
    dated: dict[int, Chains] = field(default_factory=dict)
    by_id: dict[str, Organisation] = field(default_factory=dict)

    def lookup(self, ip: str, at_ns: int | None = None) -> Organisation | None:
        """The unit of an address at a time (ns UTC), None where no entry holds it then. Without a time every entry
        counts, of two for the same network the one that is valid last."""
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return None
        # A mapped address is the IPv4 machine, here as in the inventory's own entries.
        address = getattr(address, "ipv4_mapped", None) or address
        version, value = address.version, int(address)
        at = -1
        if at_ns is not None and version in self.dated:
            at = self.dated[version].owner(value, at_ns)
        elif version in self.ranges:
            at = self.ranges[version].owner(value)
        return self.units[at] if at >= 0 else None

    def contains(self, ip: str) -> bool:
        """Whether an entry holds the address, at whatever time."""
        return self.lookup(ip) is not None

    def unit(self, identity: str) -> Organisation | None:
        """The unit of an id, also one that only stands above others."""
        return self.by_id.get(identity)

    def above(self, identity: str) -> list[Organisation]:
        """The units above the one of an id, the nearest first."""
        found = []
        unit = self.by_id.get(identity)
        while unit is not None and unit.parent is not None:
            unit = self.by_id[unit.parent]
            found.append(unit)
        return found


def load_inventory(path: str) -> Inventory:
    """See the module's contract."""
    complaints = Complaints(path)
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise ConfigError(path, f"the inventory cannot be read ({error.strerror})", "check the path") from error
    if not data or data.isspace():
        raise ConfigError(path, "the inventory is empty", FIX_ENTRY)
    if len(data) > MAX_FILE:
        raise ConfigError(path, "the inventory is larger than 256 MiB", "split it, or drop columns")
    entries = Entries(complaints)
    try:
        for row in _rows(path, data, complaints):
            if entries.count >= MAX_ENTRIES:
                complaints.add(row.line, "entries beyond a million are left out", "join neighbouring networks")
                break
            entries.add(row)
    except NoTable as error:
        raise ConfigError(path, _with_first(error.what, complaints), error.fix) from error
    if not entries.count:
        raise ConfigError(path, _with_first("no usable entry", complaints), FIX_ENTRY)
    entries.close()
    return _built(path, entries, complaints)


def _built(path: str, entries: Entries, complaints: Complaints) -> Inventory:
    """The inventory of what was read."""
    ranges, dated = {}, {}
    for version, listed in entries.listed.items():
        if not listed.lines:
            continue
        if not entries.dated:
            ranges[version] = flatten(listed.spans)
            continue
        ranges[version] = flatten(timeless(listed.spans, listed.since, listed.until))
        try:
            dated[version] = chained(listed.spans, listed.since, listed.until)
        except TangleError as error:
            raise ConfigError(f"{path}:{listed.lines[error.place]}", "ranges with dates lie across one another by the "
                              "hundred", "write networks, or leave out what is over") from error
    by_id: dict[str, Organisation] = {}
    for unit in entries.units:
        by_id.setdefault(unit.id, unit)
    return Inventory(path, complaints.lines(), entries.units, ranges, dated, by_id)


def _with_first(what: str, complaints: Complaints) -> str:
    return f"{what} ({complaints.told[0]})" if complaints.told else what


def _rows(path: str, data: bytes, complaints: Complaints) -> Iterator[Row]:
    lower = path.lower()
    if lower.endswith((".xlsx", ".xls", ".ods")) or data.startswith(_SPREADSHEETS):
        raise ConfigError(path, "spreadsheets are not read yet", "save it as CSV")
    if lower.endswith((".yaml", ".yml")):
        return read_yaml(decode_text(data), complaints)
    if lower.endswith((".json", ".jsonl", ".ndjson")) or _JSON_LIKE.match(data):
        return read_json(decode_text(data), complaints)
    return read_table(read_lines(data, complaints), complaints)
