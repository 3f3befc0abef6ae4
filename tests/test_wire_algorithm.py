"""What jobs in Bitcoin's form are worth: told where it is certain, and nowhere else."""

from fractions import Fraction

import pytest

from netminer_detect.dialects.wire_algorithm import WireAlgorithm
from tests.dialogue import M, P, answer, ask, found, hexes, lines, talk

LITECOIN, DASH = "ltc1q7zvl5xnsfy4zdyydhgl5lrgv9j8g8w8q8x3k5d", "X" + "a" * 33
CASH = "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy"
BITCOIN = "bc1q6d073y852g85chuzmq6354wgsljhlcnmedagrf"
# Network difficulties: Bitcoin's of 2026, Bitcoin Cash's, Litecoin's, a small chain's.
BTC, BCH, LTC, SMALL = "17021369", "1802a8f7", "192b6a3d", "1c0404cb"
TIME = "6b023080"


def wire(bits, *logins, password="x", agent=None):
    evidence = WireAlgorithm()
    for login in logins:
        evidence.login(login, password)
    evidence.agent(agent)
    evidence.job(bits, TIME)
    return evidence.algorithm, evidence.coin


@pytest.mark.parametrize(("read", "expected"), [
    (wire(BTC), ("sha256d", "BTC")),
    (wire(BTC, LITECOIN), ("sha256d", "BTC")),
    (wire(BCH, "account"), ("sha256d", None)),
    (wire(BCH, CASH + ".rig"), ("sha256d", "BCH")),
    (wire(BCH, CASH, password="c=BCH"), ("sha256d", None)),
    (wire(BCH, CASH, "account"), ("sha256d", None)),
    (wire(BCH, LITECOIN), ("sha256d", None)),
    (wire(BTC, CASH), ("sha256d", "BTC")),
    (wire(LTC, LITECOIN + ".rig"), ("scrypt", "LTC")),
    (wire(LTC, "L" + "a" * 33), ("scrypt", "LTC")),
    (wire(LTC, DASH), ("x11", "DASH")),
    (wire(SMALL, agent="bitaxe/BM1370/v2.12.0"), ("sha256d", None)),
    (wire(SMALL, agent="NerdMinerV2"), ("sha256d", None)),
])
def test_certain(read, expected):
    assert read == expected


@pytest.mark.parametrize("read", [
    wire(LTC), wire(LTC, BITCOIN), wire(LTC, LITECOIN, password="c=LTC,mc=DGB"), wire(LTC, LITECOIN, DASH),
    wire(LTC, LITECOIN, "account"), wire(SMALL, LITECOIN), wire(SMALL, agent="cgminer/4.12"),
    wire("1d00zzzz", LITECOIN), wire("00000000", LITECOIN), wire(None, LITECOIN), wire(17, None, 4, "L" * 10_000),
    wire(LTC, "D" + "a" * 33), wire(LTC, CASH), wire(SMALL, CASH),
])
def test_uncertain(read):
    assert read == (None, None)


def test_goal_names_the_algorithm():
    evidence = WireAlgorithm()
    evidence.goal(["x", {"malgo": "scrypt"}])
    assert evidence.algorithm == "scrypt"
    for odd in ([], ["x"], ["x", 4], ["x", {"malgo": ["scrypt"]}]):
        evidence.goal(odd)
    assert evidence.hashes(Fraction(3)) == 3 << 16


def job(name, bits=BTC):
    return ask(None, "mining.notify", [name, hexes(name, 64), "01" * 40, "02" * 40, [], "20000000", bits, TIME, True])


def set_difficulty(difficulty):
    return ask(None, "mining.set_difficulty", difficulty)


def share(name, identity=9):
    return ask(identity, "mining.submit", ["a.b", name, "00000001", TIME, "0badcafe"])


HEAD = (M, ask(1, "mining.subscribe", ["x/1"]), P, answer(1, [[], "f8", 4]))
TAIL = (M, share("j"), P, answer(9, True))


def work(*turns, head=HEAD, tail=TAIL):
    (finding,) = found(talk(*head, *turns, *tail))
    assert finding.shares.accepted == 1
    return [(done.algorithm, done.amount / 2**32) for done in finding.work]


@pytest.mark.parametrize(("turns", "difficulty"), [
    ((P, job("j")), 1),
    ((P, lines(set_difficulty([8]), job("j"))), 8),
    ((P, lines(set_difficulty([8]), job("j"), set_difficulty([64]))), 8),
    ((P, lines(set_difficulty([8]), set_difficulty([16]), job("j"), set_difficulty([64]), job("k"))), 16),
    ((P, lines(set_difficulty([8]), job("j"), set_difficulty([64]), job("j"))), 64),
    ((P, lines(set_difficulty(["1e3"]), job("j"))), 1000),
    ((P, lines(set_difficulty(["0.25"]), job("j"))), Fraction(1, 4)),
    ((P, lines(set_difficulty([2**70 + 1]), job("j"))), 2**70 + 1),
    ((P, lines(set_difficulty(7), job("j"))), 7),
    ((P, lines(ask(None, "mining.set_target", ["00000000" + "f" * 56]), job("j"))), 1),
])
def test_difficulty_in_force_when_the_job_was_sent(turns, difficulty):
    assert work(*turns) == [("sha256d", difficulty)]


@pytest.mark.parametrize("sent", [[], [0], [-4], ["x"], [None], [True], [1e400], [[8]], {"difficulty": 8}, None])
def test_unsound_difficulty_gives_no_number(sent):
    assert work(P, lines(set_difficulty(sent), job("j"))) == []


def test_unknown_algorithm_gives_no_number():
    assert work(P, lines(set_difficulty([8]), job("j", SMALL))) == []


def test_target_needs_no_algorithm():
    target = ask(None, "mining.set_target", ["00000000" + "f" * 56])
    assert work(P, lines(target, job("j", SMALL))) == [(None, 1)]


def test_difficulty_before_the_capture_is_not_one():
    assert work(P, job("j"), head=()) == []
    assert work(P, job("j"), head=(M, ask(2, "mining.authorize", ["a.b", "x"]))) == []


def test_share_of_a_job_before_the_capture():
    assert work(P, lines(set_difficulty([8]), job("k"))) == []
