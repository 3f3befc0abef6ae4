"""Gathers the facts of many rules: ages them, puts equal ones together, lets own rules override shipped ones.

Contract: `gather(rules)` gives facts sorted by name and by address and port. The date that counts is the newest;
ports add up; coin and transport stand only where all that tell them agree. An address is stale two years after it
was last verified, a name after eight: addresses change hands, names stay with their operator (today the catalogue
of 2018 is history, the pool tables of 2019 are not). A name ages with the freshest name above it in the same rule:
the operator still holds the domain. Where two rules claim a name or endpoint, the first
by id has it; of marks and conditions each rule has its own. A network stands for each of its addresses; more than
MAX_ENDPOINTS addresses with ports are a ConfigError. `override(shipped, own)`: an own rule replaces the shipped rule
of its id, an own fact a shipped one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from msgspec.structs import replace

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook.conditions import Conditional
from netminer_detect.rulebook.entries import AddressEntry, NameEntry, NetworkEntry, Rule
from netminer_detect.rulebook.facts import (
    ADDRESS_DAYS,
    NAME_DAYS,
    AgentFact,
    EndpointFact,
    Facts,
    MarkFact,
    NameFact,
)
from netminer_detect.rulebook.fields import first_day

MAX_ENDPOINTS = 300_000
_EPOCH = date(1970, 1, 1).toordinal()
T = TypeVar("T")


def gather(rules: Iterable[Rule]) -> Facts:
    """The facts of rules. Raises ConfigError where two rules have one id."""
    facts = Facts()
    seen: dict[str, Rule] = {}
    names: dict[tuple[bool, str], NameFact] = {}
    endpoints: dict[tuple[bool, str, int], EndpointFact] = {}
    for rule in sorted(rules, key=lambda rule: (rule.id, rule.path)):
        if rule.id in seen:
            raise ConfigError(f"{rule.path}:1", f"the id {rule.id!r} is also in {seen[rule.id].path}", "rename one")
        seen[rule.id] = rule
        for name in _names(rule):
            names.setdefault(_name_key(name), name)
        for endpoint in _endpoints(rule):
            endpoints.setdefault(_endpoint_key(endpoint), endpoint)
            if len(endpoints) > MAX_ENDPOINTS:
                raise ConfigError(f"{rule.path}:1", f"with this rule there are more than {MAX_ENDPOINTS} addresses "
                                  "with ports", "name smaller networks or fewer ports")  # fmt: skip
        facts.agents += [(entry.regex, entry.fact) for entry in rule.agents]
        facts.marks += dict.fromkeys(MarkFact(entry.kind, entry.value, rule.id) for entry in rule.marks)
        facts.conditions += [Conditional(rule.id, entry.condition) for entry in rule.conditions]
    facts.names = [names[name] for name in sorted(names)]
    facts.endpoints = [endpoints[key] for key in sorted(endpoints)]
    facts.rules = sorted(seen)
    return facts


def override(shipped: Facts, own: Facts) -> Facts:
    """Shipped facts, with own ones in front of them."""
    gone = set(own.rules)
    names = {_name_key(fact): fact for fact in shipped.names if fact.rule not in gone}
    names.update((_name_key(fact), fact) for fact in own.names)
    endpoints = {_endpoint_key(fact): fact for fact in shipped.endpoints if fact.rule not in gone}
    endpoints.update((_endpoint_key(fact), fact) for fact in own.endpoints)
    agents: list[tuple[str, AgentFact]] = own.agents + [pair for pair in shipped.agents if pair[1].rule not in gone]
    return Facts(
        [names[name] for name in sorted(names)],
        [endpoints[key] for key in sorted(endpoints)],
        agents,
        sorted(gone | set(shipped.rules)),
        own.marks + [fact for fact in shipped.marks if fact.rule not in gone],
        own.conditions + [one for one in shipped.conditions if one.rule not in gone],
    )


def _name_key(fact: NameFact) -> tuple[bool, str]:
    """Malware's names stand apart: none hides a mining server, none is hidden by one."""
    return fact.kind == "malware", fact.name


def _endpoint_key(fact: EndpointFact) -> tuple[bool, str, int]:
    return fact.kind == "malware", fact.ip, fact.port


def _days(day: str) -> int:
    """Days since 1970-01-01 of a date as rules write it."""
    first = first_day(day)
    return 0 if first is None else first.toordinal() - _EPOCH


def _agreed(values: Iterable[T | None]) -> T | None:
    """The value that all who tell one share, None where they differ."""
    found = set(values) - {None}
    return found.pop() if len(found) == 1 else None


def _names(rule: Rule) -> list[NameFact]:
    """The names of a rule, one fact each."""
    by_name: dict[str, list[NameEntry]] = {}
    for entry in rule.names:
        by_name.setdefault(entry.name, []).append(entry)
    facts: dict[str, NameFact] = {}
    for name in sorted(by_name, key=lambda name: name.count(".")):
        entries = by_name[name]
        kind = entries[0].kind
        if any(entry.kind != kind for entry in entries):
            other = next(entry for entry in entries if entry.kind != kind)
            raise ConfigError(f"{rule.path}:{other.line}", f"the name {name!r} is {kind} in line {entries[0].line} and "
                              f"{other.kind} here", "keep one kind")  # fmt: skip
        newest = max(entries, key=lambda entry: entry.date)
        weak = all(entry.weak is not None for entry in entries)
        until = 0 if weak else max(_days(newest.date) + NAME_DAYS, _held(name, facts))
        facts[name] = NameFact(
            name,
            kind,
            rule.operator,
            rule.id,
            _agreed(entry.coin for entry in entries),
            tuple(sorted({port for entry in entries for port in entry.ports})),
            _agreed(entry.transport for entry in entries),
            newest.source,
            newest.date,
            _days(rule.reviewed) > until,
            until,
        )
    return list(facts.values())


def _held(name: str, facts: dict[str, NameFact]) -> int:
    """Until when the names above this one are fresh."""
    labels = name.split(".")
    above = (facts.get(".".join(labels[at:])) for at in range(1, len(labels)))
    return max((fact.until for fact in above if fact is not None), default=0)


def address_is_stale(entry: AddressEntry | NetworkEntry, rule: Rule) -> bool:
    """Whether an address or network was old or poor on the day of the rule's review."""
    return _days(rule.reviewed) > _address_until(entry)


def _address_until(entry: AddressEntry | NetworkEntry) -> int:
    return 0 if entry.weak is not None else _days(entry.date) + ADDRESS_DAYS


def _endpoints(rule: Rule) -> list[EndpointFact]:
    """The addresses of a rule that have ports, one fact for each address and port."""
    facts: dict[tuple[bool, str, int], EndpointFact] = {}
    entries: list[AddressEntry | NetworkEntry] = [*rule.addresses, *rule.networks]
    for entry in entries:
        until, stale = _address_until(entry), address_is_stale(entry, rule)
        for address in _addresses(entry):
            for port in entry.ports:
                fact = EndpointFact(
                    address, port, rule.operator, rule.id, entry.coin, entry.source, entry.date, stale, until,
                    entry.kind,
                )
                had = facts.get(key := _endpoint_key(fact))
                if had is not None:
                    newer = max(had, fact, key=lambda either: either.date)
                    fact = replace(newer, coin=_agreed((had.coin, fact.coin)))
                facts[key] = fact
    return list(facts.values())


def _addresses(entry: AddressEntry | NetworkEntry) -> Iterable[str]:
    if isinstance(entry, AddressEntry):
        return (entry.address,)
    from ipaddress import ip_network

    return map(str, ip_network(entry.network))
