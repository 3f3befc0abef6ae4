# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled flow table: which packets belong to a row, and when its flow is over. The namesake of `flows`.

Contract: `join` and `follow` do what `belongs`, `count` and `follow` do in `flows`; `sweep` and `evict` end flows by
the figures of `policy`, as `plain` does. No outcome depends on the hash's seed: victims are chosen by row.
"""

import cython

from netminer_detect.kernel import policy

if cython.compiled:
    from cython.cimports.netminer_detect.kernel.decoding import Decoder
    from cython.cimports.netminer_detect.kernel.layout import (
        AWAY, CANDIDATE, ENDS, ESTABLISHED, EVERY, EXPECTED, FIN, FIRST, FLAGS, HAS_EXPECTED, HAS_ISN, HAS_MAC, HELLO,
        ISN, JUDGED, KEY, LAST, LIVE, LOOK, PACKET_SHIFT, PAYLOAD, PAYLOAD_BACK, PLAIN, REQUESTS, RESET, SEEN, SETTLED,
        SIZE, TURNED_SHIFT,
    )  # fmt: skip
    from cython.cimports.netminer_detect.kernel.rows import LOW, NO_TIME, WORD, Rows
else:
    from netminer_detect.kernel.decoding import Decoder
    from netminer_detect.kernel.layout import (
        AWAY, CANDIDATE, ENDS, ESTABLISHED, EVERY, EXPECTED, FIN, FIRST, FLAGS, HAS_EXPECTED, HAS_ISN, HAS_MAC, HELLO,
        ISN, JUDGED, KEY, LAST, LIVE, LOOK, PACKET_SHIFT, PAYLOAD, PAYLOAD_BACK, PLAIN, REQUESTS, RESET, SEEN, SETTLED,
        SIZE, TURNED_SHIFT,
    )  # fmt: skip
    from netminer_detect.kernel.rows import LOW, NO_TIME, WORD, Rows

SHORT_IDLE_NS = cython.declare(cython.longlong, policy.SHORT_IDLE_NS)
LONG_IDLE_NS = cython.declare(cython.longlong, policy.LONG_IDLE_NS)
NEAR = cython.declare(cython.longlong, policy.NEAR)
FIRST_WINDOW = cython.declare(cython.longlong, policy.FIRST_WINDOW)
SWEEP_ROWS = cython.declare(cython.Py_ssize_t, policy.SWEEP_ROWS)
EVICT_LOOKS = cython.declare(cython.Py_ssize_t, policy.EVICT_LOOKS)


# Typed: a literal above 2^31 is an object.
TURN = cython.declare(cython.longlong, 1 << 32)
HALF_TURN = cython.declare(cython.longlong, 1 << 31)


def ahead(sequence, expected):
    """See `flows.ahead`."""
    distance: cython.longlong = (sequence - expected) & LOW
    return distance - TURN if distance & HALF_TURN else distance


class FlowTable(Rows):
    """See the module's contract."""

    # What belongs to it

    @cython.boundscheck(False)
    def pass_by(self, packet):
        """Do all of `find` and `join` for a packet of the usual kind: its flow is there, to which it belongs beyond
        doubt, and it is PLAIN. False: nothing was done. Slots lie within the mask, the row is checked once."""
        tag: cython.ulonglong = packet.hash >> 32
        slot: cython.Py_ssize_t = packet.hash & self.mask
        found: cython.ulonglong = self.slots[slot]
        while found >> 32 != tag and found:
            slot = (slot + 1) & self.mask
            found = self.slots[slot]
        row: cython.Py_ssize_t = (found & LOW) - 1
        if not 0 <= row < self.max_flows:
            return False
        if (self.rows[row, ENDS] != packet.ends or self.rows[row, KEY] != packet.key
                or (packet.wide and not self.matches(row, packet))):
            return False
        flags: cython.ulonglong = self.rows[row, FLAGS]
        last: cython.ulonglong = self.rows[row, LAST]  # as a number of nanoseconds, none is -1
        way: cython.int = packet.turned ^ (flags >> TURNED_SHIFT & 1)
        if packet.flags & 7 or packet.time_ns == NO_TIME:
            return False
        if packet.time_ns - cython.cast(cython.longlong, last) > SHORT_IDLE_NS or not self.is_done(flags, way, packet):
            return False
        if way == 0 and (flags & (HAS_ISN | ESTABLISHED) == HAS_ISN or (packet.link_type == 1 and not flags & HAS_MAC)):
            return False
        if packet.protocol == 6:
            if not flags & HAS_EXPECTED << 8 * way:
                return False
            self.advance(row, way, packet.sequence + packet.stop - packet.start + packet.missing & LOW)
        self.rows[row, FLAGS] = self.count(row, way, packet, flags)
        return True

    @cython.boundscheck(False)
    def join(self, row, way, packet):
        """Count a packet where it belongs to the row: AWAY if it does not; PLAIN if it is done with; LOOK if it is to
        be judged and then to be followed. See `flows.belongs` and `flows.count`. Row and way are checked once."""
        idle: cython.longlong = 0
        time_ns: cython.longlong = packet.time_ns
        tcp: cython.bint = packet.protocol == 6
        if not 0 <= row < self.max_flows or not 0 <= way <= 1:
            raise IndexError(row)
        flags: cython.ulonglong = self.rows[row, FLAGS]
        last: cython.ulonglong = self.rows[row, LAST]
        if time_ns != NO_TIME and last != WORD:
            idle = time_ns - cython.cast(cython.longlong, last)
        if tcp and packet.flags & 2:
            if not self.syn_belongs(row, way, packet):
                return AWAY
        elif idle > SHORT_IDLE_NS and not (tcp and (idle <= LONG_IDLE_NS or self.goes_on(row, way, packet))):
            return AWAY
        flags = self.count(row, way, packet, flags)
        if tcp:
            if packet.flags & 7:
                flags = self.mark(row, way, packet, flags)
            elif packet.flags & 16 and way == 0 and flags & HAS_ISN:
                flags |= ESTABLISHED
        self.rows[row, FLAGS] = flags
        if not self.is_done(flags, way, packet):
            return LOOK
        self.follow(row, way, packet)
        return PLAIN

    @cython.boundscheck(False)
    def count(self, row, way, packet, flags):
        """The packet's sizes and time into the row; gives its flags then."""
        one: cython.ulonglong = 1
        self.rows[row, SIZE] += packet.size
        self.rows[row, PAYLOAD + way] += packet.stop - packet.start + packet.missing
        if packet.time_ns != NO_TIME:
            if self.rows[row, LAST] == WORD:
                self.rows[row, FIRST] = packet.time_ns
            self.rows[row, LAST] = packet.time_ns
        return (flags | SEEN << 8 * way) + (one << PACKET_SHIFT)

    def is_done(self, flags, way, packet):
        """Whether nothing that the packet holds can make its flow a candidate, nor is it to be handed out."""
        if flags & (EVERY | SETTLED):
            return flags & SETTLED != 0
        return packet.stop == packet.start or (
            flags >> 8 * way & (JUDGED | HELLO | REQUESTS) == JUDGED
            and (packet.protocol != 6 or flags & (HAS_ISN | HAS_ISN << 8) != 0)
            and packet.source_port != 53 and packet.destination_port != 53)  # fmt: skip

    def goes_on(self, row, way, packet):
        """Whether a packet's number is near to what its direction had come to."""
        if not self.rows[row, FLAGS] & HAS_EXPECTED << 8 * way:
            return False
        distance: cython.longlong = ahead(packet.sequence, self.half(row, EXPECTED, way))
        return -NEAR <= distance <= NEAR

    def mark(self, row, way, packet, flags):
        """The row's flags behind a packet with SYN, RST or FIN."""
        if packet.flags & 2:
            if not flags & HAS_ISN << 8 * way:
                flags |= HAS_ISN << 8 * way
                self.set_half(row, ISN, way, packet.sequence)
                if not flags & HAS_EXPECTED << 8 * way:
                    flags |= HAS_EXPECTED << 8 * way
                    self.set_half(row, EXPECTED, way, packet.sequence + 1 & LOW)
        elif packet.flags & 4:
            flags |= RESET
        elif packet.flags & 16 and way == 0 and flags & HAS_ISN:
            flags |= ESTABLISHED
        if packet.flags & 1:
            flags |= FIN << 8 * way
        return flags

    def syn_belongs(self, row, way, packet):
        """See `flows`; a flow's first packet always belongs."""
        flags: cython.ulonglong = self.rows[row, FLAGS]
        if not flags >> PACKET_SHIFT:
            return True
        if flags & HAS_ISN << 8 * way:
            return self.half(row, ISN, way) == cython.cast(cython.ulonglong, packet.sequence)
        closed: cython.bint = flags & RESET != 0 or (flags & FIN != 0 and flags & FIN << 8 != 0)
        if way != (packet.flags >> 4 & 1) or closed:
            return False
        if not flags & HAS_EXPECTED << 8 * way:
            return True
        return 0 <= ahead(self.half(row, EXPECTED, way), packet.sequence + 1) <= FIRST_WINDOW

    def follow(self, row, way, packet):
        """See `flows.follow`."""
        end: cython.ulonglong
        flags: cython.ulonglong = self.rows[row, FLAGS]
        if packet.protocol != 6 or packet.flags & 4:
            return 0
        end = packet.sequence + (packet.flags >> 1 & 1) + (packet.flags & 1)
        end = end + packet.stop - packet.start + packet.missing & LOW
        if flags & HAS_EXPECTED << 8 * way:
            return self.advance(row, way, end)
        self.rows[row, FLAGS] = flags | HAS_EXPECTED << 8 * way
        return self.set_half(row, EXPECTED, way, end)

    @cython.boundscheck(False)
    def advance(self, row, way, end):
        """A direction has come to `end`, if it was not further already. Row and way were checked."""
        both: cython.ulonglong = self.rows[row, EXPECTED]
        if ahead(end, both >> 32 * way & LOW) > 0:
            self.rows[row, EXPECTED] = both & LOW << 32 * (1 - way) | end << 32 * way
        return 0

    # What ends it

    def half_open(self, flags, row):
        return flags & HAS_ISN != 0 and flags & SEEN << 8 == 0 and self.rows[row, PAYLOAD] == 0

    def sweep(self):
        """Close what has been silent for too long, a few rows at a time."""
        i: cython.Py_ssize_t
        row: cython.Py_ssize_t
        flags: cython.ulonglong
        limit: cython.longlong
        earliest: cython.longlong = self.earliest
        self.earliest = NO_TIME
        if earliest == NO_TIME:
            return 0
        if self.clock == NO_TIME or earliest < self.clock + LONG_IDLE_NS:
            self.clock = earliest
        else:
            self.clock += LONG_IDLE_NS
        for i in range(min(SWEEP_ROWS, self.used)):
            if self.sweep_at >= self.used:
                self.sweep_at = 0
            row = self.sweep_at
            self.sweep_at += 1
            flags = self.rows[row, FLAGS]
            if not flags & LIVE or self.rows[row, LAST] == WORD:
                continue
            limit = LONG_IDLE_NS
            if (self.rows[row, ENDS] >> 32 & 255 != 6 or flags & RESET or (flags & FIN and flags & FIN << 8)
                    or self.half_open(flags, row)):
                limit = SHORT_IDLE_NS
            if self.clock - cython.cast(cython.longlong, self.rows[row, LAST]) > limit:
                self.close(row)
        return 0

    def rank(self, flags, row):
        """Who goes first when the table is full: the lowest."""
        wanted: cython.bint = flags & CANDIDATE != 0 and flags & SETTLED == 0
        if flags & SEEN and flags & SEEN << 8:
            return 3 if wanted else 1
        return 2 if wanted and (self.rows[row, PAYLOAD] or self.rows[row, PAYLOAD_BACK]) else 0

    def evict(self):
        """The table is full, so every row is taken: give up the one that is missed least."""
        i: cython.Py_ssize_t
        row: cython.Py_ssize_t
        best: cython.Py_ssize_t = -1
        best_rank: cython.int = 4
        best_last: cython.longlong = 0
        last: cython.longlong
        rank: cython.int
        for i in range(min(EVICT_LOOKS, self.used)):
            if self.evict_at >= self.used:
                self.evict_at = 0
            row = self.evict_at
            self.evict_at += 1
            rank = self.rank(self.rows[row, FLAGS], row)
            last = NO_TIME if self.rows[row, LAST] == WORD else self.rows[row, LAST]
            if rank < best_rank or (rank == best_rank and last < best_last):
                best, best_rank, best_last = row, rank, last
        return self.close(best)

