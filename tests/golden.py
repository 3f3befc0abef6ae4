"""Golden files: what users see, to the letter. `WRITE_GOLDEN=1 scripts/test …` writes them anew, for review to read."""

from __future__ import annotations

import os
import pathlib

FOLDER = pathlib.Path(__file__).with_name("golden")


def matches(name: str, text: str) -> bool:
    """Whether a text is the golden one; shows both where it is not (pytest compares strings)."""
    path = FOLDER / name
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as stream:
        golden = stream.read()
    assert text == golden, f"{name} differs from what users saw"
    return True
