"""Pools without an operator, and what is encrypted: how high they stand, in what words, in which role."""

from __future__ import annotations

from netminer_detect.findings import Level, Role, Verdict
from netminer_detect.outputs.wording import why
from tests.conversations import load
from tests.scenes import C, S, Scene

INSIDE = "10.3.0.17"


def turns(name):
    return [(C if line.by_client else S, line.data) for line in load(name).lines]


def test_a_node_of_a_pool_without_an_operator():
    for name in ("p2pool_btc_p2p", "p2pool_xmr_p2p"):
        finding = Scene().tcp(turns(name), client=INSIDE, server="203.0.113.9").finding()
        assert (finding.role, finding.level, finding.verdict) == (Role.MINER, Level.SESSION, Verdict.CONFIRMED)
        assert "takes part in a mining pool without an operator" in why(finding)
        assert "{" not in why(finding, "zh")
        assert finding.workers[:1] == [] or finding.workers[0].login is None


def test_one_side_alone_is_an_attempt():
    (first, *_) = turns("p2pool_btc_p2p")
    finding = Scene().tcp([first], client=INSIDE, server="203.0.113.9").finding()
    assert (finding.level, finding.verdict, finding.why_code) == (Level.ATTEMPT, Verdict.PROBABLE, "network_asked")


def test_many_peers_make_no_prober():
    scene = Scene()
    for n in range(12):
        scene.tcp(turns("p2pool_xmr_p2p"), client=INSIDE, server=f"203.0.113.{n + 9}")
    assert {(finding.role, finding.level) for finding in scene.findings()} == {(Role.MINER, Level.SESSION)}


def test_of_two_nodes_the_one_inside_is_judged():
    scene = Scene()
    scene.tcp(turns("p2pool_btc_p2p"), client="203.0.113.80", server=INSIDE)
    scene.tcp(turns("p2pool_btc_p2p"), client=INSIDE, server="203.0.113.90")
    found = [(finding.source_ip, finding.role, finding.pool.ip) for finding in scene.findings()]
    assert sorted(found, key=str) == [(INSIDE, Role.MINER, "203.0.113.80"), (INSIDE, Role.MINER, "203.0.113.90")]


def test_lengths_alone_are_a_pattern():
    finding = Scene().tcp(turns("sv2_noise"), client=INSIDE, server="203.0.113.9").finding()
    assert (finding.level, finding.verdict, finding.dialect) == (
        Level.PATTERN, Verdict.SUSPECTED, "stratum-v2-noise")
    assert finding.why_args["submitted"] == 3 and "3 of them" in why(finding)
    assert (finding.shares.submitted, finding.shares.accepted, finding.shares.unanswered) == (3, 0, 3)
    assert not finding.work and finding.coin is None
