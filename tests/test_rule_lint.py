"""`rules lint`: clean on the shipped rules, and forty broken rules that it must catch, each with a way out."""

import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import time
from datetime import date
from ipaddress import ip_network
from itertools import pairwise

import pytest

from netminer_detect.cli import main
from netminer_detect.commands.rules_lint import sentence
from netminer_detect.errors import ConfigError
from netminer_detect.rulebook.answers import Answers
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.rulebook.compiled import Compiled
from netminer_detect.rulebook.conditions import KEYS
from netminer_detect.rulebook.entries import SEVERITIES
from netminer_detect.rulebook.files import MAX_FILE, listing, rule_files
from netminer_detect.rulebook.gathering import gather
from netminer_detect.rulebook.linting import CODES, Problem, lint
from netminer_detect.rulebook.packing import pack
from netminer_detect.rulebook.schema import KINDS, parse
from netminer_detect.rulebook.shared_places import FILE, shared_address, shared_name

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHIPPED = sorted((ROOT / "rules").glob("*.yaml"))
TODAY = date(2026, 11, 25)

GOOD = """\
id: pool-own
title: {en: Own pool, zh: 自有矿池}
operator: Own Pool
severity: high
confidence: high
reviewed: 2026-11-24
sources:
  help: {title: help pages, date: 2026-11-01}
match:
  names:
    - {name: eu.ownpool.example, kind: server, ports: [3333], coin: XMR, source: help}
  addresses:
    - {address: 5.6.7.8, ports: [3333], source: help}
  agents:
    - {regex: '^OwnMiner/', product: OwnMiner, kind: gpu}
examples:
  match: [{name: eu.ownpool.example}, {address: '5.6.7.8:3333'}, {agent: OwnMiner/1}]
  not: [{name: www.ownpool.example}, {address: '5.6.7.8:22'}, {agent: OtherMiner/1}]
"""
OTHER = """\
id: pool-other
title: {en: Other pool, zh: 其他矿池}
severity: high
confidence: high
reviewed: 2026-11-24
sources: {help: {title: help pages, date: 2026-11-01}}
match:
  names: [{name: eu.ownpool.example, kind: server, source: help}]
examples:
  match: [{name: eu.ownpool.example}]
  not: [{name: example.org}]
"""
NAME = "{name: eu.ownpool.example, kind: server, ports: [3333], coin: XMR, source: help}"
ADDRESS = "{address: 5.6.7.8, ports: [3333], source: help}"
AGENT = "{regex: '^OwnMiner/', product: OwnMiner, kind: gpu}"

# (what is replaced, by what, line, code, what the message says).
BROKEN = [
    ("severity: high", "severety: high", 4, "format", "unknown key 'severety' in a rule; did you mean 'severity'?"),
    ("severity: high\n", "", 1, "format", "lacks the key 'severity'"),
    ("severity: high", "severity: urgent", 4, "format", "'urgent' is no severity; use one of low, medium"),
    ("confidence: high", "confidence: 90%", 5, "format", "'90%' is no confidence"),
    ("reviewed: 2026-11-24", "reviewed: 24.11.2026", 6, "format", "is no date; write it as 2026"),
    ("id: pool-own", "id: Pool_Own", 1, "format", "is no rule id; use small letters"),
    ("title: {en: Own pool, zh: 自有矿池}", "title: {en: Own pool}", 2, "format", "title lacks the key 'zh'"),
    ("    - " + NAME, "    " + NAME, 11, "format", "a mapping where a list belongs; write a list"),
    ("ports: [3333], coin", "ports: [stratum], coin", 11, "format", "is no port; write a number from 1 to 65535"),
    ("kind: server", "kind: pool", 11, "format", "'pool' is no kind; use one of server"),
    (", source: help}\n  addresses", "}\n  addresses", 11, "format", "a name lacks the key 'source'"),
    ("coin: XMR, source: help", "coin: XMR, source: hlep", 11, "format", "is not listed; add it under sources"),
    ("name: eu.ownpool", "name: https://eu.ownpool", 11, "format", "is a URL; write the host name alone"),
    ("name: eu.ownpool.example,", "name: '*.ownpool.example',", 11, "format", "sub-domains count anyway"),
    ("name: eu.ownpool.example,", "name: 'eu.ownpool.example:3333',", 11, "format", "write the port under ports"),
    ("name: eu.ownpool", "name: еu.ownpool", 11, "format", "mixes letters that look alike"),
    ("name: eu.ownpool.example", "name: com.cn", 11, "format", "in which anybody may have a name"),
    ("address: 5.6.7.8", "address: 192.168.1.1", 13, "format", "is not a public address; remove it"),
    ("address: 5.6.7.8", "address: 5.6.7.0/24", 13, "format", "write a network under networks"),
    ("'^OwnMiner/'", "'^(Own|Miner)*$'", 15, "format", "a repeated group can take for ever"),
    ("'^OwnMiner/'", "'^Own(Miner'", 15, "format", "a ( without its ); add the )"),
    ("'^OwnMiner/'", "'.*'", 15, "format", "matches everything; say how the text begins"),
    ("kind: gpu", "kind: graphics", 15, "format", "'graphics' is no kind"),
    ("  match: [{name: eu.ownpool.example}, ", "  match: [", 17, "format", "no example under 'match' for names; add"),
    (", {agent: OtherMiner/1}]", "]", 17, "format", "no example under 'not' for agents"),
    ("sources:", "sources: &x", 7, "format", "an anchor or alias; write the value out"),
    ("operator: Own Pool", "operator: Own Pool\noperator: Own", 4, "format", "stands here twice; keep one of the two"),
    ("operator: Own Pool", "operator: [Own", 4, "format", "check indentation, colons, brackets and quotes"),
    ("    - " + NAME, "\t- " + NAME, 11, "format", "indent with blanks: YAML takes no tabs"),
    ("severity: high", "severity high", 4, "format", "a line without its colon; write it as key: value"),
    ("regex: '^OwnMiner/'", 'regex: "^Own\\d"', 15, "format", "put it in single quotes"),
    ("operator: Own Pool", "operator: @own", 3, "format", "put quotes around the value"),
    ("    - " + NAME, "    - eu.ownpool.example", 11, "format", "write it as {name: …, kind: …, source: …}"),
    ("coin: XMR", "date: 2026-01", 11, "format", "unknown key 'date' in a name; did you mean 'verified'?"),
    ("address: 5.6.7.8,", "address: 5.6.7.8:3333,", 13, "format", "write the port under ports"),
    ("{address: '5.6.7.8:22'}", "{address: 5.6.7.8}", 18, "format", "is no address with a port; write both"),
    ("id: pool-own", "id: pool-elsewhere", 1, "file-name", "name the file for the rule's id"),
    ("reviewed: 2026-11-24", "reviewed: 2025-11-24", 6, "review-due", "a review was due on 2026-11-24; check the"),
    ("reviewed: 2026-11-24", "reviewed: 2026-11-24\nreview_by: 2026-10", 7, "review-due", "was due on 2026-10-31"),
    ("reviewed: 2026-11-24", "reviewed: 2027-11-24", 6, "future-date", "2027-11-24 lies in the future; correct"),
    ("date: 2026-11-01", "date: 2028", 11, "future-date", "2028 lies in the future"),
    ("name: eu.ownpool.example,", "name: dynalias.com,", 11, "shared-name", "a hosting domain in which anybody"),
    ("name: eu.ownpool.example,", "name: city.kawasaki.jp,", 11, None, ""),
    ("name: eu.ownpool.example,", "name: kobe.jp,", 11, "shared-name", "a registry domain in which anybody"),
    ("address: 5.6.7.8, ports", "address: 104.16.1.1, ports", 13, "shared-address", "one of Cloudflare, where one"),
    ("name: eu.ownpool.example,", "name: xn--e-htb.ownpool.example,", 11, None, ""),
    ("name: eu.ownpool.example,", "name: xn--80ak6aa92e.com,", 11, "lookalike", "is made to look like apple.com"),
    ("    - " + ADDRESS, f"    - {ADDRESS}\n    - {ADDRESS}", 14, "repeated", "as it stands in line 13; remove one"),
    ("  agents:", "  when: {rule: agent-nobody}\n  agents:", 18, "format", "no example under 'match' for when"),
    ("{address: '5.6.7.8:22'}", "{address: '5.6.7.8:3333'}", 18, "example-fails", "the address '5.6.7.8:3333'"),
    ("match: [{name: eu.ownpool", "match: [{name: us.ownpool", 17, "example-fails", "correct the example or the rule"),
    ("'^OwnMiner/'", "'^XMRig/'", 15, "overlap", "^XMRig/ is also in the rule agent-xmrig"),
]  # fmt: skip


def told(text, path="own/pool-own.yaml", more=(), shipped=()):
    """(code, line, sentence) of each problem of a rule."""
    problems = lint([(path, text.encode()), *more], shipped, TODAY)
    return [(one.code, one.line, "; ".join(sentence(one, "en"))) for one in problems]


@pytest.fixture(scope="module")
def shipped():
    return [(str(path), path.read_bytes()) for path in SHIPPED]


def test_the_good_rule_is_good(shipped):
    assert told(GOOD) == [] and told(GOOD, shipped=shipped) == []


def test_the_shipped_rules_are_clean(shipped):
    assert len(shipped) > 150 and lint(shipped, [], TODAY) == []


@pytest.mark.parametrize(("old", "new", "line", "code", "says"), BROKEN)
def test_a_broken_rule_is_told_with_its_line_and_what_to_do(old, new, line, code, says):
    assert old in GOOD
    beside = [(str(ROOT / "rules" / "agent-xmrig.yaml"), (ROOT / "rules" / "agent-xmrig.yaml").read_bytes())]
    found = told(GOOD.replace(old, new, 1), shipped=beside)
    hits = [text for one, at, text in found if (one, at) == (code, line) and says in text]
    if code is None:
        assert not [one for one in found if one[0] in ("shared-name", "lookalike", "format")]
    else:
        assert hits, found


def test_there_are_forty_and_each_kind_of_problem_is_among_them():
    assert len([one for one in BROKEN if one[3]]) >= 40
    elsewhere = {"duplicate-id", "unknown-rule", "no-source", "example-of-other"}
    assert {one[3] for one in BROKEN} | elsewhere == {*CODES, None}


def test_rules_are_checked_together(shipped):
    other = ("own/pool-other.yaml", OTHER.encode())
    assert [one[:2] for one in told(GOOD, more=[other])] == [("overlap", 11), ("example-of-other", 17)]
    twice = ("own/pool-own2.yaml", GOOD.encode())
    assert {one[0] for one in told(GOOD, more=[twice])} == {"duplicate-id", "file-name"}
    text = OTHER.replace("eu.ownpool.example", "xmr.f2pool.com")
    overlap, = [one for one in told(text, "own/pool-other.yaml", shipped=shipped) if one[0] == "overlap"]
    assert "xmr.f2pool.com is also in the rule pool-f2pool" in overlap[2] and "pool-f2pool.yaml:" in overlap[2]
    # An own rule of a shipped one's id stands in its place: it overlaps nothing of it.
    assert told(text.replace("pool-other", "pool-f2pool"), "own/pool-f2pool.yaml", shipped=shipped) == []


def test_an_example_that_another_rule_takes(shipped):
    text = GOOD.replace("'^OwnMiner/'", "'^XMRig/9'").replace("{agent: OwnMiner/1}", "{agent: XMRig/9.1}")
    assert told(text) == []
    xmrig = [one for one in shipped if "xmrig" in one[0]]
    found = told(text.replace("pool-own", "zz-own"), "own/zz-own.yaml", more=xmrig)
    assert [one[0] for one in found] == ["example-of-other"] and "agent-xmrig" in found[0][2]


def test_conditions_name_rules_that_exist(shipped):
    when = "  when: {all: [{rule: agent-xmrig}, {not: {rule: agent-nobody}}]}\n"
    text = GOOD.replace("  agents:", when + "  agents:")
    text = text.replace("  match: [", "  match: [{seen: [{rule: agent-xmrig}]}, ")
    text = text.replace("  not: [", "  not: [{seen: [{role: miner}]}, ")
    found = told(text, shipped=shipped)
    assert [one[:2] for one in found] == [("unknown-rule", 14)] and "agent-nobody" in found[0][2]
    bare = GOOD.replace("sources:\n  help: {title: help pages, date: 2026-11-01}\n", "")
    bare = bare.replace("  names:\n    - " + NAME + "\n  addresses:\n    - " + ADDRESS + "\n", "")
    assert ("no-source", 1) in [one[:2] for one in told(bare)]


def test_every_sentence_is_there_in_both_languages():
    for code in CODES:
        problem = Problem("x", 1, code, "r", ("1", "2", "3"))
        english, chinese = sentence(problem, "en"), sentence(problem, "zh")
        assert all(english) and all(chinese) and english != chinese and "{" not in "".join(english + chinese)


def test_the_command_and_its_exit_codes(tmp_path, capsys):
    path = tmp_path / "pool-own.yaml"
    path.write_text(GOOD, encoding="utf-8")
    today = ["--today", "2026-11-25"]
    assert main(["rules", "lint", str(path), *today]) == 0
    assert capsys.readouterr().out == "1 rule file, no problems\n"
    path.write_text(GOOD.replace("3333], coin", "0], coin"), encoding="utf-8")
    assert main(["rules", "lint", str(tmp_path), *today]) == 1
    told_first = f"{path}:11: '0' is no port; write a number from 1 to 65535, each by itself (format)\n"
    assert capsys.readouterr().out.startswith(told_first)
    assert main(["rules", "lint", str(tmp_path), *today, "--format", "json"]) == 1
    problem = json.loads(capsys.readouterr().out)
    assert (problem["path"], problem["line"], problem["code"]) == (str(path), 11, "format") and problem["fix"]
    assert main(["rules", "lint", str(tmp_path), *today, "--lang", "zh"]) == 1
    assert "个问题" in capsys.readouterr().out
    assert main(["rules", "lint", str(tmp_path / "nowhere")]) == 2
    assert main(["rules", "lint", "--today", "soon"]) == 2
    assert main(["rules", "lint", *today]) == 0


def test_lint_loads_no_kernel(tmp_path):
    code = ("import sys; from netminer_detect.cli import main; main(['rules', 'lint', '--today', '2026-11-25']); "
            "print([name for name in sys.modules if '.kernel' in name])")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.endswith("no problems\n[]\n"), done.stdout


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_rule_of_the_readme_can_be_copied(name):
    text = (ROOT / name).read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    assert told(text, "pool-example-campus.yaml") == []


def test_the_keys_and_the_condition_of_the_rules_readme_are_those_of_the_code():
    text = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
    keys = (*KINDS, *KEYS, *SEVERITIES, "review_by", "first", "verified")
    assert [key for key in keys if f"`{key}`" not in text] == []
    when = text.partition("```yaml\n")[2].partition("```")[0]
    example = re.search(r"`({seen: .*})`", text)[1]
    rule = GOOD.replace("  agents:", "  " + when.replace("\n", "\n  ").rstrip() + "\n  agents:")
    rule = rule.replace("  match: [", f"  match: [{example}, ").replace("  not: [", "  not: [{seen: [{role: miner}]}, ")
    assert [one[0] for one in told(rule)] == ["unknown-rule"]  # agent-xmrig is not among those that are checked


# Hostile files.


def test_names_and_networks_that_are_shared():
    assert [shared_name(name) for name in ("com", "co.uk", "github.io", "ownpool.example", "f2pool.com")] == [
        "registry", "registry", "hosting", None, None]  # fmt: skip
    assert shared_address("104.16.0.1") == "Cloudflare" and shared_address("5.6.7.8") is None
    assert shared_address("104.15.255.0/24") != "Cloudflare" and shared_address("2606:4700::1") == "Cloudflare"
    holders = json.loads((ROOT / "rules" / FILE).read_text())["holders"]
    spans = sorted((n.version, int(n[0]), int(n[-1])) for one in holders for n in map(ip_network, one["networks"]))
    assert all(one["source"] and one["date"] for one in holders)
    assert all(low[0] != high[0] or low[2] < high[1] for low, high in pairwise(spans))


BOMB = "a: &a [x, x, x, x]\n" + "".join(f"k{n}: &k{n} [*a, *a, *a, *a]\n" for n in range(20))


@pytest.mark.parametrize(("data", "says"), [
    (BOMB.encode(), "anchor or alias"),
    (b"\xef\xbb\xbf" + GOOD.encode().replace(b"severity", b"sverity"), "unknown key"),
    (GOOD.encode().replace(b"Own pool", b"Own\0pool"), "YAML does not allow"),
    (GOOD.encode().replace(b"Own pool", b"Own\xffpool"), "not UTF-8"),
    ("\ufeff".encode("utf-16") + GOOD.encode("utf-16"), "not UTF-8"),
    (b"id: " + b"a" * (MAX_FILE + 5), "more than 4 MiB"),
    (b"[" * MAX_FILE, "nest"),
    (b"- a\n" * (MAX_FILE // 4), "more than 400000 values"),
    (b"? " * 100_000, ""),
    (b"a: |\n" + b" x\n" * 1_000_000, ""),
    (b"id: !!python/object/apply:os.system [ls]", "the tag"),
    (b"--- \nid: a\n--- \nid: b\n", "second document"),
    (GOOD.encode().replace(b"'^OwnMiner/'", b"'" + b"(a|aa)?" * 2000 + b"'"), "14000 characters"),
    (GOOD.encode().replace(b"'^OwnMiner/'", b"'" + b"a?" * 90 + b"'"), "too many ways"),
    (GOOD.replace("Own pool", "Own \u202epool").encode(), "U+202E"),
    (GOOD.replace("eu.ownpool.example", "f2p\u043eol.com").encode(), "mixes letters"),
    (GOOD.replace("eu.ownpool.example", "\u0430\u0440\u0440\u04cf\u0435.com").encode(), "not ASCII"),
])  # fmt: skip
def test_a_hostile_file_is_refused_in_bounded_time(data, says):
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        parse(data, "x.yaml")
    assert says in str(caught.value) and len(str(caught.value)) < 500
    assert time.process_time() - began < 10


def test_a_huge_file_costs_no_memory(tmp_path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(rule_files(str(path))[0][1]) == MAX_FILE + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30 << 10
    assert main(["rules", "lint", str(path)]) == 1


def test_links_and_pipes_among_the_rules(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "pool-own.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "secret.yaml").write_text("root:x", encoding="utf-8")
    (folder / "inner.yaml").symlink_to(folder / "pool-own.yaml")
    assert len(listing(str(folder))) == 2
    (folder / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(ConfigError, match=r"out\.yaml: a link that leads out"):
        listing(str(folder))
    (folder / "out.yaml").unlink()
    os.mkfifo(folder / "pipe.yaml")
    with pytest.raises(ConfigError, match=r"pipe\.yaml: named like a rule, but no plain file"):
        listing(str(folder))
    (folder / "pipe.yaml").unlink()
    (folder / "loop").symlink_to(folder)
    (folder / ".hidden.yaml").write_text("x", encoding="utf-8")
    assert len(listing(str(folder))) == 2


def test_the_slow_answers_agree_with_the_compiled_ones(shipped):
    rules = [parse(data, path) for path, data in shipped]
    facts = gather(rules)
    slow, fast = Answers(facts), Rulebook(Compiled(pack(facts)))
    names = {entry.name for rule in rules for entry in rule.names}
    for name in sorted(names)[::3]:
        for asked in (name, f"www.{name}", f"eu1.{name}", f"x{name}", name.partition(".")[2]):
            for port in (None, 443, 3333):
                assert slow.name(asked, port) == fast.name(asked, port), asked
            assert slow.malware_name(asked) == fast.malware_name(asked)
    for fact in facts.endpoints[::5]:
        for port in (fact.port, fact.port + 1):
            if port < 65536:
                assert slow.endpoint(fact.ip, port) == fast.endpoint(fact.ip, port)
                assert slow.malware_endpoint(fact.ip, port) == fast.malware_endpoint(fact.ip, port)
    for rule in rules:
        for example in rule.examples:
            if example.what == "agent":
                assert slow.agent(example.text) == fast.agent(example.text)
