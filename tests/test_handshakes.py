"""Handshakes that are refused or taken back: how far up the ladder they reach."""

from __future__ import annotations

import json

import pytest

from netminer_detect.detect.ledger import Ledger
from netminer_detect.dialects.lines import Lines
from netminer_detect.marks import Mark
from netminer_detect.observations import (
    DialectRecognised,
    Evidence,
    HandshakeAnswered,
    JobAssigned,
    Side,
    WorkerLogin,
)

MARK = Mark(0, 1, 0, 0)
EVIDENCE = Evidence(MARK, Side.SERVER, "answer", "")
SUBSCRIBED = HandshakeAnswered(EVIDENCE, True, None, login=False)
ACCEPTED, REFUSED = HandshakeAnswered(EVIDENCE, True), HandshakeAnswered(EVIDENCE, False, "unknown user")
JOB = JobAssigned(EVIDENCE, "1", None)


@pytest.mark.parametrize(("said", "accepted"), [
    ([SUBSCRIBED], True),
    ([SUBSCRIBED, REFUSED], False),
    ([SUBSCRIBED, JOB, REFUSED], True),
    ([SUBSCRIBED, ACCEPTED, REFUSED], True),
    ([REFUSED, ACCEPTED], True),
    ([REFUSED], False),
])
def test_a_refused_login_takes_a_subscription_back(said, accepted):
    book = Ledger("stratum-v1")
    for observation in said:
        book.apply(observation)
    assert book.accepted is accepted


def test_what_the_miner_asks_weighs_more_than_what_it_is_sent():
    """A pool of many coins pushes work of eth-proxy to a miner of Stratum v1: the miner spoke Stratum v1."""
    work = ["0x" + "1" * 64, "0x" + "2" * 64, "0x" + "3" * 64]
    dialogue = (
        (Side.CLIENT, {"id": 1, "method": "mining.subscribe", "params": ["cgminer/3.7.2"]}),
        (Side.SERVER, {"id": 1, "result": [[["mining.notify", "ab"]], "18000008", 4], "error": None}),
        (Side.CLIENT, {"id": 2, "method": "mining.authorize", "params": ["rig", "x"]}),
        (Side.SERVER, {"id": 0, "jsonrpc": "2.0", "result": work}),
        (Side.SERVER, {"id": 2, "result": False, "error": None}),
    )
    reader, book = Lines(), Ledger("stratum-v1")
    said = [one for side, body in dialogue for one in reader.data(side, json.dumps(body).encode() + b"\n", MARK)]
    said += reader.close()
    assert [one.dialect for one in said if isinstance(one, DialectRecognised)] == ["stratum-v1"]
    assert [one.login for one in said if isinstance(one, WorkerLogin)] == ["rig"]
    for observation in said:
        book.apply(observation)
    assert (book.agent, book.accepted) == ("cgminer/3.7.2", False)
