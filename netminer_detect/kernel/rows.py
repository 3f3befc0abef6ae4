# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""Rows of 16 words, one a flow, and where to find them: the lower half of the compiled flow table.

Contract: `find`, `open`, `close` keep the rows (see `layout`), `facts` tells what one holds. `look_up` fetches the
slots and rows of a batch of packets: misses of the cache overlap there that would each be waited for in
`find` (at 400 000 flows twice as fast). A candidate that ended is in `closed` (its number) with its facts in `kept`.
Rows lie in an anonymous mapping of `max_flows` rows of which only used pages are resident: 128 bytes a flow, and 16
to 32 more for its slots, which hold half of the hash, so that other flows' rows are seldom looked at. The hash is
seeded, the whole key is compared, and no outcome depends on the seed: victims are chosen by row.
"""

import contextlib
import mmap
import os

import cython

from netminer_detect.kernel.interface import FlowFacts
from netminer_detect.kernel.policy import MAX_CALLERS

if cython.compiled:
    from cython.cimports.netminer_detect.kernel.decoding import Decoder, flow_hash
    from cython.cimports.netminer_detect.kernel.layout import (
        COLUMNS, D_HIGH, D_LOW, ENDS, ESTABLISHED, EXPECTED, FIRST, FLAGS, HANDED, HAS_EXTRA, HAS_ISN, HAS_MAC, HELLO,
        ISN, KEY, LAST, LIVE, MAC, NUMBER, PACKET_SHIFT, PAYLOAD, S_HIGH, S_LOW, SETTLED, SIZE, TURNED,
        TURNED_SHIFT, prefetch,
    )  # fmt: skip
else:
    from netminer_detect.kernel.decoding import Decoder, flow_hash
    from netminer_detect.kernel.layout import (
        COLUMNS, D_HIGH, D_LOW, ENDS, ESTABLISHED, EXPECTED, FIRST, FLAGS, HANDED, HAS_EXTRA, HAS_ISN, HAS_MAC, HELLO,
        ISN, KEY, LAST, LIVE, MAC, NUMBER, PACKET_SHIFT, PAYLOAD, S_HIGH, S_LOW, SETTLED, SIZE, TURNED,
        TURNED_SHIFT,
    )  # fmt: skip

NO_TIME = cython.declare(cython.longlong, -1)
LOW = cython.declare(cython.ulonglong, 0xFFFFFFFF)
WORD = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
NUMBERS = cython.declare(cython.ulonglong, (1 << 40) - 1)
MACS = cython.declare(cython.ulonglong, (1 << 48) - 1)
FIRST_SLOTS = 1024
# So many rows lie in the cache anyway.
FEW_ROWS = cython.declare(cython.Py_ssize_t, 8192)


def _mapped(words, shape):
    """A zeroed private mapping, seen as an array of words of that shape; in huge pages where the system has them,
    since a large table misses the address cache more often than any other."""
    memory = mmap.mmap(-1, words * 8, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory).cast("Q", shape)


class Rows:
    """See the module's contract."""

    def __init__(self, max_flows):
        slots = FIRST_SLOTS
        while slots < 2 * max_flows:
            slots *= 2
        self.max_flows = max_flows
        self.slot_count = slots
        self.rows = _mapped(max_flows * COLUMNS, (max_flows, COLUMNS))
        self.slots = _mapped(slots, (slots,))
        self.seed = int.from_bytes(os.urandom(8), "little")
        self.closed, self.kept, self.handed, self.extra, self.hellos = [], {}, {}, {}, {}
        self.number = 0
        self.way = 0
        self.reset()

    def reset(self):
        """Forget all flows; numbers go on."""
        i: cython.Py_ssize_t
        self.mask = FIRST_SLOTS - 1
        for i in range(self.mask + 1):
            self.slots[i] = 0
        self.live = self.used = self.free = self.sweep_at = self.evict_at = 0
        self.clock = self.earliest = NO_TIME
        self.handed.clear()
        self.extra.clear()
        self.hellos.clear()

    # Where a flow is

    def row_hash(self, row):
        return flow_hash(self.seed, self.rows[row, KEY], self.rows[row, ENDS])

    @cython.boundscheck(False)
    def look_up(self, batch, count):
        """Fetch what `find` will look at. Slots lie within the mask."""
        packet: Decoder
        i: cython.Py_ssize_t
        row: cython.Py_ssize_t
        if not cython.compiled or self.live < FEW_ROWS:
            return 0
        for i in range(count):
            packet = cython.cast(Decoder, batch[i])
            prefetch(cython.address(self.slots[packet.hash & self.mask]))
        for i in range(count):
            packet = cython.cast(Decoder, batch[i])
            row = self.slots[packet.hash & self.mask] & LOW
            if 0 < row <= self.max_flows:
                prefetch(cython.address(self.rows[row - 1, KEY]))
        return 0

    @cython.boundscheck(False)
    def find(self, packet):
        """The row of the packet's flow, -1 where there is none; `way` is 0 if the packet goes forward. Slots lie
        within the mask; rows are checked once."""
        tag: cython.ulonglong = packet.hash >> 32
        slot: cython.Py_ssize_t = packet.hash & self.mask
        found: cython.ulonglong = self.slots[slot]
        row: cython.Py_ssize_t
        while found:
            if found >> 32 == tag:
                row = (found & LOW) - 1
                if not 0 <= row < self.max_flows:
                    raise IndexError(row)
                if (self.rows[row, ENDS] == packet.ends and self.rows[row, KEY] == packet.key
                        and (not packet.wide or self.matches(row, packet))):
                    self.way = packet.turned ^ (self.rows[row, FLAGS] >> TURNED_SHIFT & 1)
                    return row
            slot = (slot + 1) & self.mask
            found = self.slots[slot]
        return -1

    def matches(self, row, packet):
        """Whether a row has the packet's IPv6 addresses."""
        if packet.turned:
            return (self.rows[row, S_LOW] == packet.destination_low and self.rows[row, D_LOW] == packet.source_low
                    and self.rows[row, S_HIGH] == packet.destination_high
                    and self.rows[row, D_HIGH] == packet.source_high)
        return (self.rows[row, S_LOW] == packet.source_low and self.rows[row, D_LOW] == packet.destination_low
                and self.rows[row, S_HIGH] == packet.source_high
                and self.rows[row, D_HIGH] == packet.destination_high)

    def open(self, packet):
        """A row for a new flow; there is room. A SYN-ACK comes from the server. Sets `way`."""
        row: cython.Py_ssize_t
        i: cython.int
        turned: cython.ulonglong
        count: cython.ulonglong = packet.vlan_count
        if self.free:
            row = self.free - 1
            self.free = self.rows[row, NUMBER]
        else:
            row = self.used
            self.used += 1
        for i in range(COLUMNS):
            self.rows[row, i] = 0
        self.way = packet.protocol == 6 and packet.flags & 18 == 18 and not self.is_loop(packet)
        turned = packet.turned ^ self.way
        self.rows[row, KEY] = packet.key
        self.rows[row, ENDS] = packet.ends
        if packet.wide:
            self.rows[row, S_HIGH] = packet.destination_high if packet.turned else packet.source_high
            self.rows[row, S_LOW] = packet.destination_low if packet.turned else packet.source_low
            self.rows[row, D_HIGH] = packet.source_high if packet.turned else packet.destination_high
            self.rows[row, D_LOW] = packet.source_low if packet.turned else packet.destination_low
        self.rows[row, NUMBER] = self.number | packet.vlans >> 12 << 40
        self.rows[row, MAC] = count << 60 | (packet.vlans & 0xFFF) << 48
        self.rows[row, FIRST] = WORD if packet.time_ns == NO_TIME else packet.time_ns
        self.rows[row, LAST] = self.rows[row, FIRST]
        self.rows[row, FLAGS] = LIVE | turned << TURNED_SHIFT
        self.number += 1
        self.live += 1
        if 2 * self.live > self.mask + 1 and self.mask + 1 < self.slot_count:
            self.widen()
        else:
            self.insert(row)
        return row

    def is_loop(self, packet):
        """Whether both ends are one."""
        return (packet.source_port == packet.destination_port and packet.source_low == packet.destination_low
                and packet.source_high == packet.destination_high)

    def insert(self, row):
        value: cython.ulonglong = self.row_hash(row)
        slot: cython.Py_ssize_t = value & self.mask
        while self.slots[slot]:
            slot = (slot + 1) & self.mask
        value = value >> 32 << 32
        self.slots[slot] = value | cython.cast(cython.ulonglong, row + 1)
        return 0

    def widen(self):
        """Twice the slots, all rows anew."""
        i: cython.Py_ssize_t
        self.mask = 2 * self.mask + 1
        for i in range(self.mask + 1):
            self.slots[i] = 0
        for i in range(self.used):
            if self.rows[i, FLAGS] & LIVE:
                self.insert(i)
        return 0

    def unlink(self, row):
        """Take a row's slot out; those behind it move up (Knuth, Algorithm 6.4 R)."""
        slot: cython.Py_ssize_t = self.row_hash(row) & self.mask
        home: cython.Py_ssize_t
        hole: cython.Py_ssize_t
        other: cython.Py_ssize_t
        while cython.cast(cython.Py_ssize_t, self.slots[slot] & LOW) != row + 1:
            slot = (slot + 1) & self.mask
        hole = slot
        while True:
            slot = (slot + 1) & self.mask
            if not self.slots[slot]:
                break
            other = self.slots[slot] & LOW
            home = self.row_hash(other - 1) & self.mask
            if (slot - home) & self.mask >= (slot - hole) & self.mask:
                self.slots[hole] = self.slots[slot]
                hole = slot
        self.slots[hole] = 0
        return 0

    def close(self, row):
        flags: cython.ulonglong = self.rows[row, FLAGS]
        if flags & HANDED:
            number = self.rows[row, NUMBER] & NUMBERS
            self.kept[number] = self.facts(row)
            self.closed.append(number)
            del self.handed[number]
        if flags & HAS_EXTRA:
            del self.extra[row]
        if flags & (HELLO | HELLO << 8):
            self.hellos.pop(2 * row, None)
            self.hellos.pop(2 * row + 1, None)
        self.unlink(row)
        self.rows[row, FLAGS] = 0
        self.rows[row, NUMBER] = self.free
        self.free = row + 1
        self.live -= 1
        return 0

    # What it holds

    def flags(self, row):
        return self.rows[row, FLAGS]

    def set_flags(self, row, bits):
        self.rows[row, FLAGS] |= bits
        return 0

    def clear_flags(self, row, bits):
        self.rows[row, FLAGS] &= bits ^ WORD
        return 0

    def half(self, row, column, way):
        return self.rows[row, column] >> 32 if way else self.rows[row, column] & LOW

    def set_half(self, row, column, way, value):
        if way:
            self.rows[row, column] = self.rows[row, column] & LOW | value << 32
        else:
            self.rows[row, column] = self.rows[row, column] >> 32 << 32 | value
        return 0

    def payload(self, row, way):
        return self.rows[row, PAYLOAD + way]

    def number_of(self, row):
        return self.rows[row, NUMBER] & NUMBERS

    def note_mac(self, row, mac):
        self.rows[row, MAC] = self.rows[row, MAC] & (WORD ^ MACS) | mac
        self.rows[row, FLAGS] |= HAS_MAC
        return 0

    def note_extra(self, row, vlans, tunnels):
        """VLANs that do not fit in a row, and tunnels."""
        self.extra[row] = (vlans, tunnels)
        self.rows[row, FLAGS] |= HAS_EXTRA

    def hand_out(self, row):
        """A packet of the flow is handed out: it is a candidate from now on."""
        if not self.rows[row, FLAGS] & HANDED:
            self.rows[row, FLAGS] |= HANDED
            self.handed[self.rows[row, NUMBER] & NUMBERS] = row
        return 0

    def settle(self, number):
        if number in self.handed:
            self.set_flags(self.handed[number], SETTLED)

    def facts_of(self, number):
        """The facts of a candidate that is open, or was closed last."""
        kept = self.kept.get(number)
        return self.facts(self.handed[number]) if kept is None else kept

    def facts(self, row):
        flags: cython.ulonglong = self.rows[row, FLAGS]
        ends: cython.ulonglong = self.rows[row, ENDS]
        wide = ends >> 40 & 1
        count: cython.int = self.rows[row, MAC] >> 60
        key: cython.ulonglong = self.rows[row, KEY]
        ids = int(self.rows[row, NUMBER] >> 40) << 12 | int(self.rows[row, MAC] >> 48 & 0xFFF)
        vlans, tunnels = self.extra[row] if flags & HAS_EXTRA else (
            tuple([ids >> 12 * (count - 1 - i) & 0xFFF for i in range(count)]), ())
        first, last = self.rows[row, FIRST], self.rows[row, LAST]
        client = _address(self.rows[row, S_HIGH], self.rows[row, S_LOW] if wide else key >> 32, wide), ends & 0xFFFF
        server = _address(self.rows[row, D_HIGH], self.rows[row, D_LOW] if wide else key & LOW, wide), ends >> 16
        if flags & TURNED:
            client, server = server, client
        return FlowFacts(
            protocol=ends >> 32 & 255, source=client[0], destination=server[0],
            source_port=client[1] & 0xFFFF, destination_port=server[1] & 0xFFFF, vlans=vlans, tunnels=tunnels,
            source_mac=int(self.rows[row, MAC] & MACS).to_bytes(6, "big") if flags & HAS_MAC else None,
            syn=bool(flags & HAS_ISN), syn_ack=bool(flags & HAS_ISN << 8), established=bool(flags & ESTABLISHED),
            first_ns=None if first == WORD else first, last_ns=None if last == WORD else last,
            packets=flags >> PACKET_SHIFT, bytes=self.rows[row, SIZE],
            payload_forward=self.rows[row, PAYLOAD], payload_backward=self.rows[row, PAYLOAD + 1],
            isn_forward=self.half(row, ISN, 0) if flags & HAS_ISN else None,
            isn_backward=self.half(row, ISN, 1) if flags & HAS_ISN << 8 else None,
        )  # fmt: skip

    def callers(self, server):
        """See `interface`: the flows to an address, by port and client."""
        # Asked for seldom, and a module of the twin.
        from netminer_detect.kernel.flows import callers_of

        row: cython.Py_ssize_t
        flags: cython.ulonglong
        key: cython.ulonglong
        wanted = int.from_bytes(server, "big")
        high: cython.ulonglong = wanted >> 64
        low: cython.ulonglong = wanted & 0xFFFFFFFFFFFFFFFF
        wide: cython.bint = len(server) == 16
        calls = set()
        taken = 0
        for row in range(self.used):
            flags = self.rows[row, FLAGS]
            if (not flags & LIVE or not flags & ESTABLISHED or not self.rows[row, PAYLOAD]
                    or not self.rows[row, PAYLOAD + 1] or self.rows[row, ENDS] >> 32 & 255 != 6):
                continue
            if wide:
                if self.rows[row, S_LOW if flags & TURNED else D_LOW] != low:
                    continue
                if self.rows[row, S_HIGH if flags & TURNED else D_HIGH] != high:
                    continue
            else:
                key = self.rows[row, KEY]
                if (key >> 32 if flags & TURNED else key & LOW) != low:
                    continue
            facts = self.facts(row)
            if facts.destination == server:
                calls.add((facts.destination_port, facts.source))
                taken += 1
                if taken == MAX_CALLERS:
                    break
        return callers_of(calls)

    @property
    def full(self):
        return self.live >= self.max_flows

    @property
    def opened(self):
        """How many flows were ever opened."""
        return self.number


def _address(high, low, wide):
    """A packed address of two words."""
    return (int(high) << 64 | int(low)).to_bytes(16, "big") if wide else int(low).to_bytes(4, "big")
