"""Answers find their requests, first in first out per id, in bounded memory."""

import pytest

from netminer_detect.requests import MAX_OPEN, Requests


def test_first_in_first_out_per_id():
    requests = Requests()
    for identity, what in [(40, "a"), (1, "b"), (40, "c"), (None, "d")]:
        requests.ask(identity, what)
    assert [requests.answer(i) for i in (40, None, 40, 40, 1)] == ["a", "d", "c", None, "b"]
    assert requests.open == 0


def test_number_sent_back_as_text():
    requests = Requests()
    requests.ask(7, "submit")
    assert requests.answer("7") == "submit"


@pytest.mark.parametrize("identity", [[], {}, [1, [2]], True, "x" * 10_000, 10**300])
def test_ids_of_any_type(identity):
    requests = Requests()
    requests.ask(identity, "w")
    assert requests.answer(identity) == "w"


def test_unanswered_requests_are_bounded():
    requests = Requests()
    for number in range(3 * MAX_OPEN):
        requests.ask(number, number)
        assert requests.open <= MAX_OPEN
    assert requests.answer(0) is None
    assert requests.answer(3 * MAX_OPEN - 1) == 3 * MAX_OPEN - 1


def test_number_sent_back_as_a_float():
    requests = Requests()
    requests.ask(7, "submit")
    assert requests.answer(7.0) == "submit"
    requests.ask(float("inf"), "odd")
    assert requests.answer(float("inf")) == "odd"


def test_a_method_finds_its_request_behind_lost_answers():
    requests = Requests()
    for method in ("login", "submit", "keepalive", "submit"):
        requests.ask("0", method)
    assert requests.answer_first("0", lambda method: method == "keepalive") == "keepalive"
    assert requests.answer_first("0", lambda method: method == "login") is None
    assert requests.answer_first("1", lambda method: True) is None
    assert requests.answer("0") == "submit" and requests.open == 0


def test_answer_that_fits_a_later_request():
    requests = Requests()
    for what in ("login", "submit", "getjob", "submit again"):
        requests.ask(1, what)
    assert requests.answer_if(1, lambda what: what.startswith("submit")) == "submit"
    assert requests.answer_if(1, lambda what: what == "keepalived") is None
    assert [requests.answer(1) for _ in range(3)] == ["login", "getjob", "submit again"]
    assert requests.answer_if(1, lambda what: True) is None
    assert requests.open == 0
