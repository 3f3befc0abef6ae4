"""Writes one rule file from indicators.

Contract: `rule_text(heading, indicators)` gives YAML that `schema.parse` takes and that holds its own examples, a line
a fact, sources in the order in which they come. Where no example can be given (websites alone) it is a ConfigError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from netminer_detect.errors import ConfigError
from netminer_detect.exchange.indicators import Indicator
from netminer_detect.rulebook.answers import Answers
from netminer_detect.rulebook.document import Node
from netminer_detect.rulebook.entries import Example
from netminer_detect.rulebook.facts import Facts, NameFact
from netminer_detect.rulebook.fields import Fields

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*\Z", re.ASCII)
# The list of each type, and what its lines are called by.
_LISTS = {
    "name": ("names", "name"), "address": ("addresses", "address"), "network": ("networks", "network"),
    "agent": ("agents", "regex"), "wallet": ("wallets", "wallet"), "wallet-prefix": ("wallets", "prefix"),
    "ja3": ("ja3", "ja3"), "ja4": ("ja4", "ja4"), "subject": ("certificates", "subject"),
    "issuer": ("certificates", "issuer"), "serial": ("certificates", "serial"), "sha256": ("certificates", "sha256"),
}  # fmt: skip
# An example that no indicator is: names that do not exist, addresses that nobody has.
_OTHERS = {"name": "nobody.invalid", "address": "192.0.2.1:9", "wallet": "nobodys-wallet", "ja3": "0" * 32,
           "ja4": "t00d0000xx_000000000000_000000000000", "subject": "nobody at all", "issuer": "nobody at all",
           "serial": "f" * 40, "sha256": "0" * 64}  # fmt: skip


class Heading(Struct, frozen=True):
    """What stands above the facts; `day` is that of the list, `reviewed` that of the import."""

    id: str
    title_en: str
    title_zh: str
    severity: str
    confidence: str
    day: str
    reviewed: str
    references: tuple[str, ...] = ()


def as_title(text: str, otherwise: str) -> str:
    """The text as a rule file takes it; something else where it does not."""
    try:
        return Fields("").text(Node(1, text=text[:200]))
    except ConfigError:
        return otherwise


def rule_text(heading: Heading, indicators: Sequence[Indicator]) -> str:
    """See the module's contract."""
    sources = _sources(indicators)
    operators = {one.operator for one in indicators if one.type in ("name", "address", "network")}
    operator = operators.pop() if len(operators) == 1 else None
    lines = [
        f"id: {heading.id}",
        f"title: {{en: {_scalar(heading.title_en)}, zh: {_scalar(heading.title_zh)}}}",
        *([f"operator: {_scalar(operator)}"] if operator else []),
        f"severity: {heading.severity}",
        f"confidence: {heading.confidence}",
        "tags: [imported]",
        f"reviewed: {heading.reviewed}",
        *([f"references: [{', '.join(map(_scalar, heading.references))}]"] if heading.references else []),
        "sources:",
        *_source_lines(sources),
        "match:",
        *_match_lines(indicators, sources),
        "examples:",
        f"  match: [{', '.join(_matches(indicators))}]",
        f"  not: [{', '.join(_not(indicators))}]",
    ]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """A text as YAML reads it back; JSON's quotes are YAML's, and its escapes too."""
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)


_Sources = dict[tuple[str, str | None], tuple[str, str]]


def _sources(indicators: Sequence[Indicator]) -> _Sources:
    """(short name, newest date) of each source by title and address."""
    found: _Sources = {}
    for one in indicators:
        short, day = found.get((one.source, one.url), (f"s{len(found) + 1}", one.date))
        found[one.source, one.url] = short, max(day, one.date)
    return found


def _source_lines(sources: _Sources) -> Iterator[str]:
    for (title, url), (short, day) in sources.items():
        more = f", url: {_scalar(url)}" if url else ""
        yield f"  {short}: {{title: {_scalar(title)}, date: {day}{more}}}"


def _match_lines(indicators: Sequence[Indicator], sources: _Sources) -> Iterator[str]:
    for wanted in dict.fromkeys(name for name, _ in _LISTS.values()):
        theirs = [one for one in indicators if _LISTS[one.type][0] == wanted]
        if theirs:
            yield f"  {wanted}:"
            yield from (f"    - {{{_entry(one, sources)}}}" for one in theirs)


def _entry(one: Indicator, sources: _Sources) -> str:
    short, day = sources[one.source, one.url]
    placed = one.type in ("name", "address", "network")
    told = {
        _LISTS[one.type][1]: one.value,
        "kind": one.kind if placed or one.type == "agent" else "",
        "coin": one.coin if placed or one.type in ("wallet", "wallet-prefix") else "",
        "transport": one.transport if one.type == "name" else "",
        "product": one.note if one.type in ("agent", "ja3", "ja4", "subject", "issuer", "serial", "sha256") else "",
        "source": short, "verified": one.date if one.date != day else "", "first": one.first, "weak": one.weak,
    }  # fmt: skip
    if one.type == "agent":
        told |= {"kind": one.kind or "anomaly", "product": one.note or one.value[:60]}
    parts = [f"{key}: {_scalar(value)}" for key, value in told.items() if value]
    if one.ports and placed:
        parts.insert(1, f"ports: [{', '.join(map(str, one.ports))}]")
    return ", ".join(parts)


def _matches(indicators: Sequence[Indicator]) -> Iterator[str]:
    """An example of each kind that the rule answers."""
    answers = Answers(Facts([_fact(one) for one in indicators if one.type == "name"]))
    shown: set[str] = set()
    for one in indicators:
        key = _shown_by(one)
        if key in shown or key is None:
            continue
        value = _example(one) if one.type != "name" else _named(one, answers)
        if value is not None:
            shown.add(key)
            yield f"{{{key}: {_scalar(value)}}}"
    if "name" not in shown and any(one.type == "name" for one in indicators):
        raise ConfigError("rules import", "the names are websites alone, which no rule answers",
                          "import mining servers with them, or say --kind server")  # fmt: skip
    if any(one.type == "agent" for one in indicators) and "agent" not in shown:
        raise ConfigError("rules import", "no example can be made of the agents", "write one of them into a rule")


def _shown_by(one: Indicator) -> str | None:
    return {"network": "address", "wallet-prefix": "wallet"}.get(one.type, one.type)


def _example(one: Indicator) -> str | None:
    if one.type in ("address", "network"):
        host = one.value.partition("/")[0]
        return f"[{host}]:{one.ports[0]}" if ":" in host else f"{host}:{one.ports[0]}"
    if one.type == "agent":
        # What the pattern says in plain letters, where that is enough.
        text = re.sub(r"\\(.)", r"\1", one.value.strip("^$"))
        return text if re.search(one.value, text, re.IGNORECASE) and text.isprintable() else None
    return one.value


def _named(one: Indicator, answers: Answers) -> str | None:
    """The name, or one below it, that a rule with these names answers."""
    for text in (one.value, f"stratum.{one.value}"):
        if answers.rules_of(Example(1, "name", text, True)):
            return text
    return None


def _fact(one: Indicator) -> NameFact:
    kind = one.kind
    return NameFact(one.value, kind, None, "imported", None, one.ports, None, "", "", False, 0)  # type: ignore[arg-type]


def _not(indicators: Iterable[Indicator]) -> Iterator[str]:
    """An example of each kind that no imported indicator is."""
    for key in dict.fromkeys(_shown_by(one) for one in indicators):
        if key is not None:
            yield f"{{{key}: {_scalar('-' if key == 'agent' else _OTHERS[key])}}}"
