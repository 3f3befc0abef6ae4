"""Whatever stands where a capture should: a message that names it, the rest still scanned, the promised exit code."""

import bz2
import gzip
import json
import lzma
import os
import pathlib
import random
import struct
import subprocess
import sys

import pytest
import zstandard

from netminer_detect.cli import main
from tests.captures import block, enhanced, interface, pcap, section
from tests.conversations import as_capture, frames, load
from tests.wire import Path

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOUND = as_capture(load("stratum_v1_btc"), "whole")
MINER = Path().client
YEAR_NS = 365 * 86_400 * 10**9


class Told:
    """What a scan printed: findings, the summary, lines on stderr, the exit code."""

    def __init__(self, code, out, err):
        lines = [json.loads(line) for line in out.splitlines()]
        self.code, self.complaints = code, err.splitlines()
        self.findings = [line for line in lines if line["type"] == "finding"]
        (self.summary,) = [line for line in lines if line["type"] == "summary"]
        self.miners = {finding["source_ip"] for finding in self.findings if finding["verdict"] == "confirmed"}


@pytest.fixture
def scan(capfd):
    def scanned(*arguments):
        code = main(["scan", *map(str, arguments), "--format", "jsonl"])
        return Told(code, *capfd.readouterr())

    return scanned


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "sound.pcap"
    path.write_bytes(SOUND)
    return path


def vanished(path):
    path.symlink_to(path.with_name("nowhere"))


def loop(path):
    path.symlink_to(path)


def text(path):
    path.write_text("time,source,destination\n" * 50)


def zipped_text(path):
    path.write_bytes(gzip.compress(b"log line\n" * 1000))


def fails_to_read(path):
    # The first bytes of a process's memory are not mapped: opened, but not read.
    path.symlink_to("/proc/self/mem")


UNREADABLE = {
    "empty": (lambda path: path.write_bytes(b""), "the file is empty"),
    "wrong type": (text, "not a capture"),
    "image": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500)), "not a capture"),
    "packed wrong type": (zipped_text, "not a capture"),
    "packed nothing": (lambda path: path.write_bytes(gzip.compress(b"")), "the file is empty"),
    "packed garbage": (lambda path: path.write_bytes(b"\x1f\x8b" + bytes(100)), "the compressed data breaks off"),
    "packed and cut at once": (lambda path: path.write_bytes(gzip.compress(SOUND)[:15]), "it ends too early"),
    "header cut": (lambda path: path.write_bytes(SOUND[:20]), "the pcap header is cut short"),
    "pcapng header cut": (lambda path: path.write_bytes(section()[:20]), "the pcapng section header is damaged"),
    "vanished": (vanished, "No such file"),
    "loop of links": (loop, "Too many levels of symbolic links"),
    "a folder without captures": (lambda path: path.mkdir(), "no capture in this folder"),
    "an error of the disk": (fails_to_read, "Input/output error"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(scan, tmp_path, sound, name):
    make, complaint = UNREADABLE[name]
    path = tmp_path / "bad.pcap"
    make(path)
    alone = scan(path)
    assert (alone.code, alone.findings, len(alone.complaints)) == (4, [], 1)
    assert complaint in alone.complaints[0] and str(path) in alone.complaints[0]
    assert (alone.summary["inputs"], alone.summary["inputs_failed"]) == (1, 1)
    for order in ((path, sound), (sound, path)):
        beside = scan(*order)
        assert (beside.code, beside.miners) == (3, {MINER})
        assert (beside.summary["inputs"], beside.summary["inputs_failed"]) == (2, 1)
        assert beside.complaints == alone.complaints


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(scan, tmp_path, sound):
    path = tmp_path / "secret.pcap"
    path.write_bytes(SOUND)
    path.chmod(0)
    told = scan(path, sound)
    assert (told.code, told.miners) == (3, {MINER})
    assert f"{path}: Permission denied" in told.complaints[0]


def test_permission_denied_to_another_user(tmp_path):
    """As root, in a process that gives its rights away first."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    path = tmp_path / "secret.pcap"
    path.write_bytes(SOUND)
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    code = ("import os, sys; from netminer_detect.sources.opening import open_capture; os.setuid(65534)\n"
            "try: open_capture(sys.argv[1])\nexcept Exception as error: print(error)")
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == f"{path}: Permission denied"


def test_standard_input_that_is_closed():
    command = [sys.executable, "-m", "netminer_detect", "scan", "-", "--format", "jsonl"]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 4
    assert done.stderr == "netminer-detect: -: standard input is closed\n"


def test_a_folder_tells_of_what_is_named_like_a_capture(scan, tmp_path, sound):
    """A capture whose first bytes are damaged must not be passed over; other files may."""
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "rotated-7.pcap").write_bytes(bytes(4) + SOUND[4:])
    told = scan(tmp_path)
    assert (told.code, told.miners) == (3, {MINER})
    assert len(told.complaints) == 1 and "rotated-7.pcap: not a capture" in told.complaints[0]


def test_a_file_that_grows(scan, tmp_path):
    """The tail of a capture that is being written: what is there is read, and that it ends early is told."""
    path = tmp_path / "growing.pcap"
    path.write_bytes(SOUND[:-30])
    told = scan(path)
    assert (told.code, told.miners) == (3, {MINER})
    assert "the capture ends inside frame" in told.complaints[0]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_truncated_compression(scan, tmp_path, pack):
    """Noise behind the miner, so that no format holds all of the file in its last block."""
    chance = random.Random(2)
    noise = [(10**18, b"\x02" * 12 + b"\x90\x00" + chance.randbytes(1200)) for _ in range(2000)]
    path = tmp_path / "cut.pcap"
    packed = pack(SOUND + pcap(noise)[24:])
    path.write_bytes(packed[: len(packed) - 1000])
    told = scan(path)
    assert (told.code, told.miners) == (3, {MINER})
    assert any("the compressed data breaks off (it ends too early); what came before was read" in complaint
               for complaint in told.complaints)


# Inside the capture

def scanned_frames(scan, tmp_path, timed, order="<"):
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(timed, order))
    return scan(path)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, (16 << 20) + 1])
def test_absurd_record_lengths(scan, tmp_path, length):
    path = tmp_path / "absurd.pcap"
    path.write_bytes(SOUND + struct.pack("<IIII", 1, 1, length, 60) + bytes(60))
    told = scan(path)
    assert (told.code, told.miners) == (3, {MINER})
    assert str(length) in told.complaints[0]


@pytest.mark.parametrize("length", [0, 11, 0xFFFFFFFC])
def test_absurd_block_lengths(scan, tmp_path, length):
    path = tmp_path / "absurd.pcapng"
    blocks = [enhanced(data, time_ns // 1000) for time_ns, data in frames(load("stratum_v1_btc"), "whole", Path())]
    path.write_bytes(section() + interface() + b"".join(blocks) + struct.pack("<II", 6, length) + bytes(60))
    told = scan(path)
    assert (told.code, told.miners) == (3, {MINER})
    assert str(length) in told.complaints[0]


def test_a_million_damaged_frames_are_not_a_million_lines(scan, tmp_path):
    path = tmp_path / "damaged.pcapng"
    path.write_bytes(section() + interface() + block("<", 6, bytes(8)) * 100_000 + enhanced(b"sound", 1))
    told = scan(path)
    assert (told.code, told.summary["packets"]) == (3, 1)
    assert len(told.complaints) == 11
    assert told.complaints[-1].endswith(f"{path}: 99990 more complaints of this kind")


@pytest.mark.parametrize("jump", [YEAR_NS, -YEAR_NS, 40 * YEAR_NS], ids=["year on", "year back", "forty years on"])
@pytest.mark.parametrize("which", ["one", "rest"])
def test_timestamps_that_jump(scan, tmp_path, jump, which):
    timed = frames(load("stratum_v1_btc"), "whole", Path())
    middle = len(timed) // 2
    moved = [(time_ns + jump if at == middle or (which == "rest" and at > middle) else time_ns, data)
             for at, (time_ns, data) in enumerate(timed)]
    straight = scanned_frames(scan, tmp_path, timed).findings[0]
    told = scanned_frames(scan, tmp_path, moved)
    assert told.code == 1
    assert told.findings[0]["shares"] == straight["shares"]
    assert told.findings[0]["connections_total"] == 1


def test_timestamps_that_run_backwards(scan, tmp_path):
    timed = frames(load("stratum_v1_btc"), "whole", Path())
    backwards = [(timed[-1 - at][0], data) for at, (_, data) in enumerate(timed)]
    straight = scanned_frames(scan, tmp_path, timed).findings[0]
    told = scanned_frames(scan, tmp_path, backwards).findings[0]
    assert told["shares"] == straight["shares"]
    assert told["first_seen"] <= told["last_seen"]


def test_times_that_no_calendar_holds(scan, tmp_path):
    path = tmp_path / "late.pcapng"
    blocks = [enhanced(data, 1 << 63) for _, data in frames(load("stratum_v1_btc"), "whole", Path())]
    path.write_bytes(section() + interface() + b"".join(blocks))
    told = scan(path)
    assert (told.code, told.miners) == (1, {MINER})
    assert told.findings[0]["first_seen"] is None
