"""Ctrl-C keeps what was found so far, whole."""

import os
import signal

import pytest

from netminer_detect.cli import main
from netminer_detect.interrupts import Interrupts
from netminer_detect.outputs import jsonl
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.conversations import as_capture, load


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_it_is_held_back_until_the_next_read():
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        interrupts.begin()
        interrupts.end()
        press()
        assert interrupts.pending
        interrupts.begin()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_read_that_waits_is_ended_at_once():
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        interrupts.begin()
        press()
        raise AssertionError("still waiting")


def test_a_second_one_is_not_held_back():
    with pytest.raises(KeyboardInterrupt), Interrupts():
        press()
        press()
        raise AssertionError("still there")


def test_the_report_is_written_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "a.pcap").write_bytes(as_capture(load("stratum_v1_btc"), "whole"))
    write = jsonl.write

    def pressing(*arguments):
        press()
        write(*arguments)

    monkeypatch.setattr(jsonl, "write", pressing)
    assert main(["scan", str(tmp_path / "a.pcap"), "-o", str(tmp_path / "a.jsonl")]) == 1
    assert (tmp_path / "a.jsonl").read_text().splitlines()[-1].startswith('{"type":"summary"')


class Presses:
    """A progress at which somebody presses Ctrl-C when the second input is opened."""

    opened_count = 0

    def start(self, total_bytes, inputs):
        self.inputs = inputs

    def advance(self, read_bytes):
        pass

    def opened(self, path):
        self.opened_count += 1
        if self.opened_count == 2:
            press()

    def stop(self):
        pass


def test_what_was_read_before_is_judged_and_the_rest_is_counted(tmp_path):
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.pcap").write_bytes(as_capture(load("stratum_v1_btc"), "whole"))
    inputs = tuple(str(tmp_path / f"{name}.pcap") for name in ("one", "two", "three"))
    totals = (report := run_scan(ScanSettings(inputs=inputs), Presses()).report).totals
    assert [finding.shares.accepted for finding in report.findings] == [4]
    assert (totals.interrupted, totals.inputs, totals.inputs_left, totals.inputs_failed) == (True, 3, 2, 0)
