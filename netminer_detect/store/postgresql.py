"""A history in PostgreSQL, for many sensors at once.

Contract: `connect(address)` gives the place as it may be shown (without a password) and an `Engine` (see `database`);
ConfigError where psycopg is missing or the server does not answer. The tables lie in the first schema of the role's
search path that it may write to. Writers take an advisory lock, so that numbers are given out by one at a time. What is
only ever added to is guarded by a trigger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from netminer_detect.errors import ConfigError
from netminer_detect.store.database import WAIT_S, Engine, Row
from netminer_detect.store.schema import APPLICATION_ID

if TYPE_CHECKING:
    import psycopg

_PASSWORD = re.compile(r"(?<=:)[^:@/]*(?=@)|(?<=password=)[^&]*")
_CONNECT_S = 10


def connect(address: str) -> tuple[str, Engine]:
    """See the module's contract."""
    place = _PASSWORD.sub("***", address)
    try:
        import psycopg
    except ImportError as error:
        fix = "install it: pip install 'netminer_detect[postgresql]'"
        raise ConfigError(place, f"PostgreSQL needs the package psycopg ({error})", fix) from error
    try:
        link = psycopg.connect(address, autocommit=True, connect_timeout=_CONNECT_S, client_encoding="utf8")
    except psycopg.Error as error:
        what = " ".join(str(error).split())
        raise ConfigError(place, f"the database does not answer ({_PASSWORD.sub('***', what)})",
                          "check address, role and password (~/.pgpass)") from error
    return place, _PostgreSql(link, psycopg.Error)


class _PostgreSql:
    """A connection."""

    def __init__(self, link: psycopg.Connection[Any], error: type[Exception]) -> None:
        self.errors: tuple[type[Exception], ...] = (error, UnicodeEncodeError)
        self._link = link
        self._link.execute(f"SET lock_timeout = '{WAIT_S}s'")

    def run(self, sql: str, values: Sequence[object]) -> Iterable[Row]:
        cursor = self._link.execute(_numbered(sql), values)
        return cursor if cursor.description is not None else ()

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        with self._link.cursor() as cursor:
            cursor.executemany(_numbered(sql), list(rows))

    def begin(self) -> None:
        self._link.execute("BEGIN")
        self._link.execute("SELECT pg_advisory_xact_lock(%s)", (APPLICATION_ID,))

    def commit(self) -> None:
        self._link.execute("COMMIT")

    def rollback(self) -> None:
        if not self._link.closed:
            self._link.execute("ROLLBACK")

    def version(self) -> int | None:
        """0 where there is no history; never None: a database holds other tables beside ours."""
        found = self._link.execute("SELECT to_regclass('netminer_schema')").fetchone()
        if found is None or found[0] is None:
            return 0
        row = self._link.execute("SELECT version FROM netminer_schema").fetchone()
        return int(row[0]) if row is not None else 0

    def mark(self, version: int) -> None:
        self._link.execute("CREATE TABLE IF NOT EXISTS netminer_schema (version INTEGER NOT NULL)")
        self._link.execute("DELETE FROM netminer_schema")
        self._link.execute("INSERT INTO netminer_schema VALUES (%s)", (version,))

    def forbid_changes(self, table: str, forbid: bool) -> None:
        self._link.execute(f"DROP TRIGGER IF EXISTS {table}_only_grows ON {table}")
        if forbid:
            self._link.execute(
                "CREATE OR REPLACE FUNCTION netminer_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME; END $$")
            self._link.execute(f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table} "
                               "FOR EACH ROW EXECUTE FUNCTION netminer_only_grows()")

    def told(self, error: Exception) -> tuple[str, str]:
        state = getattr(error, "sqlstate", None) or ""
        text = " ".join(str(error).split())
        if state == "53100":
            return "the server's disk is full; what was being written is not kept, all before it is", "make room there"
        if state == "55P03":
            return f"another program has been writing for {WAIT_S} s", "try again when it is done"
        if state == "42501":
            return f"the role may not do this ({text})", "grant it CREATE on a schema, or name another role"
        if not state:
            return f"the connection broke ({text}); what was being written is not kept", "try again"
        return f"the history cannot be used ({text})", "see the server's log"

    def close(self) -> None:
        self._link.close()


def _numbered(sql: str) -> str:
    """psycopg's marks for values. No statement of ours holds a ? or a % of its own."""
    return sql.replace("?", "%s")
