# The C types of rows.py.

from netminer_detect.kernel.decoding cimport Decoder

cdef unsigned long long LOW, WORD, NUMBERS
cdef long long NO_TIME

cdef class Rows:
    cdef public list closed
    cdef public dict kept, handed, hellos
    cdef dict extra
    cdef unsigned long long[:, ::1] rows
    cdef unsigned long long[::1] slots
    cdef unsigned long long seed, number
    cdef Py_ssize_t max_flows, live, used, free, mask, slot_count, sweep_at, evict_at
    cdef int way
    cdef long long clock, earliest

    cdef unsigned long long row_hash(self, Py_ssize_t row) except? 0
    cdef int look_up(self, list batch, Py_ssize_t count) except -1
    cdef Py_ssize_t find(self, Decoder packet) except -2
    cdef bint matches(self, Py_ssize_t row, Decoder packet) except -1
    cdef bint is_loop(self, Decoder packet) noexcept
    cdef Py_ssize_t open(self, Decoder packet) except -1
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
