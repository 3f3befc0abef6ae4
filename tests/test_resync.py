"""Captures that are damaged in the middle: what comes behind is read, on both kernels alike, and is not numbered."""

import io
import json
import random
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.cli import main
from netminer_detect.errors import CaptureError
from netminer_detect.kernel.interface import Watch
from netminer_detect.kernel.plain import PlainKernel
from netminer_detect.rulebook.book import load
from netminer_detect.sources.capture import MAX_INTERFACES, MAX_RECORD, read_frames
from netminer_detect.sources.resync import MAX_FRAME
from netminer_detect.triage import OPENINGS, TOKENS
from tests.captures import MICRO, NANO, enhanced, interface, pcap, section
from tests.conversations import as_capture, frames
from tests.conversations import load as dialogue
from tests.kernels import KERNELS
from tests.twins import difference, story
from tests.wire import Path

T = 1_700_000_000_123_456_000
CHANCE = random.Random(4)
FRAMES = [(T + number * 1_000_000, bytes([number]) * (40 + number)) for number in range(20)]
GARBAGE = {
    "noise": CHANCE.randbytes(5000),
    "noise, long": CHANCE.randbytes(700_000),
    "ones": b"\xff" * 4096,
    "text": b"No space left on device\n" * 7,
    "one byte": b"\xff",
    "times": struct.pack("<I", T // 10**9) * 50,
}


class Pieces(io.RawIOBase):
    """A stream that gives `size` bytes at a time."""

    def __init__(self, data, size):
        self.data, self.at, self.size = data, 0, size

    def readable(self):
        return True

    def read(self, size):
        piece = self.data[self.at : self.at + min(size, self.size)]
        self.at += len(piece)
        return piece

    def readinto(self, buffer):
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def read(data, size=1 << 20):
    told = []
    return list(read_frames(Pieces(data, size), "x", told.append)), told


def pcapng(timed, order="<"):
    return section(order) + interface(order, 1, 9) + b"".join(enhanced(data, ns, order) for ns, data in timed)


MADE = {
    "pcap": pcap(FRAMES), "pcap, big": pcap(FRAMES, ">"), "pcap, ns": pcap(FRAMES, "<", NANO),
    "pcapng": pcapng(FRAMES), "pcapng, big": pcapng(FRAMES, ">"),
}


def starts(data):
    return [frame.offset for frame in read(data)[0]]


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("made", MADE)
def test_what_stands_between_is_left_out(made, garbage):
    data = MADE[made]
    at = starts(data)[10]
    found, told = read(data[:at] + GARBAGE[garbage] + data[at:])
    assert [(frame.number, frame.time_ns, frame.data) for frame in found if len(frame.data) != 0] == [
        (number + 1 if number < 10 else 0, *FRAMES[number]) for number in range(20)]
    assert told and all(str(len(GARBAGE[garbage])) in told[0] or "claims" in told[0] for _ in told)
    for frame in found[-10:]:
        assert (data[:at] + GARBAGE[garbage] + data[at:])[frame.offset :][:200].find(frame.data) in (16, 28)


@pytest.mark.parametrize("made", MADE)
def test_what_is_missing_costs_what_it_hits(made):
    """A piece is lost, as of a file on a disk that was full for a while."""
    data = MADE[made]
    places = starts(data)
    found, told = read(data[: places[8] + 20] + data[places[12] + 9 :])
    kept = [frame.data for frame in found]
    assert kept[:8] == [data for _, data in FRAMES[:8]]
    assert kept[-7:] == [data for _, data in FRAMES[13:]]
    assert len(told) == 1 and "frames behind them have no number" in told[0]


def test_captures_run_together():
    found, told = read(pcap(FRAMES[:10]) + pcap(FRAMES[10:]))
    assert [frame.data for frame in found if frame.data] == [data for _, data in FRAMES]
    assert len(told) == 1
    found, told = read(MADE["pcapng"] + MADE["pcapng, big"])
    assert [frame.data for frame in found] == [data for _, data in FRAMES] * 2
    assert (told, found[-1].number) == ([], 40)


@pytest.mark.parametrize("made", MADE)
def test_a_length_that_reaches_beyond_the_end(made):
    """The record claims more than there is; what it would swallow is read."""
    data = bytearray(MADE[made])
    place = starts(bytes(data))[5]
    order = ">" if "big" in made else "<"
    if "pcapng" in made:
        struct.pack_into(order + "I", data, place + 4, 60_000)
    else:
        struct.pack_into(order + "I", data, place + 8, 60_000)
    found, told = read(bytes(data))
    assert [frame.data for frame in found] == [data for number, (_, data) in enumerate(FRAMES) if number != 5]
    assert len(told) == 1 and "claims 60000 bytes" in told[0]


@pytest.mark.parametrize("length", [12, 13, 28, 100, 1 << 24])
def test_a_block_whose_lengths_differ(length):
    data = bytearray(MADE["pcapng"])
    place = starts(bytes(data))[5]
    struct.pack_into("<I", data, place + 4, length)
    found, _ = read(bytes(data))
    assert [frame.data for frame in found[-14:]] == [data for _, data in FRAMES[6:]]


def test_nothing_sound_comes_behind():
    for made in MADE.values():
        found, told = read(made + GARBAGE["noise"])
        assert [frame.data for frame in found] == [data for _, data in FRAMES]
        assert len(told) == 1
        assert "the rest of the file is damaged" in told[0] or "the capture ends inside" in told[0]


def test_the_first_frame_is_damaged():
    """Nothing tells how the next one would look."""
    header = struct.pack("<IIII", T // 10**9, 0, MAX_FRAME + 1, MAX_FRAME + 1)
    found, told = read(pcap([]) + header + pcap(FRAMES)[24:])
    assert found == []
    assert told == [f"x: frame 1 claims {MAX_FRAME + 1} bytes; the rest of the file is damaged"]


def test_interfaces_are_bounded():
    data = section() + interface() * (MAX_INTERFACES + 10) + enhanced(b"a", 1, "<", MAX_INTERFACES - 1)
    data += enhanced(b"b", 1, "<", MAX_INTERFACES) + enhanced(b"c", 1)
    found, told = read(data)
    assert [frame.data for frame in found] == [b"a", b"c"]
    assert told == ["x: frame 2 is damaged and was left out"]
    for kernel in KERNELS.values():
        assert difference(story(PlainKernel(Watch()), [data]), story(kernel(Watch()), [data])) is None


def record(time_s):
    return struct.pack("<IIII", time_s, 0, 1, 1) + b"x"


BAD_RECORD = struct.pack("<IIII", T // 10**9, 0, 1 << 31, 60)
BAD_BLOCK = struct.pack("<III", 99, MAX_RECORD, 0)
BAD_SECTION = struct.pack("<III", 0x0A0D0D0A, MAX_RECORD, 0x1A2B3C4D)
# So many bytes of what is made to be looked at in each place, or to be read again and again.
HOSTILE = {
    "times": lambda size: pcap(FRAMES) + BAD_RECORD + struct.pack("<I", T // 10**9)[2:] * (size // 2),
    # Behind each damage the clock jumps by half a year.
    "records": lambda size: pcap(FRAMES[:1]) + record(0) + b"".join(
        BAD_RECORD + record(at << 24 & 0xFFFFFFFF) * 2 + record(at + 1 << 24 & 0xFFFFFFFF) for at in range(size // 67)),
    "kinds": lambda size: MADE["pcapng"] + bytes(12) + struct.pack("<I", 6) * (size // 4),
    "lengths": lambda size: MADE["pcapng"] + bytes(12) + struct.pack("<II", 6, MAX_FRAME) * (size // 8),
    "long blocks": lambda size: MADE["pcapng"] + (BAD_BLOCK + enhanced(b"x" * 20, 1)) * (size // 64),
    "long sections": lambda size: MADE["pcapng"] + (
        BAD_SECTION + section() + interface() + enhanced(b"x" * 20, 1)) * (size // 112),
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_damage_is_linear(kernel, name):
    took = []
    for size in (1 << 18, 1 << 20):
        data = HOSTILE[name](size)
        began = time.process_time()
        list(KERNELS[kernel](Watch()).scan(io.BytesIO(data), "x", lambda _: None))
        took.append(time.process_time() - began)
    # Four times the bytes; the first time is short, and so a little uncertain.
    assert took[1] < 8 * took[0] + 0.2, took
    assert took[1] < 1, took


@given(st.sampled_from(sorted(MADE)), st.integers(0, 2**32), st.integers(1, 5))
def test_the_pieces_do_not_matter(made, seed, wounds):
    chance = random.Random(seed)
    data = MADE[made]
    for _ in range(wounds):
        at, size = chance.randrange(24, len(data)), chance.choice((0, 1, 4, 30, 500))
        data = data[:at] + chance.randbytes(chance.choice((0, 1, 3, 4, 100))) + data[at + size :]
    told = []
    for size in (1 << 20, 1, 13, 4096):
        try:
            told.append(read(data, size))
        except CaptureError as error:
            told.append(str(error))
    assert told[1:] == told[:1] * 3


@pytest.mark.parametrize("seed", range(60))
def test_kernels_agree(seed):
    """Wounds of all kinds and sizes in a capture larger than a kernel's buffer."""
    chance = random.Random(seed)
    timed = [(T + at * 1000, chance.randbytes(chance.choice((60, 200, 1500)))) for at in range(3000)]
    timed[100:100] = frames(dialogue("stratum_v1_btc"), "whole", Path())
    data = bytearray(pcap(timed, chance.choice("<>"), chance.choice((MICRO, NANO))) if seed % 2 else
                     pcapng(timed, chance.choice("<>")))
    for _ in range(chance.choice((1, 3, 30))):
        at, size = chance.randrange(40, len(data)), chance.choice((0, 1, 4, 30, 5000, 300_000))
        new = chance.choice((b"", chance.randbytes(3), bytes(4096), chance.randbytes(20), chance.randbytes(400_000)))
        data[at : at + (size if chance.random() < 0.5 else len(new))] = new
    book = load((), False)
    watch = Watch(book.names_table, book.endpoints_table, OPENINGS, TOKENS)
    told = [story(kernel(watch), [bytes(data)]) for kernel in KERNELS.values()]
    assert difference(told[0], told[-1]) is None


def test_findings_behind_a_damage_have_no_frame_numbers(tmp_path, capfd):
    """But offsets, and all facts."""
    whole = as_capture(dialogue("stratum_v1_btc"), "whole")
    at = starts(whole)[6]
    path = tmp_path / "damaged.pcap"
    path.write_bytes(whole[:at] + b"\xff" * 100 + whole[at:])
    (tmp_path / "sound.pcap").write_bytes(whole)
    assert main(["scan", str(tmp_path / "sound.pcap"), "--format", "jsonl"]) == 1
    sound = json.loads(capfd.readouterr().out.splitlines()[0])
    for form in ("table", "csv", "jsonl"):
        assert main(["scan", str(path), "--format", form]) == 3
        out = capfd.readouterr().out
    finding = json.loads(out.splitlines()[0])
    assert (finding["shares"], finding["id"]) == (sound["shares"], sound["id"])
    shown = {line["offset"]: line["frame"] for line in finding["evidence"]}
    assert {offset < at for offset, frame in shown.items() if frame is not None} == {True}
    assert {offset > at for offset, frame in shown.items() if frame is None} == {True}
