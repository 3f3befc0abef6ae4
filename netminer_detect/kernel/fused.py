# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled packet kernel: walk, decode, flow table and triage in one pass over each block, no copy.

Contract: `FusedKernel(watch, max_flows)` is a `Kernel` (see `interface`); it gives the events, facts and counters of
`plain.PlainKernel`, to the letter. What is rare goes to the twin's own functions: tunnels and fragments
(`packet.decode`), split ClientHellos (`triage.Hello`). The same source runs uncompiled, slowly; the tests do both.
"""

from array import array

import cython

from netminer_detect.kernel import decoding, policy
from netminer_detect.kernel import triage as twin
from netminer_detect.kernel.bindings import Bindings
from netminer_detect.kernel.fragments import Reassembler
from netminer_detect.kernel.interface import Closed, Counters, Segment
from netminer_detect.kernel.packet import Fragment, decode, decode_payload

if cython.compiled:
    from cython.cimports.netminer_detect.kernel import heads
    from cython.cimports.netminer_detect.kernel.decoding import Decoder
    from cython.cimports.netminer_detect.kernel.heads import Triage
    from cython.cimports.netminer_detect.kernel.layout import (
        AWAY, CANDIDATE, EVERY, EXPECTED, HAS_EXPECTED, HAS_ISN, HAS_MAC, HELLO, JUDGED, PACKET, PLAIN, REQUESTS,
        SETTLED, SLOW,
    )  # fmt: skip
    from cython.cimports.netminer_detect.kernel.table import FlowTable, ahead
    from cython.cimports.netminer_detect.kernel.walking import Walker
else:
    from netminer_detect.kernel import heads
    from netminer_detect.kernel.decoding import Decoder
    from netminer_detect.kernel.heads import Triage
    from netminer_detect.kernel.layout import (
        AWAY, CANDIDATE, EVERY, EXPECTED, HAS_EXPECTED, HAS_ISN, HAS_MAC, HELLO, JUDGED, PACKET, PLAIN, REQUESTS,
        SETTLED, SLOW,
    )  # fmt: skip
    from netminer_detect.kernel.table import FlowTable, ahead
    from netminer_detect.kernel.walking import Walker

SWEEP_FRAMES = cython.declare(cython.longlong, policy.SWEEP_FRAMES)
MAX_BLANK = cython.declare(cython.ulonglong, policy.MAX_BLANK)
MAX_HELLOS = cython.declare(cython.Py_ssize_t, policy.MAX_HELLOS)
NO_TIME = cython.declare(cython.longlong, -1)
SNAP_LENGTH = cython.declare(cython.int, 0)


class FusedKernel(Walker):
    """See the module's contract."""

    def __init__(self, watch, max_flows=policy.MAX_FLOWS):
        packet: Decoder
        super().__init__()
        self.counters = Counters()
        self.watch = watch
        self.bindings, self.fragments = Bindings(), Reassembler()
        self.table = FlowTable(max_flows)
        for packet in self.batch:
            packet.seed = self.table.seed
        self.triage = Triage(watch, self.bindings)
        self.aside = b""
        self.more_vlans, self.tunnels = (), ()
        self.is_aside = self.any_bound = False
        self.packets = self.octets = self.evicted = 0
        self.until_sweep = SWEEP_FRAMES
        self.defects = array("q", bytes(8 * len(decoding.DEFECTS)))

    # What the rest of the program asks

    def scan(self, stream, path, warn):
        try:
            for event in self.walk(stream, path, warn):
                yield event
                if self.table.kept and isinstance(event, Closed):
                    self.table.kept.pop(event.flow, None)
        finally:
            self._tell()

    def finish(self):
        for number in sorted(self.table.handed):
            yield Closed(number)
        self.table.reset()
        self._tell()

    def settle(self, flow):
        self.table.settle(flow)

    def facts(self, flow):
        return self.table.facts_of(flow)

    def bind(self, client, server):
        self.any_bound = True
        self.bindings.bind(client, server)

    def callers(self, server):
        return self.table.callers(server)

    def _tell(self):
        counters = self.counters
        counters.packets, counters.bytes, counters.flows = self.packets, self.octets, self.table.opened
        counters.dropped_flows, counters.dropped_fragments = self.evicted, self.fragments.dropped
        for code, word in enumerate(("snap_length", *decoding.DEFECTS[1:])):
            if self.defects[code]:
                counters.defects[word] = counters.defects.get(word, 0) + self.defects[code]
                self.defects[code] = 0

    # A frame

    def look_up(self):
        return self.table.look_up(self.batch, self.gathered)

    @cython.boundscheck(False)
    def take_batch(self):
        packet: Decoder
        captured: cython.longlong
        table = self.table
        batch: list = self.batch
        while self.taken < self.gathered:
            packet = cython.cast(Decoder, batch[self.taken])
            self.taken += 1
            captured = packet.end - packet.at
            if self.until_sweep == 0:
                self.until_sweep = SWEEP_FRAMES
                table.sweep()
            self.until_sweep -= 1
            self.packets += 1
            self.octets += captured
            if packet.time_ns != NO_TIME and (table.earliest == NO_TIME or packet.time_ns < table.earliest):
                table.earliest = packet.time_ns
            if captured < packet.size:
                self.defects[SNAP_LENGTH] += 1
            if packet.code != PACKET or not table.pass_by(packet):
                self.packet = packet
                self._take_other()
            if table.closed:
                self._close_candidates()
            if self.pending:
                return True
        self.taken = self.gathered = 0
        return False

    def _take_other(self):
        """A packet that the table does not take alone."""
        packet = self.packet
        if packet.code == PACKET:
            self.take()
        elif packet.code == SLOW:
            self._take_rare()
        else:
            self.defects[packet.code] += 1
        return 0

    def _close_candidates(self):
        """Candidates that ended come before the packet that ended them."""
        self.pending[:0] = [Closed(number) for number in self.table.closed]
        self.table.closed.clear()

    def _take_rare(self):
        """A frame for the twin: tunnels, fragments, rare links."""
        packet = self.packet
        decoded = decode(packet.link_type, bytes(memoryview(self.buffer)[packet.at : packet.end]))
        for _ in range(8):  # a packet put together may be a tunnel's fragment again
            if not isinstance(decoded, Fragment):
                break
            whole = self.fragments.add(decoded, None if packet.time_ns == NO_TIME else packet.time_ns)
            if whole is None:
                return
            decoded = decode_payload(decoded.key[3], decoded, whole)
        else:
            decoded = "tunnel_depth"
        if isinstance(decoded, str):
            self.counters.defects[decoded] = self.counters.defects.get(decoded, 0) + 1
            return
        self._put_aside(decoded)
        packet.order()
        self.is_aside = True
        self.tunnels = decoded.tunnels
        self.more_vlans = decoded.vlans
        self.take()
        self.is_aside = False

    def _put_aside(self, decoded):
        """The twin's packet in the fields of ours; its payload lies in a buffer of its own."""
        packet = self.packet
        self.aside = decoded.payload
        packet.protocol, packet.flags = decoded.protocol, decoded.flags
        packet.wide = len(decoded.source) == 16
        source, destination = (int.from_bytes(each, "big") for each in (decoded.source, decoded.destination))
        packet.source_high, packet.source_low = source >> 64, source & 0xFFFFFFFFFFFFFFFF
        packet.destination_high, packet.destination_low = destination >> 64, destination & 0xFFFFFFFFFFFFFFFF
        packet.source_port, packet.destination_port = decoded.source_port, decoded.destination_port
        packet.sequence, packet.acknowledgement = decoded.sequence, decoded.acknowledgement
        packet.start, packet.stop, packet.missing = 0, len(decoded.payload), decoded.missing
        packet.vlans = packet.vlan_count = 0

    # Its flow

    def take(self):
        """Find or make the packet's flow, count it there, and hand it out where that is a candidate."""
        table, packet = self.table, self.packet
        row: cython.Py_ssize_t = table.find(packet)
        way: cython.int = table.way
        code: cython.int = AWAY
        handed: cython.bint
        if row >= 0:
            code = table.join(row, way, packet)
            if code == AWAY:
                table.close(row)
        if code == AWAY:
            row = self.begin()
            way = table.way
            code = table.join(row, way, packet)
        if (way == 0 and packet.link_type == 1 and not table.flags(row) & HAS_MAC
                and packet.at + 14 <= packet.end and not (self.is_aside and self.tunnels)):
            table.note_mac(row, packet.u64(packet.at + 6) >> 16)
        if code == PLAIN:
            return 0
        handed = self.deserves(row, way)
        table.follow(row, way, packet)
        if handed:
            self.hand_out(row, way)
        return 0

    def begin(self):
        """A row for the packet's flow."""
        table, packet = self.table, self.packet
        row: cython.Py_ssize_t
        if table.live >= table.max_flows:
            table.evict()
            self.evicted += 1
        row = table.open(packet)
        if self.is_aside and (self.tunnels or self.more_vlans):
            table.note_extra(row, self.more_vlans, self.tunnels)
        if (self.triage.known(packet.destination_high, packet.destination_low, packet.wide, packet.destination_port)
                or self.triage.known(packet.source_high, packet.source_low, packet.wide, packet.source_port)
                or (self.any_bound and self._tied())):
            table.set_flags(row, CANDIDATE | EVERY)
        return row

    def _tied(self):
        packet = self.packet
        one, other = (packet.source_high, packet.source_low), (packet.destination_high, packet.destination_low)
        return (self.triage.tied(one[0], one[1], other[0], other[1], packet.wide)
                or self.triage.tied(other[0], other[1], one[0], one[1], packet.wide))

    def hand_out(self, row, way):
        packet = self.packet
        payload = bytes((self.aside if self.is_aside else packet.data)[packet.start : packet.stop])
        self.table.hand_out(row)
        self.pending.append(Segment(
            self.table.number_of(row), way == 0, packet.number, None if packet.time_ns == NO_TIME else packet.time_ns,
            packet.record, packet.sequence, packet.flags, payload, packet.missing,
            packet.acknowledgement))  # fmt: skip
        return 0

    # Triage

    def deserves(self, row, way):
        """See `plain`: whether this packet is handed out."""
        packet, table = self.packet, self.table
        flags: cython.ulonglong = table.flags(row)
        hit: cython.bint
        if flags & (SETTLED | EVERY):
            return flags & SETTLED == 0
        if packet.stop == packet.start:
            return False
        if packet.source_port == 53 or packet.destination_port == 53:
            data = self.aside if self.is_aside else packet.data
            if packet.protocol == 17:
                hit = self.triage.dns_hit(data, packet.start, packet.stop)
                if hit:
                    table.set_flags(row, CANDIDATE)
                return hit
            if self.triage.dns_stream_hit(data, packet.start, packet.stop):
                table.set_flags(row, CANDIDATE | EVERY)
                return True
        if self.judge(row, way):
            table.set_flags(row, CANDIDATE | EVERY)
            return True
        return False

    def judge(self, row, way):
        """See `plain`: whether a direction's payload makes its flow a candidate."""
        packet, table = self.packet, self.table
        flags: cython.ulonglong = table.flags(row) >> 8 * way
        tcp: cython.bint = packet.protocol == 6
        cut: cython.bint = packet.missing > 0
        distance: cython.longlong = 0
        if tcp and flags & HAS_EXPECTED and flags & (HELLO | HAS_ISN):
            distance = ahead(packet.sequence + (packet.flags >> 1 & 1), table.half(row, EXPECTED, way))
        if flags & HELLO:
            return distance > 0 or self._judge_more(row, way, -distance, cut)
        if flags & JUDGED:
            return self.judge_later(row, way, cut)
        if distance:
            return distance > 0
        if tcp and self.answers_unseen(row, way):
            return True
        return self.judge_head(row, way, cut)

    def judge_head(self, row, way, cut):
        """The first payload of a direction."""
        packet, table = self.packet, self.table
        tcp: cython.bint = packet.protocol == 6
        data = self.aside if self.is_aside else packet.data
        code: cython.int = self.triage.judge(data, packet.start, packet.stop, cut, not tcp)
        if code == heads.ASK:
            verdict = twin.judge_head(self.watch, bytes(data[packet.start : packet.stop]), cut, not tcp)
            if isinstance(verdict, twin.Hello) and len(table.hellos) < MAX_HELLOS:
                table.hellos[2 * row + way] = verdict
                table.set_flags(row, HELLO << 8 * way)
                return False
            code = heads.CANDIDATE if isinstance(verdict, twin.Hello) else int(verdict)
        elif code == heads.POSTED:
            code = self._judge_body(data)
        if code != heads.BLANK or table.payload(row, way) > MAX_BLANK:
            table.set_flags(row, JUDGED << 8 * way)
        if code == heads.HTTP:
            table.set_flags(row, REQUESTS << 8 * way)
        return code == heads.CANDIDATE

    def judge_later(self, row, way, cut):
        """Payload behind a direction's head: further requests, and lines of streams begun before the capture."""
        packet, table = self.packet, self.table
        flags: cython.ulonglong = table.flags(row)
        at: cython.Py_ssize_t
        code: cython.int
        data = self.aside if self.is_aside else packet.data
        if flags & REQUESTS << 8 * way:
            code = self.triage.judge_http(data, packet.start, packet.stop, cut)
            if code == heads.POSTED:
                code = self._judge_body(data)
            if code == heads.CANDIDATE:
                return True
        if packet.protocol != 6 or flags & (HAS_ISN | HAS_ISN << 8):
            return False
        at = self.triage.blanks(data, packet.start, packet.stop)
        if at == packet.stop or data[at] != 0x7B:
            return False
        return twin.token_hit(self.watch, bytes(data[packet.start : packet.stop]))

    def _judge_body(self, data):
        """What is posted."""
        return int(twin.judge_body(self.watch, bytes(data[self.packet.start : self.packet.stop])))

    def answers_unseen(self, row, way):
        """See `plain`: an answer before its question."""
        packet, table = self.packet, self.table
        flags: cython.ulonglong = table.flags(row) >> 8 * (1 - way)
        if not flags & HAS_ISN or not flags & HAS_EXPECTED or not packet.flags & 16:
            return False
        return ahead(packet.acknowledgement, table.half(row, EXPECTED, 1 - way)) > 1

    def _judge_more(self, row, way, skip, cut):
        """The next bytes of a ClientHello."""
        packet, table = self.packet, self.table
        data = bytes((self.aside if self.is_aside else packet.data)[packet.start : packet.stop])
        fresh = data[skip:]
        verdict = table.hellos[2 * row + way].more(self.watch, fresh) if fresh else None
        if verdict is not None or cut:
            del table.hellos[2 * row + way]
            table.clear_flags(row, HELLO << 8 * way)
            table.set_flags(row, JUDGED << 8 * way)
        return verdict is twin.Verdict.CANDIDATE
