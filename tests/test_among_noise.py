"""All dialogues at once in a campus' traffic: each is found as it is alone, and no machine too many."""

from __future__ import annotations

import ipaddress
import pathlib

import pytest

from netminer_detect.findings import Role, Verdict
from netminer_detect.sources.capture import read_frames
from tests.campus import write
from tests.captures import pcap
from tests.conversations import START_NS, Path, frames, load, names
from tests.expectations import mistakes
from tests.scenes import scan

SECOND = 1_000_000_000
MINING = [name for name in names() if load(name).expected.get("mining", True)]
LOOKALIKES = [name for name in names() if name not in MINING]


def path_of(number: int, name: str) -> Path:
    return Path(f"10.9.{number // 200}.{number % 200 + 1}", f"203.0.113.{number % 200 + 1}",
                20_000 + number, load(name).expected["port"])


def noise(folder: pathlib.Path) -> list[tuple[int, bytes]]:
    """A campus' minute: pages, names, names in TLS, shells; the miners planted in it are left out here."""
    capture = folder / "campus.pcap"
    planted = write(str(capture), 7, 3_000_000)
    with capture.open("rb") as stream:
        read = [(frame.time_ns or 0, frame.data) for frame in read_frames(stream, "campus", lambda _: None)]
    ours = {ipaddress.ip_address(ip).packed for ip in planted}
    first = min(time for time, _ in read)
    return [(START_NS + time - first, data) for time, data in read if not any(ip in data[14:54] for ip in ours)]


@pytest.mark.parametrize("delivery", ["whole", "bytes", "reordered"])
def test_each_is_found_among_the_others(tmp_path, delivery):
    captured = noise(tmp_path)
    for number, name in enumerate([*MINING, *LOOKALIKES]):
        captured += frames(load(name), delivery, path_of(number, name), START_NS + number * SECOND // 10)
    captured.sort(key=lambda one: one[0])
    capture = tmp_path / "noise.pcap"
    capture.write_bytes(pcap(captured))
    report = scan(capture)
    wrong = []
    for number, name in enumerate(MINING):
        path, expected = path_of(number, name), load(name).expected
        machine = path.server if expected.get("role") == "management" else path.client
        theirs = [finding for finding in report.findings
                  if finding.source_ip == machine and finding.verdict is not Verdict.NOT_MINING]
        found = mistakes(type(report)(theirs, [], [], report.totals), expected)
        wrong += [f"{name}: {found}"] if found else []
    assert wrong == []
    machines = {finding.source_ip for finding in report.findings if finding.verdict is not Verdict.NOT_MINING}
    assert len(machines) == len(MINING)
    assert {finding.role for finding in report.findings} >= {Role.MINER, Role.MANAGED, Role.MANAGER, Role.NODE}
