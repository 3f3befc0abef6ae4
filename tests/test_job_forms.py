"""Forms of jobs, logins and shares that software really has beside the usual ones: each is read, and counts."""

from __future__ import annotations

import pytest

from netminer_detect.dialects.nimiq import hashes_of
from netminer_detect.dialects.stratum import port_of
from tests.conversations import DELIVERIES
from tests.dialogue import M, P, answer, ask, found, hexes, lines, talk

COMPLETE = [delivery for delivery in DELIVERIES if delivery not in ("headless", "client-only")]
EVM = "0x32aa2ef97cd8389cff7ca39f16f106f67eb34057"
KASPA = "kaspa:qpv0xhfqe20wq6wz3gcul724f3r38rqq75qarllzp97rwdj3nym7y8n354et9"
DECRED = "Ds2cUMfQU4ootd1UdRFygKWP4hBV5LpUjkG"
RAVEN = "RHSAyD7FWzEzAaftvkpnLgys3j1dsXkZQC"
COINBASE = "0100000001" + "0" * 64 + "ffffffff" + hexes("script", 120)
BEFORE, TIME = hexes("before", 56) + "00000000", "6b023080"
TARGET = f"{(1 << 224) - 1:064x}"


def session(user, difficulty, job, share):
    """A login, a difficulty or target, a job, and a share that is accepted."""
    return talk(M, ask(1, "mining.subscribe", ["m/1"]), P, answer(1, [None, "0a0b", 6]),
                M, ask(2, "mining.authorize", [f"{user}.r", "x"]),
                P, lines(answer(2, True), ask(None, *difficulty), ask(None, "mining.notify", job)),
                M, ask(3, "mining.submit", [f"{user}.r", job[0], *share]), P, answer(3, True))


ONE = ("mining.set_difficulty", [1])
BITCOIN = session("acct", ONE, ["7", BEFORE, COINBASE, "", [], "20000000", "17021369", TIME, True],
                  ["00000001", TIME, "0badcafe"])
# gominer's own example of a job, and NiceHash's text, have nothing behind the header.
GOMINER = session(DECRED, ONE, ["7", BEFORE, hexes("header", 216), "", [], "01000000", "1a17f8d9", TIME, True],
                  ["0a0b0c0d", TIME, "0badcafe"])
HEADER = [hexes("header", 64), hexes("seed", 64)]
SHARE = ["0x" + hexes("nonce", 16), "0x" + HEADER[0], "0x" + hexes("mix", 64)]
SET_TARGET = ("mining.set_target", [TARGET])
KAWPOW = session(RAVEN, SET_TARGET, ["7", *HEADER, "", True, 4_390_582, "1b01e5f2"], SHARE)
EVRPROGPOW = session("E" + RAVEN[1:], SET_TARGET, ["7", *HEADER, "", True, 1], SHARE)
CONFLUX_WALLET = "cfx:aajjhrg10z7p9b3jdau0h5nke5r3rhkyyu4gfu6u0w"
CONFLUX = talk(M, ask(1, "mining.subscribe", [f"{CONFLUX_WALLET}.r", "x"]),
               P, lines(answer(1, True), ask(None, "mining.notify",
                        ["7", "128000000", "0x" + HEADER[0], str((1 << 224) - 1)])),
               M, ask(2, "mining.submit", [f"{CONFLUX_WALLET}.r", "7", *SHARE[:2]]),
               P, answer(2, [True]))
ERGO_WALLET = "9ea6QWcfQB4E1AcWmRsKBjgQoKo4QWBrUyN4Em2gsqpax3j6si5"
ERGO = session(ERGO_WALLET, ONE,
               ["7", 1_720_000, HEADER[0], "", "", 3, 1 << 224, "", True], ["0a0b0c0d0e0f", "", hexes("nonce", 16)])
TESTNET = session("acct", ONE, ["7", BEFORE, COINBASE, hexes("outputs", 64), [hexes("branch", 64)], hexes("tree", 64),
                                hexes("filter", 64), "0" * 64, "00000000", "1902ab34", TIME, True],
                  ["00000001", TIME, "0badcafe"])
AETERNITY_WALLET = "ak_F7GkSNEdKCjz63zqGk6m7EVDZjjFLAwnce3B2VerE3JS1U5hG"
AETERNITY = session(AETERNITY_WALLET, SET_TARGET, ["7", HEADER[0], True], ["98b6ac44d2", list(range(1, 43))])
NERVOS_WALLET = "ckb1qr5fm4qju6tgq0zsz3j4dpfxcygcnqj8tf78wncv97x7lqz34p00jqgmseyznkcjdtg2ak60aljt975swge7wxqqkhe7e"
NERVOS = talk(
    M, ask(1, "ckb_submitLogin", {"login": NERVOS_WALLET, "agent": "m/1", "worker": "r"}), P, answer(1, True),
    M, ask(2, "ckb_getWork", None), P, {"id": 2, "result": {"pow_hash": SHARE[1], "target": "0x" + TARGET}},
    M, ask(3, "ckb_submitHashrate", "0x3b9aca00"), P, answer(3, True),
    M, ask(4, "ckb_submitWork", {"pow_hash": SHARE[1], "nonce": "0x9a93e9597317c7a"}), P, answer(4, True))
VERSION = "EthereumStratum/2.0.0"
DRAFT = talk(
    P, {"method": "mining.hello", "params": {"proto": VERSION, "resume": True, "timeout": 180, "node": "Geth/v1.8"}},
    M, ask(1, "mining.subscribe", {"agent": "m/1", "host": "pool.example", "port": 3333, "session": None}),
    P, {"id": 1, "result": "s1"}, M, ask(2, "mining.authorize", [f"{EVM}.r", "x"]),
    P, lines({"id": 2, "result": "abc"}, ask(0, "mining.set", {"algo": "ethash", "target": "0x" + TARGET}),
             ask(0, "mining.notify", ["7", "0x" + HEADER[0], True])),
    M, ask(3, "mining.submit", ["7", SHARE[0], "abc"]), P, {"id": 3})
BITMAIN = session(KASPA, ONE, ["7", [1, 2, 3, 4], 1_795_305_600_417], ["17446744073709551615"])
CLAYMORE = talk(
    M, ask(2, "eth_login", [EVM, "x"]), P, answer(2, True), M, ask(3, "eth_getWork", []),
    P, answer(3, ["0x" + HEADER[0], "0x" + HEADER[1], "0x" + TARGET]),
    M, ask(4, "eth_submitWork", SHARE), P, answer(4, True))


@pytest.mark.parametrize("delivery", COMPLETE)
@pytest.mark.parametrize(("conversation", "dialect", "user"), [
    (BITCOIN, "stratum-v1", "acct"), (GOMINER, "decred", DECRED), (KAWPOW, "kawpow", RAVEN),
    (EVRPROGPOW, "kawpow", "E" + RAVEN[1:]), (BITMAIN, "kaspa", KASPA), (CLAYMORE, "eth-proxy", EVM),
    (CONFLUX, "conflux", CONFLUX_WALLET), (ERGO, "ergo", ERGO_WALLET), (DRAFT, "ethereumstratum-2", EVM),
    (TESTNET, "handshake", "acct"), (AETERNITY, "aeternity", AETERNITY_WALLET), (NERVOS, "nervos", NERVOS_WALLET),
], ids=["whole coinbase", "decred", "no target", "no bits", "decimal nonce", "eth_login", "decimal boundary",
        "b as a number", "draft", "testnet", "no block version", "no nonce prefix"])
def test_form_is_read(conversation, dialect, user, delivery):
    (finding,) = found(conversation, delivery)
    assert (finding.dialect, finding.shares.accepted, finding.shares.submitted) == (dialect, 1, 1)
    assert [worker.user for worker in finding.workers] == [user]
    (done,) = finding.work
    assert done.amount == pytest.approx(1 << 32, rel=1e-4)


@pytest.mark.parametrize("account", ["alice", EVM])
def test_eth_login_alone_is_nobodys(account):
    assert found(talk(M, ask(1, "eth_login", [account, "secret"]), P, answer(1, True))) == []


def test_rate_of_nervos_is_claimed():
    (finding,) = found(NERVOS)
    assert [(claim.algorithm, claim.rate) for claim in finding.claimed] == [("eaglesong", 1e9)]


@pytest.mark.parametrize(("target", "hashes"), [
    (str(1 << 240), 1 << 16), (1 << 239, 1 << 17), (f"{1 << 239}.5", 1 << 17), (float(1 << 240), 1 << 16),
    ("1.766847064778384329583297500742918515827483896875618958e+72", 1 << 16),
    ("1e80", None), ("1e999999999", None), ("0", None),
    ("-5", None), ("1e-5", None), ("9" * 79, None), (True, None), (None, None), ([], None), ("nan", None),
])
def test_targets_of_nimiq(target, hashes):
    told = hashes_of(target)
    assert told == (None if hashes is None else pytest.approx(hashes, rel=1e-12))


@pytest.mark.parametrize(("params", "agent", "server"), [
    (["m/1", None, "pool.example", 3333], "m/1", "pool.example"),
    (["m/1", "9f", "pool.example", "3333"], "m/1", "pool.example"),
    (["pool.example", 3337, "m/1", None], "m/1", "pool.example"),
    (["my.miner", "12ab", None, None], "my.miner", None), (["my.miner", "12345678"], "my.miner", None),
    (["m/1"], "m/1", None), ([], None, None), (["", None, 7, True], None, None), ([["m"], 4, "x"], None, None),
])
def test_who_subscribes_where(params, agent, server):
    conversation = talk(M, ask(1, "mining.subscribe", params), P, answer(1, [None, "0a0b", 6]),
                        M, ask(2, "mining.authorize", ["acct.r", "x"]), P, answer(2, True))
    (finding,) = found(conversation)
    assert [worker.agent for worker in finding.workers] == [agent]
    assert (finding.pool.name, "stratum" in finding.pool.basis) == (server, server is not None)


@pytest.mark.parametrize(("sent", "port"), [
    (3333, 3333), ("3333", 3333), (65535, 65535), (65536, None), (0, None), (-1, None), (10**300, None), (True, None),
    (3333.5, None), ("0x50", None), ("", None), (None, None), ([3333], None),
])
def test_ports(sent, port):
    assert port_of(sent) == port
