"""The packet kernel: captures in, packets of flows that deserve attention out (see `interface`).

Contract: `make_kernel(watch, max_flows)` gives the compiled kernel where it was built, else the plain one; the
environment variable NETMINER_KERNEL=plain asks for the plain one. `is_compiled()` says which it will be, `flow_bytes()`
the most memory that one of its flows takes.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from netminer_detect.kernel.policy import MAX_FLOWS

if TYPE_CHECKING:
    from netminer_detect.kernel.interface import Kernel, Watch


@cache
def _compiled() -> Any:
    """The module of the compiled kernel; None where it was not built: its source alone would only be slower."""
    try:
        from netminer_detect.kernel import fused
    except ImportError:
        return None
    return None if str(fused.__file__).endswith(".py") else fused


def is_compiled() -> bool:
    """Whether `make_kernel` gives the compiled kernel."""
    return os.environ.get("NETMINER_KERNEL") != "plain" and _compiled() is not None


# A row of 128 bytes and its slots of 8 to 16; a candidate is found by its number as well, and a flow in tunnels has its
# tunnels beside its row. The plain kernel's rows are objects.
_FLOW_BYTES, _PLAIN_FLOW_BYTES = 300, 1800


def flow_bytes() -> int:
    """See the module's contract."""
    return _FLOW_BYTES if is_compiled() else _PLAIN_FLOW_BYTES


def make_kernel(watch: Watch, max_flows: int = MAX_FLOWS) -> Kernel:
    """A kernel that looks for `watch` and keeps at most `max_flows` flows at a time."""
    if is_compiled():
        kernel: Kernel = _compiled().FusedKernel(watch, max_flows)
        return kernel
    from netminer_detect.kernel.plain import PlainKernel

    return PlainKernel(watch, max_flows)
