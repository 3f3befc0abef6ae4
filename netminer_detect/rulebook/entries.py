"""What stands in a rule file, as data: a rule, its facts, each with the line it stands on and on whose word.

Contract: entries are immutable and hold what the file says, after checking, before ageing (see `gathering`). `line`
is the line of the file; `source` the title of the source, "" where a fact needs none; `date` is when the source last
stood by the fact, `first` when it was first seen, None where nobody says; `weak` is why a fact is poor, None if not.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from netminer_detect.rulebook.conditions import Condition
from netminer_detect.rulebook.facts import AgentFact, MarkKind, NameKind

SEVERITIES = ("low", "medium", "high", "critical")
CONFIDENCES = ("low", "medium", "high")

Tenant = Literal["server", "malware"]


class Entry(Struct, frozen=True, kw_only=True):
    """What every fact says of itself."""

    line: int
    source: str = ""
    date: str = ""
    first: str | None = None
    weak: str | None = None


class NameEntry(Entry, frozen=True, kw_only=True):
    name: str
    kind: NameKind
    ports: tuple[int, ...] = ()
    coin: str | None = None
    transport: str | None = None


class AddressEntry(Entry, frozen=True, kw_only=True):
    address: str
    kind: Tenant
    ports: tuple[int, ...] = ()
    coin: str | None = None


class NetworkEntry(Entry, frozen=True, kw_only=True):
    """A small network whose every address serves on these ports."""

    network: str
    kind: Tenant
    ports: tuple[int, ...]
    coin: str | None = None


class AgentEntry(Entry, frozen=True, kw_only=True):
    regex: str
    fact: AgentFact


class MarkEntry(Entry, frozen=True, kw_only=True):
    """A wallet, a fingerprint of TLS or a fact of a certificate; `note` says what it belongs to (a coin, a product)."""

    kind: MarkKind
    value: str
    note: str | None = None


class ConditionEntry(Entry, frozen=True, kw_only=True):
    """A line under dialects or devices, or what stands under `when`."""

    kind: Literal["dialects", "devices", "when"]
    condition: Condition


class Example(Struct, frozen=True):
    """What the rule must (or must not) answer. `what` is name, address, agent, a kind of mark, or seen: then `sights`
    are the findings of one source, as (facts, at_s), and `text` shows them."""

    line: int
    what: str
    text: str
    matches: bool
    sights: tuple[tuple[tuple[tuple[str, str], ...], int], ...] = ()


class Source(Struct, frozen=True):
    """On whose word facts stand."""

    title: str
    date: str
    licence: str | None = None
    url: str | None = None


class Rule(Struct):
    """One rule file."""

    path: str
    id: str
    title_en: str
    title_zh: str
    operator: str | None
    severity: str
    confidence: str
    reviewed: str
    review_by: str | None
    tags: list[str]
    references: list[str]
    lines: dict[str, int]
    sources: dict[str, Source] = field(default_factory=dict)
    names: list[NameEntry] = field(default_factory=list)
    addresses: list[AddressEntry] = field(default_factory=list)
    networks: list[NetworkEntry] = field(default_factory=list)
    agents: list[AgentEntry] = field(default_factory=list)
    marks: list[MarkEntry] = field(default_factory=list)
    conditions: list[ConditionEntry] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        """All facts, in the order of the file."""
        found: list[Entry] = [*self.names, *self.addresses, *self.networks, *self.agents, *self.marks, *self.conditions]
        return sorted(found, key=lambda entry: entry.line)
