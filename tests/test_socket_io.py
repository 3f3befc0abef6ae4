"""Socket.IO's packets, and its miners over long polling: the same reading as over WebSocket, on any connection."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.dialects.socket_io import MAX_PACKETS, event_of, packets_of
from tests.captures import pcap
from tests.conversations import OTHER_DELIVERIES, START_NS, Conversation, frames
from tests.dialogue import M, P, found, hexes, scan_capture, talk
from tests.expectations import mining
from tests.wire import Path

WALLET = "RHSAyD7FWzEzAaftvkpnLgys3j1dsXkZQC"


def event(name, argument=None):
    return "42" + json.dumps([name] if argument is None else [name, argument], separators=(",", ":"))


GREETING = '0{"sid":"a1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}'
START = event("start", {"version": "1.0.0", "algo": "yespower", "stratum": {
    "server": "yespower.example", "port": 6233, "worker": WALLET + ".tab", "password": "c=RVN"}})
WORK = event("work", {"jobId": "7", "header": hexes("h", 160), "target": "0001" + "0" * 60, "nTime": "6b023080"})
SHARE = event("submit", {"jobId": "7", "extraNonce2": "00000001", "nTime": "6b023080", "nonce": "0000a1b2"})
RATE = event("hashrate", {"hashrate": "1.42 Kh/s"})


def lengths(*packets: str) -> str:
    return "".join(f"{len(packet)}:{packet}" for packet in packets)


def counted(*packets: str) -> str:
    """The binary form: every length digit a byte of its value."""
    heads = ("\0" + "".join(chr(int(digit)) for digit in str(len(packet))) for packet in packets)
    return "".join(f"{head}ÿ{packet}" for head, packet in zip(heads, packets, strict=True))


FORMS = {"4": "\x1e".join, "3": lambda packets: lengths(*packets), "3 binary": lambda packets: counted(*packets)}


def post(body: str) -> bytes:
    sent = body.encode("latin-1")
    return (b"POST /socket.io/?EIO=4&transport=polling&sid=a1 HTTP/1.1\r\nHost: relay.example\r\n"
            b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(sent)) + sent


GET = b"GET /socket.io/?EIO=4&transport=polling&sid=a1 HTTP/1.1\r\nHost: relay.example\r\n\r\n"


def ok(body: str) -> bytes:
    sent = body.encode("latin-1")
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(sent) + sent


def dialogue(form) -> Conversation:
    return talk(M, GET, P, ok(form([GREETING])), M, post(form(["40"])), P, ok("ok"),
                M, GET, P, ok(form(['40{"sid":"b2"}', event("can start")])), M, post(form([START])), P, ok("ok"),
                M, GET, P, ok(form([WORK])), M, post(form([SHARE, RATE])), P, ok("ok"), M, GET, P, ok(form(["2"])),
                port=80)


@pytest.mark.parametrize("delivery", ["whole", "bytes", "segments", "reordered"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_miner_over_long_polling(form, delivery):
    (finding,) = found(dialogue(form), delivery)
    assert (finding.dialect, finding.carriers) == ("socketio-miner", ["tcp", "http"])
    assert [(one.user, one.worker, one.password) for one in finding.workers] == [(WALLET, "tab", "c=RVN")]
    assert (finding.jobs.sent, finding.shares.submitted, finding.shares.accepted) == (1, 1, 0)
    assert [claim.rate for claim in finding.claimed] == [1420.0]


@pytest.mark.parametrize("delivery", ["headless", "client-only", *OTHER_DELIVERIES])
def test_damage_tells_nothing_else(delivery):
    for finding in found(dialogue(FORMS["4"]), delivery):
        assert {one.user for one in finding.workers} <= {WALLET, None} and finding.shares.accepted == 0


def test_a_browser_waits_on_one_connection_and_sends_on_another():
    sends = talk(M, post(START), P, ok("ok"), M, post(SHARE), P, ok("ok"), port=80)
    waits = talk(M, GET, P, ok(event("can start")), M, GET, P, ok(WORK), port=80)
    both = [frame for number, one in enumerate((sends, waits))
            for frame in frames(one, "whole", Path(client_port=50_000 + number, server_port=80), START_NS)]
    (finding,) = mining(scan_capture(pcap(sorted(both))))
    assert (finding.connections_total, finding.jobs.sent, finding.shares.submitted) == (2, 1, 1)


@pytest.mark.parametrize("said", [
    [event("start", {"game": "chess", "worker": "x"}), event("submit", {"jobId": "7", "nonce": "x"})],
    [event("work", {"jobId": "7", "title": "Plumber", "target": "house"})],
    [event("can start"), event("hashrate", {"hashrate": "1 Kh/s"})],
], ids=["game", "jobs", "no start"])
def test_other_events_are_no_mining(said):
    turns = [part for one in said for part in (M, post(one), P, ok("ok"), M, GET, P, ok(one))]
    assert found(talk(*turns, port=80)) == []


@pytest.mark.parametrize(("body", "packets"), [
    (b"", [b""]), (b"40", [b"40"]), (b"2\x1e40", [b"2", b"40"]), (b"1:22:40", [b"2", b"40"]),
    ("3:4é22:40".encode(), ["4é2".encode(), b"40"]), ("4:4\U0001f6002".encode(), ["4\U0001f6002".encode()]),
    (b"\x00\x01\xff2\x00\x02\xff40", [b"2", b"40"]), (b"9:short", [b"short"]), (b"\x00\x09\xffshort", [b"short"]),
    (b"1:2junk", [b"2"]),
])
def test_packets(body, packets):
    assert packets_of(body) == packets


@given(st.binary(max_size=200))
def test_garbage(body):
    assert all(event_of(packet) is None or isinstance(packet, bytes) for packet in packets_of(body))
    assert len(packets_of(body * 300)) <= MAX_PACKETS
