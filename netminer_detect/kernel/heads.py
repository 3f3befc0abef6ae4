# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""Judges by the first bytes of a direction whether a flow deserves attention: the compiled half of `triage`.

Contract: `Triage.judge`, `judge_http`, `dns_hit` and `dns_stream_hit` say of `data[start:stop]` what their twins in
`triage` say, as numbers: BLANK, PASSED, HTTP, CANDIDATE, ASK where the twin must say it (a ClientHello that is not whole
in its segment), or POSTED where `triage.judge_body` must. `known` and `tied` look addresses up in the watched endpoints
and in what DNS bound. Tables are those of `watch`; nothing is copied but a name of DNS.
"""

import cython

from netminer_detect.kernel import policy

if cython.compiled:
    from cython.cimports.netminer_detect.kernel.openings import Openings
else:
    from netminer_detect.kernel.openings import Openings

# The values of triage.Verdict, ASK, and POSTED.
BLANK = cython.declare(cython.int, 0)
PASSED = cython.declare(cython.int, 1)
HTTP = cython.declare(cython.int, 2)
CANDIDATE = cython.declare(cython.int, 3)
ASK = cython.declare(cython.int, 4)
POSTED = cython.declare(cython.int, 5)

FNV_OFFSET = cython.declare(cython.ulonglong, 0xCBF29CE484222325)
FNV_PRIME = cython.declare(cython.ulonglong, 0x100000001B3)
WORD = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
MAX_BLANK = cython.declare(cython.Py_ssize_t, policy.MAX_BLANK)
MAX_NAME_EXTENSION = cython.declare(cython.int, policy.MAX_NAME_EXTENSION)
MAX_HTTP_HEAD = cython.declare(cython.Py_ssize_t, policy.MAX_HTTP_HEAD)
MAX_DNS_NAMES = cython.declare(cython.int, policy.MAX_DNS_NAMES)
MAX_DNS_JUMPS = cython.declare(cython.int, policy.MAX_DNS_JUMPS)
MAX_DNS_LABELS = cython.declare(cython.int, policy.MAX_DNS_LABELS)
# Results of dns_name besides a place.
HIT = cython.declare(cython.Py_ssize_t, -1)
BROKEN = cython.declare(cython.Py_ssize_t, 0)

# Methods of HTTP: the one whose body counts first, then the one that dials.
METHODS = cython.declare(
    tuple, (b"POST ", b"CONNECT ", b"GET ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"TRACE "))
CONNECT = cython.declare(cython.int, 1)
HOST = cython.declare(bytes, b"host:")
UPGRADE = cython.declare(bytes, b"upgrade:")
WEBSOCKET = cython.declare(bytes, b"websocket")
NO_FIELD = cython.declare(cython.int, 0)
HOST_FIELD = cython.declare(cython.int, 1)
HIT_FIELD = cython.declare(cython.int, 2)


class Triage:
    """See the module's contract."""

    def __init__(self, watch, bindings):
        self.watch, self.bindings = watch, bindings
        self.names, self.endpoints = memoryview(watch.names), memoryview(watch.endpoints)
        self.bound = memoryview(bindings.table)
        self.name = bytearray(256)
        self.openings = Openings(watch)

    # Tables

    def contains(self, table, value):
        """See `watch.contains`."""
        mask: cython.ulonglong = table.shape[0] - 1
        slot: cython.ulonglong = value >> 20 & mask
        i: cython.Py_ssize_t
        found: cython.ulonglong
        for i in range(table.shape[0]):
            found = table[slot]
            if found == 0 or found == value:
                return found == value
            slot = (slot + 1) & mask
        return False

    def fnv_word(self, value, word, size):
        """FNV-1a over the lowest `size` bytes of a word, highest first."""
        i: cython.int
        for i in range(size - 1, -1, -1):
            value = ((value ^ (word >> 8 * i & 255)) * FNV_PRIME) & WORD
        return value

    def known(self, high, low, wide, port):
        """Whether an address and port are watched."""
        value: cython.ulonglong = FNV_OFFSET
        if wide:
            value = self.fnv_word(value, high, 8)
        value = self.fnv_word(value, low, 8 if wide else 4)
        value = self.fnv_word(value, port, 2)
        return self.contains(self.endpoints, value or 1)

    def tied(self, one_high, one_low, other_high, other_low, wide):
        """Whether DNS bound two addresses, in this order."""
        value: cython.ulonglong = FNV_OFFSET
        if wide:
            value = self.fnv_word(self.fnv_word(value, one_high, 8), one_low, 8)
            value = self.fnv_word(self.fnv_word(value, other_high, 8), other_low, 8)
        else:
            value = self.fnv_word(self.fnv_word(value, one_low, 4), other_low, 4)
        return self.contains(self.bound, value or 1)

    def name_watched(self, data, start, stop):
        """See `watch.name_watched`."""
        value: cython.ulonglong = FNV_OFFSET
        at: cython.Py_ssize_t
        byte: cython.uchar
        while stop > start and data[stop - 1] == 0x2E:
            stop -= 1
        for at in range(stop - 1, start - 1, -1):
            byte = data[at]
            if 0x41 <= byte <= 0x5A:
                byte |= 0x20
            value = ((value ^ byte) * FNV_PRIME) & WORD
            if (at == start or data[at - 1] == 0x2E) and self.contains(self.names, value or 1):
                return True
        return False

    # Heads

    def blanks(self, data, start, stop):
        """The first byte that is none of triage.BLANKS, at most MAX_BLANK away; else `stop`."""
        at: cython.Py_ssize_t
        byte: cython.uchar
        end: cython.Py_ssize_t = min(stop, start + MAX_BLANK)
        for at in range(start, end):
            byte = data[at]
            if not (byte == 0x20 or byte == 9 or byte == 13 or byte == 10 or byte == 0
                    or byte == 0xEF or byte == 0xBB or byte == 0xBF):
                return at
        return stop

    def judge(self, data, start, stop, cut, datagram):
        """See `triage.judge_head`."""
        code: cython.int
        at: cython.Py_ssize_t
        if self.openings.opens(data, start, stop, not cut and not datagram):
            return CANDIDATE
        if self.openings.length_count and not cut and not datagram and self.openings.of_length(data, start, stop):
            return CANDIDATE
        at = self.blanks(data, start, stop)
        if at == stop:
            return BLANK
        if data[at] == 0x7B:
            return CANDIDATE
        if datagram:
            return PASSED
        if data[start] == 0x16:
            code = self.judge_hello(data, start, stop)
            return PASSED if cut and code == ASK else code
        return self.judge_http(data, start, stop, cut)

    def judge_hello(self, data, start, stop):
        """See `triage`; ASK where the segment ends before the server name."""
        size: cython.Py_ssize_t = stop - start
        at: cython.Py_ssize_t
        left: cython.int
        length: cython.int
        handshake: cython.int
        if (size >= 2 and data[start + 1] != 3) or (size >= 6 and data[start + 5] != 1):
            return PASSED
        if size < 44:
            return ASK
        handshake = data[start + 6] << 16 | data[start + 7] << 8 | data[start + 8]
        if (data[start + 3] << 8 | data[start + 4]) < handshake + 4:
            return CANDIDATE
        at = 44 + data[start + 43]
        if at + 2 > size:
            return ASK
        at += 2 + (data[start + at] << 8 | data[start + at + 1])
        if at + 1 > size:
            return ASK
        at += 1 + data[start + at]
        if at >= 9 + handshake:
            return CANDIDATE
        if at + 2 > size:
            return ASK
        left = data[start + at] << 8 | data[start + at + 1]
        at += 2
        while left >= 4:
            if at + 4 > size:
                return ASK
            length = data[start + at + 2] << 8 | data[start + at + 3]
            if length + 4 > left:
                return CANDIDATE
            if data[start + at] == 0 and data[start + at + 1] == 0:
                if length > MAX_NAME_EXTENSION:
                    return CANDIDATE
                if at + 4 + length > size:
                    return ASK
                return self.judge_name(data, start + at + 4, length)
            at += 4 + length
            left -= 4 + length
        return CANDIDATE

    def judge_name(self, data, at, length):
        """The server_name extension's body."""
        size: cython.int
        if length < 6 or data[at + 2] != 0:
            return CANDIDATE
        size = data[at + 3] << 8 | data[at + 4]
        if size == 0 or 5 + size > length:
            return CANDIDATE
        return CANDIDATE if self.name_watched(data, at + 5, at + 5 + size) else PASSED

    # HTTP

    def judge_http(self, data, start, stop, cut):
        """See `triage.judge_http`."""
        number: cython.int = 0
        i: cython.Py_ssize_t
        size: cython.Py_ssize_t
        code: cython.int
        first: cython.uchar = data[start]
        if not (first == 0x50 or first == 0x43 or first == 0x47 or first == 0x48 or first == 0x44 or first == 0x4F
                or first == 0x54):
            return PASSED
        method: bytes
        for method in METHODS:
            size = len(method)
            i = 0
            while i < size and start + i < stop and data[start + i] == cython.cast(cython.uchar, method[i]):
                i += 1
            if i == size:
                if number == CONNECT:
                    return CANDIDATE
                code = self.judge_request(data, start, stop, cut)
                return POSTED if number == 0 and code == HTTP else code
            if not cut and start + i == stop:
                return CANDIDATE
            number += 1
        return PASSED

    def judge_request(self, data, start, stop, cut):
        """A request that carries no JSON itself: by its path, its Host, or an upgrade to WebSocket."""
        end: cython.Py_ssize_t = min(stop, start + MAX_HTTP_HEAD)
        at: cython.Py_ssize_t = start
        line: cython.Py_ssize_t
        tail: cython.Py_ssize_t
        code: cython.int
        named: cython.bint = False
        front: cython.bint = (
            start + 6 <= stop and data[start] == 0x47 and data[start + 4] == 0x2F and data[start + 5] == 0x20)
        if self.openings.opens(data, start, stop, False):
            return CANDIDATE
        while at < end and data[at] != 10:
            at += 1
        while at < end:
            line = at + 1
            at = line
            while at < end and data[at] != 10:
                at += 1
            if at >= end:
                break
            tail = at
            while tail > line and data[tail - 1] == 13:
                tail -= 1
            if tail == line:
                return HTTP
            code = self.field(data, line, tail, front)
            if code == HIT_FIELD:
                return CANDIDATE
            named = named or code == HOST_FIELD
        return HTTP if named or cut else CANDIDATE

    def field(self, data, at, end, front):
        """One field of a request's head; `front`: it asks for the first page."""
        low: cython.uchar = data[at] | 0x20
        colon: cython.Py_ssize_t
        if low == 0x68 and _matches(data, at, end, HOST):
            at += 5
            while at < end and (data[at] == 0x20 or data[at] == 9):
                at += 1
            while end > at and (data[end - 1] == 0x20 or data[end - 1] == 9):
                end -= 1
            colon = at
            while colon < end and data[colon] != 0x3A:
                colon += 1
            return HIT_FIELD if (front and colon < end) or self.name_watched(data, at, colon) else HOST_FIELD
        if low == 0x75 and _matches(data, at, end, UPGRADE):
            at += 8
            while at < end and (data[at] == 0x20 or data[at] == 9):
                at += 1
            return HIT_FIELD if _matches(data, at, end, WEBSOCKET) else NO_FIELD
        return NO_FIELD

    # DNS

    def dns_stream_hit(self, data, start, stop):
        """See `triage.dns_stream_hit`."""
        length: cython.Py_ssize_t
        while start + 2 <= stop:
            length = data[start] << 8 | data[start + 1]
            if length < 12:
                return False
            if start + 2 + length > stop or self.dns_hit(data, start + 2, start + 2 + length):
                return True
            start += 2 + length
        return False

    def dns_hit(self, data, start, stop):
        """See `triage.dns_hit`."""
        at: cython.Py_ssize_t = start + 12
        questions: cython.int
        answers: cython.int
        names: cython.int = 0
        if stop - start < 12:
            return False
        questions = data[start + 4] << 8 | data[start + 5]
        answers = data[start + 6] << 8 | data[start + 7]
        while questions + answers:
            names += 1
            if names > MAX_DNS_NAMES:
                return False
            at = self.dns_name(data, at, start, stop)
            if at <= 0:
                return at == HIT
            if questions:
                questions -= 1
                at += 4
                continue
            answers -= 1
            if at + 10 > stop:
                return False
            if data[at] == 0 and data[at + 1] == 5 and self.dns_name(data, at + 10, start, stop) == HIT:
                return True
            at += 10 + (data[at + 8] << 8 | data[at + 9])
        return False

    def dns_name(self, data, at, start, stop):
        """Read a name: HIT if it is watched, BROKEN if it is none, else the place behind it."""
        after: cython.Py_ssize_t = 0
        size: cython.Py_ssize_t = 0
        jumps: cython.int = 0
        labels: cython.int = 0
        length: cython.int = 0
        count: cython.int
        i: cython.int
        while True:
            if at >= stop:
                return BROKEN
            count = data[at]
            if count == 0:
                break
            if count >= 0xC0:
                jumps += 1
                if at + 1 >= stop or jumps > MAX_DNS_JUMPS:
                    return BROKEN
                after = after or at + 2
                at = start + ((data[at] << 8 | data[at + 1]) & 0x3FFF)
                continue
            length += count + 1
            if count > 63 or length > 255 or labels >= MAX_DNS_LABELS or at + 1 + count > stop:
                return BROKEN
            if labels:
                self.name[size] = 0x2E
                size += 1
            labels += 1
            for i in range(count):
                self.name[size + i] = data[at + 1 + i]
            size += count
            at += 1 + count
        if self.name_watched(self.name, 0, size):
            return HIT
        return after or at + 1


def _matches(data, at, end, word):
    """Whether lower-case `word` stands at `at`, in any case."""
    i: cython.Py_ssize_t
    byte: cython.uchar
    if at + len(word) > end:
        return False
    for i in range(len(word)):
        byte = data[at + i]
        if 0x41 <= byte <= 0x5A:
            byte |= 0x20
        if byte != cython.cast(cython.uchar, word[i]):
            return False
    return True
