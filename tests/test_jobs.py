"""Series read side by side: the same report, nothing lost with a worker, Ctrl-C heard by all."""

import fcntl
import io
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

from netminer_detect import scanning
from netminer_detect.outputs.jsonl import write
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.parallel import MOST_AHEAD, run_tasks
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.conversations import as_capture, load, names
from tests.hostile import sessions, written
from tests.wire import Path

MINING = [name for name in names() if load(name).expected.get("mining", True)][:8]


@pytest.fixture
def folder(tmp_path):
    """Captures of a few miners, one of thousands, and one that is damaged; two hold the same miner."""
    for number, name in enumerate([*MINING, MINING[0]]):
        path = Path(client=f"10.3.0.{number % len(MINING)}", server_port=load(name).expected["port"])
        (tmp_path / f"{number}-{'ab'[number % 2]}.pcap").write_bytes(as_capture(load(name), "segments", path))
    (tmp_path / "busy.pcap").write_bytes(b"".join(written(sessions(300))))
    (tmp_path / "cut.pcap").write_bytes(as_capture(load(MINING[1]), "whole")[:-5])
    (tmp_path / "none.pcap").write_text("no capture")
    return tmp_path


def told(folder, jobs, **settings):
    """The report as JSON lines without its seconds, and what was warned of."""
    warnings = []
    report = run_scan(ScanSettings(inputs=(str(folder),), jobs=jobs, **settings), None, warnings.append).report
    report.totals.seconds = 0
    stream = io.StringIO()
    write(report, stream, OutputOptions())
    return stream.getvalue(), sorted(warnings)


@pytest.mark.parametrize("memory", [1 << 20, 1 << 30])
def test_the_same_report_whatever_jobs(folder, memory):
    alone = told(folder, 1, memory=memory)
    assert alone[0].count('"type":"finding"') > len(MINING)
    for jobs in (2, 5, 50):
        assert told(folder, jobs, memory=memory) == alone


def test_the_same_report_where_findings_must_be_given_up(tmp_path):
    """What several series found is more than may be kept: what goes does not depend on who read them."""
    for number in range(6):
        (tmp_path / f"{'abcdef'[number]}.pcap").write_bytes(b"".join(written(sessions(200, first=200 * number))))
    alone = told(tmp_path, 1, memory=1 << 20)
    dropped = json.loads(alone[0].splitlines()[-1])["dropped"]
    assert dropped["evidence"] > 0 and dropped["findings"] > 0
    assert told(tmp_path, 3, memory=1 << 20) == alone


class Deaths:
    """Reads a series, but kills its process the first `count` times that it gets to the series of one file."""

    def __init__(self, folder, victim, count):
        self.read, self.folder, self.victim, self.count = scanning.read_series, folder, victim, count

    def __call__(self, files, scan, note):
        died = len(list(self.folder.glob("died-*")))
        if os.path.basename(files[0]) == self.victim and died < self.count:
            (self.folder / f"died-{died}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.read(files, scan, note)


def test_a_killed_worker_loses_nothing(folder, monkeypatch):
    alone = told(folder, 1)
    monkeypatch.setattr(scanning, "read_series", Deaths(folder, "busy.pcap", 1))
    assert told(folder, 3) == alone
    assert (folder / "died-0").exists()


def test_what_kills_two_workers_is_told(folder, monkeypatch):
    monkeypatch.setattr(scanning, "read_series", Deaths(folder, "busy.pcap", 2))
    text, warnings = told(folder, 3)
    assert any("busy.pcap: two workers died reading this series" in line for line in warnings)
    summary = json.loads(text.splitlines()[-1])
    assert f"{folder}/busy.pcap" in [one["input"] for one in summary["unread"]]
    assert (summary["inputs"], summary["inputs_failed"], summary["inputs_left"]) == (len(MINING) + 4, 3, 0)


def test_results_come_in_order_and_not_too_far_ahead():
    """The first task is slow; those that end meanwhile wait, and no more are begun than may wait."""
    began, taken = [], []

    def work(number, note):
        note("began", number)
        if number == 0:
            time.sleep(0.5)
        return number * number

    def take(number, result):
        taken.append((number, result, len(began)))

    run_tasks(work, 30, 2, lambda kind, value: began.append(value), take)
    assert [entry[:2] for entry in taken] == [(number, number * number) for number in range(30)]
    assert taken[0][2] <= 2 * MOST_AHEAD


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c(tmp_path, jobs):
    """While two captures are still being written to: what they told so far is reported, with the exit code."""
    pipes = [str(tmp_path / f"{name}.pcap") for name in ("one", "two")]
    for pipe in pipes:
        os.mkfifo(pipe)
    command = [sys.executable, "-m", "netminer_detect", "scan", *pipes, "--format", "jsonl", "--jobs", str(jobs)]
    scan = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    writers = []
    for number, pipe in enumerate(pipes[:jobs]):
        writers.append(open(pipe, "wb", buffering=0))  # noqa: SIM115
        writers[-1].write(as_capture(load("stratum_v1_btc"), "whole", Path(client=f"10.3.0.{number + 1}")))
    for writer in writers:
        while struct.unpack("i", fcntl.ioctl(writer, termios.FIONREAD, bytes(4)))[0]:
            time.sleep(0.05)
    time.sleep(0.5)
    scan.send_signal(signal.SIGINT)
    out, err = scan.communicate(timeout=20)
    for writer in writers:
        writer.close()
    assert (scan.returncode, "Traceback" in err) == (130, False), err
    lines = [json.loads(line) for line in out.splitlines()]
    found = {line["source_ip"]: line["shares"]["accepted"] for line in lines if line["type"] == "finding"}
    assert found == {f"10.3.0.{number + 1}": 4 for number in range(jobs)}
    assert (lines[-1]["interrupted"], lines[-1]["inputs_left"]) == (True, 2 - jobs)
