"""Captures that hold the same packets: whatever overlaps, a session and its shares are counted once."""

import gzip
import random
import shutil

import pytest

from netminer_detect.detect.journal import MOST, Journal, Kind, Outcome
from netminer_detect.findings import Level
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.captures import pcap
from tests.conversations import START_NS, default_path, frames, load, names
from tests.scenes import MINES, Scene, scan, tls
from tests.wire import Path

A, B, C = (Path(f"10.3.0.{at}", "203.0.113.9", 50000 + at) for at in (1, 2, 3))


def session(path=A, start_s=0, name="monero_xmrig", delivery="whole"):
    return frames(load(name), delivery, path, START_NS + start_s * 10**9)


def write(folder, **captures):
    """Each capture in a folder of its own: they are no series."""
    for name, packets in captures.items():
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.pcap").write_bytes(pcap(sorted(packets)))
    return folder


def told(*paths, jobs=1):
    """What a scan says, but for where it stands: evidence is of one capture or the other."""
    outcome = run_scan(ScanSettings(tuple(map(str, paths)), endpoints=False, level=Level.CONTEXT, jobs=jobs))
    assert not outcome.report.totals.unread and "apart" not in outcome.report.totals.dropped
    for finding in outcome.report.findings:
        finding.evidence = sorted({(line.what, line.excerpt) for line in finding.evidence})
    return outcome.report.findings


def counts(finding):
    """What must be right, whoever saw which part."""
    workers = {worker.login: (worker.shares, worker.agent, worker.work) for worker in finding.workers}
    return (finding.id, finding.level, finding.shares, finding.jobs, workers, finding.work, finding.connections,
            finding.connections_total, finding.first_seen_ns, finding.last_seen_ns, finding.midstream, finding.coin)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_capture_twice_is_one(tmp_path, jobs):
    write(tmp_path, one=session(A) + session(B, 5), other=session(A) + session(B, 5))
    shutil.copy(tmp_path / "one" / "one.pcap", tmp_path / "one" / "copy.pcap")
    whole = told(tmp_path / "one" / "one.pcap")
    assert len(whole) == 2
    assert told(tmp_path / "one", jobs=jobs) == told(tmp_path, jobs=jobs) == whole


@pytest.mark.parametrize("jobs", [1, 3])
def test_sessions_that_both_hold_and_those_of_one_alone(tmp_path, jobs):
    # One finding of three connections, one in each capture and one in both.
    ends = [Path("10.3.0.1", "203.0.113.9", port) for port in (50001, 50002, 50003)]
    parts = [session(end, 2000 * at) for at, end in enumerate(ends)]
    write(tmp_path / "all", whole=[packet for part in parts for packet in part])
    write(tmp_path / "two", one=parts[0] + parts[1], other=parts[1] + parts[2])
    (whole,), (found,) = told(tmp_path / "all"), told(tmp_path / "two", jobs=jobs)
    assert found == whole
    assert found.connections_total == 3
    assert found.shares.accepted == 3 * load("monero_xmrig").expected["accepted"]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("windows", [((0, 0.6), (0.4, 1)), ((0.4, 1), (0, 0.6)), ((0, 0.5), (0.2, 0.8), (0.6, 1)),
                                     ((0, 1), (0.3, 0.6)), ((0.3, 0.6), (0, 1)), ((0, 0.05), (0.02, 1))])
def test_a_session_that_two_captures_hold_in_part(tmp_path, windows, jobs):
    packets = session()
    write(tmp_path / "all", whole=packets)
    write(tmp_path / "parts", **{f"p{at}": packets[int(begin * len(packets)) : int(end * len(packets))]
                                 for at, (begin, end) in enumerate(windows)})
    (whole,), (found,) = told(tmp_path / "all"), told(tmp_path / "parts", jobs=jobs)
    assert counts(found) == counts(whole)
    assert found.packets <= whole.packets


def test_compressed_captures_of_one_folder_that_overlap(tmp_path):
    packets = session()
    write(tmp_path / "all", whole=packets)
    (tmp_path / "a.pcap.gz").write_bytes(gzip.compress(pcap(packets[:25])))
    (tmp_path / "b.pcap.gz").write_bytes(gzip.compress(pcap(packets[10:])))
    (whole,), (found,) = told(tmp_path / "all"), told(tmp_path / "a.pcap.gz", tmp_path / "b.pcap.gz")
    assert counts(found) == counts(whole)


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_direction_in_each_capture(tmp_path, jobs):
    packets = session()
    client = [packet for packet in packets if packet[1][6:12] == packets[0][1][6:12]]
    write(tmp_path / "all", whole=packets)
    write(tmp_path / "two", client=client, whole=packets)
    (whole,), (found,) = told(tmp_path / "all"), told(tmp_path / "two", jobs=jobs)
    assert counts(found) == counts(whole) and found.packets == whole.packets


def test_a_port_that_is_used_again_is_another_connection(tmp_path):
    write(tmp_path, one=session(A), other=session(A, 7200))
    (found,) = told(tmp_path)
    assert found.connections_total == 2
    assert found.shares.accepted == 2 * load("monero_xmrig").expected["accepted"]


@pytest.mark.parametrize("skew_s", [0.001, 0.5, 1.9])
@pytest.mark.parametrize("scene", [
    lambda: Scene().tcp(MINES), lambda: Scene().resolved("xmr.pool.example"),
    lambda: Scene().tcp(tls(b"xmr.pool.example")),
], ids=["session", "question", "contact"])
def test_two_sensors_whose_clocks_differ(tmp_path, scene, skew_s):
    first = scene()
    shifted = [(time_ns + int(skew_s * 10**9), data) for time_ns, data in first.frames]
    write(tmp_path, one=first.frames, other=shifted)
    (found,) = scan(tmp_path).findings
    assert (found.connections_total, found.packets) == (1, first.finding().packets)
    write(tmp_path / "later", one=first.frames, other=[(time_ns + 3 * 10**9, data) for time_ns, data in first.frames])
    assert scan(tmp_path / "later").findings[0].connections_total == 2


def test_captures_that_follow_one_another_in_other_folders_add_up(tmp_path):
    packets = session()
    write(tmp_path / "all", whole=packets)
    write(tmp_path / "parts", one=packets[:20], other=packets[20:])
    (whole,), (found,) = told(tmp_path / "all"), told(tmp_path / "parts")
    assert found.packets == whole.packets and found.shares.submitted == whole.shares.submitted


MINING = [name for name in names() if load(name).expected.get("mining", True)]


@pytest.mark.parametrize("name", MINING)
def test_any_dialect_that_two_captures_hold(tmp_path, name):
    """One of them whole: nothing changes. Both in part: no more than what one tells that holds it all."""
    chance = random.Random(name)
    packets = frames(load(name), "whole", default_path(load(name)))
    begin, end = sorted(chance.sample(range(1, len(packets)), 2))
    write(tmp_path / "all", whole=packets)
    write(tmp_path / "late", one=packets, other=packets[begin:])
    write(tmp_path / "parts", one=packets[:end], other=packets[begin:])
    whole = told(tmp_path / "all")
    assert [counts(finding) for finding in told(tmp_path / "late")] == [counts(finding) for finding in whole]
    found = {finding.id: finding for finding in told(tmp_path / "parts")}
    for finding in whole:
        same = found.get(finding.id, finding)
        for field in ("submitted", "accepted", "rejected"):
            assert getattr(same.shares, field) <= getattr(finding.shares, field)
        assert same.jobs.sent <= finding.jobs.sent and same.connections_total == finding.connections_total


def test_questions_of_dns_that_both_hold(tmp_path):
    first = Scene().dns("pool.example").dns("pool.example").dns("xmr.pool.example")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first.write(tmp_path / "a" / "a.pcap")
    first.frames = first.frames[1:]
    first.write(tmp_path / "b" / "b.pcap")
    whole = scan(tmp_path / "a" / "a.pcap").findings
    found = scan(tmp_path / "a", tmp_path / "b").findings
    assert [(one.id, one.packets, one.bytes) for one in found] == [(one.id, one.packets, one.bytes) for one in whole]


def test_contacts_that_both_hold(tmp_path):
    scene = Scene().tcp(tls(b"pool.example")).tcp(tls(b"pool.example"))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    scene.write(tmp_path / "a" / "a.pcap")
    scene.write(tmp_path / "b" / "b.pcap")
    (whole,), (found,) = scan(tmp_path / "a" / "a.pcap").findings, scan(tmp_path / "a", tmp_path / "b").findings
    assert (found.packets, found.bytes, found.connections_total) == (whole.packets, whole.bytes, 2)


# The journal

def journal(*shares, jobs=()):
    made = Journal()
    for job in jobs:
        made.job(job)
    for message, login, hashes, outcome in shares:
        place = made.share(message, Kind(login, ("rx/0", "hash"), hashes, False))
        if outcome is not Outcome.UNANSWERED:
            made.answered(place, outcome is Outcome.ACCEPTED, hashes)
    return made


def test_what_both_noted_is_once_and_what_was_said_twice_is_twice():
    one = journal(("a", "w", 7, Outcome.ACCEPTED), ("b", "w", 7, Outcome.UNANSWERED), jobs=["j1", {"job": 2}])
    other = journal(("b", None, None, Outcome.REJECTED), ("b", "w", 7, Outcome.ACCEPTED),
                    ("c", "v", 9, Outcome.ACCEPTED), jobs=[{"job": 2}, {"job": 2}, "j3"])
    added = one.join(other)
    assert added.jobs == 2
    assert [(kind.login, kind.hashes, outcome) for kind, outcome in added.shares] == [
        ("w", 7, Outcome.ACCEPTED), ("v", 9, Outcome.ACCEPTED)]
    ((_, before), (known, after)), = added.revised
    assert (before, after, known.login, known.hashes) == (Outcome.UNANSWERED, Outcome.REJECTED, "w", 7)
    again = one.join(other)
    assert (again.jobs, again.shares, again.revised) == (0, [], [])


def test_a_journal_that_is_full_says_so():
    full = Journal()
    kind = Kind("w", (None, "hash"), None, False)
    for at in range(MOST + 2):
        place = full.share(str(at), kind)
    assert place == -1 and not full.whole
    full.answered(place, True, None)
    for at in range(MOST + 2):
        full.job(str(at))
    assert not full.whole
