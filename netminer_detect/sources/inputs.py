"""Finds the captures that a user means: files, folders, globs, standard input, pipes.

Contract: `find_inputs(arguments)` gives the paths in natural order, each file once however many names lead to it,
and what is wrong with arguments that gave none. Folders are searched, links to folders too, each folder once; in
them counts what holds a capture by its first bytes (behind a compression as well), and what is named like one: if it
is none, the reader says so, as it does of all that a user names himself.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence

from msgspec import Struct

from netminer_detect.errors import CaptureError
from netminer_detect.patterns import pattern
from netminer_detect.sources.capture import read_exactly
from netminer_detect.sources.opening import open_capture

# pcap in all spellings, pcapng; gzip, zstandard, xz, bzip2.
_MAGICS = (
    b"\xa1\xb2\xc3\xd4", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\xcd\x34",
    b"\x34\xcd\xb2\xa1", b"\x0a\x0d\x0d\x0a",
)  # fmt: skip
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh")
# Behind the suffix rotation may put a number: a.pcap3, a.pcap.3, a.pcap_00003.gz.
_NAMED = pattern(r"\.(?:pcap|pcapng|cap|ntar)[._-]?\d*(?:\.(?:gz|zst|xz|bz2))?\Z", re.IGNORECASE)
_DIGITS = pattern(r"([0-9]+)")
_EVERYWHERE = "**"


class InputProblem(Struct, frozen=True):
    """An argument that gave nothing to read."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def natural_key(path: str) -> tuple[list[tuple[int, int | str]], str]:
    """Orders `trace2` before `trace10`, and names of equal numbers (`trace2`, `trace02`) always alike."""
    parts = _DIGITS.split(path)
    numbers = [(0, int(part)) if at % 2 and len(part) < 100 else (1, part) for at, part in enumerate(parts)]
    return numbers, path


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
    return sorted(_matching(argument), key=natural_key) or [argument]


def _matching(wanted: str) -> list[str]:
    """The paths that match. What `**` stands for is searched here: the library follows loops of links for ever."""
    parts = wanted.split(os.sep)
    if _EVERYWHERE not in parts:
        return glob.glob(wanted)
    at = parts.index(_EVERYWHERE)
    base, rest = os.sep.join(parts[:at]), os.sep.join(parts[at + 1 :])
    tops = _matching(base) if glob.has_magic(base) else [base or (os.sep if at else os.curdir)]
    if not rest:
        return tops
    found: dict[str, None] = {}
    for top in tops:
        for folder, _ in _folders(top, []):
            found.update(dict.fromkeys(_matching(os.path.join(glob.escape(folder), rest))))
    here = os.path.join(os.curdir, "")
    return list(found) if base or at else [path.removeprefix(here) for path in found]


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
    for at, files in _folders(folder, problems):
        for name in sorted(files, key=natural_key):
            path = os.path.join(at, name)
            if _is_capture(path):
                yield path


def _folders(top: str, problems: list[InputProblem]) -> Iterator[tuple[str, list[str]]]:
    """A folder and those in it, each once, with the names of all in them that is no folder."""
    waiting, searched = [top], set()
    while waiting:
        at = waiting.pop()
        try:
            status = os.stat(at)
            if (status.st_dev, status.st_ino) in searched:
                continue
            searched.add((status.st_dev, status.st_ino))
            names = os.listdir(at)
        except OSError as error:
            problems.append(InputProblem(at, f"this folder cannot be read ({error.strerror})"))
            continue
        folders = {name for name in names if os.path.isdir(os.path.join(at, name))}
        yield at, [name for name in names if name not in folders]
        waiting += [os.path.join(at, name) for name in sorted(folders, key=natural_key, reverse=True)]


def _is_capture(path: str) -> bool:
    """Whether a file in a folder is to be read."""
    named = bool(_NAMED.search(os.path.basename(path)))
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as stream:
            head = stream.read(6)
    except OSError:
        return named
    return named or head[:4] in _MAGICS or (head.startswith(_PACKED) and _holds_capture(path))


def _holds_capture(path: str) -> bool:
    """Whether a compressed file does: logs and archives are compressed as well."""
    try:
        with open_capture(path) as stream:
            return read_exactly(stream, 4) in _MAGICS
    except CaptureError:
        return False
