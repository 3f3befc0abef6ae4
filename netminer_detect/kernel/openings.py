# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, initializedcheck=False
"""Compares the first bytes of a direction with the rows of `Watch.openings` and `Watch.lengths`: part of `heads`.

Contract: `opens` and `of_length` say of `data[start:stop]` what their twins in `triage` say.
"""

from array import array
from itertools import accumulate

import cython

from netminer_detect.kernel import policy

MAX_PART = cython.declare(cython.Py_ssize_t, policy.MAX_PART)


class Openings:
    """See the module's contract."""

    def __init__(self, watch):
        # Rows further in come first; those at the very beginning stand in the order of their first bytes.
        openings = sorted(watch.openings, key=lambda opening: (opening[0] == 0, opening[1][0]))
        self.later_count = sum(offset > 0 for offset, _ in openings)
        firsts = [0] * 257
        for offset, row in openings:
            firsts[row[0] + 1] += offset == 0
        self.row_ranges = array("i", list(accumulate(firsts, initial=self.later_count))[1:])
        self.row_offsets = array("i", [offset for offset, _ in openings] or [0])
        self.row_starts = array("i", list(accumulate((len(row) for _, row in openings), initial=0)))
        self.rows = b"".join(row for _, row in openings) or b"\0"
        self.length_count = len(watch.lengths)
        self.lengths = array("i", [size for size, _ in watch.lengths] or [0])
        self.length_starts = array("i", list(accumulate((len(row) for _, row in watch.lengths), initial=0)))
        self.length_rows = b"".join(row for _, row in watch.lengths) or b"\0"

    def opens(self, data, start, stop, short_matters):
        """Whether a row of openings matches, or may match once there is more. The payload is not empty."""
        first: cython.uchar = data[start]
        return (self.any_opens(0, self.later_count, data, start, stop, short_matters)
                or self.any_opens(self.row_ranges[first], self.row_ranges[first + 1], data, start, stop, short_matters))

    def any_opens(self, row, end, data, start, stop, short_matters):
        """Whether one of some rows matches, or may."""
        i: cython.int
        at: cython.Py_ssize_t
        k: cython.Py_ssize_t
        for i in range(row, end):
            at = start + self.row_offsets[i]
            k = self.row_starts[i]
            if at < stop and data[at] != self.rows[k]:
                continue
            if at >= stop and stop - start > MAX_PART:
                continue
            while k < self.row_starts[i + 1] and at < stop and data[at] == self.rows[k]:
                at += 1
                k += 1
            if k == self.row_starts[i + 1] or (short_matters and at >= stop):
                return True
        return False

    def of_length(self, data, start, stop):
        """See `triage.of_length`."""
        size: cython.Py_ssize_t = stop - start
        i: cython.int
        at: cython.Py_ssize_t
        k: cython.Py_ssize_t
        for i in range(self.length_count):
            if size > self.lengths[i] or MAX_PART < size < self.lengths[i]:
                continue
            at = start
            k = self.length_starts[i]
            while k < self.length_starts[i + 1] and at < stop and data[at] == self.length_rows[k]:
                at += 1
                k += 1
            if k < self.length_starts[i + 1] and at < stop:
                continue
            if size < self.lengths[i]:
                return True
            if k == self.length_starts[i + 1]:
                return not self.is_text(data, start, stop)
        return False

    def is_text(self, data, start, stop):
        """Whether all bytes are printable, or breaks of lines."""
        at: cython.Py_ssize_t
        for at in range(start, stop):
            if data[at] >= 0x7F or (data[at] < 0x20 and not (data[at] == 9 or data[at] == 10 or data[at] == 13)):
                return False
        return True
