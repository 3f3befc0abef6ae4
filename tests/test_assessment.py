"""Compromised or misused: what speaks for either, shown with its frames, and silence where nothing does."""

import csv
import io
import json

import pytest

from netminer_detect.detect.assessment import assess
from netminer_detect.detect.server_machines import houses_servers
from netminer_detect.findings import Level, Organisation, Role, Server, Shares, Verdict, Worker
from netminer_detect.outputs import formats
from netminer_detect.outputs.grounds import ground_text
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.rulebook.book import load
from tests.reports import DORMITORY, NOON, line, miner, report
from tests.scenes import AUTHORIZE, AUTHORIZED, INFECTED, MINES, NOTIFY, SUBSCRIBE, SUBSCRIBED, C, S, Scene, tls

XMR = "48" + "a3" * 46 + "Z"
YEAR = 31_556_952 * 10**9
BOOK = load()
LAB = Organisation("lab", "Laboratory")


def worker(user=XMR, name=None, agent="XMRig/6.21.3 (Linux x86_64)"):
    return Worker(user if name is None else f"{user}.{name}", user, name, agent, None, Shares(4, 4))


def judged(*workers, **more):
    finding = miner(workers=list(workers or [worker()]), coin="XMR", model=None, **more)
    assess([finding], BOOK)
    return finding.assessment, [(ground.points_to, ground.code) for ground in finding.grounds]


def login(user, name="rig-7", agent="cgminer/4.12.1"):
    """A login at a pool that gives work."""
    asked = [(C, SUBSCRIBE | {"params": [agent]}), (S, SUBSCRIBED)]
    return [*asked, (C, AUTHORIZE | {"params": [f"{user}.{name}", "x"]}), (S, AUTHORIZED), (S, NOTIFY)]


def test_where_nothing_speaks_either_way_nothing_is_said():
    assert judged() == (None, [])
    assert judged(worker(name="lab-3"), worker("0x" + "ab" * 20)) == (None, [])
    assert [finding.assessment for finding in Scene().tcp(MINES).findings()] == [None]


@pytest.mark.parametrize("name", ["svchost", "SVCHOST.EXE", "systemd", "kworker/0:1", "kdevtmpfsi", "sshd"])
def test_workers_that_hide_as_services(name):
    assert judged(worker(name=name)) == ("likely-compromised", [("compromised", "service_worker")])


@pytest.mark.parametrize("name", ["svchost-lab", "my-systemd", "sshd1", "kworkers", "rig", "explorer7"])
def test_workers_that_merely_sound_like_services(name):
    assert judged(worker(name=name)) == (None, [])


@pytest.mark.parametrize(("agent", "years", "found"), [
    ("XMRig/5.11.2 (Linux x86_64)", 0, True), ("XMRig/2.14.1", 0, True), ("xmr-stak-cpu/1.3.0", 0, True),
    ("XMRig/6.21.3", 0, False), ("XMRig/5.11.2", -4, False), ("xmrig-proxy/5.0.1", 0, False),
    ("XMRigCC/2.1.0", 0, False), ("XMRig/50.1", 0, False),
])
def test_programs_that_ended_long_before_the_capture(agent, years, found):
    told = judged(worker(agent=agent), last_seen_ns=NOON + years * YEAR)
    assert told == (("likely-compromised", [("compromised", "frozen_agent")]) if found else (None, []))


def test_a_capture_without_a_clock_tells_no_age():
    assert judged(worker(agent="XMRig/2.14.1"), last_seen_ns=None) == (None, [])


def test_a_program_that_calls_itself_a_browser():
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
    assert judged(worker(agent=agent)) == ("likely-compromised", [("compromised", "browser_agent")])
    assert judged(worker(agent=agent), carriers=["tcp", "tls", "http", "websocket"]) == (None, [])


@pytest.mark.parametrize(("agent", "found"), [
    ("bosminer-plus-tuner 0.2.0", True), ("whatsminer/v1.1", True), ("bitaxe/BM1366/v2.1.5", True),
    ("cgminer/4.12.1", False), ("T-Rex/0.26.8", False), ("Official PC Miner 4.3", False),
])
def test_hardware_that_somebody_bought(agent, found):
    told = judged(worker(agent=agent))
    assert told == (("likely-misuse", [("misuse", "hardware")]) if found else (None, []))


def test_a_device_that_names_its_model_is_hardware():
    finding = miner(role=Role.MANAGED, level=Level.DEVICE, model="Antminer S19", workers=[worker("labpc", "7", None)])
    assess([finding], BOOK)
    assert finding.assessment == "likely-misuse"
    assert [(ground.code, ground.args["agent"]) for ground in finding.grounds if ground.code == "hardware"] == [
        ("hardware", "Antminer S19")]


def test_a_named_worker_of_an_account():
    assert judged(worker("labaccount", "7")) == ("likely-misuse", [("misuse", "account")])
    for one in (worker("labaccount"), worker("x", "7"), worker("test", "7"), worker("me@mail.example", "7"), worker()):
        assert judged(one) == (None, [])
    assert judged(worker("labaccount", "7"), level=Level.ATTEMPT, verdict=Verdict.PROBABLE) == (None, [])


def test_rigs_that_are_numbered_through():
    assert judged(*(worker(name=f"rig{at:02}") for at in range(4))) == ("likely-misuse", [("misuse", "rigs")])
    assert judged(*(worker(name=f"rig{at:02}") for at in range(2))) == (None, [])
    assert judged(*(worker(name=name) for name in ("anna", "bert", "carl"))) == (None, [])


def test_grounds_of_weight_outweigh_hints_and_each_other():
    compromised, hint = worker("labaccount", "svchost"), worker("labaccount", "7")
    assert judged(compromised, hint)[0] == "likely-compromised"
    assert judged(worker(agent="XMRig/2.14.1"), hint)[0] == "unclear"
    hardware = worker(agent="whatsminer/v1.1")
    assert judged(hardware, worker(agent="XMRig/2.14.1"))[0] == "likely-misuse"
    assert judged(hardware, compromised)[0] == "unclear"


def test_one_wallet_in_several_units():
    one, other = miner(id="1", workers=[worker()]), miner(id="2", source_ip="10.20.0.9", workers=[worker()])
    assess([one, other], BOOK)
    assert (one.assessment, other.assessment) == (None, None)
    other.organisation = DORMITORY
    assess([one, other], BOOK)
    assert one.assessment == other.assessment == "likely-compromised"
    (ground,) = one.grounds
    assert (ground.code, ground.args) == ("wallet_across", {"units": 2, "machines": 2})
    # Two units are a hint, three are more.
    one.workers[0].agent = "whatsminer/v1.1"
    assess([one, other], BOOK)
    assert one.assessment == "likely-misuse"
    assess([one, other, miner(id="3", source_ip="10.9.0.9", organisation=LAB, workers=[worker()])], BOOK)
    assert one.assessment == "unclear"


def test_a_proxy_in_another_unit_spreads_no_wallet():
    served = miner(id="1", workers=[worker()], pool=Server("10.20.0.9", 3333))
    proxy = miner(id="2", source_ip="10.20.0.9", organisation=DORMITORY, role=Role.PROXY, workers=[worker()])
    assess([served, proxy], BOOK)
    assert (served.assessment, proxy.assessment) == (None, None)


def near(count, agent="XMRig/6.21.3", user=XMR, network="10.3.0.{}", **more):
    """So many machines of one network with one login."""
    given = [miner(id=str(at), source_ip=network.format(20 + at), model=None, workers=[worker(user, f"w{at}", agent)],
                   evidence=[line(at + 1, "login", f'"{user}.w{at}"')], **more) for at in range(count)]
    assess(given, BOOK)
    return [(ground.code, ground.args) for ground in given[0].grounds if ground.code == "segment"], given


@pytest.mark.parametrize(("count", "how", "found"), [
    (3, {"agent": "T-Rex/0.26.8"}, True), (2, {"agent": "T-Rex/0.26.8"}, False), (3, {}, False),
    (3, {"user": "labaccount"}, True), (3, {"user": "worker"}, False), (3, {"agent": "cgminer/4.12.1"}, True),
    (3, {"agent": None}, False), (3, {"user": "labaccount", "network": "10.3.{}.7"}, False),
    (3, {"user": "labaccount", "network": "2001:db8::{}"}, True), (3, {"user": "labaccount", "vlan": [7]}, True),
    (3, {"user": "labaccount", "level": Level.ATTEMPT, "verdict": Verdict.PROBABLE}, False),
])
def test_rigs_behind_one_switch(count, how, found):
    grounds, given = near(count, **how)
    assert bool(grounds) is found
    if found:
        shown = next(ground for ground in given[0].grounds if ground.code == "segment")
        assert shown.args["machines"] == count and [one.frame for one in shown.evidence] == [1, 2]
        assert given[0].assessment == "likely-misuse"
        assert f"{count} machines of {shown.args['network']} mine for" in ground_text(shown)


def test_machines_of_two_vlans_stand_behind_two_switches():
    _, given = near(4, user="labaccount")
    for at, one in enumerate(given):
        one.vlan = [at % 2]
    assess(given, BOOK)
    assert not [ground for one in given for ground in one.grounds if ground.code == "segment"]


@pytest.mark.parametrize("more", [
    {"role": Role.PROBER, "verdict": Verdict.SUSPECTED}, {"role": Role.POOL},
    {"role": Role.MANAGER, "verdict": Verdict.NOT_MINING, "level": Level.CONTEXT},
])
def test_who_does_not_mine_is_not_assessed(more):
    assert judged(worker(name="svchost"), **more) == (None, [])


# With the frames that show it.


def test_malware_infrastructure_speaks_for_the_machine():
    scene = Scene().tcp(MINES).tcp(tls(b"control.example"), server="198.51.100.4", port=443).tcp(MINES, "10.3.0.18")
    findings = scene.findings()
    mined, other, contact = findings
    assert other.source_ip == "10.3.0.18" and other.assessment is None
    assert mined.assessment == contact.assessment == "likely-compromised"
    (ground,) = mined.grounds
    assert (ground.code, ground.args["server"]) == ("malware_contact", "control.example:443")
    assert ground.evidence == contact.evidence[:2] and ground.evidence[0].frame


def test_malware_counts_below_the_level_that_is_reported():
    scene = Scene().tcp(MINES).resolved("control.example", "198.51.100.4")
    (mined,) = scene.findings(level=Level.SESSION)
    assert (mined.assessment, mined.grounds[0].code) == ("likely-compromised", "malware_lookup")
    beacon = Scene().tcp([(C, b"hi"), (S, b"ho")], server=INFECTED, port=4444).finding()
    assert beacon.assessment == "likely-compromised"


def test_a_mark_of_malware_counts_like_its_servers():
    told = judged(worker("labaccount", "7"), rules=["pool-f2pool", "malware-h2miner"])
    assert told == ("likely-compromised", [("misuse", "account"), ("compromised", "malware_mark")])


def test_only_the_makers_fee_is_seen():
    fee = Scene().tcp(tls(b"fee.example"), server="198.51.100.4", port=443)
    assert (fee.finding().assessment, fee.finding().grounds[0].code) == ("likely-compromised", "fee_only")
    both = fee.tcp(MINES)
    assert [finding.assessment for finding in both.findings()] == [None, None]
    assert judged(worker("ab" * 32)) == ("likely-compromised", [("compromised", "fee_only")])
    assert judged(worker("ab" * 32), worker()) == (None, [])
    assert judged(worker("ab" * 32), dialect="ironfish") == (None, [])


def hidden(port=443, name=None, callers=3, service=22):
    """A machine that serves some others, and reaches a pool over TLS."""
    scene = Scene().resolved("xmr.pool.example", "198.51.100.4")
    for at in range(callers):
        scene.tcp([(S, b"SSH-2.0-x\r\n"), (C, b"SSH-2.0-y\r\n")], f"10.3.0.{100 + at}", "10.3.0.17", service)
    return scene.tcp(tls(name), server="198.51.100.4", port=port)


def test_a_server_that_hides_whom_it_reaches():
    contact = hidden().finding()
    assert (contact.level, contact.assessment) == (Level.ENDPOINT, "likely-compromised")
    (ground,) = contact.grounds
    assert (ground.code, ground.args) == (
        "hidden_served", {"server": "xmr.pool.example:443", "port": 22, "callers": 3})
    (shown,) = ground.evidence
    assert shown.what == "hello" and shown.frame and "names no server (JA4 t" in shown.excerpt
    assert "from a machine that served 3 others on port 22" in ground_text(ground)


@pytest.mark.parametrize("how", [
    {"port": 3333}, {"name": b"xmr.pool.example"}, {"callers": 2}, {"service": 445}, {"service": 50001},
])
def test_who_hides_nothing_or_is_no_server(how):
    assert [one.grounds for one in hidden(**how).findings() if one.source_ip == "10.3.0.17"] == [[]]


def test_a_unit_of_servers_hides_whom_it_reaches(tmp_path):
    path = tmp_path / "units.csv"
    path.write_text("cidr,id,name\n10.3.0.0/24,dc,Data centre\n10.4.0.0/24,obs,Observers\n", encoding="utf-8")
    (ground,) = hidden(callers=0).finding(orgs=str(path)).grounds
    assert (ground.code, ground.args["unit"], ground.evidence[0].what) == ("hidden_unit", "Data centre", "hello")
    units = ("Observers", "Conserver", "Library", "图书馆"), ("机房", "Data-Center 2", "web server farm")
    for names, wanted in zip(units, (False, True), strict=True):
        assert [houses_servers(Organisation("x", name)) for name in names] == [wanted] * len(names)
    assert not houses_servers(None)


def test_the_frames_that_quote_it():
    mined = Scene().tcp(login("labaccount", "svchost")).finding()
    (ground,) = mined.grounds
    assert (ground.code, ground.args, mined.assessment) == (
        "service_worker", {"worker": "svchost"}, "likely-compromised")
    assert [(one.what, one.frame) for one in ground.evidence] == [("authorize", 6)]
    assert "labaccount.svchost" in ground.evidence[0].excerpt


# In the outputs.


def told(**more):
    workers = [worker("labaccount", "svchost.exe"), worker("labaccount", "7")]
    shown = line(12, "login", '{"login":"labaccount.svchost.exe","pass":"***"}', unmasked='{"pass":"hunter2"}')
    finding = miner(workers=workers, evidence=[shown, line(13, "job", "{}")], **more)
    assess([finding], BOOK)
    return report(finding)


def written(name, what, **options):
    stream = io.StringIO(newline="")
    formats.writer(name)(what, stream, OutputOptions(**options))
    return stream.getvalue()


def test_json_lines_say_why():
    finding = json.loads(written("jsonl", told()).splitlines()[0])
    assert finding["assessment"] == "likely-compromised"
    reasons = finding["assessment_reasons"]
    assert [(one["points_to"], one["code"]) for one in reasons] == [
        ("compromised", "service_worker"), ("misuse", "account")]
    assert list(reasons[0]) == ["points_to", "code", "why", "args", "evidence"]
    assert reasons[0]["why"] == "its worker calls itself svchost.exe, like a service of the system"
    assert reasons[0]["evidence"] == finding["evidence"][:1] and "hunter2" not in json.dumps(reasons)


def test_csv_and_table_say_why_in_the_language_asked_for():
    row = next(csv.DictReader(io.StringIO(written("csv", told()))))
    assert row["assessment"] == "likely-compromised"
    service, account = row["assessment_reasons"].split("; ")
    assert service == "its worker calls itself svchost.exe, like a service of the system"
    assert account == "it mines as 7 for the account labaccount, which a person opened"
    assert f"likely compromised: {service}; but {account}" in " ".join(written("table", told()).split())
    chinese = "".join(written("table", told(), lang="zh").split())
    assert "可能被入侵：其矿工名svchost.exe冒充系统服务；相反：" in chinese


def test_what_came_from_the_wire_is_escaped():
    evil = worker("labaccount", "\x1b[2J7")
    finding = miner(workers=[evil], pool=Server("203.0.113.9", 1))
    assess([finding], BOOK)
    for name in ("jsonl", "csv", "table"):
        assert "\x1b" not in written(name, report(finding))
