"""Reads a YAML document into plain nodes that know their lines, and refuses what no rule needs.

Contract: `read(data, path)` gives a `Node` or raises ConfigError with path:line. Every scalar stays the text that
was written, so that `no`, `1e3` and `2019-07` mean what they look like. Anchors, aliases, tags, duplicate keys,
several documents, nesting deeper than MAX_DEPTH, more than MAX_STEPS values and files over MAX_FILE are refused, before
anything is expanded: time and memory are in proportion to the file's size. The module imports PyYAML only when it is
called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook.files import MAX_FILE

MAX_DEPTH = 12
# Some 40 000 facts; a fact takes ten steps.
MAX_STEPS = 400_000
# All but YAML 1.1's printable characters (5.1).
_FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


class Node(Struct):
    """One of: a text, a list, a mapping (`entries`; `key_lines` says where each key stands)."""

    line: int
    text: str | None = None
    items: list[Node] | None = None
    entries: dict[str, Node] | None = None
    key_lines: dict[str, int] = field(default_factory=dict)

    @property
    def shape(self) -> str:
        if self.text is not None:
            return "text"
        return "a list" if self.items is not None else "a mapping"


class _Open(Struct):
    """A list or mapping that is still being read; `key` waits for its value."""

    node: Node
    key: str | None = None
    key_line: int = 0


def read(data: bytes, path: str) -> Node:
    """The document's root. Raises ConfigError."""
    if len(data) > MAX_FILE:
        raise ConfigError(f"{path}:1", f"the file has more than {MAX_FILE >> 20} MiB", "split it into several rules")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}", "this is not UTF-8", "save the file as UTF-8") from None
    if found := re.search(_FORBIDDEN, text):
        line = text.count("\n", 0, found.start()) + 1
        raise ConfigError(f"{path}:{line}", f"the character {found[0]!r}, which YAML does not allow", "remove it")
    root: Node | None = None
    stack: list[_Open] = []
    for name, line, value in _events(text, path):
        if name == "end":
            done = stack.pop().node
            if not stack:
                root = done
        elif name == "document":
            if root is not None:
                raise ConfigError(f"{path}:{line}", "a second document begins here", "keep one document in a file")
        elif name == "text":
            root = _scalar(stack, value, line, path) or root
        else:
            node = Node(line, items=[]) if name == "list" else Node(line, entries={})
            _place(stack, node, path)
            stack.append(_Open(node))
            if len(stack) > MAX_DEPTH:
                raise ConfigError(f"{path}:{line}", f"nested deeper than {MAX_DEPTH}", "a rule needs no such depth")
    if root is None:
        raise ConfigError(f"{path}:1", "the file is empty", "write a rule into it or remove it")
    return root


def _scalar(stack: list[_Open], text: str, line: int, path: str) -> Node | None:
    """Take a text: a mapping's key, a value, or the whole document (then it is given back)."""
    top = stack[-1] if stack else None
    if top and top.node.entries is not None and top.key is None:
        if text in top.node.entries:
            raise ConfigError(f"{path}:{line}", f"the key {text!r} stands here twice", "keep one of the two")
        top.key, top.key_line = text, line
        return None
    node = Node(line, text=text)
    _place(stack, node, path)
    return node if not stack else None


def _place(stack: list[_Open], node: Node, path: str) -> None:
    """Hang a node below the innermost open list or mapping."""
    if not stack:
        return
    top = stack[-1]
    if top.node.items is not None:
        top.node.items.append(node)
        return
    if top.key is None or top.node.entries is None:
        raise ConfigError(f"{path}:{node.line}", "a key that is no text", "write the key as a word")
    top.node.entries[top.key] = node
    top.node.key_lines[top.key] = top.key_line
    top.key = None


def _events(text: str, path: str) -> Iterator[tuple[str, int, str]]:
    """The document as (what, line, text) steps: document, list, mapping, text, end."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    kinds = {yaml.DocumentStartEvent: "document", yaml.SequenceStartEvent: "list", yaml.MappingStartEvent: "mapping",
             yaml.ScalarEvent: "text", yaml.SequenceEndEvent: "end", yaml.MappingEndEvent: "end"}  # fmt: skip
    try:
        for step, event in enumerate(yaml.parse(text, Loader=loader)):
            if step > MAX_STEPS:
                where = f"{path}:{event.start_mark.line + 1}"
                raise ConfigError(where, f"the file has more than {MAX_STEPS} values", "split it into several rules")
            kind = kinds.get(type(event))
            line = event.start_mark.line + 1
            if getattr(event, "anchor", None) is not None:
                raise ConfigError(f"{path}:{line}", "an anchor or alias", "write the value out where it is needed")
            if kind is None:
                continue
            if getattr(event, "tag", None) not in (None, "!"):
                raise ConfigError(f"{path}:{line}", f"the tag {event.tag!r}", "remove it: values are plain text")
            yield kind, line, event.value if kind == "text" else ""
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "not YAML"
        if "expected ':'" in what and error.context_mark is not None:
            mark, what = error.context_mark, "a line without its colon"
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}", what, _way_out(text, line, what)) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}:1", f"not YAML: {error}", "write it anew") from None


def _way_out(text: str, line: int, what: str) -> str:
    """What to do about what YAML cannot read in a line."""
    lines = text.split("\n", line)
    there = lines[line - 1] if line <= len(lines) else ""
    if what == "a line without its colon":
        return "write it as key: value"
    if "\t" in there[: len(there) - len(there.lstrip())]:
        return "indent with blanks: YAML takes no tabs"
    if "escape" in what:
        return "put it in single quotes: there a \\ is nothing special"
    if "cannot start" in what:
        return "put quotes around the value: signs like @ ` % * & mean something at its beginning"
    return "check indentation, colons, brackets and quotes there and in the lines above"
