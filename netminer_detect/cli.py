"""The command line.

Contract: `main(argv)` runs one command and gives its exit code: 0 nothing found, 1 a finding that is not
`not-mining`, 2 usage, configuration or an output that cannot be written, 3 some inputs unreadable, 4 none readable,
130 interrupted; where several apply, 2, 130, 4, 3, 1 in this order. Reports go to stdout or where `-o` says, all else
to stderr. What a command needs is imported when it runs: `--help` loads no kernel.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from netminer_detect import __version__
from netminer_detect.errors import NetminerError
from netminer_detect.language import LANGUAGES, language

if TYPE_CHECKING:
    from netminer_detect.commands.telling import Teller

_LEVELS = ("shares", "session", "device", "attempt", "endpoint", "pattern", "lookup", "context")
_COMMANDS = ("scan", "selftest", "rules")


def command() -> NoReturn:
    """The console script: `main`, and out. Python's own start and end are a good part of the smallest scan: what is
    imported is not garbage, and what the system frees at once need not be taken apart."""
    gc.set_threshold(50_000, 20, 50)
    _import_msgspec()
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            continue
        except (OSError, ValueError):
            code = 2 if stream is sys.stdout else code
    os._exit(code)


def _import_msgspec() -> None:
    """It takes from `typing_extensions`, where that is installed, what `typing` has as well; to import that takes as
    long as to scan a small capture."""
    if "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]


def main(argv: Sequence[str] | None = None) -> int:
    """See the module's contract."""
    from netminer_detect.commands.telling import Teller

    teller = Teller()
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = _parser(words[:1] == ["rules"]).parse_args(_checked(words, teller))
        return _run(arguments)
    except NetminerError as error:
        teller.tell(str(error))
        return 2
    except BrokenPipeError:
        # The reader (`| head`) has enough; what is still buffered must not be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        teller.tell("interrupted")
        return 130
    except MemoryError:
        teller.tell("out of memory; bound it with --memory, or scan fewer captures at a time")
        return 2


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "selftest":
        from netminer_detect.selftest import run_selftest

        return run_selftest(sys.stdout, language(arguments.lang))
    if arguments.command == "rules":
        from netminer_detect.commands.rules import run_rules

        return run_rules(arguments, sys.stdout, language(arguments.lang))
    from netminer_detect.commands.scan import scan
    from netminer_detect.commands.telling import Teller
    from netminer_detect.progress import terminal_progress

    silent = arguments.quiet or arguments.no_progress
    return scan(arguments, Teller(arguments.quiet, arguments.verbose, None if silent else terminal_progress()))


def _checked(words: list[str], teller: Teller) -> list[str]:
    """The words of the command line, behind `--` names alone; says what is meant where the command was forgotten."""
    if "--" in words:
        # The library's mixed order knows no end of options. A name that looks like one gets its folder.
        end = words.index("--")
        names = [f"./{word}" if word.startswith("-") and word != "-" else word for word in words[end + 1 :]]
        words = words[:end] + names
    first = words[0] if words else ""
    if first not in _COMMANDS and (first == "-" or (not first.startswith("-") and os.path.exists(first))):
        teller.tell(f"no command was named; to read this capture: netminer-detect scan {' '.join(words[:4])}")
        raise SystemExit(2)
    return words


class _Help(argparse.HelpFormatter):
    """The library makes one for every option, and imports archivers to find out how wide a terminal is."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    told = os.environ.get("COLUMNS", "")
    if told.isascii() and told.isdecimal() and len(told) < 5 and int(told):
        return int(told)
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    return 80


class _Parser(argparse.ArgumentParser):
    """Takes options and inputs in any order, and says what to do next where they are wrong."""

    def __init__(self, **more: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Help, **more)
        self._mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._mixing or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            found, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False
        if unknown:
            self.error(f"there is no {unknown[0]} here{self._meant(unknown[0])}")
        return found, unknown

    def _meant(self, word: str) -> str:
        """Which option may have been meant."""
        import difflib

        near = difflib.get_close_matches(word.partition("=")[0], list(self._option_string_actions), 1)
        return f"; did you mean {near[0]}?" if near else ""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"netminer-detect: {message}\ntry: {self.prog} --help\n")


def _parser(of_rules: bool = False) -> argparse.ArgumentParser:
    """The parser; the actions of `rules` are in it only where they are asked for."""
    parser = _Parser(
        prog="netminer-detect",
        description="Finds machines that mine cryptocurrency by what they say on the network.",
        epilog="To begin with: netminer-detect scan FILE",
    )
    parser.add_argument("--version", action="version", version=f"netminer-detect {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_scan(commands.add_parser(
        "scan", help="scan captures", description="Scans packet captures and names the machines that mine.",
        epilog="Exit codes: 0 nothing found, 1 found, 2 wrong usage or an output that cannot be written, 3 some inputs "
               "unreadable, 4 none readable, 130 interrupted."))
    selftest = commands.add_parser("selftest", help="scan the shipped samples and say whether all is found")
    selftest.add_argument("--lang", choices=LANGUAGES)
    rules = commands.add_parser("rules", help="check, list, show and explain rules")
    if of_rules:
        from netminer_detect.commands.rules import add_rules

        add_rules(rules)
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
    add("--level", choices=_LEVELS, default="lookup", metavar="LEVEL", help="the lowest rung of evidence to report: "
        f"{', '.join(_LEVELS)} (default: lookup)")
    add("--suppress", action="append", default=[], metavar="FILE", help="findings not to report, each with its reason "
        "and until when (YAML; may be repeated)")
    add("--efficiency", metavar="FILE", help="watts of mining hardware by algorithm, in place of the shipped "
        "ones (JSON, as rules/efficiency.json)")
    add("--sensor", metavar="NAME", help="name of the place where the capture was made")
    add("--memory", default="1G", metavar="SIZE", help="bound on the memory of a scan, for each series of captures "
        "read side by side (default: 1G)")
    add("--jobs", type=_positive, default=1, metavar="N", help="series of captures read side by side (default: 1)")
    add("--lang", choices=LANGUAGES, help="language of table and CSV (default: that of the environment)")
    add("--exit-zero", action="store_true", help="exit with 0 also where something was found")
    loudness = scan.add_mutually_exclusive_group()
    loudness.add_argument("--quiet", action="store_true", help="no warnings, no progress")
    loudness.add_argument("--verbose", action="store_true", help="say more about what is read")
    add("--no-progress", action="store_true", help="no progress line")
    add("--show-passwords", action="store_true", help="show the passwords of logins to pools")


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:9]) > 0 and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


if __name__ == "__main__":
    command()
