"""Makes histories for tests: SQLite files, and PostgreSQL where it is installed, each test in a schema of its own.

`DAY_0` is a Monday (2026-03-02); `sighting(day, …)` is a miner that was seen on a day at noon, for an hour, in one
session. `Places` opens the same history again, as the next run of the program would.
"""

from __future__ import annotations

import atexit
import functools
import glob
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from typing import Any

import pytest

from netminer_detect.findings import Level, Verdict
from netminer_detect.store.database import Database, open_history
from netminer_detect.store.days import DAY_NS, parse_day
from netminer_detect.store.recording import Capture, Recorded, Recorder, Run
from netminer_detect.store.sightings import Sighting, Told, Unit

DAY_0 = parse_day("2026-03-02") or 0
HOUR_NS = 3600 * 10**9
LIBRARY = Unit("lib", "Library", "university", "it@lib.example", "uni")
DORM = Unit("dorm", "Dormitories", "university", "", "uni")
UNIVERSITY = Unit("uni", "University", "university")
FACTORY = Unit("fac", "Factory", "company")


def noon(day: int) -> int:
    """Noon of a day counted from DAY_0, in ns."""
    return (DAY_0 + day) * DAY_NS + 12 * HOUR_NS


def sighting(day: int = 0, address: str = "10.3.0.17", port: int = 50000, **more: Any) -> Sighting:
    first, last = noon(day), noon(day) + HOUR_NS
    known = {
        "finding": f"{day:016x}", "address": address, "realm": "", "device": "", "units": (LIBRARY, UNIVERSITY),
        "role": "miner", "level": Level.SHARES, "verdict": Verdict.CONFIRMED, "server": "203.0.113.9",
        "name": "pool.example", "port": 3333, "dialect": "stratum-v1", "coin": "BTC", "first_ns": first,
        "last_ns": last, "sessions": [(port, first, last)], "unlisted": 0, "power": (None, None, None), "work": [],
        "told": Told("shares_accepted", {"accepted": 3}),
    }  # fmt: skip
    return Sighting(**(known | more))


def run(*names: str, **more: Any) -> Run:
    """A run over captures of these names."""
    known = {"tool": "1.0.0", "rules": "r1", "asked": "a1", "captures": [Capture(f"id-{name}", name) for name in names]}
    return Run(**(known | more))


def record(database: Database, *sightings: Sighting, observed: Iterable[tuple[int, int]] = (), **more: Any) -> Recorded:
    """Record one run of its own capture unless told otherwise."""
    asked = more.pop("run", None) or run(str(database.one("SELECT COUNT(*) FROM runs")), **more)
    return Recorder(database).record(asked, sightings, observed)


class Places:
    """Where a test's histories lie."""

    def __init__(self, kind: str, folder: pathlib.Path) -> None:
        self._opened: list[Database] = []
        if kind == "sqlite":
            self.place = str(folder / "history.db")
        else:
            server = postgresql()
            name = "t" + os.urandom(6).hex()
            subprocess.run(["psql", "-q", "-c", f"CREATE SCHEMA {name}", server], check=True)
            self.place = f"{server}&options=-csearch_path%3D{name}"

    def open(self) -> Database:
        self._opened.append(open_history(self.place, create=True))
        return self._opened[-1]

    def close(self) -> None:
        for database in self._opened:
            database.close()




@functools.cache
def postgresql() -> str:
    """The address of a server of our own, started once; the test is skipped where that cannot be."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    folders = [*sorted(glob.glob("/usr/lib/postgresql/*/bin")), os.path.dirname(shutil.which("initdb") or "")]
    programs = next((folder for folder in folders if os.path.exists(os.path.join(folder, "initdb"))), None)
    if programs is None or shutil.which("psql") is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    place = tempfile.mkdtemp(prefix="netminer-pg-", dir="/tmp" if os.path.isdir("/tmp") else None)
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        # The server refuses to run as root.
        nobody = pwd.getpwnam("nobody")
        os.chown(place, nobody.pw_uid, nobody.pw_gid)
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    how = {"cwd": place, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
           "env": {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": place}, **as_user}  # fmt: skip
    data = os.path.join(place, "data")
    subprocess.run([f"{programs}/initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "-N"], **how)
    options = f"-k {place} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB"
    subprocess.run([f"{programs}/pg_ctl", "-D", data, "-w", "-l", f"{place}/log", "-o", options, "start"], **how)

    def stop() -> None:
        subprocess.run([f"{programs}/pg_ctl", "-D", data, "-m", "immediate", "stop"], **(how | {"check": False}))
        shutil.rmtree(place, ignore_errors=True)

    atexit.register(stop)
    return f"postgresql://tester@/postgres?host={place}"
