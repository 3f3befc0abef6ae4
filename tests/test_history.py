"""The store of a history: each run once, all of it or nothing, on both kinds of database."""

import os
import pathlib
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from netminer_detect.errors import ConfigError
from netminer_detect.findings import Verdict
from netminer_detect.store.blocks import block_of, network_of
from netminer_detect.store.database import open_history
from netminer_detect.store.days import day_text, days_of, parse_day, parse_month
from netminer_detect.store.recording import Outcome, Recorder
from netminer_detect.store.schema import APPLICATION_ID, TABLES, VERSION
from netminer_detect.store.sightings import Unit, storable
from tests.histories import DAY_0, DORM, HOUR_NS, noon, record, run, sighting

ROOT = pathlib.Path(__file__).resolve().parent.parent


def content(database):
    """All that is in a history, but when it was written."""
    columns = {"runs": "id, source, tool, rules, asked, sensor, whole, superseded, first_finding, findings"}
    return {table: sorted(map(tuple, database.execute(f"SELECT {columns.get(table, '*')} FROM {table}")))
            for table in TABLES}  # fmt: skip


def test_a_run_is_kept(places):
    database = places.open()
    told = record(database, sighting(0), sighting(1, address="10.3.0.18"), observed=[(DAY_0, block_of("10.3.0.17"))])
    assert (told.outcome, told.findings) == (Outcome.KEPT, 2)
    again = places.open()
    assert content(again) == content(database)
    assert again.one("SELECT COUNT(*) FROM findings") == 2
    machines = again.execute("SELECT address FROM cases JOIN machines ON machines.id = machine ORDER BY address")
    assert [row[0] for row in machines] == ["10.3.0.17", "10.3.0.18"]
    assert [network_of(row[0]) for row in again.execute("SELECT block FROM coverage")] == ["10.3.0.0/24"]


def test_the_same_again_changes_nothing(places):
    database = places.open()
    record(database, sighting(0), run=run("a", "b"))
    before = content(database)
    assert record(places.open(), sighting(0), run=run("a", "b")).outcome is Outcome.SAME
    assert record(database, sighting(0), run=run("b")).outcome is Outcome.SAME
    assert content(database) == before


def test_newer_rules_supersede(places):
    database = places.open()
    record(database, sighting(0), sighting(1, address="10.3.0.18"), run=run("a"))
    told = record(database, sighting(0), run=run("a", rules="r2"))
    assert (told.outcome, told.findings, told.superseded) == (Outcome.KEPT, 1, 1)
    assert database.execute("SELECT COUNT(*) FROM findings")[0][0] == 1
    assert [tuple(row) for row in database.execute("SELECT case_number FROM seen")] == [(1,)]
    assert [row[0] for row in database.execute("SELECT superseded FROM runs ORDER BY id")] == [2, 0]


def test_a_larger_run_takes_in_the_smaller(history):
    record(history, sighting(0), run=run("a"))
    record(history, sighting(1), run=run("b"))
    assert record(history, sighting(0), sighting(1), run=run("a", "b", "c")).superseded == 2
    assert history.one("SELECT COUNT(*) FROM findings") == 2


def test_an_older_tool_changes_nothing(history):
    record(history, sighting(0), run=run("a", tool="1.10.0"))
    before = content(history)
    assert record(history, run=run("a", tool="1.9.2")).outcome is Outcome.OLDER
    assert content(history) == before


def test_what_was_read_in_part_supersedes_nothing_whole(history):
    record(history, sighting(0), run=run("a"))
    assert record(history, run=run("a", rules="r2", whole=False)).superseded == 0
    assert history.one("SELECT COUNT(*) FROM findings") == 1
    assert record(history, sighting(0), run=run("a", rules="r2")).superseded == 2


def test_two_sensors_are_two(history):
    for sensor in ("north", "south"):
        assert record(history, sighting(0, realm=sensor), run=run("a", sensor=sensor)).outcome is Outcome.KEPT
    assert history.one("SELECT COUNT(*) FROM machines") == 2
    for sensor in ("north", "south"):
        record(history, sighting(0, address="203.0.113.77"), run=run("b", sensor=sensor))
    assert history.one("SELECT COUNT(*) FROM machines") == 3


def test_a_source_is_loaded_once(history):
    assert record(history, sighting(0), run=run(source="digest")).outcome is Outcome.KEPT
    assert record(history, sighting(0), run=run(source="digest")).outcome is Outcome.SAME
    assert record(history, sighting(0), run=run(source="other")).outcome is Outcome.KEPT


def test_no_mining_stays_out_unless_asked_for(history):
    visitor = sighting(0, role="visitor", verdict=Verdict.NOT_MINING, level=0)
    assert record(history, visitor).findings == 0
    assert [history.one(f"SELECT COUNT(*) FROM {table}") for table in ("findings", "contexts", "cases")] == [0, 0, 0]
    Recorder(history, with_context=True).record(run("b"), [visitor])
    assert [history.one(f"SELECT COUNT(*) FROM {table}") for table in ("findings", "contexts", "cases")] == [0, 1, 0]


def test_days_of_sessions_are_seen(history):
    start, end = noon(-3), noon(40)
    sessions = [(1, start, noon(-2)), (2, noon(5), noon(5) + HOUR_NS), (3, noon(39), end)]
    record(history, sighting(0, first_ns=start, last_ns=end, sessions=sessions))
    days = [day for month, bits in history.execute("SELECT month, days FROM seen ORDER BY month")
            for day in days_of(month, bits)]  # fmt: skip
    assert [day - DAY_0 for day in days] == [-3, -2, 5, 39, 40]
    ends = history.execute("SELECT MIN(first_ns), MAX(last_ns) FROM seen")
    assert tuple(ends[0]) == (start, end)


def test_a_unit_that_changes_keeps_what_it_was(history):
    record(history, sighting(0))
    renamed = Unit("lib", "Main library", "university", "", "uni")
    record(history, sighting(1, units=(renamed,)))
    record(history, sighting(2, units=(DORM,)))
    names = [row[0] for row in history.execute(
        "SELECT units.name FROM findings JOIN units ON units.id = findings.unit ORDER BY first_ns")]
    assert names == ["Library", "Main library", "Dormitories"]
    assert history.one("SELECT COUNT(*) FROM cases") == 2


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE runs; --", "a\0b", "\ud800", "\x1b[2J", "=1+1", "%s ? {} $1", "机" * 999])
def test_hostile_text_is_text(places, text):
    database = places.open()
    record(database, sighting(0, name=storable(text), units=(Unit(storable(text), storable(text)),)))
    assert database.one("SELECT name FROM findings") == storable(text)
    assert database.one("SELECT COUNT(*) FROM runs") == 1


def test_a_run_that_breaks_leaves_nothing(places):
    database = places.open()
    record(database, sighting(0))
    before = content(database)

    def breaking():
        yield sighting(1, address="10.3.0.99")
        raise MemoryError

    recorder = Recorder(database)
    with pytest.raises(MemoryError):
        recorder.record(run("x"), breaking(), [(DAY_0, 7)])
    assert content(database) == before
    assert recorder.record(run("x"), [sighting(1, address="10.3.0.99")]).outcome is Outcome.KEPT
    assert database.one("SELECT COUNT(*) FROM findings JOIN cases ON number = case_number") == 2


def test_a_killed_run_loses_only_itself(tmp_path):
    place = tmp_path / "history.db"
    code = f"""if True:
        import os, signal
        from netminer_detect.store.database import open_history
        from netminer_detect.store.recording import Recorder
        from tests.histories import run, sighting
        recorder = Recorder(open_history({str(place)!r}, create=True))
        recorder.record(run("a"), [sighting(0)])
        def killed():
            for number in range(40_000):
                yield sighting(1, address=f"10.3.{{number >> 8}}.{{number & 255}}")
            os.kill(os.getpid(), signal.SIGKILL)
        recorder.record(run("b"), killed())
    """
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == -9
    with open_history(str(place)) as database:
        assert database.one("SELECT COUNT(*) FROM findings") == 1
        assert database.one("SELECT COUNT(*) FROM machines") == 1


def test_two_writers_wait_for_each_other(places):
    places.open()
    failed = []

    def write(number):
        try:
            database = open_history(places.place)
            for day in range(5):
                record(database, sighting(day, address=f"10.3.0.{number}"), run=run(f"{number}-{day}"))
            database.close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    database = places.open()
    assert database.one("SELECT COUNT(*) FROM findings") == 20
    assert database.one("SELECT COUNT(DISTINCT id) FROM runs") == 20


def test_a_file_is_its_owners_alone(tmp_path):
    place = tmp_path / "history.db"
    before = os.umask(0)
    try:
        open_history(str(place), create=True).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.chmod(0o644)
    with open_history(str(place)) as database:
        assert "others may read" in database.warnings[0]


def test_what_is_no_history_is_left_alone(tmp_path):
    for name, data in (("a", b"hello"), ("b", b"SQLite format 3\0" + b"\xff" * 4096)):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ConfigError):
            open_history(str(path), create=True)
        assert path.read_bytes() == data
    foreign = sqlite3.connect(tmp_path / "c")
    foreign.execute("CREATE TABLE t (x)")
    foreign.close()
    with pytest.raises(ConfigError, match="something else"):
        open_history(str(tmp_path / "c"), create=True)
    with pytest.raises(ConfigError, match="no such history"):
        open_history(str(tmp_path / "d"))
    with pytest.raises(ConfigError, match="no such history"):
        open_history(str(tmp_path / "no" / "d"), create=True)
    with pytest.raises(ConfigError, match=r"must be a file|cannot be opened"):
        open_history(str(tmp_path), create=True)
    assert not (tmp_path / "d").exists()


def test_an_empty_file_is_no_history_yet(tmp_path):
    (tmp_path / "e").write_bytes(b"")
    with pytest.raises(ConfigError, match="no history in it"):
        open_history(str(tmp_path / "e"))
    open_history(str(tmp_path / "e"), create=True).close()


def test_a_damaged_history_says_what_to_do(tmp_path):
    place = tmp_path / "history.db"
    with open_history(str(place), create=True) as database:
        record(database, *(sighting(day, address=f"10.3.0.{day}") for day in range(200)))
    data = bytearray(place.read_bytes())
    data[4096 * 3 : 4096 * 40] = os.urandom(4096 * 37)
    place.write_bytes(data)
    with pytest.raises(ConfigError, match=r"damaged.*load the findings again"), open_history(str(place)) as database:
        for table in TABLES:
            database.execute(f"SELECT * FROM {table}")


def test_a_full_disk_keeps_what_was_there(tmp_path):
    place = tmp_path / "history.db"
    with open_history(str(place), create=True) as database:
        record(database, sighting(0))
        pages = database.one("PRAGMA page_count")
        database.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(ConfigError, match="the disk is full"):
            record(database, *(sighting(1, address=f"10.3.{n >> 8}.{n & 255}") for n in range(3000)))
        assert database.one("SELECT COUNT(*) FROM findings") == 1


def test_a_newer_schema_is_refused(tmp_path):
    place = str(tmp_path / "history.db")
    open_history(place, create=True).close()
    link = sqlite3.connect(place)
    link.execute(f"PRAGMA user_version = {VERSION + 1}")
    link.close()
    with pytest.raises(ConfigError, match="newer netminer-detect"):
        open_history(place)


def test_an_sqlite_file_says_whose_it_is(history):
    assert history.one("PRAGMA application_id") == APPLICATION_ID


def test_days():
    assert day_text(DAY_0) == "2026-03-02"
    assert parse_day("2026-02-30") is None and parse_day("26-02-03") is None
    assert parse_month("2026-13") is None and parse_month("2026-01") == 12 * 2026
    assert [day_text(day) for day in days_of(12 * 2026 + 1, 0b1000_0000_0000_0000_0000_0000_0001)] == [
        "2026-02-01", "2026-02-28"]
