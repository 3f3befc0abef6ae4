"""What stands between the packet kernel and the rest: what it is given, what it gives.

Contract: a kernel reads whole captures (`scan`), keeps the flow table and decides which flows deserve
attention. It yields, in order of the capture, a `Segment` for each packet of a candidate flow and one
`Closed` when such a flow is over (FIN both ways or RST and then something else, idle, evicted, end of
series by `finish`). `settle(flow)` says that nothing more of a flow is wanted: its packets are only counted.
`facts(flow)` describes a flow; it is valid from its first Segment until after its Closed was handed out.
`callers(server)` counts by port the clients whose TCP connection to an address was seen from its SYN on and held data
both ways, among the flows that are in the table (MAX_CALLERS of them at most).
A kernel knows no mining: names, endpoints and tokens to look for come as data (`Watch`). It never raises on
input but CaptureError for a file that is no capture; defects are counted in `counters`.

A flow is a five-tuple with both directions; "forward" is the direction from the end that sent the SYN, or
where none was seen (the SYN-ACK tells, too) from the end that sent the flow's first packet.

Which flows are candidates (any of these):
* a direction's first payload byte is `{` (behind spaces, NUL, BOM), or one that a row of `Watch.openings` matches;
* a TCP direction's first payload is as long as a row of `Watch.lengths` says, begins as it does and is no text;
* a payload of a flow begun before the capture starts with `{` and holds one of `Watch.tokens` in its first TOKEN_REACH bytes;
* HTTP: a request that may carry JSON (POST), CONNECT, an upgrade to WebSocket, or one whose Host is a watched name or
  that a row of `Watch.openings` matches;
* TLS: a ClientHello whose server name is watched, or that has none, or that is not whole in its segment;
* DNS (port 53 on either side, UDP or TCP): the packet holds a watched name in question or answers;
* one of its ends is a watched endpoint, or (client, server address) was bound by `bind`.
A head too short or out of order to judge makes a candidate: whoever reads it may settle it. Out of order is also a
direction's first payload that acknowledges more than one byte which the other (its SYN seen) has not shown yet.
Where the snap length cut it, nothing more can be learned, and it makes none. Of a UDP flow with port 53 only the
packets that hold a watched name are handed out. A ClientHello split over segments is followed to its server name.

Events come in the order of the capture. Of a flow that is still open, `facts` may already count packets behind
the event at hand; with its Closed they are whole. A settled flow still gets its Closed. Flows go on over captures
(`scan` is called for each of a series, in order). VLAN and tunnel are no part of a flow's key: a mirror port often
shows the two directions in different VLANs, or one packet before and behind a tunnel.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from msgspec import Struct, field
from typing import Protocol

from netminer_detect.kernel.watch import build_table
from netminer_detect.sources.capture import Readable


def _empty() -> array[int]:
    return build_table(())


class Segment(Struct):
    """One packet of a candidate flow. `flow` is the flow's number in this series, `frame` 0 where the frame has no
    number (behind a damage, see `sources.capture`), `offset` the place of its record in the (inflated) capture,
    `missing` counts payload bytes that were not captured, `acknowledgement` is TCP's (0 without the ACK flag): it tells
    what the sender had received, whatever the order of the capture."""

    flow: int
    forward: bool
    frame: int
    time_ns: int | None
    offset: int | None
    sequence: int
    flags: int
    payload: bytes
    missing: int
    acknowledgement: int = 0


class Closed(Struct):
    """A candidate flow is over; `facts(flow)` still answers until the next event is asked for."""

    flow: int


Event = Segment | Closed


class FlowFacts(Struct):
    """What the table knows of a flow. Addresses are packed; source is the end that "forward" leaves from.
    `syn`, `syn_ack`, `established` say how much of a TCP handshake was seen (established: the client's ACK).
    `isn_forward` and `isn_backward` are the sequence numbers of the SYNs seen: give them to `Stream.start` with the
    first Segment, since the SYN itself was mostly not one. `bytes` are on the wire, frames whole; `payload_*` count
    uncaptured bytes too. vlans, tunnels: of the first packet; source_mac: Ethernet's, where there is no tunnel."""

    protocol: int
    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    vlans: tuple[int, ...]
    tunnels: tuple[str, ...]
    source_mac: bytes | None
    syn: bool
    syn_ack: bool
    established: bool
    first_ns: int | None
    last_ns: int | None
    packets: int
    bytes: int
    payload_forward: int
    payload_backward: int
    isn_forward: int | None = None
    isn_backward: int | None = None


class Watch(Struct):
    """What a kernel looks for. `names` and `endpoints` are tables of `watch.build_table`, of names (their
    sub-domains count too) and of (address, port); `openings` (offset, bytes) rows a direction may begin with;
    `lengths` (size, bytes) rows: what a first message of that size begins with, where a protocol has no other mark;
    `tokens` byte strings, one of which a JSON line of a mining dialect must hold; `calls` lower-case ones, one of which
    the body of a mining call over HTTP must hold, in any case."""

    names: array[int] | memoryview = field(default_factory=_empty)
    endpoints: array[int] | memoryview = field(default_factory=_empty)
    openings: tuple[tuple[int, bytes], ...] = ()
    tokens: tuple[bytes, ...] = ()
    lengths: tuple[tuple[int, bytes], ...] = ()
    calls: tuple[bytes, ...] = ()


class Counters(Struct):
    """Figures of a kernel: frames read, their captured bytes, flows, defect words, flows evicted, packets whose
    fragments contradict each other, or were too many or too late."""

    packets: int = 0
    bytes: int = 0
    flows: int = 0
    defects: dict[str, int] = field(default_factory=dict)
    dropped_flows: int = 0
    dropped_fragments: int = 0


class Kernel(Protocol):
    """See the module's contract."""

    counters: Counters

    def scan(self, stream: Readable, path: str, warn: Callable[[str], None]) -> Iterator[Event]: ...

    def finish(self) -> Iterator[Event]: ...

    def settle(self, flow: int) -> None: ...

    def facts(self, flow: int) -> FlowFacts: ...

    def bind(self, client: bytes, server: bytes) -> None: ...

    def callers(self, server: bytes) -> dict[int, int]: ...
