"""What a history keeps of a finding: a `Sighting`.

Contract: `sighting(finding)` gives it, or says in a `Left` why there is none: no time, so it cannot be placed in one.
Texts are such that any database holds them (no NUL, no lone surrogate), at most MAX_TEXT characters long. Kept are
who, with whom, when, how sure, why, and the first places that prove it: no logins, no passwords, nothing as it was
sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from netminer_detect.findings import Finding, Organisation, Verdict

MAX_TEXT = 256
MAX_PLACES = 6
MAX_WORK = 8
# The last nanosecond that databases hold: in the year 2262.
MAX_NS = (1 << 63) - 1

# Source port, first and last time.
Session = tuple[int, int, int]


class Unit(Struct, frozen=True):
    """A unit as the inventory had it; empty is unknown, all empty is "unassigned"."""

    unit: str = ""
    name: str = ""
    sector: str = ""
    contact: str = ""
    parent: str = ""


class Done(Struct, frozen=True):
    """A rate: of an algorithm, in a unit a second."""

    algorithm: str | None
    unit: str
    rate: float


class Place(Struct, frozen=True, array_like=True):
    """Where something is proven."""

    capture: str
    frame: int | None
    time_ns: int | None
    what: str


class Told(Struct, frozen=True):
    """Why: see `why_code` of the findings; and the first places."""

    code: str
    args: dict[str, str | int | None]
    places: list[Place] = field(default_factory=list)


class Sighting(Struct):
    """See the module's contract. `device` is the MAC that a log names, `units` the unit and those above it, the
    innermost first; `unlisted` counts sessions beyond those listed; power is in watts: low, typical, high."""

    finding: str
    address: str
    realm: str
    device: str
    units: tuple[Unit, ...]
    role: str
    level: int
    verdict: int
    server: str
    name: str
    port: int
    dialect: str
    coin: str
    first_ns: int
    last_ns: int
    sessions: list[Session]
    unlisted: int
    power: tuple[float | None, float | None, float | None]
    work: list[Done]
    told: Told

    @property
    def mines(self) -> bool:
        return self.verdict > Verdict.NOT_MINING


class Left(Struct, frozen=True):
    """A finding that no history can hold, and why."""

    finding: str
    why: str


UNASSIGNED = (Unit(),)


def storable(text: str | None, limit: int = MAX_TEXT) -> str:
    """A text that any database holds."""
    if not text:
        return ""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if not cut.isascii():
        cut = cut.encode("utf-8", "backslashreplace").decode("utf-8")
    return cut.replace("\0", "\\x00") if "\0" in cut else cut


def unit_of(organisation: Organisation | None) -> Unit:
    """A unit as the store has it."""
    if organisation is None:
        return Unit()
    known = (organisation.id, organisation.name, organisation.sector, organisation.contact, organisation.parent)
    return Unit(*(storable(text) for text in known))


def sighting(finding: Finding, above: Iterable[Organisation] = ()) -> Sighting | Left:
    """See the module's contract; `above` are the units over the finding's own."""
    first, last = finding.first_seen_ns, finding.last_seen_ns
    if first is None or last is None or not 0 <= first <= last <= MAX_NS:
        return Left(finding.id, "it has no time, or one that no calendar holds")
    far = finding.pool or finding.peer
    sessions = [
        (one.source_port, one.first_seen_ns, one.last_seen_ns) for one in finding.connections
        if one.first_seen_ns is not None and one.last_seen_ns is not None
        and 0 <= one.first_seen_ns <= one.last_seen_ns <= MAX_NS
    ]
    power = finding.power
    return Sighting(
        finding=finding.id,
        address=storable(finding.source_ip),
        realm=storable(finding.realm),
        device="",
        units=(unit_of(finding.organisation), *map(unit_of, above)),
        role=finding.role.value,
        level=finding.level,
        verdict=finding.verdict,
        server=storable((far.ip or far.name) if far else None),
        name=storable(far.name if far else None),
        port=(far.port or 0) if far else 0,
        dialect=finding.dialect or "",
        coin=storable(finding.coin),
        first_ns=first,
        last_ns=last,
        sessions=sessions,
        unlisted=max(0, finding.connections_total - len(finding.connections)),
        power=(None, None, None) if power is None else (power.w_low, power.w_typical, power.w_high),
        work=[Done(one.algorithm and storable(one.algorithm), one.unit, one.rate) for one in finding.work
              if one.rate is not None][:MAX_WORK],
        told=Told(finding.why_code, {key: storable(value) if isinstance(value, str) else value
                                     for key, value in finding.why_args.items()},
                  [Place(storable(line.capture), line.frame, line.time_ns, line.what)
                   for line in finding.evidence[:MAX_PLACES]]),
    )
