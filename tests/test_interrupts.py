"""Ctrl-C keeps what was found so far, whole."""

import os
import signal
import subprocess
import sys

import pytest

from netminer_detect import scanning
from netminer_detect.cli import main
from netminer_detect.interrupts import Interrupts
from netminer_detect.joining import Joined
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


def test_between_two_captures(tmp_path, monkeypatch):
    """While what the first one gave is put with the rest: it is kept, and the second is not begun."""
    take = Joined.take

    def pressing(*arguments):
        press()
        take(*arguments)

    for name in ("one", "two"):
        (tmp_path / f"{name}.pcap").write_bytes(as_capture(load("stratum_v1_btc"), "whole"))
    monkeypatch.setattr(Joined, "take", pressing)
    inputs = tuple(str(tmp_path / f"{name}.pcap") for name in ("one", "two"))
    with pytest.raises(KeyboardInterrupt):
        # The second press is that of somebody in a hurry.
        run_scan(ScanSettings(inputs=inputs))
    pressed = iter((press, lambda: None))
    monkeypatch.setattr(Joined, "take", lambda *arguments: (next(pressed)(), take(*arguments)))
    totals = (report := run_scan(ScanSettings(inputs=inputs)).report).totals
    assert [finding.shares.accepted for finding in report.findings] == [4]
    assert (totals.interrupted, totals.inputs_left) == (True, 1)


def test_while_findings_are_judged(tmp_path, monkeypatch):
    (tmp_path / "a.pcap").write_bytes(as_capture(load("stratum_v1_btc"), "whole"))
    judge = scanning._judged

    def pressing(*arguments):
        press()
        return judge(*arguments)

    monkeypatch.setattr(scanning, "_judged", pressing)
    assert len(run_scan(ScanSettings(inputs=(str(tmp_path / "a.pcap"),))).report.findings) == 1


def test_before_the_command_line_is_there():
    """Python imports for a tenth of a second: no traceback, and the code of an interrupted scan."""
    code = ("import builtins, sys; real = builtins.__import__\n"
            "def pressed(name, *more):\n"
            "    if name == 'argparse': raise KeyboardInterrupt\n"
            "    return real(name, *more)\n"
            "builtins.__import__ = pressed\n"
            "from netminer_detect.__main__ import run\nrun()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")
