"""The rules as people wrote them: for those who list, show and explain them.

Contract: `rules_of(own)` gives the shipped rules, with own ones (files or folders) in place of those of their id,
sorted by id; a wrong file is a ConfigError. `kinds_of(rule)` says what a rule holds: the lists under `match`, and the
kinds of its names.
"""

from __future__ import annotations

from collections.abc import Sequence

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook.entries import Entry, Rule
from netminer_detect.rulebook.files import rule_files
from netminer_detect.rulebook.loading import shipped_folder
from netminer_detect.rulebook.schema import parse


def rules_of(own: Sequence[str]) -> list[Rule]:
    """See the module's contract."""
    found = {rule.id: rule for rule in (parse(data, path) for path, data in rule_files(shipped_folder()))}
    mine: dict[str, Rule] = {}
    for place in own:
        for path, data in rule_files(place):
            rule = parse(data, path)
            if rule.id in mine:
                raise ConfigError(f"{path}:1", f"the id {rule.id!r} is also in {mine[rule.id].path}", "rename one")
            mine[rule.id] = rule
    return [rule for _, rule in sorted((found | mine).items())]


def kinds_of(rule: Rule) -> dict[str, int]:
    """How many facts of each kind a rule holds."""
    counts: dict[str, int] = {}
    lists: dict[str, Sequence[Entry]] = {
        "names": rule.names, "addresses": rule.addresses, "networks": rule.networks, "agents": rule.agents,
    }  # fmt: skip
    counts.update({kind: len(entries) for kind, entries in lists.items() if entries})
    for mark in rule.marks:
        kind = {"wallet": "wallets", "wallet-prefix": "wallets"}.get(mark.kind, mark.kind)
        kind = kind if kind in ("wallets", "ja3", "ja4") else "certificates"
        counts[kind] = counts.get(kind, 0) + 1
    for condition in rule.conditions:
        counts[condition.kind] = counts.get(condition.kind, 0) + 1
    return counts


def name_kinds_of(rule: Rule) -> set[str]:
    """The kinds of a rule's names and addresses."""
    found: set[str] = {entry.kind for entry in rule.names}
    return found | {entry.kind for entry in rule.addresses} | {entry.kind for entry in rule.networks}
