"""SHA-256 of texts, for names that stay the same from run to run.

Contract: `digest(text)` gives 64 hex digits, of the text's UTF-8; what cannot be encoded counts as "?". Where the
interpreter keeps the algorithm apart from OpenSSL it is taken from there, as the standard library's `random` does: to
load OpenSSL takes longer than to judge a small capture.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# Of Python 3.12 and later, and of 3.11.
_APART = ("_sha2", "_sha256")


def _sha256() -> Callable[[bytes], Any]:
    for name in _APART:
        with suppress(ImportError, AttributeError):
            found: Callable[[bytes], Any] = importlib.import_module(name).sha256
            return found
    from hashlib import sha256

    return sha256


_hashed = _sha256()


def digest(text: str) -> str:
    """See the module's contract."""
    hexadecimal: str = _hashed(text.encode("utf-8", "replace")).hexdigest()
    return hexadecimal
