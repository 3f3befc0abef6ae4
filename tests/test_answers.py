"""Yes and no, in the dozen spellings of pools."""

import pytest

from netminer_detect.dialects.answers import verdict


@pytest.mark.parametrize("body", [
    {"result": True}, {"result": True, "error": None}, {"result": True, "error": []}, {"result": True, "error": False},
    {"result": True, "error": ""}, {"result": True, "error": 0}, {"result": True, "error": {}}, {"result": 1},
    {"result": "OK"}, {"result": "ok", "error": None}, {"result": {"status": "OK"}}, {"result": [True]},
    {"result": {"status": "KEEPALIVED"}},
])
def test_yes(body):
    assert verdict(body) == (True, None)


@pytest.mark.parametrize(("body", "reason"), [
    ({"result": False}, None), ({"result": None}, None), ({"result": None, "error": None}, None), ({"result": 0}, None),
    ({"result": True, "error": [21, "Job not found", None]}, "Job not found"),
    ({"error": {"code": -1, "message": "Low difficulty share"}}, "Low difficulty share"),
    ({"error": {"code": 23}}, "23"), ({"error": {"message": "none"}}, "none"), ({"error": "stale"}, "stale"),
    ({"result": [], "error": True}, None), ({"result": [False, "stale"]}, "stale"),
    ({"result": "high-hash"}, "high-hash"),
    ({"result": {"status": "Rejected"}}, None), ({"error": [21]}, "21"), ({"error": [None, None, None]}, None),
])
def test_no(body, reason):
    assert verdict(body) == (False, reason)


@pytest.mark.parametrize("body", [{}, {"id": 1}, {"result": {}}, {"result": []}, {"result": [[], "f8"]}, {"result": 7}])
def test_neither(body):
    assert verdict(body) == (None, None)
