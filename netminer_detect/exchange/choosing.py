"""Chooses what leaves the house: indicators of rules, without what would accuse the wrong people.

Contract: `choose(rules, kinds, everything)` gives a Choice: indicators sorted by type and value, and how many were left
out, by reason. Without `kinds` these are all but operators' own domains and websites, which visitors ask for as miners
do; stale facts and addresses without ports stay behind too, unless `everything` is asked for. Where several rules claim
a name, or a port of an address, the first by id has it, as in a scan. The same rules give the same
indicators on whatever day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from netminer_detect.exchange.indicators import TYPES, Indicator, Places, key_of
from netminer_detect.rulebook.entries import AddressEntry, AgentEntry, Entry, MarkEntry, NameEntry, NetworkEntry, Rule
from netminer_detect.rulebook.facts import NAME_KINDS, NameFact
from netminer_detect.rulebook.gathering import address_is_stale, gather

# What `--kind` takes: the kinds of names and addresses, and the other things that rules hold.
KINDS = (*NAME_KINDS, "agent", "wallet", "ja3", "ja4", "certificate")
_VISITED = frozenset({"domain", "website"})
_GROUPS = {"wallet-prefix": "wallet", "subject": "certificate", "issuer": "certificate", "serial": "certificate",
           "sha256": "certificate"}  # fmt: skip


class Choice(Struct, frozen=True):
    """`left` counts what was left out: `stale`, `visited`, `no-port`; `conditions` what no other tool can be told, by
    its kind: `dialects`, `devices`, `when`."""

    indicators: list[Indicator]
    left: dict[str, int]
    conditions: dict[str, int]


def choose(rules: Sequence[Rule], kinds: Iterable[str] = (), everything: bool = False) -> Choice:
    """See the module's contract."""
    wanted, left = frozenset(kinds), Counter[str]()
    chosen: list[Indicator] = []
    places, owners = Places(), dict[tuple[object, ...], str]()
    for one in _indicators(rules):
        group = _GROUPS.get(one.type, one.type) if one.type not in ("name", "address", "network") else one.kind
        if wanted and group not in wanted:
            continue
        why = None if everything else _why_not(one, wanted)
        if why is not None:
            left[why] += 1
            continue
        if one.type not in ("address", "network"):
            chosen.append(one)
            continue
        theirs = tuple(port for port in one.ports if owners.setdefault((*key_of(one), port), one.rule) == one.rule)
        if theirs or not one.ports:
            places.put(replace(one, ports=theirs))
    conditions = Counter[str](one.kind for rule in rules for one in rule.conditions if not wanted)
    return Choice(sorted([*dict.fromkeys(chosen), *places.joined()], key=_order), dict(left), dict(conditions))


def _order(one: Indicator) -> tuple[object, ...]:
    return TYPES.index(one.type), one.value, one.kind, one.rule, one.coin or "", one.date, one.source, one.first or ""


def _why_not(one: Indicator, wanted: frozenset[str]) -> str | None:
    if one.stale:
        return "stale"
    if one.type == "name" and one.kind in _VISITED and one.kind not in wanted:
        return "visited"
    return "no-port" if one.type == "address" and not one.ports else None


def _indicators(rules: Sequence[Rule]) -> Iterator[Indicator]:
    by_id = {rule.id: rule for rule in rules}
    lines: dict[tuple[str, str], list[NameEntry]] = {}
    for rule in rules:
        for line in rule.names:
            lines.setdefault((rule.id, line.name), []).append(line)
    for fact in gather(rules).names:
        yield _name(fact, by_id[fact.rule], lines[fact.rule, fact.name])
    for rule in sorted(rules, key=lambda rule: rule.id):
        for entry in rule.entries:
            if isinstance(entry, (AddressEntry, NetworkEntry)):
                yield _place(entry, rule)
            elif isinstance(entry, AgentEntry):
                yield _indicator(entry, rule, "agent", entry.regex, kind=entry.fact.kind, note=entry.fact.product)
            elif isinstance(entry, MarkEntry):
                what = "coin" if entry.kind in ("wallet", "wallet-prefix") else "note"
                yield _indicator(entry, rule, entry.kind, entry.value, **{what: entry.note})


def _name(fact: NameFact, rule: Rule, entries: list[NameEntry]) -> Indicator:
    """A name: what all its lines say together, on the word of the newest."""
    newest = max(entries, key=lambda entry: entry.date)
    seen = [entry.first for entry in entries if entry.first is not None]
    return _indicator(
        newest, rule, "name", fact.name, kind=fact.kind, ports=fact.ports, coin=fact.coin, transport=fact.transport,
        stale=fact.stale, first=min(seen, default=None),
        weak=newest.weak if all(entry.weak is not None for entry in entries) else None)  # fmt: skip


def _place(entry: AddressEntry | NetworkEntry, rule: Rule) -> Indicator:
    kind, value = ("address", entry.address) if isinstance(entry, AddressEntry) else ("network", entry.network)
    stale = address_is_stale(entry, rule)
    return _indicator(entry, rule, kind, value, kind=entry.kind, ports=entry.ports, coin=entry.coin, stale=stale)


def _indicator(entry: Entry, rule: Rule, type_: str, value: str, **more: object) -> Indicator:
    url = next((source.url for source in rule.sources.values()
                if source.title == entry.source and source.url is not None), None)  # fmt: skip
    told: dict[str, object] = {
        "operator": rule.operator, "rule": rule.id, "title": rule.title_en, "severity": rule.severity,
        "confidence": rule.confidence, "source": entry.source, "date": entry.date, "first": entry.first,
        "weak": entry.weak, "stale": entry.weak is not None, "url": url, "reference": next(iter(rule.references), None),
    }  # fmt: skip
    return Indicator(type=type_, value=value, **(told | more))  # type: ignore[arg-type]
