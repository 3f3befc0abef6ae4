"""Scans the shipped samples and says what was found of what they hold.

Contract: `run_selftest(stream, lang)` writes the recall of each dialect, and anything missed, read wrongly or found
where nothing is; it returns 0 where all is right, else 1. `expected.json` beside the samples says for each capture
which findings above `context` it must give; a field that an expected finding does not name is not asked for.
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TextIO

from msgspec import Struct, field

from netminer_detect.data_files import samples_dir
from netminer_detect.findings import Finding, Server, Verdict

if TYPE_CHECKING:
    from netminer_detect.findings import Report

Expected = dict[str, Any]
# Work is right within 0.01 %: the lists say it rounded.
_EXACTNESS = Fraction(1, 10_000)

_TEXTS = {
    "en": {
        "head": ("what", "expected", "found", "recall"),
        "named": "known by its contacts",
        "missed": "missed",
        "wrong": "wrong",
        "false": "false",
        "sum": "{captures} captures: {right} of {expected} findings right, {false} false",
    },
    "zh": {
        "head": ("内容", "应有", "找到", "召回率"),
        "named": "由连接对象识别",
        "missed": "漏报",
        "wrong": "有误",
        "false": "误报",
        "sum": "{captures} 个抓包文件：{expected} 项应有发现中 {right} 项正确，误报 {false} 项",
    },
}


class Outcome(Struct):
    """What the samples gave. `recall` counts (expected, right) by dialect; the lists are lines for a person."""

    recall: dict[str | None, list[int]] = field(default_factory=dict)
    complaints: list[tuple[str, str]] = field(default_factory=list)
    captures: int = 0

    def count(self, kind: str) -> int:
        return sum(1 for what, _ in self.complaints if what == kind)


def run_selftest(stream: TextIO, lang: str = "en") -> int:
    """See the module's contract."""
    folder = samples_dir()
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected: dict[str, Expected] = json.load(file)
    outcome = Outcome(captures=len(expected))
    for name in sorted(expected):
        compare(name, scan_sample(os.path.join(folder, name)), expected[name]["findings"], outcome)
    _tell(outcome, stream, _TEXTS.get(lang, _TEXTS["en"]))
    return 1 if outcome.complaints else 0


def scan_sample(path: str) -> Report:
    """One sample, scanned with the shipped rules."""
    from netminer_detect.scanning import run_scan
    from netminer_detect.settings import ScanSettings

    return run_scan(ScanSettings(inputs=(path,)), None, lambda _: None).report


def compare(name: str, report: Report, expected: list[Expected], outcome: Outcome) -> None:
    """Book the findings of one capture against those that are expected of it."""
    found = [finding for finding in report.findings if finding.verdict is not Verdict.NOT_MINING]
    for wanted in expected:
        tally = outcome.recall.setdefault(wanted["dialect"], [0, 0])
        tally[0] += 1
        finding = _same(wanted, found)
        if finding is None:
            outcome.complaints.append(("missed", f"{name}: {_title(wanted)}"))
            continue
        found.remove(finding)
        wrong = _differences(_facts(finding), wanted)
        if wrong:
            outcome.complaints.append(("wrong", f"{name}: {_title(wanted)}: {'; '.join(wrong)}"))
        else:
            tally[1] += 1
    outcome.complaints += [("false", f"{name}: {_title(_facts(finding))}") for finding in found]


def _same(wanted: Expected, found: list[Finding]) -> Finding | None:
    """The finding that is about the same machine, server and dialect."""
    for finding in found:
        facts = _facts(finding)
        if all(facts[key] == wanted[key] for key in ("source_ip", "pool", "dialect")):
            return finding
    return None


def _facts(finding: Finding) -> Expected:
    """A finding in the words of `expected.json`."""
    worker = finding.workers[0] if finding.workers else None
    return {
        "source_ip": finding.source_ip,
        "role": finding.role.value,
        "level": finding.level.word,
        "verdict": finding.verdict.word,
        "dialect": finding.dialect,
        "pool": _server(finding.pool),
        "name": finding.pool.name if finding.pool else None,
        "vlan": finding.vlan,
        "tunnels": finding.tunnels,
        "user": worker.user if worker else None,
        "worker": worker.worker if worker else None,
        "agent": worker.agent if worker else None,
        "accepted": finding.shares.accepted,
        "rejected": finding.shares.rejected,
        "unanswered": finding.shares.unanswered,
        "work": {done.unit: done.amount for done in finding.work},
    }


def _server(server: Server | None) -> str:
    """`address:port` (or `name:port` where no address is known)."""
    host = (server.ip or server.name) if server else None
    if server is None or host is None:
        return ""
    host = f"[{host}]" if ":" in host else host
    return host if server.port is None else f"{host}:{server.port}"


def _differences(facts: Expected, wanted: Expected) -> list[str]:
    wrong = []
    for key, value in wanted.items():
        if key == "work":
            amount, truth = facts["work"].get(value["unit"]), Fraction(value["amount"])
            if amount is None or abs(amount - truth) > truth * _EXACTNESS:
                wrong.append(f"work is {amount}, not {truth}")
        elif facts.get(key) != value:
            wrong.append(f"{key} is {facts.get(key)!r}, not {value!r}")
    return wrong


def _title(facts: Expected) -> str:
    return f"{facts['source_ip']} {facts['role']} {facts['level']} {facts['dialect'] or '-'} {facts['pool']}".rstrip()


def _tell(outcome: Outcome, stream: TextIO, texts: dict[str, Any]) -> None:
    rows = [texts["head"]]
    for dialect in sorted(outcome.recall, key=lambda name: (name is None, name)):
        expected, right = outcome.recall[dialect]
        rows.append((dialect or texts["named"], str(expected), str(right), f"{100 * right // expected} %"))
    widths = [max(_width(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        first = row[0] + " " * (widths[0] - _width(row[0]))
        rest = [" " * (widths[at] - _width(row[at])) + row[at] for at in range(1, 4)]
        print("  ".join([first, *rest]), file=stream)
    for what, line in outcome.complaints:
        print(f"{texts[what]}: {line}", file=stream)
    expected, right = (sum(tally[at] for tally in outcome.recall.values()) for at in (0, 1))
    print(texts["sum"].format(captures=outcome.captures, right=right, expected=expected, false=outcome.count("false")),
          file=stream)


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if ord(char) > 0x2E80 else 1 for char in text)
