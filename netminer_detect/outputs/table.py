"""The table for people: which machine, which unit, what, with whom, how sure, why, on what evidence.

Contract: rich draws it, in the width of the terminal, or plain where the stream is none. Findings stand by unit;
what is no mining stands apart and short; then the sums, and what was not read. Everything from the wire is
escaped, and no markup of the library is interpreted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from netminer_detect.findings import Finding, Report, Totals, Verdict
from netminer_detect.outputs.escape import plain
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.times import iso_time
from netminer_detect.outputs.wording import defect, why, word

if TYPE_CHECKING:
    from rich.console import Console

SUFFIXES = (".txt",)
PIPED_WIDTH = 120
MAX_ROWS = 1000
MAX_CONTEXT = 20
_STYLES = {Verdict.CONFIRMED: "bold red", Verdict.PROBABLE: "yellow", Verdict.SUSPECTED: "cyan"}


def write(report: Report, stream: TextIO, options: OutputOptions) -> None:
    """See the module's contract."""
    from rich.console import Console

    console = Console(
        file=stream,
        width=options.width or (None if stream.isatty() else PIPED_WIDTH),
        force_terminal=options.colour or None,
        no_color=not (options.colour or stream.isatty()),
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
    mining = [finding for finding in report.findings if finding.verdict is not Verdict.NOT_MINING]
    if mining:
        _findings(console, mining, options)
        _units(console, report, options)
    else:
        console.print(word("No mining was found.", options.lang), style="bold green")
    _context(console, report, options)
    _closing(console, report.totals, len({finding.source_ip for finding in mining}), options)


def _findings(console: Console, findings: list[Finding], options: OutputOptions) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    lang = options.lang
    table = Table(box=SIMPLE_HEAD, expand=True, pad_edge=False, show_edge=False)
    for heading, least, ratio in (("Source", 15, 3), ("What", 12, 3), ("Server", 14, 4), ("Verdict", 10, 2)):
        table.add_column(word(heading, lang), min_width=least, ratio=ratio, overflow="fold")
    table.add_column(word("Why", lang), ratio=8, overflow="fold", min_width=20)
    for finding in sorted(findings[:MAX_ROWS], key=_unit_order):
        sure = Text(word(finding.verdict.word, lang), style=_STYLES[finding.verdict])
        sure.append(f"\n{word(finding.level.word, lang)}", style="default")
        reason = Text(why(finding, lang))
        reason.append("\n" + _proof(finding, lang), style="dim")
        table.add_row(
            Text(_who(finding, lang)), Text(_what(finding, lang)), Text(_server(finding)), sure, reason,
            end_section=True,
        )
    console.print(table)
    if len(findings) > MAX_ROWS:
        console.print(f"… {len(findings) - MAX_ROWS} {word('more', lang)} (-o findings.csv)")


def _unit_order(finding: Finding) -> tuple[bool, str]:
    """Units by name, the unassigned last; within a unit the report's own order stays."""
    unit = finding.organisation
    return unit is None, unit.name if unit else ""


def _who(finding: Finding, lang: str) -> str:
    unit = finding.organisation
    parts = [finding.source_ip, plain(unit.name, 60) if unit else word("unassigned", lang)]
    if finding.vlan:
        parts.append("VLAN " + "/".join(str(vlan) for vlan in finding.vlan))
    return "\n".join(parts)


def _what(finding: Finding, lang: str) -> str:
    parts = [word(finding.role.value, lang)]
    if finding.coin:
        parts[0] += f" {plain(finding.coin, 12)}"
    if finding.dialect:
        parts.append(finding.dialect)
    names = [plain(worker.login, 48) for worker in finding.workers[:3] if worker.login]
    return "\n".join([*parts, *names])


def _server(finding: Finding) -> str:
    server = finding.pool or finding.peer
    if server is None:
        return ""
    where = server.ip or ""
    if where and ":" in where and server.port is not None:
        where = f"[{where}]"
    parts = [f"{where or plain(server.name or '?', 80)}" + (f":{server.port}" if server.port is not None else "")]
    if server.name and server.ip:
        parts.append(plain(server.name, 80))
    if server.operator:
        parts.append(plain(server.operator, 40))
    if server.via:
        parts.append(f"via {server.via.kind} {server.via.ip}:{server.via.port}")
    return "\n".join(parts)


def _proof(finding: Finding, lang: str) -> str:
    frames = [str(line.frame) for line in finding.evidence if line.frame is not None]
    shown = ", ".join(list(dict.fromkeys(frames))[:6])
    capture = plain(finding.evidence[0].capture.rsplit("/", 1)[-1], 60) if finding.evidence else ""
    when = iso_time(finding.first_seen_ns)
    return " · ".join(part for part in (
        f"{capture} {word('frame', lang)} {shown}" if shown else capture, when[:19] + "Z" if when else "") if part)


def _units(console: Console, report: Report, options: OutputOptions) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    lang = options.lang
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(word("Units", lang))
    for heading in ("Sources", "confirmed", "probable", "suspected"):
        table.add_column(word(heading, lang), justify="right")
    table.add_column(word("Coins", lang))
    for unit in report.organisations:
        name = plain(unit.organisation.name, 60) if unit.organisation else word("unassigned", lang)
        counts = (unit.sources, unit.confirmed, unit.probable, unit.suspected)
        table.add_row(Text(name), *(str(count) for count in counts), Text(" ".join(unit.coins)))
    console.print(table)


def _context(console: Console, report: Report, options: OutputOptions) -> None:
    other = [finding for finding in report.findings if finding.verdict is Verdict.NOT_MINING]
    if not other:
        return
    console.print(word("Cryptocurrency traffic that is not mining", options.lang), style="bold")
    for finding in other[:MAX_CONTEXT]:
        console.print(f"  {finding.source_ip}: {why(finding, options.lang)}", overflow="fold")
    if len(other) > MAX_CONTEXT:
        console.print(f"  … {len(other) - MAX_CONTEXT} {word('more', options.lang)}")


def _closing(console: Console, totals: Totals, machines: int, options: OutputOptions) -> None:
    lang = options.lang
    read = [
        f"{totals.inputs - totals.inputs_failed} {word('inputs', lang)}",
        f"{totals.packets:,} {word('packets', lang)}".replace(",", " "),
        f"{totals.flows:,} {word('flows', lang)}".replace(",", " "),
        f"{totals.seconds:.1f} s",
    ]
    console.print(f"{machines} {word('machines', lang)} · {word('read', lang)}: {', '.join(read)}")
    if totals.inputs_failed:
        console.print(f"{totals.inputs_failed} {word('inputs', lang)}: {word('not read', lang)}", style="bold yellow")
    for name, count in sorted(totals.defects.items()):
        told = defect(name, lang)
        if told is not None:
            console.print(f"{count:,} {told}".replace(",", " "), style="yellow")
    for name, count in sorted(totals.dropped.items()):
        if count:
            console.print(f"dropped {name}: {count}", style="yellow")
