"""Finds the captures that a user means: files, folders, globs, standard input, pipes.

Contract: `find_inputs(arguments)` gives the paths in natural order, each once, and what is wrong with arguments
that gave none. Folders are searched; in them only what holds a capture counts, by its first bytes (inside a
compression: of any such file). What a user names himself is always an input: if it is none, the reader says so.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence

from msgspec import Struct

# pcap in all spellings, pcapng, gzip, zstandard, xz, bzip2.
_MAGICS = (
    b"\xa1\xb2\xc3\xd4", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\xcd\x34",
    b"\x34\xcd\xb2\xa1", b"\x0a\x0d\x0d\x0a",
)  # fmt: skip
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh")
# A packed file in a folder is taken for a capture by its name only: logs and archives are packed as well.
_NAMED = re.compile(r"(?:\.|_)(?:pcap|pcapng|cap|dmp|ntar)\d*(?:\.|\Z)", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")


class InputProblem(Struct, frozen=True):
    """An argument that gave nothing to read."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def natural_key(path: str) -> list[tuple[int, int | str]]:
    """Orders `trace2` before `trace10`."""
    parts = _DIGITS.split(path)
    return [(0, int(part)) if part.isdigit() and len(part) < 100 else (1, part) for part in parts]


def find_inputs(arguments: Sequence[str]) -> tuple[list[str], list[InputProblem]]:
    """See the module's contract."""
    found: dict[str, None] = {}
    seen: set[tuple[int, int]] = set()
    problems: list[InputProblem] = []
    for argument in arguments:
        for path in _expanded(argument):
            if os.path.isdir(path):
                captures = list(_in_folder(path, problems))
                if not captures:
                    problems.append(InputProblem(path, "no capture in this folder; name a file, or another folder"))
            else:
                captures = [path]
            for capture in captures:
                if _is_new(capture, seen):
                    found[capture] = None
    return list(found), problems


def _expanded(argument: str) -> list[str]:
    if argument == "-" or os.path.lexists(argument) or not glob.has_magic(argument):
        return [argument]
    return sorted(glob.glob(argument, recursive=True), key=natural_key) or [argument]


def _is_new(path: str, seen: set[tuple[int, int]]) -> bool:
    """Whether a file was not named before, under this or another name."""
    try:
        status = os.stat(path)
    except OSError:
        return True
    if not stat.S_ISREG(status.st_mode):
        return True
    identity = status.st_dev, status.st_ino
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _in_folder(folder: str, problems: list[InputProblem]) -> Iterator[str]:
    def told(error: OSError) -> None:
        problems.append(InputProblem(str(error.filename), f"this folder cannot be read ({error.strerror})"))

    for at, folders, files in os.walk(folder, onerror=told):
        folders.sort(key=natural_key)
        for name in sorted(files, key=natural_key):
            path = os.path.join(at, name)
            if _is_capture(path):
                yield path


def _is_capture(path: str) -> bool:
    """Whether a file in a folder holds a capture; one that cannot be opened but is named like one counts."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as stream:
            head = stream.read(6)
    except OSError:
        return bool(_NAMED.search(os.path.basename(path)))
    if head[:4] in _MAGICS:
        return True
    named = bool(_NAMED.search(os.path.basename(path)))
    return named and (head.startswith(_PACKED) or not head or len(head) < 6)
