# The C types of decoding.py.

cimport cython

@cython.final
cdef class Decoder:
    cdef const unsigned char[::1] data
    cdef int link_type, code
    cdef Py_ssize_t at, end
    cdef long long size, number, record, time_ns, seconds
    cdef unsigned long long hash, key, ends, seed
    cdef int protocol, source_port, destination_port, flags, vlan_count, ethertype
    cdef bint wide, turned
    cdef unsigned long long source_high, source_low, destination_high, destination_low, vlans
    cdef long long sequence, acknowledgement
    cdef Py_ssize_t start, stop, missing

    cdef int decode(self) except -1
    cdef long long number_at(self, Py_ssize_t at, bint big_endian) noexcept
    cdef Py_ssize_t take_record(self, Py_ssize_t at, Py_ssize_t limit, int header, bint big_endian, long long unit_ns) except -1
    cdef int read_record(self, Py_ssize_t at, Py_ssize_t end, int header, bint big_endian, long long unit_ns) except -1
    cdef int u16(self, Py_ssize_t at) noexcept
    cdef unsigned int u32(self, Py_ssize_t at) noexcept
    cdef unsigned long long u64(self, Py_ssize_t at) noexcept
    cdef Py_ssize_t first_layer(self) noexcept
    cdef Py_ssize_t peel(self, Py_ssize_t at) noexcept
    cdef int ipv4(self, Py_ssize_t at) noexcept
    cdef int ipv6(self, Py_ssize_t at) noexcept
    cdef int by_layers(self) noexcept
    cdef inline int span(self, Py_ssize_t start, Py_ssize_t end) noexcept
    cdef int order(self) noexcept
    cdef inline bint tunnel_port(self, int port) noexcept
    cdef int transport(self, Py_ssize_t at, Py_ssize_t end) noexcept

cdef unsigned int reversed_bytes(unsigned int value) noexcept
cdef unsigned long long flow_hash(unsigned long long seed, unsigned long long key, unsigned long long ends) noexcept
cdef unsigned long long address_hash(unsigned long long seed, unsigned long long high, unsigned long long low) noexcept
