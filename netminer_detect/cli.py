"""The command line.

Contract: `main(argv)` runs one command and gives its exit code: 0 nothing found, 1 a finding that is not
`not-mining`, 2 usage or configuration, 3 some inputs unreadable, 4 none readable, 130 interrupted; where several
apply, 2, 130, 4, 3, 1 in this order. Reports go to stdout or where `-o` says, all else to stderr. What a command
needs is imported when it runs: `--help` loads no kernel.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from netminer_detect import __version__
from netminer_detect.errors import NetminerError

_LEVELS = ("shares", "session", "device", "attempt", "endpoint", "pattern", "lookup", "context")


def command() -> NoReturn:
    """The console script: `main`, and out. Python's own start and end are a good part of the smallest scan: what is
    imported is not garbage, and what the system frees at once need not be taken apart."""
    gc.set_threshold(50_000, 20, 50)
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """See the module's contract."""
    try:
        return _run(_parser().parse_args(argv))
    except NetminerError as error:
        print(f"netminer-detect: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (`| head`) has enough; what is still buffered must not be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "selftest":
        from netminer_detect.selftest import run_selftest

        return run_selftest(sys.stdout, language(arguments.lang))
    from netminer_detect.commands.scan import scan

    return scan(arguments)


def language(asked: str | None) -> str:
    """The language asked for, else that of the environment, else English."""
    if asked:
        return asked
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="netminer-detect",
        description="Finds machines that mine cryptocurrency by what they say on the network.",
    )
    parser.add_argument("--version", action="version", version=f"netminer-detect {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_scan(commands.add_parser(
        "scan", help="scan captures", description="Scans packet captures and names the machines that mine.",
        epilog="Exit codes: 0 nothing found, 1 found, 2 wrong usage, 3 some inputs unreadable, 4 none readable, "
               "130 interrupted."))
    selftest = commands.add_parser("selftest", help="scan the shipped samples and say whether all is found")
    selftest.add_argument("--lang", choices=("en", "zh"))
    return parser


def _add_scan(scan: argparse.ArgumentParser) -> None:
    add = scan.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="files, folders (searched), globs, - for standard input; pcap or "
        "pcapng, also inside gzip, zstandard, xz or bzip2")
    add("--orgs", metavar="FILE", help="inventory of networks and units (CSV, YAML, JSON)")
    add("--inside", action="append", default=[], metavar="CIDR", help="a network that is ours, beside the inventory "
        "and private addresses (may be repeated)")
    add("--rules", action="append", default=[], metavar="DIR|FILE", help="own rules beside the shipped ones (may be "
        "repeated)")
    add("--no-endpoints", dest="endpoints", action="store_false", help="without the lists of known servers: what was "
        "said on the wire alone")
    add("--format", default=None, metavar="FORMAT", help="table, jsonl or csv on standard output (default: table)")
    add("-o", "--output", action="append", default=[], metavar="[FORMAT:]FILE", help="write to a file, format by its "
        "suffix (may be repeated)")
    add("--level", choices=_LEVELS, default="lookup", help="the lowest rung of evidence to report (default: lookup)")
    add("--efficiency", metavar="FILE", help="watts of mining hardware by algorithm, in place of the shipped "
        "ones (JSON, as rules/efficiency.json)")
    add("--sensor", metavar="NAME", help="name of the place where the capture was made")
    add("--memory", default="1G", metavar="SIZE", help="bound on memory for flows and findings (default: 1G)")
    add("--jobs", type=_positive, default=1, metavar="N", help="series of captures read side by side (default: 1)")
    add("--lang", choices=("en", "zh"), help="language of the table (default: that of the environment)")
    add("--exit-zero", action="store_true", help="exit with 0 also where something was found")
    add("--quiet", action="store_true", help="no warnings, no progress")
    add("--verbose", action="store_true", help="say more about what was read")
    add("--no-progress", action="store_true", help="no progress line")
    add("--show-passwords", action="store_true", help="show the passwords of logins to pools")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    command()
