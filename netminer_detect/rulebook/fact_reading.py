"""Reads the facts of a rule file: names, addresses, networks, agents, wallets, fingerprints, certificates, devices.

Contract: `FactReader(path, sources)` has a method for each list under `match`; each gives an entry or raises
ConfigError with its line. Only public addresses and networks of at most MAX_HOSTS addresses are taken: what is wider,
private or shared convicts strangers.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Literal, TypedDict

from msgspec import Struct, field

from netminer_detect.rulebook import names, patterns
from netminer_detect.rulebook.condition_reading import sight
from netminer_detect.rulebook.conditions import KEYS
from netminer_detect.rulebook.document import Node
from netminer_detect.rulebook.entries import (
    AddressEntry,
    AgentEntry,
    ConditionEntry,
    MarkEntry,
    NameEntry,
    NetworkEntry,
    Source,
    Tenant,
)
from netminer_detect.rulebook.facts import AGENT_KINDS, MARK_KINDS, NAME_KINDS, AgentFact, MarkKind
from netminer_detect.rulebook.fields import Fields
from netminer_detect.rulebook.places import address_and_port

MAX_HOSTS = 256
MAX_NETWORK_PORTS = 16
_TENANTS: tuple[Tenant, ...] = ("server", "malware")
_TOLD = ("source", "first", "verified", "weak")
_HASHES = {
    "ja3": (r"[0-9a-f]{32}", "the 32 hex digits of a JA3 hash"),
    "ja4": (r"t(1[0-3]|s[23]|00)[di]\d{4}[0-9a-zA-Z]{2}_[0-9a-f]{12}_[0-9a-f]{12}",
            "a JA4 of TLS over TCP, like t13d1516h2_8daaf6152771_e5627efa2ab1"),
    "sha256": (r"[0-9a-f]{64}", "the 64 hex digits of SHA-256 over the certificate"),
    "serial": (r"[0-9a-f]{1,40}", "the hex digits of a serial number, without colons"),
}  # fmt: skip
# A prefix that is shorter fits wallets of strangers.
_MIN_WALLET, _MIN_PREFIX = 8, 8


def num_addresses(network: str) -> int:
    """How many addresses a (sound) network holds."""
    return ipaddress.ip_network(network).num_addresses


class _Told(TypedDict):
    """What `entries.Entry` has of every fact."""

    line: int
    source: str
    date: str
    first: str | None
    weak: str | None


class FactReader(Struct):
    """See the module's contract. `sources` are those of the file by their short names."""

    fields: Fields
    sources: dict[str, Source] = field(default_factory=dict)

    def name(self, node: Node) -> NameEntry:
        fields = self.fields
        entries = fields.mapping(node, "a name", ("name", "kind", "source"), ("ports", "coin", "transport", *_TOLD))
        name = names.normal(fields.text(entries["name"]))
        if bad := names.fault(name):
            raise fields.wrong(entries["name"], f"the name {fields.shown(entries['name'])} {bad[0]}", bad[1])
        return NameEntry(
            name=name,
            kind=fields.choice(entries["kind"], NAME_KINDS, "kind"),
            ports=fields.ports(entries),
            coin=fields.optional(entries, "coin"),
            transport=fields.choice(entries["transport"], ("plain", "tls"), "transport")
            if "transport" in entries else None,
            **self._told(node, entries),
        )  # fmt: skip

    def address(self, node: Node) -> AddressEntry:
        fields = self.fields
        entries = fields.mapping(node, "an address", ("address", "source"), ("ports", "coin", "kind", *_TOLD))
        text = fields.text(entries["address"])
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            fix = "write a network under networks" if "/" in text else "write one IPv4 or IPv6 address"
            if address_and_port(text) is not None:
                fix = "write the port under ports"
            what = f"{fields.shown(entries['address'])} is no IP address"
            raise fields.wrong(entries["address"], what, fix) from None
        if not address.is_global or address.is_multicast:
            fix = "remove it: elsewhere it is another host"
            raise fields.wrong(entries["address"], f"{text} is not a public address", fix)
        return AddressEntry(
            address=str(address),
            kind=self._tenant(entries),
            ports=fields.ports(entries),
            coin=fields.optional(entries, "coin"),
            **self._told(node, entries),
        )

    def network(self, node: Node) -> NetworkEntry:
        fields = self.fields
        entries = fields.mapping(node, "a network", ("network", "ports", "source"), ("coin", "kind", *_TOLD))
        text, place = fields.text(entries["network"]), entries["network"]
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            what = "has bits set behind its length" if "host bits" in str(error) else "is no network"
            fix = "write it as 203.0.113.16/28, or one address under addresses"
            raise fields.wrong(place, f"{fields.shown(place)} {what}", fix) from None
        if network.num_addresses > MAX_HOSTS:
            fix = f"name those of at most {MAX_HOSTS} addresses (/24, /120) that serve miners"
            raise fields.wrong(place, f"{text} holds {network.num_addresses} addresses", fix)
        if not network.is_global or network.is_multicast:
            raise fields.wrong(place, f"{text} is not a public network", "remove it: elsewhere these are other hosts")
        ports = fields.ports(entries)
        if not ports:
            raise fields.wrong(entries["ports"], "a network without ports", "list the ports that miners dial there")
        if len(ports) > MAX_NETWORK_PORTS:
            fix = f"list at most {MAX_NETWORK_PORTS}"
            raise fields.wrong(entries["ports"], f"a network with {len(ports)} ports", fix)
        return NetworkEntry(
            network=str(network),
            kind=self._tenant(entries),
            ports=ports,
            coin=fields.optional(entries, "coin"),
            **self._told(node, entries),
        )

    def agent(self, node: Node, rule: str) -> AgentEntry:
        fields = self.fields
        entries = fields.mapping(node, "an agent", ("regex", "product", "kind"), _TOLD)
        pattern = fields.text(entries["regex"])
        if bad := patterns.fault(pattern):
            raise fields.wrong(entries["regex"], *bad)
        kind = fields.choice(entries["kind"], AGENT_KINDS, "kind")
        fact = AgentFact(rule, fields.text(entries["product"]), kind)
        return AgentEntry(regex=pattern, fact=fact, **self._told(node, entries))

    def wallet(self, node: Node) -> MarkEntry:
        fields = self.fields
        entries = fields.mapping(node, "a wallet", ("source",), ("wallet", "prefix", "coin", *_TOLD))
        if ("wallet" in entries) == ("prefix" in entries):
            fix = "write wallet: with all of it, or prefix: with how it begins"
            raise fields.wrong(node, "a wallet needs one of wallet and prefix", fix)
        key = "wallet" if "wallet" in entries else "prefix"
        value, least = fields.text(entries[key]), _MIN_WALLET if key == "wallet" else _MIN_PREFIX
        if not re.fullmatch(r"[\x21-\x7e]+", value):
            raise fields.wrong(entries[key], "a wallet with blanks or letters that are not ASCII", "copy it anew")
        if len(value) < least:
            fix = f"write at least {least} characters"
            raise fields.wrong(entries[key], f"{value!r} is so short that strangers have it too", fix)
        kind: MarkKind = "wallet" if key == "wallet" else "wallet-prefix"
        return MarkEntry(kind=kind, value=value, note=fields.optional(entries, "coin"), **self._told(node, entries))

    def fingerprint(self, node: Node, kind: Literal["ja3", "ja4"]) -> MarkEntry:
        """A line under ja3 or ja4."""
        entries = self.fields.mapping(node, f"a {kind}", (kind, "source"), ("product", *_TOLD))
        value = self._hash(entries[kind], kind)
        note = self.fields.optional(entries, "product")
        return MarkEntry(kind=kind, value=value, note=note, **self._told(node, entries))

    def certificate(self, node: Node) -> MarkEntry:
        fields = self.fields
        kinds = tuple(kind for kind in MARK_KINDS if kind in ("subject", "issuer", "serial", "sha256"))
        entries = fields.mapping(node, "a certificate", ("source",), (*kinds, "product", *_TOLD))
        given = [kind for kind in kinds if kind in entries]
        if len(given) != 1:
            fix = f"write one of {', '.join(kinds)}; several facts are several lines"
            raise fields.wrong(node, f"a certificate with {len(given)} facts", fix)
        kind = given[0]
        value = self._hash(entries[kind], kind) if kind in _HASHES else fields.text(entries[kind]).lower()
        if kind == "serial":
            value = value.lstrip("0") or "0"
        return MarkEntry(kind=kind, value=value, note=fields.optional(entries, "product"), **self._told(node, entries))

    def dialect(self, node: Node) -> ConditionEntry:
        return self._sight(node, "dialects", "a dialect", ("dialect",), ("algorithm", "coin"))

    def device(self, node: Node) -> ConditionEntry:
        return self._sight(node, "devices", "a device", (), ("model", "firmware"))

    def _sight(
        self, node: Node, kind: Literal["dialects", "devices"], what: str, needed: tuple[str, ...],
        more: tuple[str, ...],
    ) -> ConditionEntry:
        entries = self.fields.mapping(node, what, needed, (*more, *_TOLD))
        told = self._told(node, entries)
        facts = Node(node.line, entries={key: value for key, value in entries.items() if key in KEYS},
                     key_lines=node.key_lines)  # fmt: skip
        found = sight(self.fields, facts, (*needed, *more), what)
        return ConditionEntry(kind=kind, condition=found, **told)

    def _hash(self, node: Node, kind: str) -> str:
        text = self.fields.text(node)
        value = text if kind == "ja4" else text.lower()
        pattern, meant = _HASHES[kind]
        if not re.fullmatch(pattern, value, re.ASCII):
            raise self.fields.wrong(node, f"{self.fields.shown(node)} is no {kind}", f"write {meant}")
        return value

    def _tenant(self, entries: dict[str, Node]) -> Tenant:
        return self.fields.choice(entries["kind"], _TENANTS, "kind") if "kind" in entries else "server"

    def _told(self, node: Node, entries: dict[str, Node]) -> _Told:
        """Line, source and dates of an entry; its own date counts where it has one."""
        fields, source, day = self.fields, "", ""
        if "source" in entries:
            short = fields.text(entries["source"])
            if short not in self.sources:
                known = ", ".join(self.sources) or "none so far"
                raise fields.wrong(entries["source"], f"the source {fields.shown(entries['source'])} is not listed",
                                   f"add it under sources, or use one of those: {known}")  # fmt: skip
            source, day = self.sources[short].title, self.sources[short].date
        day = fields.day(entries["verified"]) if "verified" in entries else day
        first = fields.day(entries["first"]) if "first" in entries else None
        if first is not None and day and first[: len(day)] > day[: len(first)]:
            raise fields.wrong(entries["first"], f"first seen {first}, after it was verified ({day})",
                               "correct one of the two dates")  # fmt: skip
        return _Told(line=node.line, source=source, date=day, first=first, weak=fields.optional(entries, "weak"))
