"""A real terminal: the progress line, warnings beside it, Ctrl-C; and its silence in a pipe."""

import contextlib
import fcntl
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import termios
import time

import pytest

from netminer_detect.progress import TerminalProgress, columns, terminal_progress
from tests.captures import pcap
from tests.conversations import default_path, frames, load

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONVERSATION = load("stratum_v1_btc")
MINING = frames(CONVERSATION, "whole", default_path(CONVERSATION))
NOISE = [(MINING[-1][0] + number, bytes(12) + b"\x88\xb5" + bytes(1400)) for number in range(2000)]
PATIENCE_S = 30


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *words, size=(24, 100), **options):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, b"".join(n.to_bytes(2, sys.byteorder) for n in (*size, 0, 0)))

        def lead():
            os.setsid()
            fcntl.ioctl(2, termios.TIOCSCTTY, 0)

        environment = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT), **options.pop("env", {})}
        environment.pop("COLUMNS", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "netminer_detect", *map(str, words)], stderr=slave, preexec_fn=lead,
            env=environment, **({"stdin": subprocess.PIPE, "stdout": subprocess.PIPE} | options))
        os.close(slave)
        self.shown = ""

    def see(self, pattern):
        """Wait until the terminal has shown a pattern."""
        ends = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.shown):
            assert time.monotonic() < ends, f"{pattern!r} not in {self.shown!r}"
            self._read(0.1)

    def _read(self, wait_s):
        ready, _, _ = select.select([self.master], [], [], wait_s)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the program is gone
            return False
        self.shown += data.decode()
        return bool(data)

    def press(self, key):
        os.write(self.master, key)

    def end(self):
        """Exit code and what stood on stdout."""
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        while self._read(0):
            pass
        os.close(self.master)
        return self.process.returncode, (out or b"").decode()


@pytest.fixture
def large(tmp_path):
    """A capture that takes its time, fed through a pipe; the miner stands at its beginning."""
    return pcap(MINING + NOISE)


def feed(terminal, data):
    with contextlib.suppress(BrokenPipeError):
        terminal.process.stdin.write(data)
        terminal.process.stdin.flush()


def test_progress_is_shown_while_a_pipe_is_read_and_taken_away(large):
    terminal = Terminal("scan", "-")
    feed(terminal, large)
    time.sleep(0.5)
    more = pcap(NOISE)[24:]
    for _ in range(4):
        feed(terminal, more)
    terminal.see(r"\r[0-9.]+ MB, [0-9.]+ MB/s, 0:0\d, -\x1b\[K")
    terminal.process.stdin.close()
    terminal.process.stdin = None
    code, out = terminal.end()
    assert code == 1 and out.startswith("Mining: 1 machine")
    assert terminal.shown.endswith("\r\x1b[K")


def test_ctrl_c_reports_what_was_found_so_far(large):
    terminal = Terminal("scan", "-")
    feed(terminal, large)
    time.sleep(0.5)
    feed(terminal, pcap(NOISE)[24:])
    terminal.see(r"MB/s")
    terminal.press(b"\x03")
    code, out = terminal.end()
    assert code == 130
    assert out.startswith("Interrupted: this is what was found so far.\nMining: 1 machine (1 confirmed)\n")
    assert "which accepted 4 of 6 shares" in out and "Traceback" not in terminal.shown


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_reports_what_was_read_and_counts_what_was_not(tmp_path, jobs):
    (tmp_path / "one.pcap").write_bytes(pcap(MINING))
    for name in ("two", "three", "four"):
        os.mkfifo(tmp_path / name)
    fifo = os.open(tmp_path / "two", os.O_RDWR)
    inputs = [tmp_path / name for name in ("one.pcap", "two", "three", "four")]
    terminal = Terminal("scan", "--verbose", "--jobs", jobs, *inputs)
    terminal.see(r"reading \S*/two")
    if jobs == "2":
        terminal.see(r"reading \S*/three")
    time.sleep(0.3)
    terminal.press(b"\x03")
    code, out = terminal.end()
    os.close(fifo)
    assert code == 130 and "Mining: 1 machine (1 confirmed)" in out
    assert "Traceback" not in terminal.shown
    assert "Read: 1 / 4 inputs" in out


def test_ctrl_c_before_anything_was_read(tmp_path):
    os.mkfifo(tmp_path / "empty")
    terminal = Terminal("scan", "--verbose", tmp_path / "empty")
    terminal.see("reading")
    time.sleep(0.2)
    terminal.press(b"\x03")
    code, out = terminal.end()
    assert code == 130 and "Traceback" not in terminal.shown
    assert out.startswith("Interrupted: this is what was found so far.\nNothing was read.")


def test_a_warning_stands_in_a_line_of_its_own(tmp_path, large):
    (tmp_path / "zz").write_bytes(b"no capture")
    terminal = Terminal("scan", "-", tmp_path / "zz")
    feed(terminal, large)
    time.sleep(0.5)
    for _ in range(3):
        feed(terminal, pcap(NOISE)[24:])
    terminal.see(r"MB/s")
    terminal.process.stdin.close()
    terminal.process.stdin = None
    assert terminal.end()[0] == 3
    lines = [line for line in terminal.shown.replace("\r\n", "\n").split("\n") if "not a capture" in line]
    assert len(lines) == 1 and re.fullmatch(r"(?:.*\r\x1b\[K)?netminer-detect: \S+zz: not a capture [^\r]*", lines[0])


@pytest.mark.parametrize("words", [["--quiet"], ["--no-progress"]])
def test_no_progress_where_nobody_wants_it(large, words):
    terminal = Terminal("scan", "-", *words)
    feed(terminal, large)
    time.sleep(0.5)
    feed(terminal, pcap(NOISE)[24:])
    terminal.process.stdin.close()
    terminal.process.stdin = None
    assert terminal.end()[0] == 1 and terminal.shown == ""


def test_a_terminal_that_cannot_erase_gets_none(large):
    terminal = Terminal("scan", "-", env={"TERM": "dumb"})
    feed(terminal, large)
    time.sleep(0.5)
    feed(terminal, pcap(NOISE)[24:])
    terminal.process.stdin.close()
    terminal.process.stdin = None
    assert terminal.end()[0] == 1 and terminal.shown == ""


def test_nothing_in_a_pipe():
    command = [sys.executable, "-m", "netminer_detect", "scan", "-"]
    done = subprocess.run(command, input=pcap(MINING + 3 * NOISE), capture_output=True, cwd=ROOT)
    assert done.stderr == b"" and b"\x1b" not in done.stdout and b"\r" not in done.stdout


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
@pytest.mark.parametrize("width", [60, 100])
def test_the_table_fits_the_terminal(tmp_path, environment, coloured, width):
    (tmp_path / "a.pcap").write_bytes(pcap(MINING))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, b"".join(n.to_bytes(2, sys.byteorder) for n in (24, width, 0, 0)))
    terminal = Terminal("scan", tmp_path / "a.pcap", stdout=slave, env=environment)
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):
        while data := os.read(master, 65536):
            shown += data
    os.close(master)
    assert terminal.end()[0] == 1
    text = shown.decode()
    # NO_COLOR forbids colours, not bold type.
    assert bool(re.search(r"\x1b\[[0-9;]*3[1-7]m", text)) is coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(len(line) for line in plain.splitlines()) <= width
    assert max(len(line) for line in plain.splitlines()) > width - 30


def test_the_line_tells_share_and_time_left_and_fits():
    progress = TerminalProgress(sys.stderr)
    progress.start(40_000_000_000, 20)
    for number in range(3):
        progress._opened = number + 1
    progress._read, progress._path = 10_000_000_000, "/captures/院校/2026/05/01/gate\x1b-trace0003.pcap"
    line = progress.line(20.0, 200)
    assert line.startswith("10.0 GB of 40.0 GB (25 %), 500.0 MB/s, 1:00 left, input 3 of 20, /captures/院校")
    assert "\x1b" not in line
    for width in range(1, 130):
        assert columns(progress.line(20.0, width)) <= width
    assert progress.line(20.0, 90).endswith("trace0003.pcap")
    progress._read = 50_000_000_000
    assert "(100 %)" in progress.line(20.0, 200) and "0:00 left" in progress.line(20.0, 200)


def test_no_terminal_no_progress(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert terminal_progress() is None
