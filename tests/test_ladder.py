"""The ladder of evidence, rung by rung, on crafted captures; and what a finding keeps whatever way it was scanned."""

from __future__ import annotations

import hashlib
import json

import pytest

from netminer_detect.findings import Level, Role, Verdict
from netminer_detect.outputs.jsonl import finding_object
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.wording import why
from tests.captures import pcap
from tests.scenes import (
    AUTHORIZE,
    LOGIN,
    MINER,
    MINES,
    NOTIFY,
    REFUSED,
    SHARE_ACCEPTED,
    SHARE_REJECTED,
    SUBMIT,
    SUBSCRIBE,
    SUBSCRIBED,
    C,
    S,
    Scene,
    scan,
    tls,
)
from tests.wire import ACK, PSH, Packet, Path

SERVER = "203.0.113.9"
AT = "203.0.113.9:3333"


def mined(said, **how):
    return Scene().tcp(said, server=SERVER, **how)


@pytest.mark.parametrize(("said", "level", "code", "told"), [
    (MINES, Level.SHARES, "shares_accepted", {"accepted": 1, "submitted": 1}),
    ([*MINES[:-1], (S, SHARE_REJECTED)], Level.SESSION, "shares_rejected", {"rejected": 1}),
    (MINES[:-1], Level.SESSION, "session_open", {"jobs": 1}),
    (MINES[:-2], Level.SESSION, "session_open", {"jobs": 1}),
    (LOGIN, Level.SESSION, "login_accepted", {}),
    (LOGIN[:2], Level.SESSION, "login_accepted", {}),
    ([(C, SUBSCRIBE), (S, SUBSCRIBED), (S, NOTIFY), (C, AUTHORIZE), (S, REFUSED)], Level.SESSION, "session_open",
     {"jobs": 1}),
    ([*LOGIN[:3], (S, REFUSED)], Level.ATTEMPT, "handshake_refused", {"reason": "unauthorized worker"}),
    (LOGIN[:1], Level.ATTEMPT, "handshake_unanswered", {}),
])
def test_rungs(said, level, code, told):
    finding = mined(said).finding()
    assert (finding.role, finding.level, finding.why_code) == (Role.MINER, level, code)
    assert finding.verdict is (Verdict.PROBABLE if level is Level.ATTEMPT else Verdict.CONFIRMED)
    assert finding.why_args == {"agent": "cgminer/4.12.1", "server": AT, **told}
    for sentence in (why(finding), why(finding, "zh")):
        assert "cgminer/4.12.1" in sentence and AT in sentence and "{" not in sentence
    assert finding.evidence and all(line.frame for line in finding.evidence)


def test_packets_that_prove_nothing():
    path = Path(MINER, SERVER)
    push = Packet(0, True, PSH | ACK, 7, 7, json.dumps(SUBSCRIBE).encode() + b"\n")
    assert Scene().packets([push], path).findings() == []  # one packet may be forged
    job = Packet(0, False, PSH | ACK, 7, 7, json.dumps(NOTIFY).encode() + b"\n")
    assert Scene().packets([job], path).findings() == []
    more = Packet(1_000_000, False, PSH | ACK, 7 + len(job.payload), 7, job.payload)
    assert Scene().packets([job, more], path).told() == [(MINER, "miner", "session", "session_open")]


# One side of a session, or a part of it.


def test_the_miners_side_alone():
    finding = mined(MINES, captured="client").finding()
    assert (finding.level, finding.why_code) == (Level.SHARES, "shares_unanswered")
    assert (finding.shares.submitted, finding.shares.unanswered, finding.jobs.sent) == (1, 1, 0)
    assert why(finding).endswith("the answers are not in the capture")


def test_the_pools_side_alone():
    finding = mined(MINES, captured="server").finding()
    assert (finding.source_ip, finding.level, finding.why_code) == (MINER, Level.SESSION, "session_open")
    assert (finding.jobs.sent, finding.shares.submitted, finding.midstream) == (1, 0, False)


@pytest.mark.parametrize("first", range(1, len(MINES) - 1))
def test_from_any_message_on(first):
    """The first packet is the miner's or the pool's: the miner stays the miner."""
    finding = mined(MINES[first - 1 :], captured="middle").finding()
    assert (finding.source_ip, finding.pool.ip, finding.pool.port) == (MINER, SERVER, 3333)
    assert finding.level >= Level.SESSION and finding.midstream


def test_shares_that_a_listening_server_never_answers_are_none():
    """A log of a miner's lines that is shipped elsewhere: whoever takes it says nothing at all."""
    log = [(C, SUBSCRIBE), (C, AUTHORIZE), *[(C, SUBMIT)] * 9]
    assert mined(log).findings() == []
    assert mined(log, captured="client").finding().level is Level.SHARES


def test_jobs_that_nobody_asked_for_are_none():
    """A log of a pool's lines that is shown to somebody."""
    log = [(S, NOTIFY), (S, NOTIFY), (S, SHARE_ACCEPTED)]
    assert mined(log).findings() == [] and mined([(C, b"tail -f pool.log\n"), *log]).findings() == []
    assert mined(log, captured="middle").finding().level is Level.SESSION


# What makes one finding.


def test_sessions_with_one_server_are_one_finding():
    scene = mined(LOGIN[:1]).tcp(MINES, server=SERVER).tcp(MINES, server=SERVER).tcp(MINES, server=SERVER, port=3334)
    one, other = sorted(scene.findings(), key=lambda finding: finding.pool.port)
    assert (one.pool.port, one.connections_total, other.connections_total) == (3333, 3, 1)
    assert [connection.source_port for connection in one.connections] == [40001, 40002, 40003]
    assert (one.shares.submitted, one.shares.accepted) == (2, 2)
    # The sentence counts what the finding counts, not what its best session does.
    assert one.why_args == {"agent": "cgminer/4.12.1", "server": AT, "accepted": 2, "submitted": 2}


def test_the_sentence_counts_all_sessions():
    scene = mined([*LOGIN, (S, NOTIFY)]).tcp([*MINES[:-1], (S, SHARE_REJECTED)], server=SERVER)
    finding = scene.tcp(LOGIN, server=SERVER).finding()
    assert (finding.why_code, finding.why_args["rejected"], finding.jobs.sent) == ("shares_rejected", 1, 2)
    finding = mined([*LOGIN, (S, NOTIFY)]).tcp([*LOGIN, (S, NOTIFY), (S, NOTIFY)], server=SERVER).finding()
    assert (finding.why_code, finding.why_args["jobs"]) == ("session_open", 3)


def test_another_dialect_is_another_finding():
    scene = mined(MINES).tcp([(C, {"id": 1, "method": "eth_submitLogin", "params": ["0x" + "1" * 40]}),
                              (S, {"id": 1, "result": True})], server=SERVER)
    assert {finding.dialect for finding in scene.findings()} == {"stratum-v1", "eth-proxy"}


def identity(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@pytest.mark.parametrize(("client", "sensor", "realm"), [
    ("10.3.0.17", None, None), ("10.3.0.17", "north", "north"), ("192.0.2.17", "north", None),
    ("fd00::17", "north", "north"), ("100.64.0.9", "north", "north"), ("2001:db8::17", "north", None),
])
def test_identity_and_realm(client, sensor, realm):
    """Private networks of two sensors are two networks; a public address is one machine everywhere."""
    server = SERVER if "." in client else "2001:db8:9::1"
    finding = Scene().tcp(MINES, client=client, server=server).finding(sensor=sensor)
    assert (finding.sensor, finding.realm) == (sensor, realm)
    assert finding.id == identity(sensor or "", realm or "", client, "miner", server, "3333", "stratum-v1")


def story():
    scene = mined(MINES).tcp(tls(b"xmr.pool.example"), server="198.51.100.4")
    return scene.resolved("fee.example", "198.51.100.77").tcp(MINES, server=SERVER, pace_s=0.3).tcp([], port=25)


def facts(report):
    """The findings as lines, without what names captures and frames."""
    lines = [finding_object(finding, OutputOptions()) for finding in report.findings]
    for line in lines:
        line["evidence"] = [(one["what"], one["time"], one["excerpt"]) for one in line["evidence"]]
    return lines


def test_a_scan_tells_the_same_whatever_way_it_is_cut(tmp_path):
    frames = sorted(story().frames)
    whole = tmp_path / "whole.pcap"
    whole.write_bytes(pcap(frames))
    told = facts(scan(whole))
    assert len(told) == 4
    for at in range(1, len(frames), 5):
        folder = tmp_path / str(at)
        folder.mkdir()
        (folder / "a-1.pcap").write_bytes(pcap(frames[:at]))
        (folder / "a-2.pcap").write_bytes(pcap(frames[at:]))
        assert facts(scan(folder)) == told, at


def test_a_scan_tells_the_same_whatever_jobs_and_order(tmp_path):
    paths = []
    for number in range(4):
        path = tmp_path / f"site{number}" / "x.pcap"
        path.parent.mkdir()
        Scene().tcp(MINES, client=f"10.3.0.{number + 1}", server=SERVER).write(path)
        paths.append(path)
    told = facts(scan(*paths))
    assert len(told) == 4
    assert facts(scan(*paths, jobs=3)) == facts(scan(*paths[::-1])) == told


def test_connections_are_counted_beyond_those_that_are_listed():
    scene = Scene()
    for _ in range(70):
        scene.tcp(MINES, server=SERVER)
    finding = scene.finding()
    assert (len(finding.connections), finding.connections_total, finding.shares.accepted) == (64, 70, 70)
