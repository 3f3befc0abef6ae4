"""One dialogue in every spelling of a capture, scanned whole on each kernel: the same finding, frames and times."""

import bz2
import gzip
import json
import lzma
import os
import pathlib
import struct
import subprocess
import sys
import threading

import pytest
import zstandard

from netminer_detect.findings import Level
from netminer_detect.kernel.interface import Watch
from netminer_detect.outputs.jsonl import finding_object
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from netminer_detect.sources.opening import open_capture
from tests.captures import MICRO, NANO, block, interface, pcap, section
from tests.conversations import as_capture, frames, load
from tests.kernels import KERNELS
from tests.wire import Path

ROOT = pathlib.Path(__file__).resolve().parent.parent
CAPTURES = ROOT.parent / "shared" / "captures"
FRAMES = frames(load("stratum_v1_btc"), "segments", Path())
NS = 10**9


def kuznetzov(order):
    """pcap as Linux patches of 1999 wrote it: interface index, protocol and packet type behind each header."""
    out = [struct.pack(order + "IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)]
    for number, (time_ns, data) in enumerate(FRAMES):
        head = (time_ns // NS, time_ns % NS // 1000, len(data), len(data), number, 0x0800, 0, 0)
        out.append(struct.pack(order + "IIIIIHBB", *head) + data)
    return b"".join(out)


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def described(order, link_type=1, resolution=None, offset_s=None):
    """An interface with a name, a comment, a filter, and its clock."""
    options = option(order, 2, b"eth0") + option(order, 1, "Kommentar ü".encode()) + option(order, 11, b"\0tcp")
    if resolution is not None:
        options += option(order, 9, bytes([resolution]))
    if offset_s is not None:
        options += option(order, 14, struct.pack(order + "q", offset_s))
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, 262144) + options + option(order, 0, b""))


def ticks_of(time_ns, per_s, offset_s=0):
    """The first tick that is not before a time."""
    return -(-(time_ns - offset_s * NS) * per_s // NS)


def enhanced(order, data, ticks, index=0, options=b""):
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(order, 6, head + data + bytes(-len(data) % 4) + options)


def obsolete(order, data, ticks, index=0):
    head = struct.pack(order + "HHIIII", index, 3, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(order, 2, head + data)


def simple(order, data):
    return block(order, 3, struct.pack(order + "I", len(data)) + data)


def between(order, number):
    """Blocks that are no frames, nor numbered as such: names, statistics, secrets, an unknown one."""
    kinds = (4, 5, 10, 0x12345678)
    return block(order, kinds[number % len(kinds)], b"x" * (number % 23))


def pcapng(order="<", per_s=1_000_000, resolution=None, offset_s=None, kind=enhanced):
    out = [section(order), described(order, 1, resolution, offset_s)]
    for number, (time_ns, data) in enumerate(FRAMES):
        out += [between(order, number), kind(order, data, ticks_of(time_ns, per_s, offset_s or 0))]
    return b"".join(out)


def sections_and_interfaces():
    """Each section forgets the interfaces of the one before; those of each have other link types and clocks."""
    out = []
    for number, (time_ns, data) in enumerate(FRAMES):
        order = "<>"[number // 5 % 2]
        if number % 5 == 0:
            out += [section(order), interface(order, 105, 6), described(order), described(order, 1, 9)]
        comment = option(order, 1, b"a comment") + option(order, 2, bytes(4)) + option(order, 0, b"")
        index, per_s = (1, 10**6) if number % 2 else (2, NS)
        out.append(enhanced(order, data, ticks_of(time_ns, per_s), index, comment))
    return b"".join(out)


SPELLINGS = {
    "pcap, µs": lambda: pcap(FRAMES),
    "pcap, µs, big": lambda: pcap(FRAMES, ">", MICRO),
    "pcap, ns": lambda: pcap(FRAMES, "<", NANO),
    "pcap, ns, big": lambda: pcap(FRAMES, ">", NANO),
    "pcap, modified": lambda: kuznetzov("<"),
    "pcap, modified, big": lambda: kuznetzov(">"),
    "pcapng": pcapng,
    "pcapng, big": lambda: pcapng(">"),
    "pcapng, 10^-9": lambda: pcapng("<", NS, 9),
    "pcapng, 10^-7": lambda: pcapng(">", 10**7, 7),
    "pcapng, 2^-20": lambda: pcapng("<", 2**20, 0x80 | 20),
    "pcapng, 2^-31": lambda: pcapng("<", 2**31, 0x80 | 31),
    "pcapng, an hour of offset": lambda: pcapng("<", offset_s=3600),
    "pcapng, a negative offset": lambda: pcapng(">", NS, 9, -7200),
    "pcapng, obsolete blocks": lambda: pcapng(">", kind=obsolete),
    "pcapng, sections and interfaces": sections_and_interfaces,
}
PACKINGS = {
    "plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstandard": zstandard.compress,
    "gzip in members": lambda data: b"".join(gzip.compress(data[at : at + 777]) for at in range(0, len(data), 777)),
    "zstandard in frames": lambda data: zstandard.compress(data[:999]) + zstandard.compress(data[999:]),
    "xz in streams": lambda data: lzma.compress(data[:999]) + bytes(8) + lzma.compress(data[999:]),
}


@pytest.fixture(params=sorted(KERNELS))
def told(request, monkeypatch, tmp_path):
    """A function that scans bytes: all that is said of the miner, but for places, and the warnings."""
    monkeypatch.setenv("NETMINER_KERNEL", request.param)

    def scan(data, name="capture"):
        path = tmp_path / name
        path.write_bytes(data)
        warnings = []
        report = run_scan(ScanSettings(inputs=(str(path),), level=Level.CONTEXT), None, warnings.append).report
        assert report.totals.packets == len(FRAMES)
        (finding,) = (finding_object(finding, OutputOptions()) for finding in report.findings)
        for line in finding["evidence"]:
            line["offset"] = None
        return without_nanoseconds(finding), warnings

    return scan


def without_nanoseconds(value):
    """Times to the microsecond: not every clock is finer."""
    if isinstance(value, dict):
        return {key: without_nanoseconds(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_nanoseconds(each) for each in value]
    is_time = isinstance(value, str) and value[:4] == "2026" and value.endswith("Z")
    return value[:26] + "Z" if is_time else value


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings(told, spelling):
    data = SPELLINGS[spelling]()
    assert told(data) == told(pcap(FRAMES))


@pytest.mark.parametrize("packing", PACKINGS)
def test_packings_by_content_whatever_the_name(told, packing):
    for name in ("capture", "capture.pcap", "capture.pcap.gz", "capture.zst"):
        found, warnings = told(PACKINGS[packing](pcap(FRAMES)), name)
        plain, _ = told(pcap(FRAMES), name)
        assert (found, warnings) == (plain, [])


def test_simple_blocks_have_no_times(told):
    data = section() + described("<") + b"".join(simple("<", data) for _, data in FRAMES)
    finding, warnings = told(data)
    timed, _ = told(pcap(FRAMES))
    assert (finding["first_seen"], finding["last_seen"], warnings) == (None, None, [])
    assert (finding["shares"], finding["workers"][0]["login"]) == (timed["shares"], timed["workers"][0]["login"])
    assert [line["frame"] for line in finding["evidence"]] == sorted(line["frame"] for line in timed["evidence"])


@pytest.mark.parametrize("kernel", KERNELS)
def test_frames_cut_by_the_snap_length(kernel, monkeypatch, tmp_path):
    """What is there is read, what is missing is a gap, and both are counted."""
    monkeypatch.setenv("NETMINER_KERNEL", kernel)
    limit = 150
    out = [struct.pack("<IHHiIII", MICRO, 2, 4, 0, 0, limit, 1)]
    for time_ns, data in FRAMES:
        out.append(struct.pack("<IIII", time_ns // NS, time_ns % NS // 1000, min(len(data), limit), len(data)))
        out.append(data[:limit])
    path = tmp_path / "snapped.pcap"
    path.write_bytes(b"".join(out))
    report = run_scan(ScanSettings(inputs=(str(path),))).report
    assert report.totals.defects["snap_length"] == sum(len(data) > limit for _, data in FRAMES)
    assert [(finding.source_ip, finding.dialect) for finding in report.findings] == [(Path().client, "stratum-v1")]
    assert report.findings[0].bytes == sum(len(data) for _, data in FRAMES)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_standard_input(pack):
    command = [sys.executable, "-m", "netminer_detect", "scan", "-", "--format", "jsonl"]
    sent = pack(as_capture(load("stratum_v1_btc"), "whole"))
    done = subprocess.run(command, input=sent, capture_output=True, cwd=ROOT)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (1, b"")
    assert (lines[0]["source_ip"], lines[0]["evidence"][0]["capture"]) == (Path().client, "-")


def test_named_pipe(tmp_path):
    pipe = tmp_path / "live.pcap"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(as_capture(load("stratum_v1_btc"), "whole")))
    writer.start()
    report = run_scan(ScanSettings(inputs=(str(pipe),))).report
    writer.join()
    assert [finding.source_ip for finding in report.findings] == [Path().client]


# Real captures

@pytest.mark.skipif(not (CAPTURES / "manifest.json").exists(), reason="the captures with known truth are not here")
@pytest.mark.parametrize("kernel", KERNELS)
def test_as_many_packets_as_others_count(kernel):
    """The manifest's counts are those of two other readers. Two captures are read farther than they were: one goes on
    behind its damage, of the other the last frame is cut."""
    farther = {"other/DanieleDeSensi__peafowl__test__pcaps__imap.cap",
               "other/OISF__suricata-verify__tests__bug-1450-04__tls_DER-incomplete-header.pcap"}
    wrong = []
    for entry in json.loads((CAPTURES / "manifest.json").read_text(encoding="utf-8"))["captures"]:
        path = CAPTURES / entry["file"]
        if kernel != "compiled" and path.stat().st_size > 200_000:
            continue
        counted, told = KERNELS[kernel](Watch()), []
        with open_capture(str(path)) as stream:
            for _ in counted.scan(stream, entry["file"], told.append):
                pass
            assert stream.broken is None
        packets, expected = counted.counters.packets, entry.get("readable_packets", entry["packets"])
        if entry["file"] in farther:
            assert packets > expected and told
        elif entry.get("unreadable"):
            # Link types and versions that common tools do not know: nothing is lost, nothing fails.
            assert packets > 0
        elif packets != expected or bool(told) != ("damaged" in entry):
            wrong.append((entry["file"], packets, expected, told))
    assert wrong == []

