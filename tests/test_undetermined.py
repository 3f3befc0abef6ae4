"""Shares whose form several dialects have: a dialect is named where login, version or job tell it, else none is."""

from __future__ import annotations

import pytest

from netminer_detect.findings import Level
from tests.dialogue import M, P, answer, ask, begun_before, found, hexes, lines, scan_packets, talk
from tests.expectations import mining
from tests.scenes import C, Scene, tls

EVM = "0x32aa2ef97cd8389cff7ca39f16f106f67eb34057.r"
RAVEN = "RHSAyD7FWzEzAaftvkpnLgys3j1dsXkZQC.r"
KASPA = "kaspa:qpv0xhfqe20wq6wz3gcul724f3r38rqq75qarllzp97rwdj3nym7y8n354et9.r"
NONCE = [hexes("n", 12)]
ETHASH = ["0x" + hexes("n", 16), "0x" + hexes("h", 64), "0x" + hexes("m", 64)]
BITCOIN = ["0000000a", "6b023085", "0badcafe"]
MASK = "0" * 64
NICEHASH = ["gm/1", "EthereumStratum/1.0.0"]


def session(login, share, job="7", subscription=("m/1",), algorithm=None):
    """A miner's messages; `algorithm`: XMRig's login before them."""
    before = [M, ask(0, "login", {"login": login, "pass": "x", "agent": "XMRig/6.24", "algo": [algorithm]})]
    return talk(*(before if algorithm else []), M, ask(1, "mining.subscribe", list(subscription)),
                M, ask(2, "mining.authorize", [login, "x"]), M, ask(3, "mining.submit", [login, job, *share]))


@pytest.mark.parametrize("conversation", [
    session("acct.r", NONCE), session("acct.r", ETHASH), session("acct.r", ETHASH, algorithm="kawpow"),
], ids=["nonce", "ethash or kawpow", "kawpow after a login"])
def test_accounts_and_forms_of_several_tell_no_dialect(conversation):
    (finding,) = found(conversation, "client-only")
    assert (finding.dialect, finding.level, finding.algorithms) == (None, Level.SHARES, [])
    assert [(worker.user, worker.worker) for worker in finding.workers] == [("acct", "r")]
    assert (finding.shares.submitted, finding.work) == (1, [])


@pytest.mark.parametrize(("conversation", "dialect"), [
    (session(EVM, ETHASH), "eth-stratum"), (session(RAVEN, ETHASH), "kawpow"), (session(KASPA, NONCE), "kaspa"),
    (session("acct.r", NONCE, subscription=NICEHASH), "ethereumstratum-1"),
    (session("acct.r", ["0x" + hexes("n", 16)]), "kaspa"), (session("acct.r", BITCOIN), "stratum-v1"),
    (session("acct.r", BITCOIN, job="1795305600:7"), "handshake"), (session("acct.r", [*BITCOIN, MASK]), "handshake"),
    (session("acct.r", ["0001", "9ad6845700000000", "0badcafe"]), "sia"),
    (session("acct.r", BITCOIN, subscription=["decred-gominer/2.1.0"]), "decred"),
])
def test_what_tells_the_dialect(conversation, dialect):
    (finding,) = found(conversation, "client-only")
    assert finding.dialect == dialect


def test_other_flows_to_the_server_join_the_finding():
    said = [(C, one.data) for one in session("acct.r", NONCE).lines]
    scene = Scene().tcp(tls(b"xmr.pool.example")).tcp(said, captured="client").tcp(tls(b"xmr.pool.example"))
    finding = scene.finding()
    assert (finding.dialect, finding.level, finding.connections_total) == (None, Level.SHARES, 3)


def test_the_first_job_tells_the_dialect():
    job = ask(None, "mining.notify", ["8", "0x" + hexes("h", 64), "0x" + hexes("s", 64), f"0x{1 << 224:064x}", True])
    shares = [ask(at, "mining.submit", ["acct.r", "8", *ETHASH]) for at in (3, 4)]
    conversation = talk(P, job, M, shares[0], P, lines(answer(3, True), job), M, shares[1], P, answer(4, True))
    (finding,) = mining(scan_packets(conversation, begun_before(conversation, 1)))
    assert (finding.dialect, finding.shares.accepted) == ("eth-stratum", 2)
    assert [done.amount for done in finding.work] == [1 << 32]
