"""What users see and programs read: every key in its place, exact numbers, no character that steers or computes."""

import csv
import io
import json
import re
import unicodedata
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from netminer_detect.findings import Claim, Report
from netminer_detect.outputs import csv as csv_output
from netminer_detect.outputs import formats
from netminer_detect.outputs import jsonl as jsonl_output
from netminer_detect.outputs.escape import all_plain, csv_cell, plain
from netminer_detect.outputs.options import OutputOptions
from tests.reports import REPORTS, TEXTS, line, lookup, miner, report, visitor

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
UNHURRIED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FINDING_KEYS = [
    "type", "schema", "id", "revision", "state", "source_ip", "source_mac", "sensor", "realm", "vlan", "tunnels",
    "nat", "role", "level", "verdict", "why", "why_code", "why_args", "dialect", "carriers", "algorithms", "coin",
    "coin_basis", "model", "pool", "peer", "workers", "jobs", "shares", "work", "claimed", "power", "energy_kwh_day",
    "first_seen", "last_seen", "midstream", "connections", "connections_total", "packets", "bytes", "rules",
    "assessment", "assessment_reasons", "incidents", "organisation", "attribution", "evidence",
]  # fmt: skip


def written(name, what, **options):
    stream = io.StringIO(newline="")
    formats.writer(name)(what, stream, OutputOptions(**options))
    return stream.getvalue()


def lines(what, **options):
    return [json.loads(text) for text in written("jsonl", what, **options).splitlines()]


def test_a_finding_has_every_key_in_the_promised_order():
    finding = lines(report(miner()))[0]
    assert list(finding) == FINDING_KEYS
    assert list(finding["pool"]) == ["ip", "port", "name", "operator", "basis", "via"]
    assert list(finding["workers"][0]) == ["login", "user", "worker", "agent", "shares", "work"]
    assert list(finding["jobs"]) == ["sent", "difficulty_min", "difficulty_max"]
    assert list(finding["shares"]) == ["submitted", "accepted", "rejected", "unanswered"]
    assert list(finding["work"][0]) == ["algorithm", "unit", "amount", "rate", "rate_low", "rate_high", "basis"]
    assert list(finding["power"]) == ["w_low", "w_typical", "w_high", "basis", "wall_factor"]
    assert list(finding["energy_kwh_day"]) == ["low", "typical", "high"]
    assert list(finding["connections"][0]) == ["source_port", "first_seen", "last_seen"]
    assert list(finding["organisation"]) == ["id", "name", "sector", "sector_group", "contact", "parent", "source"]
    assert list(finding["evidence"][0]) == ["capture", "frame", "offset", "time", "from", "what", "excerpt"]


def test_lines_come_in_order_and_sum_up():
    found = lines(report(miner(), lookup("10.3.0.18", "xmr.f2pool.com"), visitor("10.3.0.19")))
    kinds = [one["type"] for one in found]
    assert kinds == ["finding"] * 3 + ["source"] * 3 + ["organisation"] * 2 + ["sector"] * 2 + ["summary"]
    assert all(next(iter(one)) == "type" for one in found)
    source = found[3]
    assert {key: source[key] for key in ("source_ip", "verdict", "level", "roles", "findings", "pools", "coins")} == {
        "source_ip": "10.3.0.17", "verdict": "confirmed", "level": "shares", "roles": ["miner"], "findings": 1,
        "pools": 1, "coins": ["XMR"]}
    assert source["work"][0]["amount"] == "960063"
    unit = found[6]
    sums = ["sources", "confirmed", "probable", "suspected", "coins", "work", "power", "energy_kwh_day"]
    assert list(unit) == ["type", "id", "name", "sector", "sector_group", "parent", *sums, "sources_below"]
    assert list(found[8]) == ["type", "sector", "organisations", *sums]
    assert [(one["sector"], one["organisations"], one["sources"]) for one in found[8:10]] == [
        ("education", 1, 1), (None, 0, 1)]
    assert (unit["id"], unit["sources"], unit["confirmed"], unit["suspected"]) == ("lib", 1, 1, 0)
    assert (found[7]["id"], found[7]["name"]) == (None, "unassigned")
    assert found[-1]["defects"] == {"not_ip": 9, "snap_length": 12304}
    assert found[-1]["dropped"] == {"flows": 2, "held_bytes": 0}
    assert found[-1]["seconds"] == 1.5


def test_whole_numbers_are_exact_and_times_have_the_digits_of_the_capture():
    work = miner().work[0]
    work.amount = Fraction(2**64 + 1)
    text = written("jsonl", report(miner(work=[work])))
    finding = json.loads(text.splitlines()[0])
    assert finding["jobs"]["difficulty_max"] == 2**70 + 1 and str(2**70 + 1) in text
    assert finding["work"][0]["amount"] == str(2**64 + 1)
    assert finding["first_seen"] == "2026-05-01T12:00:00.000000Z"
    assert finding["last_seen"] == "2026-05-01T12:19:41.123456Z"
    fine = lines(report(miner(nanoseconds=True)))[0]
    assert fine["last_seen"] == "2026-05-01T12:19:41.123456789Z"
    assert fine["evidence"][0]["time"] == "2026-05-01T12:00:12.000000000Z"
    assert fine["connections"][0]["last_seen"] == "2026-05-01T12:00:01.000000000Z"


def test_amounts_are_rounded_once_and_what_is_no_number_is_null():
    work = miner().work[0]
    work.amount, work.rate = Fraction(9600634, 10), float("inf")
    finding = lines(report(miner(work=[work], claimed=[Claim(None, "hash", float("nan"))])))[0]
    assert finding["work"][0]["amount"] == "960063"
    assert finding["work"][0]["rate"] is None and finding["claimed"][0]["rate"] is None


def test_passwords_are_held_back_unless_asked_for():
    for name in ("jsonl", "csv", "table"):
        assert "hunter2" not in written(name, report(miner()))
    assert "password hunter2" in written("table", report(miner()), show_passwords=True)
    shown = lines(report(miner()), show_passwords=True)[0]
    assert shown["workers"][0]["password"] == "hunter2"
    assert shown["evidence"][0]["excerpt"] == '{"pass":"hunter2"}'
    rows = list(csv.DictReader(io.StringIO(written("csv", report(miner()), show_passwords=True))))
    assert rows[0]["passwords"] == "hunter2"


def test_csv_has_a_row_a_finding_and_the_columns_of_the_readme():
    rows = list(csv.DictReader(io.StringIO(written("csv", report(miner(), visitor("10.3.0.19"))))))
    assert [row["source_ip"] for row in rows] == ["10.3.0.17", "10.3.0.19"]
    assert tuple(rows[0]) == csv_output.COLUMNS
    expected = {"verdict": "confirmed", "coin": "XMR", "frames": "12; 13; 14; 17", "work": "960063",
                "rate": "812.4", "via_ip": "10.0.0.1", "jobs": "12", "midstream": "false"}
    assert {key: rows[0][key] for key in expected} == expected
    assert rows[1]["work"] == ""


def test_csv_tells_values_apart():
    one, other = miner().workers[0], miner().workers[0]
    one.login, other.login = "a; b", "c"
    rows = list(csv.DictReader(io.StringIO(written("csv", report(miner(workers=[one, other]))))))
    assert rows[0]["logins"].split("; ") == ["a\\x3b b", "c"]
    many = miner(evidence=[line(frame, "share", "") for frame in range(40)])
    rows = list(csv.DictReader(io.StringIO(written("csv", report(many)))))
    assert rows[0]["frames"].split("; ")[-2:] == ["31", "…"]
    full = miner(evidence=[line(frame, "share", "") for frame in range(32)])
    rows = list(csv.DictReader(io.StringIO(written("csv", report(full)))))
    assert rows[0]["frames"].split("; ")[-1] == "31"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", " =1", "＝1", "\n=cmd"])
def test_no_cell_begins_a_formula(text):
    assert not csv_cell(text).lstrip().startswith(tuple("=+-@＝＋－＠"))


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b31m", "\u202eabc", "a\u200bb", "\u2066", "\x7f", "\ud800", "\u2028",
                                  "pool\ufe0f.example", "pool\ufe00", "\u3164", "\u115f", "\u1160", "\u034f", "\u180b",
                                  "\u180f", "\u2800", "\uffa0", "\U000e0100", "\U000e01ef", "\u17b4", "\u17b5",
                                  "e\u0301\u0301\u0301\u0301"])
def test_what_steers_or_hides_is_escaped(text):
    assert plain(text) != text
    assert plain(plain(text)) == plain(text)


def test_plain_leaves_words_alone_and_cuts_long_ones():
    for text in ("学生宿舍", "café", "Ελληνικά", "a b-c_d", '{"a":"\\n"}', "שלום", "हिन्दी", "e\u0301\u0302\u0303"):
        assert plain(text) == text
    assert plain("x" * 600) == "x" * 511 + "…"


@UNHURRIED
@given(REPORTS)
def test_jsonl_parses_back_and_carries_no_control_character(what: Report):
    text = written("jsonl", what, show_passwords=True)
    assert text.isascii() and not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    objects = [json.loads(one, parse_constant=pytest.fail) for one in text.splitlines()]
    assert len(objects) == len(what.findings) + len(what.sources) + len(what.organisations) + len(
        what.sectors) + len(what.incidents) + 1

    def check(value):
        if isinstance(value, str):
            assert not any(unicodedata.category(char) in UNSAFE for char in value)
            value.encode()
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(one)

    check(objects)
    for finding, shown in zip(what.findings, objects, strict=False):
        assert shown["packets"] == finding.packets and shown["bytes"] == finding.bytes
        assert [work["amount"] for work in shown["work"]] == [str(round(work.amount)) for work in finding.work]
        low = finding.jobs.difficulty_min
        if low is not None and low.denominator == 1:
            assert shown["jobs"]["difficulty_min"] == low.numerator


@UNHURRIED
@given(REPORTS)
def test_csv_parses_back_and_computes_nothing(what: Report):
    text = written("csv", what, show_passwords=True)
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == len(what.findings) + 1
    assert {len(row) for row in rows} == {len(csv_output.COLUMNS) + 1}
    assert text.count("\n") == text.count("\r\n") == len(rows)
    for row in rows:
        for cell in row:
            assert not cell.lstrip().startswith(tuple("=+-@"))
            assert not any(unicodedata.category(char) in UNSAFE for char in cell)


@UNHURRIED
@given(TEXTS)
def test_escaping_twice_is_escaping_once(text):
    assert plain(plain(text, 10_000), 100_000) == plain(text, 10_000)


@given(strategies.text(max_size=200),
       strategies.sampled_from(["", "x" * 5000, "…", "\\n", "\x1b[31m", "\x7f", "中文", "\u202e"]))
def test_a_line_is_plain_whether_it_was_looked_at_closely_or_not(text, more):
    stream = io.StringIO()
    jsonl_output._line(stream, {"text": text + more, "list": [more]})
    assert json.loads(stream.getvalue()) == all_plain({"text": text + more, "list": [more]})
