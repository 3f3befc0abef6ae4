"""Monero's node: XMRig's calls, P2Pool's, and those of wallets that are none of mining."""

from __future__ import annotations

import json

import pytest

from netminer_detect.carriers.http import Http
from netminer_detect.dialects.over_http import HttpMining
from netminer_detect.observations import DialectRecognised, JobAssigned, ShareAnswered, WorkerLogin
from tests.delivery import C, Recorder, S, play

BLOB, TIP, WALLET = "1010" + "ab" * 100, "cd" * 32, "4" + "A" * 94


def call(method, params=None, target="/json_rpc"):
    body = json.dumps({"jsonrpc": "2.0", "id": "0", "method": method, **({} if params is None else {"params": params})})
    return C, f"POST {target} HTTP/1.1\r\nHost: n\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def answer(result=None, error=None):
    body = json.dumps({"jsonrpc": "2.0", "id": "0", **({"result": result} if error is None else {"error": error})})
    return S, f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def said(*turns):
    return play(Http(HttpMining(), Recorder), turns)


def of(kind, found):
    return [one for one in found if isinstance(one, kind)]


def test_templates_count_once_a_tip():
    template = {"blocktemplate_blob": BLOB, "blockhashing_blob": BLOB, "prev_hash": TIP, "seed_hash": TIP, "height": 9}
    asked = call("get_block_template", {"wallet_address": WALLET, "reserve_size": 60})
    found = said(asked, answer(template), asked, answer(template), asked, answer({**template, "prev_hash": "ef" * 32}))
    assert [one.dialect for one in of(DialectRecognised, found)] == ["monerod-rpc"]
    assert [(one.job, one.algorithm) for one in of(JobAssigned, found)] == [(TIP, "rx/0"), ("ef" * 32, "rx/0")]
    assert [one.user for one in of(WorkerLogin, found)] == [WALLET]


def test_p2pool_asks_for_data_and_hands_in_a_block():
    data = {"major_version": 16, "height": 9, "prev_id": TIP, "seed_hash": TIP, "difficulty": "0x64", "status": "OK"}
    found = said(call("get_miner_data"), answer(data), call("submit_block", [BLOB]), answer({"status": "OK"}),
                 call("submit_block", [BLOB]), answer(error={"code": -7, "message": "Block not accepted"}))
    assert [one.dialect for one in of(DialectRecognised, found)] == ["monerod-rpc"]
    assert [one.accepted for one in of(ShareAnswered, found)] == [True, False]
    assert not of(WorkerLogin, found)


@pytest.mark.parametrize("turns", [
    (call("get_info"), answer({"difficulty": 600, "target": 120, "height": 9})),
    (call("get_block", {"height": 9}), answer({"blob": BLOB})), (call("get_balance", {"account_index": 0}), answer({})),
    (call("get_miner_data", target="/api"), answer({"prev_id": TIP})), (call("getblocktemplate", {}), answer({})),
    (call("submitblock", ["nonsense"]), answer({"status": "OK"})),
])  # fmt: skip
def test_other_calls_are_none(turns):
    assert not of(DialectRecognised, said(*turns))
