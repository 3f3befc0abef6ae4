"""The sums of the table: a line a machine, a line a unit, and what was read, lost and not read.

Contract: each function draws its part on a rich console, or nothing where there is nothing to sum. Work of different
algorithms is never added up. All text is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netminer_detect.findings import (
    Incident,
    Organisation,
    OrganisationSummary,
    Power,
    SourceSummary,
    Totals,
    Verdict,
    Work,
)
from netminer_detect.outputs.escape import plain
from netminer_detect.outputs.grounds import incident_text
from netminer_detect.outputs.machines import STYLES
from netminer_detect.outputs.words import (
    counted,
    defect,
    dropped,
    energy_text,
    labelled,
    more,
    power_text,
    rate_text,
    size_text,
    watts_text,
    word,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MAX_SOURCES = 1000
MAX_UNREAD = 10
MAX_INCIDENTS = 20
MAX_MACHINES = 8
# On narrower terminals columns that the lines above have said are left out.
WIDE = 100
WIDER = 120
WIDEST = 140
MAX_RATES = 4
# Columns whose cells are not torn apart, and the least width of those that may be, between words.
_WHOLE = frozenset({"Rate", "Power", "Verdict", "Level"})
_LEAST = {"Machine": 15, "Unit": 12}


def draw_sources(console: Console, sources: Sequence[SourceSummary], lang: str) -> None:
    """A line a machine that mines, or may; none where there is but one, which has been shown."""
    from rich.text import Text

    mining = [source for source in sources if source.verdict is not Verdict.NOT_MINING]
    if len(mining) < 2:
        return
    units = any(source.organisation for source in mining)
    power = any(source.power for source in mining)
    wide = console.width >= WIDE
    wider = console.width >= WIDER
    rates = console.width >= WIDEST and any(work.rate is not None for source in mining for work in source.work)
    table = _table(lang, ["Machine", *(["Unit"] if units else []), "Verdict", *(["Level"] if wider else []), "Roles",
                          "Coins", *(["Rate"] if rates else []), *(["Power"] if power else [])],
                   [*(["Servers"] if wide else []), "Findings"])
    for source in mining[:MAX_SOURCES]:
        cells: list[str | Text] = [
            plain(source.source_ip, 64),
            *([_name(source.organisation, lang)] if units else []),
            Text(word(source.verdict.word, lang), style=STYLES[source.verdict]),
            *([word(source.level.word, lang)] if wider else []),
            ", ".join(word(role.value, lang) for role in source.roles),
            " ".join(plain(coin, 12) for coin in source.coins),
            *([_rates(source.work)] if rates else []),
            *([_power(source.power)] if power else []),
            *([str(source.pools)] if wide else []),
            str(source.findings),
        ]
        table.add_row(*cells)
    console.print()
    console.print(table)
    if len(mining) > MAX_SOURCES:
        console.print(more(counted(len(mining) - MAX_SOURCES, "machine", lang), lang))


def draw_units(console: Console, units: Sequence[OrganisationSummary], lang: str) -> None:
    """A line a unit; none where no inventory names any."""
    if not any(unit.organisation for unit in units):
        return
    power = any(unit.power for unit in units)
    wide = console.width >= WIDE
    rates = console.width >= WIDEST and any(work.rate is not None for unit in units for work in unit.work)
    shown = [*(["Coins"] if wide else []), *(["Rate"] if rates else []), *(["Power"] if power else []), "Contact"]
    table = _table(lang, ["Unit"], ["Machines", "confirmed", "probable", "suspected"], shown)
    for unit in units:
        known = unit.organisation
        counts = (unit.sources, unit.confirmed, unit.probable, unit.suspected)
        table.add_row(
            _name(known, lang), *(str(count) for count in counts),
            *([" ".join(plain(coin, 12) for coin in unit.coins)] if wide else []),
            *([_rates(unit.work)] if rates else []),
            *([_power(unit.power)] if power else []),
            plain(known.contact, 80) if known and known.contact else "",
        )
    console.print()
    console.print(table)


def draw_incidents(console: Console, incidents: Sequence[Incident], lang: str) -> None:
    """What several machines mine for, and which machines these are; nothing where each mines for itself."""
    from rich.padding import Padding
    from rich.text import Text

    if not incidents:
        return
    console.print()
    console.print(word("Mining for one and the same", lang), style="bold")
    for incident in incidents[:MAX_INCIDENTS]:
        shown = [plain(ip, 64) for ip, _ in incident.machines[:MAX_MACHINES]]
        if incident.machines_total > len(shown):
            shown.append("…")
        line = Text(labelled(incident_text(incident, lang), shown, lang), overflow="fold")
        console.print(Padding(line, (0, 0, 0, 2)))
    if len(incidents) > MAX_INCIDENTS:
        console.print("  " + more(counted(len(incidents) - MAX_INCIDENTS, "incident", lang), lang), style="dim")


def draw_power(console: Console, totals: Totals, lang: str) -> None:
    """The power of all that was measured, and what it assumes; nothing where no work was."""
    power = totals.power
    if power is None:
        return
    told = [power_text(power, lang), energy_text(power, lang)]
    if power.wall_factor > 1:
        told.append(f"墙上电表为其 {power.wall_factor:g} 倍" if lang == "zh"
                    else f"{power.wall_factor:g} times as much at the wall")
    console.print()
    console.print(labelled(word("Power of all", lang), told, lang))
    console.print(labelled(word("Assumed", lang), [plain(power.basis, 400)], lang), style="dim")


def draw_reading(console: Console, totals: Totals, lang: str) -> None:
    """What was read, what was wrong with it, what was lost, what was not read."""
    begun = totals.inputs - totals.inputs_left - sum(1 for unread in totals.unread if not unread.partly)
    read = [
        (f"{begun} / " if begun != totals.inputs else "") + counted(totals.inputs, "input", lang),
        counted(totals.packets, "packet", lang), size_text(totals.bytes), counted(totals.flows, "flow", lang),
        f"{totals.seconds:.1f} s",
    ]
    console.print(labelled(word("Read", lang), read, lang))
    if totals.unanswered:
        label = word("Known mining servers that never answered", lang)
        console.print(labelled(label, [counted(totals.unanswered, "connection", lang)], lang), style="dim")
    for name, count in sorted(totals.defects.items()):
        told = defect(plain(name, 40), count, totals.packets, lang) if count else None
        if told is not None:
            console.print(told, style="yellow")
    lost = [dropped(plain(name, 40), count, lang) for name, count in sorted(totals.dropped.items()) if count]
    if lost:
        console.print(labelled(word("Lost for want of memory", lang), lost, lang) + " (--memory)", style="yellow")
    for unread in totals.unread[:MAX_UNREAD]:
        told = f"{plain(unread.input, 200)}: {plain(unread.what, 200)}"
        label = word("Not read to the end" if unread.partly else "Not read", lang)
        console.print(labelled(label, [told], lang), style="yellow", overflow="fold")
    if len(totals.unread) > MAX_UNREAD:
        console.print(f"… {counted(len(totals.unread) - MAX_UNREAD, 'input', lang)}", style="yellow")


def _table(lang: str, texts: list[str], numbers: list[str], more: Sequence[str] = ()) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in texts:
        table.add_column(word(heading, lang), overflow="fold", no_wrap=heading in _WHOLE, min_width=_LEAST.get(heading))
    for heading in numbers:
        table.add_column(word(heading, lang), justify="right", no_wrap=True)
    for heading in more:
        table.add_column(word(heading, lang), overflow="fold", no_wrap=heading in _WHOLE)
    return table


def _name(unit: Organisation | None, lang: str) -> str:
    return plain(unit.name, 60) if unit else word("unassigned", lang)


def _rates(works: Sequence[Work]) -> str:
    """The rates, one algorithm a line."""
    shown = [
        rate_text(work.rate, work.unit) + (f" {plain(work.algorithm, 32)}" if work.algorithm else "")
        for work in works if work.rate is not None
    ]
    return "\n".join([*shown[:MAX_RATES], *(["…"] if len(shown) > MAX_RATES else [])])


def _power(power: Power | None) -> str:
    """The typical power; its bounds stand with the machine."""
    return "" if power is None else watts_text(power.w_typical)
