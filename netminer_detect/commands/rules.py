"""The `rules` command: lint, list, show, explain, import, export.

Contract: `add_rules(parser)` gives it its arguments, `run_rules(arguments, stream, lang)` runs it and gives the exit
code: 0, 1 where something is wrong or nothing was found, and a ConfigError (2) where it cannot run. No kernel is
loaded.
"""

from __future__ import annotations

import argparse
from typing import Any, TextIO

from netminer_detect.language import LANGUAGES

_KINDS = ("names", "addresses", "networks", "agents", "wallets", "ja3", "ja4", "certificates", "dialects", "devices",
          "when", "server", "domain", "website", "browser", "donation", "malware")  # fmt: skip


def add_rules(parser: argparse.ArgumentParser) -> None:
    """See the module's contract."""
    from netminer_detect.commands.rules_export import add_export
    from netminer_detect.commands.rules_import import add_import

    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    lint = actions.add_parser("lint", help="check rule files", description="Checks rule files, each for itself and all "
                              "together. Exit codes: 0 all is well, 1 something is wrong, 2 it cannot be read.")
    lint.add_argument("paths", nargs="*", metavar="PATH", help="rule files or folders (default: the shipped rules)")
    lint.add_argument("--today", metavar="DATE", help="the day on which reviews are due (default: today)")
    listed = actions.add_parser("list", help="list rules")
    listed.add_argument("texts", nargs="*", metavar="TEXT", help="text in id, title, operator or facts")
    listed.add_argument("--kind", choices=_KINDS, metavar="KIND", help=f"what rules hold: {', '.join(_KINDS)}")
    listed.add_argument("--tag", metavar="TAG", help="a tag of the rule, such as chinese")
    show = actions.add_parser("show", help="show one rule with all that it holds")
    show.add_argument("id", metavar="ID")
    told = actions.add_parser("explain", help="say why something is known, on whose word, and what it is worth")
    told.add_argument("target", metavar="TARGET", help="a name, an address with its port, a wallet, an agent; with "
                      "FILE the id of a finding in it")
    told.add_argument("findings", nargs="?", metavar="FILE", help="JSON lines that a scan wrote")
    taken, given = add_import(actions), add_export(actions)
    for action in (listed, show, told, taken, given):
        action.add_argument("--rules", action="append", default=[], metavar="DIR|FILE", help="own rules beside the "
                            "shipped ones (may be repeated)")
    for action in (lint, listed, show, told):
        action.add_argument("--format", choices=("text", "json"), default="text", help="text, or JSON lines")
    for action in (lint, listed, show, told, taken, given):
        action.add_argument("--lang", choices=LANGUAGES, help="language (default: that of the environment)")


def run_rules(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """See the module's contract."""
    reconfigure: Any = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        # A terminal that is not UTF-8 must cost characters, not the answer; programs get UTF-8.
        reconfigure(errors="backslashreplace", encoding=None if stream.isatty() else "utf-8")
    if arguments.action == "lint":
        from netminer_detect.commands.rules_lint import lint_rules

        return lint_rules(arguments, stream, lang)
    if arguments.action == "explain":
        from netminer_detect.commands.rules_explain import explain_target

        return explain_target(arguments, stream, lang)
    if arguments.action == "import":
        from netminer_detect.commands.rules_import import import_rules

        return import_rules(arguments, stream, lang)
    if arguments.action == "export":
        from netminer_detect.commands.rules_export import export_rules

        return export_rules(arguments, stream, lang)
    from netminer_detect.commands.rules_show import list_rules, show_rule

    return (list_rules if arguments.action == "list" else show_rule)(arguments, stream, lang)
