"""Reads single values of a rule file: texts, lists, mappings, ports, dates, each wrong one told with its line.

Contract: every function of `Fields` takes a node of `document` and gives a value, or raises ConfigError with
path:line, what is wrong and what to do. A misspelt key or word is answered with the one that was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date
from typing import TypeVar

from msgspec import Struct

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook.document import Node

MAX_TEXT = 1000
MAX_PORTS = 256
MAX_SHOWN = 60
T = TypeVar("T")
# Letters that look like Latin ones: Greek, Cyrillic, Armenian, Cherokee, and Latin in other widths and styles.
_ALIKE = "[\u0370-\u058f\u13a0-\u13ff\uab70-\uabbf\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff]"
_MIXED = re.compile(f"[A-Za-z0-9]{_ALIKE}|{_ALIKE}[A-Za-z0-9]")

# Keys that people try first.
_SYNONYMS = {
    "date": "verified", "last_seen": "verified", "first_seen": "first", "port": "ports", "ip": "address",
    "domain": "name", "host": "name", "cidr": "network", "author": "operator", "description": "title", "name": "id",
    "level": "severity", "tag": "tags", "conditions": "when", "condition": "when",
}  # fmt: skip


class Fields(Struct):
    """See the module's contract. `path` is the file's, as messages name it."""

    path: str

    def wrong(self, node: Node, what: str, fix: str) -> ConfigError:
        return ConfigError(f"{self.path}:{node.line}", what, fix)

    def text(self, node: Node) -> str:
        if node.text is None:
            raise self.wrong(node, f"{node.shape} where a text belongs", "write a single value")
        if not node.text.strip():
            raise self.wrong(node, "an empty text", "write a value behind the colon, or remove the key")
        if len(node.text) > MAX_TEXT:
            raise self.wrong(node, f"a text of {len(node.text)} characters", f"write at most {MAX_TEXT}")
        if not node.text.isprintable():
            hidden = next(letter for letter in node.text if not letter.isprintable())
            raise self.wrong(node, f"the unprintable character U+{ord(hidden):04X}", "type the text anew without it")
        if found := _MIXED.search(node.text):
            raise self.wrong(node, f"{found[0]!r} mixes letters that look alike but are not ({_named(found[0])})",
                             "type the word anew in one alphabet")  # fmt: skip
        return node.text.strip()

    def optional(self, entries: dict[str, Node], key: str) -> str | None:
        return self.text(entries[key]) if key in entries else None

    def shown(self, node: Node) -> str:
        """A text as messages quote it."""
        text = self.text(node)
        return repr(text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…")

    def all_of(self, node: Node | None, each: Callable[[Node], T]) -> list[T]:
        if node is None:
            return []
        if node.items is None:
            fix = "write a list: [a, b] or lines with - in front"
            raise self.wrong(node, f"{node.shape} where a list belongs", fix)
        return [each(item) for item in node.items]

    def any_mapping(self, node: Node, what: str) -> dict[str, Node]:
        if node.entries is None:
            raise self.wrong(node, f"{what}: {node.shape} where a mapping belongs", "write key: value lines")
        return node.entries

    def mapping(self, node: Node, what: str, needed: tuple[str, ...], allowed: tuple[str, ...] = ()) -> dict[str, Node]:
        """A mapping's entries, none unknown and none missing."""
        if node.entries is None:
            fix = "write it as {" + ", ".join(f"{key}: …" for key in needed or allowed[:1]) + "}"
            raise self.wrong(node, f"{what}: {node.shape} where keys and values belong", fix)
        entries = node.entries
        for key in entries:
            if key not in needed and key not in allowed:
                raise self.unknown_key(node, key, what, needed + allowed)
        for key in needed:
            if key not in entries:
                raise self.wrong(node, f"{what} lacks the key {key!r}", f"add a line {key}: …")
        return entries

    def unknown_key(self, node: Node, key: str, what: str, known: tuple[str, ...]) -> ConfigError:
        where = f"{self.path}:{node.key_lines[key]}"
        shown = key if len(key) <= MAX_SHOWN else key[:MAX_SHOWN] + "…"
        meant = _SYNONYMS.get(key, key)
        return ConfigError(where, f"unknown key {shown!r} in {what}", _meant(meant, tuple(dict.fromkeys(known))))

    def choice(self, node: Node, allowed: Collection[T], what: str) -> T:
        text = self.text(node)
        for value in allowed:
            if value == text:
                return value
        raise self.wrong(node, f"{self.shown(node)} is no {what}", _meant(text, tuple(map(str, allowed))))

    def number(self, node: Node, low: int, high: int, what: str) -> int:
        text = self.text(node)
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
            fix = f"write a number from {low} to {high}" + (", each by itself" if what == "port" else "")
            raise self.wrong(node, f"{self.shown(node)} is no {what}", fix)
        return int(text)

    def ports(self, entries: dict[str, Node]) -> tuple[int, ...]:
        found = self.all_of(entries.get("ports"), lambda node: self.number(node, 1, 65535, "port"))
        if len(found) > MAX_PORTS:
            fix = f"list those that miners dial, at most {MAX_PORTS}"
            raise self.wrong(entries["ports"], f"{len(found)} ports", fix)
        return tuple(sorted(set(found)))

    def day(self, node: Node) -> str:
        text = self.text(node)
        if not re.fullmatch(r"[12]\d\d\d(-\d\d(-\d\d)?)?", text, re.ASCII) or first_day(text) is None:
            raise self.wrong(node, f"{self.shown(node)} is no date", "write it as 2026, 2026-11 or 2026-11-24")
        return text

    def identifier(self, node: Node) -> str:
        text = self.text(node)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) or len(text) > 64:
            raise self.wrong(node, f"{self.shown(node)} is no rule id",
                             "use small letters, digits and single hyphens, up to 64")  # fmt: skip
        return text


def first_day(text: str) -> date | None:
    """The first day of a year, month or day; None if there is no such day."""
    year, month, day = ([int(part) for part in text.split("-")] + [1, 1])[:3]
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _meant(word: str, known: tuple[str, ...]) -> str:
    """What to write instead: the nearest word, and all there are."""
    from difflib import get_close_matches

    near = get_close_matches(word[:MAX_SHOWN], known, 1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{meant}use {'one of ' if len(known) > 1 else ''}{', '.join(known)}"


def _named(letters: str) -> str:
    import unicodedata

    return ", ".join(unicodedata.name(letter, f"U+{ord(letter):04X}").lower() for letter in letters)
