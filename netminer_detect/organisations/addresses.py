"""Reads addresses as people write them into tables: `10.3.0.0/16`, `10.0.0.1-254`, `１０．０．０．０／８`.

Contract: `parse_addresses(text)` gives the ranges that a cell names, and notes on what was read leniently; it raises
`AddressError`, which says what is wrong and what to do. A range is (version, low, high), both ends included, as
whole numbers. Read are: single addresses, a prefix length, a net mask or a Cisco wildcard behind a slash or a blank,
ranges (`-`, `~`, `..`, `to`, 至, 到) whose end may be only the last one or two octets, `10.3.*.*`, several of these
in one cell, full-width digits and punctuation, zero-padded octets (decimal). IPv4-mapped IPv6 ranges are IPv4 ranges
(RFC 4291 section 2.5.5.2). Time is in proportion to the text; a cell holds at most MAX_PIECES ranges.
`plain_span` reads the usual spelling alone, five times as fast: tables have a million lines.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

MAX_PIECES = 4096
_V4_ALL, _V6_ALL = (1 << 32) - 1, (1 << 128) - 1

# What NFKC leaves as it is: full stops and dashes of Chinese typing, invisible characters that spreadsheets add.
_TYPOGRAPHY = str.maketrans({
    "。": ".", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "〜": "~", "∕": "/", "⁄": "/",
    "、": ",", "和": ",", "及": ",", "至": "~", "到": "~", "\u200b": None, "\u200e": None, "\u200f": None,
    "\ufeff": None, "×": "*",
})
_RANGE = re.compile(r"\s*(?:->|=>|[-~]+|\.{2,}|(?<=\s)to(?=\s))\s*", re.IGNORECASE)
_SLASH = re.compile(r"\s*/\s*")
_BETWEEN = re.compile(r"[,;|\s]+")
_DOTTED = re.compile(r"\d{1,10}(?:\.\d{1,10}){3}", re.ASCII)
_WILD = re.compile(r"(?=[^.]+(?:\.[^.]+){0,3}\Z)(?:\d{1,3}\.){1,3}(?:[*xX]\.){0,2}[*xX]", re.ASCII)
# What people write where there is nothing to write, and what spreadsheets write where a formula failed.
_NOTHING = frozenset({"-", "--", "---", "~", "/", "\\", ".", "?", "n/a", "na", "#n/a", "#ref!", "#value!", "#name?",
                      "none", "null", "nil", "无", "暂无", "没有", "空", "未知"})


class AddressError(ValueError):
    """A text that names no range: `what` is wrong, `fix` says what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class Span(NamedTuple):
    """A range of addresses, both ends included; `version` is 4 or 6."""

    version: int
    low: int
    high: int


def shown(text: str) -> str:
    """A text from a file, cut and escaped so that it can stand in a message."""
    cut = text if len(text) <= 60 else text[:57] + "..."
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in cut)


def is_nothing(text: str) -> bool:
    """Whether a cell says that there is nothing to say: empty, a dash, 无 …"""
    return len(text) < 8 and (not text or text.casefold() in _NOTHING)


def plain_span(text: str) -> Span | None:
    """The range of `10.3.0.0/16`, `2001:db8::/32`, `10.3.0.1-10.3.0.9` or a single address; None where
    `parse_addresses` must look."""
    first, dash, last = text.partition("-")
    if dash:
        begin, end = _plain_address(first.rstrip()), _plain_address(last.lstrip())
        if begin is None or end is None or begin.version != end.version or end.low < begin.low:
            return None
        return Span(begin.version, begin.low, end.low)
    address, slash, length = text.partition("/")
    span = _plain_address(address)
    if span is None or not slash:
        return span
    width = 32 if span.version == 4 else 128
    if not (length.isascii() and length.isdecimal() and len(length) <= 3 and int(length) <= width):
        return None
    rest = (1 << (width - int(length))) - 1
    return None if span.low & rest else Span(span.version, span.low, span.low | rest)


def _plain_address(text: str) -> Span | None:
    wide = ":" in text
    try:
        value = int.from_bytes(inet_pton(AF_INET6 if wide else AF_INET, text), "big")
    except (OSError, ValueError):
        return None
    if wide and value >> 32 == 0xFFFF:
        return None
    return Span(6 if wide else 4, value, value)


def parse_addresses(text: str) -> tuple[list[Span], list[str]]:
    """The ranges of a cell and notes on how they were read. Raises AddressError."""
    notes: list[str] = []
    spans: list[Span] = []
    before = ""
    for piece in _pieces(text):
        if _DOTTED.fullmatch(before) and piece.startswith(("255.", "0.")) and _DOTTED.fullmatch(piece):
            spans[-1] = masked(spans[-1], piece, notes)
        else:
            spans.append(_parse_one(piece, notes))
        before = piece
    if not spans:
        raise AddressError("no address stands there", "write a network such as 10.3.0.0/16")
    return spans, notes


def _pieces(text: str) -> Iterator[str]:
    """The cell cut between its ranges; in each `~` stands between two ends."""
    text = _SLASH.sub("/", _RANGE.sub("~", cleaned(text)))
    found = [piece for piece in _BETWEEN.split(text) if not is_nothing(piece)]
    if len(found) > MAX_PIECES:
        raise AddressError(f"one cell names {len(found)} ranges", f"write at most {MAX_PIECES} into one line")
    yield from found


def names_addresses(text: str) -> bool:
    """Whether a cell can be read as addresses."""
    try:
        return bool(text) and bool(parse_addresses(text[:4096])[0])
    except AddressError:
        return False


def cleaned(text: str) -> str:
    """The text in plain ASCII spelling, as far as that is possible, without blanks around it."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHY)).translate(_TYPOGRAPHY)
    # Spreadsheets are kept from reading 10.3 as a number by `="10.3.0.0/16"` or a quote before it.
    return text.strip().removeprefix("=").strip(" \t\r\n\"'`")


def masked(span: Span, mask: str, notes: list[str]) -> Span:
    """The network of a single address and a mask: a length (`24`, `/24`), a net mask or a wildcard."""
    width = 32 if span.version == 4 else 128
    if span.low != span.high:
        raise AddressError("a mask stands beside what is a network already", "keep one of the two")
    length = _prefix_length(cleaned(mask).removeprefix("/").strip(), width)
    rest = (1 << (width - length)) - 1
    low = span.low & ~rest
    if low != span.low:
        notes.append(f"host bits are set: {spelled(span.version, span.low)}/{length} is read as "
                     f"{spelled(span.version, low)}/{length}")
    return Span(span.version, low, low | rest)


def _joined(first: Span, last: Span) -> Span:
    """The range between two addresses. Raises AddressError where they are no such pair."""
    if first.version != last.version:
        raise AddressError("the range mixes IPv4 and IPv6", "write two lines")
    if last.high < first.low:
        raise AddressError(
            f"the range ends ({spelled(last.version, last.high)}) before it begins "
            f"({spelled(first.version, first.low)})", "swap the two addresses")
    return Span(first.version, first.low, last.high)


def spelled(version: int, value: int) -> str:
    """An address as text."""
    return str(IPv4Address(value) if version == 4 else IPv6Address(value))


def _parse_one(piece: str, notes: list[str]) -> Span:
    first, separator, last = piece.partition("~")
    if not separator:
        return _network(piece, notes)
    return _joined(_network(first, notes), _range_end(first, last, notes))


def _range_end(first: str, last: str, notes: list[str]) -> Span:
    """The end of a range; of IPv4 it may be only the last octets: `10.0.0.1-254`, `10.0.0.0-3.255`."""
    octets = last.split(".")
    if last and ":" not in last and len(octets) < 3 and last.replace(".", "").isdecimal():
        last = ".".join([*first.partition("/")[0].split(".")[: 4 - len(octets)], last])
    return _network(last, notes)


def _network(text: str, notes: list[str]) -> Span:
    """A single address or a network."""
    address, slash, mask = text.strip().partition("/")
    if _WILD.fullmatch(text):
        return _wildcard(text)
    span = _address(address.strip(), notes)
    return _unmapped(masked(span, mask, notes) if slash else span)


def _wildcard(text: str) -> Span:
    octets = [octet for octet in text.split(".") if octet not in "*xX"]
    missing = 4 - len(octets)
    low = _address(".".join(octets + ["0"] * missing), []).low
    return Span(4, low, low | (1 << (8 * missing)) - 1)


def _address(text: str, notes: list[str]) -> Span:
    try:
        if ":" not in text:
            value = int(IPv4Address(text))
            return Span(4, value, value)
    except ValueError:
        value = _padded(text, notes)
        return Span(4, value, value)
    try:
        value = int(IPv6Address(text.strip("[]").partition("%")[0]))
    except ValueError:
        raise _not_an_address(text) from None
    return Span(6, value, value)


def _padded(text: str, notes: list[str]) -> int:
    """An IPv4 address with zeros before its octets: tables align columns so, and mean decimal."""
    try:
        if not _DOTTED.fullmatch(text):
            raise ValueError
        value = int(IPv4Address(".".join(octet.lstrip("0") or "0" for octet in text.split("."))))
    except ValueError:
        raise _not_an_address(text) from None
    notes.append(f"zeros before an octet: {text} is read as {IPv4Address(value)}")
    return value


def _not_an_address(text: str) -> AddressError:
    if not text:
        return AddressError("an end of a range or a network is missing", "write 10.3.0.1-10.3.0.99 or 10.3.0.0/16")
    return AddressError(f"{shown(text)!r} is no address", "write a network, a range or an address: 10.3.0.0/16, "
                        "10.3.0.1-10.3.0.99, 2001:db8::/32")


def _prefix_length(text: str, width: int) -> int:
    """The length that a mask stands for."""
    if text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= width:
        return int(text)
    try:
        bits = int(IPv4Address(text)) if width == 32 else int(IPv6Address(text))
    except ValueError:
        raise AddressError(f"{shown(text)!r} is no prefix length", f"write a length from 0 to {width}") from None
    if not bits:
        raise AddressError("a mask of zeros can mean one address or all", f"write /{width} or /0")
    full = (1 << width) - 1
    for mask in (bits, bits ^ full):  # a net mask, or its inverse as Cisco writes it
        rest = mask ^ full
        if rest & (rest + 1) == 0:
            return width - rest.bit_length()
    raise AddressError(f"{shown(text)!r} is no net mask: its ones have gaps", "write a prefix length such as /24")


def _unmapped(span: Span) -> Span:
    if span.version == 6 and span.low >> 32 == span.high >> 32 == 0xFFFF:
        return Span(4, span.low & _V4_ALL, span.high & _V4_ALL)
    return span
