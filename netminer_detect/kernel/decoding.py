# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""Decodes the frames that make up nearly all traffic, in place: the compiled half of `packet` and `link`.

Contract: a `Decoder` is one frame of a batch: the walk puts where it lies (data[at:end]), its link type, number,
time (NO_TIME without one), size on the wire, and the place of its record. `decode()` puts PACKET in `code` (the
fields hold the packet), SLOW (rare: its twin, `packet.decode`, must read it: tunnels, fragments, MPLS, PPP,
wireless, LLC …) or one of the codes of DEFECTS. Both halves agree on every frame that is not SLOW; a test holds them
to it. That the frame lies in `data` is checked once; behind that each read is compared with the frame's end, which is
what tells TRUNCATED, so that the compiler's own checks would be second ones (they cost a fifth of all instructions).
Nothing is copied: the payload is `data[start:stop]`. Addresses are two big-endian words, IPv4 in the low one
(`wide` tells them apart). `vlans` holds 12 bits a tag, the innermost lowest. `key`,
`ends`, `turned` and `hash` are for the flow table (see `layout`); `seed` is its own.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.string import memcpy
    from cython.cimports.netminer_detect.kernel.layout import (
        BIG_ENDIAN, IP_LENGTH, NOT_IP, NOT_TCP_UDP, PACKET, SLOW, TCP_HEADER, TRUNCATED,
    )  # fmt: skip
else:
    from netminer_detect.kernel.layout import (
        IP_LENGTH, NOT_IP, NOT_TCP_UDP, PACKET, SLOW, TCP_HEADER, TRUNCATED,
    )  # fmt: skip

# The words of `packet` and `link` for the codes.
DEFECTS = ("", "", "truncated", "not_ip", "ip_length", "tcp_header", "not_tcp_udp")

SECOND_NS = cython.declare(cython.longlong, 1_000_000_000)
MAX_LAYERS = cython.declare(cython.int, 16)
MAX_VLANS = cython.declare(cython.int, 3)
MAX_EXTENSIONS = cython.declare(cython.int, 16)


# splitmix64's constants (Steele, Lea and Flood 2014).
MIX_1 = cython.declare(cython.ulonglong, 0xBF58476D1CE4E5B9)
MIX_2 = cython.declare(cython.ulonglong, 0x94D049BB133111EB)
WORD = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)


def flow_hash(seed, key, ends):
    value: cython.ulonglong = ((key ^ seed) * MIX_1) & WORD
    value = ((value ^ value >> 32 ^ ends) * MIX_2) & WORD
    return value ^ value >> 32


def address_hash(seed, high, low):
    """A digest of an IPv6 address."""
    value: cython.ulonglong = ((high ^ seed) * MIX_1 + low * MIX_2) & WORD
    value = ((value ^ value >> 29) * MIX_1) & WORD
    return value ^ value >> 32


def reversed_bytes(value):
    """The four bytes of a number the other way round."""
    return value >> 24 | value >> 8 & 0xFF00 | (value & 0xFF00) << 8 | (value & 0xFF) << 24


class Decoder:
    """See the module's contract."""

    def __init__(self):
        self.data = memoryview(b"")
        self.link_type = self.code = 0
        self.at = self.end = self.size = self.number = self.record = self.time_ns = self.seconds = self.hash = 0
        self.protocol = self.source_port = self.destination_port = self.flags = self.vlan_count = self.ethertype = 0
        self.wide = self.turned = False
        self.key = self.ends = self.seed = 0
        self.source_high = self.source_low = self.destination_high = self.destination_low = self.vlans = 0
        self.sequence = self.acknowledgement = 0
        self.start = self.stop = self.missing = 0

    # Who reads a number has compared its place with the frame's end. Compiled, it is read at once and turned round.

    @cython.boundscheck(False)
    def u16(self, at):
        value: cython.ushort = 0
        if not cython.compiled:
            return int.from_bytes(self.data[at : at + 2], "big")
        memcpy(cython.address(value), cython.address(self.data[at]), 2)
        return value if BIG_ENDIAN else (value & 0xFF) << 8 | value >> 8

    @cython.boundscheck(False)
    def u32(self, at):
        value: cython.uint = 0
        if not cython.compiled:
            return int.from_bytes(self.data[at : at + 4], "big")
        memcpy(cython.address(value), cython.address(self.data[at]), 4)
        return value if BIG_ENDIAN else reversed_bytes(value)

    @cython.boundscheck(False)
    def u64(self, at):
        high: cython.ulonglong = self.u32(at)
        return high << 32 | self.u32(at + 4)

    # Records of a capture. The walk has seen to it that a header lies in `data`.

    def number_at(self, at, big_endian):
        """32 bits in the capture's byte order."""
        value: cython.uint = self.u32(at)
        return value if big_endian else reversed_bytes(value)

    def take_record(self, at, limit, header, big_endian, unit_ns):
        """The frame of the pcap record at `at`; gives where the record ends. One that ends behind `limit` is let be."""
        end: cython.Py_ssize_t = at + header + self.number_at(at + 8, big_endian)
        if end <= limit:
            self.read_record(at, end, header, big_endian, unit_ns)
        return end

    def read_record(self, at, end, header, big_endian, unit_ns):
        """The frame of a pcap record with a header of so many bytes, whose second number counts `unit_ns`."""
        parts: cython.longlong = self.number_at(at + 4, big_endian)
        self.seconds = self.number_at(at, big_endian)
        self.time_ns = self.seconds * SECOND_NS + parts * unit_ns
        self.size = max(self.number_at(at + 12, big_endian), end - at - header)
        self.at, self.end = at + header, end
        return self.decode()

    @cython.boundscheck(False)
    def decode(self):
        """Read the frame; see the module's contract. What most frames are is read in one go: Ethernet without tags, IPv4
        whole and without options, TCP or UDP."""
        at: cython.Py_ssize_t = self.at
        total: cython.int
        size: cython.int
        if not 0 <= at <= self.end <= self.data.shape[0]:
            raise IndexError(self.end)
        if self.link_type != 1 or self.end - at < 54 or self.u32(at + 12) >> 8 != 0x080045:
            return self.by_layers()
        total = self.u16(at + 16)
        if total < 40 or self.u16(at + 20) & 0x3FFF:
            return self.by_layers()
        port: cython.ulonglong = self.u16(at + 34)
        other_port: cython.ulonglong = self.u16(at + 36)
        stop: cython.Py_ssize_t = at + 14 + total
        kind: cython.ulonglong = self.data[at + 23]
        if kind == 6:
            size = self.data[at + 46] >> 2 & 0x3C
            if size < 20:
                return self.by_layers()
            self.flags = self.data[at + 47]
            self.sequence = self.u32(at + 38)
            self.acknowledgement = self.u32(at + 42) if self.flags & 16 else 0
        elif kind == 17 and not self.tunnel_port(port) and not self.tunnel_port(other_port):
            size = self.u16(at + 38)
            if 8 <= size <= total - 20:
                stop = at + 34 + size
            size = 8
            self.sequence = self.flags = self.acknowledgement = 0
        else:
            return self.by_layers()
        source: cython.ulonglong = self.u32(at + 26)
        other: cython.ulonglong = self.u32(at + 30)
        self.code = PACKET
        self.vlans = self.vlan_count = self.source_high = self.destination_high = 0
        self.wide = False
        self.protocol = kind
        self.source_port, self.destination_port = port, other_port
        self.source_low, self.destination_low = source, other
        self.span(at + 34 + size, stop)
        self.turned = (source << 16 | port) > (other << 16 | other_port)
        self.key = other << 32 | source if self.turned else source << 32 | other
        self.ends = (port << 16 | other_port if self.turned else other_port << 16 | port) | kind << 32
        self.hash = flow_hash(self.seed, self.key, self.ends)
        return 0

    @cython.boundscheck(False)
    def by_layers(self):
        """Read any frame, layer by layer."""
        at: cython.Py_ssize_t
        self.vlan_count = 0
        self.vlans = 0
        at = self.first_layer()
        if at >= 0:
            at = self.peel(at)
        if at < 0:
            self.code = -at
        elif at >= self.end:
            self.code = TRUNCATED
        elif self.ethertype == 0x0800:
            self.code = self.ipv4(at) if self.data[at] >> 4 == 4 else NOT_IP
        else:
            self.code = self.ipv6(at) if self.data[at] >> 4 == 6 else NOT_IP
        if self.code == PACKET:
            self.order()
        return 0

    def span(self, start, end):
        """The payload: what of it was captured, and how much was not."""
        self.start = start
        self.stop = max(start, min(self.end, end))
        self.missing = max(0, end - self.stop)
        return 0

    def order(self):
        """Put the ends in order, which is one for both ways, and hash them."""
        port: cython.ulonglong = self.source_port
        other_port: cython.ulonglong = self.destination_port
        kind: cython.ulonglong = self.protocol
        one: cython.ulonglong = self.source_low
        other: cython.ulonglong = self.destination_low
        if self.source_high != self.destination_high:
            self.turned = self.source_high > self.destination_high
        elif one != other:
            self.turned = one > other
        else:
            self.turned = port > other_port
        if self.wide:
            kind |= 256
            one = address_hash(self.seed, self.source_high, one)
            other = address_hash(self.seed, self.destination_high, other)
            self.key = ((other if self.turned else one) * MIX_1 + (one if self.turned else other)) & WORD
        else:
            self.key = other << 32 | one if self.turned else one << 32 | other
        self.ends = (port << 16 | other_port if self.turned else other_port << 16 | port) | kind << 32
        self.hash = flow_hash(self.seed, self.key, self.ends)
        return 0

    @cython.boundscheck(False)
    def first_layer(self):
        """Where the layer behind the link's begins, its type in `ethertype`; negative codes."""
        header: cython.int
        place: cython.int
        at: cython.Py_ssize_t = self.at
        end: cython.Py_ssize_t = self.end
        link_type: cython.int = self.link_type
        if link_type == 1:
            header, place = 14, 12
        elif link_type == 113:
            header, place = 16, 14
        elif link_type == 276:
            header, place = 20, 0
        elif link_type == 101 or link_type == 12 or link_type == 14:
            if at >= end:
                return -TRUNCATED
            self.ethertype = 0x0800 if self.data[at] >> 4 == 4 else 0x86DD if self.data[at] >> 4 == 6 else 0
            return at
        else:
            return -SLOW
        if at + place + 2 > end:
            return -TRUNCATED
        self.ethertype = self.u16(at + place)
        if self.ethertype < 0x0600:
            return -SLOW
        return at + header

    @cython.boundscheck(False)
    def peel(self, at):
        """Behind the VLAN tags; other shims are left to the twin."""
        i: cython.int
        end: cython.Py_ssize_t = self.end
        kind: cython.int
        for i in range(MAX_LAYERS):
            kind = self.ethertype
            if kind == 0x0800 or kind == 0x86DD:
                return at
            if kind == 0x8100 or kind == 0x88A8 or kind == 0x9100 or kind == 0x9200 or kind == 0x9300:
                if self.vlan_count == MAX_VLANS:
                    return -SLOW
                if at + 4 > end:
                    return -TRUNCATED
                self.vlans = self.vlans << 12 | self.u16(at) & 0x0FFF
                self.vlan_count += 1
                self.ethertype = self.u16(at + 2)
                at += 4
                if self.ethertype < 0x0600:
                    return -SLOW
            elif kind == 0x8847 or kind == 0x8848 or kind == 0x8864 or kind == 0x88E7 or kind == 0x6558:
                return -SLOW
            else:
                return -NOT_IP
        return -NOT_IP

    @cython.boundscheck(False)
    def ipv4(self, at):
        end: cython.Py_ssize_t = self.end
        header: cython.int = (self.data[at] & 0x0F) * 4
        if header < 20 or at + header > end:
            return TRUNCATED
        total: cython.int = self.u16(at + 2)
        if total and total < header:
            return IP_LENGTH
        if self.u16(at + 6) & 0x3FFF:
            return SLOW
        self.wide = False
        self.source_high = self.destination_high = 0
        self.source_low = self.u32(at + 12)
        self.destination_low = self.u32(at + 16)
        self.protocol = self.data[at + 9]
        stop: cython.Py_ssize_t = at + total if total else end
        return self.transport(at + header, stop)

    @cython.boundscheck(False)
    def ipv6(self, at):
        end: cython.Py_ssize_t = self.end
        if at + 40 > end:
            return TRUNCATED
        length: cython.Py_ssize_t = self.u16(at + 4)
        kind: cython.int = self.data[at + 6]
        stop: cython.Py_ssize_t = at + 40 + length if length else end
        i: cython.int
        self.wide = True
        self.source_high = self.u64(at + 8)
        self.source_low = self.u64(at + 16)
        self.destination_high = self.u64(at + 24)
        self.destination_low = self.u64(at + 32)
        at += 40
        for i in range(MAX_EXTENSIONS):
            if kind == 0 or kind == 43 or kind == 60 or kind == 135 or kind == 139 or kind == 140 or kind == 51:
                if at + 2 > end:
                    return TRUNCATED
                length = self.data[at + 1] * 4 if kind == 51 else self.data[at + 1] * 8
                kind = self.data[at]
                at += 8 + length
            elif kind == 44:
                return SLOW
            else:
                self.protocol = kind
                return self.transport(at, stop)
        return NOT_TCP_UDP

    @cython.boundscheck(False)
    def transport(self, at, end):
        """The TCP or UDP header at `at`; the packet ends at `end`, what was captured at `held`."""
        size: cython.int
        held: cython.Py_ssize_t = self.end
        if self.protocol == 6:
            if at + 14 > held:
                return TCP_HEADER if at + 13 <= held and self.data[at + 12] < 0x50 else TRUNCATED
            size = self.data[at + 12] >> 2 & 0x3C
            if size < 20:
                return TCP_HEADER
            self.sequence = self.u32(at + 4)
            self.flags = self.data[at + 13]
            self.acknowledgement = self.u32(at + 8) if self.flags & 16 else 0
        elif self.protocol == 17:
            if at + 4 > held:
                return TRUNCATED
            if self.tunnel_port(self.u16(at)) or self.tunnel_port(self.u16(at + 2)):
                return SLOW
            if at + 6 > held:
                return TRUNCATED
            size = self.u16(at + 4)
            if 8 <= size <= end - at:
                end = at + size
            self.sequence = self.flags = self.acknowledgement = 0
            size = 8
        elif self.protocol == 4 or self.protocol == 41 or self.protocol == 47 or self.protocol == 115:
            return SLOW
        else:
            return NOT_TCP_UDP
        self.source_port = self.u16(at)
        self.destination_port = self.u16(at + 2)
        self.span(at + size, end)
        return PACKET

    def tunnel_port(self, port):
        """Ports on which `packet` looks for VXLAN, Geneve, GTP-U, Teredo, L2TP."""
        return port == 4789 or port == 6081 or port == 2152 or port == 3544 or port == 1701
