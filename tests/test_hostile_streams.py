"""What hostile ends may say inside a flow: nesting, endless lines, bytes that are no text. Read, bounded, escaped."""

import gc
import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from netminer_detect.cli import main
from netminer_detect.findings import Report
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.captures import pcap
from tests.conversations import START_NS, Conversation, Message, as_capture, connection, load
from tests.test_carriers_websocket import encode
from tests.wire import Path, frame

SIZE = 64 << 20
# What a flow may hold at a time: two directions out of order, two lines, the messages kept for judging.
BOUND = 12 << 20


def dialogue(*said: tuple[bool, bytes]) -> bytes:
    """A capture of (by the client, bytes) turns, a second apart."""
    lines = tuple(Message(at * 10**9, by_client, data) for at, (by_client, data) in enumerate(said))
    return as_capture(Conversation("made", lines, {"port": 3333}), "segments")


def scan(tmp_path, capture: bytes):
    path = tmp_path / "made.pcap"
    path.write_bytes(capture)
    return run_scan(ScanSettings(inputs=(str(path),)), None, lambda _: None).report


def line(**members: object) -> bytes:
    return json.dumps(members).encode() + b"\n"


SUBSCRIBE = line(id=1, method="mining.subscribe", params=["cgminer/4.11.1"])
SUBSCRIBED = line(id=1, result=[[["mining.notify", "1"]], "08000002", 4], error=None)
AUTHORIZE = line(id=2, method="mining.authorize", params=["rig.one", "x"])
AUTHORIZED = line(id=2, result=True, error=None)


@pytest.mark.parametrize("deep", [
    b"[" * 100_000 + b"]" * 100_000,
    b'{"id":1,"params":' + b"[" * 60_000 + b"]" * 60_000 + b"}",
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b"{" * 100_000,
], ids=["lists", "inside", "objects", "open"])
def test_nesting(tmp_path, deep):
    """The line is nothing; what stands around it is read."""
    report = scan(tmp_path, dialogue(
        (True, SUBSCRIBE), (False, deep + b"\n"), (False, SUBSCRIBED), (True, deep + b"\n"), (True, AUTHORIZE),
        (False, AUTHORIZED)))
    (finding,) = report.findings
    assert (finding.level.word, finding.workers[0].login) == ("session", "rig.one")


NASTY = {
    "NUL": b"cg\x00miner",
    "NUL in JSON": b"cg\\u0000miner",
    "CR": b"cg\rminer",
    "CR and LF in JSON": b"cg\\r\\nminer",
    "BOM": b"\xef\xbb\xbfcgminer",
    "invalid UTF-8": b"cg\xff\xfe\xc3miner",
    "half a surrogate": b"cg\\ud800miner",
    "escape sequence": b"cg\x1b[2J\x1b]0;owned\x07miner",
    "escape sequence in JSON": b"cg\\u001b[31mminer",
    "C1 control": b"cg\xc2\x9b31mminer",
    "overrides": "cg\u202eminer\u2028x".encode(),
    "formula": b"=cmd|' /C calc'!A0",
    "markup": b"[bold]<script>alert(1)</script>",
    "long": b"m" * 5000,
}


@pytest.mark.parametrize("name", NASTY)
def test_texts_that_are_none(tmp_path, capfd, name):
    """As the agent, the login and the password; in every output, on standard output and in files."""
    nasty = NASTY[name]
    capture = tmp_path / "nasty.pcap"
    capture.write_bytes(dialogue(
        (True, b'{"id":1,"method":"mining.subscribe","params":["' + nasty + b'"]}\n'), (False, SUBSCRIBED),
        (True, b'{"id":2,"method":"mining.authorize","params":["' + nasty + b'.rig","' + nasty + b'"]}\n'),
        (False, AUTHORIZED)))
    for form in ("table", "jsonl", "csv"):
        file = tmp_path / f"out.{form}"
        code = main(["scan", str(capture), "--format", form, "-o", f"{form}:{file}", "--show-passwords"])
        printed = capfd.readouterr().out
        assert code == 1
        for text in (printed, file.read_text(encoding="utf-8")):
            assert not [char for char in text if not (char.isprintable() or char in "\n\r")], repr(text)
            assert "\r" not in text.replace("\r\n", "\n")
            assert len(text) < 20_000
        if form == "jsonl":
            found = json.loads(printed.splitlines()[0])
            assert (found["type"], found["source_ip"], found["level"]) == ("finding", Path().client, "session")
        if form == "csv":
            assert not [line for line in printed.splitlines() if line.startswith("=") or ",=" in line]


def test_a_file_name_that_is_no_text(tmp_path, capfd):
    path = str(tmp_path).encode() + b"/\xff\x1b[2J.pcap"
    with open(path, "wb") as file:
        file.write(as_capture(load("stratum_v1_btc"), "whole"))
    for form in ("table", "jsonl", "csv"):
        output = tmp_path / f"out.{form}"
        assert main(["scan", str(tmp_path), "--format", form, "-o", f"{form}:{output}"]) == 1
        printed = capfd.readouterr().out
        assert "\x1b" not in printed + output.read_text(encoding="utf-8")


# Streams without end

Turns = Iterator[tuple[bool, bytes]]


def endless(piece: bytes, by_client: bool = True, head: tuple[tuple[bool, bytes], ...] = (), size: int = SIZE) -> Turns:
    """`piece` again and again, `size` bytes of it."""
    yield from head
    big = piece * (-(-(1 << 20) // len(piece)))
    for _ in range(size // (1 << 20)):
        yield by_client, big


HEAD = ((True, SUBSCRIBE), (False, SUBSCRIBED), (True, AUTHORIZE), (False, AUTHORIZED))
SHARE = line(id=9, method="mining.submit", params=["rig.one", "job", "00000000", "5f5e1000", "deadbeef"])
LOGINS = b"".join(line(id=at, method="mining.authorize", params=[f"{at:0200d}.rig", "x" * 200]) for at in range(5000))
JOBS = b"".join(
    line(id=None, method="mining.notify", params=[
        f"{at:0200d}", "00" * 32, "01" * 50, "02" * 50, [], "20000000", "1a44b9f2", "5f5e1000", False])
    for at in range(3000))
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
# Each message of these is read, which costs time.
READ = 1 << 20
ENDLESS = {
    "a line": lambda: endless(b'{"id":1,"method":"mining.subscribe","params":["x', head=()),
    "a line in a session": lambda: endless(b"x", head=HEAD),
    "a string of the pool": lambda: endless(b"x", by_client=False, head=(*HEAD, (False, b'{"id":7,"result":"'))),
    "numbers": lambda: endless(b'{"id":1,"result":' + b"9" * 5000 + b"}\n", by_client=False, head=HEAD),
    "open brackets": lambda: endless(b"[", head=HEAD),
    "a body": lambda: endless(b'{"id":1,"method":"getwork"}', head=((True, POST),)),
    "a head": lambda: endless(b"X-Field: value\r\n", head=((True, b"POST / HTTP/1.1\r\nHost: x\r\n"),)),
    "records": lambda: endless(b"\x16\x03\x01\x40\x00" + bytes(0x4000)),
    "a dialled proxy": lambda: endless(b"\x05", head=((True, b"\x05\x01\x00"),)),
    "shares that nobody answers": lambda: endless(SHARE, head=HEAD, size=READ),
    "logins": lambda: endless(LOGINS, head=HEAD, size=READ),
    "jobs": lambda: endless(JOBS, by_client=False, head=HEAD, size=READ),
    "answers to nothing": lambda: endless(AUTHORIZED, by_client=False, head=HEAD, size=READ),
    "empty lines": lambda: endless(b"\n", head=HEAD, size=READ),
    "chunks": lambda: endless(b"1\r\nx\r\n", head=((True, CHUNKED),), size=READ),
    "requests": lambda: endless(b'POST / HTTP/1.1\r\nContent-Length: 27\r\n\r\n{"id":1,"method":"getwork"}', size=READ),
}


def write(path, turns: Turns) -> int:
    """A capture of one connection; gives the bytes of its payload."""
    pieces = [Message(0, by_client, data[at : at + 32_000]) for by_client, data in turns
              for at in range(0, len(data), 32_000)]
    opening, data, _ = connection(pieces)
    with open(path, "wb") as file:
        file.write(pcap([]))
        for number, packet in enumerate(opening + data):
            file.write(pcap([(START_NS + packet.time_ns, frame(Path(), packet, number))])[24:])
    return sum(len(piece.data) for piece in pieces)


def peak_of(path) -> tuple[int, Report]:
    """The most memory that a scan held, and what it found."""
    gc.collect()
    tracemalloc.start()
    report = run_scan(ScanSettings(inputs=(str(path),)), None, lambda _: None).report
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, report


@pytest.mark.parametrize("name", ENDLESS)
def test_streams_without_end(tmp_path, name):
    """However much of it comes in one flow, it costs no more memory than the flow's bounds."""
    path = tmp_path / "endless.pcap"
    size = write(path, ENDLESS[name]())
    peak, report = peak_of(path)
    assert report.totals.bytes > size >= READ
    assert peak < BOUND, f"{peak >> 20} MiB"


def test_a_hole_that_is_never_filled(tmp_path):
    path = tmp_path / "hole.pcap"
    write(path, endless(b"x", head=((True, SUBSCRIBE), (True, b"lost"))))
    whole = path.read_bytes()
    at = whole.index(b"lost") - 54 - 16
    path.write_bytes(whole[:at] + whole[at + 54 + 16 + 4 :])
    peak, _ = peak_of(path)
    assert peak < BOUND, f"{peak >> 20} MiB"


# Much to read, little said

def packed(text: bytes) -> bytes:
    """A message of WebSocket's own compression."""
    packer = zlib.compressobj(9, wbits=-15)
    return encode((packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv=4)


def posted(body: bytes, fields: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n" % (fields, len(body)) + body


WIDE = b'{"a":[' + b"[]," * 43_000 + b"1]}"
GETWORK = posted(b'{"id":1,"method":"getwork","params":[]}', b"User-Agent: cgminer\r\n")
WORK = line(id=1, error=None, result={"data": "00" * 128, "target": "ff" * 28 + "00000000"})
ZIPPED = posted(gzip.compress(b"[" + b"{}," * 350_000 + b"{}]"), b"Content-Encoding: gzip\r\n")
POLLED = ((True, GETWORK), (False, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(WORK) + WORK))
UPGRADED = (
    (True, b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    (False, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    *((by_client, encode(text.strip())) for by_client, text in HEAD),
)
FLOODS = {
    "letters": (HEAD, b"a\n"),
    "letters and CR": (HEAD, b"a\r"),
    "empty objects": (HEAD, b"{}\n"),
    "methods that nobody knows": (HEAD, b'{"id":1,"method":"x"}\n'),
    "objects of many values": (HEAD, WIDE + b"\n"),
    "members of gzip": (HEAD, gzip.compress(b"x\n" * 30_000, mtime=0)),
    "empty frames": (UPGRADED, encode(b"")),
    "pings": (UPGRADED, encode(b"", opcode=9)),
    "frames of a letter": (UPGRADED, encode(b"{")),
    "frames that inflate to text": (UPGRADED, packed(b'{"a":"' + b"x" * 130_000 + b'"}')),
    "frames that inflate to objects": (UPGRADED, packed(WIDE)),
    "empty lines between requests": (POLLED, b"\n"),
    "bodies that inflate": (POLLED, ZIPPED),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_cost_neither_time_nor_memory(tmp_path, name):
    """Of a flow that was mining: what it said before is found, what floods it is not read for ever."""
    path = tmp_path / "flood.pcap"
    head, piece = FLOODS[name]
    size = write(path, endless(piece, head=head, size=2 << 20))
    began = time.process_time()
    report = scan(tmp_path, path.read_bytes())
    took = time.process_time() - began
    (finding,) = report.findings
    assert finding.level.word == "session"
    assert took < 1.5 * size / (2 << 20), f"{took} s"
    peak, again = peak_of(path)
    assert peak < BOUND, f"{peak >> 20} MiB"
    assert [one.id for one in again.findings] == [finding.id]


@pytest.mark.parametrize("strange", [b'{"id":1,"method":"x"}\n', b"{}\n", b"no message\n"])
def test_a_share_behind_much_that_nobody_knows_is_read(tmp_path, strange):
    report = scan(tmp_path, dialogue(
        *HEAD, (True, strange * 5000), (False, strange * 4000), (True, SHARE), (False, line(id=9, result=True)),
        (True, strange * 9000), (True, SHARE), (False, line(id=9, result=True))))
    (finding,) = report.findings
    assert finding.shares.accepted == 2
