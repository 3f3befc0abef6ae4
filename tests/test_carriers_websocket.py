"""WebSocket: messages in every framing and cut, compressed or not, with gaps, from the middle, and garbage."""

import random
import struct
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.http import Http
from netminer_detect.carriers.opening import Opening
from netminer_detect.carriers.websocket import ENOUGH_LOST, MAX_MESSAGE, WebSocket, begins_websocket
from tests.delivery import MARK, C, Recorder, S, damaged, play

JOB = b'{"type":"job","params":{"job_id":"1"}}'
SUBMIT = b'{"type":"submit","params":{"nonce":"00000001"}}'
MASK = b"\x11\x22\x33\x44"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def encode(payload, mask=None, opcode=TEXT, final=True, rsv=0):
    """One frame (RFC 6455, 5.2), by the book."""
    first, masked = final << 7 | rsv << 4 | opcode, 0x80 if mask else 0
    if len(payload) < 126:
        head = struct.pack(">BB", first, masked | len(payload))
    elif len(payload) < 1 << 16:
        head = struct.pack(">BBH", first, masked | 126, len(payload))
    else:
        head = struct.pack(">BBQ", first, masked | 127, len(payload))
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


class Kept:
    """A handler that keeps what it is told."""

    def __init__(self):
        self.messages, self.gaps, self.closed, self.done = {C: [], S: []}, [], False, False

    def message(self, side, data, mark):
        assert not self.closed
        self.messages[side].append(data)
        return []

    def gap(self, side):
        self.gaps.append(side)
        return []

    def close(self):
        self.closed = True
        return []


def listen(turns, **how):
    kept = Kept()
    play(WebSocket(kept), turns, **how)
    assert kept.closed
    return kept


@pytest.mark.parametrize("step", [0, 1, 5])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, MAX_MESSAGE])
def test_frames_of_every_length(size, step):
    payload = random.Random(size).randbytes(size)
    kept = listen([(C, encode(payload, MASK) + encode(SUBMIT, MASK)), (S, encode(payload) + encode(JOB))], step=step)
    assert kept.messages == {side: [part for part in (payload, last) if part] for side, last in ((C, SUBMIT), (S, JOB))}


@pytest.mark.parametrize("step", [0, 1, 3])
def test_fragments_with_control_frames_between(step):
    pieces = [encode(JOB[:5], final=False), encode(b"are you there", opcode=PING), encode(b"", opcode=0, final=False),
              encode(JOB[5:20], opcode=0, final=False), encode(b"", opcode=PONG), encode(JOB[20:], opcode=0),
              encode(SUBMIT, opcode=BINARY), encode(b"\x03\xe8bye", opcode=CLOSE)]  # fmt: skip
    assert listen([(S, b"".join(pieces))], step=step).messages[S] == [JOB, SUBMIT]


def compress(stream, text, flush=zlib.Z_SYNC_FLUSH):
    """A message of permessage-deflate (RFC 7692, 7.2.1)."""
    data = stream.compress(text) + stream.flush(flush)
    return data.removesuffix(b"\x00\x00\xff\xff")


@pytest.mark.parametrize("bits", [9, 12, 15])
@pytest.mark.parametrize("takeover", [True, False])
def test_compressed_messages(takeover, bits):
    texts = [JOB, SUBMIT, JOB * 30, JOB, b'{"other":1}']
    stream, frames = zlib.compressobj(wbits=-bits), []
    for text in texts:
        data = compress(stream, text)
        half = len(data) // 2
        frames += [encode(data[:half], final=False, rsv=4), encode(data[half:], opcode=0)]
        stream = stream if takeover else zlib.compressobj(wbits=-bits)
    # Uncompressed messages may stand between compressed ones.
    frames.insert(4, encode(b"plain"))
    assert listen([(S, b"".join(frames))], step=7).messages[S] == [*texts[:2], b"plain", *texts[2:]]


def test_compressed_message_that_ends_its_stream():
    data = [compress(zlib.compressobj(wbits=-15), JOB, zlib.Z_FINISH) for _ in range(3)]
    assert listen([(S, b"".join(encode(each, rsv=4) for each in data))]).messages[S] == [JOB] * 3


def test_lost_window_gives_no_other_text():
    rng = random.Random(2)
    texts = [b'{"n":%d,"text":"%s"}' % (n, rng.randbytes(40).hex().encode()) * 2 for n in range(12)]
    stream = zlib.compressobj(wbits=-15)
    frames = [encode(compress(stream, text), rsv=4) for text in texts]
    for lost in range(12):
        turns = [(S, len(frame) if n == lost else frame) for n, frame in enumerate(frames)]
        assert set(listen(turns).messages[S]) <= set(texts)


def test_bomb_is_passed_over():
    bomb = compress(zlib.compressobj(9, wbits=-15), bytes(50 << 20))
    began = time.process_time()
    kept = listen([(S, encode(bomb, rsv=4) + encode(JOB))])
    assert kept.messages[S] == [JOB]
    assert time.process_time() - began < 1


def test_long_messages_are_passed_over():
    long = b"x" * (MAX_MESSAGE + 1)
    turns = [(S, encode(long) + encode(JOB)), (S, encode(long[:-1], final=False) + encode(b"xx", opcode=0)),
             (S, encode(JOB))]  # fmt: skip
    assert listen(turns, step=1448).messages[S] == [JOB, JOB]


def test_gap_within_a_frame_keeps_the_framing():
    frame = encode(b'{"a":"' + b"x" * 300 + b'"}')
    for cut in range(4, len(frame)):
        kept = listen([(S, frame[:cut]), (S, 1), (S, frame[cut + 1 :] + encode(JOB))])
        assert kept.messages[S] == [JOB]
        assert kept.gaps == [S]


def test_gap_over_heads_waits_for_a_segment_that_begins_a_frame():
    frames = [encode(b'{"n":"%d"}' % n) for n in range(6)]
    kept = listen([(S, frames[0] + frames[1][:1]), (S, len(frames[1]) - 1 + 3), (S, frames[2][3:]), (S, frames[3]),
                   (S, frames[4] + frames[5])])  # fmt: skip
    assert kept.messages[S] == [b'{"n":"0"}', b'{"n":"3"}', b'{"n":"4"}', b'{"n":"5"}']


def test_gap_in_a_fragmented_message_loses_it_alone():
    turns = [(S, encode(JOB[:9], final=False)), (S, 15), (S, encode(JOB[9:], opcode=0)), (S, encode(SUBMIT))]
    assert listen(turns).messages[S] == [SUBMIT]


@pytest.mark.parametrize("frame", [
    encode(JOB, opcode=3), encode(JOB, rsv=2), encode(JOB, opcode=PING, final=False), encode(JOB * 4, opcode=PING),
    encode(JOB, opcode=0), b"\x81\xff" + b"\xff" * 12,
])  # fmt: skip
def test_what_is_no_frame_loses_the_framing(frame):
    assert listen([(S, frame), (S, b"noise"), (S, encode(JOB)), (C, encode(SUBMIT, MASK))]).messages[S] == [JOB]


def test_begins():
    long = b'{"id":1,"jsonrpc":"2.0","method":"x","params":[' + b"1," * 200 + b"1]}"
    for text in (JOB, long, b'  {  "a": 12345678}', b'42["start",{}]', b"suu9sLms6/Pr", b"{\n  \r\n  \t  }"):
        for mask in (None, MASK, bytes(4)):
            whole = encode(text, mask)
            assert begins_websocket(whole[:64]) is True
            assert all(begins_websocket(whole[:cut]) is not False for cut in range(1, 20))
    for other in (b"\x81", b"\x81\x7e", b"\x81\x7e\x01", b"\x81\x02{}", encode(b"hello, world"),
                  encode(b'["a","b","c"]'), encode(JOB, opcode=BINARY), encode(JOB, final=False),
                  encode(JOB, rsv=4), b"\x82" + JOB):  # fmt: skip
        assert begins_websocket(other) is not True


def test_from_the_middle():
    kept = Kept()
    opening = Opening(Recorder, lambda: lambda message: [], lambda request: WebSocket(kept))
    play(opening, [(C, encode(SUBMIT, MASK)), (S, encode(JOB * 4)), (C, encode(SUBMIT, MASK))])
    assert opening.carriers == ("tcp", "websocket")
    assert kept.messages == {C: [SUBMIT, SUBMIT], S: [JOB * 4]}


UPGRADE = b"GET /proxy HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize("step", [0, 1, 9])
@pytest.mark.parametrize("swap", [False, True])
def test_behind_http(step, swap):
    frames = [(C, encode(SUBMIT, MASK)), (S, encode(JOB))]
    for turns, target in (
        ([(C, UPGRADE), (S, SWITCH), *frames], "/proxy"),
        ([(C, UPGRADE), *frames], "/proxy"),  # the server's head was not captured
        ([(C, UPGRADE), (S, len(SWITCH)), *frames[::-1]], "/proxy"),
        ([(S, SWITCH), *frames], None),
    ):
        kept, requests = Kept(), []
        reader = Http(lambda message: [], Recorder, lambda request: requests.append(request) or WebSocket(kept))  # noqa: B023
        play(reader, [(side.other if swap else side, data) for side, data in turns], step=step)
        assert [request and request.target for request in requests] == [target]
        assert kept.messages[C.other if swap else C] == [SUBMIT]
        # Behind what was lost, frames are told by the segments that they begin.
        if (S, SWITCH) in turns or (len(turns) == 4 and not step):
            assert kept.messages[S.other if swap else S] == [JOB]


def test_refused_upgrade_is_followed_by_requests():
    seen = []
    reader = Http(lambda message: seen.append(message) or [], Recorder, lambda request: WebSocket(Kept()))
    refusal = b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno"
    play(reader, [(C, UPGRADE), (S, refusal), (C, b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"),
                  (S, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")], step=3)
    assert [(one.method or one.status, one.body) for one in seen] == [(426, b"no"), ("POST", b"{}"), (200, b"[]")]
    assert reader.carrier == "http"


def test_done():
    kept = Kept()
    reader = WebSocket(kept)
    play(reader, [(S, bytes(ENOUGH_LOST + 2000))], 1448, close=False)
    assert reader.done
    reader = WebSocket(kept)
    kept.done = True
    assert reader.done


@given(st.binary(max_size=400), st.integers(0, 2**32))
def test_garbage_never_raises(data, seed):
    listen([(C, data), (S, data), (C, 5), (C, data)], seed=seed)


def test_damaged_streams_invent_no_message():
    texts = [b'{"n":%d,"text":"%s"}' % (n, b"y" * n * 5) for n in range(20)]
    turns = [(side, encode(text, MASK if side is C else None)) for text in texts for side in (C, S)]
    for seed in range(300):
        rng = random.Random(seed)
        gaps = [(side, data) if rng.random() > 0.2 else (side, len(data)) for side, data in turns]
        kept = listen(gaps, seed=seed)
        assert set(kept.messages[C] + kept.messages[S]) <= set(texts)
        listen(damaged(turns, rng), seed=seed)


def test_many_small_pieces_are_read_in_time():
    reader = WebSocket(Kept())
    began = time.process_time()
    for byte in encode(b"x" * 60_000):
        reader.data(S, bytes((byte,)), MARK)
    for _ in range(20_000):
        reader.data(S, encode(b"x", final=False), MARK)
    assert time.process_time() - began < 2
