"""Rule files: strict reading with line numbers, ageing, own rules, the cache, damaged compiled rules."""

import os
import pathlib
import stat
import subprocess
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook import cache, loading
from netminer_detect.rulebook.book import Rulebook, load
from netminer_detect.rulebook.compiled import Compiled, DamagedRules
from netminer_detect.rulebook.document import read
from netminer_detect.rulebook.facts import day_of
from netminer_detect.rulebook.gathering import gather
from netminer_detect.rulebook.packing import pack
from netminer_detect.rulebook.schema import parse

HEAD = """\
id: pool-example
title: {en: Example, zh: 示例}
operator: Example Pool
reviewed: 2026-11-24
severity: high
confidence: high
references: [https://pool.example/help]
sources:
  help: {title: help pages, date: 2026-11-01}
  old: {title: old list, date: 2018}
match:
"""
GOOD = HEAD + """\
  names:
    - {name: eu.pool.example, kind: server, ports: [3333, 443], coin: XMR, transport: plain, source: help}
  addresses:
    - {address: 8.8.4.4, ports: [3333], coin: XMR, source: help}
    - {address: 8.8.8.8, source: help}
  agents:
    - {regex: '^ExampleMiner/', product: ExampleMiner, kind: gpu}
"""
EXAMPLES = """\
examples:
  match: [{name: eu.pool.example}, {address: '8.8.4.4:3333'}, {agent: ExampleMiner/1}]
  not: [{name: pool.example}, {address: '8.8.4.4:22'}, {agent: OtherMiner/1}]
"""
GOOD += EXAMPLES


def book_of(*texts):
    return Rulebook(Compiled(pack(gather(parse(text.encode(), f"{n}.yaml") for n, text in enumerate(texts)))))


def test_a_rule_says_what_it_says():
    book = book_of(GOOD)
    fact = book.name("x.EU.pool.example.")
    assert (fact.name, fact.kind, fact.operator, fact.rule) == (
        "eu.pool.example", "server", "Example Pool", "pool-example",
    )  # fmt: skip
    assert (fact.coin, fact.ports, fact.transport, fact.source, fact.date, fact.stale) == (
        "XMR", (443, 3333), "plain", "help pages", "2026-11-01", False,
    )  # fmt: skip
    assert book.name("noteu.pool.example") is None and book.name("pool.example") is None
    endpoint = book.endpoint("8.8.4.4", 3333)
    assert (endpoint.ip, endpoint.port, endpoint.coin, endpoint.stale) == ("8.8.4.4", 3333, "XMR", False)
    assert all(book.endpoint("8.8.8.8", port) is None for port in (0, 53, 3333))
    assert book.agent("exampleminer/3").product == "ExampleMiner"


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("operator:", "operater:", 3, "unknown key 'operater'"),
        ("coin: XMR, transport", "cion: XMR, transport", 13, "unknown key 'cion'"),
        ("kind: server", "kind: sever", 13, "'sever' is no kind"),
        ("[3333, 443]", "[3333, 70000]", 13, "'70000' is no port"),
        ("[3333, 443]", "3333", 13, "text where a list belongs"),
        ("transport: plain, source: help", "transport: plain, source: hlep", 13, "'hlep' is not listed"),
        ("{name: eu.pool.example", "{name: com", 13, "single label"),
        ("{name: eu.pool.example", "{name: eu..pool", 13, "is not a host name"),
        ("{name: eu.pool.example", "{name: 鱼池.com", 13, "not ASCII"),
        ("{name: eu.pool.example", "{name: 10.1.2.3", 13, "is an address"),
        ("{address: 8.8.4.4", "{address: 10.0.0.1", 15, "not a public address"),
        ("{address: 8.8.4.4", "{address: 8.8.4", 15, "is no IP address"),
        ("'^ExampleMiner/'", "'^(Example'", 18, "not a regular expression"),
        ("'^ExampleMiner/'", "'^(a+)+$'", 18, "a repeated group"),
        ("reviewed: 2026-11-24", "reviewed: 2026-02-30", 4, "no date"),
        ("reviewed: 2026-11-24", "reviewed: soon", 4, "no date"),
        ("reviewed: 2026-11-24\n", "", 1, "lacks the key 'reviewed'"),
        ("id: pool-example", "id: Pool Example", 1, "no rule id"),
        ("title: {en: Example, zh: 示例}", "title: Example", 2, "text where keys and values belong"),
        ("match:", "match: [", 13, ""),
        ("operator: Example Pool", "operator: &a Example Pool", 3, "an anchor or alias"),
        ("operator: Example Pool", "operator: !!python/name:os.system x", 3, "the tag"),
        ("operator: Example Pool", "operator: Example Pool\noperator: Twice", 4, "stands here twice"),
        ("operator: Example Pool", "operator: \x07", 3, ""),
        ("operator: Example Pool", "operator: '\\u0007'\n? [a]\n: b", 4, "a key that is no text"),
        ("operator: Example Pool", "operator: [[[[[[[[[[[[a]]]]]]]]]]]]", 3, "nested deeper"),
        ("reviewed", "---\nreviewed", 4, ""),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old, new, line, what):
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        parse(GOOD.replace(old, new, 1).encode(), "own/x.yaml")
    assert caught.value.where == f"own/x.yaml:{line}", caught.value
    assert what in caught.value.what and caught.value.fix


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"# nothing", b"[" * 100_000, b"- a: {" * 50_000, b"a: b\n" * 2])
def test_files_that_are_no_rules(data):
    with pytest.raises(ConfigError, match=r"x\.yaml:"):
        parse(data, "x.yaml")


@given(st.binary(max_size=300) | st.text(alphabet="ab:-[]{}'\"&*!\n #?|>%@", max_size=60).map(str.encode))
def test_whatever_stands_in_a_file_is_a_rule_or_a_config_error(data):
    for text in (data, GOOD.encode() + data):
        try:
            parse(text, "x.yaml")
        except ConfigError as error:
            assert error.where.startswith("x.yaml:")


def test_scalars_stay_what_was_written():
    node = read(b"a: no\nb: 1e3\nc: 2019-07\n", "x")
    assert [entry.text for entry in node.entries.values()] == ["no", "1e3", "2019-07"]


def test_two_rules_may_not_share_an_id():
    with pytest.raises(ConfigError, match=r"1\.yaml:1: the id 'pool-example' is also in 0\.yaml"):
        book_of(GOOD, GOOD)


def test_facts_age_and_a_held_domain_keeps_its_names_fresh():
    name = "    - {name: eu.pool.example, kind: server, source: old}\n"
    address = "    - {address: 8.8.4.4, ports: [3333], source: help, verified: 2024-10}\n"
    text = HEAD + "  names:\n" + name + "  addresses:\n" + address + EXAMPLES
    book = book_of(text)
    assert book.name("eu.pool.example").stale and book.endpoint("8.8.4.4", 3333).stale
    held = text.replace("  addresses:", "    - {name: pool.example, kind: domain, source: help}\n  addresses:")
    assert not book_of(held).name("eu.pool.example").stale
    weak = held.replace("kind: server, source: old", "kind: server, source: help, weak: because")
    assert book_of(weak).name("eu.pool.example").stale


def test_one_name_of_several_sources_is_one_fact():
    more = "    - {name: eu.pool.example, kind: server, ports: [25], coin: BTC, transport: tls, source: old}\n"
    fact = book_of(GOOD.replace("  addresses:", more + "  addresses:")).name("eu.pool.example")
    assert (fact.ports, fact.coin, fact.transport, fact.date) == ((25, 443, 3333), None, None, "2026-11-01")


@given(st.data())
def test_damaged_compiled_rules_are_refused(data):
    whole = pack(gather([parse(GOOD.encode(), "x.yaml")]))
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= data.draw(st.integers(1, 255))
    for damaged in (bytes(flipped), whole[:at], whole + b"\0", b""):
        with pytest.raises(DamagedRules):
            Compiled(damaged)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A user's rules folder, with a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "pool-example.yaml").write_text(GOOD, encoding="utf-8")
    return folder


def age(folder, monkeypatch):
    """Let the files be older than the clock's doubt."""
    now = loading.time.time_ns()
    monkeypatch.setattr(loading.time, "time_ns", lambda: now + 10**11)


def test_own_rules_stand_beside_the_shipped_ones_and_before_them(place):
    own = GOOD.replace("eu.pool.example", "www.f2pool.com")
    (place / "pool-example.yaml").write_text(own, encoding="utf-8")
    book = load([str(place)])
    assert book.name("www.f2pool.com").rule == "pool-example"
    assert book.name("btc.f2pool.com").rule == "pool-f2pool"
    assert book.agent("ExampleMiner/1").rule == "agent-xmrig" or book.agent("ExampleMiner/1").rule == "pool-example"
    assert load([str(place / "pool-example.yaml")]).name("www.f2pool.com").rule == "pool-example"


def test_an_own_rule_replaces_the_shipped_rule_of_its_id(place):
    (place / "pool-example.yaml").write_text(GOOD.replace("id: pool-example", "id: pool-f2pool"), encoding="utf-8")
    book = load([str(place)])
    assert book.name("eu.pool.example").rule == "pool-f2pool" and book.name("btc.f2pool.com") is None


def test_the_cache_is_used_and_notices_changes(place, monkeypatch):
    age(place, monkeypatch)
    load([str(place)])
    folder = pathlib.Path(cache.folder())
    kinds = sorted(path.name.split("-")[0] for path in folder.iterdir())
    assert kinds == ["index", "rules"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(loading, "content", None)  # a second start reads no rule file
        assert load([str(place)]).name("eu.pool.example") is not None
    (place / "pool-example.yaml").write_text(GOOD.replace("eu.pool", "us.pool"), encoding="utf-8")
    book = load([str(place)])
    assert book.name("eu.pool.example") is None and book.name("us.pool.example") is not None


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "mode", "folder mode", "link", "no cache"])
def test_a_spoiled_cache_only_costs_time(place, monkeypatch, how):
    age(place, monkeypatch)
    load([str(place)])
    folder = pathlib.Path(cache.folder())
    (entry,) = folder.glob("rules-*")
    data = entry.read_bytes()
    if how == "flip":
        entry.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif how in ("cut", "empty"):
        entry.write_bytes(data[: len(data) // 2 if how == "cut" else 0])
    elif how == "mode":
        entry.chmod(0o666)
    elif how == "folder mode":
        folder.chmod(0o777)
    elif how == "link":
        entry.rename(folder / "elsewhere")
        entry.symlink_to(folder / "elsewhere")
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    compiled = []
    monkeypatch.setattr(loading, "_packed", lambda facts: compiled.append(1) or pack(facts))
    assert load([str(place)]).name("eu.pool.example").rule == "pool-example"
    assert compiled


def test_what_cannot_be_read_is_told(place, tmp_path):
    (tmp_path / "void").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path, what in (("nowhere", "No such file"), ("void", "no rule files"), ("pipe", "neither a file nor a folder")):
        with pytest.raises(ConfigError, match=what):
            load([str(tmp_path / path)])
    (place / "bad.yaml").write_text("id: [", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.yaml:\d+: "):
        load([str(place)])


def test_rules_compile_from_the_command_line_and_ship_in_a_package(place, tmp_path, monkeypatch):
    command = [sys.executable, "-m", "netminer_detect.rulebook.build"]
    out = tmp_path / "data" / "rules.bin"
    done = subprocess.run([*command, str(place), str(out)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    monkeypatch.setattr(loading, "_BUILT", str(out))
    monkeypatch.setattr(loading, "_shipped_source", lambda: str(out))
    assert load().name("eu.pool.example").rule == "pool-example"
    own = tmp_path / "mine.yaml"
    own.write_text(GOOD.replace("pool-example", "mine").replace("eu.pool", "us.pool"), encoding="utf-8")
    book = load([str(own)])
    assert (book.name("eu.pool.example").rule, book.name("us.pool.example").rule) == ("pool-example", "mine")
    out.write_bytes(out.read_bytes()[:-8])
    with pytest.raises(ConfigError, match=r"rules\.bin: the shipped rules are damaged"):
        load()
    (place / "bad.yaml").write_text("id: x\n", encoding="utf-8")
    done = subprocess.run([*command, str(place), str(out)], capture_output=True, text=True)
    assert done.returncode == 2 and "bad.yaml:1: a rule lacks" in done.stderr


def test_age_is_judged_on_the_day_of_the_capture():
    text = HEAD + (
        "  names:\n    - {name: eu.pool.example, kind: server, source: old}\n"
        "  addresses:\n    - {address: 8.8.4.4, ports: [3333], source: help, verified: 2018-05-13}\n"
    ) + EXAMPLES
    book = book_of(text)
    address, name = book.endpoint("8.8.4.4", 3333), book.name("eu.pool.example")

    def on(fact, day):
        return fact.stale_on(day_of(int(datetime.fromisoformat(f"{day}T12:00+00:00").timestamp()) * 10**9))

    assert [on(address, day) for day in ("2013-05-01", "2013-06-01", "2018-06-01", "2020-05-01", "2020-06-01")] == [
        True, False, False, False, True]  # fmt: skip
    year = int(name.date[:4])
    assert not on(name, "2010-01-01") and not on(name, f"{year + 7}-06-01") and on(name, f"{year + 9}-06-01")
    # A clock from before all mining says nothing: the day of the review counts then.
    assert day_of(None) is None and day_of(0) is None
    assert address.stale_on(day_of(1000)) is address.stale is True


@pytest.mark.parametrize("name", ["co.uk", "com.cn", "net.cn", "gov.br", "github.io", "duckdns.org", "cloudfront.net"])
def test_a_domain_of_everybody_is_no_rule(name):
    text = GOOD.replace("name: eu.pool.example", f"name: {name}")
    with pytest.raises(ConfigError, match="anybody may have a name"):
        book_of(text)
    assert book_of(GOOD.replace("name: eu.pool.example", f"name: pool.{name}")).name(f"pool.{name}") is not None
