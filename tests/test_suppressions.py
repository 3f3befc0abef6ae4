"""Suppressions: what they hide, how strictly they are read, what the reports say of them."""

import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from netminer_detect.cli import main
from netminer_detect.errors import ConfigError
from netminer_detect.findings import Finding, Level, Organisation, Report, Role, Server, Suppressed, Totals, Verdict
from netminer_detect.outputs import jsonl, table
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.suppressions import MAX_BYTES, Suppressions, load_suppressions, parse_suppressions
from tests.scenes import MINER, POOL, Scene, rules, tls

TODAY = date(2026, 11, 25)
DAY_NS = 86_400_000_000_000
NOON = 20_000 * DAY_NS + DAY_NS // 2  # 2024-10-04


def finding(**more):
    known = {
        "id": "0" * 16, "source_ip": "10.3.0.17", "role": Role.MINER, "level": Level.ENDPOINT,
        "verdict": Verdict.PROBABLE, "why_code": "", "why_args": {}, "rules": ["pool-example", "agent-xmrig"],
        "pool": Server("5.6.7.8", 3333, "eu.pool.example", "Example Pool"),
        "organisation": Organisation("lib", "Library"), "first_seen_ns": NOON, "last_seen_ns": NOON + 10**9,
    }  # fmt: skip
    return Finding(**(known | more))


def suppressions(*entries, expires="2026-11-25"):
    text = "suppressions:\n" + "".join(f"  - {{reason: known, expires: {expires}, {entry}}}\n" for entry in entries)
    return Suppressions(parse_suppressions(text.encode(), "hide.yaml"), TODAY)


HIDES = [
    "source: 10.3.0.17", "source: 10.3.0.0/24", "source: [10.9.0.0/16, 10.3.0.17/32]", "unit: lib",
    "unit: [x, lib]", "rule: agent-xmrig", "pool: {name: pool.example}", "pool: {name: EU.pool.example.}",
    "pool: {name: '*.pool.example'}",
    "pool: {operator: example pool}", "pool: {address: 5.6.7.0/24}", "pool: {address: '5.6.7.8', port: 3333}",
    "pool: [{port: 1}, {port: [1, 3333]}]", "from: 2024-10-04", "until: 2024-10-04", "from: 2024-10-04T12:00Z",
    "until: '2024-10-04T12:00:02Z'", "source: 10.3.0.0/16, unit: lib, rule: pool-example, from: 2024-01-01",
]  # fmt: skip
TELLS = [
    "source: 10.3.0.18", "source: 2001:db8::/32", "unit: library", "rule: agent-xmr", "pool: {name: xpool.example}",
    "pool: {name: a.eu.pool.example}", "pool: {operator: Example}", "pool: {address: 5.6.7.9}",
    "pool: {address: 5.6.7.8, port: 3334}", "from: 2024-10-05", "until: 2024-10-03", "from: '2024-10-04T12:00:01Z'",
    "until: '2024-10-04T12:00:01Z'", "source: 10.3.0.17, unit: other", "source: 10.3.0.17, pool: {port: 1}",
]  # fmt: skip


@pytest.mark.parametrize("entry", HIDES)
def test_hidden(entry):
    hidden = suppressions(entry)
    assert hidden.keep([finding()]) == []
    assert [one.findings for one in hidden.counts] == [1]


@pytest.mark.parametrize("entry", TELLS)
def test_told(entry):
    hidden = suppressions(entry)
    assert len(hidden.keep([finding()])) == 1
    assert [one.findings for one in hidden.counts] == [0]


def test_what_a_finding_lacks_suppresses_nothing():
    bare = finding(pool=None, organisation=None, rules=[], first_seen_ns=None, last_seen_ns=None)
    for entry in ("pool: {name: pool.example}", "unit: lib", "rule: agent-xmrig", "from: 2020-01-01",
                  "until: 2030-01-01"):
        assert suppressions(entry).keep([bare]) == [bare]


def test_of_what_does_not_mine_the_far_end_counts():
    visitor = finding(role=Role.VISITOR, pool=None, peer=Server(None, 443, "www.pool.example"))
    assert suppressions("pool: {name: pool.example}").keep([visitor]) == []
    served = finding(role=Role.POOL, pool=None, peer=Server("5.6.7.8", 3333))
    assert suppressions("pool: {address: 5.6.7.8}").keep([served]) == [served]


def test_the_first_that_hides_is_counted_and_the_expired_hides_nothing():
    hidden = suppressions("unit: lib", "source: 10.3.0.17")
    hidden.keep([finding(), finding()])
    assert [one.findings for one in hidden.counts] == [2, 0]
    late = suppressions("unit: lib", expires="2026-11-24")
    assert len(late.keep([finding()])) == 1
    assert [(one.expired, one.findings) for one in late.counts] == [(True, 0)]


@pytest.mark.parametrize(("text", "line", "what"), [
    ("- a", 1, "a list where"), ("suppress: []", 1, "unknown key 'suppress'"),
    ("suppressions: x", 1, "where a list"),
    ("suppressions:\n  - {reason: r, unit: u}", 2, "lacks the key 'expires'"),
    ("suppressions:\n  - {expires: 2026-01-01, unit: u}", 2, "lacks the key 'reason'"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01}", 2, "would hide everything"),
    ("suppressions:\n  - {reason: r, expires: 2026-02-30, unit: u}", 2, "is no day"),
    ("suppressions:\n  - {reason: r, expires: never, unit: u}", 2, "is no day"),
    ("suppressions:\n  - reason: r\n    expires: 2026-01-01\n    sources: 10.0.0.1", 4, "did you mean 'source'"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, source: 10.0.0.1/8}", 2, "has bits set"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, source: host}", 2, "is no address"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, source: []}", 2, "is an empty list"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, pool: {}}", 2, "a pool without a fact"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, pool: {name: 'http://a'}}", 2, "is no host name"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, pool: {port: 70000}}", 2, "is no port"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, rule: No Rule}", 2, "is no rule id"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, from: soon}", 2, "is no day and no time"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, until: 9999-12-31}", 2, "is no day and no time"),
    ("suppressions:\n  - {reason: r, expires: 2026-01-01, from: 2026-02-02, until: 2026-02-01}", 2, "ends before"),
    ("suppressions:\n  - {reason: '', expires: 2026-01-01, unit: u}", 2, "an empty text"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text, line, what):
    with pytest.raises(ConfigError) as told:
        parse_suppressions(text.encode(), "hide.yaml")
    assert told.value.where == f"hide.yaml:{line}" and what in str(told.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_suppressions([str(tmp_path / "none.yaml")])
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="MiB"):
        load_suppressions([str(big)])


@pytest.fixture
def asked(tmp_path, capsys, monkeypatch):
    """A function that scans a machine at a known server, with suppressions, and gives (code, summary, stderr)."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    capture = Scene().tcp(tls(b"xmr.pool.example"), port=443).write(tmp_path / "scene.pcap")
    own = rules()
    path = tmp_path / "hide.yaml"

    def ask(entry, expires, *more):
        path.write_text(f"suppressions:\n  - reason: a course\n    expires: {expires}\n    {entry}\n", encoding="utf-8")
        words = ["scan", str(capture), "--format", "jsonl", "--suppress", str(path), *more]
        code = main([*words, *(word for rule in own for word in ("--rules", rule))])
        said = capsys.readouterr()
        return code, [json.loads(line) for line in said.out.splitlines()], said.err

    return ask


def days(number):
    return (datetime.now(UTC).date() + timedelta(days=number)).isoformat()


def test_a_hidden_finding_is_not_reported_and_does_not_count(asked):
    code, lines, err = asked(f"source: {MINER}", days(1))
    assert code == 0 and [line["type"] for line in lines] == ["summary"] and not err
    hid = lines[-1]["suppressed"]
    assert [(one["line"], one["reason"], one["expired"], one["findings"]) for one in hid] == [(2, "a course", False, 1)]
    assert lines[-1]["sources"] == 0


def test_another_is(asked):
    code, lines, _ = asked("source: 10.99.0.1", days(1))
    assert code == 1 and lines[0]["source_ip"] == MINER and lines[0]["pool"]["ip"] == POOL
    assert [one["findings"] for one in lines[-1]["suppressed"]] == [0]


def test_an_expired_one_warns_and_hides_nothing(asked):
    code, lines, err = asked(f"source: {MINER}", days(-1))
    assert code == 1 and lines[0]["type"] == "finding" and lines[-1]["suppressed"][0]["expired"] is True
    assert f"hide.yaml:2: this suppression expired on {days(-1)}" in err and "a course" in err


def test_a_wrong_file_ends_the_run_before_the_scan(asked):
    code, lines, err = asked("sauce: 10.0.0.1", days(1))
    assert code == 2 and not lines and "hide.yaml:4: unknown key 'sauce'" in err


@pytest.mark.parametrize(("lang", "lines"), [
    ("en", ["No mining was found but what is suppressed.",
            "Suppressed: 2 findings (a course, until 2027-01-01, h.yaml:3)",
            "Suppressed: expired, hides nothing (\\x1b[1m, until 2025-01-01, h.yaml:9)"]),
    ("zh", ["除已抑制的发现外，未发现挖矿。", "已抑制：2 项发现（a course，有效至 2027-01-01，h.yaml:3）",
            "已抑制：已过期，不再隐藏任何发现（\\x1b[1m，有效至 2025-01-01，h.yaml:9）"]),
])  # fmt: skip
def test_the_table_says_what_was_hidden(lang, lines):
    totals = Totals(inputs=1, packets=9, suppressed=[
        Suppressed("h.yaml", 3, "a course", "2027-01-01", False, 2),
        Suppressed("h.yaml", 9, "\x1b[1m", "2025-01-01", True),
    ])  # fmt: skip
    stream = io.StringIO()
    table.write(Report([], [], [], totals), stream, OutputOptions(lang, width=120))
    assert set(lines) <= set(stream.getvalue().splitlines())


def test_many_are_summed_in_the_table_and_all_are_in_json_lines():
    totals = Totals(inputs=1, packets=9, suppressed=[Suppressed("h.yaml", n, "r", "2027-01-01", False, 1)
                                                     for n in range(60)])  # fmt: skip
    stream = io.StringIO()
    table.write(Report([], [], [], totals), stream, OutputOptions("en", width=120))
    assert "Suppressed: … 10 findings" in stream.getvalue() and "h.yaml:50)" not in stream.getvalue()
    stream = io.StringIO()
    jsonl.write(Report([], [], [], totals), stream, OutputOptions("en"))
    assert len(json.loads(stream.getvalue())["suppressed"]) == 60
