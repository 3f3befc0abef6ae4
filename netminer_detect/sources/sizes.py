"""How many bytes there are to read, for those who wait.

Contract: `size_of(path)` gives the bytes of a regular file, standard input (`-`) too where it is one; None where
nobody can tell: pipes, devices, what cannot be looked at.
"""

from __future__ import annotations

import os
import stat
import sys


def size_of(path: str) -> int | None:
    """See the module's contract."""
    try:
        status = os.fstat(sys.stdin.fileno()) if path == "-" and sys.stdin is not None else os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
