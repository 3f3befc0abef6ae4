"""Makes text from the wire safe to show.

Contract: `plain(text)` escapes what could steer a terminal or mislead a reader (control characters, line
separators, direction overrides, what no font shows, piled-up accents, lone surrogates) as `\\xNN` or `\\uNNNN`, and
cuts at `limit` characters. What it gave it leaves as it is. `csv_cell` also keeps a spreadsheet from taking a cell
for a formula, `all_plain` goes through a whole object.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from netminer_detect.patterns import pattern

MAX_TEXT = 512
# A path on Linux is no longer than this (PATH_MAX).
MAX_PATH = 4096
# Characters after which spreadsheets compute (OWASP, CSV injection), in full width too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
            "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")
# Cc control, Cf format (direction overrides, zero width), Cs surrogates, Co private, Cn unassigned, Zl/Zp separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters and marks that no font shows (Default_Ignorable_Code_Point outside Cf and Cn; the blank of Braille): names
# that look alike must look different.
_UNSEEN = frozenset([*range(0x34F, 0x350), 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164,
                     *range(0xFE00, 0xFE10), 0xFFA0, *range(0xE0100, 0xE01F0)])
# What nearly all text is made of: printable ASCII, the marks of our own sentences, Chinese.
_EVERYDAY = pattern(r"[ -~\u2026\u00b7\u3001-\u301f\u4e00-\u9fff]*\Z")
# More accents than any script puts on one letter flow over the lines around.
_MAX_MARKS = 3


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """Text that is safe on a terminal."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    # Most text is ASCII, and an ellipsis where it was cut; the pattern takes longer to compile than all of it to read.
    rest = text if text.isascii() else text.replace("…", "")
    if (rest.isascii() and rest.isprintable()) or _EVERYDAY.match(text):
        return text
    shown: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        unsafe = category in _UNSAFE or ord(char) in _UNSEEN or marks > _MAX_MARKS
        shown.append(_escaped(char) if unsafe else char)
    return "".join(shown)


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def csv_cell(text: str) -> str:
    """Text that no spreadsheet computes; blanks before a formula are no shelter."""
    safe = plain(text, MAX_PATH)
    return f"'{safe}" if safe.lstrip().startswith(_FORMULA) else safe


def all_plain(value: Any) -> Any:
    """An object of JSON with every text of it safe, wherever it stands."""
    if isinstance(value, str):
        return plain(value, MAX_PATH)
    if isinstance(value, dict):
        return {plain(key, MAX_PATH): all_plain(member) for key, member in value.items()}
    return [all_plain(member) for member in value] if isinstance(value, list) else value
