"""Scans of captures that want to fill memory stay within `--memory`, tell what they gave up, and keep the miners."""

import json
import subprocess
import sys

import pytest

from netminer_detect.kernel import flow_bytes
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.captures import pcap
from tests.conversations import START_NS, frames, load
from tests.hostile import ATTACKS, half_open, syns, written
from tests.kernels import KERNELS
from tests.wire import Path

MIB = 1 << 20
MEMORY = 64
# Enough of each to take more than MEMORY where nothing bounds it.
COUNTS = {
    "syns": 400_000, "half_open": 6000, "half_a_hello": 60_000, "sessions": 2500, "long_names": 300, "many_workers": 15,
    "holes": 200, "fragments": 150_000, "tunnels": 40_000, "lookups": 10_000, "dns_streams": 500,
}
MEASURED = """
import sys
from netminer_detect.cli import main
code = main(sys.argv[1:])
# Not getrusage's: that is never less than the peak of the process that started this one.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak, file=sys.stderr)
sys.exit(code)
"""


def peak_of(path, *options):
    """(peak in MiB, the summary) of a scan in a process of its own."""
    command = [sys.executable, "-c", MEASURED, "scan", str(path), "--format", "jsonl", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return int(done.stderr.splitlines()[-1]) / 1024, json.loads(done.stdout.splitlines()[-1])


def test_every_attack_is_counted_here():
    assert set(COUNTS) == set(ATTACKS)


@pytest.mark.parametrize("attack", COUNTS)
def test_memory_is_bounded(tmp_path, attack):
    path = tmp_path / f"{attack}.pcap"
    with open(path, "wb") as file:
        file.writelines(written(ATTACKS[attack](COUNTS[attack])))
    peak, summary = peak_of(path, "--memory", f"{MEMORY}M")
    assert peak <= MEMORY
    assert summary["packets"] >= COUNTS[attack]
    assert attack == "fragments" or any(summary["dropped"].values()), "nothing had to be given up"


@pytest.mark.parametrize("flood", [syns, half_open])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_flood_does_not_push_out_a_silent_miner(tmp_path, monkeypatch, kernel, flood):
    """A miner logs in and is silent for a minute of flood, twice what the table holds; then its share is accepted."""
    monkeypatch.setenv("NETMINER_KERNEL", kernel)
    timed = frames(load("stratum_v1_btc"), "whole", Path(client="10.255.0.1"))
    middle = len(timed) // 2
    settings = ScanSettings(inputs=(str(tmp_path / "flood.pcap"),), memory=MEMORY * MIB)
    count = 2 * 30 * MIB * 30 // 100 // flow_bytes() if flood is syns else 6000
    flooding = [START_NS + 60 * 10**9 * number // count for number in range(2 * count)]
    attack = list(flood(count))
    flooded = [*timed[:middle], *zip(flooding, attack, strict=False),
               *((time_ns + 60 * 10**9, data) for time_ns, data in timed[middle:])]
    (tmp_path / "flood.pcap").write_bytes(pcap(flooded))
    report = run_scan(settings).report
    assert report.totals.dropped["flows" if flood is syns else "readers"] > 0
    (finding,) = [one for one in report.findings if one.source_ip == "10.255.0.1"]
    assert (finding.connections_total, finding.shares.accepted, finding.shares.unanswered) == (1, 4, 0)
