# The C types of fused.py.

from netminer_detect.kernel.decoding cimport Decoder
from netminer_detect.kernel.heads cimport Triage
from netminer_detect.kernel.table cimport FlowTable
from netminer_detect.kernel.walking cimport Walker

cdef class FusedKernel(Walker):
    cdef public object counters
    cdef object watch, bindings, fragments, tunnels, more_vlans
    cdef Decoder packet
    cdef FlowTable table
    cdef Triage triage
    cdef const unsigned char[::1] aside
    cdef bint is_aside, any_bound
    cdef long long packets, octets, evicted, until_sweep
    cdef long long[::1] defects

    cdef int look_up(self) except -1
    cdef bint take_batch(self) except -1
    cdef int _take_other(self) except -1
    cdef int take(self) except -1
    cdef Py_ssize_t begin(self) except -1
    cdef int hand_out(self, Py_ssize_t row, int way) except -1
    cdef bint deserves(self, Py_ssize_t row, int way) except -1
    cdef bint judge(self, Py_ssize_t row, int way) except -1
    cdef bint judge_head(self, Py_ssize_t row, int way, bint cut) except -1
    cdef bint judge_later(self, Py_ssize_t row, int way, bint cut) except -1
    cdef bint answers_unseen(self, Py_ssize_t row, int way) except -1
