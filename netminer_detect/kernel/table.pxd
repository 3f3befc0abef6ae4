# The C types of table.py.

cimport cython

from netminer_detect.kernel.decoding cimport Decoder
from netminer_detect.kernel.rows cimport Rows

@cython.final
cdef class FlowTable(Rows):
    cdef bint pass_by(self, Decoder packet) except -1
    cdef inline unsigned long long count(self, Py_ssize_t row, int way, Decoder packet, unsigned long long flags) noexcept
    cdef inline bint is_done(self, unsigned long long flags, int way, Decoder packet) noexcept
    cdef int join(self, Py_ssize_t row, int way, Decoder packet) except -1
    cdef bint goes_on(self, Py_ssize_t row, int way, Decoder packet) except -1
    cdef bint syn_belongs(self, Py_ssize_t row, int way, Decoder packet) except -1
    cdef unsigned long long mark(self, Py_ssize_t row, int way, Decoder packet, unsigned long long flags) except? 0
    cdef int follow(self, Py_ssize_t row, int way, Decoder packet) except -1
    cdef inline int advance(self, Py_ssize_t row, int way, unsigned long long end) noexcept
    cdef bint half_open(self, unsigned long long flags, Py_ssize_t row) except -1
    cdef int sweep(self) except -1
    cdef int evict(self) except -1
    cdef int rank(self, unsigned long long flags, Py_ssize_t row) except -1

cdef long long ahead(unsigned long long sequence, unsigned long long expected) noexcept
