"""First bytes: the right carrier, in any nesting and any cut; everything else goes to the lines reader."""

import json
import pathlib
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.opening import MAX_DEPTH, Opening
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Malformed
from tests.delivery import MARK, C, Recorder, S, damaged, names, play

CONVERSATIONS = pathlib.Path(__file__).resolve().parents[2] / "shared" / "conversations"
LINE, ANSWER = b'{"id":1,"method":"mining.subscribe"}\n', b'{"id":1,"result":true}\n'
SOCKS_C, SOCKS_S = b"\x05\x01\x00\x05\x01\x00\x03\x07proxy-2\x04\x38", b"\x05\x00\x05\x00\x00\x01" + bytes(6)
CONNECT = b"CONNECT pool.example:3333 HTTP/1.1\r\n\r\n"
OPENED = b"HTTP/1.1 200 OK\r\n\r\n"
PROXY = b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 3333\r\n"
POST = b"POST / HTTP/1.1\r\nHost: node.example\r\nContent-Length: 2\r\n\r\n{}"
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


class Flow:
    """An Opening with the readers it made."""

    def __init__(self, upgrade=False):
        self.lines, self.messages, self.requests = [], [], []
        self.opening = Opening(self.line_reader, lambda: self.handle, self.upgraded if upgrade else None)

    def line_reader(self):
        self.lines.append(Recorder())
        return self.lines[-1]

    def upgraded(self, request):
        self.requests.append(request)
        return self.line_reader()

    def handle(self, message):
        self.messages.append(message)
        return [Malformed(Evidence(message.mark, message.side, "seen", ""))]

    def play(self, turns, **how):
        return play(self.opening, turns, **how)

    @property
    def result(self):
        read = [(one.seen, one.gaps) for one in self.lines]
        return self.opening.carriers, read, [(m.method, m.status, m.body) for m in self.messages]


@pytest.mark.parametrize(("turns", "carriers"), [
    ([], ("tcp",)), ([(C, PROXY)], ("tcp", "proxy-protocol")), ([(C, SOCKS_C), (S, SOCKS_S)], ("tcp", "socks")),
    ([(C, CONNECT), (S, OPENED)], ("tcp", "connect")),
    ([(C, PROXY + SOCKS_C), (S, SOCKS_S), (C, CONNECT), (S, OPENED)], ("tcp", "proxy-protocol", "socks", "connect")),
])  # fmt: skip
def test_lines_within_carriers(turns, carriers):
    for step in (0, 1, 3):
        for swap in (False, True):
            flow = Flow()
            dialogue = [*turns, (C, LINE), (S, ANSWER), (C, b"x")]
            flow.play([(side.other if swap else side, data) for side, data in dialogue], step=step)
            assert flow.opening.carriers == carriers
            seen = flow.lines[-1].seen
            assert (seen[S if swap else C], seen[C if swap else S]) == (LINE + b"x", ANSWER)
            assert flow.lines[-1].closed


def test_http():
    for step in (0, 1):
        flow = Flow()
        said = flow.play([(C, POST), (S, REPLY)], step=step)
        assert names(said) == [("http", "node.example", None)]
        assert flow.result == (("tcp", "http"), [], [("POST", None, b"{}"), (None, 200, b"[]")])


REFUSAL, ALERT = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400", b"\x15\x03\x01\x00\x02\x02\x46"


@pytest.mark.parametrize("refusal", [REFUSAL, ALERT], ids=["http", "tls"])
def test_a_refusal_takes_no_lines_over(refusal):
    """How web servers answer a miner that dialled them: what it said is read all the same."""
    for step in (0, 1):
        flow = Flow()
        flow.play([(C, LINE), (S, refusal)], step=step)
        assert flow.opening.carriers == ("tcp",)
        assert [one.seen for one in flow.lines] == [{C: LINE, S: refusal}]


@pytest.mark.parametrize("answer", [REPLY, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"])
def test_other_answers_take_over(answer):
    """The capture began within a request."""
    for step in (0, 1):
        flow = Flow()
        flow.play([(C, b'{"some": "body"}'), (S, answer), (C, POST)], step=step)
        assert flow.opening.carriers == ("tcp", "http")
        assert [method for method, _, _ in flow.result[2]] == [None, "POST"]


def test_http_within_connect_within_http():
    flow = Flow()
    flow.play([(C, CONNECT), (S, OPENED), (C, POST), (S, REPLY)], step=1)
    assert flow.result == (("tcp", "connect", "http"), [], [("POST", None, b"{}"), (None, 200, b"[]")])


def test_websocket():
    flow = Flow(upgrade=True)
    flow.play([(C, SOCKS_C), (S, SOCKS_S), (C, b"GET /proxy HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
               (S, b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x00")])  # fmt: skip
    assert flow.opening.carriers == ("tcp", "socks", "websocket")
    assert flow.lines[0].seen[S] == b"\x81\x00"


def test_depth_is_bounded():
    flow = Flow()
    flow.play([(C, PROXY * (MAX_DEPTH + 2) + LINE)], step=1)
    assert flow.opening.carriers == ("tcp", *["proxy-protocol"] * MAX_DEPTH)
    assert flow.lines[0].seen[C] == PROXY * 2 + LINE




def hello(name=b"pool.example"):
    entry = b"\x00" + len(name).to_bytes(2, "big") + name
    listed = len(entry).to_bytes(2, "big") + entry
    extensions = b"\x00\x00" + len(listed).to_bytes(2, "big") + listed
    body = b"\x03\x03" + bytes(33) + b"\x00\x02\xc0\x2b\x01\x00" + len(extensions).to_bytes(2, "big") + extensions
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


@pytest.mark.parametrize("turns", [
    [(C, hello()), (S, b'{"error":"plain text"}\n')], [(S, b"welcome\n"), (C, hello())], [(S, hello()), (C, b"no")],
])  # fmt: skip
def test_tls_answered_in_plain_text(turns):
    for step in (0, 1):
        flow = Flow()
        assert names(flow.play(turns, step=step, close=False)) == [("tls", "pool.example", None)]
        assert flow.opening.carriers == ("tcp", "tls")
        assert flow.opening.done


def test_capture_that_begins_within_an_answer():
    for step in (0, 1):
        flow = Flow()
        flow.play([(S, b'00"}]}'), (C, POST), (S, REPLY)], step=step)
        assert flow.opening.carriers == ("tcp", "http")
        assert [m.body for m in flow.messages] == [b"{}", b"[]"]


def test_lines_that_said_something_stay():
    class Speaker(Recorder):
        def data(self, side, data, mark):
            super().data(side, data, mark)
            return [Malformed(Evidence(mark, side, "x", ""))] if side is S and b"\n" in data else []

    inner = Speaker()
    opening = Opening(lambda: inner, Recorder)
    play(opening, [(S, ANSWER), (C, POST)], 1)
    assert opening.carriers == ("tcp",)
    assert inner.seen == {C: POST, S: ANSWER}


def test_done_waits_for_both_sides():
    flow = Flow()
    flow.play([(S, b"junk")], close=False)
    flow.lines[0].done = True
    assert not flow.opening.done
    flow.play([(C, b"junk")], close=False)
    assert flow.opening.done
    flow = Flow()
    flow.play([(S, bytes(70_000))], close=False)
    flow.lines[0].done = True
    assert flow.opening.done


@pytest.mark.parametrize("head", [b"PO", b"\x05", b"\x16\x03", b"\r\n\r\n", b"H", b"\x04\x01\x0d\x05\x01\x02\x03\x04"])
def test_unclear_heads_go_to_lines_at_the_end(head):
    flow = Flow()
    flow.play([(C, head)], step=1)
    assert flow.lines[0].seen[C] == head
    flow = Flow()
    flow.play([(C, 5), (C, 6), (C, head), (C, 7), (C, LINE)])
    assert flow.lines[0].seen[C] == head + LINE
    assert flow.lines[0].gaps[C] == 18


def test_nothing_is_made_of_nothing():
    flow = Flow()
    assert flow.play([(C, 3), (S, 4)]) == []
    assert flow.lines == []


def test_marks_of_what_was_held():
    marks = []
    inner = Recorder()
    inner.data = lambda side, data, mark: marks.append((data, mark.frame)) or []
    opening = Opening(lambda: inner, Recorder)
    for frame, byte in enumerate(b"POX"):
        opening.data(C, bytes([byte]), Mark(0, frame, None, None))
    assert marks == [(b"P", 0), (b"O", 1), (b"X", 2)]


DIALOGUE = [(C, PROXY + SOCKS_C), (S, SOCKS_S), (C, CONNECT), (S, OPENED), (C, POST), (S, REPLY), (C, LINE)]


def test_damage_reads_alike_in_any_cut():
    rng = random.Random(2)
    for seed in range(300):
        broken = damaged(DIALOGUE, rng)
        results = []
        for how in ({}, {"step": 1}, {"seed": seed}):
            flow = Flow()
            said = flow.play(broken, **how)
            results.append((said, flow.result))
        assert results[0] == results[1] == results[2]


PIECES = st.sampled_from([one for _, one in DIALOGUE] + [hello(), hello()[:9], b"\x05", b"\r\n", b"P"])


@given(st.lists(st.tuples(st.sampled_from([C, S]), PIECES | st.binary(max_size=80) | st.integers(1, 99)), max_size=8))
def test_garbage(turns):
    whole, bitwise = Flow(), Flow()
    assert whole.play(turns) == bitwise.play(turns, step=1)
    assert whole.result == bitwise.result


def test_flow_of_nothing_is_cheap():
    """20 microseconds; ten times that here, since the machines of a test suite are busy."""
    inner = Recorder()
    start = time.process_time()
    for _ in range(2000):
        opening = Opening(lambda: inner, Recorder)
        opening.data(C, b"SSH-2.0-OpenSSH_9.2\r\n", MARK)
        opening.data(S, b"SSH-2.0-OpenSSH_9.6\r\n", MARK)
        inner.seen = {C: b"", S: b""}
    assert time.process_time() - start < 2000 * 200e-6


def conversation(name):
    turns = []
    for line in (CONVERSATIONS / f"{name}.jsonl").read_text().splitlines():
        entry = json.loads(line)
        data = entry["data"]
        if entry.get("enc") == "hex":
            raw = bytes.fromhex(data)
        else:
            raw = data.encode() if isinstance(data, str) else json.dumps(data, separators=(",", ":")).encode() + b"\n"
        turns.append((C if entry["from"] == "miner" else S, raw))
    return turns


@pytest.mark.skipif(not CONVERSATIONS.is_dir(), reason="no conversations at hand")
@pytest.mark.parametrize(("name", "carriers", "basis"), [
    ("socks5_then_stratum", ("tcp", "socks"), ["socks"]), ("getwork_http", ("tcp", "http"), ["http"]),
    ("gbt_solo_http", ("tcp", "http"), ["http"]), ("stratum_v1_btc", ("tcp",), []), ("sv2_noise", ("tcp",), []),
    ("monero_daemon_solo_http", ("tcp", "http"), ["http"]), ("duinocoin_pc", ("tcp",), []),
])  # fmt: skip
def test_conversations(name, carriers, basis):
    turns = conversation(name)
    whole, bitwise = Flow(), Flow()
    said = whole.play(turns)
    assert said == bitwise.play(turns, step=1)
    assert whole.result == bitwise.result
    assert whole.opening.carriers == carriers
    assert [one[0] for one in names(said)] == basis
    if carriers[-1] == "http":
        assert len(whole.messages) == len([turn for turn in turns if turn[1]])
        assert all(m.request for m in whole.messages if m.status)
