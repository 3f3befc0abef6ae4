# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""Walks captures in one reused buffer and decodes frames where they lie, a batch at a time: the namesake of
`sources.capture`.

Contract: `Walker.walk(stream, path, warn)` yields what `take_batch` put in `pending`, as soon as it is there. Formats,
numbers, times, offsets, warnings and errors are those of `read_frames`, whose helpers read what is rare. A batch is
up to BATCH frames that lie in the buffer, each in a Decoder of its own; `look_up` sees it whole before `take_batch`
takes them one by one. The buffer holds BLOCK bytes, more only while a longer record asks for it.
"""

import mmap
from array import array

import cython

from netminer_detect.errors import CaptureError
from netminer_detect.sources import capture, resync

if cython.compiled:
    from cython.cimports.netminer_detect.kernel.decoding import Decoder
    from cython.cimports.netminer_detect.kernel.layout import EVENTS, NEED, OVER
else:
    from netminer_detect.kernel.decoding import Decoder
    from netminer_detect.kernel.layout import EVENTS, NEED, OVER

# Larger blocks leave the cache: 16 MiB were slower than 1, 2 or 4.
BLOCK = 1 << 20
# What is left of a block moves in front of the next one, which so begins on a page: copying there is cheaper.
HEADROOM = 1 << 16
# Enough for misses of the cache to overlap, few enough to stay in the cache themselves.
BATCH = cython.declare(cython.Py_ssize_t, 64)
MAX_RECORD = cython.declare(cython.longlong, capture.MAX_RECORD)
MAX_FRAME = cython.declare(cython.longlong, resync.MAX_FRAME)
NO_TIME = cython.declare(cython.longlong, -1)
MAX_NS = cython.declare(cython.ulonglong, 0x7FFFFFFFFFFFFFFF)
SECTION = cython.declare(cython.longlong, 0x0A0D0D0A)
ENHANCED = cython.declare(cython.longlong, 6)


class Walker:
    """See the module's contract."""

    def __init__(self):
        self.batch = [Decoder() for _ in range(BATCH)]
        self.gathered = self.taken = 0
        self.pending = []
        self._make_buffer(BLOCK)
        self.position = self.limit = self.need = self.base = self.number = self.interfaces = self.longest = 0
        self.step = 1
        self.seconds = -1
        self.big_endian = False
        self.link_types, self.tick_ns = array("i", [0]), array("Q", [0])

    def walk(self, stream, path, warn):
        """See the module's contract. Raises CaptureError where `stream` is no capture."""
        code: cython.int
        magic = capture.read_exactly(stream, 4)
        if not magic:
            raise CaptureError(path, "the file is empty")
        is_pcap = magic in capture.PCAP_MAGICS
        if not is_pcap and magic != capture.SECTION_MAGIC:
            raise CaptureError(path, "not a capture (neither pcap nor pcapng)")
        self.stream, self.path, self.warn = stream, path, warn
        self.position = self.limit = HEADROOM
        self.number = self.base = self.gathered = self.taken = 0
        self.step, self.seconds = 1, -1
        self.base -= HEADROOM
        self.section, self.longest = None, MAX_RECORD
        if is_pcap:
            self._open_pcap(magic)
        else:
            self.take_in(magic)
        while True:
            code = self.gather_pcap() if is_pcap else self.gather_pcapng()
            if self.gathered:
                self.look_up()
                while self.take_batch():
                    events, self.pending = self.pending, []
                    yield from events
            elif code == OVER:
                return
            elif code == NEED and not self.fill() and not self._goes_on(is_pcap):
                complaint = self._end_pcap() if is_pcap else self._end_pcapng()
                self.look_up()
                while self.take_batch():
                    events, self.pending = self.pending, []
                    yield from events
                if complaint is not None:
                    warn(f"{path}: {complaint}")
                return

    # The batch

    def look_up(self):
        """The batch is whole: the kernel may prepare for it."""
        return 0

    def take_batch(self):
        """Take frames, as the kernel says how, until one gives events; False where none is left."""
        self.taken = self.gathered = 0
        return False

    def gather(self, at, end, size, record, time_ns):
        """One more frame of the batch."""
        packet: Decoder = self.batch[self.gathered]
        self.gathered += 1
        self.number += self.step
        packet.at, packet.end, packet.size = at, end, size
        packet.number, packet.record, packet.time_ns = self.number, self.base + record, time_ns
        packet.link_type = self.link_type
        return packet.decode()

    # The buffer

    def _make_buffer(self, room):
        """A buffer with room for so many bytes behind HEADROOM, aligned to pages."""
        packet: Decoder
        self.buffer = mmap.mmap(-1, HEADROOM + room)
        view = memoryview(self.buffer)
        self.data = view
        for packet in self.batch:
            packet.data = view

    def take_in(self, data):
        """Put bytes that were read already behind what the buffer holds."""
        self.buffer[self.limit : self.limit + len(data)] = data
        self.limit += len(data)

    def fill(self):
        """Read until `need` bytes are there from `position` on; False where the stream ends before."""
        held = self.limit - self.position
        rest = self.buffer[self.position : self.limit]
        room = BLOCK
        while room < self.need:
            room *= 2
        if HEADROOM + room != len(self.buffer):
            self._make_buffer(room)
        start = max(0, HEADROOM - held)
        self.buffer[start : start + held] = rest
        self.base += self.position - start
        self.position, self.limit = start, start + held
        view = memoryview(self.buffer)
        while self.limit - self.position < self.need:
            count = self.stream.readinto(view[self.limit :])
            if not count:
                return False
            self.limit += count
        return True

    def u32(self, at):
        """A number of a record's header, which lies before `limit`: the walk has seen to it."""
        packet: Decoder = self.batch[0]
        return packet.number_at(at, self.big_endian)

    # pcap

    def _open_pcap(self, magic):
        order, self.unit_ns, self.header_size = capture.PCAP_MAGICS[magic]
        self.big_endian = order == ">"
        rest = capture.read_exactly(self.stream, 20)
        if len(rest) < 20:
            raise CaptureError(self.path, "the pcap header is cut short")
        self.link_type = int.from_bytes(rest[16:20], "big" if self.big_endian else "little") & 0xFFFF
        self.base += 24

    @cython.boundscheck(False)
    def gather_pcap(self):
        at: cython.Py_ssize_t
        end: cython.Py_ssize_t
        packet: Decoder
        batch: list = self.batch
        while self.gathered < BATCH:
            packet = cython.cast(Decoder, batch[self.gathered])
            at = self.position
            end = at + self.header_size
            if end <= self.limit:
                self._place(packet, at)
                end = packet.take_record(
                    at, min(self.limit, end + MAX_FRAME), self.header_size, self.big_endian, self.unit_ns)  # fmt: skip
            if end > self.limit or end - at - self.header_size > MAX_FRAME:
                return self._no_frame(end - at)
            self.position = end
            self._took(packet)
        return EVENTS

    def _place(self, packet, at):
        """Say which frame of the capture the next decoder holds: that of the record at `at`."""
        packet.number, packet.record, packet.link_type = self.number + self.step, self.base + at, self.link_type
        return 0

    def _took(self, packet):
        """The decoder holds one more frame of the batch."""
        self.gathered += 1
        self.number += self.step
        if packet.end > packet.at:
            self.seconds = packet.seconds
        return 0

    def _no_frame(self, size):
        """At `position` is a record of so many bytes, of which not all are there, or which is none."""
        captured: cython.longlong = size - self.header_size
        self.need = size
        if captured <= MAX_FRAME:
            return NEED
        return EVENTS if self.gathered else self._skip_damage(f"{self._name()} claims {captured} bytes")

    def _end_pcap(self):
        """What is left is less than a record: take what there is of it, and say what is wrong, None if nothing."""
        held = self.limit - self.position
        if not held:
            return None
        name = self._name()
        if held < self.header_size:
            return f"the capture ends inside the header of {name}"
        packet: Decoder = self.batch[self.gathered]
        self._place(packet, self.position)
        packet.read_record(self.position, self.limit, self.header_size, self.big_endian, self.unit_ns)
        self._took(packet)
        return f"the capture ends inside {name}"

    # Damage

    def _name(self):
        """How a message names the frame at `position`."""
        return capture.name_frame(self.number + self.step, self.base + self.position)

    def _search(self):
        """What finds the next sound record; None where nothing sound came before."""
        order = ">" if self.big_endian else "<"
        if self.section is not None:
            return resync.BlockSearch(order, self.interfaces)
        if self.seconds < 0:
            return None
        return resync.RecordSearch(order, capture.NS // self.unit_ns, self.header_size, self.seconds)

    def _skip_damage(self, what):
        """Go on at the next sound record behind the damage at `position`; OVER where there is none."""
        search, begin = self._search(), self.base + self.position
        is_end, sound = search is None, False
        self.position += 1
        while search is not None:
            self.position, sound = search.find(self.buffer, self.position, self.limit, is_end)
            if sound or is_end:
                break
            self.need = self.limit - self.position + 1
            is_end = not self.fill()
        return self._tell_damage(what, self.base + self.position - begin if sound else None)

    def _tell_damage(self, what, skipped):
        self.warn(f"{self.path}: {capture.damage(what, skipped)}")
        self.number = self.step = 0
        self.longest = MAX_FRAME  # see the twin
        return OVER if skipped is None else EVENTS

    def _goes_on(self, is_pcap):
        """The stream ended before `need` bytes: whether a sound record stands in what is left, and what seemed cut was
        damaged."""
        at, search = self.position, self._search()
        least = self.header_size if is_pcap else 8
        if search is None or self.limit - at < least:
            return False
        place, sound = search.find(self.buffer, at + 1, self.limit, True)
        if not sound:
            return False
        if is_pcap:
            what = f"{self._name()} claims {self.u32(at + 8)} bytes"
        elif self.u32(at) == SECTION:
            what = "a later section header is damaged"
        else:
            what = f"a block claims {self.u32(at + 4)} bytes"
        self._tell_damage(what, place - at)
        self.position = place
        return True

    # pcapng

    def gather_pcapng(self):
        at: cython.Py_ssize_t
        length: cython.longlong
        kind: cython.longlong
        while self.gathered < BATCH:
            at = self.position
            self.need = 8
            if at + 8 > self.limit:
                return NEED
            kind = SECTION if self.section is None else self.u32(at)
            if kind == SECTION:
                if self.gathered:
                    return EVENTS
                code = self._open_section()
                if code != EVENTS:
                    return code
                continue
            length = self.u32(at + 4)
            if length < 12 or length > self.longest:
                return EVENTS if self.gathered else self._skip_damage(f"a block claims {length} bytes")
            self.need = length + 3 & ~3
            if at + self.need > self.limit:
                return NEED
            if not length & 3 and self.u32(at + length - 4) != length:
                return EVENTS if self.gathered else self._skip_damage("a block's lengths do not agree")
            if kind != ENHANCED or length < 32 or not self.gather_enhanced(at + 8, length - 12):
                if self.gathered:
                    return EVENTS
                self._other_block(kind, at, length)
            self.position = at + (length + 3 & ~3)
        return EVENTS

    def gather_enhanced(self, at, size):
        """The enhanced packet block whose body is there; False where the twin must read it."""
        index: cython.longlong = self.u32(at)
        captured: cython.longlong = self.u32(at + 12)
        original: cython.longlong = self.u32(at + 16)
        ticks: cython.ulonglong
        unit: cython.ulonglong
        if index >= self.interfaces or captured > size - 20:
            return False
        unit = self.tick_ns[index]
        ticks = self.u32(at + 4)
        ticks = ticks << 32 | self.u32(at + 8)
        if not unit or ticks > MAX_NS // unit:
            return False
        self.link_type = self.link_types[index]
        self.gather(at + 20, at + 20 + captured, max(original, captured), at - 8, ticks * unit)
        return True

    def _open_section(self):
        """A section header at `position`: the first broken one is no capture, a later one a warning."""
        at, first = self.position, self.section is None
        self.need = 12
        if at + 12 > self.limit:
            return NEED
        order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(bytes(self.buffer[at + 8 : at + 12]))
        length = int.from_bytes(self.buffer[at + 4 : at + 8], "big" if order == ">" else "little")
        if order is None or length < 28 or length > self.longest:
            return self._skip_damage(self._no_section(first))
        self.need = length
        if at + self.need > self.limit:
            return NEED
        self.big_endian = order == ">"
        self.section = capture.Section(order)
        self.interfaces = 0
        self.position = at + length
        return EVENTS

    def _no_section(self, first):
        if first:
            raise CaptureError(self.path, "the pcapng section header is damaged")
        return "a later section header is damaged"

    def _note_interface(self):
        """Flat copies of what the walk needs: link type, nanoseconds a tick (0: the twin must reckon)."""
        if len(self.section.interfaces) == self.interfaces:
            return  # there are too many
        newest = self.section.interfaces[self.interfaces]
        if self.interfaces == len(self.link_types):
            more = bytes(8 * self.interfaces)
            self.link_types = array("i", bytes(self.link_types) + more[: 4 * self.interfaces])
            self.tick_ns = array("Q", bytes(self.tick_ns) + more)
        even = newest.offset_s == 0 and capture.NS % newest.ticks_per_s == 0
        self.link_types[self.interfaces] = newest.link_type
        self.tick_ns[self.interfaces] = capture.NS // newest.ticks_per_s if even else 0
        self.interfaces += 1

    def _other_block(self, kind, at, length):
        """A block that is rare, or an enhanced packet block that is odd."""
        if kind in capture.NUMBERED:
            self.number += self.step
        if kind not in (1, 2, 3, 6):
            return
        body = bytes(memoryview(self.buffer)[at + 8 : at + length - 4])
        if kind == 1:
            capture.add_interface(self.section, body)
            self._note_interface()
        else:
            frame = capture.read_packet(self.section, kind, body, self.number + 1, 0)
            if frame is None:
                self.warn(f"{self.path}: {self._name()} is damaged and was left out")
                self.number += self.step
                return
            start = at + 8 + (4 if kind == 3 else 20)
            self.link_type = frame.link_type
            size = len(frame.data)
            self.gather(start, start + size, max(frame.original_length, size), at,
                        NO_TIME if frame.time_ns is None else frame.time_ns)

    def _end_pcapng(self):
        """The stream ended before `need` bytes: what is wrong, None if it ended well."""
        held = self.limit - self.position
        head = bytes(self.buffer[self.position : self.position + min(held, 4)])
        if head == capture.SECTION_MAGIC:
            return capture.damage(self._no_section(self.section is None), None)
        if held >= 8:
            return "the capture ends inside a block"
        return "the capture ends inside a block header" if held else None
