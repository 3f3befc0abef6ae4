"""Compressed captures: every format whole, in members, cut, damaged, too large; and what stands before a break."""

import bz2
import gzip
import io
import lzma
import os
import pathlib
import random
import threading
import time
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.sources.inflating import MOST_EMPTY, PIECE, Inflated, inflater_of
from netminer_detect.sources.opening import open_capture

CHANCE = random.Random(1)
NOISE = CHANCE.randbytes(300_000)
WORDS = b"".join(CHANCE.choice((b"GET /", b"pool", CHANCE.randbytes(3))) for _ in range(100_000))
DATA = {"nothing": b"", "a byte": b"x", "noise": NOISE, "words": WORDS, "zeros": bytes(1_000_000)}


def zstd_stream(data):
    packer = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compressobj()
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
    "zstd in a pipe": zstd_stream,
    "zstd -19": lambda data: zstandard.ZstdCompressor(level=19, write_checksum=True).compress(data),
}
SKIPPABLE = b"\x5a\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"abcde"
# A decompressor cannot begin a block of these before all of it is there.
BLOCK = {"bzip2": 900_000, "zstd": 1 << 17, "zstd in a pipe": 1 << 17, "zstd -19": 1 << 17}


def inflate(packed, window=1 << 27, size=100_000):
    """(all the bytes, why it broke)."""
    make = inflater_of(packed[:6], window)
    assert make is not None
    stream = Inflated(io.BytesIO(packed), make, window)
    buffer, out = memoryview(bytearray(size)), []
    while count := stream.readinto(buffer):
        out.append(bytes(buffer[:count]))
    assert stream.readinto(buffer) == 0
    return b"".join(out), stream.broken


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_whole_in_members_and_padded(pack, data):
    packed = pack(data)
    assert inflate(packed) == (data, None)
    assert inflate(packed, size=7 if len(data) < 10 else 99_991) == (data, None)
    assert inflate(packed + pack(b"more") + pack(data) + bytes(700)) == (data + b"more" + data, None)


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_trailing_garbage_is_told(pack):
    assert inflate(pack(WORDS) + b"no magic at all") == (
        WORDS, "the compressed data breaks off (what follows its end is not compressed)")


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("data", [NOISE, WORDS])
def test_a_cut_gives_what_came_before(name, data):
    packed = PACKERS[name](data)
    for kept in (len(packed) - 1, len(packed) // 2, 100):
        found, broken = inflate(packed[:kept])
        assert broken == "the compressed data breaks off (it ends too early)"
        assert data.startswith(found)
        # The share of the inflated bytes that is there is the share of the compressed ones, but for a block.
        assert len(found) >= len(data) * kept / len(packed) * 0.8 - BLOCK.get(name, 20_000)


@pytest.mark.parametrize("name", ["gzip", "zstd -19"])
def test_damage_gives_what_came_before(name):
    packed = bytearray(PACKERS[name](WORDS))
    at = len(packed) * 3 // 4
    packed[at : at + 40] = b"\xff" * 40
    found, broken = inflate(bytes(packed))
    assert broken is not None
    whole = 0
    while whole < len(found) and found[whole] == WORDS[whole]:
        whole += 1
    assert whole > len(WORDS) // 2 - BLOCK.get(name, 0)


@given(st.sampled_from(sorted(PACKERS)), st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 255)), max_size=6),
       st.integers(1, 2000))
def test_flipped_bytes_never_raise(name, flips, kept):
    packed = bytearray(PACKERS[name](WORDS[:3000])[:kept])
    for where, value in flips:
        packed[where % len(packed)] = value
    if inflater_of(bytes(packed[:6]), 1 << 20) is not None:
        inflate(bytes(packed), 1 << 20)


def test_skippable_frames():
    assert inflate(SKIPPABLE + zstandard.compress(WORDS) + SKIPPABLE + zstandard.compress(b"x")) == (WORDS + b"x", None)
    assert inflate(SKIPPABLE) == (b"", None)
    assert inflate(SKIPPABLE[:10]) == (b"", "the compressed data breaks off (it ends too early)")


@pytest.mark.parametrize("pack", [*PACKERS.values(), lambda data: SKIPPABLE + zstandard.compress(data)])
def test_members_in_a_row(pack):
    """They need not begin where a read does, and what a thousand hold is all there."""
    packed = b"".join(pack(b"%d " % number) + bytes(number % 9) for number in range(1000))
    assert inflate(packed) == (b"".join(b"%d " % number for number in range(1000)), None)


@pytest.mark.parametrize("pack", [*PACKERS.values(), lambda _: SKIPPABLE])
def test_members_that_hold_nothing_are_bounded(pack):
    """A file of nothing else would take minutes."""
    first = PACKERS["zstd" if pack(b"")[1:4] == SKIPPABLE[1:4] else "gzip"](WORDS)
    assert inflate(first + pack(b"") * (MOST_EMPTY - 10) + first) == (WORDS * 2, None)
    began = time.process_time()
    found, broken = inflate(first + pack(b"") * 200_000)
    assert (found, broken) == (
        WORDS, f"the compressed data breaks off (more than {MOST_EMPTY} parts in a row hold nothing)")
    assert time.process_time() - began < 3


def test_windows_are_bounded():
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    wide = packer.compress(bytes(3_000_000)) + packer.flush()
    for packed in (wide, lzma.compress(bytes(100), preset=9)):
        found, broken = inflate(packed, 1 << 20)
        assert found == b""
        assert "--memory" in broken
    assert inflate(wide, 1 << 24)[1] is None


@pytest.mark.parametrize("bomb", [
    # Blocks of one byte repeated 128 Ki times, and the best that gzip can do.
    b"\x28\xb5\x2f\xfd\x00\x38" + ((131_072 << 3 | 2).to_bytes(3, "little") + b"A") * 500 + b"\x01\x00\x00",
    gzip.compress(bytes(64 << 20), 9),
], ids=["zstd", "gzip"])
def test_a_bomb_costs_no_memory(bomb):
    tracemalloc.start()
    make = inflater_of(bomb[:6], 1 << 27)
    stream, buffer, size = Inflated(io.BytesIO(bomb), make, 1 << 27), memoryview(bytearray(1 << 16)), 0
    while count := stream.readinto(buffer):
        size += count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size >= 500 * 131_072 and stream.broken is None
    assert peak < 4 * PIECE


def read_all(stream):
    out = []
    buffer = memoryview(bytearray(50_000))
    while count := stream.readinto(buffer):
        out.append(bytes(buffer[:count]))
    return b"".join(out)


@pytest.mark.parametrize("pack", [bytes, *PACKERS.values()], ids=["plain", *PACKERS])
@pytest.mark.parametrize("piece", [1, 5, 65536])
def test_a_pipe_that_gives_little_at_a_time(tmp_path, pack, piece):
    path, data = str(tmp_path / "pipe"), WORDS[: 2000 if piece < 10 else None]
    os.mkfifo(path)
    packed = pack(data)

    def feed():
        with open(path, "wb", buffering=0) as pipe:
            for at in range(0, len(packed), piece):
                pipe.write(packed[at : at + piece])

    writer = threading.Thread(target=feed)
    writer.start()
    with open_capture(path) as stream:
        assert read_all(stream) == data
        assert stream.broken is None
    writer.join()


def test_a_file_that_is_read_ahead_can_be_left(tmp_path):
    """Closed in the middle, the thread ends and the file is closed."""
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(NOISE * 20))
    before = threading.active_count()
    with open_capture(str(path)) as stream:
        buffer = memoryview(bytearray(PIECE))
        for _ in range(3):
            assert stream.readinto(buffer)
        assert threading.active_count() == before + 1
    until = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() == before
    assert str(path) not in [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                             if pathlib.Path(f"/proc/self/fd/{fd}").exists()]


def test_a_pipe_that_is_silent_does_not_hold_up_the_end(tmp_path):
    """Ctrl-C while the thread waits for a pipe: closing does not wait with it."""
    path = str(tmp_path / "pipe")
    os.mkfifo(path)
    packed = gzip.compress(NOISE * 3)
    left = threading.Event()

    def feed():
        with open(path, "wb", buffering=0) as pipe:
            pipe.write(packed[: len(packed) - 100])
            left.wait(10)

    writer = threading.Thread(target=feed)
    writer.start()
    stream = open_capture(path)
    buffer = memoryview(bytearray(PIECE))
    assert stream.readinto(buffer) and stream.readinto(buffer)
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 1
    left.set()
    writer.join()
