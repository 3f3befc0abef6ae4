"""`rules list` and `rules show`.

Contract: each writes to `stream`, as text or (`--format json`) as JSON lines, and gives an exit code: 0, or 1 where
nothing was found. What is not there to be read is a ConfigError. `fact`, `since` and `told` put a fact into words.
"""

from __future__ import annotations

import argparse
import json
from typing import Any, TextIO

from netminer_detect.commands.rules_words import counted, word
from netminer_detect.errors import ConfigError
from netminer_detect.outputs.escape import MAX_PATH, all_plain, plain
from netminer_detect.rulebook.entries import (
    AddressEntry,
    AgentEntry,
    ConditionEntry,
    Entry,
    MarkEntry,
    NameEntry,
    NetworkEntry,
    Rule,
)
from netminer_detect.rulebook.shelf import kinds_of, name_kinds_of, rules_of


def list_rules(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """The rules that have all that was asked for."""
    found = [rule for rule in rules_of(arguments.rules) if _is_meant(rule, arguments)]
    for rule in found:
        title = rule.title_zh if lang == "zh" else rule.title_en
        if arguments.format == "json":
            json_line(stream, {"id": rule.id, "title": title, "severity": rule.severity, "confidence": rule.confidence,
                           "tags": rule.tags, "holds": kinds_of(rule), "path": rule.path})  # fmt: skip
        else:
            holds = ", ".join(f"{count} {kind}" for kind, count in kinds_of(rule).items())
            weight = f"{word(rule.severity, lang):8} {word(rule.confidence, lang):6}"
            line(stream, f"{rule.id:32} {weight} {title} ({holds})")
    if arguments.format != "json":
        line(stream, counted(len(found), lang))
    return 0 if found else 1


def _is_meant(rule: Rule, arguments: argparse.Namespace) -> bool:
    if arguments.kind and arguments.kind not in {*kinds_of(rule), *name_kinds_of(rule)}:
        return False
    if arguments.tag and arguments.tag not in rule.tags:
        return False
    said = [rule.id, rule.title_en, rule.title_zh, rule.operator or "", *(fact(entry) for entry in rule.entries)]
    return all(any(text.lower() in one.lower() for one in said) for text in arguments.texts)


def show_rule(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """One rule, with all that it holds."""
    rules = rules_of(arguments.rules)
    rule = next((one for one in rules if one.id == arguments.id), None)
    if rule is None:
        raise ConfigError(f"rules show {plain(arguments.id, 80)}", "there is no such rule", _near(arguments.id, rules))
    if arguments.format == "json":
        json_line(stream, {"id": rule.id, "title": {"en": rule.title_en, "zh": rule.title_zh},
                       "operator": rule.operator, "severity": rule.severity, "confidence": rule.confidence,
                       "tags": rule.tags,
                       "reviewed": rule.reviewed, "review_by": rule.review_by, "references": rule.references,
                       "path": rule.path, "facts": [told(rule, entry) for entry in rule.entries]})  # fmt: skip
        return 0
    line(stream, f"{rule.id}: {rule.title_zh if lang == 'zh' else rule.title_en}")
    for name, value in (
        ("operator", rule.operator), ("severity", word(rule.severity, lang)),
        ("confidence", word(rule.confidence, lang)), ("tags", ", ".join(rule.tags)), ("reviewed", rule.reviewed),
        ("review by", rule.review_by), ("file", rule.path), ("references", " ".join(rule.references)),
        ("sources", "; ".join(f"{source.title} ({source.date})" for source in rule.sources.values())),
    ):  # fmt: skip
        if value:
            line(stream, f"  {word(name, lang)}: {value}")
    line(stream, f"  {word('facts', lang)}:")
    for entry in rule.entries:
        line(stream, f"    {entry.line:5}  {fact(entry)}{since(entry, lang)}")
    line(stream, f"  {word('examples', lang)}:")
    for example in rule.examples:
        meant = word("must match" if example.matches else "must not match", lang)
        line(stream, f"    {example.line:5}  {meant}: {example.what} {example.text}")
    return 0


def fact(entry: Entry) -> str:
    """A fact in one line."""
    if isinstance(entry, (NameEntry, AddressEntry, NetworkEntry)):
        place = entry.name if isinstance(entry, NameEntry) else (
            entry.address if isinstance(entry, AddressEntry) else entry.network)
        ports = ",".join(map(str, entry.ports))
        transport = entry.transport if isinstance(entry, NameEntry) else None
        return " ".join(filter(None, (place, entry.kind, ports, entry.coin, transport)))
    if isinstance(entry, AgentEntry):
        return f"{entry.regex} {entry.fact.product} {entry.fact.kind}"
    if isinstance(entry, MarkEntry):
        return f"{entry.kind} {entry.value} {entry.note or ''}".rstrip()
    return entry.kind if isinstance(entry, ConditionEntry) else ""


def since(entry: Entry, lang: str) -> str:
    """On whose word, and since when."""
    said = f"  [{word('said by', lang)} {entry.source}" if entry.source else "  ["
    parts = [said]
    if entry.first:
        parts.append(f"{word('first seen', lang)} {entry.first}")
    if entry.date:
        parts.append(f"{word('last checked', lang)} {entry.date}")
    if entry.weak:
        parts.append(f"{word('weak', lang)}: {entry.weak}")
    return ", ".join(parts) + "]" if parts != ["  ["] else ""


def told(rule: Rule, entry: Entry) -> dict[str, Any]:
    return {"rule": rule.id, "path": rule.path, "line": entry.line, "fact": fact(entry),
            "source": entry.source or None, "first": entry.first, "verified": entry.date or None,
            "weak": entry.weak}  # fmt: skip


def _near(wanted: str, rules: list[Rule]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(wanted[:80], [rule.id for rule in rules], 3)
    return f"did you mean {' or '.join(near)}?" if near else "see rules list"


def line(stream: TextIO, text: str) -> None:
    stream.write(plain(text, MAX_PATH) + "\n")


def json_line(stream: TextIO, told: dict[str, Any]) -> None:
    stream.write(json.dumps(all_plain(told), ensure_ascii=False) + "\n")
