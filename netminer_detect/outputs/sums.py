"""The sums of the table: a line a machine, a line a unit, and what was read, lost and not read.

Contract: each function draws its part on a canvas, or nothing where there is nothing to sum. Work of different
algorithms is never added up. All text is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence

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
from netminer_detect.outputs.canvas import CHARACTER, Canvas, Cell, Column
from netminer_detect.outputs.escape import plain
from netminer_detect.outputs.grounds import incident_text
from netminer_detect.outputs.machines import STYLES
from netminer_detect.outputs.words import (
    bracketed,
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

MAX_SOURCES = 1000
MAX_UNREAD = 10
MAX_SUPPRESSED = 50
MAX_INCIDENTS = 20
MAX_MACHINES = 8
# On narrower terminals columns that the lines above have said are left out.
NARROW = 60
MIDDLING = 80
WIDE = 100
WIDER = 120
WIDEST = 140
MAX_RATES = 4
# Columns whose cells are not torn apart, and the least width of those that may be, between words.
_WHOLE = frozenset({"Rate", "Power", "Verdict", "Level"})
_LEAST = {"Machine": 15, "Unit": 12}


def draw_sources(canvas: Canvas, sources: Sequence[SourceSummary], lang: str) -> None:
    """A line a machine that mines, or may; none where there is but one, which has been shown."""
    mining = [source for source in sources if source.verdict is not Verdict.NOT_MINING]
    if len(mining) < 2:
        return
    units = canvas.width >= MIDDLING and any(source.organisation for source in mining)
    power = canvas.width >= MIDDLING and any(source.power for source in mining)
    kinds = canvas.width >= NARROW
    wide = canvas.width >= WIDE
    wider = canvas.width >= WIDER
    rates = canvas.width >= WIDEST and any(work.rate is not None for source in mining for work in source.work)
    columns = _columns(
        lang, ["Machine", *(["Unit"] if units else []), "Verdict", *(["Level"] if wider else []),
               *(["Roles", "Coins"] if kinds else []), *(["Rate"] if rates else []), *(["Power"] if power else [])],
        [*(["Servers"] if wide else []), "Findings"])
    rows: list[list[Cell]] = [
        [
            _cell(plain(source.source_ip, 64)),
            *([_cell(_name(source.organisation, lang))] if units else []),
            [(word(source.verdict.word, lang), STYLES[source.verdict])],
            *([_cell(word(source.level.word, lang))] if wider else []),
            *([_cell(", ".join(word(role.value, lang) for role in source.roles)),
               _cell(" ".join(plain(coin, 12) for coin in source.coins))] if kinds else []),
            *([_cell(*_rates(source.work))] if rates else []),
            *([_cell(_power(source.power))] if power else []),
            *([_cell(str(source.pools))] if wide else []),
            _cell(str(source.findings)),
        ]
        for source in mining[:MAX_SOURCES]
    ]
    canvas.line()
    canvas.table(columns, rows)
    if len(mining) > MAX_SOURCES:
        canvas.line(more(counted(len(mining) - MAX_SOURCES, "machine", lang), lang))


def draw_units(canvas: Canvas, units: Sequence[OrganisationSummary], lang: str) -> None:
    """A line a unit; none where no inventory names any."""
    if not any(unit.organisation for unit in units):
        return
    power = canvas.width >= MIDDLING and any(unit.power for unit in units)
    contact = canvas.width >= NARROW
    wide = canvas.width >= WIDE
    rates = canvas.width >= WIDEST and any(work.rate is not None for unit in units for work in unit.work)
    shown = [*(["Coins"] if wide else []), *(["Rate"] if rates else []), *(["Power"] if power else []),
             *(["Contact"] if contact else [])]
    columns = _columns(lang, ["Unit"], ["Machines", "confirmed", "probable", "suspected"]) + _columns(lang, shown)
    rows: list[list[Cell]] = []
    for unit in units:
        known = unit.organisation
        counts = (unit.sources, unit.confirmed, unit.probable, unit.suspected)
        rows.append([
            _cell(*_unit_name(unit, lang)), *(_cell(str(count)) for count in counts),
            *([_cell(" ".join(plain(coin, 12) for coin in unit.coins))] if wide else []),
            *([_cell(*_rates(unit.work))] if rates else []),
            *([_cell(_power(unit.power))] if power else []),
            *([_cell(plain(known.contact, 80) if known and known.contact else "")] if contact else []),
        ])
    canvas.line()
    canvas.table(columns, rows)


def draw_incidents(canvas: Canvas, incidents: Sequence[Incident], lang: str) -> None:
    """What several machines mine for, and which machines these are; nothing where each mines for itself."""
    if not incidents:
        return
    canvas.line()
    canvas.line(word("Mining for one and the same", lang), style="bold")
    for incident in incidents[:MAX_INCIDENTS]:
        shown = [plain(ip, 64) for ip, _ in incident.machines[:MAX_MACHINES]]
        if incident.machines_total > len(shown):
            shown.append("…")
        canvas.line(labelled(incident_text(incident, lang), shown, lang), indent=2)
    if len(incidents) > MAX_INCIDENTS:
        canvas.line("  " + more(counted(len(incidents) - MAX_INCIDENTS, "incident", lang), lang), style="dim")


def draw_power(canvas: Canvas, totals: Totals, lang: str) -> None:
    """The power of all that was measured, and what it assumes; nothing where no work was."""
    power = totals.power
    if power is None:
        return
    told = [power_text(power, lang), energy_text(power, lang)]
    if power.wall_factor > 1:
        told.append(f"墙上电表为其 {power.wall_factor:g} 倍" if lang == "zh"
                    else f"{power.wall_factor:g} times as much at the wall")
    canvas.line()
    canvas.line(labelled(word("Power of all", lang), told, lang))
    canvas.line(labelled(word("Assumed", lang), [plain(power.basis, 400)], lang), style="dim")


def draw_suppressed(canvas: Canvas, totals: Totals, lang: str) -> None:
    """What the user's suppressions hid, and which of them have expired."""
    for one in totals.suppressed[:MAX_SUPPRESSED]:
        hid = word("expired, hides nothing", lang) if one.expired else counted(one.findings, "finding", lang)
        about = [plain(one.reason, 100), f"{word('until', lang)} {one.expires}", f"{plain(one.path, 200)}:{one.line}"]
        style = "yellow" if one.expired else "dim"
        canvas.line(labelled(word("Suppressed", lang), [hid], lang) + bracketed(about, lang), style=style)
    if len(totals.suppressed) > MAX_SUPPRESSED:
        rest = totals.suppressed[MAX_SUPPRESSED:]
        hid = counted(sum(one.findings for one in rest), "finding", lang)
        canvas.line(labelled(word("Suppressed", lang), [f"… {hid}"], lang), style="dim")


def draw_reading(canvas: Canvas, totals: Totals, lang: str) -> None:
    """What was read, what was wrong with it, what was lost, what was not read."""
    begun = totals.inputs - totals.inputs_left - sum(1 for unread in totals.unread if not unread.partly)
    read = [
        (f"{begun} / " if begun != totals.inputs else "") + counted(totals.inputs, "input", lang),
        counted(totals.packets, "packet", lang), size_text(totals.bytes), counted(totals.flows, "flow", lang),
        f"{totals.seconds:.1f} s",
    ]
    canvas.line(labelled(word("Read", lang), read, lang))
    if totals.unanswered:
        label = word("Known mining servers that never answered", lang)
        canvas.line(labelled(label, [counted(totals.unanswered, "connection", lang)], lang), style="dim")
    for name, count in sorted(totals.defects.items()):
        told = defect(plain(name, 40), count, totals.packets, lang) if count else None
        if told is not None:
            canvas.line(told, style="yellow")
    lost = [dropped(plain(name, 40), count, lang) for name, count in sorted(totals.dropped.items()) if count]
    if lost:
        canvas.line(labelled(word("Lost for want of memory", lang), lost, lang) + " (--memory)", style="yellow")
    for unread in totals.unread[:MAX_UNREAD]:
        told = f"{plain(unread.input, 200)}: {plain(unread.what, 200)}"
        label = word("Not read to the end" if unread.partly else "Not read", lang)
        canvas.line(labelled(label, [told], lang), style="yellow")
    if len(totals.unread) > MAX_UNREAD:
        canvas.line(f"… {counted(len(totals.unread) - MAX_UNREAD, 'input', lang)}", style="yellow")


def _columns(lang: str, texts: Sequence[str], numbers: Sequence[str] = ()) -> list[Column]:
    shown = [
        Column(word(heading, lang), least=_LEAST.get(heading, CHARACTER), whole=heading in _WHOLE)
        for heading in texts
    ]
    return shown + [Column(word(heading, lang), whole=True, right=True) for heading in numbers]


def _cell(*lines: str) -> Cell:
    return [(line, "") for line in lines]


def _name(unit: Organisation | None, lang: str) -> str:
    return plain(unit.name, 60) if unit else word("unassigned", lang)


def _unit_name(unit: OrganisationSummary, lang: str) -> list[str]:
    """The unit, and whether its line counts machines that stand in others as well."""
    name = _name(unit.organisation, lang)
    if not unit.sources_below:
        return [name]
    return [name, bracketed([word("with units below", lang)], lang).strip()]


def _rates(works: Sequence[Work]) -> list[str]:
    """The rates, one algorithm a line."""
    shown = [
        rate_text(work.rate, work.unit) + (f" {plain(work.algorithm, 32)}" if work.algorithm else "")
        for work in works if work.rate is not None
    ]
    return [*shown[:MAX_RATES], *(["…"] if len(shown) > MAX_RATES else [])]


def _power(power: Power | None) -> str:
    """The typical power; its bounds stand with the machine."""
    return "" if power is None else watts_text(power.w_typical)
