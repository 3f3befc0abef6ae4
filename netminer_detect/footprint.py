"""Measures how much memory an object holds, so that bounds rest on what is and not on what each part declares.

Contract: `footprint(thing)` gives the bytes of an object and all that it refers to, each once. Classes, functions,
enumerations and compiled patterns are the program's, not the object's, and are left out; what objects share is counted
with each of them. Costs about half a microsecond an object.
"""

from __future__ import annotations

import gc
import re
import sys
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

_PROGRAM = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType, Enum, re.Pattern, type(None), bool)
_ATOMS = frozenset((str, bytes, bytearray, int, float))
# By type, since each is met a thousand times.
_is_program: dict[type, bool] = {}


def footprint(thing: object) -> int:
    """See the module's contract."""
    seen = {id(thing)}
    waiting = [thing]
    size = 0
    while waiting:
        one = waiting.pop()
        size += sys.getsizeof(one)
        for other in gc.get_referents(one):
            if id(other) in seen:
                continue
            seen.add(id(other))
            kind = type(other)
            if kind in _ATOMS:
                size += sys.getsizeof(other)
                continue
            if kind not in _is_program:
                _is_program[kind] = issubclass(kind, _PROGRAM)
            if not _is_program[kind]:
                waiting.append(other)
    return size
