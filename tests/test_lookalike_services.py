"""More services that look like mining and are not: what people, tools, houses and games say to one another."""

from __future__ import annotations

import json
import struct

import pytest

from tests.conversations import DELIVERIES, OTHER_DELIVERIES, websocket_frame
from tests.dialogue import M, P, answer, ask, found, hexes, line, ok, post, talk
from tests.test_lookalikes import JOB, SHARE, WALLET, call


def upgrade(path="/"):
    return (f"GET {path} HTTP/1.1\r\nHost: app.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: fvJm3Agy+6TQByQJDnJawg==\r\nSec-WebSocket-Version: 13\r\n\r\n")


AGREED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def framed(said, who):
    text = said if isinstance(said, str) else json.dumps(said, separators=(",", ":"))
    return websocket_frame(text.encode(), b"mask" if who == M else None)


def socket(*turns, path="/", port=80):
    """A WebSocket connection."""
    speakers, sent = turns[::2], turns[1::2]
    inside = [part for who, one in zip(speakers, sent, strict=True) for part in (who, framed(one, who))]
    return talk(M, upgrade(path), P, AGREED, *inside, port=port)


def get(path, host="app.example"):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0\r\n\r\n"


WEB = {
    "chat that quotes": socket(
        P, {"type": "message", "text": json.dumps({"type": "auth", "params": {"site_key": "a" * 32}})},
        P, {"type": "job", "params": {"name": "deploy", "job_id": "7"}},
        M, {"type": "submit", "params": {"job_id": "7"}}),
    "captcha": socket(
        M, {"type": "auth", "params": {"site_key": "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_", "type": "invisible"}},
        P, {"type": "authed", "params": {"token": "x"}}),
    "notebook": socket(
        M, {"header": {"msg_type": "execute_request"}, "content": {"code": "pool.send({'method': 'login'})"}},
        P, {"header": {"msg_type": "stream"}, "content": {"text": line(ask(1, "mining.notify", JOB))}}, port=8888),
    "attached container": socket(
        P, line(ask(1, "mining.subscribe", ["cpuminer/2.5"])), P, line(answer(1, [[["mining.notify", "a"]], "ab", 4])),
        P, line(ask(None, "mining.notify", JOB)), path="/containers/abc/attach/ws?logs=1&stream=1", port=2375),
    "page that reloads": socket(
        P, {"type": "update", "body": line({"type": "job", "params": {"job_id": "1", "blob": "0c"}})}),
    "GraphQL": socket(
        M, {"id": "1", "type": "subscribe", "payload": {"query": "subscription { job { blob target } }"}},
        P, {"id": "1", "type": "next", "payload": {"data": {"job": {"job_id": "1", "blob": hexes("b", 152)}}}}),
    "game of chess": socket(
        P, '0{"sid":"a","upgrades":[]}', M, "40", P, '40{"sid":"b"}', P, '42["can start"]',
        M, '42["start",{"game":"chess","worker":"x"}]', P, '42["work",{"jobId":"7","title":"Plumber"}]',
        M, '42["submit",{"jobId":"7","cv":"text"}]', path="/socket.io/?EIO=4&transport=websocket"),
    "downloads": socket(M, call("q", "aria2.tellActive", ["token:x"]), P, answer("q", []), path="/jsonrpc", port=6800),
    "Ethereum's blocks": socket(
        M, call(1, "eth_subscribe", ["newHeads"]), P, answer(1, "0x" + hexes("s", 32)),
        P, {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"result": {
            "nonce": "0x" + "0" * 16, "mixHash": "0x" + hexes("m", 64), "difficulty": "0x0"}}}),
    "Dero's wallet": socket(
        M, call(1, "DERO.GetHeight", {}), P, answer(1, {"height": 5_100_000}), path="/ws", port=10102),
    "Xelis' wallet": socket(
        M, call(1, "subscribe", {"notify": "new_block"}), P, answer(1, True),
        P, answer(1, {"event": "new_block", "difficulty": "123", "miner": "xel:" + "q" * 59}), path="/json_rpc"),
    "pool of swimmers": talk(M, get("/pool_info"), P, ok({"name": "Baths", "description": "heated"}), port=80),
    "farm shop": talk(M, get("/farmer?launcher_id=shop"), P, ok({"farmer": "Joe"}), port=80),
    "front page": talk(M, get("/", "app.example:8080"), P, ok({"Software": "Wiki", "version": "1"}), port=8080),
    "rig's agent": talk(
        M, post(call(0, "stats", {"rig_id": "123", "miner": "xmrig", "miner_stats": {"hs": [1200.1], "algo": "rx/0"}}),
                "/worker/api"), P, ok(answer(0, {"command": "OK"})), port=80),
    "metrics": talk(
        M, get("/metrics"),
        P, 'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\nxmrig_hashrate{pool="x"} 1200.1\n', port=9100),
}  # fmt: skip

THINGS = {
    "lamp": talk(M, '{"id":1,"method":"set_power","params":["on","smooth",500]}\r\n', P, '{"id":1,"result":["ok"]}\r\n',
                 P, '{"method":"props","params":{"power":"on"}}\r\n', port=55443),
    "player": talk(M, call(1, "JSONRPC.Ping", {}), P, answer(1, "pong"), port=9090),
    "sensor": talk(
        M, call(1, "login", {"login": "dev-77", "pass": "k", "agent": "iot-fw/1.2"}), P, answer(1, {"id": "s"}),
        M, call(2, "submit", {"id": "s", "job_id": "t1", "nonce": "1a2b3c4d", "result": "22.5"}),
        P, answer(2, {"ok": 1}),
        P, call(None, "job", {"job_id": "t2", "target": "valve", "blob": "open"}), port=5555),
    "miners in a game": talk(
        M, call(1, "mining.start", ["block", 1, 2, 3]), P, answer(1, True),
        M, call(2, "mining.submit", ["steve", "diamond", 3]), P, answer(2, True),
        P, ask(None, "mining.notify", ["night", True]), P, ask(None, "mining.set_difficulty", ["hard"]), port=25566),
    "layers of rock": talk(M, ask(1, "stratum.subscribe", ["layer-7"]), P, answer(1, [["stratum.notify", "x"]])),
    "monitoring": talk(
        M, b"ZBXD\x01" + struct.pack("<II", 59, 0) + b'{"request":"sender data","data":[{"key":"miner.hashrate"}]}',
        P, b"ZBXD\x01" + struct.pack("<II", 31, 0) + b'{"response":"success","info":""}', port=10051),
    "printer": talk(P, "3.11 spooler ready\n", M, "JOB,print,HIGH,duplex\n", P, "OK\n", port=2811),
    "editor": talk(
        M, call(1, "textDocument/completion", {"position": {"line": 1}}),
        P, answer(1, [{"label": "mining.submit"}, {"label": WALLET}]), port=2088),
    "wallet of Electrum": talk(
        M, '[{"jsonrpc":"2.0","id":0,"method":"server.version","params":["electrum/4.5.5",["1.4","1.4"]]}]\n',
        P, answer(0, ["Fulcrum 1.9.8", "1.4.6"]), M, call(2, "blockchain.block.header", [840_000]),
        P, answer(2, hexes("h", 160)),
        P, call(None, "blockchain.scripthash.subscribe", [hexes("a", 64), hexes("b", 64)]), port=50001),
    "node's books": talk(
        M, post(call("0", "get_block", {"height": 3_560_000}), "/json_rpc"),
        P, ok(answer("0", {"blob": "1010" + hexes("b", 300), "block_header": {"difficulty": 5, "nonce": 7}})),
        M, post(call("0", "mining_status", {}), "/json_rpc"), P, ok(answer("0", None, {"code": -32601})), port=18081),
    "storage": talk(
        M, post(call(1, "Filecoin.MinerGetBaseInfo", ["f01000", 1, []]), "/rpc/v0"),
        P, ok(answer(1, {"MinerPower": "1"})),
        M, post(call(2, "Filecoin.SyncSubmitBlock", [{}]), "/rpc/v0"), P, ok(answer(2, None)), port=1234),
    "miner's interface that has none": talk(
        M, call(0, "miner_getstat1", []), P, answer(0, None, {"code": -32601, "message": "Method not found"})),
    "weather on 4433": talk(
        M, struct.pack("<I", 31) + b'{"cmd":"get.weather","param":1}',
        P, struct.pack("<I", 21) + b'{"code":0,"msg":"ok"}', port=4433),
    "stream of shares": talk(M, "*3\r\n$4\r\nXADD\r\n$6\r\nshares\r\n$9\r\n" + line(ask(1, "mining.submit", SHARE)),
                             P, "+OK\r\n", port=6379),
    "lightning": talk(M, b"\x00" + bytes(range(49)), P, b"\x00" + bytes(range(49)), M, b"\x00" + bytes(65), port=9735),
}  # fmt: skip

ALL = WEB | THINGS


@pytest.mark.parametrize("name", ALL)
def test_service_is_not_mining(name):
    for delivery in DELIVERIES + OTHER_DELIVERIES:
        assert found(ALL[name], delivery) == [], delivery
