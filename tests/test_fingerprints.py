"""JA3 and JA4 of a ClientHello, facts of a certificate, and the rules that know them in a finding."""

import struct
from hashlib import md5, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.certificate import certificate_facts
from netminer_detect.carriers.fingerprints import MAX_HELLO, fingerprints
from netminer_detect.carriers.tls import Tls
from netminer_detect.observations import TlsFact
from tests.delivery import C, play
from tests.packets import client_hello
from tests.scenes import MINES, Scene, rules, tls
from tests.test_carriers_tls import IDENTITY, V12, certificate, handshake


def listed(values):
    return struct.pack(">H", 2 * len(values)) + b"".join(struct.pack(">H", value) for value in values)


def numbers(text):
    return [int(word, 16) for word in text.split(",")]


def hello(ciphers, extensions, version=0x0303):
    """The body of a ClientHello."""
    body = b"".join(struct.pack(">HH", kind, len(value)) + value for kind, value in extensions)
    head = struct.pack(">H", version) + bytes(32) + b"\0" + listed(ciphers) + b"\x01\x00"
    return head + (struct.pack(">H", len(body)) + body if extensions else b"")


def chrome():
    """The hello of the example in JA4's technical details, with GREASE where it may stand."""
    kinds = numbers("0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01")
    values = dict.fromkeys((0x1A1A, 0, 16, *kinds), b"")
    values[0] = b"\x00\x04\x00\x00\x01a"
    values[10], values[11] = listed([0x2A2A, 29, 23]), b"\x01\x00"
    values[13] = listed(numbers("0403,0804,0401,0503,0805,0501,0806,0601"))
    values[16], values[43] = b"\x00\x03\x02h2", b"\x04\x3a\x3a\x03\x04"
    ciphers = numbers("0a0a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035")
    return hello(ciphers, list(values.items()))


def test_the_published_example_of_ja4():
    assert fingerprints(chrome())[1] == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_ja3_is_what_its_text_says():
    text = ("771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,"
            "0-16-5-10-11-13-18-21-23-27-35-43-45-51-17513-65281,29-23,0")  # fmt: skip
    assert fingerprints(chrome())[0] == md5(text.encode()).hexdigest()


@pytest.mark.parametrize(("body", "ja4"), [
    (hello([0x2F], []), "t12i010000_" + sha256(b"002f").hexdigest()[:12] + "_000000000000"),
    (hello([], [], 0x0301), "t10i000000_000000000000_000000000000"),
    (hello([0x2F], [(16, b"\x00\x04\x03\xabxy")], 0x0300), "ts3i0101a9_"),
    (hello([0x2F], [(16, b"\x00\x02\x01z"), (23, b"")], 0x1234), "t00i0102zz_"),
    (hello([0x2F] * 120, [(kind, b"") for kind in range(100, 210)]), "t12i999900_"),
    (hello([0x2F], [(13, b"\0\0"), (23, b"")]), "t12i010200_" + sha256(b"002f").hexdigest()[:12] + "_"
     + sha256(b"000d,0017").hexdigest()[:12]),
])  # fmt: skip
def test_corners_of_ja4(body, ja4):
    assert fingerprints(body)[1].startswith(ja4)


@given(st.data())
def test_a_damaged_hello_gives_none_or_two_texts(data):
    body = bytearray(chrome())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at:at + 1] = data.draw(st.binary(max_size=3))
    found = fingerprints(bytes(body[: data.draw(st.integers(0, len(body)))]))
    assert found is None or (len(found[0]) == 32 and len(found[1]) == 36)
    assert fingerprints(chrome() + bytes(MAX_HELLO)) is None


def facts(turns, **how):
    return [(one.kind, one.value) for one in play(Tls(), turns, **how) if isinstance(one, TlsFact)]


def test_a_real_handshake_shows_both_sides(tmp_path):
    path = tmp_path / "both.pem"
    path.write_text(IDENTITY)
    turns = handshake(path, V12)
    found = dict(facts(turns))
    assert len(found["ja3"]) == 32 and found["ja4"].startswith("t12d")
    assert [value for kind, value in facts(turns) if kind == "subject"] == ["some pool", "pool.example"]
    assert found["issuer"] == "pool.example" and found["serial"] == "1f35ca142ca5b1999ceeaf5163968c583726097f"
    assert len(found["sha256"]) == 64
    assert facts(turns, step=1) == facts(turns) == facts(turns, seed=7)
    cut = [(C, turns[0][1][:-1]), 5]
    assert facts([cut[0], (C, 5), *turns[1:]]) == [one for one in facts(turns) if not one[0].startswith("ja")]


@given(st.binary(max_size=200) | st.tuples(st.integers(0, 200), st.binary(max_size=3)))
def test_no_bytes_break_the_reading_of_certificates(raw):
    whole = certificate((0x0C, b"pool.example"))
    if isinstance(raw, tuple):
        at = raw[0] % len(whole)
        raw = whole[:at] + raw[1] + whole[at + 1 :]
    for kind, value in certificate_facts(raw):
        assert kind in ("subject", "issuer", "serial", "sha256") and value


OWN = """\
id: seen-again
title: {en: Seen again, zh: 再次出现}
severity: medium
confidence: medium
reviewed: 2026-11-24
sources: {now: {title: made for tests, date: 2026-11-01}}
match:
"""


def scene_rules(tmp_path, match, what, text):
    """One rule beside those of scenes. Its examples are not run."""
    path = tmp_path / "seen-again.yaml"
    example = f"examples: {{match: [{{{what}: {text}}}], not: [{{{what}: {text}}}]}}\n"
    path.write_text(f"{OWN}  {match}\n{example}", encoding="utf-8")
    return (*rules(), str(path))


@pytest.mark.parametrize("kind", ["ja3", "ja4"])
def test_a_rule_that_knows_the_hello_says_more_of_a_finding_and_makes_none(tmp_path, kind):
    body = client_hello(b"xmr.pool.example")[9:]
    value = dict(zip(("ja3", "ja4"), fingerprints(body), strict=True))[kind]
    asked = scene_rules(tmp_path, f"{kind}: [{{{kind}: {value}, source: now}}]", kind, value)
    assert Scene().tcp(tls(b"xmr.pool.example")).finding(rules=asked).rules == ["scene", "seen-again"]
    assert Scene().tcp(tls(b"www.example.org"), server="198.51.100.4", port=443).findings(rules=asked) == []


def test_a_rule_that_knows_the_certificate_or_the_wallet(tmp_path):
    shown = tls(None, certificate((0x0C, b"xmr.pool.example")))
    asked = scene_rules(tmp_path, "certificates: [{subject: xmr.pool.example, source: now}]", "subject", "a")
    assert Scene().tcp(shown, server="198.51.100.4").finding(rules=asked).rules == ["scene", "seen-again"]
    mines = [(side, _with_login(said)) for side, said in MINES]
    asked = scene_rules(tmp_path, "wallets: [{prefix: bc1qexam, source: now}]", "wallet", "bc1qexample")
    assert "seen-again" in Scene().tcp(mines, server="198.51.100.4").finding(rules=asked).rules
    assert Scene().tcp(MINES, server="198.51.100.4").finding(rules=asked).rules == ["agent-cgminer"]


def _with_login(said):
    if said.get("method") == "mining.authorize":
        return said | {"params": ["bc1qexamplewallet.rig", "x"]}
    return said


def test_a_condition_over_the_findings_of_one_source(tmp_path):
    match = "when: {all: [{level: session, dialect: stratum-v1}, {name: pool.example}], within: 1m}"
    asked = scene_rules(tmp_path, match, "seen", "[{level: shares}]")
    both = Scene().tcp(MINES, server="198.51.100.4").tcp(tls(b"xmr.pool.example"), server="198.51.100.5")
    assert all("seen-again" in finding.rules for finding in both.findings(rules=asked))
    assert "seen-again" not in Scene().tcp(MINES, server="198.51.100.4").finding(rules=asked).rules
    apart = Scene().tcp(MINES, server="198.51.100.4")
    apart.now_ns += 120 * 10**9
    apart.tcp(tls(b"xmr.pool.example"), server="198.51.100.5")
    assert not any("seen-again" in finding.rules for finding in apart.findings(rules=asked))
    others = Scene().tcp(MINES, server="198.51.100.4").tcp(tls(b"xmr.pool.example"), "10.3.0.18", "198.51.100.5")
    assert not any("seen-again" in finding.rules for finding in others.findings(rules=asked))


def test_nothing_of_tls_is_kept_beyond_its_bound():
    from netminer_detect.detect.session import MAX_TLS_FACTS, Session

    session = Session(("10.0.0.1", 1), ("10.0.0.2", 2))
    observed = play(Tls(), [(C, client_hello(b"a.example"))])
    evidence = observed[0].evidence
    session.apply([TlsFact(evidence, "subject", str(number)) for number in range(100)])
    assert len(session.tls) == MAX_TLS_FACTS
