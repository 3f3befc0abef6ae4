"""What is exchanged with other tools: one indicator, with all that a rule says of it.

Contract: an `Indicator` is a fact of a rule without the rule around it: its `type` (one of TYPES), its `value` as rules
write it, and who says so since when. `notes` gives what has no place of its own in a foreign format, as short texts
by name, and leaves out what is not known; ports are numbers parted by commas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from msgspec import Struct
from msgspec.structs import replace

# In the order in which a rule file lists them.
TYPES = ("name", "address", "network", "agent", "wallet", "wallet-prefix", "ja3", "ja4", "subject", "issuer", "serial",
         "sha256")  # fmt: skip
_NOTES = ("rule", "kind", "coin", "transport", "operator", "source", "url", "date", "first", "weak", "note",
          "reference")  # fmt: skip


class Indicator(Struct, frozen=True, kw_only=True):
    """See the module's contract. `kind` is that of a name or address (`server`, `malware` …) or of an agent; `note` a
    product; `url` where its source can be read, `reference` what its rule names first; `date` as exact as the rule has
    it; `stale` old or poor on the day of the rule's review."""

    type: str
    value: str
    kind: str = ""
    ports: tuple[int, ...] = ()
    coin: str | None = None
    transport: str | None = None
    operator: str | None = None
    rule: str = ""
    title: str = ""
    severity: str = ""
    confidence: str = ""
    source: str = ""
    url: str | None = None
    date: str = ""
    first: str | None = None
    weak: str | None = None
    note: str | None = None
    reference: str | None = None
    stale: bool = False

    @property
    def about(self) -> str:
        """A line for people: which rule, what it is, since when."""
        parts = [part for part in (self.kind, self.coin, self.date) if part]
        return f"{self.rule}: {self.title} ({', '.join(parts)})"


def has_port(indicator: Indicator) -> bool:
    """Whether it says on which ports: an address alone convicts nobody."""
    return bool(indicator.ports)


def key_of(indicator: Indicator) -> tuple[str, str, bool]:
    """What two words of one thing share: malware's things stand apart."""
    return indicator.type, indicator.value, indicator.kind == "malware"


class Places:
    """Addresses and networks, each with each port on the newest word of it; `joined` puts those ports together of which
    all else is the same, and leaves out what a network holds on the same word."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], Indicator] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, one: Indicator) -> None:
        for port in one.ports or (0,):
            key = (*key_of(one), one.coin, port)
            had = self._kept.get(key)
            if had is None or had.date < one.date:
                self._kept[key] = replace(one, ports=(port,) if port else ())

    def joined(self) -> list[Indicator]:
        ports: dict[Indicator, list[int]] = {}
        networks = {_word(one.value, one) for one in self._kept.values() if one.type == "network"}
        for one in self._kept.values():
            if networks and any(_word(wider, one) in networks for wider in _wider(one.value)):
                continue
            ports.setdefault(replace(one, ports=()), []).extend(one.ports)
        return [replace(one, ports=tuple(sorted(theirs))) for one, theirs in ports.items()]


def _word(value: str, one: Indicator) -> tuple[object, ...]:
    return value, one.kind, one.coin, one.ports, one.source, one.date


def _wider(value: str) -> Iterator[str]:
    """The networks of at most 256 addresses in which an address or network lies."""
    network = ip_network(value)
    for length in range(network.max_prefixlen - 8, network.prefixlen):
        yield str(network.supernet(new_prefix=length))


def notes(indicator: Indicator) -> dict[str, str]:
    """See the module's contract."""
    found = {name: str(value) for name in _NOTES if (value := getattr(indicator, name))}
    if indicator.ports:
        found["ports"] = ",".join(map(str, indicator.ports))
    return found


def day_of(date: str) -> str:
    """The first day of a date: `2019` is 2019-01-01; 1970-01-01 where nobody says."""
    return date + "0000-01-01"[len(date) :] if date else "1970-01-01"


def newest(indicators: Iterable[Indicator]) -> str:
    """The newest day that any of them was stood by."""
    return max((day_of(one.date) for one in indicators), default=day_of(""))


def endpoints(indicators: Iterable[Indicator]) -> Iterator[tuple[Indicator, str, int]]:
    """Each address with each port, a network as all its addresses; no pair twice."""
    seen: set[tuple[bool, str, int]] = set()
    for one in indicators:
        if one.type not in ("address", "network"):
            continue
        addresses = [one.value] if one.type == "address" else map(str, ip_network(one.value))
        for address in addresses:
            for port in one.ports:
                key = (one.kind == "malware", address, port)
                if key not in seen:
                    seen.add(key)
                    yield one, address, port
