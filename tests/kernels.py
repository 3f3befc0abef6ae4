"""The kernels that can be tested here: the plain one, and the compiled one where it was built."""

from __future__ import annotations

from netminer_detect.kernel import is_compiled
from netminer_detect.kernel.plain import PlainKernel

KERNELS = {"plain": PlainKernel}
if is_compiled():
    from netminer_detect.kernel.fused import FusedKernel

    KERNELS["compiled"] = FusedKernel
