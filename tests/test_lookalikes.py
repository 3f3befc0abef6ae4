"""What is not mining, however much it looks like it: nothing above context, in any delivery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conversations import DELIVERIES, OTHER_DELIVERIES
from tests.dialogue import M, P, answer, ask, found, hexes, line, lines, ok, post, talk

WALLET = "49Aj2uQaNaT3xwuen9WTYdgWRRn6uX5hDHMSJz4eeL3vJYp7Uqmdodsgs3Y4JdoboPcea2rnDgvBHXK6CLwPfAAgDMtrpn3"
ADDRESS = "0x32aa2ef97cd8389cff7ca39f16f106f67eb34057"
JOB = ["b1", hexes("p", 64), hexes("c", 90), hexes("d", 90), [], "20000000", "17021369", "6b023080", True]
SHARE = ["acct.rig", "b1", "00000001", "6b023085", "0badcafe"]


def call(identity, method, params):
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}


def hash_of(label):
    return "0x" + hexes(label, 64)


# Services whose methods have the same names

QUEUES = {
    "batch queue": talk(
        M, call(1, "login", {"login": "svc-batch", "pass": "hunter22", "agent": "qclient/3.1"}),
        P, answer(1, {"id": "sess-1", "status": "OK"}),
        M, call(2, "submit", {"job_id": "42", "script": "#!/bin/sh", "nonce": "abc"}), P, answer(2, {"status": "OK"}),
        M, call(3, "keepalived", {"id": "sess-1"}), P, answer(3, {"status": "OK"}),
        P, call(None, "job", {"job_id": "42", "state": "RUNNING", "target": "node7"})),
    "batch queue, the middle of it": talk(
        M, call(3, "keepalived", {"id": "sess-1"}), P, answer(3, {"status": "OK"}),
        M, call(4, "keepalived", {"id": "sess-1"}), P, answer(4, {"status": "OK"})),
    "wallet as a login": talk(
        M, call(1, "login", {"login": ADDRESS, "pass": "signature"}), P, answer(1, {"id": "t", "status": "OK"})),
    "hash as a login": talk(M, call(1, "login", {"login": hexes("token", 64), "pass": "x"}),
                            P, answer(1, {"status": "OK"})),
    "password hashes": talk(
        M, call(1, "login", {"login": "user", "pass": "pw", "algo": ["argon2id", "bcrypt"]}),
        P, answer(1, {"id": "1", "status": "OK"})),
    "render farm": talk(
        M, call(1, "getjob", {"id": "w1"}), P, answer(1, {"job_id": "9", "blob": hexes("b", 200), "target": "gpu"}),
        M, call(2, "submit", {"id": "w1", "job_id": "9", "result": "ok", "nonce": "1"}), P, answer(2, True)),
    "printing": talk(
        M, {"action": "job", "submit": True, "job_id": "5"},
        P, {"success": True, "result": {"job": {"id": "5", "status": "OK"}}}),
    "recruiting": talk(
        M, call(1, "submit", {"text": "hello", "job_id": "x"}), P, answer(1, True),
        P, call(None, "job", {"title": "Engineer", "job_id": "1"})),
    "mining of data": talk(
        M, ask(1, "mining.submit", {"dataset": "iris", "algorithm": "apriori"}), P, answer(1, {"job": "7"}),
        M, ask(2, "mining.ping", []), P, answer(2, "pong"), M, ask(3, "mining.get_version", []), P, answer(3, "9.2")),
    "mining of ore": talk(
        M, ask(1, "mining.submit", ["player7", "iron ore", 3]), P, answer(1, True),
        P, ask(None, "mining.notify", ["vein collapsed"]), M, ask(2, "mining.resume", [])),
    "client methods": talk(
        M, ask(1, "client.get_version", []), P, answer(1, "1.2"), P, ask(None, "client.show_message", ["hi"]),
        P, ask(None, "client.reconnect", [])),
    "crew with work": talk(
        M, call(1, "crew_getWork", []), P, answer(1, ["a", "b", "c"]), M, call(2, "crew_submitWork", ["done"]),
        P, answer(2, True), M, call(3, "crew_submitLogin", ["joe", "pw"]), P, answer(3, True)),
    "nothing but yes": talk(M, {"id": 1}, *(part for n in range(30) for part in (P, answer(n, True)))),
}

# Nodes, wallets and their tools

COINS = {
    "block filters": talk(
        M, call(1, "eth_newBlockFilter", []), P, answer(1, "0x1"), M, call(2, "eth_getFilterChanges", ["0x1"]),
        P, answer(2, [hash_of("a"), hash_of("b"), hash_of("c")]), M, call(3, "eth_getFilterChanges", ["0x1"]),
        P, answer(3, [hash_of("d"), hash_of("e"), hash_of("f"), hash_of("g")]), port=8546),
    "blocks with nonces": talk(
        M, call(1, "eth_getBlockByNumber", ["latest", False]),
        P, answer(1, {"number": "0x1b4", "nonce": "0x" + hexes("n", 16), "mixHash": hash_of("m"), "miner": ADDRESS,
                      "difficulty": "0x4ea3f27bc", "transactions": [hash_of("t"), hash_of("u"), hash_of("v")]}),
        M, call(2, "eth_mining", []), P, answer(2, False), M, call(3, "eth_hashrate", []), P, answer(3, "0x0"),
        port=8545),
    "extrinsics": talk(
        M, call(1, "author_submitExtrinsic", [hash_of("x")]), P, answer(1, hash_of("y")),
        M, call(2, "chain_subscribeNewHeads", []), P, answer(2, "abc"),
        P, call(None, "chain_newHead", {"subscription": "abc", "result": {"parentHash": hash_of("p")}}), port=9944),
    "Core Lightning's socket": talk(
        M, line(call("cli:getinfo#1", "getinfo", [])) + "\n", P, line(answer("cli:getinfo#1", {"alias": "x"})) + "\n",
        M, line(call("cli:fundchannel#2", "fundchannel", {"id": hexes("k", 66), "amount": "all"})) + "\n", port=9735),
    "Chia's node": talk(M, call(1, "get_blockchain_state", {}), P, answer(1, {"difficulty": 9000, "space": 1})),
    "Bitcoin's node watched": talk(
        M, post([call(1, "getmininginfo", []), call(2, "getnetworkhashps", []), call(3, "getblockcount", [])],
                user="u:p", agent="bitcoin-cli"),
        P, ok([answer(1, {"difficulty": 1e14, "networkhashps": 1e21}), answer(2, 1e21), answer(3, 926_000)]),
        port=8332),
    "Monero's node and wallet": talk(
        M, post(call("0", "get_info", None), "/json_rpc"),
        P, ok(answer("0", {"difficulty": 4e11, "target": 120, "height": 3_560_000, "status": "OK"})),
        M, post(call("0", "get_last_block_header", None), "/json_rpc"),
        P, ok(answer("0", {"block_header": {"nonce": 1249, "hash": hexes("h", 64)}, "status": "OK"})),
        M, post(call("0", "submit_transfer", {"tx_data_hex": hexes("t", 600)}), "/json_rpc"),
        P, ok(answer("0", {"tx_hash_list": [hexes("h", 64)]})), port=18081),
    "market of hash power": talk(
        M, post(call(1, "orders.get", {"algo": "RANDOMXMONERO", "location": 1}), "/main/api/v2"),
        P, ok({"list": [{"algorithm": "RANDOMXMONERO", "pool": {"stratumHostname": "pool.example"}}]}), port=80),
    "work of another kind": talk(
        M, post(call(1, "getwork", []), "/rpc", agent="python-requests/2.31"), P, ok(answer(1, {"task": "resize"})),
        port=8080),
    "work of another kind, refused": talk(
        M, post(call(1, "getwork", []), "/rpc", "u:p", "python-requests/2.31"), P, ok(answer(1, None)),
        M, post(call(2, "getwork", []), "/rpc", "u:p", "python-requests/2.31"),
        P, ok({"id": 2, "error": {"code": -32601, "message": "method not found"}}), port=8080),
    "tasks over HTTP": talk(
        M, post(call(1, "task_getWork", []), "/rpc"), P, ok(answer(1, ["a", "b", "c"])),
        M, post(call(2, "task_submitWork", ["done"]), "/rpc"), P, ok(answer(2, True)), port=8080),
}

# Logs, tools and pages that quote mining

QUOTES = {
    "debugger": talk(
        M, 'Content-Length: 119\r\n\r\n{"seq":153,"type":"request","command":"next","arguments":{"method":'
           '"mining.submit","params":["a","b","c"]}}',
        P, 'Content-Length: 70\r\n\r\n{"seq":1,"type":"response","request_seq":153,"success":true,"body":{}}'),
    "tools of a model": talk(
        M, call(1, "initialize", {"protocolVersion": "2025-06-18", "clientInfo": {"name": "x", "version": "1"}}),
        P, answer(1, {"serverInfo": {"name": "pool tools"}}),
        M, call(2, "tools/call", {"name": "job", "arguments": {"method": "mining.submit", "nonce": "deadbeef"}}),
        P, answer(2, {"content": [{"type": "text", "text": line(call(1, "login", {"login": WALLET, "pass": "x"}))}]})),
    "browser's tools": talk(
        M, call(1, "Network.enable", {}), P, answer(1, {}),
        P, call(None, "Network.webSocketFrameReceived", {"response": {"payloadData": line(ask(1, "login", JOB))}}),
        port=9222),
    "log of shares": talk(
        *(part for n in range(9) for part in (M, ask(n, "mining.submit", SHARE, level="info", service="pool")))),
    "log of both sides": talk(
        M, lines(ask(1, "mining.subscribe", ["x/1"]), ask(2, "mining.authorize", ["a.b", "x"]),
                 ask(None, "mining.notify", JOB), ask(3, "mining.submit", SHARE))),
    "log of both sides, jobs first": talk(
        M, lines(ask(None, "mining.notify", JOB[:3]), ask(1, "mining.subscribe", ["x/1"]),
                 ask(3, "mining.submit", SHARE))),
    "log in texts": talk(*(part for n in range(5) for part in (M, {"message": line(ask(n, "mining.submit", SHARE))}))),
    "log lines behind JSON": talk(
        M, {"host": "pool1", "stream": "debug"},
        M, f"2026-05-01 INFO <- {line(ask(4, 'mining.submit', SHARE))}2026-05-01 INFO -> "
           f"{line(ask(None, 'mining.notify', JOB))}"),
    "GELF": talk(M, '{"version":"1.1","host":"p","short_message":"share","_method":"mining.submit"}\0' * 3),
    "bulk insert": talk(
        M, post("".join(lines({"index": {}}, ask(1, "eth_submitWork", ["0x" + hexes("n", 16), hash_of("h"),
                                                                        hash_of("m")]),
                              {"index": {}}, ask(1, "getwork", [])) for _ in range(3)), "/_bulk", agent="filebeat/8"),
        P, ok({"took": 3, "errors": False, "items": []}), port=9200),
    "one document": talk(
        M, post(ask(1, "eth_getWork", [], **{"@timestamp": "x"}), "/pool/_doc"), P, ok({"result": "created"}),
        port=9200),
    "question about mining": talk(
        M, post('why? I send {"method":"getwork","params":[],"id":0} and {"id":1,"method":"eth_getWork","params":[]}'),
        P, ok({"id": "abc"}), port=80),
    "page about mining": talk(
        M, "GET /docs HTTP/1.1\r\nHost: docs.example\r\n\r\n", P, ok(line(ask(1, "mining.notify", JOB))), port=80),
    "MQTT": talk(
        M, b"\x10\x10\x00\x04MQTT\x04\x02\x00<\x00\x04rig1", P, b"\x20\x02\0\0",
        M, b'\x30\x40\x00\x05miner{"method":"mining.submit","params":["a","b","c"],"id":1}\n', port=1883),
    "container's log": talk(
        M, "GET /containers/x/logs HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n",
        P, "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n" + line(ask(1, "mining.submit", SHARE)),
        port=2375),
}

ALL = QUEUES | COINS | QUOTES


@pytest.mark.parametrize("name", ALL)
def test_lookalike_is_not_mining(name):
    for delivery in DELIVERIES + OTHER_DELIVERIES:
        assert found(ALL[name], delivery) == [], delivery


@pytest.mark.parametrize("name", QUEUES)
def test_calls_in_a_batch(name):
    conversation = QUEUES[name]
    batches = [replace(one, data=b"[" + one.data.rstrip().replace(b"\n", b",") + b"]\n") for one in conversation.lines]
    assert found(replace(conversation, lines=tuple(batches))) == []
