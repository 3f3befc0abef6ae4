"""The kernels that can be tested here: the plain one, the compiled one where it was built, and its source as Python.

C's integers end where Python's do not, so that the same source may go wrong in either alone.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import pathlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import netminer_detect.kernel as package
from netminer_detect.kernel import is_compiled
from netminer_detect.kernel.plain import PlainKernel

_FOLDER = pathlib.Path(package.__file__).parent
_SOURCES = {f"{package.__name__}.{path.stem}": path.with_suffix(".py") for path in _FOLDER.glob("*.pxd")}


class _Sources:
    """Finds the modules that have a compiled twin as what they are: Python."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, _SOURCES[name]) if name in _SOURCES else None


@contextmanager
def _uncompiled() -> Iterator[None]:
    """Imports of the compiled modules give their sources; what was imported before stays as it was."""
    before = {name: sys.modules.pop(name) for name in _SOURCES if name in sys.modules}
    _forget(before)
    sys.meta_path.insert(0, _Sources)
    try:
        yield
    finally:
        sys.meta_path.remove(_Sources)
        _forget(_SOURCES)
        for name, module in before.items():
            sys.modules[name] = module
            setattr(package, name.rpartition(".")[2], module)


def _forget(names: Iterable[str]) -> None:
    for name in names:
        sys.modules.pop(name, None)
        vars(package).pop(name.rpartition(".")[2], None)


def _interpreted() -> Any:
    with _uncompiled():
        return importlib.import_module(f"{package.__name__}.fused").FusedKernel


KERNELS: dict[str, Any] = {"plain": PlainKernel}
if is_compiled():
    KERNELS["compiled"] = importlib.import_module(f"{package.__name__}.fused").FusedKernel
KERNELS["interpreted"] = _interpreted()
