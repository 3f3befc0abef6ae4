"""`rules explain`: which rule, which line, since when, on whose word, what it is worth and why no more.

Contract: `explain_target(arguments, stream, lang)` writes what the rules know of a name, address, wallet or agent; with
a file of JSON lines that a scan wrote, of the finding of that id: as of its day, with each rule that it names. It gives
0, or 1 where no rule knows it. A file that cannot be read, or an id that is not in it, is a ConfigError.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import date
from typing import Any, TextIO

from netminer_detect.commands.rules_show import fact, json_line, line, since, told
from netminer_detect.commands.rules_words import next_level, word, worth
from netminer_detect.errors import ConfigError
from netminer_detect.outputs.escape import plain
from netminer_detect.rulebook.answers import Answers
from netminer_detect.rulebook.entries import Rule
from netminer_detect.rulebook.explaining import Explanation, explain
from netminer_detect.rulebook.gathering import gather
from netminer_detect.rulebook.shelf import rules_of

MAX_LINE = 16 << 20
# So many of a finding's wallets, agents and rules are explained.
MAX_TARGETS = 64


def explain_target(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """See the module's contract."""
    rules = rules_of(arguments.rules)
    answers = Answers(gather(rules))
    if arguments.findings is not None:
        finding = _finding(arguments.findings, arguments.target)
        return _of_finding(finding, rules, answers, arguments, stream, lang)
    found = explain(rules, answers, arguments.target, date.today())
    if arguments.format == "json":
        json_line(stream, _object_of(found, lang))
    else:
        _write(found, stream, lang)
    return 0 if found.rule else 1


def _of_finding(
    finding: dict[str, Any], rules: list[Rule], answers: Answers, arguments: argparse.Namespace, stream: TextIO,
    lang: str,
) -> int:
    named = finding.get("rules")
    matched = [one for one in named if isinstance(one, str)][:MAX_TARGETS] if isinstance(named, list) else []
    day = _day(finding.get("first_seen"))
    explained = [found for text in _targets(finding) if (found := explain(rules, answers, text, day)).rule is not None]
    spoken = {found.rule.id for found in explained if found.rule is not None}
    others = [one for one in matched if one not in spoken]
    level = str(finding.get("level"))
    if arguments.format == "json":
        json_line(stream, {"finding": arguments.target, "level": level, "why": _why(finding, lang), "rules": matched,
                           "why_no_more": next_level(level, lang),
                           "explained": [_object_of(found, lang) for found in explained]})  # fmt: skip
        return 0
    line(stream, f"{word('finding', lang)} {arguments.target}: {level}, {finding.get('verdict')}")
    line(stream, f"  {word('why', lang)}: {_why(finding, lang)}")
    line(stream, f"  {word('why no more', lang)}: {next_level(level, lang)}")
    if not matched:
        line(stream, f"  {word('no rule matched; it rests on what was said on the wire', lang)}")
    for found in explained:
        _write(found, stream, lang)
    for one in others:
        rule = next((rule for rule in rules if rule.id == one), None)
        where = rule.path if rule else word("not among the rules given; name its file with --rules", lang)
        line(stream, f"{word('noted by', lang)} {_titled(rule, lang) if rule else one}: {where}")
    return 0


def _write(found: Explanation, stream: TextIO, lang: str) -> None:
    gives, why = worth(found, lang)
    known = f"{word('known by', lang)} {_titled(found.rule, lang)}" if found.rule else word("no rule", lang)
    line(stream, f"{found.target}: {known}")
    if found.since:
        line(stream, f"  {word('known since', lang)}: {found.since}")
    for one in found.words:
        line(stream, f"  {one.rule.path}:{one.entry.line}: {fact(one.entry)}{since(one.entry, lang)}")
    line(stream, f"  {word('what it gives', lang)}: {gives}")
    line(stream, f"  {word('why no more', lang)}: {why}")


def _titled(rule: Rule, lang: str) -> str:
    return f"{rule.id} ({rule.title_zh if lang == 'zh' else rule.title_en})"


def _object_of(found: Explanation, lang: str) -> dict[str, Any]:
    gives, why = worth(found, lang)
    return {"target": found.target, "what": found.what, "worth": found.worth,
            "rule": found.rule.id if found.rule else None, "since": found.since or None, "gives": gives,
            "why_no_more": why, "words": [told(one.rule, one.entry) for one in found.words]}  # fmt: skip


def _finding(path: str, wanted: str) -> dict[str, Any]:
    """The finding of an id in a file of JSON lines."""
    try:
        with open(path, "rb") as file:
            while raw := file.readline(MAX_LINE):
                if wanted.encode("utf-8", "replace") in raw:
                    found = _object(raw)
                    if found.get("type") == "finding" and found.get("id") == wanted:
                        return found
    except OSError as error:
        raise ConfigError(path, error.strerror or "cannot be read", "name the file that scan wrote") from None
    raise ConfigError(path, f"no finding has the id {plain(wanted, 80)}", "take an id from that file, field id")


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


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
    yield from list(dict.fromkeys(text for text in texts if isinstance(text, str)))[:MAX_TARGETS]


def _why(finding: dict[str, Any], lang: str) -> str:
    """The finding's reason in the language asked for; as it stands in the file where that cannot be told anew."""
    from netminer_detect.findings import Finding, Level, Role, Verdict
    from netminer_detect.outputs.wording import why

    code, arguments = finding.get("why_code"), finding.get("why_args")
    if lang == "en" or not isinstance(code, str) or not isinstance(arguments, dict):
        return str(finding.get("why"))
    texts = {str(key): value if isinstance(value, (str, int)) else None for key, value in arguments.items()}
    return why(Finding("", "", Role.MINER, Level.CONTEXT, Verdict.NOT_MINING, code, texts), lang)


def _day(text: object) -> date:
    """The day of a finding; today where it tells none."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return date.today()
