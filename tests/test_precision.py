"""Times have nine digits where the capture has nanoseconds, end to end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.outputs.jsonl import finding_object
from netminer_detect.outputs.options import OutputOptions
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from netminer_detect.sources.precision import HEAD, has_nanoseconds
from tests.captures import MICRO, NANO, block, enhanced, interface, pcap, section
from tests.conversations import default_path, frames, load

CONVERSATION = load("stratum_v1_btc")
FRAMES = [(time_ns + 7, frame) for time_ns, frame in frames(CONVERSATION, "whole", default_path(CONVERSATION))]


def pcapng(resolution):
    blocks = [section(), interface(resolution=resolution)]
    unit = 10 ** (9 - (6 if resolution is None else resolution))
    return b"".join([*blocks, *(enhanced(frame, time_ns // unit) for time_ns, frame in FRAMES)])


@pytest.mark.parametrize(("capture", "fine"), [
    (pcap(FRAMES, magic=NANO), True), (pcap(FRAMES, ">", magic=NANO), True), (pcap(FRAMES, magic=MICRO), False),
    (pcapng(9), True), (pcapng(6), False), (pcapng(None), False),
], ids=["pcap", "pcap-big-endian", "pcap-us", "pcapng", "pcapng-us", "pcapng-unsaid"])
@pytest.mark.parametrize("kernel", ["plain", "compiled"])
def test_times_have_the_digits_of_the_capture(tmp_path, monkeypatch, capture, fine, kernel):
    monkeypatch.setenv("NETMINER_KERNEL", kernel)
    (tmp_path / "a.pcap").write_bytes(capture)
    (finding,) = run_scan(ScanSettings(inputs=(str(tmp_path / "a.pcap"),))).report.findings
    shown = finding_object(finding, OutputOptions())
    for time in (shown["first_seen"], shown["connections"][0]["last_seen"], shown["evidence"][0]["time"]):
        assert (len(time), time.endswith("007Z")) == ((30, True) if fine else (27, False))


def test_each_finding_has_the_digits_of_its_own_captures(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap(FRAMES, magic=NANO))
    other = frames(load("monero_xmrig"), "whole", default_path(CONVERSATION))
    (tmp_path / "b.pcap").write_bytes(pcap(other))
    found = run_scan(ScanSettings(inputs=(str(tmp_path),))).report.findings
    assert {finding.dialect: finding.nanoseconds for finding in found} == {
        "stratum-v1": True, "monero-json-rpc": False}


def test_powers_of_two_and_several_interfaces():
    assert has_nanoseconds(section() + interface(resolution=0x80 | 30))
    assert not has_nanoseconds(section() + interface(resolution=0x80 | 10))
    assert has_nanoseconds(section(">") + interface(">", resolution=6) + interface(">", resolution=9))


def test_blocks_around_an_interface_and_one_that_is_cut():
    fine = interface(resolution=9)
    assert has_nanoseconds(section() + block("<", 0xBAD, b"") + fine)
    assert has_nanoseconds(section() + block("<", 0xBAD, bytes(50)) + fine + enhanced(bytes(9000), 0)[:500])
    assert not has_nanoseconds(section() + fine[:-1])
    assert not has_nanoseconds(section() + block("<", 0xBAD, bytes(100))[:90] + fine)


@given(st.binary(max_size=200), st.sampled_from([b"", section(), section() + interface(resolution=9)]))
def test_any_bytes_have_an_answer(noise, before):
    assert has_nanoseconds((before + noise)[:HEAD]) in (True, False)
