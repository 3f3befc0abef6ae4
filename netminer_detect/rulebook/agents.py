"""Finds the program that calls itself so among the agents of all rules, in their order.

Contract: `Agents(regexes).find(text)` gives the number of the first regular expression that matches, None where none
does. An expression is compiled when a text first begins as it asks: of thousands, a scan meets few.
"""

from __future__ import annotations

import re

from netminer_detect.rulebook.patterns import head

# Agents are looked up by so many first letters.
_LETTERS = 3


class Agents:
    """See the module's contract."""

    def __init__(self, regexes: list[str]) -> None:
        self._regexes = regexes
        self._heads = list(map(head, regexes))
        self._compiled: dict[int, re.Pattern[str]] = {}
        self._by_head: dict[str, list[int]] = {}
        for number, begin in enumerate(self._heads):
            self._by_head.setdefault(begin[:_LETTERS] if len(begin) >= _LETTERS else "", []).append(number)

    def find(self, text: str) -> int | None:
        """See the module's contract."""
        # Some letters that are not ASCII are equal to ASCII ones where case is ignored (U+017F to s, U+212A to k).
        if not text.isascii():
            return next((number for number in range(len(self._regexes)) if self._pattern(number).search(text)), None)
        small = text.lower()
        numbers = self._by_head.get("", [])
        if small[:_LETTERS] in self._by_head and small:
            begun = (number for number in self._by_head[small[:_LETTERS]] if small.startswith(self._heads[number]))
            numbers = sorted({*numbers, *begun})
        return next((number for number in numbers if self._pattern(number).search(text)), None)

    def _pattern(self, number: int) -> re.Pattern[str]:
        pattern = self._compiled.get(number)
        if pattern is None:
            pattern = self._compiled[number] = re.compile(self._regexes[number], re.IGNORECASE)
        return pattern
