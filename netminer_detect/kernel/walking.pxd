# The C types of walking.py.

from netminer_detect.kernel.decoding cimport Decoder

cdef class Walker:
    cdef Decoder packet
    cdef object buffer, section, stream, path, warn
    cdef public list pending
    cdef Py_ssize_t position, record, limit, need
    cdef long long base
    cdef bint big_endian
    cdef int header_size, link_type
    cdef Py_ssize_t interfaces
    cdef long long unit_ns, number
    cdef int[::1] link_types
    cdef unsigned long long[::1] tick_ns

    cdef Py_ssize_t u32(self, Py_ssize_t at) except -1
    cdef int walk_pcap(self) except -1
    cdef int pcap_frame(self, Py_ssize_t at, Py_ssize_t end) except -1
    cdef int walk_pcapng(self) except -1
    cdef int walk_enhanced(self, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int frame(self, Py_ssize_t at, Py_ssize_t end, long long original, long long time_ns) except -1
