"""A whole run: inputs found, series scanned (side by side where asked), findings judged and summed.

Contract: `run_scan(settings, progress, warn)` gives an Outcome. Wrong settings raise ConfigError before anything
is read; an input that cannot be read is told through `warn` and counted, the others go on. The same input gives
the same report whatever `jobs`, but for `seconds`. Ctrl-C ends the reading; what was found so far is in the
report, with `interrupted` set in its totals.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from netminer_detect.bounds import LEAST, Bounds
from netminer_detect.errors import ConfigError
from netminer_detect.findings import Organisation, Report, Totals, Unread
from netminer_detect.interrupts import Interrupts
from netminer_detect.joining import Joined
from netminer_detect.kernel import flow_bytes, make_kernel
from netminer_detect.kernel.interface import Watch
from netminer_detect.parallel import Note, run_tasks
from netminer_detect.progress import Progress
from netminer_detect.reading import SeriesResult, read_series
from netminer_detect.rulebook.book import load
from netminer_detect.series import SeriesScan
from netminer_detect.settings import ScanSettings
from netminer_detect.sources.inputs import find_inputs
from netminer_detect.sources.opening import may_inflate
from netminer_detect.sources.series import group_series
from netminer_detect.sources.sizes import size_of
from netminer_detect.triage import CALLS, LENGTHS, OPENINGS, TOKENS

if TYPE_CHECKING:
    from netminer_detect.detect.drafts import Draft
    from netminer_detect.estimate.power import Efficiencies
    from netminer_detect.organisations.inventory import Inventory
    from netminer_detect.rulebook.book import Rulebook
    from netminer_detect.suppressions import Suppressions

Warn = Callable[[str], None]


class Outcome(Struct):
    """What a run gave. `readable` counts inputs that could be read at all, also those that broke off; which failed
    stands in the report's totals."""

    report: Report
    readable: int


class Ours(Struct, frozen=True):
    """What is inside: the inventory, private addresses, and what the user names (IP version, first, last address)."""

    inventory: Inventory | None
    spans: tuple[tuple[int, int, int], ...]

    def holds(self, ip: str) -> bool:
        from netminer_detect.detect.addresses import is_private

        if is_private(ip) or (self.inventory is not None and self.inventory.contains(ip)):
            return True
        if not self.spans:
            return False
        import ipaddress

        address = ipaddress.ip_address(ip)
        return any(version == address.version and low <= int(address) <= high for version, low, high in self.spans)

    def unit_of(self, ip: str, at_ns: int | None = None) -> Organisation | None:
        return self.inventory.lookup(ip, at_ns) if self.inventory is not None else None

    def above(self, unit: str) -> list[Organisation]:
        return self.inventory.above(unit) if self.inventory is not None else []


def run_scan(
    settings: ScanSettings, progress: Progress | None = None, warn: Warn = lambda message: None
) -> Outcome:
    """See the module's contract."""
    began = time.monotonic()
    if settings.memory < LEAST:
        warn(f"less than {LEAST >> 20} MiB of memory is too little for the program itself; so much is taken")
    ours = _ours(settings, warn)
    efficiencies = _efficiencies(settings.efficiency) if settings.efficiency else None
    hidden = _suppressions(settings.suppress, warn) if settings.suppress else None
    book = load(settings.rules, settings.endpoints)
    paths, problems = find_inputs(settings.inputs)
    for problem in problems:
        warn(str(problem))
    series = group_series(paths)
    watch = Watch(book.names_table, book.endpoints_table, OPENINGS, TOKENS, LENGTHS, CALLS)
    joined = Joined(series, Totals(inputs=len(problems) + len(paths)), _bounds(settings, series).kept)
    joined.totals.unread += [Unread(one.path, one.what) for one in problems]

    def work(number: int, note: Note) -> SeriesResult:
        files = series[number]
        bounds = _bounds(settings, series, any(may_inflate(path) for path in files))
        scan = SeriesScan(make_kernel(watch, bounds.flows), book, list(files), bounds, len(paths) > 1)
        return read_series(files, scan, note)

    listener = _Listener(progress, warn, series, joined)
    if progress is not None:
        progress.start(_total_bytes(paths), len(paths))
    try:
        run_tasks(work, len(series), settings.jobs, listener.note, joined.take)
    finally:
        if progress is not None:
            progress.stop()
    totals = joined.totals
    totals.inputs_failed = len(totals.unread)
    totals.seconds = time.monotonic() - began
    totals.suppressed = hidden.counts if hidden is not None else []
    drafts = joined.drafts()
    if not drafts:
        return Outcome(Report([], [], [], totals), joined.readable)
    # All was read: who presses Ctrl-C now gets the report all the same.
    with Interrupts():
        return Outcome(_judged(drafts, settings, ours, joined, efficiencies, book, hidden), joined.readable)


def _judged(
    drafts: list[Draft], settings: ScanSettings, ours: Ours, joined: Joined, efficiencies: Efficiencies | None,
    book: Rulebook, hidden: Suppressions | None,
) -> Report:
    """What the drafts amount to. Most captures hold none, and need none of this."""
    from netminer_detect.detect.assessment import assess
    from netminer_detect.detect.finish import Context, finish
    from netminer_detect.detect.roles import settle_roles
    from netminer_detect.detect.summing import build_report
    from netminer_detect.estimate.power import NOTHING_KNOWN

    findings = finish(settle_roles(drafts, ours.holds), Context(settings.sensor, ours.unit_of, joined.fine))
    if book.conditions:
        from netminer_detect.detect.conditional import note_conditions

        note_conditions(findings, book.conditions)
    assess(findings, book)
    findings = [finding for finding in findings if finding.level >= settings.level]
    if hidden is not None:
        findings = hidden.keep(findings)
    if efficiencies is None and any(finding.work for finding in findings):
        efficiencies = _efficiencies(None)
    return build_report(findings, joined.totals, efficiencies or NOTHING_KNOWN, ours.above)


def _bounds(settings: ScanSettings, series: Sequence[Sequence[str]], inflates: bool = False) -> Bounds:
    """What one series may keep."""
    return Bounds.of(settings.memory, flow_bytes(), len(series), inflates)


class _Listener(Struct):
    """Hands on what the series tell while they are read."""

    progress: Progress | None
    warn: Warn
    series: Sequence[Sequence[str]]
    joined: Joined

    def note(self, kind: str, value: object) -> None:
        if kind == "warn":
            self.warn(str(value))
        elif kind == "interrupted":
            self.joined.totals.interrupted = True
        elif kind == "lost" and isinstance(value, int):
            self.joined.lost.add(value)
            self.warn(f"{self.series[value][0]}: two workers died reading this series; scan it alone with --jobs 1")
        elif self.progress is not None and kind == "advance" and isinstance(value, int):
            self.progress.advance(value)
        elif self.progress is not None and kind == "opened":
            self.progress.opened(str(value))


def _total_bytes(paths: Sequence[str]) -> int | None:
    """The bytes to read, None where an input does not tell."""
    total = 0
    for path in paths:
        size = size_of(path)
        if size is None:
            return None
        total += size
    return total


def _ours(settings: ScanSettings, warn: Warn) -> Ours:
    inventory = _inventory(settings.orgs) if settings.orgs else None
    for line in inventory.warnings if inventory is not None else ():
        warn(line)
    return Ours(inventory, tuple(span for text in settings.inside for span in _inside(text, warn)))


def _inside(text: str, warn: Warn) -> Sequence[tuple[int, int, int]]:
    from netminer_detect.organisations.addresses import AddressError, parse_addresses, shown

    try:
        spans, notes = parse_addresses(text)
    except AddressError as error:
        raise ConfigError(f"--inside {shown(text)}", error.what, error.fix) from error
    for note in notes:
        warn(f"--inside {shown(text)}: {note}")
    return spans


def _inventory(path: str) -> Inventory:
    from netminer_detect.organisations.inventory import load_inventory

    return load_inventory(path)


def _suppressions(paths: Sequence[str], warn: Warn) -> Suppressions:
    from netminer_detect.suppressions import load_suppressions

    found = load_suppressions(paths)
    for one in found.counts:
        if one.expired:
            warn(f"{one.path}:{one.line}: this suppression expired on {one.expires} and hides nothing ({one.reason}); "
                 "remove it, or set a later day")  # fmt: skip
    return found


def _efficiencies(path: str | None) -> Efficiencies:
    from netminer_detect.rulebook.efficiency import load_efficiencies

    return load_efficiencies(path)
