"""Finds the output formats: every module of this folder with `SUFFIXES` and `write` is one, named like itself.

Contract: `names()` lists them, `exists(name)` and `writer(name)` import one, `of_path(text)` splits `[FORMAT:]FILE`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import TextIO

import netminer_detect.outputs as folder
from netminer_detect.discovery import module_names
from netminer_detect.errors import ConfigError
from netminer_detect.findings import Report
from netminer_detect.outputs.options import OutputOptions

Writer = Callable[[Report, TextIO, OutputOptions], None]


@cache
def _suffixes() -> dict[str, tuple[str, ...]]:
    found = {}
    for name in module_names(folder):
        suffixes = _suffixes_of(name)
        if suffixes is not None:
            found[name] = suffixes
    return found


def _suffixes_of(name: str) -> tuple[str, ...] | None:
    suffixes: tuple[str, ...] | None = getattr(importlib.import_module(f"{folder.__name__}.{name}"), "SUFFIXES", None)
    return suffixes


def exists(name: str) -> bool:
    """Whether there is such a format."""
    return name in module_names(folder) and _suffixes_of(name) is not None


def names() -> list[str]:
    """The formats, sorted."""
    return sorted(_suffixes())


def writer(name: str) -> Writer:
    """The function that writes a format."""
    found: Writer = importlib.import_module(f"{folder.__name__}.{name}").write
    return found


def of_path(text: str) -> tuple[str, str]:
    """(format, path) of `[FORMAT:]FILE`; the format by suffix where none is named. Raises ConfigError."""
    name, colon, path = text.partition(":")
    if colon and name in _suffixes() and path:
        return name, path
    for name, suffixes in _suffixes().items():
        if text.lower().endswith(suffixes):
            return name, text
    raise ConfigError(f"-o {text}", "the format cannot be told from the name",
                      f"write FORMAT:FILE with one of {', '.join(names())}")
