"""The `scan` command: settings from arguments, a run, its outputs, the exit code.

Contract: `scan(arguments, teller)` gives the exit code. Whatever is wrong with settings or outputs is told before
anything is scanned. Where no report could be written, the table goes to standard output: the scan is not lost.
"""

from __future__ import annotations

import argparse
import contextlib
import sys

from netminer_detect.commands.destinations import STDOUT, TABLE, Destination, OutputError, destinations
from netminer_detect.commands.telling import Teller
from netminer_detect.errors import ConfigError
from netminer_detect.findings import Level, Report, Verdict
from netminer_detect.interrupts import Interrupts
from netminer_detect.language import language
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.scanning import Outcome, run_scan
from netminer_detect.settings import ScanSettings, parse_size


def scan(arguments: argparse.Namespace, teller: Teller) -> int:
    """See the module's contract."""
    settings = ScanSettings(
        inputs=tuple(arguments.inputs),
        orgs=arguments.orgs,
        inside=tuple(arguments.inside),
        rules=tuple(arguments.rules),
        endpoints=arguments.endpoints,
        level=Level[arguments.level.upper()],
        sensor=arguments.sensor,
        efficiency=arguments.efficiency,
        suppress=tuple(arguments.suppress),
        memory=parse_size(arguments.memory, "--memory"),
        jobs=arguments.jobs,
    )
    places = destinations(arguments)
    if "-" in settings.inputs and sys.stdin is not None and sys.stdin.isatty():
        raise ConfigError("-", "standard input is a terminal and no capture", "send it one: tcpdump -w - | …")
    if arguments.verbose:
        from netminer_detect.kernel import is_compiled

        teller.detail("the compiled kernel reads" if is_compiled() else "the plain kernel reads: it is slow")
    outcome = run_scan(settings, teller, teller.warn)
    _tell_malformed(outcome.report, teller)
    options = OutputOptions(language(arguments.lang), arguments.show_passwords)
    # Who presses Ctrl-C now gets the report all the same; who presses it twice does not.
    with Interrupts():
        written = _write(places, outcome.report, options, teller)
    return 2 if not written else exit_code(outcome, arguments.exit_zero)


def exit_code(outcome: Outcome, exit_zero: bool) -> int:
    """The contract's codes, in their precedence."""
    totals = outcome.report.totals
    if totals.interrupted:
        return 130
    if totals.inputs_failed:
        return 4 if not outcome.readable else 3
    found = any(finding.verdict > Verdict.NOT_MINING for finding in outcome.report.findings)
    return 1 if found and not exit_zero else 0


def _tell_malformed(report: Report, teller: Teller) -> None:
    """Name the frames of findings that hold what their dialect does not have, to those who ask for details."""
    for finding in report.findings:
        for capture, frame in finding.malformed:
            where = capture if frame is None else f"{capture}: frame {frame}"
            teller.detail(f"{where}: {finding.source_ip} sent or got what is no message of {finding.dialect}")


def _write(places: list[Destination], report: Report, options: OutputOptions, teller: Teller) -> bool:
    """Write all reports; whether each could be written. One that fails does not keep the others back."""
    failed = 0
    for place in places:
        try:
            place.write(report, options)
        except OutputError as error:
            failed += 1
            teller.tell(str(error))
    if failed == len(places) and all(place.path != STDOUT for place in places):
        with contextlib.suppress(OutputError):
            Destination(TABLE, STDOUT).write(report, options)
    return not failed
