"""Machines that mine for one and the same are one incident, and nobody else is drawn in."""

import io
import json
import time

import pytest

from netminer_detect.detect.incidents import MAX_INCIDENTS, MAX_LISTED, account_of, incidents_of, numbered, wallet_of
from netminer_detect.findings import Organisation, Role, Server, Shares, Verdict, Worker
from netminer_detect.outputs import formats
from netminer_detect.outputs.grounds import incident_text
from netminer_detect.outputs.options import OutputOptions
from tests.reports import DORMITORY, LIBRARY, miner, report
from tests.scenes import AUTHORIZE, AUTHORIZED, NOTIFY, SUBSCRIBE, SUBSCRIBED, C, S, Scene

XMR = "48" + "a3" * 46 + "Z"
EVM = "0x" + "aB" * 20


def mines(ip, user, worker=None, shares=10, agent="XMRig/6.21.3", **more):
    """A finding of a machine with one login."""
    login = user if worker is None else f"{user}.{worker}"
    one = Worker(login, user, worker, agent, None, Shares(shares, shares))
    values = {"id": f"{ip}-{user}-{worker}-{len(more)}", "source_ip": ip, "realm": None, "workers": [one]}
    return miner(**(values | more))


def told(*findings):
    return [(one.kind, one.key, [ip for ip, _ in one.machines]) for one in incidents_of(list(findings))]


def test_one_wallet_on_several_machines_whatever_the_pool():
    one = mines("10.3.0.9", XMR, "a", pool=Server("203.0.113.9", 443))
    other = mines("10.20.0.10", XMR, "b", pool=Server("203.0.113.77", 3333), organisation=DORMITORY, coin=None)
    found = incidents_of([one, other, mines("10.3.0.11", XMR[:-1] + "Y")])
    assert [(it.kind, it.key, it.place, it.machines_total, it.coins) for it in found] == [
        ("wallet", XMR, None, 2, ["XMR"])]
    assert found[0].organisations == [DORMITORY, LIBRARY]
    assert found[0].findings == sorted((one.id, other.id)) and one.incidents == other.incidents == [found[0].id]
    assert incident_text(found[0]) == f"one wallet, {XMR[:8]}…{XMR[-6:]}, on 2 machines of 2 units"


def test_spellings_of_one_wallet():
    assert told(mines("10.3.0.1", EVM), mines("10.3.0.2", EVM.lower())) == [
        ("wallet", EVM.lower(), ["10.3.0.1", "10.3.0.2"])]
    assert told(mines("10.3.0.1", XMR), mines("10.3.0.2", XMR.lower())) == []


def test_an_account_is_one_at_its_operator_alone():
    here, there = Server("203.0.113.9", 443, None, "F2Pool"), Server("203.0.113.10", 3333, None, "ViaBTC")
    same = Server("203.0.113.11", 1314, "btc.f2pool.com", "F2Pool")
    findings = [mines("10.3.0.1", "labpc", "1", pool=here), mines("10.3.0.2", "LabPC", "2", pool=same)]
    assert told(*findings) == [("account", "labpc", ["10.3.0.1", "10.3.0.2"])]
    assert told(findings[0], mines("10.3.0.2", "labpc", "2", pool=there)) == []


@pytest.mark.parametrize("user", ["x", "", None, "test", "worker1", "aaa", "user", "root", "a b c", "me@mail.example",
                                  "用户名"])
def test_what_everybody_calls_himself_links_nobody(user):
    assert told(mines("10.3.0.1", user, "r"), mines("10.3.0.2", user, "r")) == []


def test_the_makers_fee_links_nobody():
    """Two machines with one program, each for its own wallet, and now and then for that of the maker."""
    findings = []
    for ip, wallet in (("10.3.0.1", XMR), ("10.3.0.2", XMR[:-1] + "Y")):
        findings += [mines(ip, wallet, shares=200), mines(ip, EVM, shares=4, pool=Server("203.0.113.50", 4444))]
    assert told(*findings) == []
    assert told(*findings, mines("10.3.0.3", EVM), mines("10.3.0.4", EVM)) == [
        ("wallet", EVM.lower(), ["10.3.0.3", "10.3.0.4"])]


@pytest.mark.parametrize("more", [
    {"role": Role.PROBER}, {"role": Role.POOL}, {"role": Role.MANAGER, "verdict": Verdict.NOT_MINING},
])
def test_who_does_not_mine_himself_is_in_no_incident(more):
    assert told(mines("10.3.0.1", XMR), mines("10.3.0.2", XMR, **more)) == []


def test_several_findings_of_one_machine_are_no_incident():
    assert told(mines("10.3.0.1", XMR), mines("10.3.0.1", XMR, pool=Server("203.0.113.77", 1))) == []
    assert told(mines("192.168.0.1", XMR, realm="a"), mines("192.168.0.1", XMR, realm="b")) == [
        ("wallet", XMR, ["192.168.0.1", "192.168.0.1"])]


def test_workers_that_are_numbered_through():
    row = [mines(f"10.3.0.{at}", f"{EVM[:-1]}{at}", f"labpc-{at:02}") for at in (1, 2, 3)]
    assert told(*row) == [("workers", "labpc-", ["10.3.0.1", "10.3.0.2", "10.3.0.3"])]
    assert told(*row[:2]) == []
    for changed in ({"agent": "T-Rex/0.26.8"}, {"worker": "rig-03"}, {"worker": "labpc-01"}):
        values = {"ip": "10.3.0.3", "user": EVM[:-1] + "3", "worker": "labpc-03"} | changed
        assert told(*row[:2], mines(**values)) == [], changed
    same = [mines(f"10.3.0.{at}", EVM, f"labpc-{at:02}") for at in (1, 2, 3)]
    assert [kind for kind, *_ in told(*same)] == ["wallet"]


def test_lists_are_bounded_and_counts_are_not():
    many = [mines(f"10.3.{at // 250}.{at % 250}", XMR) for at in range(MAX_LISTED + 50)]
    (found,) = incidents_of(many)
    assert (len(found.machines), found.machines_total, len(found.findings)) == (MAX_LISTED, MAX_LISTED + 50, MAX_LISTED)
    assert all(finding.incidents == [found.id] for finding in many)
    wallets = [Worker(wallet, wallet, None, None) for wallet in (f"{at:030}" for at in range(MAX_INCIDENTS + 10))]
    pair = [mines(ip, XMR, workers=wallets) for ip in ("10.3.0.1", "10.3.0.2")]
    assert len(incidents_of(pair)) == MAX_INCIDENTS and len(pair[0].incidents) == 16


def test_thousands_of_logins_cost_little():
    """Twenty machines with a thousand logins each, half of which all share, and rows of workers in all of them."""
    wallets = [[f"{at if at % 2 else at * 1000 + machine:030}" for at in range(1000)] for machine in range(20)]
    findings = [
        mines(f"10.3.0.{machine}", XMR, workers=[
            Worker(wallet, wallet, f"stem{at % 300}x{machine}", "agent")
            for at, wallet in enumerate(theirs)
        ]) for machine, theirs in enumerate(wallets)
    ]
    began = time.process_time()
    found = incidents_of(findings)
    assert time.process_time() - began < 5
    # The rows are of the same machines: the wallets say it already.
    assert len(found) == 500 and {(one.kind, one.machines_total) for one in found} == {("wallet", 20)}


def test_the_order_of_findings_changes_nothing():
    findings = [mines(f"10.3.0.{at}", (XMR, EVM, "labpc")[at % 3], f"n{at}") for at in range(12)]
    assert incidents_of(findings) == incidents_of(findings[::-1])


@pytest.mark.parametrize(("user", "wallet", "account"), [
    (XMR, XMR, None), (EVM, EVM.lower(), None), ("kaspa:" + "q1" * 31, "kaspa:" + "q1" * 31, None),
    ("labpc", None, "labpc"), ("Lab_PC-7", None, "lab_pc-7"), ("0x123", None, "0x123"), ("ab", None, None),
    ("onlylettersthatgoonandonandon", None, "onlylettersthatgoonandonandon"), ("", None, None), (None, None, None),
    ("\x1b[2J", None, None),
])
def test_wallets_and_accounts(user, wallet, account):
    assert (wallet_of(user), account_of(user)) == (wallet, account)


@pytest.mark.parametrize(("worker", "stem"), [
    ("rig01", "rig"), ("LAB-PC-7", "lab-pc-"), ("7", None), ("rig1234567", None), ("矿机3", "矿机"),
    ("a.7", None), ("rig", None), (None, None), ("a" * 500 + "1", None),
])
def test_numbered_workers(worker, stem):
    assert numbered(worker) == stem


def test_an_incident_has_a_line_of_its_own():
    other = mines("10.20.0.2", XMR, organisation=Organisation("d", "Dorm"))
    stream = io.StringIO()
    formats.writer("jsonl")(report(mines("10.3.0.1", XMR, nanoseconds=True), other), stream, OutputOptions())
    lines = [json.loads(text) for text in stream.getvalue().splitlines()]
    assert [line["type"] for line in lines] == [
        "finding", "finding", "source", "source", "organisation", "organisation", "sector", "sector", "incident",
        "summary"]
    incident = lines[-2]
    assert list(incident) == [
        "type", "id", "kind", "key", "place", "why", "verdict", "sources", "machines", "organisations", "findings",
        "coins", "operators", "first_seen", "last_seen"]
    assert incident["machines"] == [{"source_ip": "10.3.0.1", "realm": None}, {"source_ip": "10.20.0.2", "realm": None}]
    assert (incident["sources"], incident["organisations"], incident["verdict"]) == (2, ["d", "lib"], "confirmed")
    assert lines[0]["incidents"] == [incident["id"]] and incident["first_seen"] == "2026-05-01T12:00:00.000000000Z"


def test_a_scan_tells_incidents():
    scene = Scene()
    for at in (1, 2):
        authorize = AUTHORIZE | {"params": [f"labaccount.{at}", "x"]}
        scene.tcp([(C, SUBSCRIBE), (S, SUBSCRIBED), (C, authorize), (S, AUTHORIZED), (S, NOTIFY)], f"10.3.0.{at}")
    told = scene.report()
    assert [(one.kind, one.key, one.place) for one in told.incidents] == [("account", "labaccount", "Example Pool")]
    assert [finding.incidents for finding in told.findings] == [[told.incidents[0].id]] * 2
