"""What rules may hold beside names: networks, wallets, fingerprints, certificates, devices; regular expressions."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook.agents import Agents, letters_of
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.rulebook.compiled import Compiled
from netminer_detect.rulebook.gathering import gather, override
from netminer_detect.rulebook.packing import pack
from netminer_detect.rulebook.patterns import MAX_SUBJECT, fault, head
from netminer_detect.rulebook.schema import parse

WHOLE = """\
id: pool-example
title: {en: Example, zh: 示例}
severity: high
confidence: medium
tags: [chinese]
reviewed: 2026-11-24
review_by: 2027-05
sources:
  help: {title: help pages, date: 2026-11-01, url: 'https://pool.example/help', licence: MIT}
match:
  networks:
    - {network: 8.8.4.0/30, ports: [3333, 443], coin: XMR, source: help, first: 2024-05}
    - {network: '2001:4860::/127', ports: [3333], kind: malware, source: help}
  wallets:
    - {wallet: 48exampleexample, coin: XMR, source: help}
    - {prefix: bc1qexam, coin: BTC, source: help}
    - {prefix: bc1qexample, coin: BTC, source: help}
  ja3: [{ja3: 0123456789ABCDEF0123456789abcdef, product: ExampleMiner, source: help}]
  ja4: [{ja4: t13d1516h2_8daaf6152771_e5627efa2ab1, product: ExampleMiner, source: help}]
  certificates:
    - {subject: Example Pool Ltd, source: help}
    - {serial: 00AB12, source: help, weak: a serial alone}
  dialects: [{dialect: stratum-v1, algorithm: sha256d}]
  devices: [{model: Antminer S19, firmware: vnish}]
  when:
    all: [{rule: agent-xmrig}, {not: {role: managed}}]
    within: 1h
examples:
  match: [{address: '8.8.4.1:3333'}, {wallet: bc1qexample7}, {ja3: 0123456789abcdef0123456789abcdef},
          {ja4: t13d1516h2_8daaf6152771_e5627efa2ab1}, {subject: example pool ltd},
          {seen: [{dialect: stratum-v1, algorithm: sha256d}]}]
  not: [{address: '8.8.4.4:3333'}, {wallet: bc1other}, {ja3: 1123456789abcdef0123456789abcdef},
        {ja4: t13d1516h2_8daaf6152771_e5627efa2ab2}, {subject: example}, {seen: [{dialect: stratum-v1}]}]
"""


def book_of(*texts):
    return Rulebook(Compiled(pack(gather(parse(text.encode(), f"{n}.yaml") for n, text in enumerate(texts)))))


def test_all_that_a_rule_may_hold_is_known_again():
    rule = parse(WHOLE.encode(), "x.yaml")
    assert (rule.severity, rule.confidence, rule.tags, rule.review_by) == ("high", "medium", ["chinese"], "2027-05")
    assert rule.sources["help"].url == "https://pool.example/help" and rule.sources["help"].licence == "MIT"
    network = rule.networks[0]
    assert (network.line, network.first, network.date, network.source) == (12, "2024-05", "2026-11-01", "help pages")
    assert [entry.line for entry in rule.entries] == sorted(entry.line for entry in rule.entries)
    book = book_of(WHOLE)
    assert [book.endpoint(f"8.8.4.{n}", 3333) is not None for n in range(5)] == [True, True, True, True, False]
    assert book.endpoint("8.8.4.3", 443).coin == "XMR" and book.endpoint("8.8.4.3", 80) is None
    assert book.endpoint("2001:4860::1", 3333) is None and book.malware_endpoint("2001:4860::1", 3333) is not None
    assert book.marked("wallet", "48exampleexample") == ["pool-example"]
    assert book.marked("wallet", "bc1qexample.rig") == ["pool-example"] and book.marked("wallet", "bc1qexa") == []
    assert book.marked("wallet", "48exampleexample2") == [] and book.marked("wallet", "") == []
    assert book.marked("ja3", "0123456789abcdef0123456789abcdef") == ["pool-example"]
    assert book.marked("ja4", "t13d1516h2_8daaf6152771_e5627efa2ab1") == ["pool-example"]
    assert book.marked("subject", "example pool ltd") == ["pool-example"] and book.marked("issuer", "x\0") == []
    assert book.marked("serial", "ab12") == ["pool-example"]
    assert [one.rule for one in book.conditions] == ["pool-example"] * 3
    assert Rulebook(Compiled(pack(gather([rule]))), endpoints=False).marked("serial", "ab12") == []


def test_own_rules_replace_marks_and_conditions_of_their_id():
    shipped = gather([parse(WHOLE.encode(), "a")])
    own = gather([parse(WHOLE.replace("48exam", "49exam").encode(), "b")])
    book = Rulebook(Compiled(pack(override(shipped, own))))
    assert book.marked("wallet", "48exampleexample") == [] and len(book.conditions) == 3
    assert book.marked("wallet", "49exampleexample") == ["pool-example"]


@pytest.mark.parametrize(("old", "new", "line", "what"), [
    ("8.8.4.0/30", "8.8.4.1/30", 12, "bits set behind its length"),
    ("8.8.4.0/30", "8.8.0.0/16", 12, "holds 65536 addresses"),
    ("8.8.4.0/30", "10.1.2.0/24", 12, "not a public network"),
    ("8.8.4.0/30", "8.8.4.0/99", 12, "is no network"),
    ("'2001:4860::/127'", "'2001:4860::/32'", 13, "addresses"),
    ("ports: [3333, 443], coin", "ports: [], coin", 12, "without ports"),
    ("wallet: 48exampleexample", "wallet: 48exampl eexample", 15, "blanks"),
    ("prefix: bc1qexam,", "prefix: bc1,", 16, "so short"),
    ("prefix: bc1qexam,", "prefix: bc1qexam, wallet: bc1qexample,", 16, "one of wallet and prefix"),
    ("0123456789ABCDEF0123456789abcdef, p", "0123456789ABCDEF, p", 18, "is no ja3"),
    ("ja4: t13d1516h2_8daaf6152771_e5627efa2ab1, p", "ja4: q13d1516h2_8daaf6152771_e5627efa2ab1, p", 19, "is no ja4"),
    ("{subject: Example Pool Ltd", "{subject: a, issuer: b", 21, "with 2 facts"),
    ("00AB12", "'00:AB:12'", 22, "is no serial"),
    ("{model: Antminer S19, firmware: vnish}", "{}", 24, "without any fact"),
    ("first: 2024-05", "first: 2026-12", 12, "after it was verified"),
    ("severity: high", "severity: hihg", 3, "did you mean 'high'"),
    ("tags: [chinese]", "tags: [Chinese pools]", 5, "no rule id"),
    ("url: 'https://pool.example/help'", "url: pool.example", 9, "is no web address"),
    ("{rule: agent-xmrig}", "{rul: agent-xmrig}", 26, "did you mean 'rule'"),
    ("within: 1h", "within: soon", 27, "is no span of time"),
    ("all: [{rule: agent-xmrig}, {not: {role: managed}}]", "all: [{not: {role: managed}}]", 26, "nothing but not"),
    ("{not: {role: managed}}", "{level: sure}", 26, "is no level"),
    ("{not: {role: managed}}", "{any: [{port: 1}], all: [{port: 2}]}", 26, "in one condition"),
    ("{not: {role: managed}}", "{count: {at_least: 0, of: {port: 1}}}", 26, "is no count"),
    ("{not: {role: managed}}", "{any: []}", 26, "any of nothing"),
    ("{not: {role: managed}}", "{any: [" + "{port: 1}," * 70 + "]}", 26, "more than 64 parts"),
    ("{wallet: bc1qexample7}, ", "", 29, "no example under 'match' for wallets"),
    (", {seen: [{dialect: stratum-v1}]}]", "]", 29, "no example under 'not' for dialects"),
    ("title: {en: Example", "title: {en: Exаmple", 2, "mixes letters"),
    ("title: {en: Example", "title: {en: \"Exa\\u200Bmple\"", 2, "U+200B"),
])  # fmt: skip
def test_wrong_facts_are_told_with_line_and_way_out(old, new, line, what):
    assert old in WHOLE
    with pytest.raises(ConfigError) as caught:
        parse(WHOLE.replace(old, new, 1).encode(), "x.yaml")
    assert caught.value.where == f"x.yaml:{line}", caught.value
    assert what in str(caught.value) and caught.value.fix


def test_many_wide_networks_are_refused_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr("netminer_detect.rulebook.gathering.MAX_ENDPOINTS", 7)
    with pytest.raises(ConfigError, match="more than 7 addresses with ports"):
        book_of(WHOLE)


def test_a_few_lines_of_networks_do_not_fill_the_memory():
    ports = ", ".join(map(str, range(1, 17)))
    lines = "".join(f"    - {{network: 8.8.{n}.0/24, ports: [{ports}], source: help}}\n" for n in range(17))
    with pytest.raises(ConfigError) as caught:
        parse(WHOLE.replace("  wallets:\n", lines + "  wallets:\n", 1).encode(), "x.yaml")
    assert caught.value.where == "x.yaml:12" and "networks of 69" in caught.value.what


@pytest.mark.parametrize("pattern", [
    "^a+$", r"^XMRig/[\d.]+-mo\d", "^cpuminer(-opt|-multi)?\\b", "x{3}y{1,8}", "[]a]b", "[^]]c", r"\[a\]", "a.*b",
    "^(?:a|b)c", "a*?b", "^a*b*c", "^a|b+x",
])
def test_plain_expressions_are_taken(pattern):
    assert fault(pattern) is None
    re.compile(pattern)


@pytest.mark.parametrize("pattern", [
    "(a+)+", "(a*)*", "(a|b)*", "(a?){9}", "a**", "a{2}{3}", "^.*.*.*x", ".*.*x", "^x|.*.*y", "(a|a)" * 17,
    "a?" * 30 + "b", "(a|a)" * 20 + "b",
    "a{1,200}b{1,200}c{1,200}d", r"(a)\1", "(?=a)b", "(?P<n>a)", "(?i)a", "(", ")", "[a", "a{", "*a", "\\", r"\x", "",
    ".*", "a?", "x" * 201, "(" * 20 + "a" + ")" * 20, "(?#c)a", "a|", "[z-a]", "[[a]b",
])
def test_expressions_that_could_take_for_ever_or_say_nothing_are_not(pattern):
    what, fix = fault(pattern)
    assert what and fix


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="ab.*+?{}()[]|^$\\d1,2-", max_size=40))
def test_what_is_taken_compiles_and_ends_soon(pattern):
    if fault(pattern) is not None:
        return
    compiled = re.compile(pattern, re.IGNORECASE)
    began = time.process_time()
    for text in ("a" * MAX_SUBJECT, "ab" * (MAX_SUBJECT // 2), "a" * (MAX_SUBJECT - 1) + "!"):
        compiled.search(text)
    assert time.process_time() - began < 0.5


AGENT_LIKE = st.lists(
    st.sampled_from(["^", "xm", "Rig", "/", r"\d", "(a|b)?", "cpu", r"\b", ".", "s+", "K?"]), min_size=1, max_size=5
).map("".join)


@given(st.lists(AGENT_LIKE, min_size=1, max_size=8), st.text(alphabet="xmRIG/cpuab1 .skſK", max_size=12))
def test_the_index_of_agents_finds_what_trying_all_of_them_finds(patterns, text):
    patterns = [pattern for pattern in patterns if fault(pattern) is None]
    found = (at for at, pattern in enumerate(patterns) if re.compile(pattern, re.IGNORECASE).search(text))
    assert Agents(patterns.__getitem__, list(map(letters_of, patterns))).find(text) == next(found, None)


def test_the_head_of_an_expression():
    assert [head(one) for one in ("^XMRig/", r"^Chia v\.\d", "XMRig", "^a|b", "^xmrig?", r"^x\.?", "^(a)")] == [
        "xmrig/", "chia v.", "", "", "xmri", "x", ""]
