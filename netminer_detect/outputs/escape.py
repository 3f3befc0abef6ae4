"""Makes text from the wire safe to show.

Contract: `plain(text)` escapes what could steer a terminal or mislead a reader (control characters, line
separators, direction overrides, lone surrogates) as `\\xNN` or `\\uNNNN`, and cuts at `limit` characters.
`csv_cell` also keeps a spreadsheet from taking a cell for a formula.
"""

from __future__ import annotations

import unicodedata

MAX_TEXT = 512
# Characters after which spreadsheets compute (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Cc control, Cf format (direction overrides, zero width), Cs surrogates, Co private, Cn unassigned, Zl/Zp separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """Text that is safe on a terminal."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSAFE else char for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def csv_cell(text: str) -> str:
    """Text that no spreadsheet computes."""
    safe = plain(text, 4096)
    return f"'{safe}" if safe.startswith(_FORMULA) else safe
