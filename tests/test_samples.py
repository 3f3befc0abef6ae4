"""The shipped samples: made anew they are the same bytes, small, and each has its reading."""

import io
import json
import pathlib
import subprocess
import sys

import dpkt
import pytest

from netminer_detect.selftest import run_selftest
from tests.conversations import as_capture, load

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "pcaps"


def test_making_them_again_gives_the_same_bytes(tmp_path):
    pytest.importorskip("scapy")
    subprocess.run([sys.executable, ROOT / "scripts" / "make-samples", "--to", tmp_path], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    shipped = {path.name: path.read_bytes() for path in SAMPLES.iterdir()}
    assert sorted(made) == sorted(shipped)
    assert [name for name in made if made[name] != shipped[name]] == []


def test_they_are_small_and_each_has_its_reading():
    captures = {path.name for path in SAMPLES.glob("*.pcap")}
    assert captures == set(json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8")))
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 1_000_000


def test_scapy_and_our_own_frames_agree():
    def packets(data):
        # From the IP header on; our SYNs carry an MSS, scapy's none.
        ethernets = [dpkt.ethernet.Ethernet(frame) for _, frame in data]
        return [bytes(e.data) for e in ethernets if not e.data.data.flags & dpkt.tcp.TH_SYN]

    with (SAMPLES / "monero-json-rpc.pcap").open("rb") as theirs:
        scapys = packets(dpkt.pcap.Reader(theirs))
    ours = packets(dpkt.pcap.Reader(io.BytesIO(as_capture(load("monero_xmrig"), "whole"))))
    assert ours == scapys


def test_the_selftest_finds_all_of_them():
    told = io.StringIO()
    assert run_selftest(told) == 0, told.getvalue()
