"""HTTP: messages, their pairing, bodies in every framing, tunnels, gaps and garbage."""

import gzip
import random
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.http import ENOUGH, MAX_WAITING, Http
from netminer_detect.carriers.http_message import MAX_BODY, MAX_WAITING_BODY
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Malformed
from tests.delivery import MARK, C, Recorder, S, damaged, names, play

ASK = b'POST / HTTP/1.1\r\nHost: Pool.Example:8332\r\nContent-Length: 20\r\n\r\n{"method":"getwork"}'
TELL = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"result":true}'


class Seen:
    """A handler that keeps messages; `useful` makes it say something each time."""

    def __init__(self, useful=True):
        self.messages = []
        self.useful = useful

    def __call__(self, message):
        self.messages.append(message)
        return [Malformed(Evidence(message.mark, message.side, "seen", ""))] if self.useful else []

    @property
    def brief(self):
        return [(m.method or m.status, m.body, m.body_truncated, m.request and m.request.target) for m in self.messages]


def listen(turns, useful=True, **how):
    seen, inner = Seen(useful), Recorder()
    said = play(Http(seen, lambda: inner), turns, **how)
    return seen, inner, said


@pytest.mark.parametrize("step", [0, 1, 7])
def test_request_and_response(step):
    seen, _, said = listen([(C, ASK), (S, TELL)], step=step)
    assert seen.brief == [("POST", b'{"method":"getwork"}', False, None), (200, b'{"result":true}', False, "/")]
    assert seen.messages[1].request is seen.messages[0]
    assert seen.messages[0].headers == {"host": "Pool.Example:8332", "content-length": "20"}
    assert names(said) == [("http", "pool.example", 8332)]


def test_pipelined_and_kept_alive():
    asks = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(5))
    seen, _, said = listen([(C, asks), (S, TELL * 5), (C, ASK), (S, TELL)], step=1)
    assert [m.request.target for m in seen.messages if m.status] == ["/0", "/1", "/2", "/3", "/4", "/"]
    assert names(said) == [("http", "a", None), ("http", "pool.example", 8332)]


JSON = b'{"result":{"data":"' + b"0" * 300 + b'"}}'
PACKED = gzip.compress(JSON)
OK = b"HTTP/1.1 200 OK\r\n"


def chunked(body, size=9):
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\nTrailer: x\r\n\r\n"


RAW = zlib.compressobj(wbits=-15)
BODIES = {
    "length": OK + b"Content-Length: %d\r\n\r\n" % len(JSON) + JSON,
    "bare LF": OK.replace(b"\r", b"") + b"Content-Length: %d\n\n" % len(JSON) + JSON,
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(JSON),
    "gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    "gzip chunked": OK + b"content-encoding: GZIP\r\ntransfer-encoding: chunked\r\n\r\n" + chunked(PACKED),
    "deflate": OK + b"Content-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(zlib.compress(JSON)),
    "bare deflate": OK + b"Content-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(RAW.compress(JSON) + RAW.flush()),
    "folded": OK + b"X-A: b\r\n  c\r\nContent-Length:\r\n %d\r\n\r\n" % len(JSON) + JSON,
    "continued": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: %d\r\n\r\n" % len(JSON) + JSON,
}  # fmt: skip


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("step", [0, 1])
def test_bodies(kind, step):
    seen, _, _ = listen([(C, ASK), (S, BODIES[kind]), (C, ASK), (S, TELL)], step=step)
    assert [one for one in seen.brief if one[0] == 200] == [
        (200, JSON, False, "/"), (200, b'{"result":true}', False, "/"),
    ]  # fmt: skip


def test_body_up_to_the_close():
    seen, _, _ = listen([(C, ASK), (S, b"HTTP/1.0 200 OK\r\n\r\n" + JSON)], step=3)
    assert seen.brief[-1] == (200, JSON, False, "/")


def test_body_without_a_length_is_over_at_the_next_request():
    endless = b'HTTP/1.0 200 OK\r\n\r\n{"result":'
    turns = [(C, ASK), (S, endless + b"1}"), (C, ASK), (S, endless + b"2}"), (C, ASK)]
    for step in (0, 1, 7):
        seen, _, _ = listen(turns, step=step)
        assert [(m.body, m.body_truncated, m.request.target) for m in seen.messages if m.status] == [
            (b'{"result":1}', False, "/"), (b'{"result":2}', False, "/")]


@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 200 OK"])
def test_responses_without_a_body(head):
    ask = b"HEAD / HTTP/1.1\r\n\r\n" if b"200" in head else ASK
    seen, _, _ = listen([(C, ask), (S, head + b"\r\nContent-Length: 99\r\n\r\n"), (C, ASK), (S, TELL)])
    assert [one[1] for one in seen.brief if one[0] != "POST" and one[0] != "HEAD"] == [b"", b'{"result":true}']


def test_request_whose_body_never_comes():
    seen, _, _ = listen([(C, b"POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"), (S, TELL)])
    assert seen.brief == [(200, b'{"result":true}', False, "/x"), ("POST", b"", True, None)]
    seen, _, _ = listen([(C, b"POST /x HTTP/1.1\r\nAuthorization: Basic eDp5\r\nConten")])
    assert seen.messages[0].headers == {"authorization": "Basic eDp5"}
    for turns in ([(C, ASK[:45])], [(C, ASK[:45]), (C, 20), (C, ASK[65:])]):
        seen, _, said = listen(turns, step=1)
        assert seen.brief == [("POST", b"", True, None)]
        assert names(said) == [("http", "pool.example", 8332)]


def test_inflation_is_bounded():
    bomb = gzip.compress(bytes(50 << 20))
    seen, _, _ = listen([(S, OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)])
    assert len(seen.messages[0].body) == MAX_BODY
    assert seen.messages[0].body_truncated
    broken = gzip.compress(random.Random(1).randbytes(9000))[:5000]
    seen, _, _ = listen([(S, OK + b"Content-Encoding: gzip\r\nContent-Length: 5000\r\n\r\n" + broken)])
    assert seen.messages[0].body_truncated
    assert len(seen.messages[0].body) > 4000


def test_big_body_is_cut_in_linear_time():
    body = b'{"a":"' + b"0" * (5 << 20) + b'"}'
    start = time.process_time()
    seen, _, _ = listen([(S, OK + b"Content-Length: %d\r\n\r\n" % len(body) + body), (S, TELL)], step=1448)
    assert time.process_time() - start < 1
    assert [one[2] for one in seen.brief] == [True, False]
    assert seen.messages[0].body == body[:MAX_BODY]


def test_waiting_requests_are_bounded():
    big = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % MAX_BODY + bytes(MAX_BODY)
    seen, reader = Seen(), None
    reader = Http(seen, Recorder)
    for _ in range(MAX_WAITING):
        reader.data(C, big, MARK)
        assert len(seen.messages.pop().body) == MAX_BODY
    reader.data(S, TELL, MARK)
    assert len(seen.messages[0].request.body) == MAX_WAITING_BODY
    for _ in range(2 * MAX_WAITING):
        reader.data(C, ASK, MARK)
    assert len(reader._pairing) <= MAX_WAITING


def test_hostile_heads():
    head = b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: %s\r\n" % (n, b"x" * 500) for n in range(900)) + b"\r\n"
    seen, _, _ = listen([(C, head), (C, ASK)])
    assert [m.method for m in seen.messages] == ["GET", "POST"]
    assert sum(map(len, seen.messages[0].headers.values())) <= 64 * 1024
    seen, _, _ = listen([(C, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000 + b"\r\n"), (C, ASK)])
    assert [m.method for m in seen.messages] == ["POST"]
    listen([(C, b"GET " + b"/" * 1_000_000), (C, b" HTTP/1.1\r\n" + b" " * 1_000_000)], step=1448)


@pytest.mark.parametrize("host", [b"", b"a b", b"\x1b[2J", b"x" * 300, b"[::1", b"a:b:c", b"\xff"])
def test_hosts_that_are_none(host):
    _, _, said = listen([(C, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")])
    assert names(said) == []


@pytest.mark.parametrize(("lines", "wanted"), [
    (b"GET / HTTP/1.1\r\nHost: [2001:DB8::1]:81\r\n\r\n", ("http", "2001:db8::1", 81)),
    (b"POST http://u:p@pool.example:9/x HTTP/1.0\r\n\r\n", ("connect", "pool.example", 9)),
    (b"GET / HTTP/1.1\r\nHost: pool.example.:0\r\n\r\n", ("http", "pool.example", None)),
    (b"GET /a b c HTTP/1.1\r\nHost: a, a\r\n\r\n", ("http", "a", None)),
    (b"CONNECT Pool.Example:3333 HTTP/1.1\r\n\r\n", ("connect", "pool.example", 3333)),
])  # fmt: skip
def test_hosts(lines, wanted):
    assert names(listen([(C, lines)])[2]) == [wanted]


CONNECT = b"CONNECT pool.example:3333 HTTP/1.1\r\nHost: pool.example:3333\r\n\r\n"
OPENED = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno"


@pytest.mark.parametrize(("turns", "inside"), [
    ([(C, CONNECT), (S, OPENED), (C, b"{a}\n"), (S, b"{b}\n")], (b"{a}\n", b"{b}\n")),
    ([(C, CONNECT + b"{a}\n"), (S, OPENED + b"{b}\n")], (b"{a}\n", b"{b}\n")),
    ([(C, CONNECT), (C, b"{a}\n")], (b"{a}\n", b"")), ([(S, OPENED), (S, b"{b}\n")], (b"", b"{b}\n")),
    ([(C, CONNECT), (S, REFUSED), (C, CONNECT), (S, OPENED), (C, b"GET /"), (S, b"x")], (b"GET /", b"x")),
    ([(C, CONNECT + b"G"), (S, OPENED), (C, b"E")], (b"GE", b"")), ([(S, OPENED), (C, b"{a}\n")], (b"{a}\n", b"")),
    ([(C, CONNECT), (S, REFUSED)], (b"", b"")),
])  # fmt: skip
def test_tunnels(turns, inside):
    for step in (0, 1, 5):
        seen, inner, said = listen(turns, step=step)
        assert (inner.seen[C], inner.seen[S]) == inside
        assert not [m for m in seen.messages if m.status == 200]
        assert names(said) == ([("connect", "pool.example", 3333)] if turns[0][0] is C else [])


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n"


def test_upgrade():
    for step in (0, 1):
        inner = Recorder()
        reader = Http(Seen(), Recorder, lambda request: inner)  # noqa: B023
        play(reader, [(C, UPGRADE), (S, SWITCH + b"\x81\x02{}"), (C, b"\x81\x82abcd{}")], step)
        assert inner.seen == {C: b"\x81\x82abcd{}", S: b"\x81\x02{}"}
        assert reader.carrier == "websocket"
    reader = Http(Seen(), Recorder)
    play(reader, [(C, UPGRADE), (S, SWITCH)], close=False)
    assert reader.done


def test_gap_within_a_body_keeps_the_framing():
    at = len(TELL) - 10
    seen, _, _ = listen([(C, ASK), (S, TELL[:at]), (S, 4), (S, TELL[at + 4 :]), (C, ASK), (S, TELL)], step=1)
    assert seen.brief[1] == (200, b'{"res', True, "/")
    assert seen.brief[3] == (200, b'{"result":true}', False, "/")


def test_gap_over_a_message_pairs_nothing_wrongly():
    asks = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(5)]
    tells = [b"HTTP/1.1 200 OK\r\nX: %d\r\nContent-Length: 1\r\n\r\n1" % n for n in range(5)]
    dialogue = [turn for pair in zip(asks, tells, strict=True) for turn in pair]
    for start in range(len(dialogue)):
        for size in (1, 5, 20, 400):
            turns = [(C if n % 2 == 0 else S, one) for n, one in enumerate(dialogue)]
            side, data = turns[start]
            turns[start : start + 1] = [(side, data[:8]), (side, size), (side, data[8 + size :])]
            seen, _, _ = listen(turns)
            for m in seen.messages:
                if m.status and m.request and "x" in m.headers:
                    assert m.request.target == "/" + m.headers["x"]
            assert seen.messages[-1].status == 200 or start >= 8


def test_start_behind_lost_bytes():
    seen, _, _ = listen([(C, 500), (C, b'ta":1}' + ASK), (S, b'sult":1}' + TELL)], step=1)
    assert [one[0] for one in seen.brief] == ["POST", 200]


def test_response_captured_before_its_request():
    turns = [(S, TELL), (C, b"GET /0 HTTP/1.1\r\n\r\n")]
    for n in range(1, 6):
        turns += [(C, b"GET /%d HTTP/1.1\r\n\r\n" % n), (S, TELL)]
    seen, _, _ = listen(turns)
    assert [m.request and m.request.target for m in seen.messages if m.status] == [None, None, "/2", "/3", "/4", "/5"]


def test_done_where_nothing_is_of_use():
    seen, _, _ = listen([(C, ASK * 20)], useful=False)
    assert len(seen.messages) == ENOUGH
    assert len(listen([(C, ASK * 20)])[0].messages) == 20
    reader = Http(Seen(useful=False), Recorder)
    play(reader, [(S, b"HTTP/1.0 200 OK\r\n\r\n"), (S, bytes(17 << 20))], 65536, close=False)
    assert reader.done
    reader = Http(Seen(), Recorder)
    play(reader, [(S, b"GET\n" * 20_000)], 1448, close=False)
    assert reader.done


def test_marks_name_the_frame_of_the_last_byte():
    seen = Seen()
    reader = Http(seen, Recorder)
    for frame, at in enumerate(range(0, len(ASK), 10), 1):
        reader.data(C, ASK[at : at + 10], Mark(0, frame, None, None))
    assert seen.messages[0].mark.frame == -(-len(ASK) // 10)


def test_damage_reads_alike_in_any_cut():
    rng = random.Random(9)
    turns = [(C, ASK), (S, BODIES["gzip chunked"]), (C, ASK * 2), (S, TELL + BODIES["folded"]), (C, CONNECT)]
    turns += [(S, OPENED), (C, b"{a}\n"), (S, b"{b}\n")]
    for seed in range(300):
        broken = damaged(turns, rng)
        seen = [listen(broken, **how) for how in ({}, {"step": 1}, {"seed": seed})]
        briefs = [(one.brief, inner.seen, said) for one, inner, said in seen]
        assert briefs[0] == briefs[1] == briefs[2]


PIECES = st.sampled_from([ASK, TELL, CONNECT, OPENED, UPGRADE, SWITCH, b"\r\n", b"0\r\n", OK, BODIES["chunked"], b"{"])


@given(st.lists(st.tuples(st.sampled_from([C, S]), PIECES | st.binary(max_size=80)), max_size=8))
def test_garbage(turns):
    turns = [turn for turn in turns if turn[1]]
    whole, bitwise = listen(turns), listen(turns, step=1)
    assert (whole[0].brief, whole[1].seen, whole[2]) == (bitwise[0].brief, bitwise[1].seen, bitwise[2])
