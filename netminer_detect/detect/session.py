"""One flow as the judge sees it: its ends, what it carried, the names that were seen, a ledger a dialect.

Contract: `Session.apply(observations)` takes what the readers found, in order. `client` and `server` are
(address, port) with the address as text; they change places once where the content shows that the sides were
taken the wrong way round. What is said of sides (`heard`: those of which the capture holds a packet; `ended`: who
sent the first FIN or RST) is said as the flow table has sides. `foreign` names another protocol that was spoken in
the clear, `gaps` says that bytes are missing, `opened` shows where the flow begins, `unnamed` a ClientHello that names
no server; `served` is a port on which the client served others, and how many of them.
"""

from __future__ import annotations

import ipaddress

from msgspec import Struct, field

from netminer_detect.detect.ledger import Ledger
from netminer_detect.findings import Via
from netminer_detect.observations import (
    ContextSeen,
    DialectRecognised,
    Evidence,
    Observation,
    ServerNamed,
    Side,
    TlsFact,
    TunnelAnswered,
)
from netminer_detect.rulebook.facts import MarkKind

MAX_NAMES = 16
# Two fingerprints, a number, a hash, and eight parts each of subject and issuer.
MAX_TLS_FACTS = 20
# How the server is named that a proxy was asked for.
TUNNELS = ("socks", "connect")
MAX_LEDGERS = 8
# Where a JA4 says whether a server is named (d) or not (i).
_JA4_NAME = 3

End = tuple[str, int]


class Named(Struct, frozen=True):
    """A name of the server and how it was seen."""

    name: str
    port: int | None
    basis: str
    evidence: Evidence


class Traffic(Struct):
    """What the flow table counted: times in ns, payload bytes that each end sent."""

    first_ns: int | None = None
    last_ns: int | None = None
    packets: int = 0
    bytes: int = 0
    client_payload: int = 0
    server_payload: int = 0
    established: bool = False
    syn: bool = False


class Session(Struct):
    """See the module's contract."""

    client: End
    server: End
    client_mac: str | None = None
    server_mac: str | None = None
    vlans: tuple[int, ...] = ()
    tunnels: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ("tcp",)
    traffic: Traffic = field(default_factory=Traffic)
    swapped: bool = False
    names: list[Named] = field(default_factory=list)
    tls: dict[tuple[MarkKind, str], None] = field(default_factory=dict)
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    context: list[ContextSeen] = field(default_factory=list)
    heard: set[Side] = field(default_factory=set)
    ended: Side | None = None
    foreign: str | None = None
    gaps: bool = False
    refused: bool = False
    opened: Evidence | None = None
    unnamed: Evidence | None = None
    served: tuple[int, int] | None = None
    _ledger: Ledger | None = None
    _tunnel: Named | None = None
    _reached: Named | None = None

    def apply(self, observations: list[Observation]) -> None:
        """Book what a reader found."""
        for observation in observations:
            match observation:
                case DialectRecognised():
                    self._recognised(observation)
                case ServerNamed():
                    self._named(observation)
                case TlsFact():
                    self._tls(observation)
                case TunnelAnswered():
                    self.refused = not observation.opened
                case ContextSeen():
                    if len(self.context) < MAX_NAMES:
                        self.context.append(observation)
                case _:
                    if self._ledger is not None:
                        self._ledger.apply(observation)

    @property
    def via(self) -> tuple[Via, Named] | None:
        """The proxy that was dialled, and the server that it was asked for: where a dialect was spoken, the last one
        before (one proxy is reached through another, a refused server is followed by the next)."""
        named = self._reached or next((named for named in self.names if named.basis in TUNNELS), None)
        if named is None:
            return None
        ip, port = self.server
        return Via(ip, port, named.basis), named

    def passed(self, named: Named) -> bool:
        """Whether a name is of a server that a proxy was asked for, but not of the one with which a dialect was
        spoken."""
        return self._reached is not None and named.basis in TUNNELS and named.name != self._reached.name

    @property
    def ends(self) -> tuple[End, End]:
        """(client, server) as the content has them."""
        return (self.server, self.client) if self.swapped else (self.client, self.server)

    @property
    def payload(self) -> tuple[int, int]:
        """Payload bytes of (client, server) as the content has them."""
        both = (self.traffic.client_payload, self.traffic.server_payload)
        return (both[1], both[0]) if self.swapped else both

    def shows(self, side: Side) -> bool:
        """Whether packets of a side, as the content has sides, are in the capture."""
        return (side.other if self.swapped else side) in self.heard

    @property
    def silent(self) -> bool:
        """Whether the server's packets are in the capture and hold no data."""
        return self.shows(Side.SERVER) and not self.payload[1]

    @property
    def exchanged(self) -> bool:
        """Whether data went both ways; or one way, where the capture holds that way alone or a later part."""
        sent = dict(zip(Side, (self.traffic.client_payload, self.traffic.server_payload), strict=True))
        return any(sent.values()) and (not self.traffic.syn or all(sent[side] > 0 for side in self.heard))

    @property
    def ended_by(self) -> Side | None:
        """Who ended the connection, as the content has sides."""
        return self.ended.other if self.ended is not None and self.swapped else self.ended

    @property
    def source_mac(self) -> str | None:
        return self.server_mac if self.swapped else self.client_mac

    def _recognised(self, seen: DialectRecognised) -> None:
        self.swapped = seen.swapped
        self._reached = self._reached or self._tunnel
        if seen.continues and self._ledger is not None:
            self.ledgers.pop(self._ledger.dialect, None)
            self._ledger.turn(seen.dialect)
            self.ledgers[seen.dialect] = self._ledger
            return
        known = self.ledgers.get(seen.dialect)
        if known is None:
            if len(self.ledgers) >= MAX_LEDGERS:
                return
            known = self.ledgers[seen.dialect] = Ledger(seen.dialect)
        self._ledger = known

    def _tls(self, seen: TlsFact) -> None:
        if len(self.tls) < MAX_TLS_FACTS:
            self.tls[seen.kind, seen.value] = None
        if seen.kind == "ja4" and seen.value[_JA4_NAME] == "i":
            shown = f"ClientHello that names no server (JA4 {seen.value})"
            self.unnamed = Evidence(seen.evidence.mark, seen.evidence.side, "hello", shown)

    def _named(self, seen: ServerNamed) -> None:
        # Whoever sends a request or a ClientHello is the client; a certificate is shown by the server.
        by = Side.SERVER if seen.basis == "certificate" else Side.CLIENT
        if not self.ledgers and not self.names:
            self.swapped = seen.evidence.side is not by
        if seen.basis in TUNNELS:
            self._tunnel = Named(seen.name, seen.port, seen.basis, seen.evidence)
        if len(self.names) < MAX_NAMES and not any(
            named.name == seen.name and named.basis == seen.basis for named in self.names
        ):
            self.names.append(Named(seen.name, seen.port, seen.basis, seen.evidence))


def literal_address(name: str) -> str | None:
    """The address where a name is one ("192.0.2.7", "[2001:db8::1]"), else None."""
    try:
        return str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return None
