"""Checks rules: each for itself, and all of them together.

Contract: `lint(files, shipped, today)` gives the problems of (path, bytes) files, sorted by path and line: what cannot
be read as a rule (one problem a file: what follows may only follow from it), and of those that can, what CODES names.
`shipped` are files that the rules will stand beside: nothing is said of them, but ids and indicators that they hold are
taken, and conditions may name them. `today` is the day on which reviews are due. No kernel is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook import names
from netminer_detect.rulebook.answers import Answers
from netminer_detect.rulebook.conditions import AllOf, AnyOf, Condition, Count, Not
from netminer_detect.rulebook.entries import AddressEntry, Entry, MarkEntry, NameEntry, NetworkEntry, Rule
from netminer_detect.rulebook.fields import first_day
from netminer_detect.rulebook.gathering import gather, override
from netminer_detect.rulebook.schema import parse
from netminer_detect.rulebook.shared_places import shared_address, shared_name

REVIEW_DAYS = 365
CODES = (
    "format", "duplicate-id", "file-name", "no-source", "review-due", "future-date", "shared-name", "shared-address",
    "lookalike", "overlap", "repeated", "unknown-rule", "example-fails", "example-of-other",
)  # fmt: skip

Files = Sequence[tuple[str, bytes]]


class Problem(Struct, frozen=True):
    """Something wrong at a line. `code` is one of CODES; `arguments` fill the sentence of that code; of `format` they
    are what is wrong and what to do."""

    path: str
    line: int
    code: str
    rule: str | None = None
    arguments: tuple[str, ...] = ()


def lint(files: Files, shipped: Files, today: date) -> list[Problem]:
    """See the module's contract."""
    problems: list[Problem] = []
    rules: list[Rule] = []
    for path, data in files:
        try:
            rules.append(parse(data, path))
        except ConfigError as error:
            problems.append(_unreadable(path, error))
    for rule in rules:
        problems += _single(rule, today)
    beside = [parse(data, path) for path, data in shipped]
    own, problems_of_ids = _unique(rules)
    problems += problems_of_ids
    replaced = {rule.id for rule in own}
    beside = [rule for rule in beside if rule.id not in replaced]
    problems += _overlaps(own, beside)
    problems += _unknown_rules(own, replaced | {rule.id for rule in beside})
    problems += _examples(own, beside)
    return sorted(set(problems), key=lambda one: (one.path, one.line, one.code, one.arguments))


def _unreadable(path: str, error: ConfigError) -> Problem:
    line = error.where.removeprefix(f"{path}:")
    return Problem(path, int(line) if line.isdigit() else 1, "format", None, (error.what, error.fix))


def _single(rule: Rule, today: date) -> Iterator[Problem]:
    """What is wrong with one rule, whatever others there are."""
    path, at = rule.path, rule.lines

    def problem(line: int, code: str, *arguments: str) -> Problem:
        return Problem(path, line, code, rule.id, arguments)

    stem = os.path.splitext(os.path.basename(path))[0]
    if stem != rule.id:
        yield problem(at["id"], "file-name", stem)
    if not rule.references and not rule.sources:
        yield problem(at["id"], "no-source")
    reviewed = _last_day(rule.reviewed)
    due = _last_day(rule.review_by) if rule.review_by else reviewed + timedelta(days=REVIEW_DAYS)
    if due < today:
        yield problem(at["review_by" if rule.review_by else "reviewed"], "review-due", due.isoformat())
    if (first_day(rule.reviewed) or today) > today:
        yield problem(at["reviewed"], "future-date", rule.reviewed)
    for entry in rule.entries:
        if entry.date and (first_day(entry.date) or today) > today:
            yield problem(entry.line, "future-date", entry.date)
        yield from (problem(entry.line, *found) for found in _shared(entry))


def _last_day(text: str) -> date:
    """The last day of a year, month or day."""
    year, month, day = ([int(part) for part in text.split("-")] + [0, 0])[:3]
    if day:
        return date(year, month, day)
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1) if month else date(year, 12, 31)


def _shared(entry: Entry) -> Iterator[tuple[str, ...]]:
    """What is wrong with a fact since others share its place or could be taken for it."""
    if isinstance(entry, NameEntry):
        kind = shared_name(entry.name)
        if kind is not None:
            yield "shared-name", entry.name, kind
        if "xn--" in entry.name and (meant := names.lookalike(entry.name)) is not None:
            yield "lookalike", entry.name, meant
    elif isinstance(entry, (AddressEntry, NetworkEntry)):
        place = entry.address if isinstance(entry, AddressEntry) else entry.network
        holder = shared_address(place)
        if holder is not None and entry.ports:
            yield "shared-address", place, holder


def _unique(rules: list[Rule]) -> tuple[list[Rule], list[Problem]]:
    """The first rule of each id, and the problem of each other."""
    first: dict[str, Rule] = {}
    problems = []
    for rule in sorted(rules, key=lambda rule: rule.path):
        known = first.setdefault(rule.id, rule)
        if known is not rule:
            problems.append(Problem(rule.path, rule.lines["id"], "duplicate-id", rule.id, (rule.id, known.path)))
    return list(first.values()), problems


def _indicators(rule: Rule) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """What no two rules should claim, each with its entry: malware's things stand apart."""
    for name in rule.names:
        yield ("name", "malware" if name.kind == "malware" else "mining", name.name), name
    for address in rule.addresses:
        for port in address.ports:
            yield ("address", address.kind, f"{address.address} port {port}"), address
    for network in rule.networks:
        from ipaddress import ip_network

        for ip in ip_network(network.network):
            for port in network.ports:
                yield ("address", network.kind, f"{ip} port {port}"), network
    for agent in rule.agents:
        yield ("agent", "", agent.regex), agent
    for mark in rule.marks:
        yield ("mark", mark.kind, mark.value), mark


def _overlaps(own: list[Rule], beside: list[Rule]) -> Iterator[Problem]:
    """Indicators that two rules claim, and facts that stand twice in one."""
    owners: dict[tuple[str, ...], tuple[Rule, Entry]] = {}
    for rule in beside:
        for key, entry in _indicators(rule):
            owners.setdefault(key, (rule, entry))
    for rule in sorted(own, key=lambda rule: rule.id):
        told: dict[tuple[object, ...], Entry] = {}
        for key, entry in _indicators(rule):
            other, there = owners.setdefault(key, (rule, entry))
            where = f"{other.path}:{there.line}"
            if other is not rule:
                yield Problem(rule.path, entry.line, "overlap", rule.id, (key[-1], other.id, where))
            same = told.setdefault((key, entry.source, entry.date, _details(entry)), entry)
            if same is not entry:
                yield Problem(rule.path, entry.line, "repeated", rule.id, (key[-1], str(same.line)))


def _details(entry: Entry) -> tuple[object, ...]:
    """What tells two lines of one source about one thing."""
    if isinstance(entry, NameEntry):
        return entry.ports, entry.coin, entry.transport
    if isinstance(entry, (AddressEntry, NetworkEntry)):
        return (entry.coin,)
    return (entry.note,) if isinstance(entry, MarkEntry) else ()


def _unknown_rules(own: list[Rule], known: set[str]) -> Iterator[Problem]:
    for rule in own:
        for entry in rule.conditions:
            for named in sorted(set(_named(entry.condition)) - known):
                yield Problem(rule.path, entry.line, "unknown-rule", rule.id, (named,))


def _named(condition: Condition) -> Iterator[str]:
    """The rules that a condition names."""
    match condition:
        case AllOf() | AnyOf():
            for part in condition.parts:
                yield from _named(part)
        case Not():
            yield from _named(condition.part)
        case Count():
            yield from _named(condition.of)
        case _:
            yield from (value for key, value in condition.wanted if key == "rule")


def _examples(own: list[Rule], beside: list[Rule]) -> Iterator[Problem]:
    """Examples that do not hold. What the rule answers alone but not among the others, another rule takes away."""
    try:
        together = Answers(override(gather(beside), gather(own)))
        alone = [(rule, Answers(gather([rule]))) for rule in own]
    except ConfigError as error:
        path, _, line = error.where.rpartition(":")
        yield Problem(path, int(line), "format", None, (error.what, error.fix))
        return
    for rule, answers in alone:
        for example in rule.examples:
            answered = rule.id in answers.rules_of(example)
            if answered is not example.matches:
                kind: Literal["match", "not"] = "match" if example.matches else "not"
                yield Problem(rule.path, example.line, "example-fails", rule.id, (example.what, example.text, kind))
            elif answered and rule.id not in (others := together.rules_of(example)):
                yield Problem(rule.path, example.line, "example-of-other", rule.id,
                              (example.what, example.text, ", ".join(others) or "-"))  # fmt: skip


