"""Puts runs into a history, each once.

Contract: `Recorder(database).record(run, sightings, observed)` keeps a run, whole or not at all, and gives an
`Outcome`:
* the same content (`Run.source`) again, or captures that a run of the same sensor, tool, rules and question has all
  read: `SAME`, nothing changes;
* captures of which a newer tool has read all: `OLDER`, nothing changes;
* else `KEPT`; runs of the sensor whose captures are all among this one's are superseded, and their findings go.
A run that read not all of what it should (`whole` is False) supersedes none that did. What was observed only adds up.
Sightings that are no mining are kept apart, and only `with_context`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from enum import Enum

import msgspec
from msgspec import Struct, field

from netminer_detect.digests import digest
from netminer_detect.store.database import Database
from netminer_detect.store.days import DAY_NS, bit, days_between
from netminer_detect.store.sightings import Sighting, Unit, storable

_BATCH = 5000
# Remembered, so that not each finding asks the database.
_MAX_KNOWN = 500_000
_FINDING = f"INSERT INTO findings VALUES ({', '.join('?' * 22)})"
_SEEN = ("INSERT INTO seen VALUES (?, ?, ?, ?, ?) ON CONFLICT (case_number, month) DO UPDATE SET "
         "days = seen.days | excluded.days, "
         "first_ns = CASE WHEN excluded.first_ns < seen.first_ns THEN excluded.first_ns ELSE seen.first_ns END, "
         "last_ns = CASE WHEN excluded.last_ns > seen.last_ns THEN excluded.last_ns ELSE seen.last_ns END")
_COVERAGE = ("INSERT INTO coverage VALUES (?, ?, ?, ?) ON CONFLICT (block, month, sensor) DO UPDATE SET "
             "days = coverage.days | excluded.days")


class Capture(Struct, frozen=True):
    """A capture by its content; `name` is for people."""

    identity: str
    name: str = ""
    bytes: int = 0


class Run(Struct):
    """What was read, by what, asked how; see `schema`."""

    tool: str
    rules: str
    asked: str
    sensor: str = ""
    captures: Sequence[Capture] = ()
    whole: bool = True
    source: str = ""


class Outcome(Enum):
    """See the module's contract."""

    KEPT = "kept"
    SAME = "same"
    OLDER = "older"


class Recorded(Struct):
    """What became of a run: how many findings it gave, how many runs it superseded."""

    outcome: Outcome
    findings: int = 0
    superseded: int = 0


class Seen(Struct):
    """What is to be added to `seen` of one case and month."""

    days: int
    first_ns: int
    last_ns: int


class _Batch(Struct):
    """Rows that wait to be written."""

    findings: list[tuple[object, ...]] = field(default_factory=list)
    contexts: list[tuple[object, ...]] = field(default_factory=list)
    seen: dict[tuple[int, int], Seen] = field(default_factory=dict)


def case_id(address: str, realm: str, device: str, unit: str) -> str:
    """The id of a case: the same in every history, whatever was loaded before."""
    who = ("", realm, device) if device else (address, realm, "")
    return digest("\0".join((*who, unit)))[:12]


class Recorder:
    """See the module's contract."""

    def __init__(self, database: Database, with_context: bool = False) -> None:
        self._database = database
        self._with_context = with_context
        self._machines: dict[tuple[str, str, str], int] = {}
        self._units: dict[Unit, int] = {}
        self._cases: dict[tuple[int, int], int] = {}
        self._encode = msgspec.json.Encoder().encode

    def record(
        self, run: Run, sightings: Iterable[Sighting], observed: Iterable[tuple[int, int]] = ()
    ) -> Recorded:
        """See the module's contract; `observed` are pairs of a day and a block."""
        database = self._database
        with database.writing():
            self._forget_beyond(_MAX_KNOWN)
            self._observe(run.sensor, observed)
            outcome, before = self._compare(run)
            if outcome is not Outcome.KEPT:
                return Recorded(outcome)
            number, first = database.next_number("runs"), database.next_number("findings")
            try:
                kept = self._keep(number, first, sightings)
            except BaseException:
                # Numbers that were given out and rolled back.
                self._forget_beyond(0)
                raise
            database.many("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [(
                number, run.source, run.tool, run.rules, run.asked, storable(run.sensor), time.time_ns(),
                int(run.whole), 0, first, kept)])
            database.many("INSERT INTO captures VALUES (?, ?, ?, ?)", {
                one.identity: (number, one.identity, storable(one.name), one.bytes) for one in run.captures}.values())
            for other in before:
                supersede(database, other, number)
        return Recorded(Outcome.KEPT, kept, len(before))

    def _forget_beyond(self, most: int) -> None:
        if len(self._machines) + len(self._units) + len(self._cases) > most:
            self._machines.clear()
            self._units.clear()
            self._cases.clear()

    def _compare(self, run: Run) -> tuple[Outcome, list[int]]:
        """What a run is beside those that are kept, and which of them it supersedes."""
        database = self._database
        if run.source and database.one("SELECT id FROM runs WHERE source = ?", (run.source,)) is not None:
            return Outcome.SAME, []
        mine = {one.identity for one in run.captures}
        shared = {int(row[0]) for row in database.among(
            "SELECT DISTINCT run FROM captures JOIN runs ON runs.id = run WHERE sensor = ? AND superseded = 0 "
            "AND identity IN (*)", sorted(mine), [storable(run.sensor)])}
        before: list[int] = []
        for other in sorted(shared):
            theirs = {row[0] for row in database.execute("SELECT identity FROM captures WHERE run = ?", (other,))}
            tool, rules, asked, whole = database.execute(
                "SELECT tool, rules, asked, whole FROM runs WHERE id = ?", (other,))[0]
            if mine <= theirs and whole:
                if (tool, rules, asked) == (run.tool, run.rules, run.asked):
                    return Outcome.SAME, []
                if version_order(tool) > version_order(run.tool):
                    return Outcome.OLDER, []
            if theirs <= mine and (run.whole or not whole):
                before.append(other)
        return Outcome.KEPT, before

    def _observe(self, sensor: str, observed: Iterable[tuple[int, int]]) -> None:
        days: dict[tuple[int, int], int] = {}
        for day, block in observed:
            month, mark = bit(day)
            days[block, month] = days.get((block, month), 0) | mark
        named = storable(sensor)
        self._database.many(_COVERAGE, ((block, month, named, bits) for (block, month), bits in sorted(days.items())))

    def _keep(self, run: int, first: int, sightings: Iterable[Sighting]) -> int:
        """Write the sightings of a run; how many findings."""
        batch, number = _Batch(), first
        for one in sightings:
            units = [self._unit(unit) for unit in reversed(one.units)]
            machine = self._machine(one)
            if not one.mines:
                if self._with_context:
                    batch.contexts.append((run, machine, units[-1], one.role, one.server, one.name, one.port,
                                           one.first_ns, one.last_ns))
                continue
            case = self._case(machine, units[-1], one)
            batch.findings.append((
                number, case, units[-1], one.finding, one.address, one.role, one.level, one.verdict, one.server,
                one.name, one.port, one.dialect, one.coin, one.first_ns, one.last_ns,
                self._encode(one.sessions).decode(), one.unlisted, *one.power,
                self._encode(one.work).decode() if one.work else "", self._encode(one.told).decode()))
            note_seen(batch.seen, case, one.first_ns, one.last_ns, one.sessions)
            number += 1
            if len(batch.findings) + len(batch.contexts) >= _BATCH:
                self._write(batch)
                batch = _Batch()
        self._write(batch)
        return number - first

    def _write(self, batch: _Batch) -> None:
        self._database.many(_FINDING, batch.findings)
        self._database.many(f"INSERT INTO contexts VALUES ({', '.join('?' * 9)})", batch.contexts)
        write_seen(self._database, batch.seen)

    def _unit(self, unit: Unit) -> int:
        known = self._units.get(unit)
        if known is None:
            known = self._units[unit] = _row(self._database, "units", {
                "unit": unit.unit, "name": unit.name, "sector": unit.sector, "contact": unit.contact,
                "parent": unit.parent})
        return known

    def _machine(self, one: Sighting) -> int:
        key = (one.address, one.realm, one.device)
        known = self._machines.get(key)
        if known is None:
            known = self._machines[key] = machine_number(self._database, *key)
        return known

    def _case(self, machine: int, unit: int, one: Sighting) -> int:
        known = self._cases.get((machine, unit))
        if known is None:
            name = case_id(one.address, one.realm, one.device, one.units[0].unit)
            known = self._cases[machine, unit] = case_number(self._database, name, machine, unit)
        return known


def machine_number(database: Database, address: str, realm: str, device: str) -> int:
    """The row of a machine, made where there is none; within `writing()`."""
    number = _row(database, "machines", {"realm": realm, "address": "" if device else address, "device": device})
    database.execute("INSERT INTO addresses VALUES (?, ?) ON CONFLICT DO NOTHING", (address, number))
    return number


def case_number(database: Database, name: str, machine: int, unit: int) -> int:
    """The row of a case, made where there is none; within `writing()`. A case has the newest reading of its unit."""
    found = database.execute("SELECT number, unit FROM cases WHERE id = ?", (name,))
    if found:
        if found[0][1] < unit:
            database.execute("UPDATE cases SET unit = ? WHERE id = ?", (unit, name))
        return int(found[0][0])
    number = database.next_number("cases", "number")
    database.execute("INSERT INTO cases VALUES (?, ?, ?, ?)", (number, name, machine, unit))
    return number


def _row(database: Database, table: str, values: dict[str, str]) -> int:
    """The number of a row with these values, made where there is none. Table and columns are ours."""
    where = " AND ".join(f"{column} = ?" for column in values)
    found = database.one(f"SELECT id FROM {table} WHERE {where}", list(values.values()))
    if found is not None:
        return int(found)
    number = database.next_number(table)
    columns = ", ".join(("id", *values))
    marks = ", ".join("?" * (len(values) + 1))
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", [number, *values.values()])
    return number


def note_seen(
    seen: dict[tuple[int, int], Seen], case: int, first_ns: int, last_ns: int, sessions: Sequence[Sequence[int]]
) -> None:
    """Note the days on which a case was seen: those of its sessions, the first and the last."""
    if first_ns // DAY_NS == last_ns // DAY_NS:
        _note(seen, case, first_ns, last_ns)
        return
    _note(seen, case, first_ns, first_ns)
    _note(seen, case, last_ns, last_ns)
    for _, start, end in sessions:
        for day in days_between(start, end):
            _note(seen, case, max(start, day * DAY_NS), min(end, (day + 1) * DAY_NS - 1))


def _note(seen: dict[tuple[int, int], Seen], case: int, start: int, end: int) -> None:
    """Note a time within one day."""
    month, mark = bit(start // DAY_NS)
    known = seen.get((case, month))
    if known is None:
        seen[case, month] = Seen(mark, start, end)
        return
    known.days |= mark
    if start < known.first_ns:
        known.first_ns = start
    if end > known.last_ns:
        known.last_ns = end


def write_seen(database: Database, seen: dict[tuple[int, int], Seen]) -> None:
    """Add to the days on which cases were seen."""
    database.many(_SEEN, ((case, month, one.days, one.first_ns, one.last_ns)
                          for (case, month), one in sorted(seen.items())))


def supersede(database: Database, run: int, by: int) -> None:
    """Take away the findings of a run; within `writing()`."""
    first, count = database.execute("SELECT first_finding, findings FROM runs WHERE id = ?", (run,))[0]
    ours = (first, first + count - 1)
    cases = [row[0] for row in database.execute(
        "SELECT DISTINCT case_number FROM findings WHERE id BETWEEN ? AND ?", ours)]
    database.execute("DELETE FROM findings WHERE id BETWEEN ? AND ?", ours)
    database.execute("DELETE FROM contexts WHERE run = ?", (run,))
    database.execute("UPDATE runs SET superseded = ? WHERE id = ?", (by, run))
    count_again(database, cases)


def count_again(database: Database, cases: Sequence[int]) -> None:
    """Work out anew on which days cases were seen, from the findings that are left."""
    decode = msgspec.json.Decoder(list[tuple[int, int, int]]).decode
    database.many("DELETE FROM seen WHERE case_number = ?", ((case,) for case in cases))
    seen: dict[tuple[int, int], Seen] = {}
    for case, first_ns, last_ns, sessions in database.among(
            "SELECT case_number, first_ns, last_ns, sessions FROM findings WHERE case_number IN (*)", cases):
        note_seen(seen, case, first_ns, last_ns, decode(sessions))
    write_seen(database, seen)


def version_order(version: str) -> tuple[int, ...]:
    """Sorts versions of the program: 0.10.0 behind 0.9.1."""
    return tuple(int(part) if part.isascii() and part.isdecimal() else -1 for part in version.split("+")[0].split("."))
