"""The capture readers, against files made byte by byte and against damaged ones."""

import bz2
import contextlib
import gzip
import io
import lzma
import struct

import dpkt
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.errors import CaptureError
from netminer_detect.sources.capture import read_frames
from netminer_detect.sources.opening import open_capture
from tests.captures import MICRO, NANO, block, enhanced, interface, pcap, section

T = 1_700_000_000_123_456_000
FRAMES = [(T, b"a" * 60), (T + 5_000, b"b" * 61), (T + 9_000, b"c" * 1500)]


def frames_of(data, warn=None):
    return list(read_frames(io.BytesIO(data), "x.pcap", warn or (lambda _: None)))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("magic", [MICRO, NANO])
def test_pcap_in_both_orders_and_units(order, magic):
    read = frames_of(pcap(FRAMES, order, magic, link_type=113))
    assert [(f.time_ns, f.data) for f in read] == FRAMES
    assert [f.number for f in read] == [1, 2, 3]
    assert {f.link_type for f in read} == {113}


def test_agrees_with_dpkt():
    data = pcap(FRAMES)
    theirs = [(round(t * 1e6), bytes(b)) for t, b in dpkt.pcap.Reader(io.BytesIO(data))]
    assert [(f.time_ns // 1000, f.data) for f in frames_of(data)] == theirs


def test_link_type_without_the_fcs_bits():
    data = bytearray(pcap(FRAMES))
    data[20:24] = struct.pack("<I", 0x24000001)
    assert frames_of(bytes(data))[0].link_type == 1


@pytest.mark.parametrize("order", "<>")
def test_pcapng_resolution_and_offset(order):
    data = (section(order) + interface(order) + interface(order, 101, 9, 100) + interface(order, 1, 0x80 | 10)
            + enhanced(b"xyz", 7, order) + enhanced(b"xyz", 7, order, 1) + enhanced(b"xyz", 1024, order, 2))
    read = frames_of(data)
    assert [f.time_ns for f in read] == [7_000, 100 * 10**9 + 7, 10**9]
    assert [f.link_type for f in read] == [1, 101, 1]


def test_pcapng_simple_obsolete_unknown_and_second_section():
    simple = block("<", 3, struct.pack("<I", 3) + b"abc")
    obsolete = block("<", 2, struct.pack("<HHIIII", 0, 0, 0, 9, 2, 2) + b"de")
    data = section() + interface() + simple + block("<", 4, b"names") + obsolete
    data += section(">") + interface(">", 101) + enhanced(b"f", 1, ">")
    read = frames_of(data)
    assert [(f.number, f.time_ns, f.link_type, f.data) for f in read] == [
        (1, None, 1, b"abc"), (2, 9_000, 1, b"de"), (3, 1_000, 101, b"f")]


@pytest.mark.parametrize(("kind", "counts"), [
    (9, True), (0xBAD, True), (0x40000BAD, True), (0x204, True), (0x216, True), (0x221, True),
    (4, False), (5, False), (7, False), (8, False), (10, False), (0x208, False), (0x12345, False),
])
def test_blocks_that_wireshark_numbers_are_numbered(kind, counts):
    """Seen in TShark 4.0: systemd's journal, custom blocks and events of sysdig are frames there, others not."""
    data = section() + interface() + enhanced(b"a", 1) + block("<", kind, bytes(32)) + enhanced(b"b", 2)
    assert [frame.number for frame in frames_of(data)] == [1, 3 if counts else 2]


def test_every_cut_keeps_what_came_before_and_says_so():
    for whole in (pcap(FRAMES), section() + interface() + enhanced(b"abcd", 1) + enhanced(b"efgh", 2)):
        sound = frames_of(whole)
        for end in range(28, len(whole)):
            said = []
            read = frames_of(whole[:end], said.append)
            assert len(said) <= 1
            kept = [f for f in read if f.data == sound[f.number - 1].data]
            assert len(read) - len(kept) <= 1
            if not said:
                assert kept == read


def test_absurd_length_is_a_warning():
    said = []
    data = pcap(FRAMES[:1]) + struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 60) + b"z" * 60
    assert len(frames_of(data, said.append)) == 1
    assert "4294967295" in said[0]


@pytest.mark.parametrize("data", [b"", b"\xd4", b"hello, world", b"\xd4\xc3\xb2\xa1", section()[:12]])
def test_not_a_capture(data):
    with pytest.raises(CaptureError, match=r"x\.pcap"):
        frames_of(data)


@given(st.sampled_from([pcap(FRAMES), pcap(FRAMES, ">", NANO), section() + interface() + enhanced(b"q" * 40, 5)]),
       st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=8))
def test_flipped_bytes_never_raise_anything_else(whole, flips):
    data = bytearray(whole)
    for where, value in flips:
        data[where % len(data)] = value
    with contextlib.suppress(CaptureError):
        frames_of(bytes(data))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_compression_by_content(tmp_path, pack):
    path = tmp_path / "no-suffix"
    path.write_bytes(pack(pcap(FRAMES)))
    with open_capture(str(path)) as stream:
        assert len(list(read_frames(stream, str(path)))) == 3


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_broken_compression_keeps_what_came_before(tmp_path, pack):
    path = tmp_path / "cut"
    many = pcap([(T, bytes([n % 251, n % 7]) * 300) for n in range(3000)])
    packed = pack(many)
    path.write_bytes(packed[: len(packed) - 9])
    said = []
    with open_capture(str(path)) as stream:
        read = list(read_frames(stream, str(path), said.append))
    assert len(read) <= 3000
    assert stream.broken or said or len(read) == 3000


def test_missing_file_names_itself(tmp_path):
    with pytest.raises(CaptureError, match=r"gone\.pcap: No such file"):
        open_capture(str(tmp_path / "gone.pcap"))
