"""Known servers: each way in which a name or an address is seen, what it is worth, and when it is worth nothing."""

from __future__ import annotations

import struct

import pytest

from netminer_detect.findings import Level, Role, Verdict
from netminer_detect.outputs.wording import why
from tests.conversations import START_NS
from tests.scenes import INFECTED, MINER, MINES, OLD, POOL, SECOND, C, S, Scene, dns_records, http, tls
from tests.test_carriers_tls import certificate

ELSEWHERE = "198.51.100.4"
NAME = "xmr.pool.example"
YEAR_NS = 365 * 86_400 * SECOND


def socks5(name: bytes, port: int, reply: int = 0) -> list[tuple[bool, bytes]]:
    asked = b"\x05\x01\x00\x03" + bytes([len(name)]) + name + struct.pack(">H", port)
    return [(C, b"\x05\x01\x00"), (S, b"\x05\x00"), (C, asked), (S, b"\x05" + bytes([reply]) + b"\0\x01" + bytes(6))]


def connect(target: str, status: str = "200 Connection established") -> list[tuple[bool, bytes]]:
    return [(C, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()),
            (S, f"HTTP/1.1 {status}\r\n\r\n".encode())]


@pytest.mark.parametrize(("scene", "basis"), [
    (Scene().tcp(tls(b"xmr.pool.example"), server=ELSEWHERE, port=443), "tls"),
    (Scene().tcp(tls(None, certificate((0x0C, b"xmr.pool.example"))), server=ELSEWHERE), "certificate"),
    (Scene().tcp(http("xmr.pool.example:3333", "POST", b"binary"), server=ELSEWHERE), "http"),
    (Scene().resolved(NAME, ELSEWHERE).tcp(tls(None), server=ELSEWHERE), "dns"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_name_that_exchanged_data_is_probable(scene, basis):
    finding = scene.finding()
    assert (finding.role, finding.level, finding.verdict) == (Role.MINER, Level.ENDPOINT, Verdict.PROBABLE)
    assert (finding.source_ip, finding.pool.ip, finding.pool.name) == (MINER, ELSEWHERE, NAME)
    assert (finding.pool.operator, finding.pool.basis) == ("Example Pool", [basis])
    assert (finding.dialect, finding.coin, finding.coin_basis) == (None, "XMR", ["pool"])
    assert finding.rules == ["scene"] and finding.evidence and all(line.frame for line in finding.evidence)
    assert NAME in why(finding) and "{" not in why(finding)


@pytest.mark.parametrize(("opening", "kind"), [
    (socks5(b"xmr.pool.example", 14444), "socks"), (connect("xmr.pool.example:14444"), "connect"),
], ids=["socks", "connect"])
def test_the_server_behind_a_proxy_is_the_pool(opening, kind):
    finding = Scene().tcp([*opening, *tls(b"xmr.pool.example")], server="10.0.0.9", port=1080).finding()
    assert (finding.level, finding.verdict) == (Level.ENDPOINT, Verdict.PROBABLE)
    assert (finding.pool.ip, finding.pool.port, finding.pool.name) == (None, 14444, NAME)
    assert (finding.pool.via.ip, finding.pool.via.port, finding.pool.via.kind) == ("10.0.0.9", 1080, kind)
    assert kind in finding.pool.basis


def test_what_is_asked_of_a_web_proxy_is_not_the_proxys():
    asked = b"POST http://xmr.pool.example:3333/ HTTP/1.1\r\nHost: xmr.pool.example:3333\r\nContent-Length: 2\r\n\r\n{}"
    said = [(C, asked), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    finding = Scene().tcp(said, server="10.0.0.9", port=3128).finding()
    assert (finding.pool.ip, finding.pool.port, finding.pool.name) == (None, 3333, NAME)
    assert (finding.pool.via.ip, finding.pool.via.port) == ("10.0.0.9", 3128)
    page = [(C, b"GET http://www.pool.example/ HTTP/1.1\r\nHost: www.pool.example\r\n\r\n"), said[1]]
    assert Scene().tcp(page, server="10.0.0.9", port=3128).finding().role is Role.VISITOR


@pytest.mark.parametrize("opening", [
    socks5(b"xmr.pool.example", 3333, reply=2), connect("xmr.pool.example:3333", "403 Forbidden"),
], ids=["socks", "connect"])
def test_what_a_proxy_refuses_is_a_lookup(opening):
    finding = Scene().tcp(opening, server="10.0.0.9", port=1080).finding()
    assert (finding.level, finding.verdict, finding.why_code) == (Level.LOOKUP, Verdict.SUSPECTED, "proxy_refused")
    assert "10.0.0.9" in why(finding) and "refused" in why(finding)


def test_an_address_asked_of_a_proxy_counts_with_its_port():
    asked = b"\x05\x01\x00\x01" + bytes([5, 6, 7, 8]) + struct.pack(">H", 3333)
    opening = [(C, b"\x05\x01\x00"), (S, b"\x05\x00"), (C, asked), (S, b"\x05\0\0\x01" + bytes(6))]
    finding = Scene().tcp([*opening, *tls(None)], server="10.0.0.9", port=1080).finding()
    assert (finding.level, finding.verdict) == (Level.ENDPOINT, Verdict.SUSPECTED)
    assert (finding.pool.ip, finding.pool.port, finding.pool.via.ip) == (POOL, 3333, "10.0.0.9")


def test_an_address_and_port_are_suspected():
    finding = Scene().tcp(tls(None)).finding()
    assert (finding.level, finding.verdict) == (Level.ENDPOINT, Verdict.SUSPECTED)
    assert (finding.why_code, finding.why_args["date"]) == ("endpoint_address", "2026-11-01")
    assert finding.pool.basis == ["address"] and finding.coin is None and finding.evidence[0].frame
    assert Scene().tcp(tls(None), port=3334).findings() == []


@pytest.mark.parametrize("name", ["xmr.pool.example", "XMR.Pool.Example.", "a.b.xmr.pool.example"])
def test_names_count_with_their_sub_domains_in_any_case(name):
    scene = Scene().tcp(tls(name.encode()), server=ELSEWHERE)
    assert scene.told() == [(MINER, "miner", "endpoint", "endpoint_name")]


@pytest.mark.parametrize("name", [
    "notxmr-pool.example", "xmr.pool.example.org", "pool.example.evil.example", "xpool.example", "example",
    "poolxexample", "xmr-pool-example.invalid",
])
def test_names_that_merely_hold_a_pools_are_nobodys(name):
    assert Scene().tcp(tls(name.encode()), server=ELSEWHERE).resolved(name, ELSEWHERE).findings() == []


# DNS: bound to client, address and time.


def test_chain_of_names_over_udp_and_tcp():
    for over_tcp in (False, True):
        chain = dns_records((NAME, "lb-7.cdn.example"), ("lb-7.cdn.example", "edge.cdn.example"),
                            ("edge.cdn.example", ELSEWHERE))
        scene = Scene().dns(NAME, chain, over_tcp=over_tcp).tcp(tls(None), server=ELSEWHERE)
        assert scene.told() == [(MINER, "miner", "endpoint", "endpoint_dns")]


def test_dns_over_tcp_sent_twice_and_out_of_order():
    chain = dns_records((NAME, ELSEWHERE))
    scene = Scene().dns(NAME, chain, over_tcp=True)
    scene.frames += [(time_ns + 1000, data) for time_ns, data in scene.frames]
    scene.dns(NAME, chain, over_tcp=True).tcp(tls(None), server=ELSEWHERE)
    finding = scene.finding()
    assert (finding.why_code, finding.pool.name) == ("endpoint_dns", NAME)


def test_a_miner_on_the_port_of_dns():
    assert Scene().tcp(MINES, server=ELSEWHERE, port=53).told() == [(MINER, "miner", "shares", "shares_accepted")]
    finding = Scene().tcp(tls(b"xmr.pool.example"), server=ELSEWHERE, port=53).finding()
    assert (finding.level, finding.pool.port) == (Level.ENDPOINT, 53)


def test_a_name_that_leads_to_a_pools_counts_as_the_pools():
    """Whoever hides a pool behind a name of his own still resolves it."""
    chain = dns_records(("mine.own.example", NAME), (NAME, ELSEWHERE))
    finding = Scene().dns("mine.own.example", chain).tcp(tls(None), server=ELSEWHERE).finding()
    assert (finding.pool.name, finding.why_code) == (NAME, "endpoint_dns")


def test_ipv6():
    scene = Scene().resolved(NAME, "2001:db8:9::1", kind=28, client="fd00::17", server="fd00::53")
    scene.tcp(tls(None), client="fd00::17", server="2001:db8:9::1")
    assert scene.told() == [("fd00::17", "miner", "endpoint", "endpoint_dns")]


def test_an_answer_binds_its_client_its_address_and_its_time():
    lookup = (MINER, "miner", "lookup", "lookup_dns")
    assert Scene().resolved(NAME, ELSEWHERE).tcp(tls(None), "10.3.0.18", ELSEWHERE).told() == [lookup]
    assert Scene().resolved(NAME, ELSEWHERE).tcp(tls(None), server="198.51.100.5").told() == [lookup]
    late = Scene().resolved(NAME, ELSEWHERE)
    late.now_ns += 400 * SECOND
    assert late.tcp(tls(None), server=ELSEWHERE).told() == [lookup]
    early = Scene().tcp(tls(None), server=ELSEWHERE).resolved(NAME, ELSEWHERE)
    assert early.told() == [lookup]


def test_the_latest_name_of_an_address_counts():
    scene = Scene().resolved(NAME, ELSEWHERE).resolved("eu1.pool.example", ELSEWHERE).tcp(tls(None), server=ELSEWHERE)
    assert {finding.pool.name for finding in scene.findings() if finding.level is Level.ENDPOINT} == {
        "eu1.pool.example"}


def test_a_client_that_spoke_second_is_still_the_client():
    """The capture begins within a session, with the server's packet."""
    for scene in (Scene().resolved(NAME, ELSEWHERE).tcp(tls(None)[2:], server=ELSEWHERE, captured="middle"),
                  Scene().tcp(tls(None)[2:], server=POOL, captured="middle")):
        finding = scene.finding()
        assert (finding.source_ip, finding.level, finding.midstream) == (MINER, Level.ENDPOINT, True)
        assert finding.connections[0].source_port > 40000


@pytest.mark.parametrize("captured", ["client", "server"])
def test_one_direction_alone_is_data_exchanged(captured):
    assert Scene().tcp(tls(None), captured=captured).told() == [(MINER, "miner", "endpoint", "endpoint_address")]


# What is no exchange of data.


def test_a_handshake_without_data_is_a_lookup():
    finding = Scene().tcp([]).finding()
    assert (finding.level, finding.verdict, finding.why_code) == (Level.LOOKUP, Verdict.SUSPECTED, "connected")
    assert "no mining was read" in why(finding)


def test_a_hello_that_nobody_answers_is_a_lookup():
    """A firewall that looks at names resets such connections."""
    scene = Scene().tcp(tls(b"xmr.pool.example")[:1], server=ELSEWHERE)
    assert scene.told() == [(MINER, "miner", "lookup", "connected")]


def test_a_question_of_dns_is_a_lookup():
    for scene in (Scene().dns(NAME), Scene().resolved(NAME, ELSEWHERE), Scene().dns(NAME, [], over_tcp=True)):
        finding = scene.finding()
        assert (finding.level, finding.verdict, finding.role) == (Level.LOOKUP, Verdict.SUSPECTED, Role.MINER)
        assert (finding.pool.ip, finding.pool.port, finding.pool.name) == (None, None, NAME)
        assert finding.carriers == ["dns"] and finding.evidence[0].frame


@pytest.mark.parametrize("kind", [2, 6, 12, 15, 16, 33, 257], ids=["ns", "soa", "ptr", "mx", "txt", "srv", "caa"])
def test_questions_for_no_address_are_none(kind):
    assert Scene().dns(NAME, [], kind=kind).findings() == []


# Age.


@pytest.mark.parametrize(("server", "years", "level"), [
    (POOL, 0, Level.ENDPOINT), (POOL, -4, Level.ENDPOINT), (POOL, -6, Level.LOOKUP), (POOL, 3, Level.LOOKUP),
    (OLD, 0, Level.LOOKUP), (OLD, -8, Level.ENDPOINT), (OLD, -14, Level.LOOKUP),
])
def test_addresses_age(server, years, level):
    """Against the time of the capture (2026-05-01 and so many years): verified 2026-11-01 and 2018-05-13."""
    finding = Scene(START_NS + years * YEAR_NS).tcp(tls(None), server=server).finding()
    assert (finding.level, finding.verdict) == (level, Verdict.SUSPECTED)
    assert (finding.pool.basis == ["address"]) is (level is Level.ENDPOINT)


def test_names_age_slower():
    for name, years, level in ((b"xmr.pool.example", 7, Level.ENDPOINT), (b"xmr.pool.example", 9, Level.LOOKUP),
                               (b"old.example", 0, Level.LOOKUP), (b"old.example", -10, Level.ENDPOINT),
                               (b"weak.example", 0, Level.LOOKUP)):
        finding = Scene(START_NS + years * YEAR_NS).tcp(tls(name), server=ELSEWHERE).finding()
        assert finding.level is level, (name, years)


def test_a_capture_without_a_clock_is_judged_as_of_the_rules_review():
    assert Scene(SECOND).tcp(tls(None)).finding().level is Level.ENDPOINT
    assert Scene(SECOND).tcp(tls(None), server=OLD).finding().level is Level.LOOKUP


# Malware.


@pytest.mark.parametrize("scene", [
    Scene().tcp(tls(b"control.example"), server=ELSEWHERE, port=443),
    Scene().tcp(http("control.example"), server=ELSEWHERE, port=80),
    Scene().resolved("x.control.example", ELSEWHERE).tcp(tls(None), server=ELSEWHERE),
    Scene().resolved("control.example", ELSEWHERE),
    Scene().tcp(tls(None), server=INFECTED, port=4444),
    Scene().tcp(http(INFECTED), server=INFECTED, port=4444),
    Scene().tcp([(C, b"NICK bot7\r\nUSER x 0 * :x\r\n"), (S, b":c2 001 bot7 :hi\r\n")], server=INFECTED, port=4444),
], ids=["tls", "http", "dns", "lookup", "address", "page", "irc"])
def test_malware_is_a_sign_of_infection_not_of_mining(scene):
    finding = scene.finding()
    assert (finding.level, finding.verdict, finding.coin) == (Level.LOOKUP, Verdict.SUSPECTED, None)
    assert finding.why_code.startswith("malware_") and finding.rules == ["scene-malware"]
    assert "infection, not of mining" in why(finding)
    assert finding.pool.operator is None


def test_browser_miners():
    finding = Scene().tcp(tls(b"cdn.script.example"), server=ELSEWHERE, port=443).finding()
    assert (finding.level, finding.verdict, finding.why_code) == (
        Level.ENDPOINT, Verdict.PROBABLE, "browser_miner")


def test_without_endpoint_lists_nothing_is_known():
    scene = Scene().resolved(NAME, ELSEWHERE).tcp(tls(b"xmr.pool.example"), server=ELSEWHERE).tcp(tls(None))
    assert scene.findings(endpoints=False) == []


def test_a_coin_that_can_no_longer_be_mined_is_not_told():
    """Servers kept their names when Ethereum ended proof of work in September 2022."""
    for year, coin in ((2021, "ETH"), (2024, None)):
        scene = Scene(START_NS - (2026 - year) * YEAR_NS).tcp(tls(b"eth-eu1.nanopool.org"), server=ELSEWHERE)
        assert scene.finding().coin == coin
