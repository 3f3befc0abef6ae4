"""What the rulebook knows: names, addresses with ports, agents, each with its rule, source and date.

Contract: facts are immutable. `date` is ISO 8601, as exact as the source is (`2019`, `2019-07`, `2019-07-16`):
the day on which the source last stood by the fact. `stale` facts are old or poor: they carry a `lookup`, no more.

Kinds of names, as `Rulebook.name` answers them:
* `server`: a mining server; data exchanged with it is a mining contact;
* `domain`: a sub-domain of a pool operator that looks neither like a mining server nor like a web page: weak;
* `website`: a web page, API or explorer of a pool: who asks for it is a visitor. It stands for that very name;
  what lies below it is judged by the operator's domain above it, where a rule has one;
* `browser`: a host of browser-mining scripts or of their sockets;
* `donation`: the fee server of a mining program: the program runs;
* `malware`: infrastructure of miner malware: evidence of infection, never of mining.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

NameKind = Literal["server", "domain", "website", "browser", "donation", "malware"]
NAME_KINDS: tuple[NameKind, ...] = ("server", "domain", "website", "browser", "donation", "malware")
AGENT_KINDS = (
    "cpu", "gpu", "cpu-gpu", "asic", "hobby", "proxy", "rented", "browser", "farmer", "anomaly", "not-mining",
)  # fmt: skip


class NameFact(Struct, frozen=True):
    """A name; its sub-domains count too. `ports` are those the sources list, in order, none if they list none;
    `transport` is plain or tls where all of them agree."""

    name: str
    kind: NameKind
    operator: str | None
    rule: str
    coin: str | None
    ports: tuple[int, ...]
    transport: str | None
    source: str
    date: str
    stale: bool


class EndpointFact(Struct, frozen=True):
    """An address with a port. `kind` is server or malware; `date` is when the source last stood by it."""

    ip: str
    port: int
    operator: str | None
    rule: str
    coin: str | None
    source: str
    date: str
    stale: bool
    kind: Literal["server", "malware"] = "server"


class AgentFact(Struct, frozen=True):
    """A program that names itself in its agent text. `kind` is one of AGENT_KINDS."""

    rule: str
    product: str
    kind: str


class Facts(Struct):
    """All facts of some rules, before they are packed. An agent stands with its regular expression; the first
    that matches wins. `rules` are the ids of the rules they come from."""

    names: list[NameFact] = field(default_factory=list)
    endpoints: list[EndpointFact] = field(default_factory=list)
    agents: list[tuple[str, AgentFact]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
