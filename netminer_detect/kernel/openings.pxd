# The C types of openings.py.

cimport cython

@cython.final
cdef class Openings:
    cdef const unsigned char[::1] rows, length_rows
    cdef int[::1] row_offsets, row_starts, row_ranges, lengths, length_starts
    cdef int later_count, length_count

    cdef bint opens(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop, bint short_matters) except -1
    cdef bint any_opens(self, int row, int end, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop, bint short_matters) except -1
    cdef bint of_length(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef bint is_text(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t stop) except -1
