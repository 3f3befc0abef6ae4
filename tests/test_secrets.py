"""No secret of a dialogue comes out of any output: each carried dialogue is said again with secrets of ours."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace

import pytest

from netminer_detect.outputs import formats
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.conversations import as_capture, load, names

PASSWORD, BASIC, TOKEN = "correct-horse-battery", "staple-of-basic", "token-of-somebody"
_BASIC = re.compile(rb"(?i)(authorization: basic )([A-Za-z0-9+/=]+)")


def with_secrets(conversation):
    """The dialogue with our password wherever a login has one, our own HTTP Basic, and a refusal that quotes it."""
    return replace(conversation, lines=tuple(replace(line, data=_spoken(line)) for line in conversation.lines))


def _spoken(line):
    data = _BASIC.sub(_other_basic, line.data)
    if not line.by_client:
        return data
    lines = data.split(b"\n")
    return b"\n".join(_login(text) for text in lines)


def _other_basic(match):
    user = base64.b64decode(match[2] + b"==").partition(b":")[0]
    return match[1] + base64.b64encode(user + b":" + BASIC.encode())


def _login(text):
    try:
        message = json.loads(text)
    except ValueError:
        return text
    if not isinstance(message, dict):
        return text
    params = message.get("params")
    if isinstance(params, dict) and ("pass" in params or "login" in params):
        message["params"] = {**params, "pass": PASSWORD, "token": TOKEN}
    elif isinstance(params, list) and re.search("authorize|submitLogin", str(message.get("method"))) and params:
        # Xelis has [address, worker, password].
        message["params"] = [*params[: 2 if len(params) == 3 else 1], PASSWORD]
    else:
        return text
    return json.dumps(message).encode()


def outputs(path, show):
    report = run_scan(ScanSettings(inputs=(str(path),))).report
    shown = {}
    for name in formats.names():
        stream = io.StringIO(newline="")
        formats.writer(name)(report, stream, OutputOptions(show_passwords=show))
        shown[name] = stream.getvalue()
    return report, shown


@pytest.mark.parametrize("name", names())
def test_every_dialogue_keeps_its_secrets(tmp_path, name):
    conversation = with_secrets(load(name))
    path = tmp_path / "a.pcap"
    path.write_bytes(as_capture(conversation, "whole"))
    said = b"".join(line.data for line in conversation.lines)
    report, shown = outputs(path, show=False)
    for text in shown.values():
        for secret in (PASSWORD, BASIC, TOKEN, base64.b64encode(b":" + BASIC.encode()).decode()[4:-4]):
            assert secret not in text
    _, open_ones = outputs(path, show=True)
    for text in open_ones.values():
        assert BASIC not in text and TOKEN not in text
    if PASSWORD.encode() in said and any(worker.password for one in report.findings for worker in one.workers):
        assert PASSWORD in open_ones["jsonl"] and PASSWORD in open_ones["csv"]


def test_a_token_that_logs_in_is_shown_nowhere(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(as_capture(load("qubic_ws"), "whole"))
    report, shown = outputs(path, show=True)
    assert report.findings and all("eyJhbGciOi" not in text for text in shown.values())
