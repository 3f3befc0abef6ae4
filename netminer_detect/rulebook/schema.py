"""Turns rule files into rules, strictly: what is unknown or wrong is a ConfigError with path:line.

Contract: `parse(data, path)` reads one file, which holds one rule:

    id: pool-example                        # letters, digits, hyphens; unique
    title: {en: Example Pool, zh: 示例矿池}
    operator: Example Pool                  # who runs the servers; left out where nobody is known
    reviewed: 2026-11-24                    # facts age up to this day
    references: [https://pool.example/help]
    sources:
      help: {title: the operator's help pages, date: 2026-11-01}
    match:
      names:                                # sub-domains count too; kinds: see facts
        - {name: eu.pool.example, kind: server, ports: [3333], coin: XMR, transport: plain, source: help}
      addresses:                            # without ports an address convicts nobody
        - {address: 203.0.113.9, ports: [3333], coin: XMR, source: help, verified: 2026-11-01}
      agents:                               # the first that matches wins; case does not count
        - {regex: '^ExampleMiner/', product: ExampleMiner, kind: gpu}
    examples:                               # texts that this rule must answer, and texts that it must not
      match: [{name: eu.pool.example}, {address: '203.0.113.9:3333'}, {agent: ExampleMiner/1}]
      not: [{name: www.pool.example}]

`date` of a name and `verified` of an address default to their source's date; `weak: why` marks a poor fact.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection
from datetime import date
from typing import Literal, TypeVar

from msgspec import Struct, field

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook import names
from netminer_detect.rulebook.document import Node, read
from netminer_detect.rulebook.facts import AGENT_KINDS, NAME_KINDS, AgentFact, NameKind

_MAX_TEXT = 1000
_MAX_REGEX = 200
T = TypeVar("T")


class NameEntry(Struct, frozen=True):
    """One line under names."""

    name: str
    kind: NameKind
    ports: tuple[int, ...]
    coin: str | None
    transport: str | None
    source: str
    date: str
    weak: bool


class AddressEntry(Struct, frozen=True):
    """One line under addresses."""

    address: str
    kind: Literal["server", "malware"]
    ports: tuple[int, ...]
    coin: str | None
    source: str
    date: str
    weak: bool


class Example(Struct, frozen=True):
    """A text that the rule must (or must not) answer; `what` is name, address or agent."""

    what: str
    text: str
    matches: bool


class Rule(Struct):
    """One rule file."""

    path: str
    id: str
    title_en: str
    title_zh: str
    operator: str | None
    reviewed: str
    references: list[str]
    names: list[NameEntry] = field(default_factory=list)
    addresses: list[AddressEntry] = field(default_factory=list)
    agents: list[tuple[str, AgentFact]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)


def parse(data: bytes, path: str) -> Rule:
    """The rule in a file's bytes. Raises ConfigError."""
    return _Reader(path).rule(read(data, path))


class _Reader(Struct):
    """Reads nodes of one file; `sources` maps the short names of its sources to (title, date)."""

    path: str
    sources: dict[str, tuple[str, str]] = field(default_factory=dict)

    def wrong(self, node: Node, what: str, fix: str) -> ConfigError:
        return ConfigError(f"{self.path}:{node.line}", what, fix)

    def rule(self, node: Node) -> Rule:
        needed = ("id", "title", "reviewed", "match")
        entries = self.mapping(node, "a rule", needed, ("operator", "references", "sources", "examples"))
        title = self.mapping(entries["title"], "title", ("en", "zh"))
        if "sources" in entries:
            for short, source in self.any_mapping(entries["sources"], "sources").items():
                parts = self.mapping(source, "a source", ("title", "date"), ("licence", "url"))
                self.sources[short] = (self.text(parts["title"]), self.day(parts["date"]))
        rule = Rule(
            path=self.path,
            id=self.identifier(entries["id"]),
            title_en=self.text(title["en"]),
            title_zh=self.text(title["zh"]),
            operator=self.text(entries["operator"]) if "operator" in entries else None,
            reviewed=self.day(entries["reviewed"]),
            references=self.all_of(entries.get("references"), self.text),
        )
        match = self.mapping(entries["match"], "match", (), ("names", "addresses", "agents"))
        rule.names = self.all_of(match.get("names"), self.name_entry)
        rule.addresses = self.all_of(match.get("addresses"), self.address_entry)
        rule.agents = self.all_of(match.get("agents"), lambda item: self.agent(item, rule.id))
        if not (rule.names or rule.addresses or rule.agents):
            raise self.wrong(entries["match"], "the rule matches nothing", "give names, addresses or agents")
        if "examples" in entries:
            rule.examples = self.examples(entries["examples"])
        return rule

    def name_entry(self, node: Node) -> NameEntry:
        optional = ("ports", "coin", "transport", "date", "weak")
        entries = self.mapping(node, "a name", ("name", "kind", "source"), optional)
        name = names.normal(self.text(entries["name"]))
        if bad := names.fault(name):
            raise self.wrong(entries["name"], f"the name {name!r} {bad}", "correct or remove it")
        kind = self.choice(entries["kind"], NAME_KINDS, "kind")
        transport = self.choice(entries["transport"], ("plain", "tls"), "transport") if "transport" in entries else None
        source, day = self.source(entries, "date")
        return NameEntry(name, kind, self.ports(entries), self.coin(entries), transport, source, day, "weak" in entries)

    def address_entry(self, node: Node) -> AddressEntry:
        optional = ("ports", "coin", "verified", "weak", "kind")
        entries = self.mapping(node, "an address", ("address", "source"), optional)
        text = self.text(entries["address"])
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            fix = "write one IPv4 or IPv6 address"
            raise self.wrong(entries["address"], f"{text!r} is no IP address", fix) from None
        if not address.is_global or address.is_multicast:
            fix = "remove it: elsewhere it is another host"
            raise self.wrong(entries["address"], f"{text} is not a public address", fix)
        kind: Literal["server", "malware"] = "server"
        if "kind" in entries:
            kind = self.choice(entries["kind"], ("server", "malware"), "kind")
        source, day = self.source(entries, "verified")
        return AddressEntry(str(address), kind, self.ports(entries), self.coin(entries), source, day, "weak" in entries)

    def agent(self, node: Node, rule: str) -> tuple[str, AgentFact]:
        entries = self.mapping(node, "an agent", ("regex", "product", "kind"))
        pattern = self.text(entries["regex"])
        if len(pattern) > _MAX_REGEX:
            raise self.wrong(entries["regex"], f"a regular expression over {_MAX_REGEX} characters", "shorten it")
        if re.search(r"[*+}]\)*[*+{]|\)[*+{]", pattern):
            raise self.wrong(entries["regex"], "a repeated group can take for ever", "repeat single characters only")
        try:
            re.compile(pattern, re.IGNORECASE)
        except (re.error, OverflowError, RecursionError) as error:
            raise self.wrong(entries["regex"], f"not a regular expression: {error}", "correct it") from None
        kind = self.choice(entries["kind"], AGENT_KINDS, "kind")
        return pattern, AgentFact(rule, self.text(entries["product"]), kind)

    def examples(self, node: Node) -> list[Example]:
        entries = self.mapping(node, "examples", (), ("match", "not"))
        found = []
        for key, matches in (("match", True), ("not", False)):
            for item in self.all_of(entries.get(key), lambda item: item):
                parts = self.mapping(item, "an example", (), ("name", "address", "agent"))
                found += [Example(what, self.text(text), matches) for what, text in parts.items()]
        return found

    def source(self, entries: dict[str, Node], day_key: str) -> tuple[str, str]:
        """The title and date of an entry's source; the entry's own date counts if it has one."""
        short = self.text(entries["source"])
        if short not in self.sources:
            raise self.wrong(entries["source"], f"the source {short!r} is not listed", "add it under sources")
        title, day = self.sources[short]
        return title, self.day(entries[day_key]) if day_key in entries else day

    def coin(self, entries: dict[str, Node]) -> str | None:
        return self.text(entries["coin"]) if "coin" in entries else None

    def ports(self, entries: dict[str, Node]) -> tuple[int, ...]:
        return tuple(sorted(set(self.all_of(entries.get("ports"), self.port))))

    def port(self, node: Node) -> int:
        text = self.text(node)
        if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
            raise self.wrong(node, f"{text!r} is no port", "write a number from 1 to 65535")
        return int(text)

    def day(self, node: Node) -> str:
        text = self.text(node)
        if not re.fullmatch(r"[12]\d\d\d(-\d\d(-\d\d)?)?", text) or first_day(text) is None:
            raise self.wrong(node, f"{text!r} is no date", "write it as 2026, 2026-11 or 2026-11-24")
        return text

    def identifier(self, node: Node) -> str:
        text = self.text(node)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) or len(text) > 64:
            raise self.wrong(node, f"{text!r} is no rule id", "use small letters, digits and single hyphens, up to 64")
        return text

    def choice(self, node: Node, allowed: Collection[T], what: str) -> T:
        text = self.text(node)
        for value in allowed:
            if value == text:
                return value
        raise self.wrong(node, f"{text!r} is no {what}", "use one of " + ", ".join(map(str, allowed)))

    def text(self, node: Node) -> str:
        if node.text is None:
            raise self.wrong(node, f"{node.shape} where a text belongs", "write a single value")
        if not node.text.strip() or len(node.text) > _MAX_TEXT or not node.text.isprintable():
            fix = f"write 1 to {_MAX_TEXT} printable characters"
            raise self.wrong(node, "an empty, overlong or unprintable text", fix)
        return node.text.strip()

    def all_of(self, node: Node | None, each: Callable[[Node], T]) -> list[T]:
        if node is None:
            return []
        if node.items is None:
            fix = "write a list: [a, b] or lines with - in front"
            raise self.wrong(node, f"{node.shape} where a list belongs", fix)
        return [each(item) for item in node.items]

    def any_mapping(self, node: Node, what: str) -> dict[str, Node]:
        if node.entries is None:
            raise self.wrong(node, f"{what}: {node.shape} where a mapping belongs", "write key: value lines")
        return node.entries

    def mapping(self, node: Node, what: str, needed: tuple[str, ...], allowed: tuple[str, ...] = ()) -> dict[str, Node]:
        """A mapping's entries, none unknown and none missing."""
        entries = self.any_mapping(node, what)
        for key in entries:
            if key not in needed and key not in allowed:
                where = f"{self.path}:{node.key_lines[key]}"
                raise ConfigError(where, f"unknown key {key!r} in {what}", "use " + ", ".join(needed + allowed))
        for key in needed:
            if key not in entries:
                raise self.wrong(node, f"{what} lacks the key {key!r}", "add it")
        return entries


def first_day(text: str) -> date | None:
    """The first day of a year, month or day; None if there is no such day."""
    year, month, day = ([int(part) for part in text.split("-")] + [1, 1])[:3]
    try:
        return date(year, month, day)
    except ValueError:
        return None
