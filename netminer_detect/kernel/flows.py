"""Rows of the flow table and the rules by which a packet belongs to one. The plain twin of the kernel.

Contract: `Flow` is one row. `belongs(flow, packet, way, time_ns)` says whether a packet of the same five-tuple goes
on with the flow or begins another; `count(flow, ...)` books it. Which figures rule is in `policy`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field

from netminer_detect.kernel.interface import FlowFacts
from netminer_detect.kernel.packet import ACK, FIN, RST, SYN, TCP, Packet
from netminer_detect.kernel.policy import FIRST_WINDOW, LONG_IDLE_NS, NEAR, SHORT_IDLE_NS
from netminer_detect.kernel.triage import Hello

Key = tuple[int, tuple[bytes, int], tuple[bytes, int]]


class Way(Struct):
    """One direction. `expected` is the sequence number behind all that was sent; `judged`: its head was."""

    packets: int = 0
    payload: int = 0
    isn: int | None = None
    expected: int | None = None
    fin: bool = False
    judged: bool = False
    http: bool = False
    hello: Hello | None = None


class Flow(Struct):
    """One row. `source` is the end that "forward" leaves from; `ways` are forward and
    backward, `size` is in bytes on the wire.
    A `candidate` has packets handed out, with `every` all of them, until it is `settled`."""

    number: int
    row: int
    key: Key
    source: tuple[bytes, int]
    destination: tuple[bytes, int]
    vlans: tuple[int, ...]
    tunnels: tuple[str, ...]
    first_ns: int | None
    last_ns: int | None
    packets: int = 0
    size: int = 0
    mac: bytes | None = None
    reset: bool = False
    established: bool = False
    candidate: bool = False
    every: bool = False
    settled: bool = False
    ways: tuple[Way, Way] = field(default_factory=lambda: (Way(), Way()))

    @property
    def protocol(self) -> int:
        return self.key[0]

    @property
    def midstream(self) -> bool:
        return self.ways[0].isn is None and self.ways[1].isn is None

    @property
    def closed(self) -> bool:
        return self.reset or (self.ways[0].fin and self.ways[1].fin)

    @property
    def rank(self) -> int:
        """Who goes first when the table is full: the lowest."""
        forward, backward = self.ways
        wanted = self.candidate and not self.settled
        if forward.packets and backward.packets:
            return 3 if wanted else 1
        return 2 if wanted and forward.payload + backward.payload else 0

    @property
    def served(self) -> bool:
        """Whether a client opened it and data went both ways."""
        return self.protocol == TCP and self.established and all(way.payload for way in self.ways)

    def idle_limit_ns(self) -> int:
        if self.protocol != TCP or self.closed:
            return SHORT_IDLE_NS
        half_open = self.ways[0].isn is not None and not self.ways[1].packets and not self.ways[0].payload
        return SHORT_IDLE_NS if half_open else LONG_IDLE_NS

    def facts(self) -> FlowFacts:
        forward, backward = self.ways
        return FlowFacts(
            protocol=self.protocol, source=self.source[0], destination=self.destination[0],
            source_port=self.source[1], destination_port=self.destination[1], vlans=self.vlans,
            tunnels=self.tunnels, source_mac=self.mac, syn=forward.isn is not None,
            syn_ack=backward.isn is not None, established=self.established, first_ns=self.first_ns,
            last_ns=self.last_ns, packets=self.packets, bytes=self.size, payload_forward=forward.payload,
            payload_backward=backward.payload, isn_forward=forward.isn, isn_backward=backward.isn,
        )  # fmt: skip


def callers_of(calls: Iterable[tuple[int, bytes]]) -> dict[int, int]:
    """By port the number of its different clients, of (port, client) each."""
    return dict(Counter(port for port, _ in set(calls)))


def ahead(sequence: int, expected: int) -> int:
    """How far a sequence number is ahead of another, modulo 2^32, negative where behind."""
    distance = (sequence - expected) & 0xFFFFFFFF
    return distance - (1 << 32) if distance & 0x80000000 else distance


def belongs(flow: Flow, packet: Packet, way: int, time_ns: int | None) -> bool:
    """Whether the packet goes on with the flow."""
    idle = 0 if time_ns is None or flow.last_ns is None else time_ns - flow.last_ns
    if packet.protocol != TCP:
        return idle <= SHORT_IDLE_NS
    if packet.flags & SYN:
        return _syn_belongs(flow, packet, way)
    expected = flow.ways[way].expected
    return idle <= LONG_IDLE_NS or (expected is not None and abs(ahead(packet.sequence, expected)) <= NEAR)


def _syn_belongs(flow: Flow, packet: Packet, way: int) -> bool:
    """A retransmission, the other half of the handshake, or one that comes behind its own data."""
    own = flow.ways[way]
    if own.isn is not None:
        return packet.sequence == own.isn
    if way != bool(packet.flags & ACK) or flow.closed:
        return False  # forward sends the SYN, backward the SYN-ACK
    if own.expected is None:
        return True
    return 0 <= ahead(own.expected, packet.sequence + 1) <= FIRST_WINDOW


def count(flow: Flow, packet: Packet, way: int, time_ns: int | None, size: int) -> None:
    """Book a packet that belongs to the flow. `expected` is left to `follow`, behind triage."""
    own = flow.ways[way]
    flow.packets += 1
    flow.size += size
    own.packets += 1
    own.payload += len(packet.payload) + packet.missing
    if time_ns is not None:
        flow.first_ns = time_ns if flow.first_ns is None else flow.first_ns
        flow.last_ns = time_ns
    if packet.protocol != TCP:
        return
    if packet.flags & SYN:
        if own.isn is None:
            own.isn = packet.sequence
            own.expected = own.expected if own.expected is not None else (packet.sequence + 1) & 0xFFFFFFFF
    elif packet.flags & RST:
        flow.reset = True
    elif packet.flags & ACK and way == 0 and own.isn is not None:
        flow.established = True
    if packet.flags & FIN:
        own.fin = True


def follow(flow: Flow, packet: Packet, way: int) -> None:
    """Note where the direction's next byte is expected. A reset's number may be anything."""
    if packet.protocol != TCP or packet.flags & RST:
        return
    own = flow.ways[way]
    syn = bool(packet.flags & SYN)
    end = (packet.sequence + syn + len(packet.payload) + packet.missing + bool(packet.flags & FIN)) & 0xFFFFFFFF
    if own.expected is None or ahead(end, own.expected) > 0:
        own.expected = end
