"""Reads inventories written as JSON, JSON lines or YAML into rows that know their lines.

Contract: `read_json(text, complaints)` and `read_yaml(text, complaints)` give rows, one entry after the other. Read are
a list of objects, an object whose only value is such a list, objects one after the other, and an object of networks or
units: `{"10.3.0.0/16": "Library"}`, `{"lib": {"name": "Library", "networks": ["10.3.0.0/16"]}}`. What is no entry is
told with its line; what is no JSON or YAML at all raises ConfigError with path:line. YAML's anchors are refused, its
tags mean nothing: time and memory are in proportion to the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from netminer_detect.errors import ConfigError
from netminer_detect.organisations.addresses import names_addresses
from netminer_detect.organisations.headings import WHO, Field, field_of
from netminer_detect.organisations.rows import MAX_COLUMNS, Complaints, Row

MAX_YAML = 32 * 1024 * 1024
MAX_DEPTH = 8
_FIX = "write a list of objects with network, id, name, sector, contact"
_BLANK = re.compile(r"[ \t\r\n\ufeff]*")
_OBJECTS = re.compile(r"\[[ \t\r\n]*\{")
_PLACES = frozenset({Field.ADDRESS, Field.FIRST, Field.LAST, Field.MASK, Field.COUNT, Field.PREFIX, Field.PLACE})


class Pairs(list[tuple[str, Any]]):
    """An object's keys and values as they stand, keys that stand twice too."""


class _Placed(Pairs):
    """An object that knows its line."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


# An entry, or a key of the outermost object and its value, with the line where it begins.
_Found = tuple[int, str | None, Any]


def read_json(text: str, complaints: Complaints) -> Iterator[Row]:
    """See the module's contract."""
    return _rows(_Json(text, complaints.path).entries(), complaints)


def read_yaml(text: str, complaints: Complaints) -> Iterator[Row]:
    """See the module's contract."""
    return _rows(_Yaml(text, complaints.path).entries(), complaints)


def _rows(found: Iterator[_Found], complaints: Complaints) -> Iterator[Row]:
    for line, key, value in found:
        if key is None:
            if isinstance(value, Pairs):
                yield Row(line, _cells(line, value, complaints))
            else:
                complaints.add(line, "no object", _FIX)
            continue
        is_network = names_addresses(key)
        if isinstance(value, Pairs):
            cells = _cells(line, value, complaints)
            # A key names the unit, unless it is the network; a name inside is the better one.
            kind = Field.ADDRESS if is_network else Field.ID
        else:
            cells = [(Field.NAME if is_network else Field.ADDRESS, text) for text in _texts(value)]
            kind = Field.ADDRESS if is_network else Field.NAME
        if not any(what is kind for what, _ in cells):
            cells.append((kind, key))
        yield Row(line, cells)


def _cells(line: int, entry: Pairs, complaints: Complaints) -> list[tuple[Field, str]]:
    cells: list[tuple[Field, str]] = []
    seen: set[str] = set()
    for key, value in entry[:MAX_COLUMNS]:
        if key in seen:
            complaints.add(line, f"the key {key[:60]!r} stands there twice", "keep one of the two")
            continue
        seen.add(key)
        what = field_of(key)
        if isinstance(value, Pairs):
            cells += [(_inner(what, field_of(inner)), text)
                      for inner, part in value[:MAX_COLUMNS] for text in _texts(part)]
        else:
            cells += [(what, text) for text in _texts(value)]
    return [cell for cell in cells if cell[0] is not Field.OTHER]


def _inner(what: Field, inner: Field) -> Field:
    """What a part of an object says: {"organisation": {"id": …, "name": …}}; of a contact all is the contact."""
    if what is Field.PARENT:
        return {Field.ID: Field.PARENT_ID, Field.NAME: what, Field.LABEL: what}.get(inner, Field.OTHER)
    return inner if what in WHO else what


def _holds_entry(key: str, value: Any) -> bool:
    """Whether a member of an object is an entry, not a part of one."""
    if names_addresses(key):
        return True
    if isinstance(value, Pairs):
        return any(field_of(inner) in _PLACES for inner, _ in value)
    texts = _texts(value)
    return field_of(key) not in _PLACES and bool(texts) and all(map(names_addresses, texts))


def _texts(value: Any) -> list[str]:
    if isinstance(value, list) and not isinstance(value, Pairs):
        return [text for part in value if not isinstance(part, list) for text in _texts(part)]
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return [str(value)]
    return []


class _Json:
    """Walks the outermost list or object of a JSON text, so that each entry has its line."""

    def __init__(self, text: str, path: str) -> None:
        self._text, self._path = text, path
        self._decoder = json.JSONDecoder(object_pairs_hook=Pairs)
        self._at = 0
        self._counted, self._line = 0, 1

    def entries(self) -> Iterator[_Found]:
        while self._char():
            if self._char() == "[":
                yield from self._list()
            elif self._char() == "{" and self._is_map():
                yield from self._map()
            else:
                yield self._place(), None, self._value()

    def _list(self) -> Iterator[_Found]:
        for _ in self._members("]"):
            yield self._place(), None, self._value()

    def _map(self) -> Iterator[_Found]:
        for _ in self._members("}"):
            line, key = self._place(), self._key()
            if _OBJECTS.match(self._text, self._at):
                yield from self._list()
            else:
                yield line, key, self._value()

    def _is_map(self) -> bool:
        """Whether an object holds entries rather than being one: its first member tells."""
        begun = self._at
        self._at += 1
        if self._char() == "}":
            self._at = begun
            return True
        key = self._key()
        found = bool(_OBJECTS.match(self._text, self._at)) or _holds_entry(key, self._value())
        self._at = begun
        return found

    def _members(self, end: str) -> Iterator[None]:
        """Stops at the beginning of each member of a list or object."""
        self._at += 1
        while self._char() != end:
            yield
            if self._char() == ",":
                self._at += 1
            elif self._char() != end:
                raise self._unsound(self._at, f"a comma or {end} should stand here")
        self._at += 1

    def _key(self) -> str:
        key = self._value()
        if not isinstance(key, str) or self._char() != ":":
            raise self._unsound(self._at, "a key in quotes and a colon should stand here")
        self._at += 1
        self._char()
        return key

    def _value(self) -> Any:
        try:
            value, self._at = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            raise self._unsound(error.pos, error.msg) from None
        except (ValueError, RecursionError) as error:
            raise self._unsound(self._at, str(error)) from None
        return value

    def _char(self) -> str:
        """The next character that is no blank; "" at the end."""
        match = _BLANK.match(self._text, self._at)
        assert match is not None  # it matches nothing as well
        self._at = match.end()
        return self._text[self._at : self._at + 1]

    def _place(self) -> int:
        """The line of the next character."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _unsound(self, at: int, what: str) -> ConfigError:
        line = self._text.count("\n", 0, at) + 1
        return ConfigError(f"{self._path}:{line}", f"no sound JSON: {what}", "correct it there")


class _Yaml:
    """Reads the outermost list or mapping of a YAML text member by member."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._events = self._parsed(text)

    def entries(self) -> Iterator[_Found]:
        for kind, line, text in self._events:
            if kind == "list":
                yield from self._list()
            elif kind == "mapping":
                yield from self._map()
            elif text:
                yield line, None, text

    def _list(self) -> Iterator[_Found]:
        for kind, line, text in self._events:
            if kind == "end":
                return
            yield line, None, self._value(kind, line, text, 1)

    def _map(self) -> Iterator[_Found]:
        for kind, line, key in self._events:
            if kind == "end":
                return
            if kind != "text":
                raise self._unsound(line, "a key that is no text")
            kind, line, text = next(self._events)
            value = self._value(kind, line, text, 1)
            if isinstance(value, list) and value and all(isinstance(part, _Placed) for part in value):
                yield from ((part.line, None, part) for part in value)
            else:
                yield line, key, value

    def _value(self, kind: str, line: int, text: str, depth: int) -> Any:
        """The value that begins with an event."""
        if kind == "text":
            return text
        if depth > MAX_DEPTH:
            raise self._unsound(line, f"nested deeper than {MAX_DEPTH}")
        found: Any = [] if kind == "list" else _Placed(line)
        for kind, line, text in self._events:
            if kind == "end":
                break
            if isinstance(found, _Placed):
                if kind != "text":
                    raise self._unsound(line, "a key that is no text")
                found.append((text, self._value(*next(self._events), depth + 1)))
            else:
                found.append(self._value(kind, line, text, depth + 1))
        return found

    def _parsed(self, text: str) -> Iterator[tuple[str, int, str]]:
        """The text as (what, line, text) steps: list, mapping, text, end."""
        import yaml

        if len(text) > MAX_YAML:
            raise self._unsound(1, "too large for YAML; use CSV")
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        kinds = {yaml.SequenceStartEvent: "list", yaml.MappingStartEvent: "mapping", yaml.ScalarEvent: "text",
                 yaml.SequenceEndEvent: "end", yaml.MappingEndEvent: "end"}  # fmt: skip
        line = 1
        try:
            for event in yaml.parse(text, Loader=loader):
                line = event.start_mark.line + 1
                if getattr(event, "anchor", None) is not None:
                    raise self._unsound(line, "anchors and aliases are not read; write the value out")
                kind = kinds.get(type(event))
                if kind is not None:
                    yield kind, line, self._text_of(event) if kind == "text" else ""
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._unsound(mark.line + 1 if mark else line, error.problem or error.context or "") from None
        except yaml.YAMLError as error:
            raise self._unsound(line, str(error).replace("\n", " ")) from None

    @staticmethod
    def _text_of(event: Any) -> str:
        """A scalar as it was written; an unquoted null is nothing."""
        return "" if event.style is None and event.value in ("~", "null", "Null", "NULL") else str(event.value)

    def _unsound(self, line: int, what: str) -> ConfigError:
        return ConfigError(f"{self._path}:{line}", f"no sound YAML: {what}", "correct it there")
