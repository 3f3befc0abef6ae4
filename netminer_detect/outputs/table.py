"""The table for people: which machine, which unit, what, with whom, how sure, why, on what evidence.

Contract: as wide as the terminal and in its colours, or plain and 120 columns wide (or COLUMNS) where the stream is
none. NO_COLOR leaves colours out, a terminal that is dumb (or tells no kind) gets plain text, FORCE_COLOR brings them
into files too. Unit by unit, machine by machine, surest first; then what is no mining, the sums, incidents, and what
was read and what was not. Everything from the wire is escaped.
"""

from __future__ import annotations

import os
import re
from typing import TextIO

from netminer_detect.findings import Report, Verdict
from netminer_detect.outputs.canvas import Canvas, Look
from netminer_detect.outputs.machines import draw_context, draw_machines
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.sums import (
    draw_incidents,
    draw_power,
    draw_reading,
    draw_sources,
    draw_suppressed,
    draw_units,
)
from netminer_detect.outputs.words import bracketed, counted, labelled, word

SUFFIXES = (".txt",)
PIPED_WIDTH = 120
# Signs that the table draws itself, and what stands for them where the encoding has none.
_SIGNS = "·…"
_PLAINER = str.maketrans({"·": "-", "…": "..."})


def write(report: Report, stream: TextIO, options: OutputOptions) -> None:
    """See the module's contract."""
    canvas = Canvas(_width(stream, options), _look(stream))
    _draw(canvas, report, options)
    text = canvas.drawn()
    stream.write(text if _shows(stream, _SIGNS) else text.translate(_PLAINER))


def _draw(canvas: Canvas, report: Report, options: OutputOptions) -> None:
    lang = options.lang
    totals = report.totals
    if totals.interrupted:
        canvas.line(word("Interrupted: this is what was found so far.", lang), style="bold yellow")
    mining = [finding for finding in report.findings if finding.verdict is not Verdict.NOT_MINING]
    if mining:
        canvas.line(_headline(report, lang), style="bold")
        draw_machines(canvas, mining, report.organisations, options)
    elif totals.packets or totals.inputs > totals.inputs_failed + totals.inputs_left:
        hidden = any(one.findings for one in totals.suppressed)
        told = "No mining was found but what is suppressed." if hidden else "No mining was found."
        canvas.line(word(told, lang), style="bold green")
    else:
        canvas.line(word("Nothing was read.", lang), style="bold yellow")
    draw_context(canvas, report.findings, lang)
    if mining:
        draw_sources(canvas, report.sources, lang)
        draw_units(canvas, report.organisations, lang)
        draw_incidents(canvas, report.incidents, lang)
        draw_power(canvas, totals, lang)
    canvas.line()
    draw_suppressed(canvas, totals, lang)
    draw_reading(canvas, totals, lang)


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


def _look(stream: TextIO) -> Look:
    """What of styles the stream shows, as https://no-color.org and its kin have it."""
    if not stream.isatty() and not os.environ.get("FORCE_COLOR"):
        return Look.PLAIN
    if os.environ.get("TERM", "dumb") in ("", "dumb", "unknown"):
        return Look.PLAIN
    return Look.TYPE if os.environ.get("NO_COLOR") else Look.COLOUR


def _shows(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
