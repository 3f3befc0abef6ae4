"""What miners say of themselves stays apart from what was measured, and algorithms stay apart from each other."""

from __future__ import annotations

import pytest

from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.conversations import as_capture, load


def found(tmp_path, name, delivery="whole"):
    capture = tmp_path / "dialogue.pcap"
    capture.write_bytes(as_capture(load(name), delivery))
    (finding,) = run_scan(ScanSettings((str(capture),))).report.findings
    return finding


def test_a_miner_that_switches_has_two_kinds_of_work(tmp_path):
    finding = found(tmp_path, "moneroocean_switch")
    assert [(work.algorithm, int(work.amount), work.shares) for work in finding.work] == [
        ("cn/half", 600, 1), ("rx/0", 2 * 40000, 2)]
    assert finding.workers[0].work == finding.work


def test_a_benchmark_is_a_claim(tmp_path):
    claimed = {claim.algorithm: claim.rate for claim in found(tmp_path, "moneroocean_switch").claimed}
    # The last word counts; what is 0 is no rate, and of Cuckaroo it is not said what is counted.
    assert claimed == {"rx/0": 8100.25, "cn/half": 350, "kawpow": 2e7}


@pytest.mark.parametrize(("name", "rate"), [
    ("ethproxy", None), ("alephium_pool", 10**10), ("ethereumstratum_2", 0x500000), ("xelis_v2", None),
])
def test_a_rate_that_was_handed_in_is_a_claim(tmp_path, name, rate):
    finding = found(tmp_path, name)
    if rate is not None:
        assert [claim.rate for claim in finding.claimed] == [rate]
    assert all(work.rate != rate for work in finding.work)


def test_signed_blocks_are_wowneros(tmp_path):
    finding = found(tmp_path, "wownero_xmrig", "headless")
    assert (finding.coin, "job" in finding.coin_basis) == ("WOW", True)
