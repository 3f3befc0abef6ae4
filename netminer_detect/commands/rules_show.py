"""`rules list`, `rules show` and `rules explain`.

Contract: each writes to `stream`, as text or (`--format json`) as JSON lines, and gives an exit code: 0, or 1 where
nothing was found. What is not there to be read is a ConfigError.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import date
from typing import Any, TextIO

from netminer_detect.commands.rules_words import counted, next_level, word, worth
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
from netminer_detect.rulebook.explaining import Explanation, explain
from netminer_detect.rulebook.shelf import kinds_of, name_kinds_of, rules_of

MAX_LINE = 16 << 20


def list_rules(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """The rules that have all that was asked for."""
    found = [rule for rule in rules_of(arguments.rules) if _is_meant(rule, arguments)]
    for rule in found:
        title = rule.title_zh if lang == "zh" else rule.title_en
        if arguments.format == "json":
            _json(stream, {"id": rule.id, "title": title, "severity": rule.severity, "confidence": rule.confidence,
                           "tags": rule.tags, "holds": kinds_of(rule), "path": rule.path})  # fmt: skip
        else:
            holds = ", ".join(f"{count} {kind}" for kind, count in kinds_of(rule).items())
            weight = f"{word(rule.severity, lang):8} {word(rule.confidence, lang):6}"
            _line(stream, f"{rule.id:32} {weight} {title} ({holds})")
    if arguments.format != "json":
        _line(stream, counted(len(found), lang))
    return 0 if found else 1


def _is_meant(rule: Rule, arguments: argparse.Namespace) -> bool:
    if arguments.kind and arguments.kind not in {*kinds_of(rule), *name_kinds_of(rule)}:
        return False
    if arguments.tag and arguments.tag not in rule.tags:
        return False
    said = [rule.id, rule.title_en, rule.title_zh, rule.operator or "", *(_fact(entry) for entry in rule.entries)]
    return all(any(text.lower() in one.lower() for one in said) for text in arguments.texts)


def show_rule(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """One rule, with all that it holds."""
    rules = rules_of(arguments.rules)
    rule = next((one for one in rules if one.id == arguments.id), None)
    if rule is None:
        raise ConfigError(f"rules show {plain(arguments.id, 80)}", "there is no such rule", _near(arguments.id, rules))
    if arguments.format == "json":
        _json(stream, {"id": rule.id, "title": {"en": rule.title_en, "zh": rule.title_zh}, "operator": rule.operator,
                       "severity": rule.severity, "confidence": rule.confidence, "tags": rule.tags,
                       "reviewed": rule.reviewed, "review_by": rule.review_by, "references": rule.references,
                       "path": rule.path, "facts": [_told(rule, entry) for entry in rule.entries]})  # fmt: skip
        return 0
    _line(stream, f"{rule.id}: {rule.title_zh if lang == 'zh' else rule.title_en}")
    for name, value in (
        ("operator", rule.operator), ("severity", word(rule.severity, lang)),
        ("confidence", word(rule.confidence, lang)), ("tags", ", ".join(rule.tags)), ("reviewed", rule.reviewed),
        ("review by", rule.review_by), ("file", rule.path), ("references", " ".join(rule.references)),
        ("sources", "; ".join(f"{source.title} ({source.date})" for source in rule.sources.values())),
    ):  # fmt: skip
        if value:
            _line(stream, f"  {word(name, lang)}: {value}")
    _line(stream, f"  {word('facts', lang)}:")
    for entry in rule.entries:
        _line(stream, f"    {entry.line:5}  {_fact(entry)}{_since(entry, lang)}")
    _line(stream, f"  {word('examples', lang)}:")
    for example in rule.examples:
        told = word("must match" if example.matches else "must not match", lang)
        _line(stream, f"    {example.line:5}  {told}: {example.what} {example.text}")
    return 0


def explain_target(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """What the rules know of a name, address, wallet or agent; with a file of JSON lines, of one of its findings."""
    rules, today = rules_of(arguments.rules), date.today()
    if arguments.findings is None:
        return _explained(explain(rules, arguments.target, today), arguments, stream, lang)
    finding = _finding(arguments.findings, arguments.target)
    level, matched = str(finding.get("level")), [str(one) for one in finding.get("rules") or []]
    _line(stream, f"{word('finding', lang)} {arguments.target}: {level}, {finding.get('verdict')}")
    _line(stream, f"  {word('why', lang)}: {finding.get('why')}")
    _line(stream, f"  {word('why no more', lang)}: {next_level(level, lang)}")
    if not matched:
        _line(stream, f"  {word('no rule matched; it rests on what was said on the wire', lang)}")
    for text in _targets(finding):
        found = explain(rules, text, today)
        if found.rule is not None:
            _explained(found, arguments, stream, lang)
    return 0


def _explained(found: Explanation, arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    gives, why = worth(found, lang)
    rule = found.rule
    if arguments.format == "json":
        _json(stream, {"target": found.target, "what": found.what, "worth": found.worth,
                       "rule": rule.id if rule else None, "since": found.since or None, "gives": gives,
                       "why_no_more": why, "words": [_told(one.rule, one.entry) for one in found.words]})  # fmt: skip
        return 0 if rule else 1
    title = "" if rule is None else f"{rule.id} ({rule.title_zh if lang == 'zh' else rule.title_en})"
    _line(stream, f"{found.target}: {word('known by', lang)} {title}" if rule else
          f"{found.target}: {word('no rule', lang)}")  # fmt: skip
    if found.since:
        _line(stream, f"  {word('known since', lang)}: {found.since}")
    for one in found.words:
        _line(stream, f"  {one.rule.path}:{one.entry.line}: {_fact(one.entry)}{_since(one.entry, lang)}")
    _line(stream, f"  {word('what it gives', lang)}: {gives}")
    _line(stream, f"  {word('why no more', lang)}: {why}")
    return 0 if rule else 1


def _fact(entry: Entry) -> str:
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


def _since(entry: Entry, lang: str) -> str:
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


def _told(rule: Rule, entry: Entry) -> dict[str, Any]:
    return {"rule": rule.id, "path": rule.path, "line": entry.line, "fact": _fact(entry),
            "source": entry.source or None, "first": entry.first, "verified": entry.date or None,
            "weak": entry.weak}  # fmt: skip


def _near(wanted: str, rules: list[Rule]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(wanted[:80], [rule.id for rule in rules], 3)
    return f"did you mean {' or '.join(near)}?" if near else "see rules list"


def _finding(path: str, wanted: str) -> dict[str, Any]:
    """The finding of an id in a file of JSON lines."""
    try:
        with open(path, "rb") as file:
            while line := file.readline(MAX_LINE):
                if wanted.encode() in line:
                    told = _object(line)
                    if told.get("type") == "finding" and told.get("id") == wanted:
                        return told
    except OSError as error:
        raise ConfigError(path, error.strerror or "cannot be read", "name the file that scan wrote") from None
    raise ConfigError(path, f"no finding has the id {plain(wanted, 80)}", "take an id from that file, field id")


def _object(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _targets(finding: dict[str, Any]) -> Iterator[str]:
    """What in a finding the rules may know."""
    for key in ("pool", "peer"):
        server = finding.get(key)
        if isinstance(server, dict):
            name, ip, port = server.get("name"), server.get("ip"), server.get("port")
            if isinstance(name, str):
                yield name if port is None else f"{name}:{port}"
            if isinstance(ip, str) and port is not None:
                yield f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    workers = finding.get("workers")
    found = [worker for worker in workers if isinstance(worker, dict)] if isinstance(workers, list) else []
    texts = [worker.get(key) for worker in found for key in ("user", "agent")]
    yield from dict.fromkeys(text for text in texts if isinstance(text, str))


def _line(stream: TextIO, text: str) -> None:
    stream.write(plain(text, MAX_PATH) + "\n")


def _json(stream: TextIO, told: dict[str, Any]) -> None:
    stream.write(json.dumps(all_plain(told), ensure_ascii=False) + "\n")
