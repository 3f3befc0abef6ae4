"""A whole run: inputs found, series scanned (side by side where asked), findings judged and summed.

Contract: `run_scan(settings, progress, warn)` gives an Outcome. Wrong settings raise ConfigError before anything
is read; an input that cannot be read is told through `warn` and counted, the others go on. The same input gives
the same report whatever `jobs`, but for `seconds`. Ctrl-C ends the reading; what was found so far is in the
outcome, with `interrupted` set.
"""

from __future__ import annotations

import ipaddress
import os
import stat
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from netminer_detect.detect.drafts import Draft, merge
from netminer_detect.detect.finish import Context, finish, is_private
from netminer_detect.detect.roles import settle_roles
from netminer_detect.detect.summing import build_report
from netminer_detect.errors import CaptureError, ConfigError
from netminer_detect.findings import Organisation, Report, Totals
from netminer_detect.kernel import make_kernel
from netminer_detect.kernel.interface import Counters, Watch
from netminer_detect.parallel import Note, run_tasks
from netminer_detect.progress import Progress
from netminer_detect.rulebook.book import Rulebook, load
from netminer_detect.series import SeriesScan
from netminer_detect.settings import ScanSettings
from netminer_detect.sources.inputs import find_inputs
from netminer_detect.sources.opening import CaptureStream, open_capture
from netminer_detect.sources.series import group_series
from netminer_detect.triage import OPENINGS, TOKENS

if TYPE_CHECKING:
    from netminer_detect.organisations.inventory import Inventory

Warn = Callable[[str], None]
# Progress is drawn ten times a second at most; a message a megabyte is plenty and costs nothing.
TELL_BYTES = 1 << 20


class Outcome(Struct):
    """What a run gave. `readable` counts inputs that could be read at all; `unreadable` names the others and
    those that broke off."""

    report: Report
    readable: int
    unreadable: list[str]
    interrupted: bool


class SeriesResult(Struct):
    """What one series gave."""

    drafts: list[Draft] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    dropped: dict[str, int] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class Ours(Struct, frozen=True):
    """What is inside: the inventory, private addresses, and what the user names."""

    inventory: Inventory | None
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    def holds(self, ip: str) -> bool:
        if is_private(ip) or (self.inventory is not None and self.inventory.contains(ip)):
            return True
        address = ipaddress.ip_address(ip)
        return any(address in network for network in self.networks if network.version == address.version)

    def unit_of(self, ip: str) -> Organisation | None:
        return self.inventory.lookup(ip) if self.inventory is not None else None


class _Counting:
    """A capture stream that tells how much was read, each TELL_BYTES."""

    def __init__(self, stream: CaptureStream, note: Note) -> None:
        self._stream = stream
        self._note = note
        self._untold = 0

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._tell(len(data))
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._stream.readinto(buffer)
        self._tell(count)
        return count

    def _tell(self, count: int) -> None:
        self._untold += count
        if self._untold >= TELL_BYTES or not count:
            self._note("advance", self._untold)
            self._untold = 0


def run_scan(
    settings: ScanSettings, progress: Progress | None = None, warn: Warn = lambda message: None
) -> Outcome:
    """See the module's contract."""
    began = time.monotonic()
    ours = _ours(settings, warn)
    book = load(settings.rules, settings.endpoints)
    paths, problems = find_inputs(settings.inputs)
    for problem in problems:
        warn(str(problem))
    series = group_series(paths)
    watch = Watch(book.names_table, book.endpoints_table, OPENINGS, TOKENS)
    listener = _Listener(progress, warn)
    if progress is not None:
        progress.start(_total_bytes(paths), len(paths))
    try:
        results = run_tasks(
            lambda number, note: _scan_series(series[number], book, watch, note), len(series), settings.jobs,
            listener.note,
        )
    finally:
        if progress is not None:
            progress.stop()
    failed = [str(problem) for problem in problems]
    for files, result in zip(series, results, strict=True):
        if result is None and not listener.interrupted:
            warn(f"{files[0]}: two workers died reading this series; scan it alone with --jobs 1")
            failed += files
    return _outcome([result for result in results if result is not None], settings, ours, failed,
                    listener.interrupted, time.monotonic() - began)


class _Listener(Struct):
    """Hands on what the series tell while they are read."""

    progress: Progress | None
    warn: Warn
    interrupted: bool = False

    def note(self, kind: str, value: object) -> None:
        if kind == "warn":
            self.warn(str(value))
        elif kind == "interrupted":
            self.interrupted = True
        elif self.progress is not None and kind == "advance" and isinstance(value, int):
            self.progress.advance(value)
        elif self.progress is not None and kind == "opened":
            self.progress.opened(str(value))


def _total_bytes(paths: Sequence[str]) -> int | None:
    """The bytes to read, None where an input does not tell: pipes, and what must be inflated."""
    total = 0
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or path.endswith((".gz", ".zst", ".xz", ".bz2")):
            return None
        total += status.st_size
    return total


def _ours(settings: ScanSettings, warn: Warn) -> Ours:
    inventory = _inventory(settings.orgs) if settings.orgs else None
    for line in inventory.warnings if inventory is not None else ():
        warn(line)
    networks = []
    for text in settings.inside:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise ConfigError(f"--inside {text}", str(error), "write a network as 192.0.2.0/24") from error
    return Ours(inventory, tuple(networks))


def _inventory(path: str) -> Inventory:
    from netminer_detect.organisations.inventory import load_inventory

    return load_inventory(path)


def _scan_series(files: Sequence[str], book: Rulebook, watch: Watch, note: Note) -> SeriesResult:
    scan = SeriesScan(make_kernel(watch), book, list(files))
    result = SeriesResult(counters=scan.kernel.counters)
    try:
        for at, path in enumerate(files):
            note("opened", path)
            _scan_file(scan, path, at, result, note)
    except KeyboardInterrupt:
        note("interrupted", None)
    result.drafts = scan.finish()
    result.dropped = dict(scan.dropped)
    return result


def _scan_file(scan: SeriesScan, path: str, at: int, result: SeriesResult, note: Note) -> None:
    broken: list[str] = []

    def tell(message: str) -> None:
        broken.append(message)
        note("warn", message)

    try:
        with open_capture(path) as stream:
            scan.scan(_Counting(stream, note), path, at, tell)
            if stream.broken is not None:
                tell(f"{path}: the compressed data breaks off ({stream.broken}); what came before was read")
    except CaptureError as error:
        note("warn", str(error))
        result.failed.append(path)
        return
    result.read.append(path)
    if broken:
        result.failed.append(path)


def _outcome(
    results: list[SeriesResult], settings: ScanSettings, ours: Ours, failed: list[str], interrupted: bool,
    seconds: float,
) -> Outcome:
    context = Context(settings.sensor, ours.unit_of)
    totals = Totals(inputs=len(failed), inputs_failed=len(failed), seconds=seconds)
    for result in results:
        _count(totals, result)
    drafts = merge(draft for result in results for draft in result.drafts)
    findings = finish(settle_roles(drafts, ours.holds), context)
    findings = [finding for finding in findings if finding.level >= settings.level]
    return Outcome(
        build_report(findings, totals),
        sum(len(result.read) for result in results),
        failed + [path for result in results for path in result.failed],
        interrupted,
    )


def _count(totals: Totals, result: SeriesResult) -> None:
    counters = result.counters
    totals.inputs += len(set(result.read) | set(result.failed))
    totals.inputs_failed += len(result.failed)
    totals.packets += counters.packets
    totals.bytes += counters.bytes
    totals.flows += counters.flows
    for word, count in counters.defects.items():
        totals.defects[word] = totals.defects.get(word, 0) + count
    dropped = {"flows": counters.dropped_flows, **result.dropped}
    for word, count in dropped.items():
        totals.dropped[word] = totals.dropped.get(word, 0) + count
