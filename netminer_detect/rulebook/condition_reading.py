"""Reads conditions and the sights of examples from rule files.

Contract: `condition(fields, node)` gives a `Condition`, `sight(fields, node)` the facts that one finding must show,
`sights(fields, node)` the findings of an example; what is wrong is a ConfigError with its line. A rule may hold at
most MAX_PARTS parts. Spans of time are written as 30s, 10m, 2h or 7d.
"""

from __future__ import annotations

import re

from netminer_detect.rulebook.conditions import DISTINCT, KEYS, AllOf, AnyOf, Condition, Count, Fact, Not, Sight
from netminer_detect.rulebook.document import Node
from netminer_detect.rulebook.fields import Fields

MAX_PARTS = 64
MAX_COUNT = 10_000
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WORDS = ("all", "any", "not", "count")
# The words of the JSON lines, in which findings are told.
CHOICES = {
    "role": ("miner", "pool", "proxy", "prober", "managed", "manager", "node", "wallet", "visitor", "resolver"),
    "level": ("shares", "session", "device", "attempt", "endpoint", "pattern", "lookup", "context"),
}


def condition(fields: Fields, node: Node) -> Condition:
    """See the module's contract."""
    return _condition(fields, node, [0])


def sight(fields: Fields, node: Node, keys: tuple[str, ...] = KEYS, what: str = "a sight") -> Sight:
    """The facts of a mapping. Raises ConfigError where it holds none."""
    return Sight(_facts(fields, node, fields.mapping(node, what, (), keys), what))


def sights(fields: Fields, node: Node) -> tuple[tuple[tuple[Fact, ...], int], ...]:
    """The findings of an example, each with its time in seconds from the first (`at`, 0 where it is left out)."""
    return tuple(fields.all_of(node, lambda item: _seen(fields, item)))


def _seen(fields: Fields, node: Node) -> tuple[tuple[Fact, ...], int]:
    entries = fields.mapping(node, "a finding", (), (*KEYS, "at"))
    at_s = seconds(fields, entries.pop("at")) if "at" in entries else 0
    return _facts(fields, node, entries, "a finding"), at_s


def _facts(fields: Fields, node: Node, entries: dict[str, Node], what: str) -> tuple[Fact, ...]:
    found = [(key, _value(fields, key, value)) for key, value in entries.items()]
    if not found:
        raise fields.wrong(node, f"{what} without any fact", "write what is seen, for example {rule: agent-xmrig}")
    return tuple(found)


def _value(fields: Fields, key: str, node: Node) -> str:
    if key == "port":
        return str(fields.number(node, 1, 65535, "port"))
    if key in CHOICES:
        return fields.choice(node, CHOICES[key], key)
    return fields.identifier(node) if key == "rule" else fields.text(node).lower()


def seconds(fields: Fields, node: Node) -> int:
    """A span of time. Raises ConfigError."""
    text = fields.text(node)
    found = re.fullmatch(r"(\d{1,6})([smhd])", text, re.ASCII)
    if found is None:
        raise fields.wrong(node, f"{fields.shown(node)} is no span of time", "write it as 30s, 10m, 2h or 7d")
    return int(found[1]) * _SECONDS[found[2]]


def _condition(fields: Fields, node: Node, parts: list[int]) -> Condition:
    """A condition; `parts` counts those of the whole rule."""
    parts[0] += 1
    if parts[0] > MAX_PARTS:
        raise fields.wrong(node, f"a condition of more than {MAX_PARTS} parts", "split it into several rules")
    entries = fields.any_mapping(node, "a condition")
    words = [word for word in _WORDS if word in entries]
    if not words:
        return sight(fields, node, what="a condition")
    if len(words) > 1:
        raise fields.wrong(node, f"{' and '.join(words)} in one condition", "put each into a list item of its own")
    word = words[0]
    fields.mapping(node, f"a condition with {word!r}", (word,), ("within",) if word == "all" else ())
    if word == "not":
        return Not(_condition(fields, entries["not"], parts))
    if word == "count":
        return _count(fields, entries["count"])
    found = tuple(fields.all_of(entries[word], lambda item: _condition(fields, item, parts)))
    if not found:
        raise fields.wrong(entries[word], f"{word} of nothing", "list at least one condition under it")
    if word == "any":
        return AnyOf(found)
    within_s = seconds(fields, entries["within"]) if "within" in entries else None
    if all(isinstance(part, Not) for part in found):
        raise fields.wrong(entries[word], "nothing but not: it would be true of everybody", "add what must be seen")
    return AllOf(found, within_s)


def _count(fields: Fields, node: Node) -> Count:
    entries = fields.mapping(node, "count", ("at_least", "of"), ("distinct", "within"))
    return Count(
        sight(fields, entries["of"]),
        fields.number(entries["at_least"], 1, MAX_COUNT, "count"),
        fields.choice(entries["distinct"], DISTINCT, "key to count") if "distinct" in entries else None,
        seconds(fields, entries["within"]) if "within" in entries else None,
    )
