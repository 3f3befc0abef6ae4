"""How reports tell who was behind an address."""

import csv
import io
import json

import pytest

from netminer_detect.findings import Attribution, LogLine
from netminer_detect.outputs import csv as csv_output
from netminer_detect.outputs import jsonl, table
from netminer_detect.outputs.attributions import attribution_text
from netminer_detect.outputs.options import OutputOptions
from tests.reports import NOON, SECOND, miner, report

NAT = LogLine("logs/nat.log", 12, "nat", "juniper")
DHCP = LogLine("logs/dhcpd.leases", 40, "dhcp", "isc-leases")
KNOWN = Attribution(50412, "tcp", NOON, NOON + SECOND, 2, "192.168.1.7", 4444, "02:00:00:00:00:07", "alice", "pc-7",
                    gateway=True, basis=[NAT, DHCP])
UNKNOWN = Attribution(50413, "tcp", NOON, NOON, failed="gateway", gateway=True, offset_s=8 * 3600)


def written(module, finding, **options):
    stream = io.StringIO()
    module.write(report(finding), stream, OutputOptions(**options))
    return stream.getvalue()


def test_json_has_it_between_unit_and_evidence():
    found = json.loads(written(jsonl, miner(attribution=[KNOWN, UNKNOWN])).splitlines()[0])
    assert list(found)[-3:] == ["organisation", "attribution", "evidence"]
    known, unknown = found["attribution"]
    assert (known["inside_ip"], known["inside_port"], known["account"], known["mac"], known["host"]) == (
        "192.168.1.7", 4444, "alice", "02:00:00:00:00:07", "pc-7")
    assert known["basis"][0] == {"log": "logs/nat.log", "line": 12, "kind": "nat", "form": "juniper"}
    assert (known["failed"], unknown["failed"], unknown["source_port"]) == (None, "gateway", 50413)
    assert unknown["first_seen"] == "2026-05-01T12:00:00.000000Z"
    assert unknown["local_time"] == "2026-05-01T20:00:00+08:00"


def test_json_says_null_where_no_logs_were_asked():
    assert json.loads(written(jsonl, miner()).splitlines()[0])["attribution"] is None


def test_csv_has_columns_for_it():
    (row,) = csv.DictReader(io.StringIO(written(csv_output, miner(attribution=[KNOWN, UNKNOWN]))))
    assert (row["account"], row["mac"], row["inside_ip"], row["inside_port"], row["host"]) == (
        "alice", "02:00:00:00:00:07", "192.168.1.7", "4444", "pc-7")
    assert "nat.log:12" in row["attribution"] and "TCP port 50413" in row["attribution"]


@pytest.mark.parametrize(("lang", "told"), [("en", "account alice"), ("zh", "账号 alice")])
def test_the_table_tells_it_under_the_machine(lang, told):
    lines = written(table, miner(attribution=[KNOWN]), lang=lang, width=160).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("10.3.0.17"))
    assert told in lines[at + 1] and "dhcpd.leases:40" in lines[at + 1]


def test_many_answers_do_not_fill_the_screen():
    many = [Attribution(port, "tcp", NOON, NOON, failed="gateway") for port in range(1000, 1100)]
    text = written(table, miner(attribution=many), width=120)
    assert "95 answers of logs more" in text


def test_a_gateway_without_a_log_gives_port_and_both_times():
    text = attribution_text(UNKNOWN, miner())
    assert "NAT gateway" in text and "TCP port 50413" in text
    assert "2026-05-01 12:00:00 UTC" in text and "2026-05-01 20:00:00 +08:00" in text


@pytest.mark.parametrize("failed", ["no_time", "no_log", "gateway", "several", "disagree"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_failure_is_a_sentence_about_the_address(failed, lang):
    text = attribution_text(Attribution(None, None, None, None, failed=failed), miner(), lang)
    assert "10.3.0.17" in text and "{" not in text


def test_hostile_text_steers_nothing():
    evil = Attribution(1, "tcp", NOON, NOON, account="\x1b[2J{when}", host="=cmd()", basis=[
        LogLine("a/\u202eb", 1, "dhcp", "x")])  # fmt: skip
    text = attribution_text(evil, miner())
    assert text.isprintable() and "{when}" in text and "\u202e" not in text
