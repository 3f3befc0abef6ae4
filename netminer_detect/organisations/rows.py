"""What every reader of an inventory gives: rows of cells that know what they say, and messages with places.

Contract: a `Row` is one entry of the file, its cells in the order of the file; `line` is where it begins. A
`Complaints` collects what is wrong with single lines, at most MAX_TOLD of them, and counts the rest: a file of a
million bad lines must not fill the memory or the screen.
"""

from __future__ import annotations

from msgspec import Struct, field

from netminer_detect.organisations.headings import Field

MAX_TOLD = 1000
# Wide sheets have some dozens of columns. What is wider is not read further.
MAX_COLUMNS = 256
# Lines beyond this are no table's: the longest cells (contacts, many networks of one unit) are a few kilobytes.
MAX_LINE = 64 * 1024


class Row(Struct):
    """One entry."""

    line: int
    cells: list[tuple[Field, str]]


class Complaints(Struct):
    """What is wrong in `path`, a text each, with the line where it stands."""

    path: str
    told: list[str] = field(default_factory=list)
    beyond: int = 0

    def add(self, line: int, what: str, fix: str) -> None:
        """Tell that something is wrong at a line."""
        if len(self.told) < MAX_TOLD:
            self.told.append(f"{self.path}:{line}: {what}; {fix}")
        else:
            self.beyond += 1

    def lines(self) -> list[str]:
        """All messages, with one about those that were left out."""
        if not self.beyond:
            return self.told
        return [*self.told, f"{self.path}: {self.beyond} more messages of this kind; correct those above first"]
