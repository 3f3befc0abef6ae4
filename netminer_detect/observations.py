"""Facts read from traffic: what carriers and dialects say, before anybody judges.

Contract: an observation is immutable, says one thing, and names where it stands (`Evidence`). Texts are as they
stood on the wire, untrusted and unescaped; outputs escape them. Work is a `Fraction`
of expected hashes a share (see `work`), None where the wire does not give it.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import Any, Literal

from msgspec import Struct

from netminer_detect.marks import Mark


class Side(Enum):
    """Which end of a flow: the client opened it."""

    CLIENT = "client"
    SERVER = "server"

    # Enum's own is a call in Python, for every packet several times.
    __hash__ = object.__hash__

    @property
    def other(self) -> Side:
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


class Evidence(Struct, frozen=True):
    """A message worth showing: who said it, `what` in one word. `excerpt` is text without secrets, or the JSON
    message from which `masking.excerpt` cuts one: most evidence is never shown, so nothing is cut in advance."""

    mark: Mark
    side: Side
    what: str
    excerpt: str | dict[str, Any]


class HandshakeAsked(Struct, frozen=True):
    """The client asked to mine: a subscription, a login, a first request for work."""

    evidence: Evidence
    agent: str | None = None


class HandshakeAnswered(Struct, frozen=True):
    """The server accepted (or refused) the client as a miner. `login` is false for a mere subscription, which
    pools grant to anybody."""

    evidence: Evidence
    accepted: bool
    reason: str | None = None
    login: bool = True


class DialectRecognised(Struct, frozen=True):
    """The flow speaks this dialect from here on. `swapped`: the side that the reader was told is the server is the
    miner. `continues`: the same session goes on in another dialect; otherwise it is another conversation."""

    evidence: Evidence
    dialect: str
    swapped: bool = False
    continues: bool = False


class AgentSeen(Struct, frozen=True):
    """The miner named its software outside a handshake."""

    evidence: Evidence
    agent: str


class WorkerLogin(Struct, frozen=True):
    """A worker names itself. `login` is the text as sent, `user` and `worker` its parts."""

    evidence: Evidence
    login: str | None
    user: str | None
    worker: str | None
    password: str | None = None
    agent: str | None = None


class JobAssigned(Struct, frozen=True):
    """The server handed out work. `hashes` is what a share of this job stands for."""

    evidence: Evidence
    job: str | None
    hashes: Fraction | None
    difficulty: Fraction | None = None
    algorithm: str | None = None
    unit: str = "hash"


class ShareSubmitted(Struct, frozen=True):
    """The client handed in a share; `key` pairs it with its answer within one flow. `acknowledged` is False in
    dialects whose servers never say yes: a share that nobody refused then counts as work."""

    evidence: Evidence
    key: int
    login: str | None
    job: str | None
    hashes: Fraction | None = None
    algorithm: str | None = None
    unit: str = "hash"
    acknowledged: bool = True


class ShareAnswered(Struct, frozen=True):
    """The server's word on a share. `hashes` is what it says that the share was worth, where it does."""

    evidence: Evidence
    key: int
    accepted: bool
    reason: str | None = None
    hashes: Fraction | None = None


class RateClaimed(Struct, frozen=True):
    """The miner's own statement of its rate, in `unit` a second."""

    evidence: Evidence
    login: str | None
    rate: Fraction
    algorithm: str | None = None
    unit: str = "hash"


class CoinHinted(Struct, frozen=True):
    """A hint at coin or algorithm and what it rests on (address, algorithm, port, name, job shape)."""

    evidence: Evidence
    coin: str | None
    algorithm: str | None
    basis: str


class ServerNamed(Struct, frozen=True):
    """The client named the server it wants; `basis` says in which protocol."""

    evidence: Evidence
    name: str
    port: int | None
    basis: Literal["tls", "certificate", "http", "socks", "connect", "stratum"]


class TlsFact(Struct, frozen=True):
    """What TLS shows in clear beside names: fingerprints of the ClientHello, and of the server's certificate its
    subject and issuer (in small letters), serial number and SHA-256 (hex)."""

    evidence: Evidence
    kind: Literal["ja3", "ja4", "subject", "issuer", "serial", "sha256"]
    value: str


class TunnelAnswered(Struct, frozen=True):
    """The proxy that was asked for a server reached it (or refused)."""

    evidence: Evidence
    opened: bool


class NetworkJoined(Struct, frozen=True):
    """A node of a pool without an operator spoke to another; its evidence says which of the two."""

    evidence: Evidence
    agent: str | None = None


class ShapeSeen(Struct, frozen=True):
    """What is encrypted has the lengths of the dialect that was recognised; nothing of it was read."""

    evidence: Evidence


class DeviceReported(Struct, frozen=True):
    """A mining device spoke of itself on its management interface: program (`agent`) and device, the pool (`pool`, a
    host) and login that it mines with, its own rate in `unit` a second and its power in watts, which are claims.
    `running` is false where only a page of the device answered."""

    evidence: Evidence
    agent: str | None = None
    model: str | None = None
    pool: str | None = None
    port: int | None = None
    login: str | None = None
    worker: str | None = None
    algorithm: str | None = None
    rate: Fraction | None = None
    unit: str = "hash"
    power_w: float | None = None
    running: bool = True


class ContextSeen(Struct, frozen=True):
    """Cryptocurrency traffic that is not mining: a node's protocol, a wallet's calls."""

    evidence: Evidence
    kind: str
    role: Literal["node", "wallet", "visitor"]


class Malformed(Struct, frozen=True):
    """Bytes that cannot be the dialect that was recognised."""

    evidence: Evidence


Observation = (
    DialectRecognised
    | AgentSeen
    | HandshakeAsked
    | HandshakeAnswered
    | WorkerLogin
    | JobAssigned
    | ShareSubmitted
    | ShareAnswered
    | RateClaimed
    | CoinHinted
    | ServerNamed
    | TlsFact
    | TunnelAnswered
    | NetworkJoined
    | ShapeSeen
    | DeviceReported
    | ContextSeen
    | Malformed
)
