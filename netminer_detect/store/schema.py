"""The tables of a history, the same in SQLite and PostgreSQL, and how older ones become those of today.

Contract: `VERSION` is the schema that this program writes; `steps(version)` gives the statements that lead from an
older one (0: an empty database) to it. A step that was released is never changed; what is new is another one. Numbers
of rows are given out by us, within the one writing transaction; times are integer nanoseconds UTC, days are days since
1970-01-01 UTC, a month is 12 * year + month - 1, and `days` a row of bits: bit 0 is the first of the month. A text that
is not known is empty.

* `runs`: what was read once: a scan, or a file of another sensor's JSON lines (`source` is the digest of its content).
  `asked` is the digest of all else that decides findings: inventory, level, suppressions. `superseded` names the run
  that took its place; the findings of such a run are gone. Those of a run are numbered through, so that none needs to
  be looked for.
* `captures`: what a run read. A capture is known by its content (`identity`), not by its path.
* `units`: each reading of the inventory: a unit whose name, sector or parent changes has another row, and a finding
  keeps the one that was valid.
* `machines`: an address within the private networks of a `realm`, a public address (no realm), or a `device` (its MAC,
  where a log tells it); `addresses` are all that a machine had.
* `cases`: a machine in a unit. `case_log` is what people set, and is only ever added to.
* `findings`: one row a finding of a run, with its sessions (JSON: source port, first, last), so that those which two
  captures hold are told as one.
* `seen`: on which days each case was seen, `coverage`: on which days each sensor saw traffic out of a block: /24 of
  IPv4, /48 of IPv6, the smallest networks that the Internet routes. Silence counts only where there is coverage.
* `contexts`: what is no mining, where it was asked for. `read_outs`: who read accounts or MACs, or exported, when.
"""

from __future__ import annotations

from collections.abc import Sequence

# "NMDH", which marks an SQLite file as ours.
APPLICATION_ID = 0x4E4D4448

_FIRST = (
    "CREATE TABLE runs (id BIGINT PRIMARY KEY, source TEXT NOT NULL, tool TEXT NOT NULL, rules TEXT NOT NULL,"
    " asked TEXT NOT NULL, sensor TEXT NOT NULL, stored_ns BIGINT NOT NULL, whole INTEGER NOT NULL,"
    " superseded BIGINT NOT NULL, first_finding BIGINT NOT NULL, findings BIGINT NOT NULL)",
    "CREATE INDEX runs_by_source ON runs (source)",
    "CREATE TABLE captures (run BIGINT NOT NULL, identity TEXT NOT NULL, name TEXT NOT NULL, bytes BIGINT NOT NULL,"
    " PRIMARY KEY (identity, run))",
    "CREATE INDEX captures_by_run ON captures (run)",
    "CREATE TABLE units (id BIGINT PRIMARY KEY, unit TEXT NOT NULL, name TEXT NOT NULL, sector TEXT NOT NULL,"
    " contact TEXT NOT NULL, parent TEXT NOT NULL, UNIQUE (unit, name, sector, contact, parent))",
    "CREATE TABLE machines (id BIGINT PRIMARY KEY, realm TEXT NOT NULL, address TEXT NOT NULL, device TEXT NOT NULL,"
    " UNIQUE (address, realm, device))",
    "CREATE TABLE addresses (address TEXT NOT NULL, machine BIGINT NOT NULL, PRIMARY KEY (address, machine))",
    "CREATE TABLE cases (number BIGINT PRIMARY KEY, id TEXT NOT NULL UNIQUE, machine BIGINT NOT NULL,"
    " unit BIGINT NOT NULL)",
    "CREATE INDEX cases_by_machine ON cases (machine)",
    "CREATE TABLE case_log (entry BIGINT PRIMARY KEY, case_id TEXT NOT NULL, at_ns BIGINT NOT NULL,"
    " state TEXT NOT NULL, by_whom TEXT NOT NULL, note TEXT NOT NULL, due TEXT NOT NULL)",
    "CREATE INDEX case_log_by_case ON case_log (case_id)",
    "CREATE TABLE findings (id BIGINT PRIMARY KEY, case_number BIGINT NOT NULL, unit BIGINT NOT NULL,"
    " finding TEXT NOT NULL, address TEXT NOT NULL, role TEXT NOT NULL, level INTEGER NOT NULL,"
    " verdict INTEGER NOT NULL, server TEXT NOT NULL, name TEXT NOT NULL, port INTEGER NOT NULL,"
    " dialect TEXT NOT NULL, coin TEXT NOT NULL, first_ns BIGINT NOT NULL, last_ns BIGINT NOT NULL,"
    " sessions TEXT NOT NULL, unlisted BIGINT NOT NULL, w_low DOUBLE PRECISION, w_typical DOUBLE PRECISION,"
    " w_high DOUBLE PRECISION, work TEXT NOT NULL, told TEXT NOT NULL)",
    "CREATE INDEX findings_by_case ON findings (case_number)",
    "CREATE INDEX findings_by_time ON findings (last_ns)",
    "CREATE TABLE seen (case_number BIGINT NOT NULL, month INTEGER NOT NULL, days BIGINT NOT NULL,"
    " first_ns BIGINT NOT NULL, last_ns BIGINT NOT NULL, PRIMARY KEY (case_number, month))",
    "CREATE TABLE coverage (block BIGINT NOT NULL, month INTEGER NOT NULL, sensor TEXT NOT NULL, days BIGINT NOT NULL,"
    " PRIMARY KEY (block, month, sensor))",
    "CREATE TABLE contexts (run BIGINT NOT NULL, machine BIGINT NOT NULL, unit BIGINT NOT NULL, role TEXT NOT NULL,"
    " server TEXT NOT NULL, name TEXT NOT NULL, port INTEGER NOT NULL, first_ns BIGINT NOT NULL,"
    " last_ns BIGINT NOT NULL)",
    "CREATE INDEX contexts_by_run ON contexts (run)",
    "CREATE TABLE read_outs (entry BIGINT PRIMARY KEY, at_ns BIGINT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL)",
)

_STEPS: tuple[Sequence[str], ...] = (_FIRST,)
VERSION = len(_STEPS)
TABLES = ("runs", "captures", "units", "machines", "addresses", "cases", "case_log", "findings", "seen", "coverage",
          "contexts", "read_outs")  # fmt: skip


def steps(version: int) -> list[str]:
    """See the module's contract."""
    return [statement for step in _STEPS[version:] for statement in step]
