"""`rules import`: each format read, what may not stand in a rule left out with its line, and the way there and back."""

import json
import pathlib
import random
import subprocess
import sys
from datetime import date

import pytest

from netminer_detect.cli import main
from netminer_detect.commands import rules_import
from netminer_detect.commands.rules_import import SAYS, guessed
from netminer_detect.errors import ConfigError
from netminer_detect.exchange import sieve as sieves
from netminer_detect.exchange.choosing import choose
from netminer_detect.exchange.formats import ExportOptions, Mention, Passed, has_place, module_of, readers
from netminer_detect.exchange.indicators import notes
from netminer_detect.exchange.rule_text import Heading, rule_text
from netminer_detect.exchange.sieve import WHY, Defaults, Sieve
from netminer_detect.rulebook.gathering import gather
from netminer_detect.rulebook.linting import lint
from netminer_detect.rulebook.schema import parse
from tests.scenes import MALWARE, RULES
from tests.test_rule_facts import WHOLE
from tests.test_rules_export import RULE

ROOT = pathlib.Path(__file__).resolve().parent.parent
DAY = "2026-11-25"
HEADING = Heading("imported", "Imported: a list", "导入", "medium", "medium", DAY, DAY)


def sifted(text, name, ports=(3333,), day=DAY):
    found = Sieve(Defaults("server", ports, day, "a list", DAY))
    for one in module_of(name).read(text):
        found.take("list", one)
    return found


def taken(text, name, **more):
    return sorted((one.value, one.ports) for one in sifted(text, name, **more).indicators())


def left(text, name, **more):
    return [(one.line, one.why) for one in sifted(text, name, **more).left]


def written(indicators):
    """The rule in the file that is written of indicators; lint has nothing against it."""
    text = rule_text(HEADING, indicators)
    assert lint([("imported.yaml", text.encode())], [], date(2026, 11, 25)) == []
    return parse(text.encode(), "imported.yaml")


PLAIN = """\
# a list
eu.pool.example:3333   # with its port
*.wild.example
||blocked.example^
stratum+tcp://xmr.example:4444
hxxp://harmless[.]example/
8.8.4.1
8.8.4.2:5555
[2001:4860::1]:6666
8.8.6.0/28
// nothing
"""


def test_plain_lists():
    assert taken(PLAIN, "plain") == [
        ("2001:4860::1", (6666,)), ("8.8.4.1", (3333,)), ("8.8.4.2", (5555,)), ("8.8.6.0/28", (3333,)),
        ("blocked.example", ()), ("eu.pool.example", (3333,)), ("harmless.example", ()), ("wild.example", ()),
        ("xmr.example", (4444,)),
    ]  # fmt: skip
    assert len(written(sifted(PLAIN, "plain").indicators()).entries) == 9


@pytest.mark.parametrize(("value", "why"), [
    ("10.0.0.1", "private"), ("192.168.0.0/24", "private"), ("224.0.0.1", "private"), ("8.8.0.0/16", "too-wide"),
    ("co.uk", "registry"), ("com.cn", "registry"), ("github.io", "hosting"), ("duckdns.org", "hosting"),
    ("104.16.1.1:3333", "shared-address"), ("evil.example/x.sh", "path"), ("http://evil.example/a", "path"),
    ("8.8.4.1:99999", "bad-ports"), ("word", "refused"), ("a..b", "refused"), ("пул.рф", "refused"),
    ("a" * 300 + ".example", "refused"), ("0.0.0.0/0", "too-wide"), ("::/0", "too-wide"), ("-", "refused"), ("[::1",
    "refused"),
    ("xn--80ak6aa92e.com", "lookalike"),
])  # fmt: skip
def test_what_would_accuse_others_is_left_out(value, why):
    found = left(f"good.example\n{value}\n", "plain")
    assert found == [(2, why)]


def test_an_address_without_a_port_convicts_nobody():
    assert left("8.8.4.1\n8.8.4.0/30\n", "plain", ports=()) == [(1, "no-port"), (2, "no-port")]


def test_hosts_files():
    text = "127.0.0.1 localhost\n0.0.0.0 pool.example a.pool.example # both\n:: six.example\n8.8.8.8 dns.example\n"
    assert taken(text, "hosts") == [("a.pool.example", ()), ("pool.example", ()), ("six.example", ())]
    assert left(text, "hosts") == [(1, "own-machine"), (4, "leads-elsewhere")]


@pytest.mark.parametrize("text", [
    "domain;port;coin\npool.example;3333;XMR\n", "name\tport\tcurrency\npool.example\t3333\tXMR\n",
    "#by hand\nPORT,Host,coin\n3333,pool.example,XMR\n",
    "kind,value,ports,type,coin\nserver,pool.example,3333,name,XMR\n",
])  # fmt: skip
def test_csv_by_its_header(text):
    found = sifted(text, "csv").indicators()
    assert [(one.value, one.ports, one.coin) for one in found] == [("pool.example", (3333,), "XMR")]


def test_what_others_mean_by_kind_is_not_ours():
    (one,) = sifted("kind,value,port\ndomain,pool.example,3333\n", "csv").indicators()
    assert (one.value, one.kind, one.ports) == ("pool.example", "server", (3333,))


@pytest.mark.parametrize(
    "text",
    [
        "uuid,type,value,to_ids,date\n1,ip-dst|port,8.8.4.1|4444,1,1700000000\n",
        '# "first_seen", "ioc_value"\n"2026-01-01", "8.8.4.1:4444", "botnet"\n',
    ],
)
def test_csv_of_feeds(text):
    assert taken(text, "csv") == [("8.8.4.1", (4444,))]


def test_csv_without_a_header_and_broken():
    assert taken("1,pool.example,x\n2,8.8.4.1:4444,y\n", "csv") == [("8.8.4.1", (4444,)), ("pool.example", ())]
    assert left('a,b\n"' + "x" * 140_000 + '",\n', "csv") == [(1, "no-indicator"), (2, "no-indicator")]


MISP = {"Event": {"date": "2025-03-04", "Attribute": [
    {"type": "hostname|port", "value": "pool.example|3333", "to_ids": True},
    {"type": "domain|ip", "value": "both.example|8.8.4.9", "to_ids": True},
    {"type": "domain", "value": "context.example", "to_ids": False},
    {"type": "domain", "value": "gone.example", "to_ids": True, "deleted": True},
    {"type": "md5", "value": "00"}, {"type": "url", "value": "http://evil.example/x", "to_ids": "1"}],
    "Object": [{"Attribute": [{"type": "ip-dst|port", "value": "8.8.4.1|4444",
    "timestamp": "1700000000"}]}]}}  # fmt: skip


@pytest.mark.parametrize("shape", [MISP, [MISP], {"response": [MISP]}, MISP["Event"], {"response": MISP["Event"]}])
def test_misp(shape):
    text = json.dumps(shape, indent=1)
    found = {one.value: (one.ports, one.date) for one in sifted(text, "misp").indicators()}
    assert found == {
        "pool.example": ((3333,), "2025-03-04"), "both.example": ((), "2025-03-04"),
        "8.8.4.9": ((3333,), "2025-03-04"), "8.8.4.1": ((4444,), "2023-11-14"),
    }  # fmt: skip
    assert [why for _, why in left(text, "misp")] == ["not-to-ids", "revoked", "other-type", "path"]
    lines = [line for line, _ in left(text, "misp")]
    assert lines == sorted(lines) and "context.example" in text.split("\n")[lines[0] - 1]


def bundle(*patterns, **more):
    return json.dumps({"type": "bundle", "objects": [
        {"type": "indicator", "id": f"indicator--{n}", "pattern": pattern, "valid_from": "2025-03-04T00:00:00Z"} | more
        for n, pattern in enumerate(patterns)]}, indent=1)  # fmt: skip


@pytest.mark.parametrize(("pattern", "values"), [
    ("[domain-name:value = 'pool.example']", ["pool.example"]),
    ("[domain-name:value='a.example' OR domain-name:value = 'b.example']", ["a.example", "b.example"]),
    ("[domain-name:value = 'a.example'] OR [ipv4-addr:value = '8.8.4.1']", ["8.8.4.1", "a.example"]),
    ("[ipv4-addr:value = '8.8.6.0/28']", ["8.8.6.0/28"]), ("[ipv6-addr:value = '2001:4860::1']", ["2001:4860::1"]),
    ("[url:value = 'stratum+tcp://pool.example:3333']", ["pool.example"]),
    ("[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '8.8.4.1' "
     "AND network-traffic:dst_port = 4444]", ["8.8.4.1"]),
    ("[network-traffic:dst_ref.value = 'pool.example' AND network-traffic:protocols[*] = 'tcp']", ["pool.example"]),
])  # fmt: skip
def test_stix_patterns(pattern, values):
    found = sifted(bundle(pattern), "stix")
    assert sorted(one.value for one in found.indicators()) == values and not found.left
    assert {one.date for one in found.indicators()} == {"2025-03-04"}


@pytest.mark.parametrize("pattern", [
    "[domain-name:value = 'a.example' AND file:name = 'x']", "[domain-name:value = 'a.example'] AND [url:value = 'b']",
    "[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']",
    "[domain-name:value != 'a.example']",
    "[domain-name:value LIKE '%.example']", "[domain-name:value MATCHES 'a']", "[ipv4-addr:value = '8.8.4.1' AND "
    "(domain-name:value = 'a.example' OR domain-name:value = 'b.example')]",
    "[domain-name:value = 'a.example'] WITHIN 5 SECONDS",
    "", "[[[[", "'" * 5000, "[domain-name:value = '" + "\\" * 9000, "[a" * 5000, "[" + "x" * 20_000,
    "[network-traffic:dst_port = 3333]",
])  # fmt: skip
def test_stix_patterns_that_say_more(pattern):
    found = sifted(bundle(pattern), "stix")
    assert not found.indicators() and [one.why for one in found.left] == ["more-conditions"]


def test_stix_without_a_bundle():
    one = json.loads(bundle("[domain-name:value = 'a.example']"))["objects"][0] | {"spec_version": "2.1"}
    for shape in (one, [one], {"objects": [one]}):
        text = json.dumps(shape)
        assert guessed(text, "list") == "stix" and taken(text, "stix") == [("a.example", ())]


def test_stix_that_is_taken_back_or_no_pattern():
    good = "[domain-name:value = 'a.example']"
    assert left(bundle(good, revoked=True), "stix")[0][1] == "revoked"
    assert left(bundle(good, pattern_type="snort"), "stix")[0][1] == "other-pattern"
    bare = json.dumps({"type": "bundle", "objects": [{"type": "domain-name", "value": "a.example"}, 7, None]})
    assert [why for _, why in left(bare, "stix")] == ["no-indicator"]


MALTRAIL = """\
# Copyright (c) 2014-2026 Maltrail developers (https://github.com/stamparm/maltrail/)
# Aliases: kin
# Reference: https://report.example/1
pool.example
8.8.4.1:4444
evil.example/x.sh
http://plain.example
"""


def test_maltrail():
    found = sifted(MALTRAIL, "maltrail")
    assert sorted(one.value for one in found.indicators()) == ["8.8.4.1", "plain.example", "pool.example"]
    assert [(one.line, one.why) for one in found.left] == [(6, "path")]
    assert list(found.references) == ["https://report.example/1"]


@pytest.mark.parametrize(("rule", "values"), [
    ('alert dns $HOME_NET any -> any any (msg:"a; b"; dns.query; content:"pool.example"; nocase; bsize:12; sid:1;)',
     [("pool.example", ())]),
    ('alert dns any any -> any any (dns_query; content:".pool|2e|example"; nocase; isdataat:!1,relative; sid:1;)',
     [("pool.example", ())]),
    ('alert tls $HOME_NET any -> $EXTERNAL_NET any (tls.sni; dotprefix; content:".pool.example"; endswith; sid:1;)',
     [("pool.example", ())]),
    ('drop tls any any -> any any (tls_sni; content:"pool.example"; sid:1;)', [("pool.example", ())]),
    ("alert tcp $HOME_NET any -> 8.8.4.1 4444 (msg:\"x\"; flow:established,to_server; sid:1;)", [("8.8.4.1", (4444,))]),
    ("alert ip any any -> [8.8.4.1,8.8.4.2] [4444, 5555] (sid:1;)", [("8.8.4.1", (4444, 5555)),
    ("8.8.4.2", (4444, 5555))]),
    ("alert ip [8.8.4.1,8.8.4.8/30] any -> $HOME_NET any (msg:\"x\"; sid:1;)", [("8.8.4.1", (3333,)),
    ("8.8.4.8/30", (3333,))]),
    ('alert tcp any any -> 8.8.4.1 4444 \\\n  (msg:"two lines"; sid:1;)', [("8.8.4.1", (4444,))]),
])  # fmt: skip
def test_suricata(rule, values):
    assert taken(rule, "suricata") == values and not left(rule, "suricata")


@pytest.mark.parametrize(("rule", "why"), [
    ('alert tcp any any -> any any (content:"mining.subscribe"; sid:1;)', "no-name"),
    ('alert dns any any -> any any (dns.query; content:"a.example"; pcre:"/x/"; sid:1;)', "more-conditions"),
    ('alert dns any any -> any any (dns.query; content:"a"; content:"b"; sid:1;)', "more-conditions"),
    ('alert dns any any -> any any (dns.query; content:!"a.example"; sid:1;)', "no-name"),
    ('alert dns any any -> any any (dns.query; content:"|ff|"; sid:1;)', "no-name"),
    ("alert tcp any any -> 8.8.4.1 1:1024 (sid:1;)", "port-range"), ("alert tcp any any -> 8.8.4.1 $PORTS (sid:1;)",
    "port-range"),
    ("alert tcp any any -> !8.8.4.1 any (sid:1;)", "no-indicator"), ("pass tcp any any -> 8.8.4.1 1 (sid:1;)",
    "passes"),
    ("hello", "no-rule"), ("alert " + "x" * 20_000, "no-rule"),
    ('alert tcp any any -> any any (msg:"' + '"' * 9000, "no-rule"),
    ("alert tcp any any -> any any (" + "a" * 9000 + ")", "no-indicator"), ("alert " + "[" * 9000, "no-rule"),
])  # fmt: skip
def test_suricata_that_says_more(rule, why):
    assert [one for _, one in left(rule, "suricata")] == [why]


@pytest.mark.parametrize(("text", "name"), [
    (PLAIN, "plain"), ("0.0.0.0 a.example\n", "hosts"), ("# hosts\n127.0.0.1 localhost\n127.0.0.1\tb.example\n",
    "hosts"),
    ("domain,port\na.example,1\n", "csv"), ("a.example;3333\n", "csv"), (json.dumps(MISP), "misp"), (bundle(), "stix"),
    (MALTRAIL, "maltrail"), ('alert dns any any -> any any (dns.query; content:"a"; sid:1;)\n', "suricata"), ("",
    "plain"),
])  # fmt: skip
def test_the_format_is_told_by_the_content(text, name):
    assert guessed(text, "list") == name


def test_other_json_is_no_list():
    with pytest.raises(ConfigError, match="neither a STIX bundle nor a MISP event"):
        guessed('{"a": 1}', "list")


# What each format has no place for.
LOSES = {
    "suricata": {"operator", "source", "url", "weak", "note"},
    "hosts": set(),
    "stix": set(),
    "misp": set(),
    "csv": set(),
}


@pytest.mark.parametrize("name", LOSES)
def test_what_leaves_and_comes_back_is_the_same(name):
    rules = [parse(text.encode(), f"{n}.yaml") for n, text in enumerate((RULES, MALWARE, WHOLE, RULE))]
    module = module_of(name)
    out = [one for one in choose(rules).indicators if has_place(module, one)]
    text = "".join(module.write(out, ExportOptions()))
    assert guessed(text, "list") == name
    found = sifted(text, name)
    assert not found.left
    back = choose([written(found.indicators())]).indicators

    def facts(one):
        lost = LOSES[name] | {"rule", "operator", "ports", "reference"}
        told = {key: value for key, value in notes(one).items() if key not in lost}
        if name == "hosts":
            told = {}
        return one.type, one.value, tuple(sorted(told.items()))

    def pairs(indicators):
        """Each fact with each port: formats may tell ports together or one by one."""
        found = set()
        for one in indicators:
            kind, value, told = facts(one)
            values = [value]
            if name == "misp" and kind == "network":
                import ipaddress

                kind, values = "address", map(str, ipaddress.ip_network(value))
            places = one.ports if name != "hosts" else ()
            found |= {(kind, value, told, port) for value in values for port in places or (0,)}
        return found

    if name == "misp":
        # A network travels as its addresses: one that is named by itself as well is one then.
        out = [one for one in out if one.value != "5.6.8.0/30"]
        back = [one for one in back if one.value not in ("5.6.8.0", "5.6.8.2", "5.6.8.3")]
    assert pairs(back) == pairs(out)


def test_a_source_is_not_credited_with_its_rules_reference():
    rule = parse(RULE.replace("sources:", "references: [https://another.example/]\nsources:", 1).encode(), "a.yaml")
    found = {one.source: one for one in choose([rule]).indicators}
    assert found["other"].url is None and found["other"].reference == "https://another.example/"
    back = sifted("".join(module_of("stix").write(list(found.values()), ExportOptions())), "stix")
    assert list(back.references) == ["https://another.example/"]


def test_every_reason_has_its_words():
    assert set(SAYS) == set(WHY)
    assert all(english != chinese or code == "refused" for code, (english, chinese) in SAYS.items())


def test_a_thing_that_comes_again():
    found = sifted("type,value,ports,kind,date,coin\nname,a.example,1,server,2025,XMR\n"
                   "name,a.example,2,server,2026,BTC\n"
                   "name,a.example,3,malware,2026,\n", "csv")  # fmt: skip
    (one,) = found.indicators()
    assert (one.ports, one.date, one.coin) == ((1, 2), "2026", None)
    assert [(one.line, one.why, one.about) for one in found.left] == [(4, "other-kind", "server")]


def test_a_date_of_ones_own_counts_whatever_the_lists():
    text = "host,date\na.example,2025-03-04\nb.example,2999\n"
    assert [one.date for one in sifted(text, "csv", day="2019").indicators()] == ["2025-03-04", "2019"]


def test_a_place_is_known_by_each_of_its_ports():
    text = (
        "type,value,ports,kind,date,coin\naddress,8.8.4.1,1 2,server,2025,XMR\naddress,8.8.4.1,2,server,2026,XMR\n"
        "address,8.8.4.1,3,server,2025,XMR\naddress,8.8.4.1,1,server,2025,BTC\n"
    )
    found = sifted(text, "csv").indicators()
    assert [(one.coin, one.ports, one.date) for one in found] == [
        ("BTC", (1,), "2025"),
        ("XMR", (1, 3), "2025"),
        ("XMR", (2,), "2026"),
    ]
    assert written(found)


def test_what_a_network_holds_is_not_listed_again():
    text = "8.8.6.1:3333\n8.8.6.0/29\n8.8.6.0/28\n8.8.6.2:4444\n8.8.6.16:3333\n2001:4860::1\n2001:4860::/120\n"
    assert taken(text, "plain") == [
        ("2001:4860::/120", (3333,)),
        ("8.8.6.0/28", (3333,)),
        ("8.8.6.16", (3333,)),
        ("8.8.6.2", (4444,)),
    ]
    assert written(sifted(text, "plain").indicators())


def test_what_a_text_says_of_itself_is_not_believed_blindly():
    text = ("type,value,ports,kind,date,first,operator,source,url,weak,transport,coin\n"
            "name,a.example,1,king,2999-01-01,2999,\x07,\u0430bc,javascript:1,,carrier pigeon,\n")  # fmt: skip
    (one,) = sifted(text, "csv").indicators()
    assert (one.kind, one.date, one.first, one.operator, one.source, one.url, one.transport) == (
        "server", DAY, None, None, "a list", None, None)  # fmt: skip
    assert written([one]).names[0].name == "a.example"


@pytest.mark.parametrize("name", readers())
@pytest.mark.parametrize("text", [
    "",
    "\x00" * 99, "\ufffd" * 99, "[" * 50_000, '{"a":' * 20_000, '"' * 999, "," * 9999, "\n" * 999, "|" * 9999,
    "\\\n" * 99,
    '{"Event": {"Attribute": [[], {"type": []}, {"type": "domain", "value": 7, "Tag": 7, "timestamp": 1e999}]}}',
    '{"type": "bundle", "objects": [{"type": "indicator", "pattern": [], "labels": [7], "valid_from": 3}]}',
    "1" * 9999, '{"a": ' + "1" * 9999 + "}", "alert tcp any any -> 1.1.1.1 1 (" + "a:b;" * 900 + ")",
], ids=range(15))  # fmt: skip
def test_whatever_is_in_a_file(name, text):
    found = Sieve(Defaults("server", (), DAY, "a list", DAY))
    for one in module_of(name).read(text):
        assert isinstance(one, (Mention, Passed))
        found.take("list", one)
    assert not found.indicators() or name == "suricata"


def test_bounds(monkeypatch, tmp_path):
    monkeypatch.setattr(sieves, "MAX_TAKEN", 3)
    with pytest.raises(ConfigError, match="list:4: more than 3 indicators"):
        sifted("".join(f"a{n}.example\n" for n in range(9)), "plain")
    monkeypatch.setattr(sieves, "MAX_SEEN", 3)
    with pytest.raises(ConfigError, match="list:4: more than 3 values"):
        sifted("10.0.0.1\n" * 9, "plain")
    monkeypatch.setattr(rules_import, "MAX_BYTES", 10)
    (tmp_path / "big").write_text("a.example\n" * 9)
    assert main(["rules", "import", str(tmp_path / "big")]) == 2


@pytest.mark.parametrize(("lang", "said"), [
    ("en", [":2: left out: 10.0.0.1: not a public address", "indicators taken: 1, left out: 1", "set-mine.yaml"]),
    ("zh", [":2: 略去: 10.0.0.1: 不是公网地址", "收录 1 条指标，略去 1 条", "set-mine.yaml"]),
])  # fmt: skip
def test_the_command(tmp_path, capsys, lang, said):
    (tmp_path / "list.txt").write_text("eu.nobody.example\n10.0.0.1\n")
    out = tmp_path / "Set Mine.yaml"
    words = ["rules", "import", str(tmp_path / "list.txt"), "-o", str(out), "--lang", lang, "--kind", "browser"]
    assert main([*words, "--title", "Mine: all", "--date", "2026-01-02"]) == 0
    told = capsys.readouterr().err
    assert all(one in told for one in said)
    rule = parse(out.read_bytes(), str(out))
    assert (rule.id, rule.title_en, rule.names[0].kind, rule.names[0].date) == (
        "set-mine",
        "Mine: all",
        "browser",
        "2026-01-02",
    )
    assert rule.names[0].source == "list.txt"


def test_nothing_to_take_and_what_is_known(tmp_path, capsys):
    (tmp_path / "bad.txt").write_text("10.0.0.1\n")
    assert main(["rules", "import", str(tmp_path / "bad.txt")]) == 1
    assert not capsys.readouterr().out
    (tmp_path / "known.txt").write_text("xmr.pool.example\nfresh.example\n")
    (tmp_path / "scene.yaml").write_text(RULES, encoding="utf-8")
    words = ["rules", "import", str(tmp_path / "known.txt"), "--rules", str(tmp_path / "scene.yaml")]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "xmr.pool.example" in told.out and "in other rules already: 1," in told.err
    assert main([*words, "--new"]) == 0
    assert "xmr.pool.example" not in capsys.readouterr().out


def test_standard_input(tmp_path):
    words = [sys.executable, "-m", "netminer_detect", "rules", "import", "-"]
    done = subprocess.run(words, input=b"piped.example\n", capture_output=True, check=True, cwd=ROOT)
    assert b"name: piped.example" in done.stdout


def test_a_folder_is_a_feed(tmp_path, capsys):
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "1.json").write_text(json.dumps(MISP))
    assert main(["rules", "import", str(tmp_path), "--as", "misp", "--port", "3333"]) == 0
    assert "pool.example" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["none.txt"],
        ["--as", "word", "x"],
        ["/dev/null"],
        ["--date", "2999-01-01", "x"],
        ["--id", "No Id", "x"],
        ["--port", "0", "x"],
        [],
    ],
)
def test_wrong_words(capsys, words):
    try:
        code = main(["rules", "import", *words])
    except SystemExit as error:
        code = error.code
    assert code == 2 and capsys.readouterr().err


def test_an_address_may_be_a_miners_server_and_malwares():
    text = "type,value,ports,kind\naddress,8.8.4.1,3333,server\naddress,8.8.4.1,3333,malware\n"
    rule = written(sifted(text, "csv").indicators())
    assert sorted(fact.kind for fact in gather([rule]).endpoints) == ["malware", "server"]


PIECES = ('"', "'", "\\", "[", "]", "{", "}", "|", "\n", "\t", " OR ", "::/0", "0/0", "-1", "99999",
          "xn--", "\x00", "\u202e")  # fmt: skip


@pytest.mark.parametrize("name", readers())
def test_damaged_lists_give_sound_rules_or_none(name):
    rules = [parse(text.encode(), f"{n}.yaml") for n, text in enumerate((RULES, MALWARE, WHOLE, RULE))]
    module, chance = module_of(name), random.Random(name)
    sound = {"plain": PLAIN, "maltrail": MALTRAIL}.get(name)
    if sound is None:
        carried = [one for one in choose(rules, (), True).indicators if has_place(module, one)]
        sound = "".join(module.write(carried, ExportOptions()))
    for _ in range(40):
        letters = list(sound)
        for _ in range(chance.randint(1, 12)):
            at, other = chance.randrange(len(letters)), chance.randrange(len(letters))
            piece = chance.choice((chance.choice(PIECES), "", "".join(letters[other : other + chance.randint(1, 60)])))
            letters[at : at + chance.choice((0, 1, 30))] = piece or "x"
        found = sifted("".join(letters), name)
        if found.indicators():
            try:
                written(found.indicators())
            except ConfigError as error:
                assert "rules import" in str(error)
