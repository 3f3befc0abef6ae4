"""Real captures with known truth, beside the checkout: every miner is found as it is, nobody else is accused.

The manifest was derived by two readers; where its own bytes say otherwise, CORRECTED says so and why.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import random
from collections import Counter

import pytest

from netminer_detect.findings import Finding, Level, Role, Verdict
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.damage import damaged

CAPTURES = pathlib.Path(__file__).resolve().parents[2] / "shared" / "captures"
if not (CAPTURES / "manifest.json").exists():
    pytest.skip("the captures with known truth are not here", allow_module_level=True)
MANIFEST = json.loads((CAPTURES / "manifest.json").read_text(encoding="utf-8"))["captures"]
MINING = [entry for entry in MANIFEST if entry["file"].startswith("mining/")]
NODES = [entry for entry in MANIFEST if entry["file"].startswith("crypto-node/")]
OTHERS = [entry for entry in MANIFEST if entry["file"].startswith("other/")]
MINERS = [entry for entry in MINING if "expected" in entry]
PROBERS = [entry for entry in MINING if "expected_summary" in entry]

# By dialect, within one capture: what the bytes say instead of the manifest.
CORRECTED = {
    # Both are answered by "Parse error" and nothing else: a refused handshake. No job came, so no coin was told.
    ("zeekcm_bitcoin-mining.pcap", "getblocktemplate"): {"level": "attempt", "coin": None},
    ("zeekcm_bitcoin-mining.pcap", "getwork"): {"level": "attempt", "coin": None},
}
# A 0x address is that of a dozen chains, and eth-proxy's jobs are alike on all of them.
UNTOLD_COINS = {"eth-proxy"}
# What probers asked for in Stratum v1's words, pools of the ethminer form answered with jobs in their own.
SPOKEN = {"eth-stratum": "stratum-v1"}
# The head of a request whose body never came.
UNSENT = {"getwork/gbt-http (headers only, body not sent)"}
BOTH = pytest.mark.parametrize("endpoints", [True, False], ids=["endpoints", "dialects"])


def scan(path: pathlib.Path, endpoints: bool = True) -> list[Finding]:
    settings = ScanSettings(inputs=(str(path),), endpoints=endpoints, level=Level.CONTEXT)
    return run_scan(settings, None, lambda _: None).report.findings


def name(entry: dict) -> str:
    return entry["file"].partition("/")[2]


def truth_of(entry: dict) -> dict[tuple, list[dict]]:
    """The flows that the manifest lists, by what makes them one finding."""
    truth: dict[tuple, list[dict]] = {}
    for flow in entry["expected"]:
        corrected = flow | CORRECTED.get((name(entry), flow["dialect"]), {})
        if flow["dialect"] in UNTOLD_COINS:
            corrected["coin"] = None
        key = (flow["miner_ip"], flow["pool_ip"], flow["pool_port"], flow["dialect"])
        truth.setdefault(key, []).append(corrected)
    return truth


@BOTH
@pytest.mark.parametrize("entry", MINERS, ids=name)
def test_every_miner_is_found_as_it_is(entry, endpoints):
    truth = truth_of(entry)
    spoken = [finding for finding in scan(CAPTURES / entry["file"], endpoints) if finding.dialect is not None]
    found = {(one.source_ip, one.pool.ip, one.pool.port, one.dialect): one for one in spoken}
    assert set(found) == set(truth) and len(spoken) == len(found)
    for key, flows in truth.items():
        finding = found[key]
        assert {flow["role"] for flow in flows} == {finding.role.value}
        assert finding.level is max(Level[flow["level"].upper()] for flow in flows)
        assert finding.coin == flows[0]["coin"] and bool(finding.coin_basis) == bool(finding.coin)
        told = {login for flow in flows for login in (*flow["logins"], flow["http_basic_user"]) if login}
        assert {worker.login for worker in finding.workers} - {None} == told
        assert {worker.agent for worker in finding.workers} == {flow["agent"] for flow in flows}
        for count in ("submitted", "accepted", "rejected"):
            assert getattr(finding.shares, count) == sum(flow["shares_" + count] for flow in flows), count
        assert finding.packets == sum(flow["packets"] for flow in flows)
        ports = sorted(connection.source_port for connection in finding.connections)
        assert ports == sorted(flow["miner_port"] for flow in flows)
        assert finding.midstream is not all(flow["tcp_handshake_seen"] for flow in flows)


@pytest.mark.parametrize("entry", MINERS, ids=name)
def test_beside_miners_only_their_contacts_are_told(entry):
    known = {(flow["miner_ip"], flow["pool_ip"], flow["pool_port"]) for flow in entry["expected"]}
    for finding in scan(CAPTURES / entry["file"]):
        assert (finding.source_ip, finding.pool.ip, finding.pool.port) in known


@BOTH
@pytest.mark.parametrize("entry", PROBERS, ids=name)
def test_every_prober_is_found_as_one(entry, endpoints):
    summary = entry["expected_summary"]
    findings = scan(CAPTURES / entry["file"], endpoints)
    assert {finding.source_ip for finding in findings} == {summary["miner_ip"]}
    assert {finding.role for finding in findings} == {Role.PROBER}
    assert max(finding.verdict for finding in findings) is Verdict.SUSPECTED
    assert not any(finding.shares.submitted for finding in findings)
    servers = {(finding.pool.ip, finding.pool.port) for finding in findings}
    assert len(servers) == summary["distinct_pool_endpoints"]
    streams: Counter[str] = Counter()
    for finding in findings:
        if finding.dialect is not None:
            streams[SPOKEN.get(finding.dialect, finding.dialect)] += finding.connections_total
    assert streams == {dialect: count for dialect, count in summary["by_dialect"].items() if dialect not in UNSENT}


@BOTH
@pytest.mark.parametrize("entry", NODES, ids=name)
def test_nodes_are_context(entry, endpoints):
    for finding in scan(CAPTURES / entry["file"], endpoints):
        assert (finding.level, finding.verdict) == (Level.CONTEXT, Verdict.NOT_MINING)
        assert finding.source_ip == entry["expected"][0]["node_ip"]


@BOTH
def test_nobody_else_is_accused(endpoints):
    """Not one contact with a known name or address either: the manifest knows of none."""
    accused = {}
    for entry in OTHERS:
        for finding in scan(CAPTURES / entry["file"], endpoints):
            if finding.level is not Level.CONTEXT or finding.verdict is not Verdict.NOT_MINING:
                accused[name(entry), finding.source_ip] = finding.why_code
    assert accused == {}


def test_a_node_among_other_traffic_is_told():
    told = {}
    for entry in OTHERS:
        for also in entry.get("also", ()):
            if also["what"] == "crypto-node":
                told[name(entry)] = [finding.role for finding in scan(CAPTURES / entry["file"])]
    assert told and all(roles == [Role.NODE] for roles in told.values())


@pytest.mark.parametrize("seed", range(3))
def test_damaged_captures_are_read_as_far_as_they_go(tmp_path, seed):
    """Cut, flipped, doubled, or run together: no exception, and nobody new is accused."""
    chance = random.Random(seed)
    for entry in [*MINING, *NODES, *chance.sample(OTHERS, 400)]:
        path = CAPTURES / entry["file"]
        data = path.read_bytes()
        broken = tmp_path / "broken.pcap"
        broken.write_bytes(damaged(data, chance))
        findings = [one for one in scan(broken) if one.level > Level.LOOKUP]
        if not entry["file"].startswith("mining/"):
            assert findings == [], (name(entry), seed)


def test_captures_run_together_tell_the_same(tmp_path):
    """Two captures of one format in one file: the second one's header is a record that cannot be."""
    plain = [entry for entry in MINERS if entry["file"].endswith(".pcap")]
    for first, second in itertools.pairwise(plain):
        joined = tmp_path / "joined.pcap"
        joined.write_bytes((CAPTURES / first["file"]).read_bytes() + (CAPTURES / second["file"]).read_bytes())
        found = {(one.source_ip, one.pool.ip, one.dialect) for one in scan(joined, endpoints=False)}
        assert found >= {(one.source_ip, one.pool.ip, one.dialect)
                         for one in scan(CAPTURES / first["file"], endpoints=False)}
