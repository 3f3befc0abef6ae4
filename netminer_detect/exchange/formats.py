"""Finds the formats of exchange: every module of this folder with `write` can be exported to, with `read` imported.

Contract: `writers()` and `readers()` list them by name, `module_of(name)` imports one. A writer has `CARRIES`, the
types of indicators that it can say, may have `fits(indicator)` where it cannot say all of these (`has_place` asks for
both), and has `write(indicators, options)`, which gives lines of text; a reader has `resembles(head)`, which tells its
format by the first characters of a text, and `read(text)`, which gives what stands in it as `Mention`s and `Passed`.
"""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType

from msgspec import Struct

import netminer_detect.exchange as folder
from netminer_detect.discovery import module_names
from netminer_detect.exchange.indicators import Indicator

SID_BASE = 1_400_000


class ExportOptions(Struct, frozen=True):
    """`sid_base` is the first number of Suricata rules; sids lie in the 500 000 behind it."""

    sid_base: int = SID_BASE


class Mention(Struct, frozen=True):
    """A value that stands in a foreign text, on a line, and what the text says of it (see `indicators.notes`; `type`
    where it is told)."""

    line: int
    value: str
    notes: dict[str, str]


class Passed(Struct, frozen=True):
    """What a reader passed over, and why (a code of `sieve.WHY`)."""

    line: int
    text: str
    why: str


@cache
def _modules() -> dict[str, ModuleType]:
    return {name: importlib.import_module(f"{folder.__name__}.{name}") for name in module_names(folder)}


def writers() -> list[str]:
    """The formats that can be written."""
    return [name for name, module in _modules().items() if hasattr(module, "write")]


def readers() -> list[str]:
    """The formats that can be read."""
    return [name for name, module in _modules().items() if hasattr(module, "read")]


def has_place(module: ModuleType, indicator: Indicator) -> bool:
    """Whether a format can say an indicator."""
    fits = getattr(module, "fits", None)
    return indicator.type in module.CARRIES and (fits is None or fits(indicator))


def module_of(name: str) -> ModuleType:
    """The module of a format."""
    return _modules()[name]
