"""Where reports go: standard output and files, each checked before the scan and written after it.

Contract: `destinations(arguments)` gives what `--format` and `-o` ask for; a place that cannot be written to, or that
holds a capture, raises ConfigError before anything is read. `Destination.write` raises OutputError where writing
fails. A file takes its place only when it is whole: it is written beside it first; devices and pipes are written to
as they are. A reader that has enough (`| head`) is no error.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from typing import TextIO

from msgspec import Struct

from netminer_detect.errors import ConfigError, NetminerError
from netminer_detect.findings import Report
from netminer_detect.outputs import formats
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.sources.capture import PCAP_MAGICS, SECTION_MAGIC

STDOUT = "-"
TABLE = "table"
# gzip, zstandard, xz, bzip2.
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zX", b"BZh")


class OutputError(NetminerError):
    """A report could not be written."""

    def __init__(self, where: str, error: OSError) -> None:
        super().__init__(f"{where}: the report could not be written ({error.strerror or error})")


class Destination(Struct, frozen=True):
    """A format and the path it goes to; `-` is standard output."""

    format: str
    path: str

    def write(self, report: Report, options: OutputOptions) -> None:
        """See the module's contract."""
        write = formats.writer(self.format)
        try:
            if self.path == STDOUT:
                with _standard_output(self.format) as stream:
                    write(report, stream, options)
            else:
                with _file(self.path) as stream:
                    write(report, stream, options)
        except BrokenPipeError:
            return
        except OSError as error:
            raise OutputError("standard output" if self.path == STDOUT else self.path, error) from error


def write_text(path: str | None, stream: TextIO, text: str) -> None:
    """Write a text that is not a report: to `stream` where no file is named, else checked and put in its place like
    a report."""
    if path is None or path == STDOUT:
        stream.write(text)
        stream.flush()
        return
    _check(path)
    try:
        with _file(path) as stream:
            stream.write(text)
    except OSError as error:
        raise OutputError(path, error) from error


def destinations(arguments: argparse.Namespace) -> list[Destination]:
    """What is asked for; the table on standard output where nothing else is."""
    if arguments.format is not None and not formats.exists(arguments.format):
        raise ConfigError(f"--format {arguments.format}", "no such format", f"use {', '.join(formats.names())}")
    found = [Destination(*formats.of_path(text)) for text in arguments.output]
    if arguments.format is not None or not found:
        found.append(Destination(arguments.format or TABLE, STDOUT))
    taken: set[str] = set()
    for destination in found:
        path = destination.path
        place = path if path == STDOUT else os.path.realpath(path)
        if place in taken:
            raise ConfigError(f"-o {path}", "two reports go to one place", "name another file for one of them")
        taken.add(place)
        _check(path)
    return found


def _check(path: str) -> None:
    if path == STDOUT:
        if sys.stdout is None:
            raise ConfigError("standard output", "it is closed", "write to a file with -o FILE")
        return
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise ConfigError(f"-o {path}", "there is no such folder", f"make it: mkdir -p {os.path.dirname(path)}")
    if os.path.isdir(path):
        raise ConfigError(f"-o {path}", "this is a folder", "name a file in it")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise ConfigError(f"-o {path}", "this place cannot be written to", "name a file in a folder that can")
    if _is_capture(path):
        raise ConfigError(f"-o {path}", "this file is a capture, or compressed, and no report", "name another file")


def _is_special(path: str) -> bool:
    """A device, a pipe, a socket: what is there already and is no file. Links like /dev/stdout count for what they
    lead to."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _is_capture(path: str) -> bool:
    """Whether a slip of the hand would cost a capture."""
    if not os.path.isfile(path):
        return False
    with contextlib.suppress(OSError), open(path, "rb") as stream:
        head = stream.read(4)
        return head in PCAP_MAGICS or head == SECTION_MAGIC or head.startswith(_PACKED)
    return False


@contextlib.contextmanager
def _standard_output(name: str) -> Iterator[TextIO]:
    stream = sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        # A terminal that is not UTF-8 must cost characters, not the report; programs get UTF-8, and CRLF as it is.
        told = name == TABLE or stream.isatty()
        reconfigure(errors="backslashreplace", encoding=None if told else "utf-8", newline=None if told else "")
    try:
        yield stream
        stream.flush()
    except OSError:
        # What is still buffered must not be tried again at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


@contextlib.contextmanager
def _file(path: str) -> Iterator[TextIO]:
    if _is_special(path):
        with open(path, "w", encoding="utf-8", newline="") as stream:
            yield stream
        return
    import tempfile

    path = os.path.realpath(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)[:100]}.", dir=os.path.dirname(path))
    try:
        with open(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(path: str) -> int:
    """The permissions that the file has, or would have had."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(os.stat(path).st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
