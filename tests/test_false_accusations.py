"""What looks like mining and is not: each scene accuses nobody, or of no more than a lookup that is true."""

from __future__ import annotations

import json

import pytest

from netminer_detect.findings import Verdict
from tests.scenes import (
    AUTHORIZE,
    LOGIN,
    MINER,
    MINES,
    NOTIFY,
    OLD,
    POOL,
    SHARE_ACCEPTED,
    SUBMIT,
    SUBSCRIBE,
    SUBSCRIBED,
    C,
    S,
    Scene,
    dns_records,
    http,
    line,
    tls,
)
from tests.test_carriers_tls import certificate

SHARED = "198.51.100.4"
NAME = "xmr.pool.example"
LOOKUP = [(MINER, "miner", "lookup", "lookup_dns")]
DIALOGUE = b"".join(line(said) for _, said in MINES)


def accused(scene: Scene, **settings) -> list:
    """Who is said to mine, however weakly."""
    return [(one.source_ip, one.level.word, one.why_code) for one in scene.findings(**settings)
            if one.verdict is not Verdict.NOT_MINING]


# Addresses that others share or had before.


@pytest.mark.parametrize("said", [tls(b"shop.example"), http("shop.example"), http("shop.example:443", "POST", b"{}"),
                                  tls(b"www.pool.example")], ids=["tls", "http", "post", "website"])
def test_a_content_networks_address_serves_whom_the_client_names(said):
    """A pool's name and a shop's stand for one address; the client asks for the shop."""
    scene = Scene().resolved(NAME, SHARED).tcp(said, server=SHARED, port=443)
    assert accused(scene) == [one[:1] + one[2:] for one in LOOKUP]


@pytest.mark.parametrize("said", [tls(b"shop.example"), http("shop.example"), http(POOL)],
                         ids=["tls", "http", "page"])
def test_a_known_address_that_serves_somebody_else(said):
    assert Scene().tcp(said, port=8080).findings() == []


def test_a_certificate_of_many_owners():
    many = certificate((0x0C, b"edge.cdn.example"), [b"shop.example", b"xmr.pool.example", b"news.example"])
    assert Scene().tcp(tls(None, many), server=SHARED, port=443).findings() == []
    assert Scene().tcp(tls(b"shop.example", many), server=SHARED, port=443).findings() == []


def test_a_certificate_of_one_owner_where_another_was_asked_for():
    """A server's default certificate: shown to whoever asks for what it does not have."""
    one = certificate((0x0C, b"xmr.pool.example"))
    assert Scene().tcp(tls(b"shop.example", one), server=SHARED, port=443).findings() == []
    assert Scene().resolved(NAME, SHARED).tcp(tls(b"shop.example", one), server=SHARED).told() == LOOKUP


def test_a_certificate_for_a_pools_pages():
    for names in ([b"pool.example"], [b"*.pool.example", b"pool.example"]):
        scene = Scene().tcp(tls(None, certificate((0x0C, names[0]), names)), server=SHARED, port=443)
        assert scene.told() == [(MINER, "visitor", "context", "visitor")]


@pytest.mark.parametrize("address", [POOL, OLD])
@pytest.mark.parametrize("said", [
    [(S, b"220 mx.example ESMTP\r\n"), (C, b"EHLO mail.example\r\n"), (S, b"250 mx.example\r\n")],
    [(C, b"SSH-2.0-OpenSSH_9.2\r\n"), (S, b"SSH-2.0-OpenSSH_9.6\r\n")],
    [(S, b"\xff\xfd\x18\xff\xfd\x20"), (C, b"\xff\xfb\x18")],
], ids=["smtp", "ssh", "telnet"])
def test_a_mail_server_or_shell_at_a_pools_address(address, said):
    """Some pools listen on the ports of mail and Telnet; who speaks mail there reached none."""
    assert Scene().tcp(said, server=address, port=25).findings() == []


@pytest.mark.parametrize("said", [
    [(S, b"\x4a\0\0\0\x0a8.0.33\0" + bytes(60)), (C, b"\x20\0\0\1\x85\xa6\xff\1" + bytes(28))],
    [(C, b"\0\0\0\x08\x04\xd2\x16\x2f"), (S, b"N"), (C, b"\0\0\0\x13\0\x03\0\0user\0me\0\0")],
    [(C, b"*1\r\n$4\r\nPING\r\n"), (S, b"+PONG\r\n")],
    [(C, b"NICK me\r\nUSER me 0 * :me\r\n"), (S, b":irc.example 001 me :Welcome\r\n")],
], ids=["mysql", "postgresql", "redis", "irc"])
def test_a_data_base_or_chat_at_a_pools_address(said):
    assert Scene().tcp(said).findings() == []


NODE = b"\xf9\xbe\xb4\xd9version\0\0\0\0\0\x56\0\0\0" + bytes(90)


@pytest.mark.parametrize("named", [False, True], ids=["address", "name"])
def test_a_node_at_a_pools_address_is_a_node(named):
    """Pools run nodes: what was read in the clear counts before what the address is known for."""
    scene = Scene().resolved(NAME) if named else Scene()
    told = scene.tcp([(C, NODE), (S, NODE)]).told()
    assert (MINER, "node", "context", "node") in told and set(told) <= {(MINER, "node", "context", "node"), *LOOKUP}


def test_connections_that_nobody_answers():
    """They raise a counter, and no more."""
    scene = Scene().syn(MINER, POOL, 3333).syn(MINER, POOL, 25).syn(MINER, OLD, 3333).syn(MINER, SHARED, 3333)
    report = scene.resolved(NAME, SHARED).syn(MINER, SHARED, 3333).syn(POOL, MINER, 3333).report()
    assert [finding.why_code for finding in report.findings] == ["lookup_dns"]
    assert report.totals.unanswered == 4


def test_questions_about_a_pools_mail_and_keys():
    scene = Scene()
    for name, kind in ((NAME, 15), (NAME, 16), ("_dmarc.xmr.pool.example", 16), (NAME, 257), (NAME, 2)):
        scene.dns(name, [], kind=kind)
    assert scene.findings() == []


def test_an_answer_for_another_name():
    """The name of a pool within another name, and in another's answer."""
    scene = Scene().resolved("xmr.pool.example.search.example", SHARED).tcp(tls(None), server=SHARED)
    scene.dns("shop.example", dns_records((NAME, SHARED))).tcp(tls(None), server=SHARED)
    assert scene.findings() == []


def test_the_pool_dials_us():
    """A pool's machine fetches a page of ours: a contact of its, not of ours."""
    scene = Scene().resolved(NAME, POOL).tcp(tls(b"www.campus.example"), client=POOL, server=MINER, port=443,
                                             source_port=3333)
    assert accused(scene) == [one[:1] + one[2:] for one in LOOKUP]


# Mining's words where nobody mines.


PAGE = b"<html><pre>" + DIALOGUE + b"</pre></html>"
ROWS = b"".join(b"D\0\0\0\x40\0\x01\0\0\0\x36" + line(said) for _, said in MINES)
REDIS = b"".join(b"$%d\r\n%s\r\n" % (len(line(said)), line(said)) for _, said in MINES)
QUOTED = [json.dumps({"log": line(said).decode(), "stream": "stdout"}).encode() + b"\n" for _, said in MINES]
LOGGED = [json.dumps({"level": "info", "msg": "sent", "data": said}).encode() + b"\n" for _, said in MINES]
SYSLOG = [b"<14>1 2026-05-01T08:00:00Z pool stratum - - - " + line(said) for _, said in MINES]
CHAT = [b":anna!a@irc.example PRIVMSG #pool :" + line(said) for _, said in MINES]
STOMP = [b"SEND\ndestination:/jobs\n\n" + line(said) + b"\0" for _, said in MINES]


@pytest.mark.parametrize(("said", "port"), [
    (http("docs.example", answer=PAGE), 80),
    (http("docs.example", answer=DIALOGUE), 80),
    (http("paste.example", "POST", DIALOGUE), 80),
    ([(C, b"Q\0\0\0\x20select * from messages\0"), (S, ROWS)], 5432),
    ([(C, b"SUBSCRIBE jobs\r\n"), (S, REDIS)], 6379),
    ([(C, one) for one in QUOTED], 5170),
    ([(C, one) for one in LOGGED], 5170),
    ([(C, one) for one in SYSLOG], 514),
    ([(S, one) for one in CHAT], 6667),
    ([(C, one) for one in STOMP], 61613),
    ([(S, b"220 mail.example ESMTP\r\n"), (C, b"DATA\r\n"), (S, b"354 go\r\n"), (C, DIALOGUE + b".\r\n"),
      (S, b"250 taken\r\n")], 25),
    ([(C, SUBSCRIBE), (C, AUTHORIZE), *[(C, SUBMIT)] * 5], 5170),
    ([(S, NOTIFY), (S, SHARE_ACCEPTED), (S, NOTIFY)], 5170),
], ids=["page", "text", "paste", "sql", "redis", "container-log", "structured-log", "syslog", "chat", "stomp", "mail",
        "miners-log", "pools-log"])
@pytest.mark.parametrize("captured", ["all", "middle"])
def test_who_quotes_mining_does_not_mine(said, port, captured):
    if captured == "middle" and said[0][1] in (NOTIFY, SUBSCRIBE):
        pytest.skip("in the middle one side's lines alone are what a capture of one direction shows of a miner")
    assert accused(Scene().tcp(said, server=SHARED, port=port, captured=captured)) == []


ELECTRUM = [
    (C, {"id": 0, "method": "server.version", "params": ["electrum/4.5.5", "1.4"]}),
    (S, {"id": 0, "result": ["ElectrumX 1.16.0", "1.4"]}),
    (C, {"id": 1, "method": "blockchain.headers.subscribe", "params": []}),
    (S, {"id": 1, "result": {"hex": "00" * 80, "height": 840000}}),
    (C, {"id": 2, "method": "blockchain.scripthash.subscribe", "params": ["ab" * 32]}),
    (S, {"method": "blockchain.headers.subscribe", "params": [{"hex": "00" * 80, "height": 840001}]}),
]
GENERIC = [
    (C, {"id": 1, "method": "login", "params": {"login": "anna", "pass": "x"}}),
    (S, {"id": 1, "result": {"id": "77", "status": "OK"}}),
    (S, {"method": "job", "params": {"job_id": "17", "target": "office", "blob": "report.pdf"}}),
    (C, {"id": 2, "method": "submit", "params": {"id": "77", "job_id": "17", "result": "done"}}),
    (S, {"id": 2, "result": {"status": "OK"}}),
]
NODE_CALL = http("node.example:8332", "POST", b'{"id":1,"method":"getmininginfo","params":[]}',
                 b'{"id":1,"result":{"blocks":840000,"difficulty":1e13}}')
ETHEREUM = http("node.example:8545", "POST", b'{"id":1,"method":"eth_getBlockByNumber","params":["latest",false]}',
                json.dumps({"id": 1, "result": {"nonce": "0x" + "1" * 16, "mixHash": "0x" + "2" * 64}}).encode())


@pytest.mark.parametrize("said", [ELECTRUM, GENERIC, NODE_CALL, ETHEREUM, [(C, {"id": 1, "method": "mining.info"})]],
                         ids=["electrum", "print-queue", "getmininginfo", "eth-block", "mining-in-a-name"])
def test_lookalikes(said):
    assert accused(Scene().tcp(said, server=SHARED, port=3333)) == []


# Who asks, and does not mine.


def test_a_scanner_that_asks_everything():
    """SSH, HTTP, Stratum, everything, of every address: nobody that it asks mines, and it does not either."""
    scene = Scene()
    for number in range(40):
        for said in ([(C, SUBSCRIBE)], http(f"10.3.1.{number}"), [(C, b"SSH-2.0-scan\r\n")], []):
            scene.tcp(said, client="10.3.0.200", server=f"10.3.1.{number}")
    verdicts = {(one.source_ip, one.role.value, one.verdict) for one in scene.findings()}
    assert verdicts == {("10.3.0.200", "prober", Verdict.SUSPECTED)}


def test_a_scanner_from_outside():
    scene = Scene()
    for number in range(40):
        scene.tcp([(C, SUBSCRIBE), (S, b"-ERR wrong\r\n")], client="192.0.2.200", server=f"10.3.1.{number}")
    verdicts = {(one.source_ip, one.role.value, one.verdict) for one in scene.findings()}
    assert verdicts == {("192.0.2.200", "prober", Verdict.SUSPECTED)}


def test_health_checks_of_a_load_balancer():
    """Opened and closed, again and again: contacts, never more."""
    scene = Scene()
    for _ in range(20):
        scene.tcp([])
    assert [one[1] for one in accused(scene)] == ["lookup"]


def test_a_hostile_certificate_or_name_accuses_nobody():
    hello = tls(b"xmr.pool.example\0.shop.example")
    assert Scene().tcp(hello, server=SHARED, port=443).findings() == []


def test_one_spoofed_packet_accuses_nobody():
    from tests.wire import ACK, PSH, Packet, Path

    for by_client, said in ((True, SUBSCRIBE), (False, NOTIFY), (True, SUBMIT), (False, SUBSCRIBED)):
        packet = Packet(0, by_client, PSH | ACK, 1, 1, line(said))
        assert Scene().packets([packet], Path(MINER, SHARED)).findings() == []


def test_login_alone_is_an_attempt_not_mining():
    assert accused(Scene().tcp(LOGIN[:1], server=SHARED)) == [(MINER, "attempt", "handshake_unanswered")]
