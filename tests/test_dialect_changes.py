"""Connections on which a dialect is refused, or turns into another: the session is read to its end."""

from __future__ import annotations

import pytest

from netminer_detect.findings import Level
from tests.conversations import DELIVERIES
from tests.dialogue import M, P, answer, ask, found, hexes, lines, talk

WALLET = "49Aj2uQaNaT3xwuen9WTYdgWRRn6uX5hDHMSJz4eeL3vJYp7Uqmdodsgs3Y4JdoboPcea2rnDgvBHXK6CLwPfAAgDMtrpn3"
ADDRESS = "0x32aa2ef97cd8389cff7ca39f16f106f67eb34057"
NOTIFY = ask(None, "mining.notify", ["b1", hexes("p", 64), hexes("c", 90), hexes("d", 90), [], "20000000", "17021369",
                                     "6b023080", True])
BLOB = {"blob": "1010" + hexes("b", 148), "job_id": "7", "target": "b88d0600", "algo": "rx/0",
        "seed_hash": hexes("s", 64)}
COMPLETE = [delivery for delivery in DELIVERIES if delivery not in ("headless", "client-only")]


def login(identity, agent, refused=False):
    named = {"login": WALLET, "pass": "x", "agent": agent}
    told = answer(identity, None, {"code": -1, "message": "no"}) if refused else answer(
        identity, {"id": "s", "job": BLOB, "status": "OK"})
    return (M, ask(identity, "login", named, jsonrpc="2.0"), P, told)


REFUSED_LOGIN = talk(
    *login(1, "XMRig/6.1", refused=True),
    M, ask(2, "mining.subscribe", ["XMRig/6.1"]), P, answer(2, [[], "f8", 4]),
    M, ask(3, "mining.authorize", ["acct.a", "y"]),
    P, lines(answer(3, True), ask(None, "mining.set_difficulty", [8]), NOTIFY),
    M, ask(4, "mining.submit", ["acct.a", "b1", "00000001", "6b023085", "0badcafe"]), P, answer(4, True))
REFUSED_SUBSCRIPTION = talk(
    M, ask(1, "mining.subscribe", ["ccminer/2.3"]), P, answer(1, None, [-3, "Method not found", None]),
    *login(2, "ccminer/2.3"),
    M, ask(3, "submit", {"id": "s", "job_id": "7", "nonce": "00000001", "result": hexes("r", 64)}),
    P, answer(3, {"status": "OK"}))
REFUSED_STRATUM = talk(
    M, ask(1, "mining.subscribe", ["x/1", "EthereumStratum/1.0.0"]), P, answer(1, None, [20, "Not supported", None]),
    M, ask(2, "eth_submitLogin", [ADDRESS, "x"], worker="a"), P, answer(2, True), M, ask(3, "eth_getWork", []),
    P, answer(3, ["0x" + hexes("h", 64), "0x" + hexes("s", 64), f"0x{1 << 224:064x}"]),
    M, ask(4, "eth_submitWork", ["0x" + hexes("n", 16), "0x" + hexes("h", 64), "0x" + hexes("m", 64)], worker="a"),
    P, answer(4, True))
# XMRig's AutoClient: the login is answered without a job, then Stratum's words follow.
TURNED = talk(
    M, ask(1, "login", {"login": "acct.a", "pass": "x", "agent": "XMRig/6.21", "algo": ["kawpow", "rx/0"]}),
    P, answer(1, {"id": "s", "algo": "kawpow", "extra_nonce": "ab", "extra_nonce2_size": 6, "status": "OK"}),
    P, lines(ask(None, "mining.set_target", ["00000000ff" + "f" * 54]),
             ask(None, "mining.notify", ["k1", hexes("h", 64), hexes("s", 64), "00000000" + "f" * 56, True, 3_100_000,
                                         "1b01fcd8"])),
    M, ask(2, "mining.submit", ["acct.a", "k1", "0xab" + hexes("n", 14), "0x" + hexes("h", 64), "0x" + hexes("m", 64)]),
    P, answer(2, True))


@pytest.mark.parametrize("delivery", COMPLETE)
@pytest.mark.parametrize(("conversation", "dialect", "agent", "work"), [
    (REFUSED_LOGIN, "stratum-v1", "XMRig/6.1", 8 << 32),
    (REFUSED_SUBSCRIPTION, "monero-json-rpc", "ccminer/2.3", 10_000),
    (REFUSED_STRATUM, "eth-proxy", None, 1 << 32), (TURNED, "kawpow", "XMRig/6.21", 1 << 32),
], ids=["refused-login", "refused-subscription", "refused-stratum", "turned"])
def test_session_goes_on_in_another_dialect(conversation, dialect, agent, work, delivery):
    (finding,) = found(conversation, delivery)
    assert (finding.dialect, finding.level, finding.shares.accepted) == (dialect, Level.SHARES, 1)
    assert finding.shares.submitted == 1
    assert agent in {worker.agent for worker in finding.workers}
    assert [round(done.amount) for done in finding.work] == [work]


def test_answers_beyond_the_first_are_none():
    share = ask(4, "mining.submit", ["acct.a", "b1", "00000001", "6b023085", "0badcafe"])
    (finding,) = found(talk(
        M, ask(1, "mining.subscribe", ["x/1"]), P, lines(answer(1, [[], "f8", 4]), NOTIFY),
        M, share, P, lines(answer(4, True), answer(4, True), answer(4, False)), M, {**share, "id": 5}))
    shares = finding.shares
    assert (shares.submitted, shares.accepted, shares.rejected, shares.unanswered) == (2, 1, 0, 1)
