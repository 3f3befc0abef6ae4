"""Reads what is known of the power of mining hardware: `rules/efficiency.json`, or a user's own file.

Contract: `load_efficiencies(path)` gives the shipped efficiencies, with those of a user's file in their place where it
names the same algorithm; a wrong file raises ConfigError with its line. The format is that of the shipped file:
{"wall_factor": 1.1, "algorithms": [{"algo": "rx/0", "rate_unit": "kH/s", "watts_per_unit": {"low": 4, "typical": 8,
"high": 30}}, …]}; other members are for readers. Entries whose unit is no rate of work (TiB of storage) are left out.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from netminer_detect.data_files import rules_dir
from netminer_detect.errors import ConfigError
from netminer_detect.estimate.power import PREFIXES, UNITS, Efficiencies, Efficiency

FILE = "efficiency.json"
MAX_BYTES = 4 << 20
_RATE = re.compile(rf"([{''.join(PREFIXES)}]?)({'|'.join(UNITS)})/s\Z")
_FIELDS = ("low", "typical", "high")


def load_efficiencies(path: str | None = None) -> Efficiencies:
    """See the module's contract."""
    shipped = _read(os.path.join(rules_dir(), FILE))
    if path is None:
        return shipped
    own = _read(path)
    return Efficiencies({**shipped.by_algorithm, **own.by_algorithm}, own.wall_factor)


def _read(path: str) -> Efficiencies:
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(path, error.strerror or str(error), "name a file that can be read") from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(path, f"more than {MAX_BYTES} bytes", "name a file of efficiencies")
    try:
        text = raw.decode("utf-8-sig")
        whole = json.loads(text)
    except UnicodeDecodeError:
        raise ConfigError(path, "this is not UTF-8", "save the file as UTF-8") from None
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise ConfigError(f"{path}:{line}", "this is no JSON", "write it as rules/efficiency.json is") from None
    entries = whole.get("algorithms") if isinstance(whole, dict) else None
    if not isinstance(entries, list):
        raise ConfigError(f"{path}:1", "no list of algorithms", 'write {"algorithms": [{"algo": …}]}')
    found: dict[str, Efficiency] = {}
    for number, entry in enumerate(entries, 1):
        name, efficiency = _entry(entry, _place(path, text, entry, number))
        if efficiency is not None:
            found[name] = efficiency
    return Efficiencies(found, _factor(whole.get("wall_factor", 1), f"{path}:1"))


def _place(path: str, text: str, entry: Any, number: int) -> str:
    """path:line of an entry, by its name; its number in the list where it has none."""
    name = entry.get("algo") if isinstance(entry, dict) else None
    at = text.find(json.dumps(name, ensure_ascii=False)) if isinstance(name, str) else -1
    return f"{path}:{text.count(chr(10), 0, at) + 1}" if at >= 0 else f"{path}: entry {number}"


def _entry(entry: Any, place: str) -> tuple[str, Efficiency | None]:
    if not isinstance(entry, dict) or not isinstance(entry.get("algo"), str) or not entry["algo"]:
        raise ConfigError(place, "an entry without a name", 'give it "algo"')
    name, rate_unit, watts = entry["algo"], entry.get("rate_unit"), entry.get("watts_per_unit")
    if not isinstance(rate_unit, str) or not isinstance(watts, dict):
        raise ConfigError(place, f"{name} has no rate_unit or no watts_per_unit", "give both")
    values = [float(watts[field]) for field in _FIELDS if _is_watts(watts.get(field))]
    if len(values) != len(_FIELDS) or values != sorted(values):
        raise ConfigError(place, f"{name}: watts_per_unit are no rising numbers above 0",
                          'write {"low": 4, "typical": 8, "high": 30}')
    if not rate_unit.endswith("/s"):
        return name, None
    match = _RATE.match(rate_unit)
    if match is None:
        raise ConfigError(place, f"{name}: no rate is counted in {rate_unit}",
                          f"write a prefix ({', '.join(filter(None, PREFIXES))}) and {'/s, '.join(UNITS)}/s")
    return name, Efficiency(UNITS[match[2]], PREFIXES[match[1]], rate_unit, *values)


def _is_watts(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12


def _factor(value: object, place: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= 3:
        return float(value)
    raise ConfigError(place, f"wall_factor {value!r} is no number from 1 to 3", "write 1.1")
