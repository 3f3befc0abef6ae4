"""Reads what a user does not want to be told again, and takes such findings out of the report.

Contract: `load_suppressions(paths)` reads YAML files, strictly: ConfigError with path:line.

    suppressions:
      - reason: course on blockchains in room 12     # needed: the report repeats it
        expires: 2027-02-28                          # needed: after this day it hides nothing, and the scan says so
        source: [10.3.0.0/24, 10.4.0.9]              # address or CIDR of the machine
        unit: lib                                    # id of the organisation in the inventory
        rule: agent-xmrig                            # id of a rule that the finding names
        pool: {name: pool.example, operator: Example Pool, address: 203.0.113.0/24, port: 3333}
        from: 2026-11-01                             # the finding lies between these two, as a whole;
        until: 2026-11-30T18:00Z                     # a day counts to its end; times are UTC

At least one of source, unit, rule, pool, from and until must be given; all that are must hold. Each but the times may
be a list, of which one must hold. A pool's name counts with its sub-domains. `Suppressions.keep(findings)` gives those
that are to be told; a finding is counted with the first suppression that hides it. Expiry goes by the day on which
the scan runs (UTC), not by the capture's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from msgspec import Struct, field

from netminer_detect.errors import ConfigError
from netminer_detect.findings import HARMLESS, Finding, Server, Suppressed
from netminer_detect.rulebook.document import Node, read
from netminer_detect.rulebook.fields import Fields
from netminer_detect.rulebook.names import normal

MAX_BYTES = 4 << 20
MAX_SUPPRESSIONS = 10_000
_WHAT = ("source", "unit", "rule", "pool", "from", "until")
_POOL = ("name", "operator", "address", "port")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Pool(Struct, frozen=True):
    """A mining server, or several. What is empty counts for all."""

    names: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    addresses: tuple[_Network, ...] = ()
    ports: tuple[int, ...] = ()

    def holds(self, server: Server | None) -> bool:
        if server is None:
            return False
        name, operator = normal(server.name or ""), (server.operator or "").casefold()
        return (
            (not self.names or any(name == one or name.endswith(f".{one}") for one in self.names))
            and (not self.operators or operator in self.operators)
            and (not self.addresses or (server.ip is not None and _within(server.ip, self.addresses)))
            and (not self.ports or server.port in self.ports)
        )


class Suppression(Struct, frozen=True, kw_only=True):
    """One entry of a file; `until_ns` is the first nanosecond behind its span."""

    path: str
    line: int
    reason: str
    expires: date
    sources: tuple[_Network, ...] = ()
    units: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    pools: tuple[Pool, ...] = ()
    from_ns: int | None = None
    until_ns: int | None = None

    def hides(self, finding: Finding) -> bool:
        unit, server = finding.organisation, finding.peer if finding.role in HARMLESS else finding.pool
        return (
            (not self.sources or _within(finding.source_ip, self.sources))
            and (not self.units or (unit is not None and unit.id in self.units))
            and (not self.rules or not set(self.rules).isdisjoint(finding.rules))
            and (not self.pools or any(pool.holds(server) for pool in self.pools))
            and (self.from_ns is None or (finding.first_seen_ns is not None and finding.first_seen_ns >= self.from_ns))
            and (self.until_ns is None or (finding.last_seen_ns is not None and finding.last_seen_ns < self.until_ns))
        )


class Suppressions(Struct):
    """See the module's contract. `counts` has a line for each suppression, in the order of the files."""

    entries: list[Suppression] = field(default_factory=list)
    today: date = date.min
    counts: list[Suppressed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [
            Suppressed(one.path, one.line, one.reason, one.expires.isoformat(), one.expires < self.today)
            for one in self.entries
        ]

    def keep(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings that no suppression hides; the others are counted."""
        alive = [(one, count) for one, count in zip(self.entries, self.counts, strict=True) if not count.expired]
        kept = []
        for finding in findings:
            count = next((count for one, count in alive if one.hides(finding)), None)
            if count is None:
                kept.append(finding)
            else:
                count.findings += 1
        return kept


def load_suppressions(paths: Sequence[str], today: date | None = None) -> Suppressions:
    """See the module's contract. `today` is the day that counts for expiry."""
    entries: list[Suppression] = []
    for path in paths:
        entries += parse_suppressions(_content(path), path)
    return Suppressions(entries, datetime.now(UTC).date() if today is None else today)


def parse_suppressions(data: bytes, path: str) -> list[Suppression]:
    """The suppressions in a file's bytes. Raises ConfigError."""
    fields = Fields(path)
    root = fields.mapping(read(data, path), "a file of suppressions", ("suppressions",))
    nodes = fields.all_of(root["suppressions"], lambda node: node)
    if len(nodes) > MAX_SUPPRESSIONS:
        what = f"{len(nodes)} suppressions"
        raise fields.wrong(nodes[MAX_SUPPRESSIONS], what, f"suppress networks or units, at most {MAX_SUPPRESSIONS}")
    reader = _Reader(fields)
    return [reader.suppression(node) for node in nodes]


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(path, error.strerror or "cannot be read", "check the path and its permissions") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}:1", f"the file has more than {MAX_BYTES >> 20} MiB", "split it into several files")
    return data


@lru_cache(maxsize=65_536)
def _address(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(ip)
    except ValueError:
        return None


def _within(ip: str, networks: Sequence[_Network]) -> bool:
    address = _address(ip)
    return address is not None and any(address in network for network in networks)


class _Reader(Struct):
    """Reads the nodes of one file."""

    fields: Fields

    def suppression(self, node: Node) -> Suppression:
        fields = self.fields
        entries = fields.mapping(node, "a suppression", ("reason", "expires"), _WHAT)
        if not set(_WHAT) & set(entries):
            raise fields.wrong(node, "this suppression would hide everything", f"give one of {', '.join(_WHAT)}")
        begin = self._time(entries["from"], False) if "from" in entries else None
        end = self._time(entries["until"], True) if "until" in entries else None
        if begin is not None and end is not None and begin >= end:
            raise fields.wrong(entries["until"], "the time span ends before it begins", "correct from or until")
        return Suppression(
            path=fields.path,
            line=node.line,
            reason=fields.text(entries["reason"]),
            expires=self._expires(entries["expires"]),
            sources=self._each(entries, "source", self._network),
            units=self._each(entries, "unit", fields.text),
            rules=self._each(entries, "rule", fields.identifier),
            pools=self._each(entries, "pool", self._pool),
            from_ns=begin,
            until_ns=end,
        )

    def _each(self, entries: dict[str, Node], key: str, take: Callable[[Node], T]) -> tuple[T, ...]:
        """One value or a list of them."""
        if key not in entries:
            return ()
        node = entries[key]
        if node.items is None:
            return (take(node),)
        if not node.items:
            raise self.fields.wrong(node, f"{key} is an empty list", "name at least one, or remove the key")
        return tuple(take(item) for item in node.items)

    def _network(self, node: Node) -> _Network:
        text = self.fields.text(node)
        try:
            return ipaddress.ip_network(text)
        except ValueError as error:
            what = "has bits set behind its length" if "host bits" in str(error) else "is no address and no network"
            fix = "write it as 10.3.0.17 or 10.3.0.0/24"
            raise self.fields.wrong(node, f"{self.fields.shown(node)} {what}", fix) from None

    def _pool(self, node: Node) -> Pool:
        fields = self.fields
        entries = fields.mapping(node, "a pool", (), _POOL)
        if not entries:
            raise fields.wrong(node, "a pool without a fact", f"give one of {', '.join(_POOL)}")
        return Pool(
            names=self._each(entries, "name", self._name),
            operators=self._each(entries, "operator", lambda one: fields.text(one).casefold()),
            addresses=self._each(entries, "address", self._network),
            ports=self._each(entries, "port", lambda one: fields.number(one, 1, 65535, "port")),
        )

    def _name(self, node: Node) -> str:
        name = normal(self.fields.text(node)).removeprefix("*.")
        if not name.isascii() or " " in name or "/" in name or ":" in name or not name:
            fix = "write it as pool.example; sub-domains count too"
            raise self.fields.wrong(node, f"{self.fields.shown(node)} is no host name", fix)
        return name

    def _expires(self, node: Node) -> date:
        text = self.fields.text(node)
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise self.fields.wrong(node, f"{self.fields.shown(node)} is no day", "write it as 2027-02-28")

    def _time(self, node: Node, ends: bool) -> int:
        """Nanoseconds since 1970 of a day's begin (or end), or of a time."""
        text = self.fields.text(node)
        try:
            if not _TIME.fullmatch(text):
                raise ValueError(text)
            moment = datetime.fromisoformat(text)
            if "T" not in text:
                moment = moment.replace(tzinfo=UTC) + timedelta(days=ends)
            return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
        except (ValueError, OverflowError):
            fix = "write it as 2026-11-01 or 2026-11-01T08:00Z"
            raise self.fields.wrong(node, f"{self.fields.shown(node)} is no day and no time", fix) from None
