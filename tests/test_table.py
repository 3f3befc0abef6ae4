"""The table as people see it: golden files in two languages and widths, and what must hold for any report."""

import ast
import io
import pathlib
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netminer_detect.findings import (
    Ground,
    Incident,
    Level,
    Organisation,
    Report,
    Role,
    Server,
    Shares,
    Totals,
    Unread,
    Verdict,
    Worker,
)
from netminer_detect.outputs import csv, jsonl, table, wording
from netminer_detect.outputs.canvas import columns
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.times import iso_time, span_text
from netminer_detect.outputs.wording import why
from netminer_detect.outputs.words import defect, dropped, frame_ranges, rate_text, size_text
from tests.golden import matches
from tests.reports import DORMITORY, LIBRARY, NOON, REPORTS, SECOND, line, lookup, miner, report, visitor

ROOT = pathlib.Path(__file__).resolve().parent.parent


def drawn(what, width=120, lang="en", stream=None):
    stream = stream or io.StringIO()
    table.write(what, stream, OutputOptions(lang, width=width))
    return stream.getvalue()


def campus():
    """A miner with every fact, one that was refused, a prober of many servers, a question, a visitor; two units."""
    refused = miner(
        source_ip="10.20.0.9", source_mac=None, realm=None, sensor=None, level=Level.ATTEMPT,
        verdict=Verdict.PROBABLE, why_code="handshake_refused",
        why_args={"agent": "T-Rex/0.26.8 (Windows)", "server": "[2001:db8::9]:4444",
                  "reason": "unknown user 矿工\x1b[2J"},
        pool=Server("2001:db8::9", 4444), coin=None, dialect="ethereumstratum-1", work=[], claimed=[],
        workers=[Worker("0x" + "ab" * 20 + ".rig9", "0x" + "ab" * 20, "rig9", None), Worker("b", "b", None, None)],
        shares=Shares(), organisation=DORMITORY, vlan=[], tunnels=[], connections_total=3,
        evidence=[line(7, "login", "{}", "b.pcap"), line(9, "refused", "{}", "c.pcap")])
    probes = [
        miner(id=f"{number:016x}", source_ip="fd00:20::31", role=Role.PROBER, verdict=Verdict.SUSPECTED,
              level=Level.ATTEMPT if number % 3 else Level.LOOKUP, why_code="prober", work=[], claimed=[],
              why_args={"servers": 12, "server": f"198.51.100.{number}:3333"}, workers=[], shares=Shares(),
              pool=Server(f"198.51.100.{number}", 3333), organisation=DORMITORY, source_mac=None, coin=None, vlan=[],
              tunnels=[], realm=None, evidence=[line(100 + number, "subscribe", "{}")])
        for number in range(12)
    ]
    totals = Totals(5, 2, 1_234_567, 987_654_321, 4242, {"snap_length": 12304, "not_ip": 9}, {"flows": 2}, seconds=3.26,
                    unread=[Unread("pcaps/broken.pcap", "the capture ends inside frame 7", partly=True),
                            Unread("notes.txt", "not a capture (neither pcap nor pcapng)")])
    grounds = [Ground("compromised", "service_worker", {"worker": "svchost\x1b[2J"}, [line(12, "login", "{}")]),
               Ground("misuse", "account", {"account": "48abc", "worker": "lab-3"}, [line(12, "login", "{}")])]
    mining = miner(assessment="likely-compromised", grounds=grounds)
    told = report(mining, refused, *probes, lookup("192.0.2.7", "xmr.f2pool.com"), visitor("10.3.0.19"), totals=totals)
    machines = [("10.3.0.17", "gate"), *((f"10.20.0.{at}", None) for at in range(9, 18))]
    told.incidents = [Incident("77aa", "wallet", "0x" + "ab" * 20, None, Verdict.CONFIRMED, machines, 12,
                               [DORMITORY, LIBRARY], ["9f2c41d07be81a55"], ["XMR"], ["Example Pool"], NOON, NOON),
                      Incident("77bb", "account", "48abc", "Example Pool", Verdict.PROBABLE, machines[:2], 2, [], [])]
    return told


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 140])
def test_people_see(lang, width):
    assert matches(f"table-{lang}-{width}.txt", drawn(campus(), width, lang))


def test_programs_see():
    stream = io.StringIO(newline="")
    jsonl.write(campus(), stream, OutputOptions())
    assert matches("findings.jsonl", stream.getvalue())
    stream = io.StringIO(newline="")
    csv.write(campus(), stream, OutputOptions())
    assert matches("findings.csv", stream.getvalue())


def test_a_run_without_findings_says_so_and_what_was_scanned():
    text = drawn(report(totals=Totals(3, 0, 2832, 10_000_000, 93, seconds=1.5)))
    assert text == "No mining was found.\n\nRead: 3 inputs, 2 832 packets, 10 MB, 93 flows, 1.5 s\n"
    only = drawn(report(visitor("10.0.0.1"), totals=Totals(1, 0, 10, 1000, 1)))
    assert only.startswith("No mining was found.\n\nCryptocurrency traffic that is not mining\n  10.0.0.1  a visit to")


def test_where_nothing_could_be_read_nothing_is_said_of_mining():
    totals = Totals(1, 1, unread=[Unread("a.pcap", "No such file or directory")])
    text = drawn(report(totals=totals))
    assert text.startswith("Nothing was read.\n") and "mining" not in text.lower()
    assert "Not read: a.pcap: No such file or directory" in text
    assert "没有读到任何内容" in drawn(report(totals=totals), lang="zh")


def test_servers_that_never_answered_are_told():
    text = drawn(report(totals=Totals(1, 0, 9, 900, 3, unanswered=3)))
    assert "Known mining servers that never answered: 3 connections\n" in text


def test_an_interrupted_run_says_so():
    totals = Totals(9, 0, 5, 500, 1, interrupted=True, inputs_left=7)
    text = drawn(report(miner(), totals=totals))
    assert text.startswith("Interrupted: this is what was found so far.\nMining: 1 machine (1 confirmed)\n")
    assert "Read: 2 / 9 inputs" in text


def test_many_findings_of_one_machine_read_as_one_machine():
    text = drawn(campus())
    assert text.count("fd00:20::31") == 2  # its own lines, and the sums
    assert "12 findings" in text and text.count("it tried 12 mining servers") == 3
    assert "… and 9 findings (5 attempt, 4 lookup) more" in text


def test_one_frame_that_proves_two_things_is_one():
    twice = [line(7, "login", "{}"), line(7, "agent", "{}")]
    assert "a.pcap frame 7\n" in drawn(report(miner(evidence=twice)))


def test_only_suspicion_is_not_called_mining():
    assert drawn(report(lookup("192.0.2.7", "a.example"))).startswith("Possible mining: 1 machine (1 suspected)\n")


def test_a_thousand_machines_are_bounded_and_the_rest_is_counted():
    many = [lookup(f"10.0.{number >> 8}.{number & 255}", "a.example") for number in range(1500)]
    text = drawn(report(*many))
    assert "… and 500 findings more" in text and "… and 500 machines more" in text


def test_signs_the_terminal_has_not_are_replaced():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    table.write(campus(), stream, OutputOptions("en", width=120))
    stream.flush()
    text = stream.buffer.getvalue().decode("ascii")
    assert "\\xb7" not in text and "\\u2026" not in text and "university - it@lib.example" in text


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_no_colour_in_a_pipe_nor_where_nobody_wants_it(monkeypatch, environment):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    table.write(campus(), stream, OutputOptions())
    assert "\x1b" not in stream.getvalue()


def test_a_pipe_is_as_wide_as_it_is_told(monkeypatch):
    for told, width in (("72", 72), ("", 120), ("abc", 120), ("0", 120), ("999999", 120)):
        monkeypatch.setenv("COLUMNS", told)
        stream = io.StringIO()
        table.write(campus(), stream, OutputOptions())
        longest = max(columns(text) for text in stream.getvalue().splitlines())
        assert width - 12 < longest <= width


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REPORTS, st.sampled_from([20, 40, 80, 120, 200]), st.sampled_from(["en", "zh"]))
def test_no_report_steers_a_terminal_or_breaks_the_width(what: Report, width, lang):
    text = drawn(what, width, lang)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\u2028\u2029]", text)
    assert not any(unicodedata.category(char) == "Cf" for char in text)
    text.encode()
    assert all(columns(one) <= width for one in text.splitlines())


@pytest.mark.parametrize("width", [36, 59, 60, 79])
def test_narrow_terminals_lose_columns_but_no_machine(width):
    text = drawn(campus(), width)
    heading, *rows = text[text.index("\nMachine ") + 1 :].splitlines()[:5]
    shown = ["Machine", "Verdict", *(["Roles", "Coins"] if width >= 60 else []), "Findings"]
    assert heading.split() == shown
    assert [row.split()[:2] for row in rows] == [
        ["10.3.0.17", "confirmed"], ["10.20.0.9", "probable"], ["fd00:20::31", "suspected"], ["192.0.2.7", "suspected"]]


@pytest.mark.parametrize("width", [80, 99, 100, 119, 120, 139, 140, 200])
def test_no_column_is_lost_where_there_is_room(width):
    long = miner(organisation=Organisation("x", "Institute of " + "Very Long Names " * 3, None, "someone@example.org"),
                 coin="BTC", source_ip="2001:db8:1234:5678:9abc:def0:1234:5678")
    text = drawn(report(miner(), long), width)
    assert [name for name in ("Machine", "Unit", "Verdict", "Roles", "Findings", "Contact") if name not in text] == []
    assert [("Servers" in text), ("Level" in text), ("Rate" in text)] == [width >= 100, width >= 120, width >= 140]


def test_sentences_count_and_do_not_fill_in_what_the_wire_says():
    one = miner(why_code="session_open", why_args={"agent": "{server} {jobs}", "server": "a:1", "jobs": 1})
    assert why(one) == "{server} {jobs} is logged in at a:1, which sent it 1 job"
    assert why(miner(why_code="session_open", why_args={"jobs": 2, "server": None})).endswith("which sent it 2 jobs")
    agent = "XMRig/6.21.3 (Linux x86_64) gcc/13"
    long = miner(why_args={"agent": agent, "server": "a:1", "accepted": 3, "submitted": 4})
    assert why(long) == "XMRig/6.21.3 mined at a:1, which accepted 3 of 4 shares"
    assert why(long, "zh") == "XMRig/6.21.3 在 a:1 挖矿：提交 4 个份额，3 个被接受"
    assert why(miner(why_code="what\x1bever")) == "what\\x1bever"


def test_every_reason_has_its_sentence_in_both_languages():
    codes = set()
    for path in (ROOT / "netminer_detect").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason" and len(node.args) > 1:
                codes |= {one.value for one in ast.walk(node.args[1]) if isinstance(one, ast.Constant)}
    assert len(codes) > 12
    assert [code for code in sorted(codes) if why(miner(why_code=code, why_args={})) == code] == []
    for code, (english, chinese) in wording._WHY.items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", chinese)), code
        assert not re.search("[\u4e00-\u9fff] ?[,;:()]", chinese), code


def test_figures():
    assert frame_ranges([4, 5, 6, 9, 12, 13, 4]) == "4-6, 9, 12-13"
    assert frame_ranges([1, 3, 5, 7, 9]) == "1, 3, 5, 7 …"
    assert [rate_text(rate, "hash") for rate in (0, 812.4, 1956.4, 999.6, 1.2e12, 3e30)] == [
        "0 H/s", "812 H/s", "1.96 kH/s", "1 kH/s", "1.2 TH/s", "3000000000 ZH/s"]
    assert rate_text(float("nan"), "sol") == "?" and rate_text(2.5, "sol") == "2.5 Sol/s"
    assert [size_text(size) for size in (0, 999, 1000, 316_642, 2.13e9, 5e15)] == [
        "0 B", "999 B", "1 kB", "317 kB", "2.13 GB", "5000 TB"]
    assert defect("not_ip", 9, 100, "en") is None
    assert defect("not_ip", 90, 100, "en") == "90 frames of other protocols than IP"
    assert defect("new_word", 1, 100, "zh") == "1 帧new_word"
    assert dropped("flows", 12000, "en") == "12 000 flows"


def test_times_of_people():
    assert iso_time(0) == "1970-01-01T00:00:00.000000Z" and iso_time(-1) is None and iso_time(1 << 70) is None
    assert span_text(NOON, NOON + 61 * SECOND) == "2026-05-01 12:00:00 - 12:01:01 UTC"
    assert span_text(NOON, NOON + 5) == "2026-05-01 12:00:00 UTC"
    assert span_text(NOON, NOON + 86_400 * SECOND) == "2026-05-01 12:00:00 - 2026-05-02 12:00:00 UTC"
    assert span_text(NOON, None) == "2026-05-01 12:00:00 UTC"
    assert span_text(None, -1) == ""


def test_units_come_in_the_order_of_their_sums():
    text = drawn(report(miner(), miner(source_ip="10.20.0.1", organisation=DORMITORY), miner(source_ip="10.20.0.2",
                        organisation=DORMITORY), miner(source_ip="10.3.0.18", organisation=None)))
    places = [text.index(name) for name in (DORMITORY.name, LIBRARY.name, "unassigned")]
    assert places == sorted(places)
