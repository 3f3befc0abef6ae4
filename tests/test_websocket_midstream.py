"""WebSocket connections that began before the capture: found by their next long message, with nothing invented."""

from __future__ import annotations

import pytest

from tests.conversations import as_capture, load
from tests.expectations import mining, untruths
from tests.scenes import scan

# Their messages are long enough to be told in the middle.
TOLD = {"coinhive_ws": "coinhive-websocket", "dero_getwork_wss": "dero", "nimiq_pool_ws": "nimiq",
        "webminerpool_ws": "webminerpool", "xelis_getwork_ws": "xelis-getwork", "coinimp_ws": "coinhive-websocket",
        "eth_subscribe_newwork_ws": "eth-newwork-websocket", "deepminer_ws": "coinhive-websocket"}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_found_without_its_head(tmp_path, name):
    conversation = load(name)
    capture = tmp_path / "middle.pcap"
    capture.write_bytes(as_capture(conversation, "headless"))
    report = scan(capture)
    (finding,) = mining(report)
    assert (finding.dialect, finding.carriers, finding.midstream) == (TOLD[name], ["tcp", "websocket"], True)
    assert untruths(report, conversation.expected) == []
