"""Lists the modules of a folder that is an axis of growth: one file adds a dialect, an output format.

Contract: `module_names(package)` gives their names, sorted. `pkgutil` would do, but imports `inspect` for it, which
costs more than the smallest scan does.
"""

from __future__ import annotations

import os
from types import ModuleType


def module_names(package: ModuleType) -> list[str]:
    """The modules that lie in a package's folder, sorted by name; the package itself is none of them."""
    files = {name for folder in package.__path__ for name in os.listdir(folder)}
    return sorted(name[:-3] for name in files if name.endswith(".py") and name != "__init__.py")
