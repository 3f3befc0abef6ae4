# The C types of walking.py.

from netminer_detect.kernel.decoding cimport Decoder

cdef class Walker:
    cdef list batch
    cdef Py_ssize_t gathered, taken
    cdef const unsigned char[::1] data
    cdef object buffer, section, stream, path, warn
    cdef public list pending
    cdef Py_ssize_t position, limit, need
    cdef long long base
    cdef bint big_endian
    cdef int header_size, link_type, step
    cdef Py_ssize_t interfaces
    cdef long long unit_ns, number, seconds, longest
    cdef int[::1] link_types
    cdef unsigned long long[::1] tick_ns

    cdef long long u32(self, Py_ssize_t at) except -1
    cdef int gather(self, Py_ssize_t at, Py_ssize_t end, long long size, Py_ssize_t record, long long time_ns) except -1
    cdef bint take_batch(self) except -1
    cdef int gather_pcap(self) except -1
    cdef inline int _place(self, Decoder packet, Py_ssize_t at) noexcept
    cdef inline int _took(self, Decoder packet) noexcept
    cdef int _no_frame(self, Py_ssize_t size) except -1
    cdef int gather_pcapng(self) except -1
    cdef bint gather_enhanced(self, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int look_up(self) except -1
