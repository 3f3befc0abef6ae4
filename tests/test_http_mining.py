"""Mining over HTTP, where every question may be a connection of its own, and polling says little that is new."""

from __future__ import annotations

from fractions import Fraction

import pytest

from netminer_detect.dialects.handed_out import MAX_WORKS, HandedOut
from netminer_detect.findings import Level
from tests.captures import pcap
from tests.conversations import frames
from tests.dialogue import M, P, answer, ask, found, hexes, ok, post, scan_capture, talk
from tests.expectations import mining
from tests.wire import Path

WALLET = "0x32aa2ef97cd8389cff7ca39f16f106f67eb34057"
BOUNDARY, HALF = f"0x{2**256 // 4_000_000_000:064x}", f"0x{2**256 // 8_000_000_000:064x}"
SECOND = 1_000_000_000
START = 1_777_622_400 * SECOND
MINER = "X-Mining-Extensions: longpoll midstate\r\n"


def apart(*dialogues, client="10.3.0.17"):
    """A capture with a connection for each dialogue, one after the other."""
    packets = []
    for number, dialogue in enumerate(dialogues):
        path = Path(client=client, client_port=40_000 + number, server_port=8332)
        packets += frames(dialogue, "whole", path, START + number * 10 * SECOND)
    return pcap(packets)


def only(capture):
    (finding,) = mining(scan_capture(capture))
    return finding


def eth(method, params, identity=1):
    return {"id": identity, "jsonrpc": "2.0", "method": method, "params": params}


def work_of(header, boundary=BOUNDARY):
    return ["0x" + hexes(header, 64), "0x" + hexes("seed", 64), boundary, "0x1312d00"]


def get_work(header, boundary=BOUNDARY, path=f"/{WALLET}/rig"):
    return (M, post(eth("eth_getWork", []), path), P, ok(answer(0, work_of(header, boundary))))


def submit(header, accepted=True, path=f"/{WALLET}/rig"):
    call = eth("eth_submitWork", ["0x" + hexes("n", 16), "0x" + hexes(header, 64), "0x" + hexes("m", 64)], 40)
    return (M, post(call, path), P, ok(answer(0, accepted)))


def header(label):
    """256 digits of a block header and its padding."""
    return "00000002" + hexes(label, 128) + "6b02308017021369" + "0" * 104


TARGET = "0" * 52 + "ffff" + "0" * 8  # difficulty 1, little-endian


def getwork(data=None):
    return {"method": "getwork", "params": [data] if data else [], "id": 0}


def work(label):
    return answer(0, {"data": header(label), "target": TARGET, "midstate": hexes("x", 64)})


def solved(label):
    return header(label)[:136] + "6b023099" + "17021369" + "0badcafe" + header(label)[160:]


def test_a_connection_for_each_call():
    polls = [talk(*get_work(f"w{n // 20}")) for n in range(40)]
    late = talk(*submit("w0", False))
    finding = only(apart(*polls[:20], talk(*submit("w0")), *polls[20:], talk(*submit("w1")), late))
    assert (finding.level, finding.jobs.sent, finding.connections_total) == (Level.SHARES, 2, 43)
    assert (finding.shares.accepted, finding.shares.rejected, finding.shares.unanswered) == (2, 1, 0)
    assert [round(done.amount) for done in finding.work] == [8_000_000_000]


def test_long_poll_and_shares_on_connections_of_their_own():
    asked = talk(M, post(getwork(), user="a.b:x", agent="cgminer 3.7.2", more=MINER), P, ok(work("g")))
    waiting = talk(M, post(getwork(), "/LP", "a.b:x", "cgminer 3.7.2", MINER), P, ok(work("h")))
    shares = [talk(M, post(getwork(solved(one)), user="a.b:x", agent="cgminer 3.7.2"), P, ok(answer(1, True)))
              for one in ("g", "h")]
    finding = only(apart(asked, waiting, *shares))
    assert (finding.jobs.sent, finding.shares.accepted, finding.connections_total) == (2, 2, 4)
    assert [round(done.amount / 2**32, 3) for done in finding.work] == [2]


def test_long_poll_by_get():
    asked = talk(M, post(getwork(), user="a.b:x", agent="cgminer 3.7.2", more=MINER), P, ok(work("g")))
    waiting = talk(M, f"GET /LP HTTP/1.1\r\nHost: p\r\n{MINER}\r\n", P, ok(work("h")))
    share = talk(M, post(getwork(solved("h")), user="a.b:x", agent="cgminer 3.7.2"), P, ok(answer(1, True)))
    finding = only(apart(asked, waiting, share))
    assert (finding.jobs.sent, finding.shares.accepted) == (2, 1)
    assert [round(done.amount / 2**32, 3) for done in finding.work] == [1]


def test_page_asked_for_by_a_program_named_for_miners():
    page = "GET /cgi-bin/stats HTTP/1.1\r\nHost: h\r\nUser-Agent: Awesome Miner\r\nAuthorization: Basic YTpi\r\n\r\n"
    assert found(talk(M, page, P, ok({"hashrate": 1}))) == []
    assert found(talk(M, page, P, ok("no", "401 Unauthorized"))) == []


def test_worth_is_that_of_the_login():
    one, other = f"/{WALLET}/one", f"/{WALLET}/other"
    finding = only(apart(
        talk(*get_work("w", BOUNDARY, one)), talk(*get_work("w", HALF, other)), talk(*submit("w", True, one)),
        talk(*submit("w", True, other))))
    amounts = {worker.worker: round(worker.work[0].amount) for worker in finding.workers}
    assert amounts == {"one": 4_000_000_000, "other": 8_000_000_000}


def test_worth_is_that_of_the_last_boundary():
    finding = only(apart(talk(*get_work("w"), *submit("w"), *get_work("w", HALF), *submit("w"))))
    assert finding.jobs.sent == 2
    assert [round(done.amount) for done in finding.work] == [12_000_000_000]


def test_work_of_another_server_is_none_of_this_one():
    elsewhere = frames(talk(*get_work("w")), "whole", Path(server="203.0.113.10", server_port=8332), START)
    here = frames(talk(*submit("w")), "whole", Path(server_port=8332), START + SECOND)
    findings = mining(scan_capture(pcap(elsewhere + here)))
    assert [done for finding in findings for done in finding.work] == []
    assert sorted(finding.shares.accepted for finding in findings) == [0, 1]


def test_hours_of_polling_on_one_connection():
    finding = only(apart(talk(*(part for n in range(1500) for part in get_work(f"w{n // 500}")), *submit("w2"))))
    assert (finding.jobs.sent, finding.shares.accepted) == (3, 1)
    assert len(finding.evidence) < 24


@pytest.mark.parametrize(("path", "user", "worker"), [
    (f"/{WALLET}/rig", WALLET, "rig"), (f"/{WALLET}.rig", WALLET, "rig"), (f"/{WALLET}", WALLET, None),
    (f"/{WALLET}/rig/me@example.com", WALLET, "rig"), (f"/miner/{WALLET}.rig/25", WALLET, "rig"),
    (f"/{WALLET[2:]}/rig", WALLET[2:], "rig"), (f"http://host.example:8888/{WALLET}/rig?x=1", WALLET, "rig"),
    (f"/{WALLET}%2Frig", WALLET, "rig"), (f"/eth/{WALLET}/", WALLET, None),
])
def test_wallet_in_the_path(path, user, worker):
    finding = only(apart(talk(*get_work("w", path=path), *submit("w", path=path))))
    assert [(one.user, one.worker) for one in finding.workers] == [(user, worker)]


def test_what_is_remembered_is_bounded():
    handed = HandedOut()
    here, there = handed.between(b"a", b"b"), handed.between(b"b", b"a")
    assert here.note(("x",), Fraction(1))
    assert not there.note(("x",), Fraction(1))
    assert there.note(("x",), Fraction(2))
    assert here.worth(("x",)) == 2
    for number in range(MAX_WORKS):
        handed.between(b"a", b"c").note((str(number),), None)
    assert here.worth(("x",)) is None
    assert len(handed._works) == MAX_WORKS


def template(label):
    return answer(0, {"previousblockhash": hexes(label, 64), "transactions": [], "coinbasevalue": 312_500_000,
                      "bits": "17021369", "curtime": 1_795_313_152, "longpollid": label})


def ask_template(**more):
    return {"id": 0, "method": "getblocktemplate", "params": [{"rules": ["segwit"], **more}]}


def test_template_looked_at_is_no_mining():
    look = (M, post(ask_template(), user="u:p"), P, ok(template("a")))
    assert found(talk(*look, M, post({"id": 1, "method": "getmempoolinfo", "params": []}), P, ok(answer(1, {})))) == []
    assert found(talk(*look, *look)) == []
    assert found(talk(M, post(ask_template(), user="u:p"), P, ok(answer(0, None, {"code": -9}), "500 Error"))) == []
    assert found(talk(M, post(ask_template(), user="u:p")), "client-only") == []


@pytest.mark.parametrize("asked", [
    post(ask_template(capabilities=["coinbasetxn"])), post(ask_template(longpollid="a")),
    post(ask_template(mode="proposal", data="00")), post(ask_template(), agent="cgminer 4.12"),
    post(ask_template(), more=MINER),
])
def test_template_for_mining(asked):
    (finding,) = found(talk(M, asked, P, ok(template("a"))))
    assert (finding.dialect, finding.level, finding.jobs.sent) == ("getblocktemplate", Level.SESSION, 1)


def test_templates_again_and_again():
    asked = (part for n in range(5) for part in (M, post(ask_template(), user="u.w:p"), P, ok(template(f"t{n}"))))
    (finding,) = found(talk(*asked))
    assert (finding.level, finding.jobs.sent, finding.workers[0].worker) == (Level.SESSION, 3, "w")


def test_template_and_block():
    block = {"id": 1, "method": "submitblock", "params": ["00000020" + hexes("b", 400)]}
    (finding,) = found(talk(M, post(ask_template()), P, ok(template("a")), M, post(block), P, ok(answer(1, None))))
    assert (finding.level, finding.shares.accepted) == (Level.SHARES, 1)


@pytest.mark.parametrize(("result", "path"), [(None, "/"), ({"blocktemplate_blob": "00", "status": "OK"}, "/json_rpc")])
def test_an_answer_with_another_id_is_none_to_a_block(result, path):
    """Where packets were lost, what follows a block may answer another call."""
    block = ask("s", "submitblock", [hexes("block", 400)])
    handed_in = talk(M, post(block, path, "u:p", "solominer/1"), P, ok(answer("p", result)), port=8332)
    (finding,) = found(handed_in)
    assert (finding.shares.submitted, finding.shares.accepted, finding.shares.rejected) == (1, 0, 0)
