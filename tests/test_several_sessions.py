"""Several sessions of one machine with one server: by dialect apart, within a dialect together."""

from __future__ import annotations

from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.captures import pcap
from tests.conversations import START_NS, frames, load
from tests.wire import Path

MINUTE = 60 * 1_000_000_000


def scan(tmp_path, *sessions):
    """A capture of (dialogue, client port, minutes after the start), all with one server."""
    packets = [
        packet for name, port, minutes in sessions
        for packet in frames(load(name), "whole", Path(client_port=port, server_port=3333), START_NS + minutes * MINUTE)
    ]
    capture = tmp_path / "sessions.pcap"
    capture.write_bytes(pcap(sorted(packets, key=lambda packet: packet[0])))
    return run_scan(ScanSettings((str(capture),))).report


def test_dialects_on_one_port_are_findings_of_their_own(tmp_path):
    report = scan(tmp_path, ("monero_xmrig", 40001, 0), ("kawpow", 40002, 1), ("grin_c32", 40003, 2),
                  ("zano_mining", 40004, 3))
    assert sorted(finding.dialect for finding in report.findings) == ["grin", "kawpow", "monero-json-rpc", "zano"]
    for finding in report.findings:
        (done,) = finding.work
        assert done.rate is not None and finding.connections_total == 1
    # Solutions and hashes of four algorithms stay apart; all their power adds up.
    (source,) = report.sources
    assert [(work.algorithm, work.unit) for work in source.work] == [
        ("cuckatoo32", "sol"), ("kawpow", "hash"), ("progpowz", "hash"), ("rx/0", "hash")]
    powers = [finding.power.w_typical for finding in report.findings if finding.power]
    assert abs(source.power.w_typical - sum(powers)) < 1e-6 * sum(powers)


def test_sessions_of_a_dialect_are_one_finding(tmp_path):
    (one,) = scan(tmp_path, ("monero_xmrig", 40001, 0)).findings
    (two,) = scan(tmp_path, ("monero_xmrig", 40001, 0), ("monero_xmrig", 40002, 600)).findings
    assert (two.connections_total, two.shares.accepted) == (2, 2 * one.shares.accepted)
    assert two.work[0].amount == 2 * one.work[0].amount
    # Ten hours lie between them, in which nothing was mined: the rate is the same, and surer.
    assert abs(two.work[0].rate - one.work[0].rate) < 1e-6 * one.work[0].rate
    assert one.work[0].rate_low < two.work[0].rate_low < two.work[0].rate_high < one.work[0].rate_high


def test_two_at_once_are_twice_as_fast(tmp_path):
    (one,) = scan(tmp_path, ("monero_xmrig", 40001, 0)).findings
    (two,) = scan(tmp_path, ("monero_xmrig", 40001, 0), ("monero_xmrig", 40002, 0)).findings
    assert abs(two.work[0].rate - 2 * one.work[0].rate) < 1e-6 * two.work[0].rate
