"""What a person may ask of an output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """`lang` is en or zh; `width` in columns, None: the terminal's; `colour` whether the stream shows colours."""

    lang: str = "en"
    show_passwords: bool = False
    width: int | None = None
    colour: bool = False
