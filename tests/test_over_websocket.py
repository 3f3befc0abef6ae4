"""WebSocket messages: how each becomes a line, what is mining and what only looks like it, and hostile values."""

import base64
import copy
import json
import random
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.websocket import WebSocket
from netminer_detect.dialects.over_websocket import WebSocketMining, as_line, read_websocket
from netminer_detect.observations import DialectRecognised, ShareAnswered, WorkerLogin
from tests.conversations import as_capture, load, names, websocket_frame
from tests.delivery import MARK, C, S, play
from tests.expectations import mistakes
from tests.scenes import scan

HEX64, BLOB = "ab" * 32, "0c" * 76


class Kept:
    """A handler that keeps messages."""

    done = False

    def __init__(self):
        self.messages = []

    def message(self, side, data, mark):
        self.messages.append((side, data))
        return []

    def gap(self, side):
        return []

    def close(self):
        return []


def said(*messages):
    reader, found = WebSocketMining(None), []
    for side, message in messages:
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        found += reader.message(side, data, MARK)
    return found + reader.close()


@pytest.mark.parametrize(("message", "line"), [
    (b'{"a":1}', {"a": 1}), (b'{"a":1}\n', {"a": 1}), (b'"block_accepted"', {"block_accepted": None}),
    (b'42["can start"]', {"event": "can start", "argument": None}),
    (b'42/mine,17["start",{"a":[1]},2]', {"event": "start", "argument": {"a": [1]}}),
    (base64.b64encode(bytes(byte ^ 0xC9 for byte in b'{"type":"x"}')), {"type": "x"}),
    (base64.b64encode(bytes(byte ^ 0x01 for byte in b'{"type":"x"} ')), {"type": "x"}),
    (base64.b64encode(b'{"type":"plain"}'), {"type": "plain"}),
])  # fmt: skip
def test_message_as_line(message, line):
    assert json.loads(as_line(message)) == line


@pytest.mark.parametrize("message", [
    b"", b"2", b"3probe", b"40", b'0{"sid":"x"}', b"42", b"42[", b"42{}", b"42[]", b'43["a"]', b"hello",
    b"QUJDREVGR0hJSktMTU5PUA==", b"42[" + b"[" * 20_000, b'42["a",' + b"9" * 5000 + b"]", b"AAAA" * 4000,
])  # fmt: skip
def test_what_says_no_line(message):
    assert as_line(message) == message


@pytest.mark.parametrize("messages", [
    # A browser's tools, whose frames may quote mining in strings.
    [(C, {"id": 1, "method": "Page.enable"}),
     (S, {"method": "Network.webSocketFrameSent", "params": {"response": {"payloadData": '{"type":"auth"}'}}})],
    # Chats, games, queues.
    [(C, {"type": "auth", "params": {"token": "x", "user": "y"}}), (S, {"type": "authed", "params": {"hashes": "x"}})],
    [(S, {"type": "job", "params": {"job_id": "17", "title": "Engineer"}}),
     (C, {"type": "submit", "params": {"job_id": "17", "result": "cv.pdf", "nonce": "abc"}})],
    [(C, {"type": "auth", "params": {"site_key": "6Lc_aX0UAAAA", "action": "login"}})],
    [(C, {"identifier": "handshake", "pool": "eu-west", "login": "bob"}), (S, {"identifier": "error", "param": "x"})],
    [(C, {"identifier": "handshake", "version": 3}), (S, {"identifier": "job", "job_id": "x", "target": "all"})],
    [(C, b'42["start",{"game":"chess"}]'), (S, b'42["work",{"jobId":"7","target":"lobby"}]'),
     (C, b'42["submit",{"jobId":"7","nonce":"x"}]')],
    [(S, b'42["can start"]'), (C, b'42["start",{}]')],
    [(C, {"message": "register", "address": "Main St 1"}), (C, {"message": "share", "url": "x"}),
     (S, {"message": "settings", "target": "screen"})],
    # An Ethereum node's subscriptions and a wallet's calls.
    [(C, {"id": 1, "method": "eth_subscribe", "params": ["newHeads"]}), (S, {"id": 1, "result": "0xcd0c3e8af590364c"}),
     (S, {"method": "eth_subscription", "params": {"subscription": "0x1", "result": {"hash": "0x" + HEX64,
          "nonce": "0x" + "00" * 8, "mixHash": "0x" + HEX64, "difficulty": "0x20000"}}})],
    [(C, {"id": 1, "method": "eth_subscribe", "params": ["logs", {"topics": ["0x" + HEX64]}]}),
     (S, {"method": "eth_subscription", "params": {"result": ["0x" + HEX64, "0x" + HEX64]}})],
    [(S, {"jobid": "3", "difficulty": 4, "height": 5, "blockhashing_blob": "none", "miniblocks": 0})],
    [(C, {"Method": "StratumSubmit", "Nonce": "abc"}), (S, {"MessageType": 501, "PublicKey": "none", "Title": "cook"}),
     (S, {"MessageType": 502, "Success": True})],
    [(S, {"new_job": {"title": "cook", "difficulty": "easy"}}), (S, b'"block_accepted"')],
    [(C, base64.b64encode(bytes(byte ^ 0xC9 for byte in b'{"type":"chat","params":{"text":"hi"}}')))],
])  # fmt: skip
def test_lookalike_is_no_mining(messages):
    assert said(*messages) == []


def test_duino_coin_in_websocket():
    found = said((S, b"3.0"), (C, b"JOB,user,LOW,key"), (S, b"a1" * 20 + b"," + b"b2" * 20 + b",6"),
                 (C, b"57,180.2,Official Web Miner 3.4,None,,9"), (S, b"GOOD"))
    assert [one.dialect for one in found if isinstance(one, DialectRecognised)] == ["duino-coin"]
    assert [one.accepted for one in found if isinstance(one, ShareAnswered)] == [True]
    assert said((S, b"3.0"), (C, b"JOBS,please"), (S, b"GOOD")) == []


def test_an_account_and_a_user_under_it():
    """webminerpool's servers know sites by a login of their own, and users of a site."""
    greeting = {"identifier": "handshake", "loginid": "49f8d36c", "password": "web", "userid": "u7", "version": 8}
    found = said((C, greeting), (S, {"identifier": "job", "job_id": "1", "blob": BLOB, "target": "da000000"}))
    assert [(one.user, one.worker) for one in found if isinstance(one, WorkerLogin)] == [("49f8d36c", "u7")]


def test_plain_stratum_in_websocket():
    """Pools for pages put their lines into messages as they are."""
    for name, dialect in (("stratum_v1_btc", "stratum-v1"), ("monero_xmrig", "monero-json-rpc"), ("kaspa", "kaspa")):
        found = said(*[(C if line.by_client else S, line.data) for line in load(name).lines])
        assert {one.dialect for one in found if isinstance(one, DialectRecognised)} == {dialect}
        answers = [one.accepted for one in found if isinstance(one, ShareAnswered)]
        assert answers.count(True) == load(name).expected["accepted"]


@pytest.mark.parametrize("name", ["coinhive_ws", "nimiq_pool_ws", "socketio_yespower_minotaurx", "dero_getwork_wss"])
def test_browsers_compress_what_they_send(tmp_path, name):
    conversation, streams = load(name), {True: zlib.compressobj(wbits=-15), False: zlib.compressobj(wbits=-15)}
    lines = list(conversation.lines[:2])
    for line in conversation.lines[2:]:
        kept = Kept()
        play(WebSocket(kept), [(C if line.by_client else S, line.data)])
        ((_, text),) = kept.messages
        stream = streams[line.by_client]
        data = (stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")
        frame = bytearray(websocket_frame(data, b"abcd" if line.by_client else None))
        frame[0] |= 0x40
        lines.append(replace(line, data=bytes(frame)))
    capture = tmp_path / "compressed.pcap"
    capture.write_bytes(as_capture(replace(conversation, lines=tuple(lines)), "segments"))
    assert mistakes(scan(capture), conversation.expected) == []


# Duino-Coin's messages are no objects.
WEBSOCKET = [name for name in names() if load(name).expected["dialect"] != "duino-coin" and any(
    line.data.startswith(b"GET ") and b"pgrade: websocket" in line.data for line in load(name).lines)]
ODD = [None, True, -1, 0, 2**70, 1e400, "", "x" * 300, "0", "-5", [], {}, [[]], {"a": {}}, ["x"], "ab" * 40, "0x", 1.5]


def mutated(value, rng):
    """A copy of JSON with one node replaced, doubled or taken out."""
    value = copy.deepcopy(value)
    spot = value
    while isinstance(spot, dict) and spot:
        key = rng.choice(list(spot))
        if isinstance(spot[key], dict) and rng.random() < 0.7:
            spot = spot[key]
            continue
        if rng.random() < 0.2:
            del spot[key]
        elif isinstance(spot[key], list) and spot[key] and rng.random() < 0.7:
            spot[key][rng.randrange(len(spot[key]))] = rng.choice(ODD)
        else:
            spot[key] = rng.choice(ODD)
        break
    return value


@pytest.mark.parametrize("name", WEBSOCKET)
def test_odd_values_never_raise(name):
    kept = Kept()
    play(WebSocket(kept), [(C if line.by_client else S, line.data) for line in load(name).lines[2:]])
    bodies = [(side, json.loads(as_line(data))) for side, data in kept.messages if as_line(data)[:1] == b"{"]
    assert [one for one in said(*bodies) if isinstance(one, DialectRecognised)]
    for seed in range(150):
        rng = random.Random(seed)
        said(*[(side, mutated(body, rng) if rng.random() < 0.5 else body) for side, body in bodies])
        said(*[(side.other, body) for side, body in bodies])
        rng.shuffle(bodies)


@given(st.lists(st.tuples(st.sampled_from([C, S]), st.binary(max_size=60)), max_size=40))
def test_garbage_says_nothing(messages):
    assert not [one for one in said(*messages) if isinstance(one, DialectRecognised)]


def test_connection_that_says_nothing_is_given_up():
    reader = read_websocket(None)
    for _ in range(40):
        reader.data(S, b'\x81\x0b{"a":"chat"', MARK)
        reader.data(S, b"\x81\x05hello", MARK)
    assert reader.done
