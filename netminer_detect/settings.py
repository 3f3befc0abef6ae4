"""What a run is asked to do.

Contract: `ScanSettings` is checked before anything is read; `parse_size` reads sizes as people write them. Wrong
values raise ConfigError.
"""

from __future__ import annotations

import re

from msgspec import Struct

from netminer_detect.errors import ConfigError
from netminer_detect.findings import Level
from netminer_detect.patterns import pattern

DEFAULT_MEMORY = 1 << 30
_SIZE = pattern(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\Z", re.IGNORECASE)
_POWERS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


class ScanSettings(Struct, frozen=True):
    """`inputs` as the user named them; `level` is the lowest rung to report; `memory` in bytes;
    `efficiency` a file of hardware's watts in place of the shipped ones; `suppress` files of suppressions."""

    inputs: tuple[str, ...]
    orgs: str | None = None
    inside: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    endpoints: bool = True
    level: Level = Level.LOOKUP
    sensor: str | None = None
    memory: int = DEFAULT_MEMORY
    jobs: int = 1
    efficiency: str | None = None
    suppress: tuple[str, ...] = ()


def parse_size(text: str, where: str) -> int:
    """Bytes of `512M`, `1G`, `2GiB`, `1073741824`; units are powers of 1024."""
    match = _SIZE.match(text.strip()) if len(text) < 32 else None
    size = int(float(match[1]) * (1 << _POWERS[match[2].upper()])) if match else 0
    if size < 1 << 20:
        raise ConfigError(f"{where} {text}", "no size of 1 MiB or more", "write it as 512M or 2G")
    return size
