"""Finds the files that come with the program: rules, samples.

Contract: each function gives a path, whether the package runs from a checkout (where `rules/` and `pcaps/` lie
beside it) or is installed (where they lie in its `data/`, copied there when it was built). A checkout is told by
its setup.cfg, and there what was built before never counts. Nothing is opened here; what is missing raises
ConfigError.
"""

from __future__ import annotations

import os

from netminer_detect.errors import ConfigError

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_CHECKOUT = os.path.dirname(_PACKAGE)
_DATA = os.path.join(_PACKAGE, "data")


def rules_dir() -> str:
    """The folder of the shipped rules, as YAML."""
    return _folder("rules")


def samples_dir() -> str:
    """The folder of the sample captures, with `expected.json`."""
    return _folder("pcaps")


def compiled_rules() -> str | None:
    """The rules compiled when the package was built; None in a checkout, where the YAML counts."""
    path = os.path.join(_DATA, "rules.bin")
    return path if not _in_checkout() and os.path.isfile(path) else None


def _in_checkout() -> bool:
    return os.path.isfile(os.path.join(_CHECKOUT, "setup.cfg"))


def _folder(name: str) -> str:
    path = os.path.join(_CHECKOUT if _in_checkout() else _DATA, name)
    if not os.path.isdir(path):
        raise ConfigError(path, "the folder is missing", "install the package again")
    return path
