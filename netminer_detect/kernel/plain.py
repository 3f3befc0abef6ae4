"""The packet kernel in plain Python: slow and obvious, the twin of the compiled one and its stand-in.

Contract: `PlainKernel(watch, max_flows)` is a `Kernel` (see `interface`). Rows have numbers and are reused, last
freed first, as in the compiled twin, so that both choose the same victims when the table is full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netminer_detect.kernel.bindings import Bindings
from netminer_detect.kernel.flows import Flow, Key, Way, ahead, belongs, callers_of, count, follow
from netminer_detect.kernel.fragments import Reassembler
from netminer_detect.kernel.interface import Closed, Counters, Event, FlowFacts, Segment, Watch
from netminer_detect.kernel.packet import ACK, SYN, TCP, UDP, Fragment, Packet, decode, decode_payload
from netminer_detect.kernel.policy import (
    EVICT_LOOKS,
    LONG_IDLE_NS,
    MAX_BLANK,
    MAX_CALLERS,
    MAX_FLOWS,
    MAX_HELLOS,
    SWEEP_FRAMES,
    SWEEP_ROWS,
)
from netminer_detect.kernel.triage import Hello, Verdict, dns_hit, dns_stream_hit, judge_head, judge_http, token_hit
from netminer_detect.kernel.watch import contains, endpoint_hash
from netminer_detect.sources.capture import Frame, Readable, read_frames

_ETHERNET, _DNS = 1, 53


class PlainKernel:
    """See the module's contract."""

    def __init__(self, watch: Watch, max_flows: int = MAX_FLOWS) -> None:
        self.counters = Counters()
        self._watch, self._max_flows = watch, max_flows
        self._bindings = Bindings()
        self._fragments = Reassembler()
        self._flows: dict[Key, Flow] = {}
        self._rows: list[Flow | None] = []
        self._free: list[int] = []
        self._candidates: dict[int, Flow] = {}
        self._sweep_at = self._evict_at = self._hellos = 0
        self._clock: int | None = None
        self._earliest: int | None = None

    def scan(self, stream: Readable, path: str, warn: Callable[[str], None]) -> Iterator[Event]:
        counters = self.counters
        for frame in read_frames(stream, path, warn):
            if counters.packets and counters.packets % SWEEP_FRAMES == 0:
                yield from self._sweep()
            counters.packets += 1
            counters.bytes += len(frame.data)
            time_ns = frame.time_ns
            if time_ns is not None and (self._earliest is None or time_ns < self._earliest):
                self._earliest = time_ns
            if len(frame.data) < frame.original_length:
                self._defect("snap_length")
            packet = self._decode(frame)
            if isinstance(packet, str):
                self._defect(packet)
            elif packet is not None:
                yield from self._take(packet, frame)

    def finish(self) -> Iterator[Event]:
        for number in sorted(self._candidates):
            yield Closed(number)
            del self._candidates[number]
        self._flows.clear()
        self._rows.clear()
        self._free.clear()
        self._sweep_at = self._evict_at = self._hellos = 0
        self._clock = self._earliest = None

    def settle(self, flow: int) -> None:
        self._candidates[flow].settled = True

    def facts(self, flow: int) -> FlowFacts:
        return self._candidates[flow].facts()

    def bind(self, client: bytes, server: bytes) -> None:
        self._bindings.bind(client, server)

    def callers(self, server: bytes) -> dict[int, int]:
        calls = [flow for flow in self._rows if flow is not None and flow.destination[0] == server and flow.served]
        return callers_of((flow.destination[1], flow.source[0]) for flow in calls[:MAX_CALLERS])

    def _defect(self, word: str) -> None:
        self.counters.defects[word] = self.counters.defects.get(word, 0) + 1

    def _decode(self, frame: Frame) -> Packet | str | None:
        """The frame's packet, a defect word, or None for a fragment that waits for others."""
        decoded = decode(frame.link_type, frame.data)
        for _ in range(8):  # a packet put together may be a tunnel's fragment again
            if not isinstance(decoded, Fragment):
                return decoded
            whole = self._fragments.add(decoded, frame.time_ns)
            self.counters.dropped_fragments = self._fragments.dropped
            if whole is None:
                return None
            decoded = decode_payload(decoded.key[3], decoded, whole)
        return "tunnel_depth"

    def _take(self, packet: Packet, frame: Frame) -> Iterator[Event]:
        """Find or make the packet's flow, count it there, and hand it out where that is a candidate."""
        source, destination = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
        key = (packet.protocol, min(source, destination), max(source, destination))
        flow = self._flows.get(key)
        way = 0 if flow is not None and flow.source == source else 1
        if flow is not None and not belongs(flow, packet, way, frame.time_ns):
            yield from self._close(flow)
            flow = None
        if flow is None:
            if len(self._flows) >= self._max_flows:
                yield from self._evict()
            flow = self._open(key, packet, frame)
            way = 0 if flow.source == source else 1
        count(flow, packet, way, frame.time_ns, max(frame.original_length, len(frame.data)))
        if way == 0 and flow.mac is None and frame.link_type == _ETHERNET and not packet.tunnels:
            flow.mac = frame.data[6:12]
        handed = self._deserves(flow, way, packet)
        follow(flow, packet, way)
        if handed:
            self._candidates.setdefault(flow.number, flow)
            yield Segment(flow.number, way == 0, frame.number, frame.time_ns, frame.offset, packet.sequence,
                          packet.flags, packet.payload, packet.missing, packet.acknowledgement)  # fmt: skip

    def _open(self, key: Key, packet: Packet, frame: Frame) -> Flow:
        source, destination = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
        if packet.protocol == TCP and packet.flags & (SYN | ACK) == SYN | ACK:
            source, destination = destination, source
        row = self._free.pop() if self._free else len(self._rows)
        flow = Flow(self.counters.flows, row, key, source, destination, packet.vlans, packet.tunnels,
                    frame.time_ns, frame.time_ns)  # fmt: skip
        flow.candidate = flow.every = self._known(source, destination)
        if row == len(self._rows):
            self._rows.append(flow)
        else:
            self._rows[row] = flow
        self._flows[key] = flow
        self.counters.flows += 1
        return flow

    def _known(self, source: tuple[bytes, int], destination: tuple[bytes, int]) -> bool:
        """Whether an end is watched, or the two ends are bound."""
        endpoints = self._watch.endpoints
        if contains(endpoints, endpoint_hash(*destination)) or contains(endpoints, endpoint_hash(*source)):
            return True
        one, other = source[0], destination[0]
        return self._bindings.bound(one, other) or self._bindings.bound(other, one)

    def _deserves(self, flow: Flow, way: int, packet: Packet) -> bool:
        """Whether this packet is handed out; a flow whose packets all are is marked so."""
        if flow.settled or flow.every:
            return not flow.settled
        if not packet.payload:
            return False
        if _DNS in (packet.source_port, packet.destination_port):
            hit = (dns_hit if packet.protocol == UDP else dns_stream_hit)(self._watch, packet.payload)
            flow.candidate = flow.candidate or hit
            if packet.protocol == UDP:
                return hit
            flow.every = hit
        if not flow.every and self._judge(flow, flow.ways[way], packet):
            flow.candidate = flow.every = True
        return flow.every

    def _judge(self, flow: Flow, own: Way, packet: Packet) -> bool:
        """Whether a direction's payload makes its flow a candidate."""
        payload, cut, tcp = packet.payload, packet.missing > 0, packet.protocol == TCP
        distance = 0
        if tcp and own.expected is not None and (own.hello is not None or own.isn is not None):
            distance = ahead(packet.sequence + bool(packet.flags & SYN), own.expected)
        if own.hello is not None:
            return distance > 0 or self._judge_more(own, payload[-distance:], cut)
        if own.judged:
            if own.http and judge_http(self._watch, payload, cut) is Verdict.CANDIDATE:
                return True
            return tcp and flow.midstream and token_hit(self._watch, payload)
        if distance:
            return distance > 0
        if tcp and self._answers_unseen(flow, own, packet):
            return True
        verdict = judge_head(self._watch, payload, cut, not tcp)
        if isinstance(verdict, Hello) and self._hellos < MAX_HELLOS:
            own.hello = verdict
            self._hellos += 1
            return False
        if isinstance(verdict, Hello):
            verdict = Verdict.CANDIDATE
        own.judged = verdict is not Verdict.BLANK or own.payload > MAX_BLANK
        own.http = verdict is Verdict.HTTP
        return verdict is Verdict.CANDIDATE

    @staticmethod
    def _answers_unseen(flow: Flow, own: Way, packet: Packet) -> bool:
        """Whether a direction's first payload acknowledges bytes of the other that the capture shows later, if at
        all: an answer before its question. One byte may be a FIN."""
        other = flow.ways[1] if own is flow.ways[0] else flow.ways[0]
        if other.isn is None or other.expected is None or not packet.flags & ACK:
            return False
        return ahead(packet.acknowledgement, other.expected) > 1

    def _judge_more(self, own: Way, fresh: bytes, cut: bool) -> bool:
        """The next bytes of a ClientHello."""
        assert own.hello is not None
        verdict = own.hello.more(self._watch, fresh) if fresh else None
        if verdict is not None or cut:
            own.hello, own.judged = None, True
            self._hellos -= 1
        return verdict is Verdict.CANDIDATE

    def _close(self, flow: Flow) -> Iterator[Event]:
        """The flow is over: its row is free once its Closed was handed out."""
        del self._flows[flow.key]
        self._hellos -= sum(way.hello is not None for way in flow.ways)
        if flow.number in self._candidates:
            yield Closed(flow.number)
            del self._candidates[flow.number]
        self._rows[flow.row] = None
        self._free.append(flow.row)

    def _sweep(self) -> Iterator[Event]:
        """Close what has been silent for too long, a few rows at a time."""
        earliest, self._earliest = self._earliest, None
        if earliest is None:
            return
        clock = self._clock
        self._clock = earliest if clock is None else min(earliest, clock + LONG_IDLE_NS)
        for _ in range(min(SWEEP_ROWS, len(self._rows))):
            self._sweep_at %= len(self._rows)
            flow = self._rows[self._sweep_at]
            self._sweep_at += 1
            if flow is not None and flow.last_ns is not None and self._clock - flow.last_ns > flow.idle_limit_ns():
                yield from self._close(flow)

    def _evict(self) -> Iterator[Event]:
        """The table is full, so every row is taken: give up the one that is missed least."""
        best: Flow | None = None
        for _ in range(min(EVICT_LOOKS, len(self._rows))):
            self._evict_at %= len(self._rows)
            flow = self._rows[self._evict_at]
            self._evict_at += 1
            if flow is not None and (best is None or _worth(flow) < _worth(best)):
                best = flow
        assert best is not None
        self.counters.dropped_flows += 1
        yield from self._close(best)


def _worth(flow: Flow) -> tuple[int, int]:
    return flow.rank, -1 if flow.last_ns is None else flow.last_ns
