"""`rules export`: gives the indicators of rules to other tools.

Contract: `add_export(actions)` gives it its arguments, `export_rules(arguments, stream, lang)` writes to `stream`, or
to the file of `-o`, which takes its place only when it is whole; what was left out and why is told on stderr. The code
is 0, also where nothing was left to write; a wrong rule is a ConfigError, an output that cannot be written an
OutputError.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import Any, TextIO

from netminer_detect.commands.telling import Teller

_SAYS = {
    "written": ("indicators written: {}", "已写出 {} 条指标"),
    "stale": ("{} left out: old or poor (--all adds them)", "略去 {} 条：过时或依据不足（--all 可加入）"),
    "visited": ("{} left out: operators' own domains and websites, which visitors ask for too (--kind domain, --kind "
                "website or --all adds them)",
                "略去 {} 条：运营者自己的域名和网站，访客也会访问（--kind domain、--kind website 或 --all 可加入）"),
    "no-port": ("{} left out: an address without a port convicts nobody (--all adds them)",
                "略去 {} 条：没有端口的地址不能说明任何人挖矿（--all 可加入）"),
    "not-carried": ("{} left out: {} has no place for them ({})", "略去 {} 条：{} 格式无法表达（{}）"),
}
_TYPES = {
    "name": ("names", "域名"), "address": ("addresses", "地址"), "bare": ("addresses without a port", "无端口的地址"),
    "network": ("networks", "网段"), "agent": ("agents", "程序"), "wallet": ("wallets", "钱包"),
    "wallet-prefix": ("beginnings of wallets", "钱包前缀"), "ja3": ("JA3", "JA3"), "ja4": ("JA4", "JA4"),
    "subject": ("subjects of certificates", "证书主体"), "issuer": ("issuers of certificates", "证书颁发者"),
    "serial": ("serial numbers of certificates", "证书序列号"), "sha256": ("hashes of certificates", "证书散列值"),
    "dialects": ("lines under dialects", "dialects 条目"), "devices": ("lines under devices", "devices 条目"),
    "when": ("conditions", "条件"),
}  # fmt: skip


def add_export(actions: Any) -> argparse.ArgumentParser:
    """See the module's contract."""
    from netminer_detect.exchange.choosing import KINDS
    from netminer_detect.exchange.formats import SID_BASE, writers

    export: argparse.ArgumentParser = actions.add_parser(
        "export", help="give indicators to other tools", description="Writes the indicators of the shipped rules and "
        "of one's own for another tool. Websites, operators' own domains, old and poor facts are left out.")
    add = export.add_argument
    add("--to", required=True, choices=writers(), metavar="FORMAT", help=", ".join(writers()))
    add("-o", "--output", metavar="FILE", help="write to a file (default: standard output)")
    add("--kind", action="append", default=[], choices=KINDS, metavar="KIND", help="these kinds only (may be "
        f"repeated): {', '.join(KINDS)}")
    add("--all", action="store_true", dest="everything", help="old and poor facts, domains and websites as well")
    add("--only", action="append", default=[], metavar="ID", help="only these rules, by id (may be repeated)")
    add("--sid-base", type=_sid, default=SID_BASE, metavar="N", help="first number of Suricata rules; 500 000 are "
        f"taken (default: {SID_BASE})")
    return export


def _sid(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) < (1 << 32) - 500_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {(1 << 32) - 500_001}")
    return int(text)


def export_rules(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """See the module's contract."""
    from netminer_detect.commands.destinations import write_text
    from netminer_detect.errors import ConfigError
    from netminer_detect.exchange.choosing import choose
    from netminer_detect.exchange.formats import ExportOptions, has_place, module_of
    from netminer_detect.rulebook.shelf import rules_of

    rules = rules_of(arguments.rules)
    if missing := sorted(set(arguments.only) - {rule.id for rule in rules}):
        raise ConfigError(f"--only {missing[0]}", "there is no such rule", "see rules list")
    if arguments.only:
        rules = [rule for rule in rules if rule.id in arguments.only]
    choice = choose(rules, arguments.kind, arguments.everything)
    module = module_of(arguments.to)
    carried = [one for one in choice.indicators if has_place(module, one)]
    write_text(arguments.output, stream, "".join(module.write(carried, ExportOptions(arguments.sid_base))))
    told = Teller()
    others = Counter("bare" if one.type == "address" and not one.ports else one.type
                     for one in choice.indicators if not has_place(module, one))
    others.update(choice.conditions)
    counts = [("written", (len(carried),)), *((why, (number,)) for why, number in sorted(choice.left.items()))]
    for why, values in counts:
        told.tell(_SAYS[why][lang == "zh"].format(*values))
    if others:
        listed = _listed(others, lang == "zh")
        told.tell(_SAYS["not-carried"][lang == "zh"].format(others.total(), arguments.to, listed))
    return 0


def _listed(counts: Mapping[str, int], zh: bool) -> str:
    """How many of each type."""
    return ("，" if zh else ", ").join(f"{count} {_TYPES[type_][zh]}" for type_, count in sorted(counts.items()))
