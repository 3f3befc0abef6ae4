"""Where bytes stand in the input.

Contract: a `Mark` names a frame: `capture` counts the inputs of the run from 0, `frame` is Wireshark's number
in that capture, `offset` the place of its record in the (inflated) file, `time_ns` UTC nanoseconds. What is
not known is None.
"""

from __future__ import annotations

from msgspec import Struct


class Mark(Struct, frozen=True):
    """One frame of one capture."""

    capture: int
    frame: int | None
    offset: int | None
    time_ns: int | None
