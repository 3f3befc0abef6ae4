"""What every reader of a flow's bytes looks like: carriers and the dialects inside them.

Contract: a reader is fed both directions of one flow in stream order and returns the observations that became
known. It keeps no clock, opens nothing, never raises, and holds bounded memory. `done` says that nothing more
can be learned from the flow: its packets need not be read any longer. Carriers nest: one that carries another
stream (SOCKS, CONNECT, PROXY) makes an inner reader with the `Inner` it was given, and feeds it the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from netminer_detect.marks import Mark
from netminer_detect.observations import Observation, Side


class Reader(Protocol):
    """See the module's contract."""

    @property
    def done(self) -> bool: ...

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """Bytes of one direction, in order; `mark` is the frame that carried the last of them."""
        ...

    def gap(self, side: Side, size: int) -> list[Observation]:
        """`size` bytes of one direction are missing here."""
        ...

    def close(self) -> list[Observation]:
        """The flow is over."""
        ...


Inner = Callable[[], Reader]
