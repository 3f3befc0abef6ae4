"""Reads one candidate flow: packets in, observations booked, until there is nothing more to learn.

Contract: `FlowReader.segment(segment, mark)` takes the flow's packets in order of capture; `wanted` says
whether more are worth reading; `close(facts)` gives the finished session. `bound` is the name that DNS gave for
the server; `swapped` says that the flow table took the server for the client; `handed` remembers what other flows
were handed; `dns` is told the messages where the flow may be DNS (what it says is read all the same: miners use that
port, too). TCP is put in order per direction and read by carriers and dialects; UDP is not read here (DNS has no
session). Memory is bounded by the streams' and the readers' own bounds.
"""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from netminer_detect.carriers.banners import HEAD, foreign_protocol
from netminer_detect.carriers.dns import DnsMessage, DnsOverTcp
from netminer_detect.carriers.opening import Opening
from netminer_detect.carriers.reader import Reader
from netminer_detect.detect.session import Named, Session, Traffic
from netminer_detect.dialects.handed_out import HandedOut
from netminer_detect.dialects.over_http import HttpMining
from netminer_detect.dialects.over_websocket import read_websocket
from netminer_detect.dialects.payload import Payload
from netminer_detect.kernel.interface import FlowFacts, Segment
from netminer_detect.kernel.packet import FIN, RST, SYN
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Side
from netminer_detect.streams import Data, Gap, Stream

# A packet waits for what it answers no longer than so many packets of its flow, nor for more than so many bytes:
# reordering by taps and threads is a matter of a few packets; what is farther off was lost.
EARLY_PACKETS = 8
EARLY_BYTES = 1 << 18
_FORWARD, _BACKWARD = 1, 2


def address_text(packed: bytes) -> str:
    """An address as people write it; an IPv4 address mapped into IPv6 as IPv4."""
    if len(packed) == 4:
        return ".".join(map(str, packed))
    address = ipaddress.ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def mac_text(mac: bytes | None) -> str | None:
    """A MAC address as people write it."""
    return None if mac is None else mac.hex(":")


class _Early(Struct, frozen=True):
    """A packet that waits for what it answers, since the flow's packet number `since`."""

    segment: Segment
    mark: Mark
    since: int


def _read_http2() -> Reader:
    """What reads HTTP/2 in the clear, which few flows are."""
    from netminer_detect.dialects.over_http2 import read_http2

    return read_http2()


# Side, message, bytes of the piece that completed it, frame.
DnsTap = Callable[[Side, DnsMessage, int, Mark], None]


class FlowReader:
    """See the module's contract."""

    def __init__(
        self, facts: FlowFacts, bound: Named | None = None, swapped: bool = False, handed: HandedOut | None = None,
        dns: DnsTap | None = None,
    ) -> None:
        self.bound = bound
        self.session = Session(
            (address_text(facts.source), facts.source_port),
            (address_text(facts.destination), facts.destination_port),
            client_mac=mac_text(facts.source_mac),
            vlans=facts.vlans,
            tunnels=facts.tunnels,
            swapped=swapped,
        )
        works = (handed or HandedOut()).between(facts.source, facts.destination)
        self._reader = Opening(Payload, lambda: HttpMining(works), read_websocket, _read_http2)
        self._forward, self._backward = _stream(facts.isn_forward), _stream(facts.isn_backward)
        self._early: deque[_Early] = deque()
        self._seen = 0
        self._spoke = _BACKWARD if facts.syn_ack else 0
        self._heads = dict.fromkeys(Side, b"")
        self._dns = dns
        self._messages = {side: DnsOverTcp() for side in Side} if dns is not None else {}

    @property
    def wanted(self) -> bool:
        """Whether the flow's next packets can tell anything."""
        return not self._reader.done or any(not messages.broken for messages in self._messages.values())

    @property
    def answered(self) -> bool:
        """Whether both ends were seen to speak."""
        return self._spoke == _FORWARD | _BACKWARD

    @property
    def held(self) -> int:
        """Payload bytes that wait for what comes before them."""
        messages = sum(messages.held for messages in self._messages.values())
        return self._forward.held + self._backward.held + messages

    def segment(self, segment: Segment, mark: Mark) -> None:
        """Read one packet, in the order in which the two ends saw it."""
        self._note(segment, mark)
        if segment.flags & RST:
            return  # what a reset carries is no data (RFC 9293, 3.10.7.4)
        self._seen += 1
        self._spoke |= _FORWARD if segment.forward else _BACKWARD
        if self._is_early(segment):
            self._early.append(_Early(segment, mark, self._seen))
        else:
            self._deliver(segment, mark)
        self._release(self._seen - EARLY_PACKETS)

    def _release(self, aged: int) -> None:
        """Deliver what waits no longer for anything, or has waited since that packet."""
        at = 0
        while at < len(self._early):
            early = self._early[at]
            if early.since > aged and self._is_early(early.segment):
                at += 1
                continue
            del self._early[at]
            self._give_up(early.segment)
            self._deliver(early.segment, early.mark)
            at = 0

    def _note(self, segment: Segment, mark: Mark) -> None:
        """What any packet tells of the flow, whatever it carries."""
        session, side = self.session, Side.CLIENT if segment.forward else Side.SERVER
        session.heard.add(side)
        if segment.flags & (FIN | RST) and session.ended is None:
            session.ended = side
        if session.opened is None:
            (client, port), (server, server_port) = session.client, session.server
            shown = f"{client} port {port} to {server} port {server_port}"
            session.opened = Evidence(mark, Side.CLIENT, "connection", shown)

    def _give_up(self, segment: Segment) -> None:
        """A packet that waited long enough answers what lies behind a hole: the hole will not be filled, and what
        lies behind it is read before its answer."""
        side = Side.SERVER if segment.forward else Side.CLIENT
        stream = self._backward if segment.forward else self._forward
        if segment.acknowledgement:
            self._read(side, stream.give_up(segment.acknowledgement))

    def _is_early(self, segment: Segment) -> bool:
        """Whether a packet answers what the capture shows only behind it. Two taps, or a capture thread each
        direction, swap neighbours: an answer before its question would be an answer to nothing. One byte more
        may be the other side's FIN. A direction's first packet with a hole before it may be one, too; but what the
        kernel passed over (requests of no interest, before one that is) never comes."""
        if not segment.payload or not segment.acknowledgement:
            return False
        own, other = (self._forward, self._backward) if segment.forward else (self._backward, self._forward)
        if own.unread and 0 < own.ahead(segment.sequence) < EARLY_BYTES:
            return True
        return 1 < other.ahead(segment.acknowledgement) < EARLY_BYTES

    def _deliver(self, segment: Segment, mark: Mark) -> None:
        stream = self._forward if segment.forward else self._backward
        sequence = segment.sequence
        if segment.flags & SYN:
            stream.start(sequence)
            sequence = (sequence + 1) & 0xFFFFFFFF
        if segment.payload or segment.missing:
            if stream.unread:
                stream.begin_at(sequence)
            side = Side.CLIENT if segment.forward else Side.SERVER
            self._read(side, stream.segment(sequence, segment.payload, segment.missing, mark))

    def close(self, facts: FlowFacts) -> Session:
        """The flow is over: what it was."""
        self._release(self._seen)
        self._read(Side.CLIENT, self._forward.close())
        self._read(Side.SERVER, self._backward.close())
        session = self.session
        session.apply(self._reader.close())
        session.carriers = self._reader.carriers
        session.traffic = traffic_of(facts)
        session.heard.update(side for side, seen in (
            (Side.CLIENT, facts.syn or facts.payload_forward), (Side.SERVER, facts.syn_ack or facts.payload_backward),
        ) if seen)
        return session

    def _read(self, side: Side, pieces: list[Data | Gap]) -> None:
        reader = self._reader
        for piece in pieces:
            if isinstance(piece, Data):
                self._greet(side, piece.data)
                self._tell_dns(side, piece)
                found = reader.data(side, piece.data, piece.mark)
            else:
                self.session.gaps = True
                if side in self._messages:
                    self._messages[side].gap(piece.size)
                found = reader.gap(side, piece.size)
            if found:
                self.session.apply(found)


    def _tell_dns(self, side: Side, piece: Data) -> None:
        if self._dns is not None:
            for message in self._messages[side].feed(piece.data):
                self._dns(side, message, len(piece.data), piece.mark)

    def _greet(self, side: Side, data: bytes) -> None:
        """First bytes tell protocols that are none of ours."""
        head = self._heads[side]
        if len(head) < HEAD and self.session.foreign is None:
            self._heads[side] = head = head + data[: HEAD - len(head)]
            self.session.foreign = foreign_protocol(head)


def _stream(isn: int | None) -> Stream:
    """A direction whose SYN had this sequence number, if it was seen."""
    stream = Stream()
    if isn is not None:
        stream.start(isn)
    return stream


def traffic_of(facts: FlowFacts) -> Traffic:
    """What the flow table counted, as sessions keep it: the earlier time first, whatever the clock did."""
    first_ns, last_ns = facts.first_ns, facts.last_ns
    if first_ns is not None and last_ns is not None and last_ns < first_ns:
        first_ns, last_ns = last_ns, first_ns
    return Traffic(
        first_ns, last_ns, facts.packets, facts.bytes, facts.payload_forward, facts.payload_backward,
        facts.established, facts.syn or facts.syn_ack,
    )
