"""What a person may ask of an output."""

from __future__ import annotations

from msgspec import Struct


class OutputOptions(Struct, frozen=True):
    """`lang` is en or zh; `width` in columns, None: the terminal's; `colour` whether the stream shows colours."""

    lang: str = "en"
    show_passwords: bool = False
    width: int | None = None
    colour: bool = False
