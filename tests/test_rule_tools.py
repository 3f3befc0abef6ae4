"""`rules list`, `show` and `explain`: which rule, which line, since when, on whose word, and why no more."""

import json
import pathlib
import re
from datetime import date

import pytest

from netminer_detect.cli import main
from netminer_detect.commands.rules_words import counted, next_level, worth
from netminer_detect.findings import Level
from netminer_detect.rulebook.answers import Answers
from netminer_detect.rulebook.explaining import WORTHS, Explanation, explain
from netminer_detect.rulebook.gathering import gather
from netminer_detect.rulebook.schema import KINDS, parse
from netminer_detect.rulebook.shelf import kinds_of, rules_of
from tests.scenes import MALWARE, POOL, RULES, Scene, rules, tls
from tests.test_rule_facts import WHOLE

DAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def own():
    return [parse(text.encode(), f"{n}.yaml") for n, text in enumerate((RULES, MALWARE, WHOLE))]


@pytest.mark.parametrize(("target", "what", "worth_", "rule", "line"), [
    ("xmr.pool.example", "name", "server", "scene", 14), ("A.XMR.pool.example.", "name", "server", "scene", 14),
    ("xmr.pool.example:3333", "name", "server", "scene", 14), ("site.pool.example", "name", "website", "scene", 13),
    ("unheard.pool.example", "name", "domain", "scene", 13), ("script.example", "name", "browser", "scene", 17),
    ("fee.example", "name", "donation", "scene", 18), ("old.example", "name", "stale", "scene", 19),
    ("weak.example", "name", "weak", "scene", 20), ("control.example", "name", "malware", "scene-malware", 9),
    (f"{POOL}:3333", "address", "address", "scene", 22), (POOL, "address", "no-port", "scene", 22),
    (f"{POOL}:3334", "address", "no-port", "scene", 22), ("5.6.7.9:3333", "address", "stale", "scene", 23),
    ("8.8.4.2:443", "address", "address", "pool-example", 12), ("[2001:4860::1]:3333", "address", "malware", None, 13),
    ("5.6.7.10:4444", "address", "malware", "scene-malware", 10),
    ("bc1qexamples", "wallet", "wallet", "pool-example", 16),
    ("nobody.example", "name", "unknown", None, None), ("9.9.9.9", "address", "unknown", None, None),
    ("what is this?", "text", "unknown", None, None), ("", "text", "unknown", None, None),
    ("\x00" * 9, "text", "unknown", None, None), ("1.2.3.4:99999", "text", "unknown", None, None),
])  # fmt: skip
def test_what_is_known_and_why_no_more(own, target, what, worth_, rule, line):
    found = explain(own, Answers(gather(own)), target, DAY)
    assert (found.what, found.worth) == (what, worth_)
    assert rule is None or found.rule.id == rule
    assert line is None or line in [word.entry.line for word in found.words]
    for lang in ("en", "zh"):
        assert all(text and "{" not in text for text in worth(found, lang))


def test_every_worth_and_level_has_its_words():
    for name in WORTHS:
        found = Explanation("x", "name", name, reason="r", date="2026", until="2027")
        assert worth(found, "en") != worth(found, "zh") and all(worth(found, "en"))
    assert all(next_level(level.word, "en") != next_level(level.word, "zh") for level in Level)
    assert [counted(n, lang) for lang in ("en", "zh") for n in (0, 1, 2)] == [
        "no rule", "1 rule", "2 rules", "0 条规则", "1 条规则", "2 条规则"]  # fmt: skip


def test_since_when_and_on_whose_word(own):
    found = explain(own, Answers(gather(own)), "8.8.4.1:3333", DAY)
    assert found.since == "2024-05" and found.words[0].entry.source == "help pages"
    assert explain(own, Answers(gather(own)), "XMRig/6", DAY).worth == "unknown"


def test_what_a_rule_holds(own):
    assert set(kinds_of(own[2])) == set(KINDS) - {"names", "addresses", "agents"}
    assert kinds_of(own[2])["wallets"] == 3 and kinds_of(own[2])["certificates"] == 2


def asked(capsys, *words):
    code = main(["rules", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_list_filters_by_kind_tag_and_text(capsys):
    code, out, _ = asked(capsys, "list", "--tag", "chinese", "--format", "json")
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and {"pool-f2pool", "relay-zzpool", "pool-antpool"} <= {rule["id"] for rule in found}
    assert all("chinese" in rule["tags"] for rule in found)
    assert re.match(r"pool-f2pool +high +high +F2Pool \(21 names, 8 addresses\)\n1 rule\n",
                    asked(capsys, "list", "btc.f2pool.com")[1])  # fmt: skip
    assert "鱼池" in asked(capsys, "list", "鱼池", "--lang", "zh")[1]
    _, out, _ = asked(capsys, "list", "--kind", "malware")
    assert all(line.startswith("malware-") for line in out.splitlines()[:-1]) and out.endswith("6 rules\n")
    assert asked(capsys, "list", "no such thing")[:2] == (1, "no rule\n")
    with pytest.raises(SystemExit, match="2"):
        main(["rules", "list", "--kind", "nonsense"])


def test_show_tells_all_of_a_rule(capsys):
    code, out, _ = asked(capsys, "show", "pool-f2pool")
    assert code == 0 and "pool-f2pool.yaml" in out and "said by Latency probe of Bitcoin pools" in out
    assert "must not match: name www.f2pool.com" in out
    code, out, _ = asked(capsys, "show", "pool-f2pool", "--format", "json")
    assert json.loads(out)["facts"][0]["line"] > 10
    code, _, err = asked(capsys, "show", "pool-f2pol")
    assert code == 2 and "did you mean pool-f2pool" in err
    assert "严重性: 高" in asked(capsys, "show", "pool-f2pool", "--lang", "zh")[1]


def test_own_rules_stand_beside_the_shipped_ones(tmp_path, capsys):
    path = tmp_path / "scene.yaml"
    path.write_text(RULES, encoding="utf-8")
    code, out, _ = asked(capsys, "explain", "xmr.pool.example", "--rules", str(path))
    assert code == 0 and f"{path}:14: xmr.pool.example server 3333 XMR  [said by made for tests" in out
    assert "known since: 2026-11-01" in out and "why no more: " in out
    assert asked(capsys, "explain", "xmr.pool.example")[0] == 1
    (tmp_path / "twice.yaml").write_text(RULES, encoding="utf-8")
    code, _, err = asked(capsys, "explain", "x.example", "--rules", str(tmp_path))
    assert code == 2 and "the id 'scene' is also in" in err
    assert [rule.id for rule in rules_of([str(path)])].count("scene") == 1


def test_a_finding_is_explained_from_what_a_scan_wrote(tmp_path, capsys):
    (folder,) = rules()
    pcap = Scene().tcp(tls(b"xmr.pool.example")).write(tmp_path / "a.pcap")
    out = tmp_path / "a.jsonl"
    main(["scan", str(pcap), "--rules", folder, "-o", str(out), "--quiet"])
    found = next(json.loads(line) for line in out.read_text().splitlines() if '"finding"' in line)
    out.write_text("{broken\n[1]\n" + out.read_text(), encoding="utf-8")
    capsys.readouterr()
    code, told, _ = asked(capsys, "explain", found["id"], str(out), "--rules", folder)
    assert code == 0 and f"finding {found['id']}: endpoint, probable" in told
    assert "no mining handshake was seen" in told and "known by scene" in told and "scene.yaml:" in told
    code, told, _ = asked(capsys, "explain", found["id"], str(out), "--rules", folder, "--lang", "zh")
    assert code == 0 and "矿池服务器" in told and "data was exchanged" not in told
    code, told, _ = asked(capsys, "explain", found["id"], str(out), "--rules", folder, "--format", "json")
    assert json.loads(told)["explained"][0]["rule"] == "scene" and json.loads(told)["rules"] == ["scene"]
    code, told, _ = asked(capsys, "explain", found["id"], str(out))
    assert code == 0 and "noted by scene: not among the rules given" in told
    code, _, err = asked(capsys, "explain", "0123456789abcdef", str(out))
    assert code == 2 and "no finding has the id" in err
    code, _, err = asked(capsys, "explain", "0123456789abcdef", str(tmp_path / "nowhere"))
    assert code == 2 and "No such file" in err


@pytest.mark.parametrize("line", [
    '{"type":"finding","id":"aa","rules":null,"pool":"x","peer":7,"workers":[1,{"user":5}]}',
    '{"type":"finding","id":"aa"}',
    '{"type":"finding","id":"aa","level":{},"rules":[{}],"workers":{},"pool":{"name":[],"ip":"1.2.3.4","port":"x"}}',
])
def test_findings_of_another_shape_break_nothing(tmp_path, capsys, line):
    path = pathlib.Path(tmp_path, "x.jsonl")
    path.write_text(line, encoding="utf-8")
    assert asked(capsys, "explain", "aa", str(path))[0] == 0


def test_text_of_rules_steers_no_terminal(tmp_path, capsys):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"type": "finding", "id": "aa", "why": "\x1b[31mred"}), encoding="utf-8")
    assert "\x1b" not in asked(capsys, "explain", "aa", str(path))[1]
