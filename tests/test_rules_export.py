"""`rules export`: what leaves the house, what stays, and that each format's own tools take it."""

import csv
import importlib
import io
import json
import re
import shutil
import subprocess
import uuid

import pytest

from netminer_detect.cli import main
from netminer_detect.exchange.choosing import choose
from netminer_detect.exchange.formats import ExportOptions, has_place, module_of, readers, writers
from netminer_detect.exchange.indicators import Indicator, day_of
from netminer_detect.rulebook.schema import parse
from netminer_detect.rulebook.shelf import rules_of
from tests.scenes import INFECTED, MALWARE, OLD, POOL, RULES
from tests.test_rule_facts import WHOLE

RULE = """\
id: pool-wide
title: {en: 'Wide "Pool"; of %s', zh: 宽}
operator: 'Wide; "Pool"'
severity: high
confidence: low
reviewed: 2026-11-24
sources:
  now: {title: '100%22 made, for "tests"; =1+1', date: 2026-11, url: 'https://wide.example/a;b'}
  other: {title: other, date: 2026-10-02}
match:
  names:
    - {name: eu.wide.example, kind: server, ports: [3333], coin: XMR, transport: tls, source: now, first: 2025-01}
    - {name: eu.wide.example, kind: server, ports: [4444], source: other}
    - {name: bad.wide.example, kind: malware, source: other}
    - {name: wide.example, kind: domain, source: now}
  addresses:
    - {address: 5.6.8.1, ports: [3333], coin: XMR, source: now}
    - {address: 5.6.8.1, ports: [4444], coin: XMR, source: now}
    - {address: '2001:4860::5', ports: [3333, 5555], source: now}
    - {address: 5.6.8.9, ports: [80], kind: malware, source: other}
    - {address: 5.6.8.200, source: now}
  networks:
    - {network: 5.6.8.0/30, ports: [3333], source: now}
  certificates:
    - {sha256: 00000000000000000000000000000000000000000000000000000000000000aa, source: now}
examples:
  match: [{name: eu.wide.example}, {address: '5.6.8.1:3333'}, {sha256: 00000000000000000000000000000000000000000000000000000000000000aa}]
  not: [{name: www.wide.example}, {address: '5.6.8.1:1'}, {sha256: 00000000000000000000000000000000000000000000000000000000000000bb}]
"""  # noqa: E501


@pytest.fixture(scope="module")
def own():
    return [parse(text.encode(), f"{n}.yaml") for n, text in enumerate((RULES, MALWARE, WHOLE, RULE))]


def written(own, name, everything=False, **options):
    module = module_of(name)
    chosen = [one for one in choose(own, (), everything).indicators if has_place(module, one)]
    return "".join(module.write(chosen, ExportOptions(**options)))


def values(choice, type_="name"):
    return [one.value for one in choice.indicators if one.type == type_]


def test_what_visitors_ask_for_and_what_is_old_stays(own):
    choice = choose(own)
    assert {"xmr.pool.example", "script.example", "fee.example", "control.example", "eu.wide.example"} <= set(
        values(choice)
    )
    assert not {"pool.example", "site.pool.example", "old.example", "weak.example", "wide.example"} & set(
        values(choice)
    )
    assert OLD not in values(choice, "address") and POOL in values(choice, "address")
    assert "5.6.8.200" not in values(choice, "address")
    assert set(choice.left) == {"stale", "visited", "no-port"}
    everything = choose(own, (), True)
    assert {"pool.example", "site.pool.example", "old.example", "weak.example"} <= set(values(everything))
    assert not everything.left and "5.6.8.200" in values(everything, "address")


def test_kinds(own):
    assert {one.kind for one in choose(own, ["malware"]).indicators} == {"malware"}
    assert "pool.example" in values(choose(own, ["domain"])) and "xmr.pool.example" not in values(
        choose(own, ["domain"])
    )
    assert {one.type for one in choose(own, ["wallet", "agent"]).indicators} == {"wallet", "wallet-prefix"}


def test_what_several_lines_say_of_one_thing_is_one(own):
    name = next(one for one in choose(own).indicators if one.value == "eu.wide.example")
    assert (name.ports, name.coin, name.date, name.first, name.transport) == (
        (3333, 4444),
        "XMR",
        "2026-11",
        "2025-01",
        "tls",
    )
    places = [one.ports for one in choose(own).indicators if one.value == "5.6.8.1"]
    assert places == [(3333, 4444)]


def test_of_two_rules_that_claim_a_port_the_first_by_id_has_it(own):
    other = parse(RULE.replace("id: pool-wide", "id: a-first").encode(), "a.yaml")
    found = [one for one in choose([*own, other]).indicators if one.type in ("address", "network")]
    assert "a-first" in {one.rule for one in found} and "pool-wide" not in {one.rule for one in found}


def test_dates():
    assert [day_of(text) for text in ("2019", "2019-07", "2019-07-16", "")] == [
        "2019-01-01",
        "2019-07-01",
        "2019-07-16",
        "1970-01-01",
    ]


@pytest.mark.parametrize("name", writers())
def test_the_same_rules_give_the_same_bytes(own, name):
    assert written(own, name) == written(list(reversed(own)), name)
    assert written([], name) == written([], name)


def test_the_axes():
    assert {"suricata", "zeek", "rpz", "hosts", "nftables", "ipset", "stix", "misp", "csv"} == set(writers())
    assert {"plain", "hosts", "csv", "misp", "stix", "maltrail", "suricata"} == set(readers())


def test_suricata(own):
    lines = written(own, "suricata").splitlines()[1:]
    rules = [line for line in lines if "eu.wide.example" in line]
    assert [re.search(r"(dns\.query|tls\.sni); dotprefix; content:\"\.eu\.wide\.example\"; nocase; endswith;", line)[1]
            for line in rules] == ["dns.query", "tls.sni"]  # fmt: skip
    assert any(line.startswith("alert tcp $HOME_NET any -> 5.6.8.1 [3333,4444] (msg:") for line in lines)
    assert any("-> 5.6.8.0/30 3333 (" in line for line in lines) and any(
        "-> 2001:4860::5 [3333,5555]" in line for line in lines
    )
    sids = [int(re.search(r"sid:(\d+);", line)[1]) for line in lines]
    assert len(set(sids)) == len(sids) and all(1_400_000 <= sid < 1_900_000 for sid in sids)
    for line in lines:
        assert line.count('"') % 2 == 0 and line.endswith(";)") and line.isascii()


def test_sids_do_not_depend_on_neighbours(own):
    def sids(rules):
        lines = written(rules, "suricata").splitlines()[1:]
        return {re.sub(r"sid:\d+;", "", line): re.search(r"sid:(\d+);", line)[1] for line in lines}

    assert sids(own[3:]).items() <= sids(own).items()
    assert "sid:7" in written(own, "suricata", sid_base=700_000_000)


def test_zeek(own):
    lines = written(own, "zeek").splitlines()
    assert lines[0] == "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url"
    assert all(line.count("\t") == 4 and "\t\t" not in line for line in lines[1:])
    kinds = dict(line.split("\t")[:2] for line in lines[1:])
    assert kinds["eu.wide.example"] == "Intel::DOMAIN" and kinds[POOL] == "Intel::ADDR"
    assert kinds["5.6.8.0/30"] == "Intel::SUBNET"


def test_hosts_and_zone(own):
    assert "0.0.0.0 eu.wide.example\n" in written(own, "hosts")
    zone = written(own, "rpz")
    assert "eu.wide.example IN CNAME .\n*.eu.wide.example IN CNAME .\n" in zone and "(2026110100 " in zone


def test_sets(own):
    script, restore = written(own, "nftables"), written(own, "ipset")
    for address in ("5.6.8.0", "5.6.8.1", "5.6.8.2", "5.6.8.3"):
        assert (
            script.count(f"\t{address} . 3333,\n") == 1
            and restore.count(f"add netminer-miners-v4 {address},tcp:3333 ") == 1
        )
    assert "add element inet netminer malware_v4 {\n\t5.6.7.10 . 4444,\n\t5.6.8.9 . 80,\n" in script
    assert f"add netminer-malware-v4 {INFECTED},tcp:4444 -exist\n" in restore
    assert "add netminer-miners-v6 2001:4860::5,tcp:5555 -exist\n" in restore


def test_stix(own):
    bundle = json.loads(written(own, "stix"))
    found = {one["pattern"]: one for one in bundle["objects"] if one["type"] == "indicator"}
    one = found["[domain-name:value = 'eu.wide.example']"]
    assert (
        uuid.UUID(one["id"].removeprefix("indicator--")).version == 5
        and one["valid_from"] == "2026-11-01T00:00:00.000Z"
    )
    assert "netminer:ports=3333,4444" in one["labels"] and one["confidence"] == 15
    assert ("[network-traffic:dst_ref.type = 'ipv6-addr' AND network-traffic:dst_ref.value = '2001:4860::5' AND "
            "network-traffic:dst_port IN (3333, 5555)]") in found  # fmt: skip
    assert len({one["id"] for one in bundle["objects"]}) == len(bundle["objects"])


def test_misp(own):
    event = json.loads(written(own, "misp"))["Event"]
    found = {one["value"]: one for one in event["Attribute"]}
    assert found["eu.wide.example"]["type"] == "hostname" and found["script.example"]["type"] == "domain"
    assert found["5.6.8.1|4444"]["type"] == "ip-dst|port" and event["date"] == "2026-11-01"
    assert len({one["uuid"] for one in event["Attribute"]}) == len(event["Attribute"])
    bare = {one["value"]: one for one in json.loads(written(own, "misp", True))["Event"]["Attribute"]}["5.6.8.200"]
    assert bare["to_ids"] is False


def test_csv(own):
    rows = list(csv.DictReader(io.StringIO(written(own, "csv"), newline="")))
    one = next(row for row in rows if row["value"] == "eu.wide.example")
    assert (one["ports"], one["rule"], one["source"], one["date"]) == (
        "3333 4444",
        "pool-wide",
        '100%22 made, for "tests"; =1+1',
        "2026-11",
    )
    formula = Indicator(type="name", value="a.example", title="=1+1", rule="x")
    assert "'=1+1" in "".join(module_of("csv").write([formula], ExportOptions()))


def run(*command, text):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
needs = {name: pytest.mark.skipif(shutil.which(name, path=PATH) is None, reason=f"no {name} here")
         for name in ("nft", "named-checkzone", "suricata")}  # fmt: skip


@needs["nft"]
def test_nft_takes_the_script(own, tmp_path):
    path = tmp_path / "sets.nft"
    path.write_text(written(own, "nftables"))
    done = subprocess.run(["/usr/sbin/nft", "-c", "-f", str(path)], capture_output=True, text=True, timeout=60)
    if "not permitted" in done.stderr.lower():
        pytest.skip("nft may not ask the system here")
    assert done.returncode == 0, done.stderr


@needs["named-checkzone"]
def test_the_zone_is_one(own, tmp_path):
    path = tmp_path / "zone"
    path.write_text(written(own, "rpz"))
    assert "loaded serial 2026110100" in run("/usr/bin/named-checkzone", "rpz.example", str(path), text="")


@needs["suricata"]
def test_suricata_takes_the_rules(own, tmp_path):
    path = tmp_path / "own.rules"
    path.write_text(written(own, "suricata"))
    run("suricata", "-T", "-S", str(path), "-l", str(tmp_path), text="")


def test_stix2_reads_the_bundle(own):
    stix2 = importlib.import_module("stix2")
    assert len(stix2.parse(written(own, "stix")).objects) > 9


def test_pymisp_reads_the_event(own):
    pymisp = importlib.import_module("pymisp")
    event = pymisp.MISPEvent()
    event.load(json.loads(written(own, "misp")))
    assert len(event.attributes) > 9


@pytest.mark.parametrize(("lang", "said"), [("en", "left out: old or poor"), ("zh", "条：过时或依据不足")])
def test_the_command(tmp_path, capsys, lang, said):
    (tmp_path / "scene.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "pool-wide.yaml").write_text(RULE, encoding="utf-8")
    words = ["rules", "export", "--rules", str(tmp_path), "--only", "scene", "--lang", lang]
    assert main([*words, "--to", "hosts"]) == 0
    told = capsys.readouterr()
    assert "0.0.0.0 xmr.pool.example\n" in told.out and "wide" not in told.out and said in told.err
    out = tmp_path / "out.csv"
    assert main([*words, "--to", "csv", "-o", str(out), "--all"]) == 0
    assert "site.pool.example" in out.read_text() and not capsys.readouterr().out


@pytest.mark.parametrize("name", writers())
def test_all_that_stays_behind_is_told_by_its_type(tmp_path, capsys, name):
    for at, text in enumerate((RULES, WHOLE, RULE)):
        (tmp_path / f"{at}.yaml").write_text(text, encoding="utf-8")
    ids = [word for text in (RULES, WHOLE, RULE) for word in ("--only", text.partition("id: ")[2].partition("\n")[0])]
    assert main(["rules", "export", "--rules", str(tmp_path), "--to", name, "--all", *ids]) == 0
    err = capsys.readouterr().err
    said = err.partition("has no place for them (")[2].partition(")")[0]
    told = {kind: int(count) for count, _, kind in (part.partition(" ") for part in said.split(", "))}
    choice = choose(rules_of([str(tmp_path)]), (), True)
    own = [one for one in choice.indicators if one.rule in ids]
    left = [one for one in own if not has_place(module_of(name), one)]
    assert [told.pop(kind) for kind in ("conditions", "lines under dialects", "lines under devices")] == [1, 1, 1]
    assert sum(told.values()) == len(left) and f"indicators written: {len(own) - len(left)}\n" in err
    assert told.get("addresses without a port", 0) == (name in ("suricata", "ipset", "nftables", "hosts", "rpz"))
    assert (told == {}) is (name == "csv")


@pytest.mark.parametrize(
    "words",
    [
        ["--to", "word"],
        ["--to", "csv", "--only", "nothing"],
        ["--to", "csv", "--sid-base", "-1"],
        ["--to", "csv", "--kind", "shop"],
        ["--to", "csv", "-o", "/no/such/folder/x"],
        [],
    ],
)
def test_wrong_words(capsys, words):
    try:
        code = main(["rules", "export", *words])
    except SystemExit as error:
        code = error.code
    assert code == 2 and capsys.readouterr().err
