# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled flow table: which packets belong to a row, and when its flow is over. The namesake of `flows`.

Contract: `belongs`, `count`, `follow` do what their twins in `flows` do; `sweep` and `evict` end flows by the figures
of `policy`, as `plain` does. No outcome depends on the hash's seed: victims are chosen by row.
"""

import cython

from netminer_detect.kernel import policy

if cython.compiled:
    from cython.cimports.netminer_detect.kernel.decoding import Decoder
    from cython.cimports.netminer_detect.kernel.rows import (
        CANDIDATE, ENDS, ESTABLISHED, EXPECTED, FIN, FIRST, FLAGS, HAS_EXPECTED, HAS_ISN, ISN, LAST, LIVE, LOW,
        NO_TIME, PACKETS, PAYLOAD, RESET, SEEN, SETTLED, SIZE, WORD, Rows,
    )  # fmt: skip
else:
    from netminer_detect.kernel.decoding import Decoder
    from netminer_detect.kernel.rows import (
        CANDIDATE, ENDS, ESTABLISHED, EXPECTED, FIN, FIRST, FLAGS, HAS_EXPECTED, HAS_ISN, ISN, LAST, LIVE, LOW,
        NO_TIME, PACKETS, PAYLOAD, RESET, SEEN, SETTLED, SIZE, WORD, Rows,
    )  # fmt: skip

SHORT_IDLE_NS = cython.declare(cython.longlong, policy.SHORT_IDLE_NS)
LONG_IDLE_NS = cython.declare(cython.longlong, policy.LONG_IDLE_NS)
NEAR = cython.declare(cython.longlong, policy.NEAR)
FIRST_WINDOW = cython.declare(cython.longlong, policy.FIRST_WINDOW)
SWEEP_ROWS = cython.declare(cython.Py_ssize_t, policy.SWEEP_ROWS)
EVICT_LOOKS = cython.declare(cython.Py_ssize_t, policy.EVICT_LOOKS)


def ahead(sequence, expected):
    """See `flows.ahead`."""
    distance: cython.longlong = (sequence - expected) & LOW
    return distance - 0x100000000 if distance & 0x80000000 else distance


class FlowTable(Rows):
    """See the module's contract."""

    # What belongs to it

    def belongs(self, row, way, packet, time_ns):
        """See `flows.belongs`."""
        idle: cython.longlong = 0
        if time_ns != NO_TIME and self.rows[row, LAST] != WORD:
            idle = time_ns - cython.cast(cython.longlong, self.rows[row, LAST])
        if packet.protocol != 6:
            return idle <= SHORT_IDLE_NS
        if packet.flags & 2:
            return self.syn_belongs(row, way, packet)
        if idle <= LONG_IDLE_NS:
            return True
        if not self.rows[row, FLAGS] & HAS_EXPECTED << 8 * way:
            return False
        distance: cython.longlong = ahead(packet.sequence, self.half(row, EXPECTED, way))
        return -NEAR <= distance <= NEAR

    def syn_belongs(self, row, way, packet):
        """See `flows`."""
        flags: cython.ulonglong = self.rows[row, FLAGS]
        if flags & HAS_ISN << 8 * way:
            return self.half(row, ISN, way) == cython.cast(cython.ulonglong, packet.sequence)
        closed: cython.bint = flags & RESET != 0 or (flags & FIN != 0 and flags & FIN << 8 != 0)
        if way != (packet.flags >> 4 & 1) or closed:
            return False
        if not flags & HAS_EXPECTED << 8 * way:
            return True
        return 0 <= ahead(self.half(row, EXPECTED, way), packet.sequence + 1) <= FIRST_WINDOW

    def count(self, row, way, packet, time_ns, size):
        """See `flows.count`."""
        flags: cython.ulonglong = self.rows[row, FLAGS] | SEEN << 8 * way
        self.rows[row, PACKETS] += 1
        self.rows[row, SIZE] += size
        self.rows[row, PAYLOAD + way] += packet.stop - packet.start + packet.missing
        if time_ns != NO_TIME:
            if self.rows[row, FIRST] == WORD:
                self.rows[row, FIRST] = time_ns
            self.rows[row, LAST] = time_ns
        if packet.protocol == 6:
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
        self.rows[row, FLAGS] = flags
        return 0

    def follow(self, row, way, packet):
        """See `flows.follow`."""
        end: cython.ulonglong
        if packet.protocol != 6 or packet.flags & 4:
            return 0
        end = packet.sequence + (packet.flags >> 1 & 1) + (packet.flags & 1)
        end = end + packet.stop - packet.start + packet.missing & LOW
        if not self.rows[row, FLAGS] & HAS_EXPECTED << 8 * way:
            self.rows[row, FLAGS] |= HAS_EXPECTED << 8 * way
        elif ahead(end, self.half(row, EXPECTED, way)) <= 0:
            return 0
        return self.set_half(row, EXPECTED, way, end)

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

    def rank(self, flags):
        """Who goes first when the table is full: the lowest."""
        if flags & CANDIDATE and not flags & SETTLED:
            return 2
        return 1 if flags & SEEN and flags & SEEN << 8 else 0

    def evict(self):
        """The table is full, so every row is taken: give up the one that is missed least."""
        i: cython.Py_ssize_t
        row: cython.Py_ssize_t
        best: cython.Py_ssize_t = -1
        best_rank: cython.int = 3
        best_last: cython.longlong = 0
        last: cython.longlong
        rank: cython.int
        for i in range(min(EVICT_LOOKS, self.used)):
            if self.evict_at >= self.used:
                self.evict_at = 0
            row = self.evict_at
            self.evict_at += 1
            rank = self.rank(self.rows[row, FLAGS])
            last = NO_TIME if self.rows[row, LAST] == WORD else self.rows[row, LAST]
            if rank < best_rank or (rank == best_rank and last < best_last):
                best, best_rank, best_last = row, rank, last
        return self.close(best)

