"""The shipped rules: every file loads, every example holds, the facts that matter are found."""

import csv
import pathlib

import pytest

from netminer_detect.kernel.watch import contains, endpoint_hash, name_hash
from netminer_detect.rulebook.book import Rulebook, load
from netminer_detect.rulebook.compiled import Compiled
from netminer_detect.rulebook.gathering import gather
from netminer_detect.rulebook.packing import pack
from netminer_detect.rulebook.schema import parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "rules").rglob("*.yaml"))
SHARED = ROOT.parent / "shared" / "endpoints"


@pytest.fixture(scope="module")
def rules():
    return [parse(path.read_bytes(), str(path)) for path in FILES]


@pytest.fixture(scope="module")
def book(rules):
    return Rulebook(Compiled(pack(gather(rules))))


def test_every_file_is_named_for_its_rule(rules):
    assert [rule.id for rule in rules] == [path.stem for path in FILES]
    assert len(rules) > 150


def test_no_two_rules_claim_one_name_or_endpoint(rules):
    owners = {}
    for rule in rules:
        malware = rule.id.startswith("malware-")
        keys = {(malware, entry.name) for entry in rule.names}
        keys |= {(malware, entry.address, port) for entry in rule.addresses for port in entry.ports}
        for key in keys:
            assert owners.setdefault(key, rule.id) == rule.id


def test_malware_stands_in_rules_of_its_own(rules):
    for rule in rules:
        kinds = {entry.kind == "malware" for entry in (*rule.names, *rule.addresses)}
        assert not kinds or kinds == {rule.id.startswith("malware-")}, rule.id


def _answer(book, what, text):
    if what == "agent":
        return book.agent(text)
    if what == "name":
        found = book.name(text) or book.malware_name(text)
        return None if found is None or found.kind == "website" else found
    address, port = text.rsplit(":", 1)
    return book.endpoint(address, int(port)) or book.malware_endpoint(address, int(port))


def test_every_example_holds(book, rules):
    for rule in rules:
        assert {example.matches for example in rule.examples} == {True, False}, rule.id
        for example in rule.examples:
            found = _answer(book, example.what, example.text)
            assert (found is not None and found.rule == rule.id) == example.matches, (rule.id, example)


def test_every_endpoint_of_the_chinese_list_is_found(book):
    path = SHARED / "pool_endpoints_chinese_and_btc.csv"
    if not path.exists():
        pytest.skip("the shared endpoint lists are not here")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 166
    for row in rows:
        fact = book.name(row["host"], int(row["port"]))
        assert fact is not None and fact.name == row["host"], row
        assert fact.kind == "server" and not fact.stale and int(row["port"]) in fact.ports, row
        assert fact.rule.startswith(("pool-", "relay-")) and fact.operator, row
        assert contains(book.names_table, name_hash(row["host"]))


def test_every_pool_of_the_rainbowminer_table_is_found(book):
    path = SHARED / "pool_endpoints.csv"
    if not path.exists():
        pytest.skip("the shared endpoint lists are not here")
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"].startswith("RainbowMiner")]
    for row in rows:
        fact = book.name(row["value"])
        assert fact is not None and fact.kind == "server" and int(row["port"]) in fact.ports, row


def test_pools_of_chinese_operators_can_be_listed(rules):
    chinese = {rule.id for rule in rules if "chinese" in rule.tags}
    assert {"pool-f2pool", "pool-antpool", "pool-viabtc", "pool-c3pool", "relay-zzpool"} <= chinese
    assert not chinese & {"pool-nanopool", "pool-ethermine", "pool-2miners", "pool-braiins", "pool-hiveon"}


@pytest.mark.parametrize(
    ("name", "port", "kind", "rule"),
    [
        ("btc.f2pool.com", None, "server", "pool-f2pool"),
        ("BTC.F2Pool.COM.", None, "server", "pool-f2pool"),
        ("a.b.btc.f2pool.com", None, "server", "pool-f2pool"),
        ("f2pool.com", None, "website", "pool-f2pool"),
        ("www.f2pool.com", None, "website", "pool-f2pool"),
        ("api.f2pool.com", None, "website", "pool-f2pool"),
        ("stratum9.f2pool.com", None, "server", "pool-f2pool"),
        ("unheard-of.f2pool.com", None, "domain", "pool-f2pool"),
        ("pool.btc.com", None, "website", "pool-btccom"),
        ("xmr.nanopool.org", None, "website", "pool-nanopool"),
        ("xmr-eu1.nanopool.org", None, "server", "pool-nanopool"),
        ("de.monero.herominers.com", None, "server", "pool-herominers"),
        ("monero.herominers.com", None, "website", "pool-herominers"),
        ("zzpool.cc", 6000, "server", "relay-zzpool"),
        ("zzpool.cc", 443, "website", "relay-zzpool"),
        ("www.zzpool.cc", None, "website", "relay-zzpool"),
        ("litecoinpool.org", 3333, "server", "pool-litecoinpool"),
        ("litecoinpool.org", 443, "website", "pool-litecoinpool"),
        ("donate.v2.xmrig.com", None, "donation", "donation-xmrig"),
        ("www.hostingcloud.racing", None, "browser", "browser-known"),
    ],
)
def test_names_have_the_kind_of_what_stands_there(book, name, port, kind, rule):
    fact = book.name(name, port)
    assert fact is not None and (fact.kind, fact.rule, fact.stale) == (kind, rule, False)


@pytest.mark.parametrize(
    "name",
    ["notf2pool.com", "f2pool.com.example.org", "com", "", ".", "..", "github.com", "adminer.com", "xmrig.com",
     "hdrezka.kz", "seed.emercoin.com", "herokuapp.com", "page.tl", "ddns.net", "btc.com", "www.okx.com",
     "f2pool\u3002com", "\x00", "a" * 70_000, ".".join("a" * 200)],
)  # fmt: skip
def test_names_that_are_nobodys_pool(book, name):
    assert book.name(name) is None


def test_old_and_poor_facts_are_stale(book):
    assert book.name("www.coinhive.com").stale
    address = book.endpoint("185.71.66.38", 9999)
    assert address.stale and address.date == "2018-05-13" and address.coin == "ETH"
    assert not any(fact.stale for fact in map(book.name, ("stratum.f2pool.com", "eth-eu1.nanopool.org")))
    assert book.name("stratum.haobtc.com").stale


def test_an_address_alone_is_nothing(book):
    assert book.endpoint("185.71.66.38", 9998) is None
    assert book.endpoint("not an address", 1) is None and book.endpoint("1.2.3.4\0", 1) is None
    assert book.endpoint("185.71.66.38", -1) is None and book.endpoint("185.71.66.38", 65536) is None


def test_malware_is_known_but_never_as_mining(book):
    assert book.malware_name("x.t.zz3r0.com").kind == "malware"
    assert book.name("x.t.zz3r0.com") is None
    assert contains(book.names_table, name_hash("t.zz3r0.com"))
    assert book.malware_endpoint("192.210.200.66", 1234).kind == "malware"
    assert book.endpoint("192.210.200.66", 1234) is None
    assert contains(book.endpoints_table, endpoint_hash(bytes([192, 210, 200, 66]), 1234))


def test_agents(book):
    assert book.agent("XMRig/6.21.3 (Windows NT 10.0)").rule == "agent-xmrig"
    assert book.agent("  teamredminer/0.10.9").kind == "gpu"
    assert book.agent("bmminer/1.0.0").kind == "asic"
    assert book.agent("electrum/4.5.5").kind == "not-mining"
    for text in ("", "   ", "nobody/1", "x" * 10_000_000, "not XMRig/6"):
        assert book.agent(text) is None


def test_without_endpoints_only_agents_are_known():
    book = load(endpoints=False)
    assert book.name("btc.f2pool.com") is None and book.endpoint("185.71.66.38", 9999) is None
    assert book.malware_name("t.zz3r0.com") is None and book.malware_endpoint("192.210.200.66", 1234) is None
    assert not any(book.names_table) and not any(book.endpoints_table)
    assert book.agent("XMRig/6.21.3").rule == "agent-xmrig"
