"""The packet kernel: captures in, packets of flows that deserve attention out (see `interface`).

Contract: `make_kernel(watch, max_flows)` gives the compiled kernel where it was built, else the plain one; the
environment variable NETMINER_KERNEL=plain asks for the plain one. `is_compiled()` says which it will be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netminer_detect.kernel.policy import MAX_FLOWS

if TYPE_CHECKING:
    from netminer_detect.kernel.interface import Kernel, Watch


def is_compiled() -> bool:
    """Whether `make_kernel` gives the compiled kernel."""
    return False


def make_kernel(watch: Watch, max_flows: int = MAX_FLOWS) -> Kernel:
    """A kernel that looks for `watch` and keeps at most `max_flows` flows at a time."""
    from netminer_detect.kernel.plain import PlainKernel

    return PlainKernel(watch, max_flows)
