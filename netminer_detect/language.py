"""The language in which people are spoken to.

Contract: `language(asked)` gives `en` or `zh`: what was asked for, else what the environment says as POSIX orders it
(LC_ALL, LC_MESSAGES, LANG), else English.
"""

from __future__ import annotations

import os

LANGUAGES = ("en", "zh")


def language(asked: str | None) -> str:
    """See the module's contract."""
    if asked:
        return asked
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
