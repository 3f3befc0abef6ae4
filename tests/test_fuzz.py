"""Scans damaged captures whole, on both kernels: they end well, tell the same, and tell nothing that is not so."""

import contextlib
import json
import pathlib
import signal
import subprocess
import sys

import pytest

from tests import fuzzing
from tests.kernels import KERNELS

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASES = fuzzing.bases([ROOT / "pcaps"])
# The slowest of a million cases took 0.3 s.
LIMIT_S = 20
CASES = 150


@contextlib.contextmanager
def ending(name):
    """Fails where what is inside takes too long."""
    def late(*_):
        pytest.fail(f"{name} takes longer than {LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_captures(tmp_path, monkeypatch, seed):
    wrong, path = [], tmp_path / "case.pcap"
    honest = 0
    for number in range(CASES):
        case = fuzzing.make(seed, number, BASES)
        path.write_bytes(case.data)
        told = {}
        for kernel in KERNELS:
            monkeypatch.setenv("NETMINER_KERNEL", kernel)
            with ending(case.name):
                told[kernel] = fuzzing.scan(path)
            told[kernel].totals.seconds = 0
        if told["plain"] != told.get("compiled", told["plain"]):
            wrong.append(f"{case.name}: the kernels do not agree")
        wrong += [f"{case.name}: {what}" for what in fuzzing.inventions(case, told["plain"])]
        honest += case.honest
    assert wrong == []
    assert honest > CASES / 5


def test_what_is_invented_is_seen():
    """The check of the checks: a report with one altered fact is an invention."""
    base = next(base for base in BASES if base.path.name == "stratum-v1.pcap")
    case = fuzzing.Case("none", b"", (base,), honest=True)
    sound = fuzzing.scan(base.path)
    assert fuzzing.inventions(case, sound) == []
    for field, value in (("source_ip", "10.9.9.9"), ("coin", "XYZ"), ("dialect", "kawpow"), ("algorithms", ["x"])):
        report = fuzzing.scan(base.path)
        setattr(report.findings[0], field, value)
        assert fuzzing.inventions(case, report), field
    for field, value in (("login", "somebody"), ("agent", "xmrig"), ("password", "secret")):
        report = fuzzing.scan(base.path)
        setattr(report.findings[0].workers[0], field, value)
        assert fuzzing.inventions(case, report), field
    for field in ("submitted", "accepted", "rejected"):
        report = fuzzing.scan(base.path)
        setattr(report.findings[0].shares, field, 1000)
        assert fuzzing.inventions(case, report), field
    report = fuzzing.scan(base.path)
    report.findings[0].pool.port = 1
    assert fuzzing.inventions(case, report)


def test_the_script_prints_a_reproducer(tmp_path):
    """A case asked for by number is scanned alone; without the sanitiser this needs no compiler."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/fuzz"), "--plain", "--seed", "3", "--case", "7", "--keep", str(tmp_path)],
        capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["cases"], told["failures"]) == (1, 0)
    assert (tmp_path / "fuzz-3-7.pcap").read_bytes() == fuzzing.make(3, 7, BASES).data
