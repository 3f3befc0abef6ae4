"""One flow from its packets: what the kernel passed over, what was lost at its head, what came out of order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netminer_detect.findings import Level
from netminer_detect.settings import ScanSettings
from tests.captures import pcap
from tests.conversations import START_NS, Conversation, Message, connection, default_path, deliver, load
from tests.dialogue import answer, ask, hexes, message
from tests.expectations import mining, mistakes
from tests.wire import frame

scanning = pytest.importorskip("netminer_detect.scanning", exc_type=ImportError)

HEAD = (Message(0, True, message(ask(1, "mining.subscribe", ["x/1"]))),
        Message(0, False, message(answer(1, [[], "f8", 4]))))
PAGE = b"GET /favicon.ico HTTP/1.1\r\nHost: node.example\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n"


def scan(tmp_path, conversation, packets):
    path = default_path(conversation)
    capture = tmp_path / "flow.pcap"
    capture.write_bytes(pcap([(START_NS + one.time_ns, frame(path, one, n)) for n, one in enumerate(packets)]))
    return scanning.run_scan(ScanSettings(inputs=(str(capture),)), None, lambda _: None).report


def behind_pages(conversation, pages) -> Conversation:
    """The dialogue on a connection that fetched pages before: the kernel hands out only what comes behind them."""
    before = [part for _ in range(pages) for part in (Message(0, True, PAGE), Message(0, False, NOT_FOUND))]
    return replace(conversation, lines=(*before, *conversation.lines))


@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize("delivery", ["whole", "segments", "reordered"])
@pytest.mark.parametrize("name", ["getwork_http", "gbt_solo_http", "monero_daemon_solo_http"])
def test_calls_behind_pages_on_one_connection(tmp_path, name, delivery, pages):
    conversation = behind_pages(load(name), pages)
    assert mistakes(scan(tmp_path, conversation, deliver(conversation, delivery)), conversation.expected) == []


@pytest.mark.parametrize("lost", [(3,), (3, 4), (4, 6)])
def test_lost_head_does_not_hold_the_rest_back(tmp_path, lost):
    conversation = load("stratum_v1_btc")
    packets = [packet for n, packet in enumerate(deliver(conversation, "whole")) if n not in lost]
    (finding,) = mining(scan(tmp_path, conversation, packets))
    assert finding.level is Level.SHARES
    assert (finding.shares.accepted, finding.shares.rejected) == (4, 2)


def test_packets_of_the_head_in_any_order_of_a_few(tmp_path):
    conversation = load("getwork_http")
    opening, data, closing = connection(list(conversation.lines))
    for order in ((1, 0, 2, 3), (2, 0, 1, 3), (3, 0, 1, 2), (3, 2, 1, 0)):
        first = [replace(data[at], time_ns=data[n].time_ns) for n, at in enumerate(order)]
        report = scan(tmp_path, conversation, [*opening, *first, *data[4:], *closing])
        assert mistakes(report, conversation.expected) == []


@pytest.mark.parametrize("lost", range(24))
def test_a_hole_holds_back_neither_questions_nor_answers(tmp_path, lost):
    """Twelve shares, one packet never captured: all other shares find their answers, in order."""
    shares = [part for n in range(12) for part in (
        Message(2 * n, True, message(ask(n + 9, "mining.submit", ["a.b", "j", f"{n:08x}", "6b023085", "0badcafe"]))),
        Message(2 * n + 1, False, message(answer(n + 9, n % 3 != 2))))]
    opening, data, closing = connection([*HEAD, *shares])
    del data[len(HEAD) + lost]
    (finding,) = mining(scan(tmp_path, Conversation("", (), {"port": 3333}), [*opening, *data, *closing]))
    asked, answered = (11, 11) if lost % 2 == 0 else (12, 11)
    accepted = 8 - (lost // 2 % 3 != 2)
    assert (finding.shares.submitted, finding.shares.accepted + finding.shares.rejected) == (asked, answered)
    assert (finding.shares.accepted, finding.shares.rejected) == (accepted, answered - accepted)


def test_middle_of_a_stream_whose_pool_says_the_method_last(tmp_path):
    parts = ["b1", hexes("p", 64), hexes("c", 400), hexes("d", 200), [hexes(str(n), 64) for n in range(8)],
             "20000000", "17021369", "6b023080", False]
    jobs = [Message(n, False, message({"params": parts, "id": None, "method": "mining.notify"})) for n in range(3)]
    _, data, _ = connection(jobs)
    (finding,) = mining(scan(tmp_path, Conversation("", (), {"port": 3333}), data))
    assert (finding.dialect, finding.jobs.sent, finding.level) == ("stratum-v1", 3, Level.SESSION)
