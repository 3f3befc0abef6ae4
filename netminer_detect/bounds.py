"""Shares one figure of memory out among all that a scan keeps.

Contract: `Bounds.of(memory, flow_bytes, series, inflates)` says how much each part may take so that the whole process
stays within `memory` bytes, BASE for the program itself. Nothing is measured while it runs: the same input and the
same figure give the same findings on every machine. Bounds are for one series; series read side by side have as much
each. Below LEAST there is nothing to share out, and LEAST is what is used.

When a part is full: half-open and never answered flows go first, then the longest silent that say nothing of mining,
then miners; of findings the proofs beyond the first go first, then the lowest rungs. What is given up is counted.
"""

from __future__ import annotations

from msgspec import Struct

MIB = 1 << 20
# The interpreter, the program, its rules, a buffer of 1 MiB and what waits in it, fragments, an inflated piece.
BASE = 38 * MIB
LEAST = 58 * MIB
# More is no capture's, but more address space than systems promise.
MOST_FLOWS = 1 << 26
# The window of `xz` by default is 8 MiB, of `xz -9` 64 MiB, of `zstd --ultra -22` 128 MiB.
LEAST_WINDOW, MOST_WINDOW = 9 * MIB, 129 * MIB
# Percent of what is left. At the end of a scan flows are gone, and findings take as much again to be told.
FLOWS, READERS, NAMES, DRAFTS = 30, 23, 7, 40
# A question and an answer that are kept: names of 255 bytes, addresses, marks, and what they are found by.
NAME_BYTES = 1600


class Bounds(Struct, frozen=True):
    """`flows`: how many the table keeps; `readers`, `drafts`: bytes of flows being read and of findings in the making;
    `kept`: bytes of the findings of series read before; `names`: entries of what DNS told; `window`: bytes that a
    decompressor may ask for."""

    flows: int
    readers: int
    drafts: int
    kept: int
    names: int
    window: int

    @classmethod
    def of(cls, memory: int, flow_bytes: int, series: int = 1, inflates: bool = False) -> Bounds:
        """See the module's contract. `flow_bytes` is the most that a flow costs in the kernel's table."""
        left = max(memory, LEAST) - BASE
        window = min(max(left // 3, LEAST_WINDOW), MOST_WINDOW)
        if inflates:
            left -= window
        drafts = left * DRAFTS // 100
        return cls(
            flows=min(left * FLOWS // 100 // flow_bytes, MOST_FLOWS),
            readers=left * READERS // 100,
            drafts=drafts if series < 2 else drafts // 2,
            kept=drafts if series < 2 else drafts // 2,
            names=left * NAMES // 100 // NAME_BYTES,
            window=window,
        )
