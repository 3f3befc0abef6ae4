"""What a scan imports: a small capture costs its start, so nothing is imported that it does not need."""

import hashlib
import subprocess
import sys

import pytest

from netminer_detect import digests
from tests.captures import pcap
from tests.conversations import START_NS, as_capture, load
from tests.scenes import C, S, Scene
from tests.test_layout import ROOT

HARMLESS = [(C, b"SSH-2.0-OpenSSH_9.2\r\n"), (S, b"SSH-2.0-OpenSSH_9.6\r\n")]
# Who is imported by the console script's way, told on the last line.
SCRIPT = """\
import os, sys
sys.argv = ["netminer-detect", *sys.argv[1:]]
leave = os._exit
os._exit = lambda code: (print(*sorted(sys.modules), file=sys.stderr, flush=True), leave(0))
from netminer_detect.cli import command
command()
"""


def imported(path, *options):
    done = subprocess.run([sys.executable, "-c", SCRIPT, "scan", str(path), "--no-progress", *options],
                          cwd=ROOT.parent, capture_output=True, text=True, check=True)
    return set(done.stderr.split("\n")[-2].split(" "))


@pytest.fixture
def harmless(tmp_path):
    path = tmp_path / "harmless.pcap"
    path.write_bytes(pcap(Scene(START_NS).tcp(HARMLESS, port=22).frames))
    return path


@pytest.fixture
def mining(tmp_path):
    path = tmp_path / "mining.pcap"
    path.write_bytes(as_capture(load("stratum_v1_btc"), "whole"))
    return path


def test_without_a_candidate_nothing_is_there_to_read_one(harmless):
    modules = imported(harmless, "--format", "jsonl")
    known = {name.split(".")[1] for name in modules if name.startswith("netminer_detect.")}
    assert not known & {"sessions", "flow", "detect", "dialects", "carriers", "estimate", "masking", "organisations"}
    assert not modules & {"hashlib", "ipaddress", "threading", "shutil", "yaml", "pathlib"}


def test_json_lines_need_no_terminal(mining):
    modules = imported(mining, "--format", "jsonl")
    assert "netminer_detect.dialects.stratum_v1" in modules
    assert not modules & {"_hashlib", "threading", "shutil", "yaml", "pathlib", "zstandard", "inspect"}


def test_digests_are_those_of_the_library(monkeypatch):
    for apart in (digests._APART, ()):
        monkeypatch.setattr(digests, "_APART", apart)
        monkeypatch.setattr(digests, "_hashed", digests._sha256())
        assert digests.digest("矿工\udcff") == hashlib.sha256("矿工?".encode()).hexdigest()


def test_msgspec_finds_no_typing_extensions_and_others_do(harmless):
    pytest.importorskip("typing_extensions")
    assert "typing_extensions" not in imported(harmless)
    ask = "import sys; import netminer_detect.cli as cli; cli._import_msgspec(); import typing_extensions, msgspec"
    subprocess.run([sys.executable, "-c", ask], cwd=ROOT.parent, check=True)
