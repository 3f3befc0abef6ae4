"""Every dialogue in every delivery: the facts of the index where they are owed, nowhere a wrong one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netminer_detect.findings import Verdict
from tests.conversations import (
    CARRIED,
    DELIVERIES,
    OTHER_DELIVERIES,
    SHARED,
    Conversation,
    as_capture,
    default_path,
    load,
    names,
)
from tests.expectations import mining, mistakes, untruths
from tests.wire import Path

scanning = pytest.importorskip("netminer_detect.scanning", exc_type=ImportError)

# Whole streams reach the reader in these, whatever the order on the wire.
COMPLETE = ("whole", "bytes", "segments", "reordered", "swapped-halves", "duplicated")
# Dialogues of dialects to come: read as what they are, or not at all.
LATER = tuple(name for name in names(SHARED) if name not in names(CARRIED))
MINING = tuple(name for name in names() if load(name).expected.get("mining", True))
LOOKALIKES = tuple(name for name in names() if name not in MINING)
ALL_DELIVERIES = DELIVERIES + OTHER_DELIVERIES


def scan(tmp_path, conversation: Conversation, delivery: str, path: Path | None = None):
    from netminer_detect.settings import ScanSettings

    capture = tmp_path / "dialogue.pcap"
    capture.write_bytes(as_capture(conversation, delivery, path))
    return scanning.run_scan(ScanSettings(inputs=(str(capture),)), None, lambda _: None).report


@pytest.mark.parametrize("delivery", ALL_DELIVERIES)
@pytest.mark.parametrize("name", MINING)
def test_dialogue_reads_right(tmp_path, name, delivery):
    conversation = load(name)
    report = scan(tmp_path, conversation, delivery)
    if delivery in COMPLETE:
        assert mistakes(report, conversation.expected) == []
        return
    assert untruths(report, conversation.expected) == []
    if delivery in conversation.expected["deliveries"]:
        assert mining(report)


@pytest.mark.parametrize("name", MINING)
@pytest.mark.parametrize("path", [Path(vlans=(100,)), Path(vlans=(7, 100)),
                                  Path("fd00:3::17", "2001:db8:9::1")], ids=["vlan", "qinq", "ipv6"])
def test_dialogue_reads_right_on_other_networks(tmp_path, name, path):
    conversation = load(name)
    path = replace(path, server_port=default_path(conversation).server_port)
    assert mistakes(scan(tmp_path, conversation, "segments", path), conversation.expected) == []


@pytest.mark.parametrize("name", MINING)
def test_no_port_is_needed(tmp_path, name):
    conversation = load(name)
    assert mistakes(scan(tmp_path, conversation, "whole", Path(server_port=23456)), conversation.expected) == []


@pytest.mark.parametrize("delivery", ALL_DELIVERIES)
@pytest.mark.parametrize("name", LOOKALIKES)
def test_lookalike_is_not_mining(tmp_path, name, delivery):
    report = scan(tmp_path, load(name), delivery)
    assert [finding for finding in report.findings if finding.verdict is not Verdict.NOT_MINING] == []


@pytest.mark.parametrize("delivery", ALL_DELIVERIES)
@pytest.mark.parametrize("name", LATER)
def test_dialogue_to_come_gives_no_wrong_fact(tmp_path, name, delivery):
    conversation = load(name, SHARED)
    assert untruths(scan(tmp_path, conversation, delivery), conversation.expected) == []


def test_a_wallet_tells_the_coin(tmp_path):
    for name in ("monero_xmrig", "monero_selfselect", "zcash_zip301", "verushash", "socks5_then_stratum",
                 "xatum_tls"):
        conversation = load(name)
        (finding,) = mining(scan(tmp_path, conversation, "whole"))
        assert finding.coin == conversation.expected["coin"]
        assert "address" in finding.coin_basis


def test_a_dialect_of_one_coin_tells_the_coin(tmp_path):
    for name in ("aleo_stratum", "dero_getwork_wss", "nimiq_pool_ws"):
        conversation = load(name)
        (finding,) = mining(scan(tmp_path, conversation, "whole"))
        assert (finding.coin, finding.coin_basis[:1]) == (conversation.expected["coin"], ["dialect"])


def test_the_server_behind_a_proxy_is_the_pool(tmp_path):
    (finding,) = mining(scan(tmp_path, load("socks5_then_stratum"), "whole"))
    assert (finding.pool.name, finding.pool.port, finding.pool.ip) == ("pool.example", 3333, None)
    assert (finding.pool.via.ip, finding.pool.via.port) == ("203.0.113.9", 1080)


def test_evidence_names_frames(tmp_path):
    (finding,) = mining(scan(tmp_path, load("monero_xmrig"), "whole"))
    # Three frames of handshake, then one a message.
    assert {"login": 4}.items() <= {line.what: line.frame for line in reversed(finding.evidence)}.items()
