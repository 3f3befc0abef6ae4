"""Turns rule files into rules, strictly: what is unknown or wrong is a ConfigError with path:line.

Contract: `parse(data, path)` reads one file, which holds one rule:

    id: pool-example                        # letters, digits, hyphens; unique
    title: {en: Example Pool, zh: 示例矿池}
    operator: Example Pool                  # who runs the servers; left out where nobody is known
    severity: high                          # how much it matters where it is true: low, medium, high, critical
    confidence: high                        # how sure its facts are: low, medium, high
    tags: [chinese]                         # words to find it by
    reviewed: 2026-11-24                    # facts age up to this day; the next review is due a year later,
    review_by: 2027-06-01                   # or on this day
    references: [https://pool.example/help]
    sources:
      help: {title: the operator's help pages, date: 2026-11-01, url: 'https://pool.example/help', licence: MIT}
    match:                                  # each line counts by itself
      names:                                # sub-domains count too; kinds: see facts
        - {name: eu.pool.example, kind: server, ports: [3333], coin: XMR, transport: plain, source: help}
      addresses:                            # without ports an address convicts nobody
        - {address: 203.0.113.9, ports: [3333], coin: XMR, source: help, first: 2024-05, verified: 2026-11-01}
      networks:                             # at most 256 addresses
        - {network: 203.0.113.16/28, ports: [3333], source: help}
      agents:                               # the first that matches wins; case does not count
        - {regex: '^ExampleMiner/', product: ExampleMiner, kind: gpu}
      wallets:
        - {wallet: 48exampleexample, coin: XMR, source: help}
        - {prefix: bc1qexample, coin: BTC, source: help}
      ja3: [{ja3: 0123456789abcdef0123456789abcdef, product: ExampleMiner, source: help}]
      ja4: [{ja4: t13d1516h2_8daaf6152771_e5627efa2ab1, product: ExampleMiner, source: help}]
      certificates:                         # what TLS 1.2 shows: subject, issuer, serial or sha256
        - {subject: Example Pool Ltd, source: help}
      dialects: [{dialect: stratum-v1, algorithm: sha256d, coin: BTC}]
      devices: [{model: Antminer S19, firmware: vnish}]
      when:                                 # a condition over all findings of one source: see condition_reading
        all: [{rule: agent-xmrig}, {not: {role: managed}}, {carrier: tls, port: 443}]
        within: 1h
    examples:                               # of every kind above one that the rule must answer, and one it must not
      match: [{name: eu.pool.example}, {address: '203.0.113.9:3333'}, {agent: ExampleMiner/1}, {wallet: bc1qexample7},
              {ja3: 0123456789abcdef0123456789abcdef}, {subject: Example Pool Ltd}, {seen: [{dialect: stratum-v1}]}]
      not: [{name: www.pool.example}, …]

Every fact may say `first` (first seen), `verified` (default: its source's date) and `weak: why` (a poor fact).
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from msgspec import Struct

from netminer_detect.rulebook.condition_reading import condition, sights
from netminer_detect.rulebook.document import Node, read
from netminer_detect.rulebook.entries import (
    CONFIDENCES,
    SEVERITIES,
    ConditionEntry,
    Example,
    Rule,
    Source,
)
from netminer_detect.rulebook.fact_reading import FactReader, num_addresses
from netminer_detect.rulebook.fields import Fields
from netminer_detect.rulebook.places import address_and_port

# What stands under `match`, and which examples show it.
KINDS = ("names", "addresses", "networks", "agents", "wallets", "ja3", "ja4", "certificates", "dialects", "devices",
         "when")  # fmt: skip
SHOWN_BY: dict[str, tuple[str, ...]] = {
    "names": ("name",), "addresses": ("address",), "networks": ("address",), "agents": ("agent",),
    "wallets": ("wallet",), "ja3": ("ja3",), "ja4": ("ja4",),
    "certificates": ("subject", "issuer", "serial", "sha256"),
    "dialects": ("seen",), "devices": ("seen",), "when": ("seen",),
}  # fmt: skip
EXAMPLES = tuple(dict.fromkeys(what for shown in SHOWN_BY.values() for what in shown))
MAX_PLACES = 1 << 16
_NEEDED = ("id", "title", "severity", "confidence", "reviewed", "match", "examples")
_OPTIONAL = ("operator", "tags", "review_by", "references", "sources")


def parse(data: bytes, path: str) -> Rule:
    """The rule in a file's bytes. Raises ConfigError."""
    return _Reader(Fields(path)).rule(read(data, path))


class _Reader(Struct):
    """Reads the nodes of one file."""

    fields: Fields

    def rule(self, node: Node) -> Rule:
        fields = self.fields
        entries = fields.mapping(node, "a rule", _NEEDED, _OPTIONAL)
        title = fields.mapping(entries["title"], "title", ("en", "zh"))
        rule = Rule(
            path=fields.path,
            id=fields.identifier(entries["id"]),
            title_en=fields.text(title["en"]),
            title_zh=fields.text(title["zh"]),
            operator=fields.optional(entries, "operator"),
            severity=fields.choice(entries["severity"], SEVERITIES, "severity"),
            confidence=fields.choice(entries["confidence"], CONFIDENCES, "confidence"),
            reviewed=fields.day(entries["reviewed"]),
            review_by=fields.day(entries["review_by"]) if "review_by" in entries else None,
            tags=fields.all_of(entries.get("tags"), fields.identifier),
            references=fields.all_of(entries.get("references"), self._reference),
            lines=dict(node.key_lines),
            sources=self._sources(entries.get("sources")),
        )
        self._match(rule, entries["match"])
        rule.examples = self._examples(entries["examples"])
        self._check_examples(rule, entries)
        return rule

    def _sources(self, node: Node | None) -> dict[str, Source]:
        if node is None:
            return {}
        fields, found = self.fields, {}
        for short, source in fields.any_mapping(node, "sources").items():
            parts = fields.mapping(source, "a source", ("title", "date"), ("licence", "url"))
            url = self._reference(parts["url"]) if "url" in parts else None
            licence = fields.optional(parts, "licence")
            found[short] = Source(fields.text(parts["title"]), fields.day(parts["date"]), licence, url)
        return found

    def _match(self, rule: Rule, node: Node) -> None:
        entries = self.fields.mapping(node, "match", (), KINDS)
        if not any(value.items or value.entries for value in entries.values()):
            raise self.fields.wrong(node, "the rule matches nothing", f"give at least one of {', '.join(KINDS)}")
        reader, each = FactReader(self.fields, rule.sources), self.fields.all_of
        rule.names = each(entries.get("names"), reader.name)
        rule.addresses = each(entries.get("addresses"), reader.address)
        rule.networks = each(entries.get("networks"), reader.network)
        self._check_size(rule, entries)
        rule.agents = each(entries.get("agents"), lambda item: reader.agent(item, rule.id))
        rule.marks = each(entries.get("wallets"), reader.wallet)
        fingerprints: tuple[Literal["ja3", "ja4"], ...] = ("ja3", "ja4")
        for kind in fingerprints:
            rule.marks += each(entries.get(kind), partial(reader.fingerprint, kind=kind))
        rule.marks += each(entries.get("certificates"), reader.certificate)
        rule.conditions = each(entries.get("dialects"), reader.dialect) + each(entries.get("devices"), reader.device)
        if "when" in entries:
            when = entries["when"]
            rule.conditions.append(ConditionEntry(kind="when", line=when.line, condition=condition(self.fields, when)))

    def _check_size(self, rule: Rule, entries: dict[str, Node]) -> None:
        """A network stands for each of its addresses with each of its ports: a few lines must not fill the memory."""
        total = sum(num_addresses(entry.network) * len(entry.ports) for entry in rule.networks)
        if total > MAX_PLACES:
            fix = f"name smaller networks or fewer ports: at most {MAX_PLACES} in a rule"
            raise self.fields.wrong(entries["networks"], f"networks of {total} addresses with ports", fix)

    def _examples(self, node: Node) -> list[Example]:
        entries = self.fields.mapping(node, "examples", ("match", "not"))
        found: list[Example] = []
        for key, matches in (("match", True), ("not", False)):
            for examples in self.fields.all_of(entries[key], partial(self._example, matches=matches)):
                found += examples
        return found

    def _example(self, node: Node, matches: bool) -> list[Example]:
        fields, found = self.fields, []
        for what, value in fields.mapping(node, "an example", (), EXAMPLES).items():
            if what == "seen":
                seen = sights(fields, value)
                shown = "; ".join(" ".join(f"{key}={text}" for key, text in facts) for facts, _ in seen)
                found.append(Example(node.line, what, shown, matches, seen))
                continue
            if what == "address" and address_and_port(fields.text(value)) is None:
                fix = "write both: '192.0.2.7:3333', '[2001:db8::7]:3333'"
                raise fields.wrong(value, f"{fields.shown(value)} is no address with a port", fix)
            found.append(Example(node.line, what, fields.text(value), matches))
        return found

    def _check_examples(self, rule: Rule, entries: dict[str, Node]) -> None:
        """Of every kind that the rule matches there must be one example that it answers, and one that it does not."""
        match = self.fields.any_mapping(entries["match"], "match")
        for kind in match:
            shown = SHOWN_BY[kind]
            for key, matches in (("match", True), ("not", False)):
                if not any(one.what in shown and one.matches is matches for one in rule.examples):
                    says = "the rule must answer" if matches else "it must not answer"
                    raise self.fields.wrong(
                        entries["examples"], f"no example under {key!r} for {kind}",
                        f"add one that {says}: {{{shown[0]}: …}}")  # fmt: skip

    def _reference(self, node: Node) -> str:
        text = self.fields.text(node)
        if not text.startswith(("https://", "http://")) or " " in text:
            raise self.fields.wrong(node, f"{self.fields.shown(node)} is no web address", "write it as https://…")
        return text
