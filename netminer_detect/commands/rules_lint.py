"""`rules lint`: says what is wrong with rule files, and what to do.

Contract: `lint_rules(arguments, stream, lang)` writes one line a problem, `path:line: what is wrong; what to do
(code)`, or one JSON object a problem, and gives 0 where all is well, 1 where something is wrong; a place that cannot be
read is a ConfigError. Without paths the shipped rules are checked; with paths these, beside the shipped ones.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import TextIO

from netminer_detect.errors import ConfigError
from netminer_detect.outputs.escape import MAX_PATH, all_plain, plain
from netminer_detect.rulebook.files import rule_files
from netminer_detect.rulebook.linting import Problem, lint
from netminer_detect.rulebook.loading import shipped_folder

# code: (English, Chinese) sentences of what is wrong and what to do; {0}, {1} … are the problem's arguments.
_SAYS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "format": (("{0}", "{1}"), ("格式不对：{0}", "{1}")),
    "duplicate-id": (("the id {0!r} is also in {1}", "rename one of the two rules, or remove it"),
                     ("编号 {0!r} 在 {1} 中也有", "给其中一条改名，或删掉它")),
    "file-name": (("the file is named {0!r}, its rule is not", "name the file for the rule's id"),
                  ("文件名 {0!r} 与规则编号不同", "用规则编号作文件名")),
    "no-source": (("nobody says where this is known from", "add references or sources"),
                  ("没有说明依据来自何处", "补上 references 或 sources")),
    "review-due": (("a review was due on {0}", "check the facts, then set reviewed to the day on which you did"),
                   ("应在 {0} 之前复核", "核对各项事实，然后把 reviewed 改为核对当天")),
    "future-date": (("{0} lies in the future", "correct the date"), ("{0} 是将来的日期", "改正日期")),
    "shared-name": (("{0} is a {1} domain in which anybody may have a name",
                     "write the whole name of the one host that is meant"),
                    ("{0} 是任何人都能注册名字的公共域名（{1}）", "写出具体主机的完整域名")),
    "shared-address": (("{0} is one of {1}, where one address serves many", "remove it, or name its host under names"),
                       ("{0} 属于 {1}，同一地址上有许多网站", "删掉它，或改为在 names 下写域名")),
    "lookalike": (("{0} is made to look like {1}", "write {1}, or mark the line weak: why if the other one is meant"),
                  ("{0} 看上去像 {1}", "写成 {1}；如果确指前者，用 weak: 说明原因")),
    "overlap": (("{0} is also in the rule {1} ({2})", "keep it in one of the two"),
                ("{0} 在规则 {1} 中也有（{2}）", "只在其中一条里保留")),
    "repeated": (("{0} stands here as it stands in line {1}", "remove one of the two lines"),
                 ("{0} 与第 {1} 行重复", "删掉其中一行")),
    "unknown-rule": (("a condition names the rule {0!r}, which does not exist", "correct the name: see rules list"),
                     ("条件中引用的规则 {0!r} 不存在", "改正名称，见 rules list")),
    "example-fails": (("the rule does not treat the {0} {1!r} as its example under {2!r} says",
                       "correct the example or the rule"),
                      ("规则对 {0} {1!r} 的判断与 {2!r} 下的例子不符", "改正例子或规则")),
    "example-of-other": (("the {0} {1!r} is answered by another rule: {2}",
                          "make the rule more exact, or keep the fact in one rule"),
                         ("{0} {1!r} 被另一条规则抢先匹配：{2}", "把规则写得更准确，或只在一条规则中保留")),
}  # fmt: skip


def sentence(problem: Problem, lang: str) -> tuple[str, str]:
    """What is wrong and what to do."""
    what, fix = _SAYS[problem.code][lang == "zh"]
    return what.format(*problem.arguments), fix.format(*problem.arguments)


def lint_rules(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """See the module's contract."""
    shipped = shipped_folder()
    paths = arguments.paths or [shipped]
    files = [one for path in paths for one in rule_files(path)]
    beside = rule_files(shipped) if arguments.paths and shipped not in arguments.paths else []
    checked = {path for path, _ in files}
    problems = lint(files, [one for one in beside if one[0] not in checked], _day(arguments.today))
    for problem in problems:
        what, fix = sentence(problem, lang)
        if arguments.format == "json":
            told = {"path": problem.path, "line": problem.line, "code": problem.code, "rule": problem.rule,
                    "what": what, "fix": fix}  # fmt: skip
            stream.write(json.dumps(all_plain(told), ensure_ascii=False) + "\n")
        else:
            text = f"{problem.path}:{problem.line}: {what}; {fix}"
            stream.write(f"{plain(text, MAX_PATH)} ({problem.code})\n")
    if arguments.format != "json":
        stream.write(_sum(len(problems), len(files), lang) + "\n")
    return 1 if problems else 0


def _sum(problems: int, files: int, lang: str) -> str:
    if lang == "zh":
        return f"{files} 个规则文件，{problems} 个问题" if problems else f"{files} 个规则文件，没有问题"
    of = f"{files} rule file{'s' if files != 1 else ''}"
    return f"{problems} problem{'s' if problems != 1 else ''} in {of}" if problems else f"{of}, no problems"


def _day(text: str | None) -> date:
    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--today {text}", "no date", "write it as 2026-11-24") from None
