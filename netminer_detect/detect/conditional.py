"""Notes the rules whose conditions hold over the findings of one source.

Contract: `note_conditions(findings, conditions)` adds a rule's id to each finding that made its condition true. It
raises no level and makes no finding: a condition says what several findings are together. Conditions see the rules
that facts matched, not one another. Of thousands of conditions only those are asked whose needed fact a source has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netminer_detect.findings import Finding, Level
from netminer_detect.rulebook.conditions import Conditional, Fact, Seen, Sights, facts_of, holds, need

# Of a source's findings so many are looked at, the surest first.
MAX_SIGHTS = 4096


def note_conditions(findings: Sequence[Finding], conditions: Sequence[Conditional]) -> None:
    """See the module's contract."""
    sources: dict[tuple[str | None, str], list[Finding]] = {}
    for finding in findings:
        sources.setdefault((finding.realm, finding.source_ip), []).append(finding)
    by_need: dict[Fact | None, list[Conditional]] = {}
    for conditional in conditions:
        by_need.setdefault(need(conditional.condition), []).append(conditional)
    for found in sources.values():
        found.sort(key=lambda one: (-one.level, -one.packets, one.id))
        sights = Sights([seen_of(finding) for finding in found[:MAX_SIGHTS]])
        meant = [one for fact in (None, *sights.facts) for one in by_need.get(fact, ())]
        for conditional in sorted(meant, key=lambda one: one.rule):
            for number in sorted(holds(conditional.condition, sights) or ()):
                if conditional.rule not in found[number].rules:
                    found[number].rules.append(conditional.rule)


def seen_of(finding: Finding) -> Seen:
    """A finding as conditions see it."""
    facts = {fact for key, value in _facts(finding) for fact in facts_of(key, value)}
    return Seen(frozenset(facts), finding.first_seen_ns, finding.last_seen_ns)


def _facts(finding: Finding) -> Iterator[Fact]:
    yield "role", finding.role.value
    yield from (("level", level.word) for level in Level if level <= finding.level)
    for key, values in (("rule", finding.rules), ("carrier", finding.carriers), ("algorithm", finding.algorithms)):
        yield from ((key, value) for value in values)
    for key, value in (("dialect", finding.dialect), ("coin", finding.coin), ("model", finding.model)):
        if value is not None:
            yield key, value
    if finding.model is not None or finding.role.value == "managed":
        yield from (("firmware", worker.agent) for worker in finding.workers if worker.agent)
    server = finding.pool or finding.peer
    if server is not None:
        host = server.name or server.ip or ""
        yield "server", host if server.port is None else f"{host}:{server.port}"
        if server.port is not None:
            yield "port", str(server.port)
        if server.name is not None:
            yield "name", server.name.rstrip(".")
