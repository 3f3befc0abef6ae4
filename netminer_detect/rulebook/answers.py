"""Asks rules by looking at each fact, without the compiled tables: what `rules lint` and `rules explain` go by.

Contract: `Answers(facts).rules_of(what, text)` gives the ids of the rules that answer an example (see
`entries.Example`), `name(text, port)` and the like the fact that a scan would go by. It agrees with `book.Rulebook`,
whose slow and obvious twin it is, and loads no kernel.
"""

from __future__ import annotations

from typing import get_args

from netminer_detect.findings import Level
from netminer_detect.rulebook import names
from netminer_detect.rulebook.agents import Agents, letters_of
from netminer_detect.rulebook.conditions import Fact, Seen, Sights, facts_of, holds
from netminer_detect.rulebook.entries import Example
from netminer_detect.rulebook.facts import AgentFact, EndpointFact, Facts, MarkKind, NameFact
from netminer_detect.rulebook.patterns import MAX_SUBJECT
from netminer_detect.rulebook.places import address_and_port


class Answers:
    """See the module's contract."""

    def __init__(self, facts: Facts) -> None:
        self._names = {(fact.kind == "malware", fact.name): fact for fact in facts.names}
        self._endpoints = {(fact.kind == "malware", fact.ip, fact.port): fact for fact in facts.endpoints}
        self._facts = facts
        regexes = [regex for regex, _ in facts.agents]
        self._agents = Agents(regexes.__getitem__, list(map(letters_of, regexes)))

    def name(self, text: str, port: int | None = None) -> NameFact | None:
        """What is known of a name, from its longest known suffix of whole labels."""
        wanted = names.normal(text)
        labels = wanted.split(".")
        found = (self._names.get((False, ".".join(labels[at:]))) for at in range(len(labels)))
        return names.judged((fact for fact in found if fact is not None), wanted, port)

    def malware_name(self, text: str) -> NameFact | None:
        labels = names.normal(text).split(".")
        found = (self._names.get((True, ".".join(labels[at:]))) for at in range(len(labels)))
        return next((fact for fact in found if fact is not None), None)

    def endpoint(self, ip: str, port: int) -> EndpointFact | None:
        return self._endpoints.get((False, ip, port))

    def malware_endpoint(self, ip: str, port: int) -> EndpointFact | None:
        return self._endpoints.get((True, ip, port))

    def agent(self, text: str) -> AgentFact | None:
        text = text[:MAX_SUBJECT].strip()
        number = self._agents.find(text) if text else None
        return None if number is None else self._facts.agents[number][1]

    def marked(self, kind: MarkKind, value: str) -> list[str]:
        """The rules that know a wallet, a fingerprint, a certificate."""
        prefixes = ("wallet-prefix",) if kind == "wallet" else ()
        hits = [
            fact.rule for fact in self._facts.marks
            if (fact.kind == kind and fact.value == value) or (fact.kind in prefixes and value.startswith(fact.value))
        ]  # fmt: skip
        return list(dict.fromkeys(hits))

    def rules_of(self, example: Example) -> list[str]:
        """The rules that answer an example."""
        text = example.text
        if example.what == "seen":
            return self._conditional(example)
        if example.what == "agent":
            agent = self.agent(text)
            return [agent.rule] if agent is not None else []
        if example.what == "name":
            found = self.name(text) or self.malware_name(text)
            return [found.rule] if found is not None and found.kind != "website" else []
        if example.what == "address":
            place = address_and_port(text)
            if place is None:
                return []
            known = self.endpoint(*place) or self.malware_endpoint(*place)
            return [known.rule] if known is not None else []
        kind: MarkKind = next(kind for kind in get_args(MarkKind) if kind == example.what)
        return self.marked(kind, text if kind in ("wallet", "ja4") else text.lower())

    def _conditional(self, example: Example) -> list[str]:
        sights = Sights([seen_of(facts, at_s) for facts, at_s in example.sights])
        return [one.rule for one in self._facts.conditions if holds(one.condition, sights) is not None]


def seen_of(facts: tuple[Fact, ...], at_s: int) -> Seen:
    """A finding of an example as conditions see it."""
    found: set[Fact] = set()
    for key, value in facts:
        # Who reached a rung has passed those below.
        for one in [level.word for level in Level if level <= Level[value.upper()]] if key == "level" else [value]:
            found.update(facts_of(key, one))
    return Seen(frozenset(found), at_s * 1_000_000_000, at_s * 1_000_000_000)
