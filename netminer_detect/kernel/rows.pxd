# The C types of rows.py.

from netminer_detect.kernel.decoding cimport Decoder

cdef int S_HIGH, S_LOW, D_HIGH, D_LOW, ENDS, NUMBER, FIRST, LAST, SIZE, PAYLOAD, PACKETS, ISN, EXPECTED, VLANS, MAC, FLAGS, VLAN_SHIFT
cdef unsigned long long HAS_ISN, HAS_EXPECTED, FIN, JUDGED, REQUESTS, HELLO, SEEN, RESET, ESTABLISHED, CANDIDATE, EVERY, SETTLED, HAS_MAC, HAS_EXTRA, HANDED, LIVE, LOW, WORD
cdef long long NO_TIME

cdef class Rows:
    cdef public object closed, kept, handed, hellos
    cdef object extra
    cdef unsigned long long[:, ::1] rows
    cdef unsigned int[::1] slots
    cdef unsigned long long seed, number
    cdef Py_ssize_t max_flows, live, used, free, mask, slot_count, sweep_at, evict_at
    cdef int way
    cdef long long clock, earliest

    cdef unsigned long long end_hash(self, unsigned long long high, unsigned long long low, unsigned long long port) noexcept
    cdef unsigned long long row_hash(self, Py_ssize_t row) except? 0
    cdef Py_ssize_t find(self, Decoder packet) except -2
    cdef Py_ssize_t open(self, Decoder packet, long long time_ns) except -1
    cdef int insert(self, Py_ssize_t row) except -1
    cdef int widen(self) except -1
    cdef int close(self, Py_ssize_t row) except -1
    cdef int unlink(self, Py_ssize_t row) except -1
    cdef unsigned long long flags(self, Py_ssize_t row) except? 0
    cdef int set_flags(self, Py_ssize_t row, unsigned long long bits) except -1
    cdef int clear_flags(self, Py_ssize_t row, unsigned long long bits) except -1
    cdef unsigned long long half(self, Py_ssize_t row, int column, int way) except? 0
    cdef int set_half(self, Py_ssize_t row, int column, int way, unsigned long long value) except -1
    cdef unsigned long long payload(self, Py_ssize_t row, int way) except? 0
    cdef unsigned long long number_of(self, Py_ssize_t row) except? 0
    cdef int note_mac(self, Py_ssize_t row, unsigned long long mac) except -1
    cdef int hand_out(self, Py_ssize_t row) except -1
