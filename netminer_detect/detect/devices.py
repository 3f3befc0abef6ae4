"""What a mining device said of itself on its management interface, gathered from all its replies.

Contract: `Device.join(seen)` adds a reply: what is newer wins, what a reply does not say stays. `pool` and `port` are
the server that it says it mines at, `claim` is its own rate and power: claims, never measurements.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from netminer_detect.findings import Claim
from netminer_detect.observations import DeviceReported

MAX_TEXT = 256


class Device(Struct):
    """See the module's contract. `running`: a miner answered, not only a page of the device."""

    agent: str | None = None
    model: str | None = None
    pool: str | None = None
    port: int | None = None
    algorithm: str | None = None
    rate: Fraction | None = None
    unit: str = "hash"
    power_w: float | None = None
    running: bool = False

    def join(self, seen: DeviceReported | Device) -> None:
        """See the module's contract."""
        self.agent, self.model = _short(seen.agent) or self.agent, _short(seen.model) or self.model
        if seen.pool:
            self.pool, self.port = _short(seen.pool), seen.port
        self.algorithm = _short(seen.algorithm) or self.algorithm
        if seen.rate is not None:
            self.rate, self.unit = seen.rate, seen.unit
        self.power_w = self.power_w if seen.power_w is None else seen.power_w
        self.running = self.running or seen.running

    @property
    def product(self) -> str | None:
        """The program where it names itself, else the device; a page that only names the maker names neither."""
        return self.agent or (self.model if self.running else None)

    @property
    def claim(self) -> Claim | None:
        """See the module's contract."""
        if self.rate is None and self.power_w is None:
            return None
        return Claim(self.algorithm, self.unit, None if self.rate is None else float(self.rate), self.power_w)


def _short(text: str | None) -> str | None:
    return text[:MAX_TEXT] if text else None
