"""Mining devices by their management ports: what each interface tells, one finding a device, who asks does not mine."""

from __future__ import annotations

import json
import random
import struct
from fractions import Fraction

import pytest

from netminer_detect.carriers.http import Http
from netminer_detect.dialects.device_text import MAX_PAIRS, host_of, rate_of, sections
from netminer_detect.dialects.over_http import HttpMining
from netminer_detect.dialects.payload import Payload
from netminer_detect.findings import Level, Role, Verdict
from netminer_detect.observations import DeviceReported, DialectRecognised
from netminer_detect.outputs.jsonl import finding_object
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.outputs.wording import why
from tests.delivery import C, Recorder, S, damaged, play
from tests.scenes import C as ASKS
from tests.scenes import S as TELLS
from tests.scenes import Scene

ADMIN, RIG = "10.3.0.9", "10.3.0.71"
STATUS = '{"STATUS":[{"STATUS":"S","When":1,"Code":7,"Msg":"x","Description":"cgminer 4.11.1"}]'


def reports(turns, reader=None, **how):
    said = play(reader or Payload(), turns, **how)
    return ([one.dialect for one in said if isinstance(one, DialectRecognised)],
            [one for one in said if isinstance(one, DeviceReported)])


def told(seen):
    """The fields that a report tells."""
    names = ("agent", "model", "pool", "port", "login", "worker", "algorithm", "rate", "power_w")
    return {name: getattr(seen, name) for name in names if getattr(seen, name) is not None}


SOCKETS = {
    "cgminer pools": (
        b'{"command":"pools"}',
        STATUS + ',"POOLS":[{"POOL":0,"URL":"stratum+tcp://one.example:3333","Status":"Dead","User":"a.b"},{"POOL":1,'
        '"URL":"stratum+tcp://two.example:443/#x","Status":"Alive","Stratum Active":true,"User":"c.d"}],"id":1}\0',
        "cgminer-api", {"agent": "cgminer 4.11.1", "pool": "two.example", "port": 443, "login": "c.d"}),
    "spaced": (
        b'{ "command" : "summary", "parameter" : "" }\n',
        '{ "STATUS" : [ { "STATUS" : "S", "Code" : 11, "Msg" : "Summary", "Description" : "sgminer 5.6.1" } ], '
        '"SUMMARY" : [ { "MHS av" : 92.5, "MHS 5s" : 12 } ] }',
        "cgminer-api", {"agent": "sgminer 5.6.1", "rate": 92_500_000}),
    "an Antminer's broken JSON": (
        b'{"command":"stats"}',
        STATUS + '},{"STATS":[{"BMMiner":"2.0.0","Miner":"uart_trans.1.3","Type":"Antminer S19 Pro"}{"STATS":0,'
        '"GHS 5s":110.5,}],"id":1}\0',
        "cgminer-api", {"agent": "cgminer 4.11.1", "model": "Antminer S19 Pro"}),
    "an Avalon's version": (
        b"version", "STATUS=S,When=1,Code=22,Msg=CGMiner versions,Description=cgminer 4.11.1|VERSION,CGMiner=4.11.1,"
        "API=3.7,PROD=AvalonMiner 1066,MODEL=1066-50,|\0",
        "cgminer-api", {"agent": "cgminer 4.11.1", "model": "AvalonMiner 1066"}),
    "two commands in text": (
        b"summary+pools|", "STATUS=S,When=1,Code=11,Msg=Summary,Description=bfgminer 5.5.0|SUMMARY,Elapsed=9,"
        "MHS av=1200.5,|STATUS=S,Code=7|POOL=0,URL=stratum+tcp://p.example:3333,Status=Alive,User=u.w,|\0",
        "cgminer-api", {"agent": "bfgminer 5.5.0", "pool": "p.example", "port": 3333, "login": "u.w",
                        "rate": 1_200_500_000}),
    "ccminer": (
        b"summary", "NAME=ccminer;VER=2.3.1;API=1.9;ALGO=x16r;GPUS=1;KHS=21500.25;SOLV=0;ACC=9;REJ=0;UPTIME=9|",
        "cgminer-api", {"agent": "ccminer 2.3.1", "algorithm": "x16r", "rate": 21_500_250}),
    "WhatsMiner 2": (
        b'{"cmd":"summary"}', STATUS.replace("cgminer 4.11.1", "btminer") + ',"SUMMARY":[{"Elapsed":1,'
        '"MHS av":99000000.5,"Power":3422,"Power Rate":34.5}],"id":1}',
        "whatsminer-api", {"agent": "btminer", "rate": 99_000_000_500_000, "power_w": 3422.0}),
    "WhatsMiner 2, its version": (
        b'{"cmd":"get_version"}', '{"STATUS":"S","When":1,"Code":131,"Msg":{"api_ver":"whatsminer v1.3",'
        '"fw_ver":"20200917","Model":"M30S+_VE40"},"Description":"whatsminer v1.3"}',
        "whatsminer-api", {"agent": "whatsminer v1.3", "model": "M30S+_VE40", "algorithm": "sha256d"}),
}  # fmt: skip


@pytest.mark.parametrize("step", [0, 1, 11])
@pytest.mark.parametrize("name", SOCKETS)
def test_sockets(name, step):
    asked, answer, dialect, facts = SOCKETS[name]
    for swap in (False, True):
        turns = [(C, asked), (S, answer.encode())]
        names, seen = reports([(side.other if swap else side, data) for side, data in turns], step=step)
        assert names == [dialect]
        assert told(seen[-1]) == facts


def framed(body):
    raw = json.dumps(body).encode()
    return struct.pack("<I", len(raw)) + raw


@pytest.mark.parametrize("step", [0, 1, 50])
def test_whatsminer_3(step):
    turns = [(C, framed({"cmd": "get.miner.status", "param": "summary"})),
             (S, framed({"code": 0, "when": 1, "desc": "get.miner.status", "msg": {
                 "summary": {"hash-average": 120.5, "power-realtime": 3300}}})),
             (C, framed({"cmd": "get.miner.status", "param": "pools"})),
             (S, framed({"code": 0, "when": 1, "desc": "get.miner.status", "msg": {"pools": [
                 {"id": 1, "url": "stratum+tcp://a.example:25", "account": "x", "status": "dead"},
                 {"id": 2, "url": "stratum+tcp://b.example:443", "account": "y.1", "status": "alive"}]}}))]
    names, seen = reports(turns, step=step)
    assert names == ["whatsminer-api"]
    assert [told(one) for one in seen] == [
        {"rate": 120_500_000_000_000, "power_w": 3300.0}, {"pool": "b.example", "port": 443, "login": "y.1"}]


def http(path, status="200 OK", headers="", body=b"", verb="GET"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    asked = f"{verb} {path} HTTP/1.1\r\nHost: 10.3.0.71\r\n\r\n".encode()
    answer = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(raw)}\r\n\r\n".encode() + raw
    return [(C, asked), (S, answer)]


PAGES = {
    "a Bitaxe at its second pool": (
        http("/api/system/info", body={"ASICModel": "BM1368", "hashRate": 1105.5, "power": 14.5, "stratumURL":
             "one.example", "stratumPort": 3333, "stratumUser": "a.b", "fallbackStratumURL": "two.example",
             "fallbackStratumPort": 4444, "fallbackStratumUser": "c.d", "isUsingFallbackStratum": 1}),
        "axeos-http", {"model": "BM1368", "pool": "two.example", "port": 4444, "login": "c.d", "algorithm": "sha256d",
                       "rate": 1_105_500_000_000, "power_w": 14.5}),
    "an Antminer": (
        http("/cgi-bin/get_system_info.cgi", body={"minertype": "Antminer S19", "hostname": "antMiner"}),
        "antminer-http", {"model": "Antminer S19"}),
    "its summary": (
        http("/cgi-bin/summary.cgi", body={"INFO": {"miner_version": "uart_trans.1.3", "type": "Antminer S19"},
             "SUMMARY": [{"elapsed": 9, "rate_5s": 1, "rate_avg": 95000.5, "rate_unit": "GH/s"}]}),
        "antminer-http", {"model": "Antminer S19", "rate": 95_000_500_000_000}),
    "its settings": (
        http("/cgi-bin/get_miner_conf.cgi", body={"pools": [{"url": "stratum+tcp://p.example:3333", "user": "u.1",
             "pass": "hunter2"}, {"url": "", "user": "", "pass": ""}], "bitmain-freq": ""}),
        "antminer-http", {"pool": "p.example", "port": 3333, "login": "u.1"}),
    "T-Rex": (
        http("/summary", body={"name": "t-rex", "version": "0.26.8", "algorithm": "kawpow", "hashrate": 22_000_000,
             "active_pool": {"url": "stratum+tcp://r.example:3636", "user": "Rxyz", "worker": "g1"},
             "gpus": [{"power": 120}, {"power": 118}]}),
        "gpu-miner-http", {"agent": "T-Rex/0.26.8", "pool": "r.example", "port": 3636, "login": "Rxyz", "worker": "g1",
                           "algorithm": "kawpow", "rate": 22_000_000, "power_w": 238.0}),
    "NBMiner": (
        http("/api/v1/status", body={"miner": {"total_hashrate_raw": 61e6, "total_power_consume": 125},
             "stratum": {"url": "e.example:4444", "user": "0xabc", "algorithm": "ethash"}, "version": "42.3"}),
        "gpu-miner-http", {"agent": "NBMiner/42.3", "pool": "e.example", "port": 4444, "login": "0xabc",
                           "algorithm": "ethash", "rate": 61_000_000, "power_w": 125.0}),
    "lolMiner": (
        http("/summary", body={"Software": "lolMiner 1.98", "Algorithms": [{"Algorithm": "Autolykos V2",
             "Pool": "erg.example:3052", "User": "9abc", "Worker": "w", "Total_Performance": 225.5,
             "Performance_Factor": 1e6}], "Workers": [{"Power": 205.5}]}),
        "gpu-miner-http", {"agent": "lolMiner 1.98", "pool": "erg.example", "port": 3052, "login": "9abc",
                           "worker": "w", "algorithm": "Autolykos V2", "rate": 225_500_000, "power_w": 205.5}),
    "GMiner": (
        http("/stat", body={"miner": "GMiner 3.44", "algorithm": "Autolykos2", "server": "erg.example:3052",
             "user": "9abc.w", "devices": [{"speed": 100, "power_usage": 90}, {"speed": 50, "power_usage": 80}]}),
        "gpu-miner-http", {"agent": "GMiner 3.44", "pool": "erg.example", "port": 3052, "login": "9abc.w",
                           "algorithm": "Autolykos2", "rate": 150, "power_w": 170.0}),
    "lolMiner before it mined two coins": (
        http("/", body={"Software": "lolMiner 1.42", "Mining": {"Algorithm": "Etchash"}, "Stratum": {
             "Current_Pool": "etc.example:4444", "Current_User": "0xabc.r"}, "Session": {"Performance_Summary": 60.5,
             "Performance_Unit": "mh/s"}, "GPUs": [{"Consumption (W)": 115}, {"Consumption (W)": 110.5}]}),
        "gpu-miner-http", {"agent": "lolMiner 1.42", "pool": "etc.example", "port": 4444, "login": "0xabc.r",
                           "algorithm": "Etchash", "rate": 60_500_000, "power_w": 225.5}),
    "SRBMiner": (
        http("/", body={"rig_name": "rig-9", "miner_version": "2.6.5", "total_cpu_workers": 1, "total_gpu_workers": 1,
             "gpu_devices": [{"device": "gpu0", "asic_power": 90}], "algorithms": [{"id": 0, "name": "randomx",
             "pool": {"pool": "xmr.example:3333", "wallet": "4abc.x"}, "shares": {"total": 3, "accepted": 3},
             "hashrate": {"cpu": {"total": 9123.5}, "gpu": {"total": 500, "gpu0": 500}, "1min": 9000}}]}),
        "gpu-miner-http", {"agent": "SRBMiner-MULTI/2.6.5", "pool": "xmr.example", "port": 3333, "login": "4abc.x",
                           "worker": "rig-9", "algorithm": "randomx", "rate": Fraction("9623.5"), "power_w": 90.0}),
    "an IceRiver": (
        http("/user/userpanel", body={"error": 0, "data": {"model": "none", "rtpow": "9.25T", "unit": "T",
             "powstate": 1, "boards": [], "pools": [
             {"no": 1, "addr": "stratum+tcp://a.example:1", "user": "x", "connect": False},
             {"no": 2, "addr": "stratum+tcp://k.example:5555", "user": "kaspa:q.r", "connect": True}]}}, verb="POST"),
        "asic-http", {"model": "IceRiver", "pool": "k.example", "port": 5555, "login": "kaspa:q.r",
                      "rate": 9_250_000_000_000}),
    "a Goldshell's pools": (
        http("/mcb/pools", body=[{"url": "stratum+tcp://k.example:3000", "active": True, "user": "u.g", "pass": "x",
             "dragid": 0, "legal": True}]),
        "asic-http", {"model": "Goldshell", "pool": "k.example", "port": 3000, "login": "u.g"}),
    "a Goldshell": (
        http("/mcb/status", body={"model": "Goldshell-KD5", "firmware": "2.2.0", "hardware": "x"}),
        "asic-http", {"model": "Goldshell-KD5"}),
    "ePIC": (
        http("/summary", body={"Software": "PowerPlay v1.4.1", "Hostname": "e", "Stratum": {"Current Pool":
             "stratum+tcp://b.example:3333", "Current User": "u.e"}, "HBs": [{"Index": 0, "Hashrate": [30e6, 98.5]},
             {"Index": 1, "Hashrate": [31e6, 99]}], "Power Supply Stats": {"Input Power": 3001.5}}),
        "asic-http", {"agent": "PowerPlay v1.4.1", "pool": "b.example", "port": 3333, "login": "u.e",
                      "rate": 61_000_000_000_000, "power_w": 3001.5}),
    "Vnish": (
        http("/api/v1/summary", body={"miner": {"miner_type": "Antminer S19 Pro (Vnish 1.2.0)", "power_usage": 3250,
             "miner_status": {"miner_state": "mining"}}}),
        "asic-http", {"agent": "Vnish 1.2.0", "model": "Antminer S19 Pro", "power_w": 3250.0}),
    "Vnish's settings": (
        http("/api/v1/settings", body={"miner": {"overclock": {"preset": "3000"}, "pools": [
             {"url": "b.example:3333", "user": "u.v", "pass": "hunter2"}]}}),
        "asic-http", {"agent": "Vnish", "pool": "b.example", "port": 3333, "login": "u.v"}),
    "xmrig-proxy": (
        http("/1/summary", body={"kind": "proxy", "version": "6.26.0", "algo": "rx/0", "hashrate": {"total": [
             None, 12.5]}, "results": {}}),
        "xmrig-http-api", {"agent": "xmrig-proxy/6.26.0", "algorithm": "rx/0", "rate": 12_500}),
    "XMRig's settings": (
        http("/1/config", body={"donate-level": 1, "pools": [{"url": "x.example:443", "user": "4abc", "pass": "hunter2",
             "rig-id": "r9", "enabled": True}]}),
        "xmrig-http-api", {"agent": "XMRig", "pool": "x.example", "port": 443, "login": "4abc", "worker": "r9"}),
}  # fmt: skip


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("name", PAGES)
def test_pages(name, step):
    turns, dialect, facts = PAGES[name]
    names, seen = reports(turns, Http(HttpMining(), Recorder), step=step)
    assert (names, [told(one) for one in seen]) == ([dialect], [facts])


CLAYMORE = [(C, b'{"id":0,"jsonrpc":"2.0","method":"miner_getstat1","psw":"hunter2"}'),
            (S, b'{"id":0,"error":null,"result":["15.0 - ETH","21","182724;51;0","30502;30457","0;0;0","off;off",'
                b'"53;71;57;67","eth.example:9999","0;0;0;0"]}\n')]


@pytest.mark.parametrize("step", [0, 1])
def test_claymore(step):
    names, seen = reports(CLAYMORE, step=step)
    assert names == ["claymore-api"]
    assert told(seen[0]) == {"agent": "15.0 - ETH", "pool": "eth.example", "port": 9999, "rate": 182_724_000}
    detail = {"id": 1, "result": {"connection": {"uri": "stratum1+tcp://0xab.rig@e.example:4444"}, "host": {
        "version": "ethminer-0.19.0"}, "mining": {"hashrate": "0x1c9c380"}}}
    _, seen = reports([(C, b'{"id":1,"jsonrpc":"2.0","method":"miner_getstatdetail"}\n'),
                       (S, json.dumps(detail).encode())], step=step)
    assert told(seen[0]) == {"agent": "ethminer-0.19.0", "pool": "e.example", "port": 4444, "login": "0xab.rig",
                             "rate": 30_000_000}


@pytest.mark.parametrize("turns", [
    [(C, b'{"command":"summary"}'), (S, b'{"status":"ok","summary":[]}')],
    [(C, b'{"enc":1,"data":"AAAA"}'), (S, b'{"enc":"AAAA"}')],
    [(C, b'{"command":"login","user":"x"}'), (S, b'{"STATUS":"OK"}')],
    [(C, b'{"cmd":"play"}'), (S, b'{"ok":true}')], [(C, b"help\r\n"), (S, b"commands: stats, quit\r\n")],
    [(C, b"stats\r\n"), (S, b"STAT pid 1\r\nEND\r\n")], [(C, b"version\r\n"), (S, b"VERSION 1.6.21\r\n")],
    [(C, framed({"cmd": "get"})), (S, framed({"code": 0, "msg": "x"}))],
    [(C, b'{"id":1,"method":"miner_dance"}\n'), (S, b'{"id":1,"result":["a","b","1;2;3"]}\n')],
])  # fmt: skip
def test_other_sockets_are_no_devices(turns):
    for step in (0, 1):
        assert reports(turns, step=step)[1] == []


@pytest.mark.parametrize(("path", "body"), [
    ("/summary", {"name": "quarterly", "version": "1", "hashrate": None}), ("/summary", b"<html>t-rex</html>"),
    ("/api/system/info", {"model": "NAS", "power": 17}), ("/1/summary", {"kind": "miner"}),
    ("/stat", {"miner": "Coal Corp", "devices": []}), ("/cgi-bin/stats.cgi", {"STATS": [{"hits": 3}]}),
    ("/cgi-bin/pools.cgi", {"pools": [{"name": "swimming"}]}),
    ("/cgi-bin/sip.cgi", {"pools": [{"url": "sip.example:5060", "user": "u"}]}),
    ("/api/v1/status", {"miner": {}, "version": "1"}), ("/", {"Software": "Wiki", "Algorithms": []}),
    ("/stats", {"rig_name": "oil", "miner_version": "1", "algorithms": [{"name": "x"}]}),
    ("/", b"<html>lolMiner</html>"), ("/api/v1/summary", {"miner": {"miner_type": "coal"}}),
    ("/mcb/pools", [{"url": "a.example", "user": "x"}]), ("/mcb/status", {"model": "Router", "firmware": "1"}),
    ("/user/userpanel", {"error": 0, "data": {"pools": [], "user": "x"}}),
    ("/summary", {"Software": "Office", "HBs": 1}),
    ("/api/v1/settings", {"miner": {"pools": [{"url": "a.example:1", "user": "x"}]}}),
])
def test_other_pages_are_no_devices(path, body):
    assert reports(http(path, body=body), Http(HttpMining(), Recorder)) == ([], [])


def scene_of(*dialogues, port=4028):
    scene = Scene()
    for turns in dialogues:
        scene.tcp([(ASKS if side is C else TELLS, data) for side, data in turns], client=ADMIN, server=RIG, port=port)
    return scene


def test_one_finding_a_device_from_all_its_replies():
    turns = [[(C, asked), (S, answer.encode())] for asked, answer, _, _ in (
        SOCKETS["an Antminer's broken JSON"], SOCKETS["cgminer pools"], SOCKETS["cgminer pools"])]
    turns[0][1] = (S, turns[0][1][1].replace(b'"STATS":[', b'"SUMMARY":[{"GHS av":95000}],"STATS":['))
    device, manager = sorted(scene_of(*turns).findings(), key=lambda finding: finding.role.value)[::-1][:2][::-1]
    assert (device.role, device.level, device.verdict) == (Role.MANAGED, Level.DEVICE, Verdict.CONFIRMED)
    assert (device.source_ip, device.model, device.connections_total) == (RIG, "Antminer S19 Pro", 3)
    assert (device.pool.name, device.pool.port, device.pool.ip) == ("two.example", 443, None)
    assert [(worker.user, worker.worker, worker.agent) for worker in device.workers] == [("c", "d", "cgminer 4.11.1")]
    assert [(claim.rate, claim.unit) for claim in device.claimed] == [(95e12, "hash")]
    assert device.peer.ip == ADMIN and not device.work and not device.shares.submitted
    assert why(device) == (
        "cgminer 4.11.1 answers on the management port 4028 and says that it mines at two.example:443")
    assert (manager.source_ip, manager.role, manager.verdict, manager.peer.ip) == (
        ADMIN, Role.MANAGER, Verdict.NOT_MINING, RIG)
    assert "{" not in why(manager) + why(device, "zh") + why(manager, "zh")
    assert finding_object(device, OutputOptions())["model"] == "Antminer S19 Pro"


@pytest.mark.parametrize("name", ["SRBMiner", "lolMiner before it mined two coins"])
def test_a_miner_that_answers_on_its_first_page(name):
    """No path tells it: only that a host is asked for its first page at a port of its own."""
    (asked, answer), _, facts = PAGES[name]
    turns = [(C, asked[1].replace(b"10.3.0.71", b"10.3.0.71:21550")), answer]
    (device,) = [one for one in scene_of(turns, port=21550).findings() if one.role is Role.MANAGED]
    assert [worker.agent for worker in device.workers] == [facts["agent"]]


def test_several_managers_are_one_device():
    scene = scene_of(CLAYMORE, port=3333)
    scene.tcp([(ASKS if side is C else TELLS, data) for side, data in CLAYMORE], client="10.3.0.10", server=RIG)
    devices = [finding for finding in scene.findings() if finding.role is Role.MANAGED]
    assert [(device.connections_total, device.peer) for device in devices] == [(2, None)]


def test_a_realm_alone_is_a_page_of_a_device():
    challenge = 'WWW-Authenticate: Digest realm="antMiner Configuration", nonce="1", qop="auth"\r\n'
    turns = http("/cgi-bin/get_system_info.cgi", "401 Unauthorized", challenge)
    (device,) = [one for one in scene_of(turns, port=80).findings() if one.role is Role.MANAGED]
    assert (device.level, device.verdict, device.model, device.dialect) == (
        Level.PATTERN, Verdict.SUSPECTED, "Antminer", "antminer-http")
    assert "whether it mines was not seen" in why(device)
    other = http("/cgi-bin/luci.cgi", "401 Unauthorized", challenge.replace("antMiner", "router"))
    assert scene_of(other, port=80).findings() == []


def test_secrets_of_devices_are_not_shown():
    for turns in (CLAYMORE, *(PAGES[name][0] for name in ("its settings", "XMRig's settings", "Vnish's settings"))):
        scene = scene_of(turns, port=80)
        assert scene.findings()
        for finding in scene.findings():
            assert "hunter2" not in json.dumps(finding_object(finding, OutputOptions()))


def test_pairs_of_anything():
    assert rate_of([[("GHS 5s", "1"), ("MHS av", "2"), ("THS 1m", "x")]]) == 2_000_000
    assert host_of("stratum+ssl://user:x@[2001:db8::1]:443") == ("2001:db8::1", 443)
    assert [host_of(text) for text in (None, "", "localhost:1", "*", "http://", "a.b:99999")] == [
        None, None, None, None, None, ("a.b", None)]
    assert sum(map(len, sections('{"AB":[{' + '"a":1,' * (MAX_PAIRS * 2))["AB"])) <= MAX_PAIRS
    rng = random.Random(8)
    for text in ('{"', "|", "=,", '{"STATUS":', "\\", '"' * 5):
        sections("".join(rng.choice(text) for _ in range(5000)))


@pytest.mark.parametrize("reply", [
    b'{"STATUS":[{"STATUS":"S","Code":11,"Description":"cgminer 4.11.1"}],"SUMMARY":[{"GHS av":95000.25}],"id":1}\0',
    b"STATUS=S,Code=11,Description=cgminer 4.11.1|SUMMARY,Elapsed=9,GHS av=95000.25|\0",
    b"NAME=ccminer;VER=2.3.1;ALGO=lyra2v2;KHS=51234.11;ACC=120|\0",
])
def test_what_a_gap_cuts_is_not_told(reply):
    """Values are told whole or not at all, wherever bytes are missing or the reply ends."""
    asked = b'{"command":"summary"}' if reply[:1] == b"{" else b"summary|"
    whole = told(reports([(C, asked), (S, reply)])[1][0])
    for at in range(1, len(reply)):
        for size in (1, 4, 30, len(reply)):
            turns = [(C, asked), (S, reply[:at]), (S, min(size, len(reply) - at)), (S, reply[at + size :])]
            for seen in reports([turn for turn in turns if turn[1]])[1]:
                assert told(seen).items() <= whole.items(), (at, size)


def test_damage_never_raises():
    dialogues = [[(C, asked), (S, answer.encode())] for asked, answer, _, _ in SOCKETS.values()]
    for seed in range(40):
        rng = random.Random(seed)
        for turns in (*dialogues, CLAYMORE):
            play(Payload(), damaged(turns, rng), seed=seed)
        for turns, _, _ in PAGES.values():
            play(Http(HttpMining(), Recorder), damaged(turns, rng), seed=seed)


def test_a_whatsminer_is_told_by_its_reply_alone():
    reply = b'{"STATUS":[{"STATUS":"S","Code":11,"Description":"btminer"}],"SUMMARY":[{"MHS av":88e6}],"id":1}'
    names, seen = reports([(S, reply)])
    assert (names, [told(one)["agent"] for one in seen]) == (["whatsminer-api"], ["btminer"])
