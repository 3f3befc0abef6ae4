"""Opens a history: one SQLite file, or a PostgreSQL database. One dialect of SQL serves both.

Contract: `open_history(place, create)` gives a `Database`; `place` is a path, or `postgresql://…`. What cannot be
opened, is no history, or was written by a newer program is a ConfigError that says what to do; an older schema is
brought up to date first. `execute` and `rows` take `?` for values, and values are never part of the text. `writing()`
is a transaction: all of it is kept or none, whatever kills the program; two writers wait for each other. An error of
the database is a ConfigError too (a full disk, a damaged file, a lost connection).

SQLite keeps a rollback journal, not a write-ahead log: a history is written for moments, once a scan, and then it is
one file that can be copied, and lies on a network drive if need be, where the log's shared memory would not work. A
file is made with mode 0600. PostgreSQL's part stands in `postgresql`, and needs the package psycopg.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from netminer_detect.errors import ConfigError
from netminer_detect.store.schema import APPLICATION_ID, VERSION, steps

# So long a writer waits for another: a load of a million findings takes half a minute.
WAIT_S = 120
_PREFIXES = ("postgresql://", "postgres://")
_MAGIC = b"SQLite format 3\0"
# So many values one statement may take, on any SQLite.
MAX_VALUES = 500

Row = Sequence[Any]


class Engine(Protocol):
    """What the two kinds of database do each in its own way. `errors` are the exceptions of its driver."""

    errors: tuple[type[Exception], ...]

    def run(self, sql: str, values: Sequence[object]) -> Iterable[Row]: ...

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None: ...

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def version(self) -> int | None: ...

    def mark(self, version: int) -> None: ...

    def forbid_changes(self, table: str, forbid: bool) -> None: ...

    def told(self, error: Exception) -> tuple[str, str]: ...

    def close(self) -> None: ...


class Database:
    """See the module's contract. `place` is its path or address, without a password; `warnings` are for whoever opened
    it."""

    def __init__(self, place: str, engine: Engine) -> None:
        self.place = place
        self.warnings: list[str] = []
        self._engine = engine
        self._writes = False

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run a statement; its rows, where it has some."""
        with self._errors():
            return list(self._engine.run(sql, values))

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a statement, one by one."""
        with self._errors():
            yield from self._engine.run(sql, values)

    def among(self, sql: str, values: Sequence[object], before: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a statement that holds `IN (*)`, for any number of values."""
        for at in range(0, len(values), MAX_VALUES):
            some = values[at : at + MAX_VALUES]
            yield from self.execute(sql.replace("(*)", f"({', '.join('?' * len(some))})"), [*before, *some])

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each row of values."""
        with self._errors():
            self._engine.run_many(sql, rows)

    def one(self, sql: str, values: Sequence[object] = ()) -> Any:
        """The first value of the first row; None where there is none."""
        found = self.execute(sql, values)
        return found[0][0] if found else None

    def next_number(self, table: str, column: str = "id") -> int:
        """The first number that is free. Only within `writing()`."""
        return int(self.one(f"SELECT COALESCE(MAX({column}), 0) FROM {table}")) + 1

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """See the module's contract. One within another is part of it."""
        if self._writes:
            yield
            return
        with self._errors():
            self._engine.begin()
        self._writes = True
        try:
            yield
            with self._errors():
                self._engine.commit()
        except BaseException:
            # What broke the transaction is to be told, not that it cannot be rolled back any more.
            with contextlib.suppress(*self._engine.errors):
                self._engine.rollback()
            raise
        finally:
            self._writes = False

    @contextlib.contextmanager
    def forgetting(self, table: str) -> Iterator[None]:
        """Within a transaction: what is only ever added to may be taken away, since it is too old to be kept."""
        with self._errors():
            self._engine.forbid_changes(table, False)
        yield
        with self._errors():
            self._engine.forbid_changes(table, True)

    def close(self) -> None:
        self._engine.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._engine.errors as error:
            what, fix = self._engine.told(error)
            raise ConfigError(self.place, what, fix) from error


def open_history(place: str, create: bool = False) -> Database:
    """See the module's contract."""
    if place.startswith(_PREFIXES):
        from netminer_detect.store.postgresql import connect

        database = Database(*connect(place))
    else:
        database = Database(place, _sqlite(place, create))
        mode = stat.S_IMODE(os.stat(place).st_mode)
        if mode & 0o077:
            database.warnings.append(f"{place}: others may read this history (mode {mode:04o}); chmod 600 {place}")
    try:
        _bring_up_to_date(database, create)
    except BaseException:
        database.close()
        raise
    return database


def _bring_up_to_date(database: Database, create: bool) -> None:
    engine = database._engine
    with database._errors():
        version = engine.version()
    if version == VERSION:
        return
    if version is None or (version == 0 and not create):
        what = "this is a database of something else" if version is None else "there is no history in it yet"
        raise ConfigError(database.place, what, "name the file or database that scan --history writes")
    if version > VERSION:
        what = f"a newer netminer-detect wrote this history (schema {version}; this one knows {VERSION})"
        raise ConfigError(database.place, what, "use the newer one, also here")
    with database.writing():
        # Another one may have done it while this one waited.
        now = engine.version() or 0
        for statement in steps(now):
            database.execute(statement)
        if now < VERSION:
            if now == 0:
                engine.forbid_changes("case_log", True)
            engine.mark(VERSION)


class _Sqlite:
    """An SQLite file."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error, OverflowError, UnicodeEncodeError)

    def __init__(self, path: str) -> None:
        self._path = path
        self._link = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
        for setting in ("journal_mode = DELETE", "synchronous = FULL", "cache_size = -65536", "trusted_schema = OFF",
                        "temp_store = MEMORY"):
            self._link.execute(f"PRAGMA {setting}")

    def run(self, sql: str, values: Sequence[object]) -> Iterable[Row]:
        return self._link.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._link.executemany(sql, rows)

    def begin(self) -> None:
        self._link.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._link.execute("COMMIT")

    def rollback(self) -> None:
        if self._link.in_transaction:
            self._link.execute("ROLLBACK")

    def version(self) -> int | None:
        """0 of an empty file, None where it is not ours."""
        (mark,), (version,) = (self._link.execute(f"PRAGMA {name}").fetchone() for name in ("application_id",
                                                                                            "user_version"))
        if mark == APPLICATION_ID:
            return int(version)
        (tables,) = self._link.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return None if tables or mark else 0

    def mark(self, version: int) -> None:
        self._link.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._link.execute(f"PRAGMA user_version = {version}")

    def forbid_changes(self, table: str, forbid: bool) -> None:
        for what in ("UPDATE", "DELETE"):
            self._link.execute(f"DROP TRIGGER IF EXISTS {table}_no_{what.lower()}")
            if forbid:
                self._link.execute(f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} BEGIN "
                                   f"SELECT RAISE(ABORT, '{table} is only ever added to'); END")

    def told(self, error: Exception) -> tuple[str, str]:
        return _told(error)

    def close(self) -> None:
        self._link.close()


def _told(error: Exception) -> tuple[str, str]:
    text = str(error)
    if "full" in text:
        return "the disk is full; what was being written is not kept, all before it is", "make room, then again"
    if "locked" in text:
        return f"another program has been writing for {WAIT_S} s", "try again when it is done"
    if "readonly" in text:
        return "this history may not be written to", "check its permissions and those of its folder"
    if "malformed" in text or "not a database" in text or "disk image" in text:
        fix = "restore a copy, or move it away and load the findings again (history load)"
        return f"this is no history, or a damaged one ({text})", fix
    return f"the history cannot be used ({text})", "check the file and its folder"


def _sqlite(path: str, create: bool) -> _Sqlite:
    try:
        if create:
            _make(path)
        with open(path, "rb") as stream:
            head = stream.read(16)
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise ConfigError(path, "a history must be a file", "name a file, or postgresql://…")
    except FileNotFoundError as error:
        fix = "make its folder" if create else "name the file that scan --history writes"
        raise ConfigError(path, "there is no such history", fix) from error
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise ConfigError(path, f"the history cannot be opened ({what})", "check the path") from error
    if head and head != _MAGIC:
        raise ConfigError(path, "this file is no history", "name another file; this one is left as it is")
    try:
        return _Sqlite(path)
    except sqlite3.Error as error:
        raise ConfigError(path, *_told(error)) from error


def _make(path: str) -> None:
    """An empty file that only its owner may read; nothing where there is one."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
