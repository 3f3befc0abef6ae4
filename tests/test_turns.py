"""Sessions that go on in another dialect, and jobs that two dialects write alike."""

from __future__ import annotations

import json

from netminer_detect.dialects.lines import Lines
from netminer_detect.observations import DialectRecognised, JobAssigned, ShareAnswered, ShareSubmitted
from tests.delivery import MARK, C, S

XELIS = "xel:cdr50za83qgvrfh4rux3uajjc78aqmt399fhf9r5qk6h73lyfnhsq5qgw49"
HASH, KEY = "ab" * 32, "cd" * 32


def said(turns):
    reader = Lines()
    found = [one for side, body in turns for one in reader.data(side, json.dumps(body).encode() + b"\n", MARK)]
    return found + reader.close()


def of(found, kind):
    return [one for one in found if isinstance(one, kind)]


def notify(*params):
    return S, {"id": None, "method": "mining.notify", "params": list(params)}


SUBSCRIBED = [(C, {"id": 0, "method": "mining.subscribe", "params": ["tnn-miner/0.4"]}),
              (S, {"id": 0, "error": None, "result": ["1", HASH, 32, KEY]})]
LOGGED_IN = [(C, {"id": 1, "method": "mining.authorize", "params": [XELIS, "cpu", "x"]}),
             (S, {"id": 1, "result": True, "error": None}),
             (S, {"id": None, "method": "mining.set_difficulty", "params": [20000]})]


def test_xelis_job_as_first_proposed_is_not_ethereums():
    for handshake in (SUBSCRIBED + LOGGED_IN, LOGGED_IN):
        found = said([*handshake, notify("3", HASH, KEY, True)])
        assert {one.dialect for one in of(found, DialectRecognised)} == {"xelis"}
        assert [job.hashes for job in of(found, JobAssigned)] == [20000]


def test_ethereums_job_is_not_xelis():
    turns = [(C, {"id": 1, "method": "mining.subscribe", "params": ["T-Rex/0.26.8", "EthereumStratum/1.0.0"]}),
             (S, {"id": 1, "result": [["mining.notify", "1", "EthereumStratum/1.0.0"], "ab"], "error": None}),
             (S, {"id": None, "method": "mining.set_difficulty", "params": [2]}), notify("3", HASH, KEY, True)]
    found = said(turns)
    assert {one.dialect for one in of(found, DialectRecognised)} == {"ethereumstratum-1"}
    assert [job.hashes for job in of(found, JobAssigned)] == [2 * 2**32]


def test_silence_is_a_yes_in_ethereumstratum_2_and_false_is_none():
    hello = {"id": 0, "method": "mining.hello", "params": {"agent": "x", "proto": "EthereumStratum/2.0.0"}}
    turns = [(C, hello)]
    for number, answer in enumerate([{}, {"result": True}, {"result": False}, {"error": {"code": 215}},
                                     {"error": {"code": 403}}, {"error": "stale"}], 10):
        turns += [(C, {"id": number, "method": "mining.submit", "params": ["a", "0a", "w-1"]}),
                  (S, {"id": number, **answer})]
    answers = [one.accepted for one in of(said(turns), ShareAnswered)]
    assert answers == [True, True, False, True, False, False]


def test_a_difficulty_counts_by_the_dialect_of_the_next_job():
    turns = [*LOGGED_IN, notify("1", "000001a2", HASH, "xel/v2", True),
             # The same socket goes on with Kaspa's jobs, under the difficulty that was set before.
             notify("2", [2**63, 1, 2, 3], 1_700_000_000_000),
             (C, {"id": 4, "method": "mining.submit", "params": ["u", "2", "0x00112233"]}),
             (C, {"id": 5, "method": "mining.submit", "params": ["u", "1", "0x00112233"]})]
    found = said(turns)
    assert [one.dialect for one in of(found, DialectRecognised)] == ["xelis", "kaspa"]
    assert [share.hashes for share in of(found, ShareSubmitted)] == [20000 * 2**32, None]
    assert len({share.key for share in of(found, ShareSubmitted)}) == 2


def test_what_one_dialect_read_in_a_job_is_not_told_by_another():
    # Ergo's target is the seventh part; a Stratum v1 job of the same id says nothing of the kind.
    ergo = notify("7", 5, HASH, "", "", 3, str(2**200), "", True)
    bitcoin = notify("8", HASH, "01" * 40, "02" * 40, [HASH], "20000000", "1d00ffff", "6b02aa01", True)
    share = (C, {"id": 4, "method": "mining.submit", "params": ["u", "7", "00000001", "6b02aa01", "00000002"]})
    difficulty = (S, {"id": None, "method": "mining.set_difficulty", "params": [1]})
    found = said([difficulty, ergo, bitcoin, share])
    assert [one.dialect for one in of(found, DialectRecognised)] == ["ergo", "stratum-v1"]
    assert [one.hashes for one in of(found, ShareSubmitted)] == [None]
