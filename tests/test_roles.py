"""Roles: who mines, who asks, who serves, who only looks."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.levels import Reason
from netminer_detect.detect.relayed import join_relayed
from netminer_detect.detect.translated import join_translated
from netminer_detect.findings import Connection, Level, Role, Server, Verdict, Via
from netminer_detect.outputs.wording import why
from tests.conversations import START_NS, Message, connection
from tests.scenes import (
    AUTHORIZE,
    INFECTED,
    LOGIN,
    MINER,
    MINES,
    NOTIFY,
    POOL,
    REFUSED,
    RESOLVER,
    SECOND,
    SUBMIT,
    SUBSCRIBE,
    SUBSCRIBED,
    C,
    S,
    Scene,
    http,
    line,
    tls,
)
from tests.wire import Path

GIVEN_WORK = [*LOGIN, (S, NOTIFY)]
TURNED_AWAY = [(C, SUBSCRIBE), (S, SUBSCRIBED), (C, AUTHORIZE), (S, REFUSED)]
OUTSIDE = "192.0.2.77"


def server(number: int) -> str:
    return f"198.51.100.{number + 1}"


def roles(scene: Scene, **settings) -> set[tuple[str, str]]:
    return {(finding.source_ip, finding.role.value) for finding in scene.findings(**settings)}


# Probers.


@pytest.mark.parametrize("said", [GIVEN_WORK, TURNED_AWAY, [(C, SUBSCRIBE)]], ids=["work", "refused", "unanswered"])
def test_who_asks_many_servers_once_and_works_for_none_is_a_prober(said):
    scene = Scene()
    for number in range(6):
        scene.tcp(said, server=server(number))
    findings = scene.findings()
    assert len(findings) == 6
    for finding in findings:
        assert (finding.role, finding.verdict) == (Role.PROBER, Verdict.SUSPECTED)
        assert finding.why_args == {"servers": 6, "server": f"{finding.pool.ip}:3333"}
        assert f"{finding.pool.ip}:3333" in why(finding)


@pytest.mark.parametrize("answers", [[GIVEN_WORK] * 3, [TURNED_AWAY] * 3, [[(C, SUBSCRIBE)]] * 3,
                                     [GIVEN_WORK, TURNED_AWAY, [(C, SUBSCRIBE)]]],
                         ids=["work", "refused", "unanswered", "mixed"])
def test_who_asks_several_servers_and_leaves_each_is_a_prober(answers):
    scene = Scene()
    for number, said in enumerate(answers):
        scene.tcp(said, server=server(number))
    assert roles(scene) == {(MINER, "prober")}
    assert {finding.verdict for finding in scene.findings()} == {Verdict.SUSPECTED}


def test_servers_that_gave_no_work_may_end_it_themselves():
    """They let one subscribe, and send it away half a minute later."""
    opening, data, closing = connection([Message(1000, True, line(SUBSCRIBE)), Message(2000, False, line(SUBSCRIBED))])
    ended = [replace(packet, by_client=not packet.by_client, sequence=packet.acknowledged,
                     acknowledged=packet.sequence, time_ns=packet.time_ns + 31 * SECOND) for packet in closing]
    scene = Scene()
    for number in range(3):
        scene.packets(opening + data + ended, Path(MINER, server(number), 40000 + number))
    assert roles(scene) == {(MINER, "prober")}


@pytest.mark.parametrize(("last", "role"), [([(C, SUBSCRIBE)], "prober"), (GIVEN_WORK, "miner")])
def test_where_the_capture_ends_it_may_still_ask(last, role):
    scene = Scene()
    for number in range(3):
        scene.tcp(TURNED_AWAY, server=server(number))
    assert roles(scene.tcp(last, server=server(3), captured="open")) == {(MINER, role)}


@pytest.mark.parametrize("scene", [
    Scene().tcp(TURNED_AWAY, server=server(0)).tcp(TURNED_AWAY, server=server(1)),
    Scene().tcp(TURNED_AWAY, server=server(0)).tcp([(C, SUBSCRIBE)], server=server(1)).tcp(MINES, server=server(2)),
    Scene().tcp(TURNED_AWAY, server=server(0)).tcp(TURNED_AWAY, server=server(1)).tcp(
        GIVEN_WORK, server=server(2), captured="open"),
    Scene().tcp([(C, SUBSCRIBE)], server=server(0), captured="open").tcp(
        [(C, SUBSCRIBE)], server=server(1), captured="open").tcp([(C, SUBSCRIBE)], server=server(2), captured="open"),
], ids=["two", "works", "stays", "waits"])
def test_a_miner_that_goes_through_its_few_servers_is_a_miner(scene):
    assert roles(scene) == {(MINER, "miner")}


def test_contacts_of_a_prober_are_a_probers():
    scene = Scene()
    for number in range(6):
        scene.tcp([(C, SUBSCRIBE)], server=server(number))
    scene.tcp([]).tcp(tls(b"xmr.pool.example"), server=server(9)).resolved("fee.example", server(10))
    findings = scene.findings()
    assert len(findings) == 9
    assert {(finding.role, finding.verdict) for finding in findings} == {(Role.PROBER, Verdict.SUSPECTED)}


def test_a_port_scan_that_touches_known_pools_is_a_prober():
    scene = Scene()
    for number in range(20):
        scene.resolved("xmr.pool.example", server(number)).tcp([], server=server(number))
        scene.tcp([], server=server(number), port=22)
    scene.tcp([])
    findings = scene.findings()
    assert {(finding.role, finding.level) for finding in findings} == {(Role.PROBER, Level.LOOKUP)}


def test_a_miner_with_many_fallbacks_is_a_miner():
    """It tries its whole list, one takes it, and it stays there."""
    scene = Scene()
    for number in range(7):
        scene.tcp(TURNED_AWAY, server=server(number))
    scene.tcp([*LOGIN, *[(S, NOTIFY)] * 8], server=server(7), pace_s=10)
    findings = scene.findings()
    assert {finding.role for finding in findings} == {Role.MINER}
    assert max(finding.verdict for finding in findings) is Verdict.CONFIRMED


@pytest.mark.parametrize("servers", [3, 8])
def test_a_miner_that_nobody_takes_is_a_miner(servers):
    """It goes through its list again and again; a prober asks once."""
    scene = Scene()
    for _ in range(3):
        for number in range(servers):
            scene.tcp(TURNED_AWAY, server=server(number))
    findings = scene.findings()
    assert {(finding.role, finding.level) for finding in findings} == {(Role.MINER, Level.ATTEMPT)}


def test_a_miner_that_starts_with_its_list_is_a_miner():
    """cgminer asks all its pools at once, and keeps the first that answers; the capture ends there."""
    scene = Scene()
    for number in range(4):
        scene.tcp(GIVEN_WORK, server=server(number), captured="open")
    assert roles(scene) == {(MINER, "miner")}


def test_many_miners_behind_one_address_are_miners():
    scene = Scene()
    for number in range(9):
        scene.tcp(MINES, client=OUTSIDE, server=server(number))
    assert roles(scene) == {(OUTSIDE, "miner")}


def test_encrypted_sessions_that_last_are_a_miners():
    scene = Scene()
    for number in range(7):
        scene.resolved("xmr.pool.example", server(number)).tcp([*tls(None), *tls(None)[2:]], server=server(number),
                                                               pace_s=10)
    findings = scene.findings()
    assert {(finding.role, finding.verdict) for finding in findings} == {(Role.MINER, Verdict.PROBABLE)}


def test_a_miner_that_also_probes_is_both():
    scene = Scene().tcp(MINES, server=server(99))
    for number in range(20):
        scene.tcp([(C, SUBSCRIBE)], server=server(number))
    findings = scene.findings()
    assert {finding.pool.ip for finding in findings if finding.role is Role.MINER} == {server(99)}
    assert sum(finding.role is Role.PROBER for finding in findings) == 20


def test_a_monitor_of_pools_is_a_prober():
    """It asks the same servers all day, gets work, and leaves."""
    scene = Scene()
    for _ in range(5):
        for number in range(3):
            scene.tcp(GIVEN_WORK, server=server(number))
    assert roles(scene) == {(MINER, "prober")}


# Who serves.


def test_a_proxy_serves_miners_and_mines_upstream():
    scene = Scene()
    for number in range(3):
        scene.tcp(MINES, client=f"10.3.0.{number + 1}", server="10.3.0.9")
    scene.tcp(MINES, client="10.3.0.9", server=POOL)
    findings = {finding.source_ip: finding for finding in scene.findings()}
    proxy = findings["10.3.0.9"]
    assert (proxy.role, proxy.level, proxy.verdict) == (Role.PROXY, Level.SHARES, Verdict.CONFIRMED)
    assert (proxy.pool.ip, proxy.why_args["clients"]) == (POOL, 3)
    assert {findings[f"10.3.0.{number + 1}"].role for number in range(3)} == {Role.MINER}


def test_a_proxy_that_speaks_tls_upstream():
    scene = Scene().tcp(MINES, server="10.3.0.9")
    scene.tcp(tls(b"xmr.pool.example"), client="10.3.0.9", server="198.51.100.4")
    findings = {finding.source_ip: finding for finding in scene.findings()}
    assert (findings["10.3.0.9"].role, findings["10.3.0.9"].level) == (Role.PROXY, Level.ENDPOINT)


def test_a_pool_is_found_only_inside():
    served = Scene().tcp(MINES, client=OUTSIDE, server="10.3.0.9").tcp(MINES, client="192.0.2.78", server="10.3.0.9")
    pool = served.finding()
    assert (pool.source_ip, pool.role, pool.verdict) == ("10.3.0.9", Role.POOL, Verdict.CONFIRMED)
    assert (pool.pool.ip, pool.pool.port, pool.why_args["clients"]) == ("10.3.0.9", 3333, 2)
    assert (pool.shares.accepted, pool.connections_total) == (2, 2)
    for client, machine in (("10.3.0.17", "10.3.0.9"), (OUTSIDE, "198.51.100.4")):
        # Both inside, or neither: the client is judged.
        assert roles(Scene().tcp(MINES, client=client, server=machine)) == {(client, "miner")}
    named = Scene().tcp(MINES, client=OUTSIDE, server="198.51.100.4")
    assert roles(named, inside=("198.51.100.0/24",)) == {("198.51.100.4", "pool")}


@pytest.mark.parametrize(("scene", "verdict", "told"), [
    (Scene().tcp(tls(b"xmr.pool.example"), OUTSIDE, "198.51.100.9", 443), Verdict.PROBABLE, "xmr.pool.example:443"),
    (Scene().tcp(tls(None), OUTSIDE, POOL).tcp(tls(None), "192.0.2.78", POOL), Verdict.SUSPECTED, f"{POOL}:3333"),
    (Scene().tcp(tls(b"script.example"), OUTSIDE, "198.51.100.9", 443), Verdict.PROBABLE, "script.example:443"),
], ids=["name", "address", "browser"])
def test_a_known_server_inside_is_the_machine_judged(scene, verdict, told):
    finding = scene.finding(inside=("198.51.100.0/24", POOL))
    assert (finding.source_ip, finding.role, finding.level) == (finding.pool.ip, Role.POOL, Level.ENDPOINT)
    assert finding.verdict is verdict and told in why(finding) and finding.why_args["operator"] == "Example Pool"


@pytest.mark.parametrize("scene", [
    Scene().tcp([], OUTSIDE, POOL), Scene().tcp(tls(None), OUTSIDE, INFECTED, 4444),
    Scene().tcp(tls(b"www.pool.example"), OUTSIDE, POOL, 443),
], ids=["handshake", "malware", "website"])
def test_what_an_outsider_did_is_told_as_it_was(scene):
    outside, inside = scene.finding(), scene.finding(inside=(POOL, INFECTED))
    assert (outside.source_ip, outside.role, why(outside)) == (inside.source_ip, inside.role, why(inside))


@pytest.mark.parametrize("answer", [[], [(S, b"HTTP/1.1 400 Bad Request\r\n\r\n")], [(S, b"-ERR unknown command\r\n")]],
                         ids=["none", "http", "redis"])
def test_who_is_asked_from_outside_is_no_pool(answer):
    """Scanners ask every address for work: the machine that was asked did nothing."""
    finding = Scene().tcp([(C, SUBSCRIBE), *answer], client=OUTSIDE, server="10.3.0.9").finding()
    assert (finding.source_ip, finding.role, finding.verdict) == (OUTSIDE, Role.PROBER, Verdict.SUSPECTED)
    assert "10.3.0.9:3333" in why(finding)


# Who only looks.


@pytest.mark.parametrize("scene", [
    Scene().tcp(tls(b"www.pool.example"), server="198.51.100.4", port=443),
    Scene().tcp(tls(b"pool.example"), server="198.51.100.4", port=443),
    Scene().tcp(tls(b"site.pool.example"), server="198.51.100.4", port=8443),
    Scene().tcp(tls(b"www.xmr.pool.example"), server="198.51.100.4", port=443),
    Scene().tcp(tls(b"both.example"), server="198.51.100.4", port=443),
    Scene().tcp(tls(b"nothing-known.pool.example"), server="198.51.100.4", port=443),
    Scene().tcp(http("www.pool.example"), server="198.51.100.4", port=80),
    Scene().tcp(http("both.example"), server="198.51.100.4", port=80),
    Scene().resolved("www.pool.example", "198.51.100.4").tcp(tls(None), server="198.51.100.4", port=443),
    Scene().tcp([(C, b"CONNECT www.pool.example:443 HTTP/1.1\r\n\r\n"), (S, b"HTTP/1.1 200 OK\r\n\r\n"),
                 *tls(b"www.pool.example")], server="10.0.0.8", port=3128),
], ids=["www", "apex", "site", "www-below", "both", "unknown-page", "http", "http-both", "dns", "proxied"])
def test_a_visitor_of_a_pools_website_does_not_mine(scene):
    finding = scene.finding()
    assert (finding.role, finding.level, finding.verdict) == (Role.VISITOR, Level.CONTEXT, Verdict.NOT_MINING)
    assert finding.pool is None and finding.peer.operator == "Example Pool" and "not mining" in why(finding)


def test_asking_dns_for_a_website_is_nothing():
    scene = Scene().resolved("www.pool.example").resolved("pool.example").resolved("site.pool.example")
    assert scene.findings() == []


def test_a_host_of_both_is_a_server_at_its_port():
    assert Scene().tcp(tls(b"both.example"), server="198.51.100.4").told() == [
        (MINER, "miner", "endpoint", "endpoint_name")]


@pytest.mark.parametrize(("name", "port", "told"), [
    (b"mx1.pool.example", 25, []), (b"imap1.pool.example", 993, []), (b"bastion.pool.example", 22, []),
    (b"unheard.pool.example", 1314, [(MINER, "miner", "endpoint", "endpoint_name")]),
    (b"stratum.pool.example", 443, [(MINER, "miner", "endpoint", "endpoint_name")]),
])
def test_the_port_tells_what_an_unknown_host_of_an_operator_is(name, port, told):
    assert Scene().tcp(tls(name), server="198.51.100.4", port=port).told() == told


def test_a_resolver_asks_for_its_clients():
    lookup = (MINER, "miner", "lookup", "lookup_dns")
    resolver = (RESOLVER, "resolver", "context", "resolver")
    forwards = Scene().resolved("xmr.pool.example").resolved("xmr.pool.example", client=RESOLVER, server="192.0.2.53")
    assert sorted(forwards.told()) == sorted([lookup, resolver])
    alone = Scene().dns("xmr.pool.example", client=RESOLVER, server="192.0.2.53", recursion=False)
    assert alone.told() == [resolver]
    finding = alone.finding()
    assert (finding.verdict, finding.pool, finding.peer.name) == (Verdict.NOT_MINING, None, "xmr.pool.example")


# Before and behind a NAT.


def mined_with(nonce: int) -> list:
    """A session whose shares no other has."""
    shares = [(C, SUBMIT | {"id": 10 + at, "params": ["rig.1", "7", "00000001", "66000001", f"{nonce + at:08x}"]})
              for at in range(3)]
    return [*GIVEN_WORK, *shares]


def translated(scene: Scene, said: list, inner: str, outer: str) -> Scene:
    """A session as it leaves the miner, and a moment later as it leaves the NAT."""
    scene.tcp(said, client=inner, server=POOL)
    scene.now_ns -= 1_000_000_000 + len(said) * 10_000_000 + 3_000_000 - 200_000
    return scene.tcp(said, client=outer, server=POOL)


def test_a_session_before_and_behind_a_nat_is_the_inner_machines():
    scene = translated(Scene(), mined_with(1000), "10.3.0.17", OUTSIDE)
    translated(scene, mined_with(2000), "192.168.7.18", OUTSIDE)
    findings = scene.findings()
    assert [(one.source_ip, one.nat, one.shares.submitted) for one in findings] == [
        ("10.3.0.17", True, 3), ("192.168.7.18", True, 3)]


def mirrored(scene: Scene, said: list, delay_s: float = 0.002, port: int = 50123, **how) -> Scene:
    """A session on both sides of a router that keeps its port, as the router itself captures it."""
    began = scene.now_ns
    scene.tcp(said, "10.3.0.17", POOL, source_port=50123, **how)
    ended, scene.now_ns = scene.now_ns, began + int(delay_s * 1e9)
    scene.tcp(said, OUTSIDE, POOL, source_port=port, **how)
    scene.now_ns = ended
    return scene


@pytest.mark.parametrize("said", [GIVEN_WORK, TURNED_AWAY, [(C, SUBSCRIBE)], tls(b"xmr.pool.example"), []],
                         ids=["work", "refused", "unanswered", "tls", "handshake"])
def test_a_session_without_shares_on_both_sides_of_a_router(said):
    (finding,) = mirrored(Scene(), said).findings()
    assert (finding.source_ip, finding.nat, finding.connections_total) == ("10.3.0.17", True, 1)


@pytest.mark.parametrize("scene", [
    mirrored(Scene(), GIVEN_WORK, port=50124), mirrored(Scene(), GIVEN_WORK, delay_s=0.2),
    mirrored(Scene(), tls(b"xmr.pool.example"), port=50124),
    mirrored(Scene(), GIVEN_WORK).tcp(GIVEN_WORK, OUTSIDE, POOL),
], ids=["port", "later", "tls", "more"])
def test_sessions_of_a_router_itself(scene):
    assert {(one.source_ip, one.nat) for one in scene.findings()} == {("10.3.0.17", None), (OUTSIDE, None)}


def test_questions_on_both_sides_of_a_router():
    def asked(delay_s: float) -> Scene:
        scene = Scene()
        for client, after_s in (("10.3.0.17", 0.0), (OUTSIDE, delay_s)):
            scene.now_ns, scene._port = START_NS + int(after_s * SECOND), 50000
            for kind in (1, 28):
                scene.dns("xmr.pool.example", kind=kind, client=client, server="192.0.2.53")
        return scene

    (finding,) = asked(0.002).findings()
    assert (finding.source_ip, finding.nat, finding.connections_total) == ("10.3.0.17", True, 2)
    assert roles(asked(0.5)) == {("10.3.0.17", "miner"), (OUTSIDE, "miner")}


def test_a_nat_with_miners_of_its_own_stays_whole():
    scene = translated(Scene(), mined_with(1000), "10.3.0.17", OUTSIDE).tcp(mined_with(5000), OUTSIDE, POOL)
    told = {one.source_ip: (one.nat, one.connections_total) for one in scene.findings()}
    assert told == {"10.3.0.17": (None, 1), OUTSIDE: (None, 2)}


@pytest.mark.parametrize("scene", [
    Scene().tcp(mined_with(1), "10.3.0.17", POOL).tcp(mined_with(9), OUTSIDE, POOL),
    Scene().tcp(mined_with(1), "10.3.0.17", POOL, pace_s=1).tcp(mined_with(1), OUTSIDE, POOL),
    Scene().tcp(mined_with(1), "10.3.0.17", POOL).tcp(mined_with(1), "10.3.0.18", POOL),
    Scene().tcp(mined_with(1), "10.3.0.17", POOL).tcp(mined_with(1), OUTSIDE, "198.51.100.4"),
    Scene().tcp(GIVEN_WORK, "10.3.0.17", POOL).tcp(GIVEN_WORK, OUTSIDE, POOL),
], ids=["other-shares", "later", "both-inside", "other-server", "no-shares"])
def test_sessions_that_merely_look_alike_are_two(scene):
    assert [one.nat for one in scene.findings()] == [None, None]


# Before and behind a proxy.


SOCKS = [(C, b"\x05\x01\x00"), (S, b"\x05\x00"), (C, b"\x05\x01\x00\x01\x05\x06\x07\x08\x0d\x05"),
         (S, b"\x05\x00\x00\x01" + bytes(6))]
CONNECT = [(C, b"CONNECT xmr.pool.example:3333 HTTP/1.1\r\n\r\n"), (S, b"HTTP/1.1 200 OK\r\n\r\n")]


def relayed(scene: Scene, opening: list, said: list, client: str, proxy: str) -> Scene:
    """A session as it reaches a proxy, and as that one hands it on."""
    began = scene.now_ns
    scene.tcp(opening + said, client=client, server=proxy, port=1080)
    ended, scene.now_ns = scene.now_ns, began + 20_000_000
    scene.tcp(said, client=proxy, server=POOL)
    scene.now_ns = ended
    return scene


@pytest.mark.parametrize("said", [mined_with(1000), GIVEN_WORK, tls(b"xmr.pool.example")],
                         ids=["shares", "work", "tls"])
@pytest.mark.parametrize("opening", [SOCKS, CONNECT], ids=["socks", "connect"])
@pytest.mark.parametrize("proxy", ["10.0.0.8", OUTSIDE])
def test_a_session_before_and_behind_a_proxy_is_the_inner_machines(proxy, opening, said):
    scene = relayed(Scene(), opening, said, "10.3.0.17", proxy)
    relayed(scene, opening, said, "10.3.0.18", proxy)
    assert [(one.source_ip, one.pool.via.ip) for one in scene.findings()] == [
        ("10.3.0.17", proxy), ("10.3.0.18", proxy)]


def test_a_proxy_that_mines_too_is_told():
    scene = relayed(Scene(), SOCKS, mined_with(1000), "10.3.0.17", "10.0.0.8").tcp(mined_with(9000), "10.0.0.8", POOL)
    assert {one.source_ip: one.connections_total for one in scene.findings()} == {"10.3.0.17": 1, "10.0.0.8": 2}
    later = relayed(Scene(), SOCKS, GIVEN_WORK, "10.3.0.17", "10.0.0.8").tcp([]).tcp(
        GIVEN_WORK, "10.0.0.8", POOL, port=3334)
    assert {one.source_ip for one in later.findings()} == {"10.3.0.17", "10.0.0.8"}


def test_thousands_of_sources_and_ways_cost_little():
    """Every source inside and outside at one server; one proxy that was asked for thousands."""
    def draft(source: str, pool: Server) -> Draft:
        found = Draft(source, Role.MINER, pool, "stratum-v1", Reason(Level.SESSION, "session_open", {}), states={0})
        found.connections, found.prints = [Connection(40000, 0, SECOND)], [frozenset()]
        found.connections_total = 1
        return found

    many = [f"{number >> 8}.{number & 255}" for number in range(4000)]
    inside = [draft(f"10.3.{host}", Server(POOL, 3333)) for host in many]
    outside = [draft(f"198.51.{host}", Server(POOL, 3333)) for host in many]
    asked = [draft(f"10.4.{host}", Server(None, 3333, f"n{host}", via=Via("10.0.0.8", 1080, "socks"))) for host in many]
    dialled = [draft("10.0.0.8", Server(f"198.52.{host}", 3333)) for host in many]
    began = time.process_time()
    assert join_translated([*inside, *outside]) == inside
    assert join_relayed([*asked, *dialled]) == asked
    assert time.process_time() - began < 5


def test_a_proxy_resolves_for_its_clients():
    scene = Scene().resolved("xmr.pool.example", client="10.0.0.8")
    relayed(scene, CONNECT, mined_with(1000), "10.3.0.17", "10.0.0.8")
    assert roles(scene) == {("10.3.0.17", "miner")}
    unseen = Scene().resolved("xmr.pool.example", client="10.0.0.8").tcp(
        CONNECT + mined_with(1000), server="10.0.0.8", port=3128)
    assert roles(unseen) == {("10.3.0.17", "miner"), ("10.0.0.8", "resolver")}


def test_of_two_nodes_the_one_inside_is_told():
    version = b"\xf9\xbe\xb4\xd9version\0\0\0\0\0\x56\0\0\0" + bytes(90)
    for client, machine in (("10.3.0.17", "198.51.100.4"), ("198.51.100.4", "10.3.0.17")):
        finding = Scene().tcp([(C, version), (S, version)], client=client, server=machine, port=8333).finding()
        assert (finding.source_ip, finding.role, finding.verdict) == ("10.3.0.17", Role.NODE, Verdict.NOT_MINING)
        assert finding.peer.ip == "198.51.100.4" and "198.51.100.4" in why(finding)
    both = Scene().tcp([(C, version), (S, version)], client="198.51.100.4", server="10.3.0.17", port=8333)
    both.tcp([(C, version), (S, version)], client="198.51.100.4", server="10.3.0.17", port=18333)
    assert both.finding().connections_total == 2
