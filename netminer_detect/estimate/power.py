"""Power from rates: watts by the efficiency of an algorithm's hardware.

Contract: `power_of(works, efficiencies)` gives the power of work whose rate is known, None where there is none that
`efficiencies` knows. Low is the low rate at the low efficiency, high the high rate at the high; power of different
algorithms adds up. These are watts of the device; `wall_factor` says what the meter reads more (power supply, host).
An algorithm that is not known gives no power: hardware differs by ten million between them.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from netminer_detect.findings import Power, Work

# Rate prefixes, and the unit of work that a rate counts ("G/s" are graphs of Cuckoo cycles, not thousand millions).
PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
UNITS = {"H": "hash", "Sol": "sol", "G": "graph", "proof": "proof"}
# One graph in so many has a cycle of 42 edges, a solution (Grin's doc/pow).
GRAPHS_PER_SOLUTION = 42.0


class Efficiency(Struct, frozen=True):
    """Watts of an algorithm's hardware at a rate of `scale` units of work a second, which people call `rate_unit`."""

    unit: str
    scale: float
    rate_unit: str
    low: float
    typical: float
    high: float

    def per(self, unit: str) -> float | None:
        """How much of the rate unit one unit of work a second is, None where they do not compare."""
        if unit == self.unit:
            return 1 / self.scale
        return GRAPHS_PER_SOLUTION / self.scale if (unit, self.unit) == ("sol", "graph") else None


class Efficiencies(Struct, frozen=True):
    """What is known of hardware, by algorithm; `wall_factor` is what the meter reads over the device's own watts."""

    by_algorithm: Mapping[str, Efficiency]
    wall_factor: float = 1.0


NOTHING_KNOWN = Efficiencies({})


def power_of(works: list[Work], efficiencies: Efficiencies) -> Power | None:
    """See the module's contract."""
    low = typical = high = 0.0
    basis: list[str] = []
    for work in works:
        efficiency = efficiencies.by_algorithm.get(work.algorithm or "")
        scale = efficiency.per(work.unit) if efficiency is not None else None
        if efficiency is None or scale is None:
            continue
        if work.rate is None or work.rate_low is None or work.rate_high is None:
            continue
        low += work.rate_low * scale * efficiency.low
        typical += work.rate * scale * efficiency.typical
        high += work.rate_high * scale * efficiency.high
        basis.append(f"{work.algorithm}: {efficiency.low:g} to {efficiency.high:g} W per {efficiency.rate_unit}")
    return Power(low, typical, high, "; ".join(basis), efficiencies.wall_factor) if basis else None
