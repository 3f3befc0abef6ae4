"""Reads JSON of foreign tools, and finds again on which line a value stands.

Contract: `parse_json(text)` gives the value or raises NotJson; how deep it is nested is bounded by its reader. `Lines`
tells the line of values that are asked for in the order in which they stand; where one cannot be found again, that of
the one before.
"""

from __future__ import annotations

import json
from typing import Any

# A search that fails goes to the end of the text: a hostile one must not make each do so.
_MISSES = 32


class NotJson(Exception):
    """The text is no JSON."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def parse_json(text: str) -> Any:
    """See the module's contract."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise NotJson(error.lineno, error.msg) from None
    except (RecursionError, ValueError) as error:
        what = "nested too deep" if isinstance(error, RecursionError) else "a number that is too long"
        raise NotJson(1, what) from None


class Lines:
    """See the module's contract."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._misses = 0

    def line_of(self, value: str) -> int:
        found = -1
        if self._misses < _MISSES:
            for quoted in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
                found = self._text.find(quoted, self._at)
                if found >= 0:
                    break
        if found < 0:
            self._misses += 1
            return self._line
        self._line += self._text.count("\n", self._at, found)
        self._at = found
        return self._line


def texts(value: Any, key: str) -> str:
    """A text of an object; empty where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def objects(value: Any, key: str) -> list[dict[str, Any]]:
    """The objects of a list within an object."""
    found = value.get(key) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
