"""What the rulebook knows: names, addresses with ports, agents, marks, each with its rule, source and date.

Contract: facts are immutable. `date` is ISO 8601, as exact as the source is (`2019`, `2019-07`, `2019-07-16`):
the day on which the source last stood by the fact. Stale facts are old or poor: they carry a `lookup`, no more.
`stale_on(day)` says it of the day of a capture (days since 1970-01-01, see `day_of`; None where the capture does not
tell), up to `until`, which is 0 for poor ones; `stale` of the day on which the rule was reviewed. A name is as good
before its date: before its operator had it, nobody mined there. An address had another tenant once, but a list that
names it today has mostly done so for some years (ADDRESS_PAST_DAYS).

Kinds of names, as `Rulebook.name` answers them:
* `server`: a mining server; data exchanged with it is a mining contact;
* `domain`: a sub-domain of a pool operator that looks neither like a mining server nor like a web page: weak;
* `website`: a web page, API or explorer of a pool: who asks for it is a visitor. It stands for that very name;
  what lies below it is judged by the operator's domain above it, where a rule has one;
* `browser`: a host of browser-mining scripts or of their sockets;
* `donation`: the fee server of a mining program: the program runs;
* `malware`: infrastructure of miner malware: evidence of infection, never of mining.

Names and addresses make findings. Agents, marks and conditions say more of a finding that stands; alone they accuse
nobody, since others may share a wallet's prefix, a TLS library or a certificate's subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from netminer_detect.rulebook.conditions import Conditional

NameKind = Literal["server", "domain", "website", "browser", "donation", "malware"]
NAME_KINDS: tuple[NameKind, ...] = ("server", "domain", "website", "browser", "donation", "malware")
AGENT_KINDS = (
    "cpu", "gpu", "cpu-gpu", "asic", "hobby", "proxy", "rented", "browser", "farmer", "anomaly", "not-mining",
)  # fmt: skip

MarkKind = Literal["wallet", "wallet-prefix", "ja3", "ja4", "subject", "issuer", "serial", "sha256"]
MARK_KINDS: tuple[MarkKind, ...] = (
    "wallet", "wallet-prefix", "ja3", "ja4", "subject", "issuer", "serial", "sha256",
)  # fmt: skip

NAME_DAYS = 8 * 365
ADDRESS_DAYS = 2 * 365
ADDRESS_PAST_DAYS = 5 * 365
# 2009-01-03: before Bitcoin's first block nobody mined, so a clock that says so is wrong.
_FIRST_DAY = 14247


def day_of(time_ns: int | None) -> int | None:
    """The day of a capture's time, None where it cannot be right."""
    day = None if time_ns is None else time_ns // 86_400_000_000_000
    return day if day is not None and day >= _FIRST_DAY else None


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
    until: int

    def stale_on(self, day: int | None) -> bool:
        return self.stale if day is None else day > self.until


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
    until: int
    kind: Literal["server", "malware"] = "server"

    def stale_on(self, day: int | None) -> bool:
        if day is None:
            return self.stale
        return not self.until - ADDRESS_DAYS - ADDRESS_PAST_DAYS <= day <= self.until


class AgentFact(Struct, frozen=True):
    """A program that names itself in its agent text. `kind` is one of AGENT_KINDS."""

    rule: str
    product: str
    kind: str


class MarkFact(Struct, frozen=True):
    """A wallet (or how it begins), a fingerprint of a ClientHello, or a fact of a certificate (subject and issuer in
    small letters)."""

    kind: MarkKind
    value: str
    rule: str


class Facts(Struct):
    """All facts of some rules, before they are packed. An agent stands with its regular expression; the first
    that matches wins. `rules` are the ids of the rules they come from."""

    names: list[NameFact] = field(default_factory=list)
    endpoints: list[EndpointFact] = field(default_factory=list)
    agents: list[tuple[str, AgentFact]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    marks: list[MarkFact] = field(default_factory=list)
    conditions: list[Conditional] = field(default_factory=list)
