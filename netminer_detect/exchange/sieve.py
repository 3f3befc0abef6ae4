"""Sorts what others list: what may stand in a rule, and what would accuse the wrong people.

Contract: `Sieve(defaults).take(path, mention)` takes one value: it comes into `indicators()`, or stands in `left` with
its line and why: a code of WHY, and what about it. A name that comes again adds its ports, a place is known by each of
its ports; the newest word counts. More than MAX_TAKEN indicators, or MAX_SEEN values, are a ConfigError. Every value
passes the checks of rule files, and `rules lint` has nothing to say against it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import date

from msgspec import Struct, field
from msgspec.structs import replace

from netminer_detect.errors import ConfigError
from netminer_detect.exchange.formats import Mention, Passed
from netminer_detect.exchange.indicators import TYPES, Indicator, Places, key_of
from netminer_detect.outputs.escape import plain
from netminer_detect.rulebook import names
from netminer_detect.rulebook.document import Node
from netminer_detect.rulebook.entries import Entry, Source
from netminer_detect.rulebook.fact_reading import MAX_HOSTS, FactReader
from netminer_detect.rulebook.facts import NAME_KINDS
from netminer_detect.rulebook.fields import MAX_PORTS, Fields, first_day
from netminer_detect.rulebook.shared_places import shared_address, shared_name

MAX_TAKEN = 20_000
MAX_SEEN = 200_000
MAX_LEFT = 1_000
MAX_REFERENCES = 100
# Why something is left out; `refused` carries the words of the check that refused it.
WHY = (
    "private", "registry", "hosting", "shared-address", "too-wide", "path", "no-port", "bad-ports", "lookalike",
    "other-kind", "refused", "no-rule", "passes", "more-conditions", "no-name", "port-range", "no-indicator",
    "leads-elsewhere", "own-machine", "no-json", "other-pattern", "other-type", "not-to-ids", "revoked",
)  # fmt: skip
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# How a rule file writes each type.
_KEYS = {"name": "name", "address": "address", "network": "network", "agent": "regex", "wallet": "wallet",
         "wallet-prefix": "prefix"}  # fmt: skip


class Defaults(Struct, frozen=True):
    """What holds where a text does not say: the kind, ports of addresses, the day, and on whose word. Days after
    `today` are not believed."""

    kind: str
    ports: tuple[int, ...]
    day: str
    source: str
    today: str


class Left(Struct, frozen=True):
    """Something that was left out; `about` is a holder, a number, or the words of a check."""

    path: str
    line: int
    text: str
    why: str
    about: str = ""


class _Unfit(Exception):
    """A value that may stand in no rule."""

    def __init__(self, why: str, about: str = "") -> None:
        super().__init__(why)
        self.why, self.about = why, about


class Sieve(Struct):
    """See the module's contract. `left` holds the first MAX_LEFT, `left_total` counts all by reason."""

    defaults: Defaults
    taken: dict[tuple[str, str, bool], Indicator] = field(default_factory=dict)
    places: Places = field(default_factory=Places)
    left: list[Left] = field(default_factory=list)
    left_total: dict[str, int] = field(default_factory=dict)
    references: dict[str, None] = field(default_factory=dict)
    seen: int = 0

    def take(self, path: str, found: Mention | Passed) -> None:
        """See the module's contract."""
        self.seen += 1
        if self.seen > MAX_SEEN:
            raise ConfigError(f"{path}:{found.line}", f"more than {MAX_SEEN} values", "import them in several parts")
        if isinstance(found, Passed):
            self._leave(path, found.line, found.text, found.why)
            return
        try:
            one = _checked(self._read(found))
            self._keep(one, path, found.line)
        except _Unfit as unfit:
            self._leave(path, found.line, found.value, unfit.why, unfit.about)
            return
        url = found.notes.get("reference")
        if url and len(self.references) < MAX_REFERENCES and _text(url) and " " not in url:
            self.references[url] = None

    def indicators(self) -> list[Indicator]:
        """All that was taken, as a rule file lists it."""
        return sorted(
            [*self.taken.values(), *self.places.joined()],
            key=lambda one: (TYPES.index(one.type), one.value, one.kind, one.coin or "", one.ports),
        )

    def _leave(self, path: str, line: int, text: str, why: str, about: str = "") -> None:
        self.left_total[why] = self.left_total.get(why, 0) + 1
        if len(self.left) < MAX_LEFT:
            self.left.append(Left(path, line, plain(text, 120), why, about))

    def _keep(self, one: Indicator, path: str, line: int) -> None:
        if len(self.taken) + len(self.places) >= MAX_TAKEN:
            raise ConfigError(f"{path}:{line}", f"more than {MAX_TAKEN} indicators", "import it in several parts")
        if one.type in ("address", "network"):
            self.places.put(one)
            return
        known = self.taken.get(key_of(one))
        other = self.taken.get((one.type, one.value, one.kind != "malware"))
        if one.type == "name" and other is not None:
            raise _Unfit("other-kind", other.kind)
        if known is None:
            self.taken[key_of(one)] = one
            return
        if known.kind != one.kind:
            raise _Unfit("other-kind", known.kind)
        ports = tuple(sorted({*known.ports, *one.ports}))
        if len(ports) > MAX_PORTS:
            raise _Unfit("bad-ports")
        newer = one if one.date > known.date else known
        firsts = [first for first in (known.first, one.first) if first is not None]
        self.taken[key_of(one)] = replace(
            newer, ports=ports, first=min(firsts, default=None), coin=_same(known.coin, one.coin),
            transport=_same(known.transport, one.transport), weak=known.weak and one.weak)  # fmt: skip

    def _read(self, found: Mention) -> Indicator:
        told, defaults = found.notes, self.defaults
        type_ = told.get("type", "")
        ports = _ports(told.get("ports", ""))
        value = found.value.strip()
        if type_ not in TYPES or type_ in ("name", "address", "network"):
            type_, value, ports = _sorted(value, ports)
        kind = told.get("kind", "")
        if type_ != "agent":
            kind = kind if kind in (NAME_KINDS if type_ == "name" else ("server", "malware")) else defaults.kind
        if type_ in ("address", "network"):
            kind, ports = "malware" if kind == "malware" else "server", ports or defaults.ports
        day = _day(told.get("date", ""), defaults.today) or defaults.day
        first = _day(told.get("first", ""), defaults.today)
        url = told.get("url", "")
        return Indicator(
            type=type_, value=value, kind=kind, ports=ports, coin=_text(told.get("coin", "")),
            transport=told.get("transport") if told.get("transport") in ("plain", "tls") else None,
            operator=_text(told.get("operator", "")), source=_text(told.get("source", "")) or defaults.source,
            url=url if _text(url) and url.startswith(("https://", "http://")) and " " not in url else None,
            date=day, first=first if first and first[: len(day)] <= day[: len(first)] else None,
            weak=_text(told.get("weak", "")), note=_text(told.get("note", "")))  # fmt: skip


def _same(one: str | None, other: str | None) -> str | None:
    """What both say, or the one that says anything."""
    return one if other is None else other if one is None or one == other else None


def _text(text: str) -> str | None:
    """The text if a rule file takes it."""
    try:
        return Fields("").text(Node(1, text=text)) if text else None
    except ConfigError:
        return None


def _day(text: str, latest: str) -> str | None:
    """A date if it is one, and not to come."""
    if not re.fullmatch(r"[12]\d\d\d(-\d\d(-\d\d)?)?", text, re.ASCII):
        return None
    day = first_day(text)
    return text if day is not None and day <= (first_day(latest) or date.max) else None


def _ports(text: str) -> tuple[int, ...]:
    if not text:
        return ()
    if len(text) > 6 * MAX_PORTS or not re.fullmatch(r"\d{1,5}(,\d{1,5})*", text, re.ASCII):
        raise _Unfit("bad-ports")
    found = tuple(sorted({int(port) for port in text.split(",")}))
    if found[0] < 1 or found[-1] > 65535 or len(found) > MAX_PORTS:
        raise _Unfit("bad-ports")
    return found


def _sorted(value: str, ports: tuple[int, ...]) -> tuple[str, str, tuple[int, ...]]:
    """(type, value, ports) of a host, address or network, alone, with a port or in a URL."""
    if scheme := _SCHEME.match(value):
        value = value[scheme.end() :]
        host, _, path = value.partition("/")
        if path.strip("/") or "?" in host or "#" in host:
            raise _Unfit("path")
        value = host.rpartition("@")[2]
    elif "/" in value:
        return _network(value, ports)
    elif re.fullmatch(r"[^|]+\|\d+", value, re.ASCII):
        # So MISP writes a host with its port, in tables too.
        value = ":".join(value.split("|"))
    if bracketed := re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d+))?", value, re.ASCII):
        value, port = bracketed[1], bracketed[2]
    elif value.count(":") == 1:
        value, _, port = value.partition(":")
    else:
        port = None
    ports = ports or _ports(port or "")
    try:
        return "address", str(ipaddress.ip_address(value)), ports
    except ValueError:
        return "name", names.normal(value), ports


def _network(value: str, ports: tuple[int, ...]) -> tuple[str, str, tuple[int, ...]]:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        host, _, path = value.partition("/")
        if path:
            raise _Unfit("path") from None
        return _sorted(host, ports)
    if network.num_addresses == 1:
        return "address", str(network.network_address), ports
    return "network", str(network), ports


def _checked(one: Indicator) -> Indicator:
    """The indicator, as the checks of rule files leave it."""
    if one.type == "name":
        _check_name(one.value)
    elif one.type in ("address", "network"):
        _check_place(one)
    reader = FactReader(Fields(""), {"source": Source(one.source, one.date)})
    readers: dict[str, Callable[[Node], Entry]] = {
        "name": reader.name, "address": reader.address, "network": reader.network, "wallet": reader.wallet,
        "wallet-prefix": reader.wallet, "agent": lambda node: reader.agent(node, "imported"),
        "ja3": lambda node: reader.fingerprint(node, "ja3"), "ja4": lambda node: reader.fingerprint(node, "ja4"),
    }  # fmt: skip
    try:
        entry = readers.get(one.type, reader.certificate)(Node(1, entries=_as_written(one)))
    except ConfigError as error:
        raise _Unfit("refused", error.what) from None
    return replace(one, value=str(getattr(entry, "value", one.value)))


def _as_written(one: Indicator) -> dict[str, Node]:
    """The indicator as a node of a rule file, with what is checked there."""
    found = {_KEYS.get(one.type, one.type): Node(1, text=one.value), "source": Node(1, text="source")}
    if one.type == "agent":
        found |= {"kind": Node(1, text=one.kind or "anomaly"), "product": Node(1, text=one.note or one.value[:60])}
    elif one.type in ("name", "address", "network"):
        found["kind"] = Node(1, text=one.kind)
        if one.ports:
            found["ports"] = Node(1, items=[Node(1, text=str(port)) for port in one.ports])
    return found


def _check_name(name: str) -> None:
    shared = shared_name(name) if name.isascii() and 0 < len(name) <= names.MAX_NAME else None
    if shared is not None:
        raise _Unfit(shared)
    if "xn--" in name and (meant := names.lookalike(name)) is not None:
        raise _Unfit("lookalike", meant)


def _check_place(one: Indicator) -> None:
    network = ipaddress.ip_network(one.value)
    if not network.is_global or network.is_multicast:
        raise _Unfit("private")
    if network.num_addresses > MAX_HOSTS:
        raise _Unfit("too-wide", str(MAX_HOSTS))
    if not one.ports:
        raise _Unfit("no-port")
    holder = shared_address(one.value)
    if holder is not None:
        raise _Unfit("shared-address", holder)
