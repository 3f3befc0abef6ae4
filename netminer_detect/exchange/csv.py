"""CSV: a line an indicator, with all that its rule says of it.

Contract: `write` gives RFC 4180 with the columns of COLUMNS; no cell begins a formula. `read` takes what `write` gave,
and lists of others: a header tells the columns by usual names, in any order, parted by comma, semicolon, tab or bar;
without one the first cell that looks like a host or an address is taken.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from netminer_detect.exchange.formats import ExportOptions, Mention, Passed
from netminer_detect.exchange.indicators import Indicator
from netminer_detect.outputs.escape import csv_cell

COLUMNS = ("type", "value", "ports", "kind", "coin", "transport", "operator", "rule", "title", "severity", "confidence",
           "source", "url", "first", "date", "weak", "note", "stale", "reference")  # fmt: skip
CARRIES = frozenset({"name", "address", "network", "agent", "wallet", "wallet-prefix", "ja3", "ja4", "subject",
                     "issuer", "serial", "sha256"})  # fmt: skip
# What others call these columns.
_MEANT = {
    "value": ("value", "indicator", "ioc", "ioc_value", "domain", "domains", "host", "hostname", "fqdn", "name", "ip",
              "address", "ip_address", "dst_ip", "dest_ip", "destination", "server", "pool", "url", "observable"),
    "ports": ("ports", "port", "dst_port", "dest_port"),
    "date": ("date", "last_seen", "last_online", "updated", "verified"),
    "first": ("first", "first_seen"), "source": ("source",), "coin": ("coin", "currency"), "operator": ("operator",),
}  # fmt: skip
_HOST = re.compile(r"[\w.-]+\.[A-Za-z][\w-]+(:\d+)?|\d+\.\d+\.\d+\.\d+([:/]\d+)?|[0-9a-fA-F]*:[0-9a-fA-F:]+", re.ASCII)
_DELIMITERS = ",;\t|"


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    yield _row(COLUMNS)
    for one in indicators:
        cells = {name: getattr(one, name) or "" for name in COLUMNS}
        cells |= {"ports": " ".join(map(str, one.ports)), "stale": "true" if one.stale else "false"}
        yield _row([csv_cell(cells[name]) for name in COLUMNS])


def _row(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def resembles(head: str) -> bool:
    """Whether the first line that counts is a header, or several cells with a host among them."""
    line = next((line for line in head.splitlines() if line.strip() and not line.startswith("#")), "")
    cells = _cells(line, _delimiter(line))
    return len(cells) > 1 and (bool(_columns(cells)) or any(_HOST.fullmatch(cell) for cell in cells))


def read(text: str) -> Iterator[Mention | Passed]:
    """See the module's contract."""
    lines = io.StringIO(text, newline="")
    columns: dict[str, int] | None = None
    delimiter, begun = ",", 1
    rows = _rows(lines, text)
    for begun, cells, delimiter in rows:
        if columns is None:
            columns = _columns(cells)
            if columns:
                continue
        if len(cells) == 1 and not cells[0]:
            continue
        value, told = _told(cells, columns)
        if value is None:
            yield Passed(begun, delimiter.join(cells), "no-indicator")
        else:
            yield Mention(begun, value, told)


def _rows(lines: io.StringIO, text: str) -> Iterator[tuple[int, list[str], str]]:
    """(line, cells, delimiter) of each row."""
    first = next((line for line in text.split("\n", 64)[:64] if line.strip() and not line.startswith("#")), "")
    delimiter = _delimiter(first)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    while True:
        begun = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # A cell beyond the library's bound, or a NUL: the line is lost, the next is not.
            yield begun, ["\ufffd"], delimiter
            continue
        if row and not row[0].startswith("#"):
            yield begun, [cell.strip().removeprefix("'") for cell in row], delimiter


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])]
    except csv.Error:
        return []


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _columns(cells: Sequence[str]) -> dict[str, int]:
    """Where the columns stand that a header names; empty where the line is no header."""
    words = [cell.lower().lstrip("\ufeff").replace(" ", "_") for cell in cells]
    # Others mean something else by type and kind.
    if set(COLUMNS[:4]) <= set(words):
        return {name: words.index(name) for name in COLUMNS if name in words}
    found = {meant: next((words.index(word) for word in known if word in words), -1) for meant, known in _MEANT.items()}
    return {meant: at for meant, at in found.items() if at >= 0} if found["value"] >= 0 else {}


def _told(cells: Sequence[str], columns: dict[str, int] | None) -> tuple[str | None, dict[str, str]]:
    """The value of a row and what the row says of it."""
    if not columns:
        return next((cell for cell in cells if _HOST.fullmatch(cell)), None), {}
    told = {name: cells[at] for name, at in columns.items() if at < len(cells) and cells[at]}
    if "ports" in told:
        told["ports"] = ",".join(re.findall(r"\d+", told["ports"][:2000]))
    return told.pop("value", None), told
