"""Finds the program that calls itself so among the agents of all rules, in their order.

Contract: `Agents(regex_of, letters).find(text)` gives the number of the first regular expression that matches, None
where none does. `letters` has a number for each expression, which `letters_of(regex)` gives: the first letters that a
text must begin with. An expression is asked for and compiled when a text first begins as it asks: of thousands, a scan
meets few.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from netminer_detect.rulebook.patterns import head

# Agents are looked up by so many first letters.
_LETTERS = 3


def letters_of(regex: str) -> int:
    """The first letters of a regular expression as a number; 0 where it does not tell so many."""
    begin = head(regex)
    return _number(begin) if len(begin) >= _LETTERS else 0


def _number(text: str) -> int:
    return int.from_bytes(text[:_LETTERS].encode("ascii"), "big")


class Agents:
    """See the module's contract."""

    def __init__(self, regex_of: Callable[[int], str], letters: Sequence[int]) -> None:
        self._regex_of = regex_of
        self._count = len(letters)
        self._heads: dict[int, str] = {}
        self._compiled: dict[int, re.Pattern[str]] = {}
        self._by_letters: dict[int, list[int]] = {}
        for number, begin in enumerate(letters):
            self._by_letters.setdefault(begin, []).append(number)

    def find(self, text: str) -> int | None:
        """See the module's contract."""
        # Some letters that are not ASCII are equal to ASCII ones where case is ignored (U+017F to s, U+212A to k).
        if not text.isascii():
            return next((number for number in range(self._count) if self._pattern(number).search(text)), None)
        small = text.lower()
        numbers = self._by_letters.get(0, [])
        begun = self._by_letters.get(_number(small)) if len(small) >= _LETTERS else None
        if begun is not None:
            numbers = sorted([*numbers, *(number for number in begun if small.startswith(self._head(number)))])
        return next((number for number in numbers if self._pattern(number).search(text)), None)

    def _head(self, number: int) -> str:
        found = self._heads.get(number)
        if found is None:
            found = self._heads[number] = head(self._regex_of(number))
        return found

    def _pattern(self, number: int) -> re.Pattern[str]:
        found = self._compiled.get(number)
        if found is None:
            found = self._compiled[number] = re.compile(self._regex_of(number), re.IGNORECASE)
        return found
