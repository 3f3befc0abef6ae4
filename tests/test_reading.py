"""How far a run is, in bytes of the files: plain, compressed, damaged, many."""

import bz2
import gzip
import lzma

import pytest
import zstandard

from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from netminer_detect.sources.sizes import size_of
from tests.captures import pcap

NOISE = pcap([(number * 1000, bytes(12) + b"\x88\xb5" + number.to_bytes(4, "big") * 350) for number in range(4000)])


class Told:
    """A progress that remembers."""

    def __init__(self):
        self.total, self.inputs, self.steps, self.paths = None, 0, [], []

    def start(self, total_bytes, inputs):
        self.total, self.inputs = total_bytes, inputs

    def advance(self, read_bytes):
        self.steps.append(read_bytes)

    def opened(self, path):
        self.paths.append(path)

    def stop(self):
        pass


def told(*paths, jobs=1):
    progress = Told()
    run_scan(ScanSettings(inputs=tuple(map(str, paths)), jobs=jobs), progress)
    return progress


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_the_bytes_told_are_those_of_the_file(tmp_path, pack):
    path = tmp_path / "a.pcap"
    path.write_bytes(pack(NOISE))
    progress = told(path)
    assert progress.total == sum(progress.steps) == path.stat().st_size


def test_a_large_file_is_told_in_steps(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(NOISE)
    progress = told(path)
    assert len(progress.steps) >= 5 and max(progress.steps) < 5 << 20


@pytest.mark.parametrize("jobs", [1, 2])
def test_many_small_and_damaged_files_add_up(tmp_path, jobs):
    for number in range(20):
        (tmp_path / f"{'abcdefghijklmnopqrst'[number]}.pcap").write_bytes(NOISE[: 24 + number * 997])
    (tmp_path / "none.pcap").write_bytes(b"no capture" * 1000)
    progress = told(*sorted(tmp_path.iterdir()), jobs=jobs)
    assert progress.inputs == len(progress.paths) == 21
    assert progress.total == sum(progress.steps) == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_a_pipe_does_not_tell_its_size(tmp_path):
    assert size_of("/dev/null") is None and size_of(str(tmp_path / "missing")) is None
    assert size_of(str(tmp_path)) is None
