"""The table for people: which machine, which unit, what, with whom, how sure, why, on what evidence.

Contract: rich draws it, in the width of the terminal, or plain and 120 columns wide (or COLUMNS) where the stream is
none. Unit by unit, machine by machine, surest first; then what is no mining, the sums, incidents, and what was read and
what was not. Everything from the wire is escaped, and no markup of the library is interpreted.
"""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, TextIO

from netminer_detect.findings import Report, Verdict
from netminer_detect.outputs.machines import draw_context, draw_machines
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.sums import draw_incidents, draw_power, draw_reading, draw_sources, draw_units
from netminer_detect.outputs.words import bracketed, counted, labelled, word

if TYPE_CHECKING:
    from rich.console import Console

SUFFIXES = (".txt",)
PIPED_WIDTH = 120
# Signs that the table draws itself, and what stands for them where the encoding has none.
_SIGNS = "·…"
_PLAINER = str.maketrans({"·": "-", "…": "..."})


def write(report: Report, stream: TextIO, options: OutputOptions) -> None:
    """See the module's contract."""
    from rich.console import Console

    drawn = io.StringIO()
    # The height means nothing here, but without it rich has its own mind about the width of dumb terminals.
    console = Console(file=drawn, width=_width(stream, options), height=25, force_terminal=stream.isatty() or None,
                      highlight=False, markup=False, emoji=False)
    _draw(console, report, options)
    # Cells are filled up with blanks; in a file they are only in the way.
    text = "".join(line.rstrip(" ") + "\n" for line in drawn.getvalue().split("\n")[:-1])
    stream.write(text if _shows(stream, _SIGNS) else text.translate(_PLAINER))


def _draw(console: Console, report: Report, options: OutputOptions) -> None:
    lang = options.lang
    totals = report.totals
    if totals.interrupted:
        console.print(word("Interrupted: this is what was found so far.", lang), style="bold yellow")
    mining = [finding for finding in report.findings if finding.verdict is not Verdict.NOT_MINING]
    if mining:
        console.print(_headline(report, lang), style="bold")
        draw_machines(console, mining, report.organisations, options)
    elif totals.packets or totals.inputs > totals.inputs_failed + totals.inputs_left:
        console.print(word("No mining was found.", lang), style="bold green")
    else:
        console.print(word("Nothing was read.", lang), style="bold yellow")
    draw_context(console, report.findings, lang)
    if mining:
        draw_sources(console, report.sources, lang)
        draw_units(console, report.organisations, lang)
        draw_incidents(console, report.incidents, lang)
        draw_power(console, totals, lang)
    console.print()
    draw_reading(console, totals, lang)


def _headline(report: Report, lang: str) -> str:
    counts = [0, 0, 0, 0]
    for source in report.sources:
        counts[source.verdict] += 1
    parts = [
        f"{counts[verdict]} {word(verdict.word, lang)}"
        for verdict in (Verdict.CONFIRMED, Verdict.PROBABLE, Verdict.SUSPECTED) if counts[verdict]
    ]
    what = word("Mining" if counts[Verdict.CONFIRMED] else "Possible mining", lang)
    return labelled(what, [counted(sum(counts[1:]), "machine", lang)], lang) + bracketed(parts, lang)


def _width(stream: TextIO, options: OutputOptions) -> int:
    """The columns to use."""
    if options.width is not None:
        return options.width
    if stream.isatty():
        # A terminal that does not know its width says 0.
        return os.get_terminal_size(stream.fileno()).columns or 80
    told = os.environ.get("COLUMNS", "")
    return int(told) if re.fullmatch("[1-9][0-9]{1,3}", told) else PIPED_WIDTH


def _shows(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
