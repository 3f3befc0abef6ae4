"""The `scan` command: settings from arguments, a run, its outputs, the exit code.

Contract: `scan(arguments)` writes each output asked for, to a temporary file beside its place first, so that a
reader never sees half a report. A place that cannot be written to is told before anything is scanned.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from netminer_detect.cli import language
from netminer_detect.errors import ConfigError
from netminer_detect.findings import Level, Report, Verdict
from netminer_detect.outputs import formats
from netminer_detect.outputs.escape import plain
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.progress import Progress, TerminalProgress
from netminer_detect.scanning import Outcome, run_scan
from netminer_detect.settings import ScanSettings, parse_size

STDOUT = "-"


def scan(arguments: argparse.Namespace) -> int:
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
        memory=parse_size(arguments.memory, "--memory"),
        jobs=arguments.jobs,
    )
    outputs = _outputs(arguments)
    options = OutputOptions(language(arguments.lang), arguments.show_passwords)

    def warn(message: str) -> None:
        if not arguments.quiet:
            print(f"netminer-detect: {plain(message, 400)}", file=sys.stderr)

    if arguments.verbose:
        from netminer_detect.kernel import is_compiled

        print(f"netminer-detect: the {'compiled' if is_compiled() else 'plain (slow)'} kernel reads", file=sys.stderr)
    outcome = run_scan(settings, _progress(arguments), warn)
    for name, path in outputs:
        _write(name, path, outcome.report, options)
    return exit_code(outcome, arguments.exit_zero)


def exit_code(outcome: Outcome, exit_zero: bool) -> int:
    """The contract's codes, in their precedence."""
    totals = outcome.report.totals
    if totals.interrupted:
        return 130
    if totals.inputs_failed:
        return 4 if not outcome.readable else 3
    found = any(finding.verdict > Verdict.NOT_MINING for finding in outcome.report.findings)
    return 1 if found and not exit_zero else 0


def _progress(arguments: argparse.Namespace) -> Progress | None:
    if arguments.quiet or arguments.no_progress or not sys.stderr.isatty():
        return None
    return TerminalProgress()


def _outputs(arguments: argparse.Namespace) -> list[tuple[str, str]]:
    """(format, path) of each output; the table on standard output where nothing else is asked for."""
    if arguments.format is not None and not formats.exists(arguments.format):
        raise ConfigError(f"--format {arguments.format}", "no such format", f"use {', '.join(formats.names())}")
    found = [formats.of_path(text) for text in arguments.output]
    for _, path in found:
        folder = os.path.dirname(path) or "."
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK) or os.path.isdir(path):
            raise ConfigError(f"-o {path}", "this place cannot be written to", "name a file in a folder that can")
    if arguments.format is not None or not found:
        found.append((arguments.format or "table", STDOUT))
    return found


def _write(name: str, path: str, report: Report, options: OutputOptions) -> None:
    write = formats.writer(name)
    if path == STDOUT:
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            # A terminal that is not UTF-8 must cost characters, not the report.
            reconfigure(errors="backslashreplace")
        write(report, sys.stdout, options)
        sys.stdout.flush()
        return
    with _replacing(path) as stream:
        write(report, stream, options)


@contextlib.contextmanager
def _replacing(path: str) -> Iterator[TextIO]:
    """A file that takes its place only when it is whole."""
    import tempfile

    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path) or ".")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
