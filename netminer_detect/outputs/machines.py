"""The part of the table that accuses: each machine once, with what it does and what proves it.

Contract: `draw_machines(canvas, findings, units, options)` draws the findings unit by unit in the order of `units`,
machine by machine in the order they come; of one machine at most EACH_KIND alike and MAX_SHOWN in all, of the run
MAX_ROWS; the rest is counted. Who was behind the address stands under it, where logs were asked.
`draw_context` lists the machines whose cryptocurrency traffic is no mining. All text is escaped here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from netminer_detect.findings import Finding, Organisation, OrganisationSummary, Role, Server, Verdict, Worker
from netminer_detect.outputs.canvas import GAP, Canvas, Cell, Column, columns
from netminer_detect.outputs.escape import plain
from netminer_detect.outputs.grounds import ground_text
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.times import span_text
from netminer_detect.outputs.wording import why
from netminer_detect.outputs.words import (
    bracketed,
    counted,
    frame_ranges,
    more,
    power_text,
    rate_text,
    watts_text,
    word,
)

STYLES = {Verdict.CONFIRMED: "bold red", Verdict.PROBABLE: "yellow", Verdict.SUSPECTED: "cyan"}
MAX_ROWS = 1000
MAX_SHOWN = 8
EACH_KIND = 3
MAX_CONTEXT = 20
MAX_LOGIN = 40
MAX_CLAIMS = 2
MAX_GROUNDS = 3
MAX_ATTRIBUTIONS = 5

Machine = tuple[str, str | None]


def draw_machines(
    canvas: Canvas, findings: Sequence[Finding], units: Sequence[OrganisationSummary], options: OutputOptions
) -> None:
    """See the module's contract."""
    lang = options.lang
    by_unit: dict[str | None, dict[Machine, list[Finding]]] = {}
    for finding in findings[:MAX_ROWS]:
        unit = finding.organisation.id if finding.organisation else None
        by_unit.setdefault(unit, {}).setdefault((finding.source_ip, finding.realm), []).append(finding)
    order = [unit.organisation.id if unit.organisation else None for unit in units]
    # Without an inventory there is one unit, "unassigned", and nothing to say about it.
    named = any(unit is not None for unit in by_unit)
    for unit in [*(one for one in order if one in by_unit), *(one for one in by_unit if one not in order)]:
        canvas.line()
        machines = by_unit[unit]
        if named:
            canvas.line(_unit_line(next(iter(machines.values()))[0].organisation, len(machines), lang), style="bold")
        for theirs in machines.values():
            _draw_machine(canvas, theirs, options)
    if len(findings) > MAX_ROWS:
        canvas.line(more(counted(len(findings) - MAX_ROWS, "finding", lang), lang))


def _unit_line(unit: Organisation | None, machines: int, lang: str) -> str:
    if unit is None:
        return f"{word('unassigned', lang)} · {counted(machines, 'machine', lang)}"
    told = (unit.name, unit.sector, unit.contact)
    return " · ".join([*(plain(text, 80) for text in told if text), counted(machines, "machine", lang)])


def _draw_machine(canvas: Canvas, findings: list[Finding], options: OutputOptions) -> None:
    lang = options.lang
    first = findings[0]
    told = [
        plain(first.realm, 40) if first.realm else None,
        plain(first.source_mac, 40) if first.source_mac else None,
        "VLAN " + "/".join(str(vlan) for vlan in first.vlan) if first.vlan else None,
        "+".join(plain(tunnel, 20) for tunnel in first.tunnels) or None,
        counted(len(findings), "finding", lang) if len(findings) > 1 else None,
    ]
    canvas.parts([(plain(first.source_ip, 64), "bold"), ("".join(f"  {text}" for text in told if text), "dim")])
    if any(finding.attribution for finding in findings):
        _draw_attributions(canvas, findings, lang)
    places = _places(canvas.width)
    room = canvas.width - sum(column.width + GAP for column in places if column.width is not None)
    shown, rest = _chosen(findings)
    canvas.table(places, [_row(finding, len(places), room, options) for finding in shown])
    if rest:
        levels = Counter(finding.level.word for finding in rest)
        kinds = bracketed([f"{count} {word(level, lang)}" for level, count in levels.items()], lang)
        canvas.line("  " + more(counted(len(rest), "finding", lang) + kinds, lang), style="dim")


def _draw_attributions(canvas: Canvas, findings: Sequence[Finding], lang: str) -> None:
    """Who it was, or why nobody can tell, once for all findings of the machine."""
    from netminer_detect.outputs.attributions import attribution_text

    told = dict.fromkeys(
        attribution_text(one, finding, lang) for finding in findings for one in finding.attribution or ())
    for text in list(told)[:MAX_ATTRIBUTIONS]:
        canvas.line(text, indent=2)
    if len(told) > MAX_ATTRIBUTIONS:
        canvas.line(more(counted(len(told) - MAX_ATTRIBUTIONS, "answer", lang), lang), style="dim", indent=2)


def _chosen(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """The findings to show, and those that are left out: many alike teach nothing new."""
    shown: list[Finding] = []
    rest: list[Finding] = []
    kinds: Counter[tuple[object, ...]] = Counter()
    for finding in findings:
        # What a prober tried is all one.
        said = () if finding.role is Role.PROBER else (finding.level, finding.dialect)
        kind = (finding.role, finding.why_code, *said)
        kinds[kind] += 1
        (shown if kinds[kind] <= EACH_KIND and len(shown) < MAX_SHOWN else rest).append(finding)
    return shown, rest


def _places(width: int) -> list[Column]:
    """How sure and by what, what, and why, under the machine's address; the same columns for every machine."""
    kind = [] if width < 60 else [Column(width=17 if width < 100 else 20)]
    return [Column(width=1), Column(width=10), *kind, Column(rest=True)]


def _row(finding: Finding, places: int, room: int, options: OutputOptions) -> list[Cell]:
    lang = options.lang
    sure = [(word(finding.verdict.word, lang), STYLES[finding.verdict]), (word(finding.level.word, lang), "dim")]
    kind = [(word(finding.role.value, lang) + (f" {plain(finding.coin, 12)}" if finding.coin else ""), "")]
    if finding.dialect:
        kind.append((plain(finding.dialect, 40), "dim"))
    sentence = why(finding, lang)
    reason = [(sentence, ""), *((line, "dim") for line in _filled(_details(finding, sentence, options), room))]
    if finding.assessment is not None:
        reason.append((_assessment(finding, lang), ""))
    return [[], sure, kind, reason] if places == 4 else [[], sure, reason]


def _assessment(finding: Finding, lang: str) -> str:
    """Compromised or misused, what speaks for it, and then what speaks against it."""
    said = finding.assessment or ""
    one_sided = said.startswith("likely")
    against = [ground for ground in finding.grounds if one_sided and not said.endswith(ground.points_to)]
    told = [ground_text(ground, lang) for ground in finding.grounds if ground not in against][:MAX_GROUNDS]
    other = [ground_text(ground, lang) for ground in against][:MAX_GROUNDS]
    if lang == "zh":
        return f"{plain(word(said, lang), 40)}：{'；'.join(told)}" + (f"；相反：{'；'.join(other)}" if other else "")
    return f"{plain(said, 40).replace('-', ' ')}: {'; '.join(told)}" + (f"; but {'; '.join(other)}" if other else "")


def _filled(parts: Sequence[str], room: int) -> list[str]:
    """The parts in lines of at most `room` columns, none torn apart that fits one."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]} · {part}" if lines else part
        if lines and columns(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines


def _details(finding: Finding, sentence: str, options: OutputOptions) -> list[str]:
    """What the sentence does not say: the server's address, the login, rates and power, the frames, the time."""
    lang = options.lang
    server = finding.pool or finding.peer
    parts = _server(server, sentence, lang) if server is not None else []
    if finding.workers:
        parts += _logins(finding.workers, options)
    parts += [rate_text(work.rate, work.unit) for work in finding.work if work.rate is not None]
    if finding.power is not None:
        parts.append(power_text(finding.power, lang))
    for claim in finding.claimed[:MAX_CLAIMS]:
        rates = [] if claim.rate is None else [rate_text(claim.rate, claim.unit)]
        watts = [] if claim.power_w is None else [watts_text(claim.power_w)]
        parts.append(f"{word('claims', lang)} {', '.join(rates + watts)}")
    if finding.connections_total > 1:
        parts.append(counted(finding.connections_total, "connection", lang))
    if finding.midstream:
        parts.append(word("began before the capture", lang))
    parts += _frames(finding, lang)
    when = span_text(finding.first_seen_ns, finding.last_seen_ns)
    return [*parts, when] if when else parts


def _server(server: Server, sentence: str, lang: str) -> list[str]:
    parts = []
    if server.ip is not None:
        host = f"[{server.ip}]" if ":" in server.ip else server.ip
        where = plain(host if server.port is None else f"{host}:{server.port}", 80)
        parts += [where] if where not in sentence else []
    for text in (server.name, server.operator):
        if text and plain(text, 80) not in sentence:
            parts.append(plain(text, 80))
    if server.via is not None:
        via = server.via
        parts.append(f"{word('via', lang)} {plain(via.kind, 20)} {plain(via.ip, 64)}:{via.port}")
    return parts


def _logins(workers: Sequence[Worker], options: OutputOptions) -> list[str]:
    lang = options.lang
    named = [worker for worker in workers if worker.login]
    if not named:
        return []
    first = named[0]
    others = f" +{counted(len(named) - 1, 'login', lang)}" if len(named) > 1 else ""
    parts = [f"{word('as', lang)} {_short(first.user, first.worker, first.login or '')}{others}"]
    if options.show_passwords and first.password:
        parts.append(f"{word('password', lang)} {plain(first.password, 60)}")
    return parts


def _short(user: str | None, worker: str | None, login: str) -> str:
    """A login with the middle of its wallet left out: its ends tell it apart, the whole is in the other outputs."""
    text = plain(login, 256)
    if len(text) <= MAX_LOGIN:
        return text
    wallet = plain(user or login, 256)
    short = f"{wallet[:8]}…{wallet[-6:]}" if len(wallet) > 20 else wallet
    return f"{short} {plain(worker, 24)}" if worker else short


def _frames(finding: Finding, lang: str) -> list[str]:
    """The frames of the first capture that proves it; how many captures more."""
    captures = list(dict.fromkeys(line.capture for line in finding.evidence))
    if not captures:
        return []
    frames = [line.frame for line in finding.evidence if line.frame is not None and line.capture == captures[0]]
    name = plain(captures[0].rsplit("/", 1)[-1], 60)
    if not frames:
        return [name]
    shown = frame_ranges(frames)
    text = f"{name} 第 {shown} 帧" if lang == "zh" else f"{name} frame{'s' if len(set(frames)) > 1 else ''} {shown}"
    return [text + (f" +{len(captures) - 1}" if len(captures) > 1 else "")]


def draw_context(canvas: Canvas, findings: Iterable[Finding], lang: str) -> None:
    """Name the machines whose cryptocurrency traffic is no mining."""
    other = [finding for finding in findings if finding.verdict is Verdict.NOT_MINING]
    if not other:
        return
    canvas.line()
    canvas.line(word("Cryptocurrency traffic that is not mining", lang), style="bold")
    for finding in other[:MAX_CONTEXT]:
        told = " · ".join([why(finding, lang), *_frames(finding, lang)])
        canvas.line(f"{plain(finding.source_ip, 64)}  {told}", style="dim", indent=2)
    if len(other) > MAX_CONTEXT:
        canvas.line("  " + more(counted(len(other) - MAX_CONTEXT, "finding", lang), lang), style="dim")
