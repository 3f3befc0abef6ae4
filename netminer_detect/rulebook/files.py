"""Finds and reads rule files.

Contract: `listing(source)` gives the rule files (*.yaml, *.yml) of a folder with its sub-folders, or the one file,
sorted, each with what the system says of it; hidden ones are passed over. `content(path)` gives a file's bytes, no more
than one above what `document` takes: it refuses the rest. What cannot be read, no rule file at all, a link that leads
out of its folder, and more than MAX_FILES or MAX_TOTAL bytes are ConfigErrors.
"""

from __future__ import annotations

import os
import stat

from netminer_detect.errors import ConfigError

MAX_FILE = 4 << 20
MAX_FILES = 20_000
MAX_TOTAL = 1 << 26
_SUFFIXES = (".yaml", ".yml")

Listing = list[tuple[str, os.stat_result]]


def listing(source: str) -> Listing:
    """See the module's contract."""
    try:
        facts = os.stat(source)
        if stat.S_ISREG(facts.st_mode):
            return [(source, facts)]
        if not stat.S_ISDIR(facts.st_mode):
            raise ConfigError(source, "neither a file nor a folder", "save the rules to a file first")
        found = _walked(source)
    except OSError as error:
        raise _unreadable(source, error) from None
    if not found:
        raise ConfigError(source, "no rule files (*.yaml) are in this folder", "name another folder or a file")
    if sum(facts.st_size for _, facts in found) > MAX_TOTAL:
        raise ConfigError(source, f"the rule files have more than {MAX_TOTAL >> 20} MiB", "name a smaller folder")
    return sorted(found)


def _walked(source: str) -> Listing:
    found: Listing = []
    folders = [source]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.name.endswith(_SUFFIXES):
                    found.append((entry.path, _facts(entry, source)))
        if len(found) > MAX_FILES:
            raise ConfigError(source, f"more than {MAX_FILES} rule files", "name a smaller folder")
    return found


def _facts(entry: os.DirEntry[str], source: str) -> os.stat_result:
    """What the system says of a file within a folder."""
    if entry.is_symlink():
        inside = os.path.realpath(source) + os.sep
        if not os.path.realpath(entry.path).startswith(inside):
            fix = "put a copy of the file there"
            raise ConfigError(entry.path, "a link that leads out of the folder of rules", fix)
    facts = entry.stat()
    if not stat.S_ISREG(facts.st_mode):
        fix = "remove it from the folder of rules"
        raise ConfigError(entry.path, "named like a rule, but no plain file", fix)
    return facts


def content(path: str, most: int = MAX_FILE) -> bytes:
    """See the module's contract."""
    try:
        with open(path, "rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> ConfigError:
    where = error.filename if isinstance(error.filename, str) else path
    return ConfigError(where, error.strerror or "cannot be read", "check the path and its permissions")


def rule_files(source: str) -> list[tuple[str, bytes]]:
    """The rule files of a place, read. Raises ConfigError."""
    return [(path, content(path)) for path, _ in listing(source)]
