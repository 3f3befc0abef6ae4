# The C types of heads.py.

cimport cython

from netminer_detect.kernel.openings cimport Openings

cdef int BLANK, PASSED, HTTP, CANDIDATE, ASK, POSTED

@cython.final
cdef class Triage:
    cdef object watch, bindings
    cdef const unsigned long long[::1] names, endpoints
    cdef unsigned long long[::1] bound
    cdef unsigned char[::1] name
    cdef Openings openings

    cdef bint contains(self, const unsigned long long[::1] table, unsigned long long value) except -1
    cdef unsigned long long fnv_word(self, unsigned long long value, unsigned long long word, int size) noexcept
    cdef bint known(self, unsigned long long high, unsigned long long low, bint wide, int port) except -1
    cdef bint tied(self, unsigned long long one_high, unsigned long long one_low, unsigned long long other_high, unsigned long long other_low, bint wide) except -1
    cdef bint name_watched(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef Py_ssize_t blanks(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef int judge(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop, bint cut, bint datagram) except -1
    cdef int judge_hello(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef int judge_name(self, const unsigned char[::1] data, Py_ssize_t at, int length) except -1
    cdef int judge_http(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop, bint cut) except -1
    cdef int judge_request(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop, bint cut) except -1
    cdef int field(self, const unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end, bint front) except -1
    cdef bint dns_hit(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef bint dns_stream_hit(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef Py_ssize_t dns_name(self, const unsigned char[::1] data, Py_ssize_t at, Py_ssize_t start, Py_ssize_t stop) except -99
cdef bint _matches(const unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end, bytes word) except -1
