"""Finds the program that calls itself so among the agents of all rules, in their order.

Contract: `Agents(pairs).find(text)` gives the fact of the first regular expression that matches, None where none does.
An expression is compiled when a text first begins as it asks: of thousands, a scan meets few.
"""

from __future__ import annotations

import re

from netminer_detect.rulebook.facts import AgentFact
from netminer_detect.rulebook.patterns import head

# Agents are looked up by so many first letters.
_LETTERS = 3


class Agents:
    """See the module's contract."""

    def __init__(self, pairs: list[tuple[str, AgentFact]]) -> None:
        self._pairs = pairs
        self._compiled: dict[int, re.Pattern[str]] = {}
        self._by_head: dict[str, list[int]] = {}
        for number, (regex, _) in enumerate(pairs):
            begin = head(regex)
            self._by_head.setdefault(begin[:_LETTERS] if len(begin) >= _LETTERS else "", []).append(number)

    def find(self, text: str) -> AgentFact | None:
        """See the module's contract."""
        # Some letters that are not ASCII are equal to ASCII ones where case is ignored (U+017F to s, U+212A to k).
        begin = text[:_LETTERS].lower() if text[:_LETTERS].isascii() else None
        numbers = self._by_head.get("", [])
        if begin is None:
            numbers = list(range(len(self._pairs)))
        elif begin in self._by_head:
            numbers = sorted(numbers + self._by_head[begin])
        return next((self._pairs[number][1] for number in numbers if self._pattern(number).search(text)), None)

    def _pattern(self, number: int) -> re.Pattern[str]:
        pattern = self._compiled.get(number)
        if pattern is None:
            pattern = self._compiled[number] = re.compile(self._pairs[number][0], re.IGNORECASE)
        return pattern
