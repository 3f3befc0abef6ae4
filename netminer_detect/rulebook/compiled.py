"""The rulebook as one flat, read-only block of bytes: written once, opened in no time, never executed.

Contract: `packing.pack(facts)` gives the bytes, `Compiled(data)` opens them and raises DamagedRules where they are
not whole: magic, version, length, checksum, sizes of all sections. Lookups read rows in place; nothing is unpacked
before it is asked for, and what only an answer needs is imported with the first answer: most captures hold none.
`facts()` gives everything back.

Format, in the machine's byte order (a file from a machine of the other order has another version number and is
refused): magic "NMDRULES"; u32 version; u32 CRC-32 of all that follows it; u64 length of the whole; then for each
section of `SECTIONS` u64 offset, u64 length; then the sections, each at a multiple of 8:
* text, ends: all texts one behind the other in UTF-8; where each ends (u32). Text 0 is empty and means "none".
* name_table, endpoint_table: tables of `kernel.watch`.
* names, malware_names: rows sorted by the name's bytes; ports: u16s that the rows point into.
* endpoints, malware_endpoints: rows sorted by their key: address length, address padded to 16, port big-endian.
* agents: rows in the order in which they are tried; rules: the texts of the rule ids (u32).
* marks: rows sorted by kind and value; conditions: a list of `conditions.Conditional` as JSON.
The checksum finds damage, not forgery: who may write the file may write the rules (`cache` asks for the owner).
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netminer_detect.rulebook.conditions import Conditional
    from netminer_detect.rulebook.facts import AgentFact, EndpointFact, Facts, MarkFact, NameFact

MAGIC, VERSION = b"NMDRULES", 4
SECTIONS = ("text", "ends", "name_table", "endpoint_table", "names", "malware_names", "ports", "endpoints",
            "malware_endpoints", "agents", "rules", "marks", "conditions")  # fmt: skip
HEAD = struct.Struct("=8sIIQ")
PLACE = struct.Struct("=QQ")
START = HEAD.size + PLACE.size * len(SECTIONS)
_CHECKED_FROM = 16  # the checksum covers the length and all behind it
# name operator rule coin transport source date, first port, ports, kind, stale, until
NAME = struct.Struct("=7IIHBBI")
ENDPOINT = struct.Struct("=19sB6I")  # key, stale, until, operator rule coin source date
AGENT = struct.Struct("=5I")  # regex rule product kind, first letters (see agents)
MARK = struct.Struct("=3I")  # kind value rule; kinds are numbers
_ROWS = {
    "ends": 4, "name_table": 8, "endpoint_table": 8, "names": NAME.size, "malware_names": NAME.size, "ports": 2,
    "endpoints": ENDPOINT.size, "malware_endpoints": ENDPOINT.size, "agents": AGENT.size, "rules": 4,
    "marks": MARK.size,
}  # fmt: skip


class DamagedRules(Exception):
    """The bytes are no whole compiled rulebook of this version."""


def packed_address(ip: str) -> bytes | None:
    """The 4 or 16 bytes of an address; None if it is none."""
    from _socket import AF_INET, AF_INET6, inet_pton

    try:
        return inet_pton(AF_INET6 if ":" in ip else AF_INET, ip)
    except (OSError, ValueError):
        return None


def endpoint_key(address: bytes, port: int) -> bytes:
    """What rows of endpoints are sorted by."""
    return bytes([len(address)]) + address.ljust(16, b"\0") + port.to_bytes(2, "big")


class Compiled:
    """A packed rulebook, opened. `name_table` and `endpoint_table` are what `kernel.interface.Watch` takes."""

    def __init__(self, data: bytes) -> None:
        self._view = _checked(data)
        self._ends = self._section("ends").cast("I")
        self._text = self._section("text")
        self._ports = self._section("ports").cast("H")
        rows = ("names", "malware_names", "endpoints", "malware_endpoints")
        self._rows = {name: self._section(name) for name in rows}
        self.name_table = self._section("name_table").cast("Q")
        self.endpoint_table = self._section("endpoint_table").cast("Q")
        for table in (self.name_table, self.endpoint_table):
            # The kernel walks a table up to an empty slot and masks with its size.
            if not table or len(table) & (len(table) - 1) or 0 not in table:
                raise DamagedRules("a hash table has no empty slot")

    def _section(self, name: str) -> memoryview:
        at, size = PLACE.unpack_from(self._view, HEAD.size + PLACE.size * SECTIONS.index(name))
        return self._view[at : at + size]

    def _string(self, number: int) -> str:
        start = self._ends[number - 1] if number else 0
        return str(self._text[start : self._ends[number]], "utf-8")

    def _or_none(self, number: int) -> str | None:
        return self._string(number) if number else None

    def name(self, name: str, malware: bool = False) -> NameFact | None:
        """The fact of exactly this (normal) name."""
        rows = self._rows["malware_names" if malware else "names"]
        count, wanted = len(rows) // NAME.size, name.encode("utf-8", "replace")

        def key(row: int) -> bytes:
            number = NAME.unpack_from(rows, row * NAME.size)[0]
            return bytes(self._text[self._ends[number - 1] if number else 0 : self._ends[number]])

        row = bisect_left(range(count), wanted, key=key)
        return self._name_fact(rows, row) if row < count and key(row) == wanted else None

    def _name_fact(self, rows: memoryview, row: int) -> NameFact:
        from netminer_detect.rulebook.facts import NAME_KINDS, NameFact

        name, operator, rule, coin, transport, source, day, first, ports, kind, stale, until = NAME.unpack_from(
            rows, row * NAME.size
        )
        return NameFact(
            self._string(name),
            NAME_KINDS[kind],
            self._or_none(operator),
            self._string(rule),
            self._or_none(coin),
            tuple(self._ports[first : first + ports]),
            self._or_none(transport),
            self._string(source),
            self._string(day),
            bool(stale),
            until,
        )

    def endpoint(self, address: bytes, port: int, malware: bool = False) -> EndpointFact | None:
        """The fact of a packed address and a port."""
        rows = self._rows["malware_endpoints" if malware else "endpoints"]
        count, wanted = len(rows) // ENDPOINT.size, endpoint_key(address, port)

        def key(row: int) -> bytes:
            return bytes(rows[row * ENDPOINT.size : row * ENDPOINT.size + 19])

        row = bisect_left(range(count), wanted, key=key)
        return self._endpoint_fact(rows, row, malware) if row < count and key(row) == wanted else None

    def _endpoint_fact(self, rows: memoryview, row: int, malware: bool) -> EndpointFact:
        from _socket import AF_INET, AF_INET6, inet_ntop

        from netminer_detect.rulebook.facts import EndpointFact

        key, stale, until, operator, rule, coin, source, day = ENDPOINT.unpack_from(rows, row * ENDPOINT.size)
        return EndpointFact(
            inet_ntop(AF_INET if key[0] == 4 else AF_INET6, key[1 : 1 + key[0]]),
            int.from_bytes(key[17:], "big"),
            self._or_none(operator),
            self._string(rule),
            self._or_none(coin),
            self._string(source),
            self._string(day),
            bool(stale),
            until,
            "malware" if malware else "server",
        )

    def agent_letters(self) -> list[int]:
        """The first letters of the agents' regular expressions, in the order in which they are tried."""
        return self._section("agents").cast("I")[4::5].tolist()

    def agent_regex(self, number: int) -> str:
        """The regular expression of an agent."""
        return self._string(AGENT.unpack_from(self._section("agents"), number * AGENT.size)[0])

    def agent(self, number: int) -> AgentFact:
        """The agent of a regular expression."""
        from netminer_detect.rulebook.facts import AgentFact

        _, rule, product, kind, _ = AGENT.unpack_from(self._section("agents"), number * AGENT.size)
        return AgentFact(self._string(rule), self._string(product), self._string(kind))

    @property
    def has_marks(self) -> bool:
        return bool(self._section("marks"))

    @property
    def has_conditions(self) -> bool:
        return len(self._section("conditions")) > len("[]")

    def marks(self, kind: int, value: str) -> list[str]:
        """The rules that have exactly this mark; `kind` is its place in MARK_KINDS."""
        rows = self._section("marks")
        count, wanted = len(rows) // MARK.size, (kind, value.encode("utf-8", "replace"))

        def key(row: int) -> tuple[int, bytes]:
            kind, number, _ = MARK.unpack_from(rows, row * MARK.size)
            return kind, bytes(self._text[self._ends[number - 1] if number else 0 : self._ends[number]])

        found, row = [], bisect_left(range(count), wanted, key=key)
        while row < count and key(row) == wanted:
            found.append(self._string(MARK.unpack_from(rows, row * MARK.size)[2]))
            row += 1
        return found

    def all_marks(self) -> Iterator[MarkFact]:
        """All marks, sorted by kind and value."""
        from netminer_detect.rulebook.facts import MARK_KINDS, MarkFact

        for kind, value, rule in MARK.iter_unpack(self._section("marks")):
            yield MarkFact(MARK_KINDS[kind], self._string(value), self._string(rule))

    def conditions(self) -> list[Conditional]:
        """The conditions, in the order of their rules."""
        from msgspec import DecodeError, json

        from netminer_detect.rulebook.conditions import Conditional

        try:
            return json.decode(self._section("conditions"), type=list[Conditional])
        except DecodeError as error:
            raise DamagedRules(f"its conditions: {error}") from None

    def facts(self) -> Facts:
        """Everything that was packed."""
        from netminer_detect.rulebook.facts import Facts

        count = len(self._section("agents")) // AGENT.size
        agents = [(self.agent_regex(number), self.agent(number)) for number in range(count)]
        facts = Facts(agents=agents, rules=[self._string(n) for n in self._section("rules").cast("I")])
        facts.marks, facts.conditions = list(self.all_marks()), self.conditions()
        for section, malware in (("names", False), ("malware_names", True)):
            rows = self._rows[section]
            facts.names += [self._name_fact(rows, row) for row in range(len(rows) // NAME.size)]
            rows = self._rows["malware_endpoints" if malware else "endpoints"]
            facts.endpoints += [self._endpoint_fact(rows, row, malware) for row in range(len(rows) // ENDPOINT.size)]
        return facts


def _checked(data: bytes) -> memoryview:
    """The bytes, once they are known to be whole. Raises DamagedRules."""
    if len(data) < START:
        raise DamagedRules("shorter than its header")
    magic, version, checksum, length = HEAD.unpack_from(data)
    if magic != MAGIC:
        raise DamagedRules("not a compiled rulebook")
    if version != VERSION:
        raise DamagedRules("compiled by another version")
    if length != len(data):
        raise DamagedRules(f"{len(data)} bytes where {length} should be")
    view = memoryview(data)
    if zlib.crc32(view[_CHECKED_FROM:]) != checksum:
        raise DamagedRules("its checksum is wrong")
    for number, name in enumerate(SECTIONS):
        at, size = PLACE.unpack_from(view, HEAD.size + PLACE.size * number)
        if at < START or at % 8 or at + size > len(data) or size % _ROWS.get(name, 1):
            raise DamagedRules(f"the section {name} has a wrong size")
    return view
