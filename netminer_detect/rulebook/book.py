"""The rulebook as the rest of the program asks it: who is this name, this address with this port, this agent, and
which rules speak of this wallet, this fingerprint, this certificate, these findings of one source?

Contract: `load(own, endpoints)` opens the shipped rules, with a user's own files or folders in front of them; a wrong
file is a ConfigError. Without `endpoints` agents are known, and nothing else. Lookups take any text that
the wire may hold and never raise. `names_table` and `endpoints_table` are for `kernel.interface.Watch`; they hold
every name and endpoint that is known. For malware's infrastructure only `malware_name` and `malware_endpoint`
answer, so that it cannot be taken for a mining server. What `marked` and `conditions` tell says more of a finding that
stands, and makes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netminer_detect.kernel.watch import build_table, contains, endpoint_hash, suffix_hashes
from netminer_detect.rulebook import names
from netminer_detect.rulebook.compiled import Compiled, packed_address
from netminer_detect.rulebook.loading import shipped, with_own

if TYPE_CHECKING:
    from netminer_detect.rulebook.agents import Agents
    from netminer_detect.rulebook.conditions import Conditional
    from netminer_detect.rulebook.facts import AgentFact, EndpointFact, MarkKind, NameFact

_MAX_AGENT = 256
_MAX_MARK = 256


def load(own: Sequence[str] = (), endpoints: bool = True) -> Rulebook:
    """The shipped rules, with own ones (files or folders) in front of them. Raises ConfigError."""
    return Rulebook(with_own(own) if own else shipped(), endpoints)


class Rulebook:
    """Answers from compiled rules."""

    def __init__(self, compiled: Compiled, endpoints: bool = True) -> None:
        empty = memoryview(build_table(()))
        self._compiled = compiled
        self._endpoints = endpoints
        self._agents: Agents | None = None
        self._prefixes: tuple[int, ...] | None = None
        self._conditions: list[Conditional] | None = None
        self._agents_seen: dict[str, AgentFact | None] = {}
        self.names_table: memoryview = compiled.name_table if endpoints else empty
        self.endpoints_table: memoryview = compiled.endpoint_table if endpoints else empty

    def name(self, name: str, port: int | None = None) -> NameFact | None:
        """What is known of a name, from the longest known suffix of whole labels; `port`, where the caller knows
        it, tells a host that serves both miners and a website. For kinds see `facts`: a `www.` is a website, and
        below an operator's domain the labels tell servers from web pages."""
        wanted = names.normal(name)
        if not self._endpoints or len(wanted) > names.MAX_NAME:
            return None
        return names.judged(self._known(wanted), wanted, port)

    def _known(self, wanted: str) -> Iterator[NameFact]:
        """The facts about a normal name and its parents, longest first."""
        at = 0
        for value in reversed(suffix_hashes(wanted)):
            if contains(self.names_table, value) and (fact := self._compiled.name(wanted[at:])) is not None:
                yield fact
            at = wanted.find(".", at) + 1

    def endpoint(self, ip: str, port: int) -> EndpointFact | None:
        """What is known of an address with exactly this port; an address alone is nothing."""
        address = packed_address(ip)
        if not self._endpoints or address is None or not 0 <= port < 65536:
            return None
        if not contains(self.endpoints_table, endpoint_hash(address, port)):
            return None
        return self._compiled.endpoint(address, port)

    def malware_name(self, name: str) -> NameFact | None:
        """What is known of a name of miner malware (evidence of infection, not of mining)."""
        wanted = names.normal(name)
        if not self._endpoints or len(wanted) > names.MAX_NAME:
            return None
        labels = wanted.split(".")
        for at in range(len(labels)):
            if (fact := self._compiled.name(".".join(labels[at:]), malware=True)) is not None:
                return fact
        return None

    def malware_endpoint(self, ip: str, port: int) -> EndpointFact | None:
        """What is known of an address and port of miner malware (evidence of infection, not of mining)."""
        address = packed_address(ip)
        if not self._endpoints or address is None or not 0 <= port < 65536:
            return None
        return self._compiled.endpoint(address, port, malware=True)

    def agent(self, text: str) -> AgentFact | None:
        """Which program calls itself so; None for an unknown one."""
        text = text[:_MAX_AGENT].strip()
        if text not in self._agents_seen:
            if len(self._agents_seen) >= 1024:  # agents come from the wire: a flood of them must not grow this
                self._agents_seen.clear()
            self._agents_seen[text] = self._agent(text)
        return self._agents_seen[text]

    def _agent(self, text: str) -> AgentFact | None:
        if self._agents is None:
            from netminer_detect.rulebook.agents import Agents

            self._agents = Agents(self._compiled.agent_regex, self._compiled.agent_letters())
        number = self._agents.find(text) if text else None
        return None if number is None else self._compiled.agent(number)

    def marked(self, kind: MarkKind, value: str) -> list[str]:
        """The rules that know this wallet (the whole of it, or how it begins), fingerprint or fact of a certificate."""
        if not (self._compiled.has_marks and self._endpoints):
            return []
        from netminer_detect.rulebook.facts import MARK_KINDS

        value = value[:_MAX_MARK]
        found = self._compiled.marks(MARK_KINDS.index(kind), value)
        if kind == "wallet":
            if self._prefixes is None:
                lengths = {len(mark.value) for mark in self._compiled.all_marks() if mark.kind == "wallet-prefix"}
                self._prefixes = tuple(sorted(lengths))
            at = MARK_KINDS.index("wallet-prefix")
            for length in self._prefixes:
                if length <= len(value):
                    found += self._compiled.marks(at, value[:length])
        return list(dict.fromkeys(found))

    @property
    def conditions(self) -> list[Conditional]:
        """The rules' conditions over the findings of one source."""
        if not (self._compiled.has_conditions and self._endpoints):
            return []
        if self._conditions is None:
            self._conditions = self._compiled.conditions()
        return self._conditions
