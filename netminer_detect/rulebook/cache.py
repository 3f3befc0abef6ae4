"""A private cache of compiled rules, in $XDG_CACHE_HOME/netminer-detect (else ~/.cache/netminer-detect).

Contract: `load(name)` gives an entry's bytes, or None where there is none, or it is not a plain file of ours with
mode 0600, in a folder of ours that only we may write; `store(name, data)` puts an entry there by a rename, so
that a reader sees the old or the new one, and is silent where it cannot. Nothing here knows what the bytes mean.
"""

from __future__ import annotations

import os
import stat

_MAX_BYTES = 256 * 1024 * 1024


def folder() -> str:
    """Where entries lie."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(root):  # The XDG specification: a relative path is to be ignored.
        root = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(root, "netminer-detect")


def _ours(facts: os.stat_result, refused_mode: int) -> bool:
    return facts.st_uid == os.geteuid() and not facts.st_mode & refused_mode


def load(name: str) -> bytes | None:
    """The bytes of an entry that only we can have written."""
    place = folder()
    try:
        if not _ours(os.stat(place), 0o022):
            return None
        handle = os.open(os.path.join(place, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or not _ours(facts, 0o177) or facts.st_size > _MAX_BYTES:
            return None
        with os.fdopen(handle, "rb", buffering=0, closefd=False) as file:
            return file.readall()
    except OSError:
        return None
    finally:
        os.close(handle)


def store(name: str, data: bytes) -> None:
    """Put an entry there, whole or not at all."""
    from contextlib import suppress

    place = folder()
    passing = os.path.join(place, f".{name}.{os.getpid()}")
    with suppress(OSError):
        os.makedirs(place, mode=0o700, exist_ok=True)
        if not _ours(os.stat(place), 0o022):
            return
        with suppress(FileNotFoundError):
            os.unlink(passing)
        handle = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(passing, os.path.join(place, name))
        except OSError:
            os.unlink(passing)
            raise
