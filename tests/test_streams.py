"""Reassembly: any delivery of a stream reads as the stream; a gap loses bytes and joins none."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.marks import Mark
from netminer_detect.streams import MAX_PIECES, Data, Gap, Stream

TEXT = bytes(range(256)) * 8


def mark(frame):
    return Mark(0, frame, None, frame)


def feed(stream, segments):
    out = []
    for frame, (sequence, data) in enumerate(segments, 1):
        out += stream.segment(sequence & 0xFFFFFFFF, data, 0, mark(frame))
    return out


def text_of(out):
    return b"".join(o.data for o in out if isinstance(o, Data))


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 300), min_size=1, max_size=20), st.randoms())
def test_reordered_duplicated_and_overlapping(origin, sizes, chance):
    segments, at = [], 0
    for size in sizes:
        start = max(0, at - chance.randrange(0, 20))
        segments.append((origin + 1 + start, TEXT[start : at + size]))
        at += size
    whole = TEXT[: min(at, len(TEXT))]
    segments += chance.sample(segments, len(segments) // 2)
    chance.shuffle(segments)
    stream = Stream()
    stream.start(origin)
    out = feed(stream, [s for s in segments if s[1]])
    assert text_of(out) == whole
    assert stream.held == 0 and not stream.close()


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=3, max_size=12), st.data())
def test_a_lost_segment_is_one_gap_of_its_size(pieces, data):
    lost = data.draw(st.integers(1, len(pieces) - 2))
    stream, at, segments = Stream(), 100, []
    for number, piece in enumerate(pieces):
        if number != lost:
            segments.append((at, piece))
        at += len(piece)
    out = feed(stream, segments) + stream.close()
    gaps = [o for o in out if isinstance(o, Gap)]
    assert gaps == [Gap(len(pieces[lost]))]
    before, after = out[: out.index(gaps[0])], out[out.index(gaps[0]) + 1 :]
    assert text_of(before) == b"".join(pieces[:lost])
    assert text_of(after) == b"".join(pieces[lost + 1 :])


def test_wrap_around():
    assert text_of(feed(Stream(), [(2**32 - 3, b"abc"), (0, b"def"), (3, b"g")])) == b"abcdefg"


def test_frames_cut_by_the_snap_length_are_gaps():
    stream = Stream()
    out = stream.segment(10, b"abc", 4, mark(1)) + stream.segment(17, b"xyz", 0, mark(2))
    assert out == [Data(b"abc", mark(1)), Gap(4), Data(b"xyz", mark(2))]
    assert stream.lost == 4


def test_a_later_copy_fills_what_the_snap_length_cut():
    stream = Stream()
    stream.start(9)
    out = stream.segment(13, b"defg", 0, mark(1)) + stream.segment(10, b"a", 3, mark(2))
    out += stream.segment(10, b"abc", 0, mark(3))
    assert text_of(out) == b"abcdefg"


def test_memory_is_bounded_under_a_flood_of_holes():
    stream = Stream(max_held=10_000)
    for number in range(5_000):
        stream.segment(1_000 + number * 10, b"x" * 5, 0, mark(number))
        assert stream.held <= 10_000
        assert len(stream._waiting) <= MAX_PIECES


@pytest.mark.parametrize("order", ["reversed", "shuffled", "with holes"])
def test_single_bytes_in_any_order_cost_little(order):
    count = 40_000
    numbers = {"reversed": [-each for each in range(count)], "shuffled": random.Random(1).sample(range(count), count),
               "with holes": [2 * each for each in range(count)]}[order]
    stream = Stream()
    began = time.process_time()
    for number in numbers:
        stream.segment(1_000_000 + number, b"x", 0, mark(number))
    assert time.process_time() - began < 0.5


def test_first_copy_wins_an_overlap():
    assert text_of(feed(Stream(), [(0, b"real"), (0, b"fake!")])) == b"real!"


def test_forged_far_sequence_is_ignored():
    assert text_of(feed(Stream(), [(0, b"a"), (0x60000000, b"zzz"), (1, b"b")])) == b"ab"
