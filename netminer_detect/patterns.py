"""Regular expressions that are compiled when they are first used.

Contract: `pattern(text, flags)` stands for `re.compile(text, flags)` where a module keeps what it gives: a scan meets
few of the texts that its modules know, and to compile them all costs more than a small capture.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class Pattern:
    """Has the methods of `re.Pattern`, each from its first use on."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        # Set on the instance, a method is found there from now on. The library remembers what it compiled.
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """See the module's contract."""
    return cast("re.Pattern[AnyStr]", Pattern(text, flags))
