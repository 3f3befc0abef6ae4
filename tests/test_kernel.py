"""What both kernels must do: flows, triage row by row, reuse, bounds. Each test runs on every twin there is."""

import io

import pytest

from netminer_detect.errors import CaptureError
from netminer_detect.kernel.interface import Closed, Segment, Watch
from netminer_detect.kernel.policy import MAX_HELLOS
from netminer_detect.kernel.watch import build_table, endpoint_hash, name_hash
from tests.captures import block, enhanced, interface, pcap, section
from tests.kernels import KERNELS
from tests.packets import (
    ACK,
    FIN,
    MAC_A,
    RST,
    SYN,
    Talk,
    address,
    client_hello,
    dns_answer,
    dns_query,
    ethernet,
    ip,
    udp,
)  # fmt: skip

T = 1_700_000_000 * 10**9
S = 10**9
LOGIN = b'{"id":1,"method":"login","params":{}}\n'
WATCH = Watch(
    names=build_table([name_hash("pool.example"), name_hash("xmr.test")]),
    endpoints=build_table([endpoint_hash(address("198.51.100.7"), 4444), endpoint_hash(address("2001:db8::7"), 1)]),
    openings=((0, b"PROXY "), (4, b"\x01\x02\x03"), (0, b"\x13BitTorrent"), (0, b"GET /pool_info")),
    lengths=((17, b"\0"), (64, b"")),
    tokens=(b"mining.notify", b"submit"),
    calls=(b"getwork",),
)


@pytest.fixture(params=sorted(KERNELS))
def make(request):
    return KERNELS[request.param]


def run(kernel, *captures, finish=True):
    """All events of a series, and the facts of each flow at its end."""
    events, facts = [], {}
    streams = [kernel.scan(io.BytesIO(data), "x.pcap", lambda _: None) for data in captures]
    for stream in [*streams, kernel.finish()] if finish else streams:
        for event in stream:
            events.append(event)
            if isinstance(event, Closed):
                facts[event.flow] = kernel.facts(event.flow)
    return events, facts


def handed(make, frames, watch=WATCH):
    """The payloads handed out."""
    events, _ = run(make(watch), pcap(frames))
    return [event.payload for event in events if isinstance(event, Segment)]


def udp_frames(*payloads, sport=40000, dport=53, time_ns=T):
    return [(time_ns, ethernet(ip("10.0.0.1", "8.8.8.8", 17, udp(sport, dport, one)))) for one in payloads]


def test_frames_of_pcapng_have_wiresharks_numbers(make):
    frames = [enhanced(data, time_ns // 1000) for time_ns, data in Talk().open().send(0, LOGIN).frames]
    journal, names = block("<", 9, b"MESSAGE=hello"), block("<", 4, bytes(4))
    data = section() + interface() + names + frames[0] + journal + b"".join(frames[1:3]) + names + journal + frames[3]
    events, _ = run(make(WATCH), data)
    assert events[0].frame == 6


def test_a_login_is_handed_out_with_its_place(make):
    talk = Talk(vlans=(7,)).open().send(0, LOGIN).send(1, b'{"result":1}\n').close()
    kernel = make(WATCH)
    events, facts = run(kernel, pcap(talk.frames))
    first = events[0]
    assert first == Segment(0, True, 4, T + 4_000_000, 24 + 3 * 16 + 3 * 58, 1001, ACK, LOGIN, 0, first.acknowledgement)
    assert [event.forward for event in events[:-1]] == [True, False, True, False, True]
    assert events[-1] == Closed(0)
    fact = facts[0]
    assert (fact.source, fact.source_port) == (address("10.0.0.1"), 50000)
    assert (fact.destination, fact.destination_port) == (address("203.0.113.9"), 3333)
    assert (fact.syn, fact.syn_ack, fact.established) == (True, True, True)
    assert (fact.isn_forward, fact.isn_backward) == (1000, 71000)
    assert (fact.vlans, fact.tunnels, fact.source_mac) == ((7,), (), MAC_A)
    assert (fact.packets, fact.payload_forward, fact.payload_backward) == (8, len(LOGIN), 13)
    assert fact.bytes == 8 * 58 + len(LOGIN) + 13
    assert (fact.first_ns, fact.last_ns) == (talk.frames[0][0], talk.frames[-1][0])
    assert (kernel.counters.packets, kernel.counters.flows) == (8, 1)


def posted(body, length=0, more=b"", host=b"www.example.org"):
    """A POST whose head tells the body's length, another one, or None."""
    told = b"" if length is None else b"content-length:\t%d\r\n" % (length or len(body))
    return b"POST / HTTP/1.1\r\nHost: %s\r\n%s%s\r\n%s" % (host, told, more, body)


HELLO = client_hello(b"eu.POOL.example")
NAMELESS = client_hello(None)
HEADS = {
    # name: (pieces sent by the client, whether the flow is handed out)
    "json": ([LOGIN], True),
    "json behind spaces and a byte order mark": ([b"\xef\xbb\xbf \r\n\0{}"], True),
    "json behind a segment of spaces": ([b"  \n", LOGIN], True),
    "a banner": ([b"SSH-2.0-x\r\n", LOGIN], False),
    "a short banner": ([b"+OK hello\r\n", LOGIN], False),
    "an opening": ([b"PROXY TCP4 1.2.3.4"], True),
    "an opening in two": ([b"PRO", b"XY TCP4"], True),
    "an opening further on": ([b"abcd\1\2\3e"], True),
    "too short for that opening": ([b"ab"], True),
    "all of a segment before that opening": ([b"abcd"], False),
    "half of that opening": ([b"abcd\1"], True),
    "a get for another": ([b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"], False),
    "a first page at a port of its own": ([b"GET / HTTP/1.1\r\nHost: 10.0.0.7:8020\r\n\r\n"], True),
    "another page at a port of its own": ([b"GET /a HTTP/1.1\r\nHost: 10.0.0.7:8020\r\n\r\n"], False),
    "a first page that is posted to": ([b"PUT / HTTP/1.1\r\nHost: 10.0.0.7:8020\r\n\r\n"], False),
    "a get for a watched host": ([b"GET / HTTP/1.1\r\nA: b\r\nhOST:  a.b.Pool.Example.:8080 \r\n\r\n"], True),
    "a get whose host is to come": ([b"GET / HTTP/1.1\r\nCookie: ", b"x\r\nHost: pool.example\r\n\r\n"], True),
    "an upgrade to websocket": ([b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\n\r\n"], True),
    "a get for a watched path": ([b"GET /pool_info HTTP/1.1\r\nHost: a\r\n\r\n"], True),
    "a second get, for a watched path": (
        [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /pool_info?x HTTP/1.1\r\nHost: a\r\n\r\n"], True),
    "a message of a watched length": ([bytes(range(100, 164))], True),
    "one of it that begins right": ([bytes(17)], True),
    "a longer message": ([bytes(range(100, 165))], False),
    "text of a watched length": ([b"220 mail.example.org ESMTP ready for whatever you have to say\r\n\t"], False),
    "the first bytes of a message of a watched length": ([b"abc", bytes(61)], True),
    "more of it": ([bytes(range(100, 140)), bytes(24)], False),
    "a second request": ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"POST / HTTP/1.1\r\n"], True),
    "a post": ([b"POST /json_rpc HTTP/1.1\r\n"], True),
    "a form": ([posted(b"a=getwork")], False),
    "a call of another program": ([posted(b'{"method":"aria2.addUri"}')], False),
    "a call of a miner": ([posted(b' \r\n{"method":"eth_getWork"}')], True),
    "calls in a batch": ([posted(b'[{"method":"x"},{"method":"getwork"}]')], True),
    "a call whose body is to come": ([posted(b"", 20)], True),
    "a call whose body is not whole": ([posted(b'{"params":[', 99)], True),
    "a call without a length": ([posted(b'{"method":"x"}', None)], True),
    "a call in chunks": ([posted(b'e\r\n{"method":"x"}', None, b"Transfer-Encoding: chunked\r\n")], True),
    "nothing posted": ([posted(b"")], False),
    "a call to a watched host": ([posted(b'{"method":"x"}', host=b"pool.example:80")], True),
    "a call to nobody": ([b'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}'], False),
    "a second post, of a miner": ([posted(b"a=b"), posted(b'{"method":"getwork"}')], True),
    "a second post, of none": ([posted(b"a=b"), posted(b'{"method":"x"}')], False),
    "a connect": ([b"CONNECT a:443 HTTP/1.1\r\n"], True),
    "a method in two": ([b"PO", b"ST / HTTP/1.1\r\n"], True),
    "a hello for a watched name": ([HELLO], True),
    "a hello for another": ([client_hello(b"notpool.example")], False),
    "a hello for none": ([NAMELESS], True),
    "a hello cut before its extensions": ([HELLO[:60], HELLO[60:]], True),
    "a hello of one byte": ([HELLO[:1], HELLO[1:]], True),
    "a server hello": ([b"\x16\3\3\0\x2a\2" + bytes(60)], False),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads(make, name):
    pieces, wanted = HEADS[name]
    talk = Talk().open()
    for piece in pieces:
        talk.send(0, piece)
    assert bool(handed(make, talk.frames)) is wanted


@pytest.mark.parametrize("size", [1, 3, 1200])
@pytest.mark.parametrize("name", [b"eu.pool.example", b"www.example.org"])
def test_a_hello_in_two_or_three_is_followed_to_its_name(make, name, size):
    hello = client_hello(name, padding=1500)
    at = hello.find(name)
    for cut in [1400, *range(at - 14, at + len(name) + 3, 5)]:
        talk = Talk().open().send(0, hello[:cut])
        for start in range(cut, len(hello), size if size > 3 or len(hello) - cut < 99 else 600):
            talk.send(0, hello[start : start + (size if size > 3 or len(hello) - cut < 99 else 600)])
        assert bool(handed(make, talk.frames)) is (b"pool" in name), cut


def test_a_retransmitted_piece_of_a_hello_changes_nothing(make):
    hello = client_hello(b"www.example.org", padding=1500)
    talk = Talk().open().send(0, hello[:1400]).send(0, hello[:1400], sequence=1001)
    talk.send(0, hello[1300:], sequence=1001 + 1300)
    assert not handed(make, talk.frames)


def test_a_head_out_of_order_is_handed_out(make):
    talk = Talk().open().send(0, b"tail", sequence=1001 + 5).send(0, b"head:")
    assert handed(make, talk.frames) == [b"tail", b"head:"]


def test_a_keepalive_is_no_head(make):
    talk = Talk().open().send(0, b"\0", sequence=1000).send(0, LOGIN)
    assert handed(make, talk.frames) == [LOGIN]


def test_data_in_the_syn_is_a_head(make):
    talk = Talk().send(0, LOGIN, flags=SYN)
    assert handed(make, talk.frames) == [LOGIN]


def test_the_snap_length_makes_no_candidate_and_is_counted(make):
    talk = Talk().open().send(0, HELLO)
    data = bytearray(pcap(talk.frames))
    kernel = make(WATCH)
    record = len(data) - len(talk.frames[-1][1]) - 16
    data[record + 8 : record + 12] = (100).to_bytes(4, "little")
    events, _ = run(kernel, bytes(data[: record + 16 + 100]))
    assert not events
    assert kernel.counters.defects == {"snap_length": 1}


def test_midstream_lines_count_by_their_tokens(make):
    talk = Talk().send(1, b'tail"}\n').send(1, b'{"method":"keepalive"}\n').send(1, b'{"method":"mining.notify"}\n')
    assert handed(make, talk.frames) == [talk.frames[2][1][54:]]
    events, facts = run(make(WATCH), pcap(talk.frames))
    assert facts[0].source == address("203.0.113.9")
    assert events[0].forward


def test_direction_from_a_syn_ack(make):
    talk = Talk().send(1, flags=SYN | ACK).send(0).send(1, LOGIN)
    events, facts = run(make(WATCH), pcap(talk.frames))
    assert facts[0].source == address("10.0.0.1")
    assert not events[0].forward


def test_dns_hands_out_only_packets_with_a_watched_name(make):
    frames = udp_frames(dns_query("www.example.org"), dns_query("EU.pool.example"), dns_query("b.example"))
    frames += [(T, ethernet(ip("8.8.8.8", "10.0.0.1", 17, udp(53, 40000, dns_answer("a.b", "xmr.test", "1.2.3.4")))))]
    assert handed(make, frames) == [dns_query("EU.pool.example"), dns_answer("a.b", "xmr.test", "1.2.3.4")]


def test_dns_over_tcp(make):
    def framed(message):
        return len(message).to_bytes(2, "big") + message

    one, two = framed(dns_query("a.example")), framed(dns_query("pool.example"))
    assert handed(make, Talk(dport=53).open().send(0, one + two).frames) == [one + two]
    assert not handed(make, Talk(dport=53).open().send(0, one).frames)
    assert handed(make, Talk(dport=53).open().send(0, two[:9]).send(0, two[9:]).frames) == [two[:9], two[9:]]
    assert handed(make, Talk(dport=53).open().send(0, LOGIN).frames) == [LOGIN]


@pytest.mark.parametrize("way", [0, 1])
def test_a_watched_endpoint_is_handed_out_from_its_syn(make, way):
    ends = (("10.0.0.1", 50000), ("198.51.100.7", 4444))[:: 1 if way == 0 else -1]
    talk = Talk(ends[0][0], ends[1][0], ends[0][1], ends[1][1]).open()
    assert handed(make, talk.frames) == [b"", b"", b""]
    assert not handed(make, Talk(server="198.51.100.7", dport=4445).open().frames)
    assert handed(make, Talk(client="2001:db8::1", server="2001:db8::7", dport=1).open().frames)


def test_what_dns_bound_is_handed_out_at_once(make):
    answer = dns_answer("pool.example", None, "203.0.113.50")
    frames = [(T, ethernet(ip("8.8.8.8", "10.0.0.1", 17, udp(53, 40000, answer))))]
    frames += Talk(server="203.0.113.50", dport=443).open().frames
    frames += Talk(client="10.0.0.2", server="203.0.113.50", dport=443).open().frames
    kernel = make(WATCH)
    seen = []
    for event in kernel.scan(io.BytesIO(pcap(frames)), "x", lambda _: None):
        seen.append(event)
        if event.payload == answer:
            kernel.bind(address("10.0.0.1"), address("203.0.113.50"))
    assert [event.frame for event in seen] == [1, 2, 3, 4]


def test_a_settled_flow_is_only_counted(make):
    kernel = make(WATCH)
    talk = Talk().open().send(0, LOGIN).send(1, LOGIN).send(0, LOGIN)
    seen = []
    for event in kernel.scan(io.BytesIO(pcap(talk.frames)), "x", lambda _: None):
        seen.append(event)
        kernel.settle(event.flow)
    assert len(seen) == 1
    assert list(kernel.finish()) == [Closed(0)]


REUSE = {
    "fin": lambda talk: talk.close(),
    "rst": lambda talk: talk.send(1, flags=RST, sequence=0),
    "nothing": lambda talk: talk,
    "silence": lambda talk: talk.send(0, after_s=7200),
}


@pytest.mark.parametrize("end", REUSE)
def test_a_new_syn_is_a_new_flow(make, end):
    talk = Talk().open().send(0, LOGIN)
    REUSE[end](talk)
    talk.next = [900_000, 990_000]
    talk.open().send(0, LOGIN).send(0, flags=SYN, sequence=900_000)
    kernel = make(WATCH)
    events, facts = run(kernel, pcap(talk.frames))
    assert kernel.counters.flows == 2
    assert [event.flow for event in events if isinstance(event, Closed)] == [0, 1]
    assert facts[1].packets == 5
    assert facts[1].isn_forward == 900_000


def test_silence_ends_udp_but_no_tcp_that_goes_on(make):
    watch = Watch()
    kernel = make(watch)
    frames = udp_frames(b"{", dport=9) + udp_frames(b"{", dport=9, time_ns=T + 170 * S)
    frames += udp_frames(b"{", dport=9, time_ns=T + 360 * S)
    run(kernel, pcap(frames))
    assert kernel.counters.flows == 2
    kernel = make(watch)
    talk = Talk().open().send(0, LOGIN).send(0, LOGIN, after_s=9000).send(0, LOGIN, after_s=9000, sequence=1 << 30)
    events, _ = run(kernel, pcap(talk.frames))
    assert [event.flow for event in events if isinstance(event, Segment)] == [0, 0, 1]


def test_a_clock_that_jumps_ends_nothing_that_goes_on(make):
    talk = Talk().open().send(0, LOGIN).send(1, LOGIN, after_s=365 * 86400)
    talk.time_ns -= 365 * 86400 * S
    talk.send(0, LOGIN).send(0, LOGIN, after_s=-86400 * 400)
    kernel = make(WATCH)
    run(kernel, pcap(talk.frames))
    assert kernel.counters.flows == 1


def test_flows_go_on_over_captures(make):
    frames = Talk().open().send(0, LOGIN).send(1, LOGIN).frames
    events, _ = run(make(WATCH), pcap(frames[:4]), pcap(frames[4:]))
    assert [(event.flow, event.frame) for event in events[:-1]] == [(0, 4), (0, 1)]


def test_silent_flows_are_closed_in_passing(make):
    frames = Talk().open().send(0, LOGIN).close().frames
    other = Talk(sport=9, dport=10)
    for _ in range(4000):
        other.send(0, b"xxxxxxxx", after_s=0.2)
    events, _ = run(make(WATCH), pcap(frames + other.frames), finish=False)
    assert events[-1] == Closed(0)


def test_a_flood_of_syns_does_not_push_out_a_miner(make):
    kernel = make(WATCH, 500)
    frames = Talk().open().send(0, LOGIN).frames
    for number in range(5000):
        frames += Talk(client=f"10.9.{number >> 8}.{number & 255}", isn=number).send(0, flags=SYN).frames
    last = Talk().open().send(0, LOGIN).send(1, LOGIN)
    events, _ = run(kernel, pcap(frames + last.frames[4:]))
    assert [event.flow for event in events if isinstance(event, Segment)] == [0, 0]
    assert kernel.counters.dropped_flows == 5001 - 500


@pytest.mark.parametrize("said", [b"", LOGIN], ids=["to a mining server", "with logins"])
def test_a_flood_that_is_watched_does_not_push_out_a_miner(make, said):
    """Each of its flows is a candidate, but nobody answers."""
    kernel = make(WATCH if said else Watch(endpoints=build_table([endpoint_hash(address("203.0.113.9"), 3333)])), 200)
    miner = Talk(client="10.255.0.1").open().send(0, LOGIN).send(1, LOGIN)
    frames = miner.frames[:]
    for number in range(2000):
        talk = Talk(client=f"10.9.{number >> 8}.{number & 255}", isn=number).send(0, flags=SYN)
        frames += talk.send(0, said).frames if said else talk.frames
    frames += miner.send(0, LOGIN).frames[5:]
    events, _ = run(kernel, pcap(frames), finish=False)
    assert [event.frame for event in events if isinstance(event, Segment) and event.flow == 0][-1] == len(frames)
    assert Closed(0) not in events


def test_half_a_hello_waits_within_bounds(make):
    """What is more is handed out, so that nothing is passed over."""
    frames = []
    hello = client_hello(b"pool.example", padding=100)
    for number in range(MAX_HELLOS + 50):
        talk = Talk(client=f"10.9.{number >> 8}.{number & 255}", dport=443).send(0, flags=SYN)
        frames += talk.send(0, hello[:150]).frames
    events, _ = run(make(WATCH), pcap(frames), finish=False)
    assert len({event.flow for event in events if isinstance(event, Segment)}) == 50


def test_candidates_go_last_and_are_told(make):
    kernel = make(WATCH, 100)
    frames = []
    for number in range(300):
        frames += Talk(client=f"10.9.{number >> 8}.{number & 255}", isn=number).open().send(0, LOGIN).frames
    events, facts = run(kernel, pcap(frames))
    assert kernel.counters.dropped_flows == 200
    assert sorted(facts) == list(range(300))
    assert sum(isinstance(event, Closed) for event in events) == 300


def test_not_a_capture(make):
    with pytest.raises(CaptureError):
        list(make(WATCH).scan(io.BytesIO(b"hello, world"), "x", print))


def test_fin_then_data_is_still_the_flow(make):
    talk = Talk().open().send(0, LOGIN, flags=FIN | ACK).send(1, LOGIN).send(1, flags=FIN | ACK).send(1, LOGIN)
    assert len(handed(make, talk.frames)) == 4


def test_who_calls_a_server(make):
    kernel = make(WATCH)
    frames = []
    for at, (client, port, answers) in enumerate((
        ("10.0.0.1", 22, True), ("10.0.0.2", 22, True), ("10.0.0.2", 22, True), ("10.0.0.3", 22, False),
        ("10.0.0.1", 443, True), ("2001:db8::1", 22, True),
    )):
        talk = Talk(client, "2001:db8::9" if ":" in client else "10.0.0.9", 40000 + at, port)
        talk.open().send(0, b"hello")
        frames += (talk.send(1, b"hello") if answers else talk).frames
    for event in kernel.scan(io.BytesIO(pcap(frames)), "x.pcap", lambda _: None):
        assert event is None
    callers = [kernel.callers(address(ip)) for ip in ("10.0.0.9", "2001:db8::9", "10.0.0.1", "10.0.0.7")]
    assert callers == [{22: 2, 443: 1}, {22: 1}, {}, {}]
    list(kernel.finish())
    assert kernel.callers(address("10.0.0.9")) == {}
