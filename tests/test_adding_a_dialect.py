"""Follows the README of the dialects to the letter: the dialect that it adds reads its dialogue right."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

import pytest

import netminer_detect.dialects as folder
from netminer_detect.dialects import registry
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.conversations import DELIVERIES, OTHER_DELIVERIES, as_capture, load
from tests.expectations import mining, mistakes, untruths

TEXT = (pathlib.Path(__file__).resolve().parents[1] / "netminer_detect/dialects/README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def added(tmp_path, monkeypatch):
    """The folder of the dialogue, with the dialect in place."""
    (module,) = [block for kind, block in BLOCKS if kind == "python"]
    dialogue, index = [block for kind, block in BLOCKS if kind == "json"]
    (tmp_path / "foocoin.py").write_text(module)
    (tmp_path / "foocoin.jsonl").write_text(dialogue)
    (tmp_path / "index.json").write_text(json.dumps(json.loads(index)))
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    finders = (registry._modules, registry.dialects)
    for finder in finders:
        finder.cache_clear()
    yield tmp_path
    sys.modules.pop("netminer_detect.dialects.foocoin", None)
    monkeypatch.undo()
    for finder in finders:
        finder.cache_clear()


@pytest.mark.parametrize("delivery", DELIVERIES + OTHER_DELIVERIES)
def test_the_added_dialect_reads_right(added, delivery):
    conversation = load("foocoin", added)
    capture = added / "dialogue.pcap"
    capture.write_bytes(as_capture(conversation, delivery))
    report = run_scan(ScanSettings((str(capture),))).report
    if delivery in ("headless", "client-only", "lossy"):
        assert untruths(report, conversation.expected) == []
        assert delivery == "lossy" or mining(report)
    else:
        assert mistakes(report, conversation.expected) == []


def test_the_code_shown_is_as_the_house_wants_it(tmp_path):
    (module,) = [block for kind, block in BLOCKS if kind == "python"]
    assert len([line for line in module.splitlines() if line.strip()]) < 40
    (tmp_path / "foocoin.py").write_text(module)
    root = pathlib.Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "--config", str(root / "pyproject.toml"),
                           str(tmp_path / "foocoin.py")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
