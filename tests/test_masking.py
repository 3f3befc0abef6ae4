"""Excerpts are proof without secrets: wherever an adversary puts a password, it does not come out."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect import masking
from netminer_detect.detect.ledger import Ledger
from netminer_detect.marks import Mark
from netminer_detect.masking import MASK, MAX_EXCERPT, excerpt, mask_password
from netminer_detect.observations import Evidence, HandshakeAnswered, Side, WorkerLogin

SECRET = "hunter2secret"


@pytest.mark.parametrize("message", [
    {"id": 1, "method": "login", "params": {"login": "48x", "pass": SECRET, "agent": "XMRig/6"}},
    {"id": 2, "method": "mining.authorize", "params": ["user.rig", SECRET]},
    {"id": 2, "method": "mining.authorize", "params": ["user", "rig", SECRET]},
    {"id": 2, "method": " Mining.Authorize ", "params": ["user.rig", SECRET]},
    {"id": 2, "method": "mining.authorize", "params": [["user.rig", SECRET]]},
    {"id": 2, "method": "mining.authorize", "params": ["user.rig", [SECRET]]},
    {"id": 2, "method": "mining.authorize", "params": ["user.rig", {"a": SECRET}]},
    {"id": 3, "method": "eth_submitLogin", "params": ["0xabc", SECRET]},
    {"id": 3, "method": "ckb_submitLogin", "params": ["ckb1", SECRET]},
    {"id": 3, "method": "mining.update_password", "params": ["user", SECRET]},
    {"id": 4, "method": "mining.subscribe", "params": ["cfx:aak.rig", SECRET]},
    {"id": 4, "method": "eth_subscribe", "params": ["newWork", "0xabc", SECRET, "agent/1"]},
    {"params": {"Pass": SECRET}}, {"params": {"PASSWORD": SECRET}}, {"params": {"pass word": SECRET}},
    {"params": {"user_password": SECRET}}, {"params": {"pwd": [SECRET]}}, {"params": {"passwd": {"is": SECRET}}},
    {"params": {"api-key": SECRET}}, {"access_token": SECRET}, {"Authorization": f"Bearer {SECRET}"},
    {"result": [[{"token": SECRET}]]}, {"error": {"data": {"secret": SECRET}}}, {"cookie": f"sid={SECRET}"},
    {"params": [json.dumps({"login": "u", "pass": SECRET})]},
    {"params": [json.dumps([json.dumps({"login": "u", "pass": SECRET})])]},
    {"params": ["{'pass' : '" + SECRET + "'}"]},
    {"params": [f'{{"pass":"{SECRET}']},
    {"params": [f"stratum+tcp://user.rig:{SECRET}@pool.example:3333"]},
    {"params": [f"https://pool.example/?worker=a&password={SECRET}&x=1"]},
    {"params": [f"Authorization: Basic {SECRET}"]},
    {"headers": {"X": f"Basic {SECRET}"}},
])
def test_no_secret_comes_out(message):
    shown = excerpt(message)
    assert SECRET not in shown and SECRET[:7] not in shown
    assert MASK in shown


@pytest.mark.parametrize("text", [
    f"Authorization: Basic {SECRET}", f"Proxy-Authorization:Bearer {SECRET}", f"Cookie: session={SECRET}; a=b",
    f"CONNECT user:{SECRET}@pool.example:443",
    f"CONNECT http://user:{SECRET}@proxy.example:80", f"GET /api?token={SECRET} HTTP/1.1", f"X-Auth-Token: {SECRET}",
    f'42["start",{{"stratum":{{"server":"a","worker":"w","password" : "{SECRET}"}}}}]',
    f'42["start",{{"password":["{SECRET}"]}}]', f'{{"password":{SECRET}}}', f'{{"password":"a\\"{SECRET}"}}',
])
def test_no_secret_comes_out_of_text(text):
    assert SECRET not in excerpt(text) and MASK in excerpt(text)


def test_passwords_are_shown_where_asked_for_and_nothing_else():
    login = {"method": "mining.authorize", "params": ["user.rig", SECRET]}
    assert SECRET in excerpt(login, passwords=True)
    assert SECRET in excerpt({"params": {"pass": SECRET}}, passwords=True)
    for other in ({"token": SECRET}, {"Authorization": f"Basic {SECRET}"}, {"headers": [f"Basic {SECRET}"]}):
        assert SECRET not in excerpt(other, passwords=True)
    assert SECRET not in excerpt(f"Authorization: Basic {SECRET}", passwords=True)


def test_what_is_no_secret_stays():
    subscribe = {"id": 1, "method": "mining.subscribe", "params": ["miner/1.0", "EthereumStratum/1.0.0"]}
    assert json.loads(excerpt(subscribe)) == subscribe
    login = {"id": 2, "method": "mining.authorize", "params": ["bc1q.rig", "d=65536,c=BTC"]}
    assert json.loads(excerpt(login)) == login
    assert json.loads(excerpt({"params": {"pass": None, "login": "a"}})) == {"params": {"pass": None, "login": "a"}}
    share = {"id": 4, "method": "mining.submit", "params": ["bc1q.rig", "job1", "00000000", "5f5e1000", "b2957c02"]}
    assert json.loads(excerpt(share)) == share


def test_pool_options_are_facts_and_other_words_are_none():
    assert mask_password("d=500000") == "d=500000"
    assert mask_password("c=RVN,zap=RVN,m=solo") == "c=RVN,zap=RVN,m=solo"
    assert mask_password("x;d=5000") == "d=5000,***"
    for text in ("d=hunter2", "m=party.hunter2", "id=hunter2", "hunter2", "c=hunter2 of mine"):
        assert mask_password(text) == MASK
    assert mask_password("") == ""


def test_a_password_sent_before_is_not_quoted_later():
    refusal = {"id": 2, "result": None, "error": [24, f"wrong password '{SECRET}' for rig", None]}
    assert SECRET not in excerpt(refusal, known=[SECRET])
    assert SECRET in excerpt(refusal, known=[SECRET], passwords=True)
    # Words that stand anywhere are left alone.
    assert "mining.notify" in excerpt({"method": "mining.notify"}, known=["mining", "x", ""])


def test_a_ledger_lets_no_password_out_of_a_refusal():
    ledger = Ledger("stratum-v1")

    def seen(what, message):
        return Evidence(Mark(0, 1, 0, 0), Side.CLIENT, what, message)

    asked = {"method": "mining.authorize", "params": ["u.rig", SECRET]}
    ledger.apply(WorkerLogin(seen("login", asked), "u.rig", "u", "rig", SECRET))
    refusal = f"wrong password {SECRET}"
    ledger.apply(HandshakeAnswered(seen("refused", {"error": refusal}), False, refusal))
    assert [SECRET in str(shown.evidence.excerpt) for shown in ledger.evidence] == [False, False]
    assert [SECRET in (shown.unmasked or "") for shown in ledger.evidence] == [True, True]
    assert ledger.reason == f"wrong password {MASK}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) |
    st.dictionaries(st.text(), inner), max_leaves=30,
)


@given(st.dictionaries(st.text(), JSON), st.booleans())
def test_any_message_gives_a_bounded_excerpt(message, passwords):
    assert len(excerpt(message, passwords=passwords)) <= MAX_EXCERPT


@given(st.text())
def test_any_text_gives_a_bounded_excerpt(text):
    assert len(excerpt(text)) <= MAX_EXCERPT


WORDS = st.sampled_from(
    ["pass", "p-w", "a", "Basic abcdef12", "user:pass@host", "?token=abc", "X-Api-Key: abcdef", "mining.authorize",
     "mining.notify", " mining.subscribe", "=", "\\", '"pass":"abc"', "Cookie: a", "x" * 300, "0" * 230])
TELLING = st.recursive(
    WORDS | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=40) |
    st.dictionaries(WORDS, inner, max_size=6), max_leaves=60)


@given(st.dictionaries(WORDS | st.sampled_from(["method", "params", "result"]), TELLING, max_size=6))
def test_what_is_shown_as_it_is_reads_as_its_masked_copy(message):
    text = masking._harmless(message)
    if text is not None:
        assert text[:MAX_EXCERPT - 1] == masking._Mask(False).message(message)[:MAX_EXCERPT - 1]
        assert text[:MAX_EXCERPT - 1] == masking._Mask(True).message(message)[:MAX_EXCERPT - 1]


def test_jobs_and_shares_are_shown_as_they_are():
    for message in ({"id": None, "method": "mining.notify", "params": ["bf", "4d16", "01", "07", [], "2", "4d", True]},
                    {"id": 4, "method": "submit", "params": {"id": "1", "job_id": "2", "nonce": "d0", "result": "e1"}},
                    {"id": 4, "result": True, "error": None}):
        assert masking._harmless(message) == json.dumps(message, separators=(",", ":"))


@given(st.lists(st.sampled_from(["pass", "params", "a", "result", "x-key"]), min_size=1, max_size=5), JSON)
def test_a_secret_under_its_name_never_comes_out(path, noise):
    message = {"noise": noise, "pass": SECRET}
    for key in path:
        message = {key: [message]}
    assert SECRET not in excerpt(message)


@pytest.mark.parametrize("text", [
    '"' + "a" * 100_000, '"pass' * 20_000, "\\" * 100_000 + '"pass":', '"pass":"' + "\\" * 100_000, "://a:" * 20_000,
    "?" + "token" * 20_000, ('"pass' + " " * 200) * 300, "basic " * 20_000,
])
def test_hostile_text_costs_little(text):
    began = time.process_time()
    excerpt(text)
    excerpt({"params": [text] * 2000})
    assert time.process_time() - began < 1
