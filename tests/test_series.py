"""Which captures continue each other, and that a session in several of them is read as in one."""

import bz2
import gzip
import lzma
import random
import struct

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from netminer_detect.sources.capture import NS
from netminer_detect.sources.extent import TAIL, begin_of, end_of, last_time
from netminer_detect.sources.inputs import find_inputs
from netminer_detect.sources.series import group_series
from tests.captures import MICRO, NANO, block, enhanced, interface, pcap, section
from tests.conversations import START_NS, default_path, frames, load
from tests.wire import Path

HOUR, DAY = 3600, 24 * 3600


def capture(first_s, last_s, link_type=1):
    """A small capture between two seconds."""
    return pcap([(START_NS + int(s * NS), b"no packet") for s in (first_s, (first_s + last_s) / 2, last_s)],
                link_type=link_type)


def pcapng(packets):
    blocks = [enhanced(data, time_ns // 1000) for time_ns, data in packets]
    return section() + interface() + b"".join(blocks) + block("<", 5, bytes(12))


def series_in(folder, files):
    """The series of captures that these names and contents make, whatever the order in which they are named."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    paths, _ = find_inputs([str(folder)])
    found = group_series(paths)
    shuffled = group_series(random.sample(paths, len(paths)))
    assert sorted(shuffled) == sorted(found)
    return [" ".join(path.removeprefix(f"{folder}/") for path in files) for files in found]


@pytest.mark.parametrize("names", [
    "x.pcap x.pcap1 x.pcap2 x.pcap10",
    "x.pcap08 x.pcap09 x.pcap00 x.pcap01",
    "x_00001_20260501080000.pcapng x_00002_20260501080010.pcapng x_00010_20260501080020.pcapng",
    "2026-05-01.pcap 2026-05-02.pcap 2026-05-10.pcap",
    "eth0-2026050109.pcap eth0-2026050110.pcap eth0-2026050200.pcap",
    "trace-Fri.pcap trace-Sat.pcap trace-Thu.pcap",
    "morning.pcap noon.pcap evening.pcap",
    "z.pcap a.dump m.cap",
])  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_what_follows_in_time_is_one_series_whatever_the_names(tmp_path, names, pack):
    files = {name: pack(capture(10 * at, 10 * at + 9.5)) for at, name in enumerate(names.split())}
    assert series_in(tmp_path, files) == [names]


def test_hours_and_days_follow_one_another(tmp_path):
    days = {f"d{at}.pcap": capture(at * DAY + 3, (at + 1) * DAY - 5) for at in range(3)}
    packed = {f"w{at}.pcap.gz": gzip.compress(capture(at * DAY + at * 2, (at + 1) * DAY - 5, 113)) for at in range(3)}
    assert series_in(tmp_path, days | packed) == ["d0.pcap d1.pcap d2.pcap", "w0.pcap.gz w1.pcap.gz w2.pcap.gz"]


def test_rotations_side_by_side_stay_two(tmp_path):
    files = {f"{sensor}{at}.pcap{end}": pack(capture(10 * at + late, 10 * at + 9.9))
             for sensor, late in (("north", 0), ("south", 0.2)) for at in range(3)
             for end, pack in (("", bytes), (".gz", gzip.compress))}
    assert sorted(series_in(tmp_path, files)) == sorted(
        " ".join(f"{sensor}{at}.pcap{end}" for at in range(3)) for sensor in ("north", "south") for end in ("", ".gz"))


def test_one_kind_of_name_may_hold_several_rotations(tmp_path):
    files = {f"sensor{sensor}-{at}.pcap": capture(10 * at + sensor / 9, 10 * at + 9)
             for sensor in (1, 2) for at in (1, 2)}
    found = [set(names.split()) for names in series_in(tmp_path, files)]
    assert sorted(map(len, found)) == [2, 2]


@pytest.mark.parametrize(("files", "expected"), [
    # They overlap.
    ({"a.pcap": (0, 10), "b.pcap": (5, 15)}, ["a.pcap", "b.pcap"]),
    ({"a1.pcap": (0, 10), "a2.pcap": (0, 10)}, ["a1.pcap", "a2.pcap"]),
    # Another day, another recording; of captures that only lie together, two hours suffice.
    ({"a1.pcap": (0, 10), "a2.pcap": (DAY + 20, DAY + 30)}, ["a1.pcap", "a2.pcap"]),
    ({"a1.pcap": (0, 10), "a2.pcap": (DAY - 20, DAY)}, ["a1.pcap a2.pcap"]),
    ({"a.pcap": (0, 10), "b.pcap": (2 * HOUR, 2 * HOUR + 1)}, ["a.pcap", "b.pcap"]),
    # A packet or two out of order.
    ({"a.pcap": (0, 10), "b.pcap": (9.5, 15)}, ["a.pcap b.pcap"]),
    # One that covers several.
    ({"a.pcap": (0, 10), "b.pcap": (10, 20), "all.pcap": (0, 20)}, ["a.pcap b.pcap", "all.pcap"]),
    # Another folder.
    ({"a/1.pcap": (0, 10), "b/2.pcap": (10, 20)}, ["a/1.pcap", "b/2.pcap"]),
])  # fmt: skip
def test_what_does_not_follow_stays_apart(tmp_path, files, expected):
    assert series_in(tmp_path, {name: capture(*times) for name, times in files.items()}) == expected


def test_another_link_type_is_another_series(tmp_path):
    files = {"t1.pcap": capture(0, 9), "t2.pcap": capture(10, 19, 113), "t3.pcap": capture(20, 29),
             "t4.pcap": capture(30, 39, 113)}
    assert series_in(tmp_path, files) == ["t1.pcap t3.pcap", "t2.pcap t4.pcap"]


def test_what_cannot_be_read_or_has_no_time_is_alone(tmp_path):
    files = {"t1.pcap": capture(0, 9), "t2.pcap": b"", "t3.pcap": b"garbage", "t4.pcap": pcap([]),
             "t5.pcap": section() + interface() + block("<", 3, struct.pack("<I", 4) + b"data"),
             "t6.pcap": capture(10, 19), "t7.pcap.gz": gzip.compress(capture(20, 29))[:9]}
    (tmp_path / "t0.pcap").symlink_to("nowhere")
    assert series_in(tmp_path, files) == [
        "t0.pcap", "t1.pcap t6.pcap", *(f"t{at}.pcap" for at in (2, 3, 4, 5)), "t7.pcap.gz"]


def test_thousands_of_captures_are_grouped_at_once(tmp_path):
    for at in range(2000):
        (tmp_path / f"{at:x}.pcap").write_bytes(capture(at % 2 * 10, at % 2 * 10 + 9))
    paths, _ = find_inputs([str(tmp_path)])
    assert len(group_series(paths)) == 1000


# Where a capture ends

@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3 * NS), st.sampled_from([0, 1, 60, 1500, 9000, 65000])),
                min_size=1, max_size=40),
       st.sampled_from(["<", ">"]), st.sampled_from([MICRO, NANO]), st.integers(0, 400))
def test_the_end_of_any_pcap_is_found(tmp_path_factory, steps, order, magic, cut):
    chance = random.Random(len(steps))
    now, packets = START_NS, []
    for step, size in steps:
        now += step // 1000 * 1000
        packets.append((now, chance.randbytes(size)))
    data = pcap(packets, order, magic)
    path = tmp_path_factory.mktemp("end") / "x.pcap"
    path.write_bytes(data)
    begin = begin_of(str(path))
    assert begin == (1, packets[0][0])
    assert end_of(str(path), begin.first_ns) == now
    assert last_time(data[:4096], data[-TAIL:], begin.first_ns) in (now, None)
    # What was cut off took its time with it.
    path.write_bytes(data[: max(60, len(data) - cut)])
    assert packets[0][0] <= (end_of(str(path), begin.first_ns) or now) <= now


@pytest.mark.parametrize("many", [1, 2, 3000])
@pytest.mark.parametrize("ticks", [6, 9])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_end_of_any_pcapng_is_found(tmp_path, many, ticks, order):
    chance = random.Random(many)
    times = [START_NS // 1000 + at * 1_000_000 for at in range(many)]
    blocks = b"".join(enhanced(chance.randbytes(chance.randrange(1400)), time * 10 ** (ticks - 6), order)
                      for time in times)
    path = tmp_path / "x.pcapng"
    for behind in (b"", block(order, 5, bytes(20)), block(order, 5, bytes(20))[:-9]):
        data = section(order) + interface(order, resolution=ticks) + blocks + behind
        path.write_bytes(data)
        begin = begin_of(str(path))
        assert end_of(str(path), begin.first_ns) == times[-1] * 1000
        if many > 2:
            assert last_time(data[:4096], data[-TAIL:], begin.first_ns) == times[-1] * 1000


def test_hostile_tails_end_soon(tmp_path):
    path = tmp_path / "x.pcap"
    seconds = START_NS // NS
    for record in (struct.pack("<IIII", seconds, 0, 0, 1), struct.pack("<IIII", seconds, 0, 16, 16), b"\0" * 16):
        path.write_bytes(capture(0, 1) + record * 40_000 + b"\xff" * 16)
        assert end_of(str(path), START_NS) in (None, START_NS)
        data = section() + interface() + enhanced(b"x", START_NS // 1000) + struct.pack("<II", 6, 12) * 80_000
        path.write_bytes(data + b"\xff" * 16)
        assert end_of(str(path), START_NS) is None


# One session in several files

def told(*inputs, jobs=1):
    """The findings of a scan, but for where their evidence stands."""
    outcome = run_scan(ScanSettings(tuple(map(str, inputs)), endpoints=False, jobs=jobs))
    assert not outcome.report.totals.unread
    for finding in outcome.report.findings:
        finding.evidence = [line.what for line in finding.evidence]
    return outcome.report


def in_pieces(packets, count):
    """The packets in so many files, cut where a message is cut as well: the payload of the last one is split."""
    size = max(1, len(packets) // count)
    return [packets[at : at + size] for at in range(0, len(packets), size)]


PACKS = {"pcap": (pcap, bytes, ""), "pcapng": (pcapng, bytes, ""), "gz": (pcap, gzip.compress, ".gz"),
         "xz": (pcap, lzma.compress, ".xz"), "bz2": (pcapng, bz2.compress, ".bz2"),
         "zst": (pcap, zstandard.compress, ".zst")}  # fmt: skip


@pytest.mark.parametrize("form", PACKS)
@pytest.mark.parametrize("names", [
    "x.pcap{}", "x_{:05d}_2026050108{:04d}.pcap", "trace-2026-05-01-{:02d}.pcap", "abcdefghijklmnopqrstuvwxyz",
])  # fmt: skip
def test_a_session_over_files_is_read_as_in_one(tmp_path, form, names):
    write, pack, suffix = PACKS[form]
    conversation = load("monero_xmrig")
    packets = frames(conversation, "bytes", default_path(conversation))
    (tmp_path / "whole.pcap").write_bytes(pcap(packets))
    (tmp_path / "rotated").mkdir()
    for at, piece in enumerate(in_pieces(packets, 7)):
        name = names.format(at, at) if "{" in names else f"{names[at]}.pcap"
        (tmp_path / "rotated" / (name + suffix)).write_bytes(pack(write(piece)))
    whole, rotated = told(tmp_path / "whole.pcap"), told(tmp_path / "rotated")
    assert whole.findings and rotated.findings == whole.findings
    assert rotated.findings[0].shares.accepted == conversation.expected["accepted"]
    assert (rotated.totals.flows, rotated.totals.packets) == (whole.totals.flows, whole.totals.packets)


def test_series_side_by_side_are_read_alike_whatever_the_jobs(tmp_path):
    for at in range(4):
        path = Path(f"10.3.0.{at + 1}", f"203.0.113.{at + 1}", 40000 + at)
        packets = frames(load("monero_xmrig"), "whole", path, START_NS + at * 1000)
        for number, piece in enumerate(in_pieces(packets, 3)):
            (tmp_path / f"sensor{at}").mkdir(exist_ok=True)
            (tmp_path / f"sensor{at}" / f"x.pcap{number}").write_bytes(pcap(piece))
    one, three = told(tmp_path), told(tmp_path, jobs=3)
    assert len(one.findings) == 4 and one.findings == three.findings
    assert one.sources == three.sources


def test_a_compressed_capture_that_overlaps_the_next_is_found_out(tmp_path):
    conversation = load("monero_xmrig")
    packets = frames(conversation, "whole", default_path(conversation))
    (tmp_path / "a.pcap.gz").write_bytes(gzip.compress(pcap(packets)))
    (tmp_path / "b.pcap.gz").write_bytes(gzip.compress(pcap(packets[len(packets) // 2 :])))
    paths, _ = find_inputs([str(tmp_path)])
    assert len(group_series(paths)) == 1
    report = told(tmp_path)
    assert report.totals.flows == 2
    (tmp_path / "a.pcap.gz").write_bytes(gzip.compress(pcap(packets[: len(packets) // 2])))
    assert told(tmp_path).totals.flows == 1
