"""What bounds rest on: the share-out of memory, the measuring of objects, flows being read, findings collected."""

import gc
import pathlib
import pickle
import sys
from collections import OrderedDict, deque
from fractions import Fraction

import pytest
from msgspec import Struct

import netminer_detect.detect.collected as collecting
from netminer_detect.bounds import BASE, LEAST, MIB, MOST_FLOWS, NAME_BYTES, Bounds
from netminer_detect.detect.collected import MAX_APART, Collected
from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.levels import Reason
from netminer_detect.errors import ConfigError
from netminer_detect.findings import Connection, EvidenceLine, Level, Role, Server
from netminer_detect.footprint import footprint
from netminer_detect.kernel import make_kernel
from netminer_detect.kernel.interface import Watch
from netminer_detect.open_flows import FIRST_MEASURE, OpenFlows, Rank
from netminer_detect.reading import read_series
from netminer_detect.rulebook.book import load
from netminer_detect.series import SeriesScan
from netminer_detect.settings import parse_size
from netminer_detect.triage import OPENINGS, TOKENS

FLOW_BYTES = 300
SAMPLES = pathlib.Path(__file__).resolve().parent.parent / "pcaps"


@pytest.mark.parametrize("memory", [LEAST, 64 * MIB, 256 * MIB, 1024 * MIB, 64 * 1024 * MIB])
@pytest.mark.parametrize("inflates", [False, True])
@pytest.mark.parametrize("series", [1, 2])
def test_parts_are_no_more_than_the_whole(memory, inflates, series):
    bounds = Bounds.of(memory, FLOW_BYTES, series, inflates)
    reading = bounds.flows * FLOW_BYTES + bounds.readers + bounds.names * NAME_BYTES
    kept = bounds.drafts + (bounds.kept if series > 1 else 0)
    assert BASE + reading + kept + (bounds.window if inflates else 0) <= memory
    # When all is read, findings take as much again.
    assert BASE + 2 * kept <= memory
    assert min(bounds.flows, bounds.readers, bounds.drafts, bounds.names) > 0


def test_too_little_is_the_least():
    assert Bounds.of(1, FLOW_BYTES) == Bounds.of(LEAST, FLOW_BYTES)


def test_sizes_as_people_write_them():
    assert [parse_size(text, "--memory") for text in ("64M", "1G", "1.5 GiB", "2097152")] == [
        64 * MIB, 1024 * MIB, 1536 * MIB, 2 * MIB]
    for text in ("", "M", "-1G", "1k", "1e9", "9" * 400, "9" * 20 + "X", "nan", "inf"):
        with pytest.raises(ConfigError, match="--memory"):
            parse_size(text, "--memory")


def test_however_much_is_offered():
    assert Bounds.of(parse_size("9" * 20 + "T", "--memory"), FLOW_BYTES).flows == MOST_FLOWS


class Thing(Struct):
    text: str
    others: list["Thing"]


def test_a_footprint_counts_each_container_once():
    text = "x" * 1000
    leaf = Thing(text, [])
    one = footprint(leaf)
    assert 1000 < one < 1300
    assert footprint(Thing("", [leaf, leaf])) - one < 300
    leaf.others.append(leaf)
    assert footprint(leaf) - one < 20


def really(thing):
    """The bytes of an object and what it refers to, as the interpreter has them."""
    seen, waiting = {}, [thing]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen and not isinstance(one, type):
            seen[id(one)] = sys.getsizeof(one)
            waiting += [*one, *one.values()] if isinstance(one, dict) else gc.get_referents(one)
    return sum(seen.values())


MANY = range(10**6, 10**6 + 1000)


@pytest.mark.parametrize("thing", [
    [f"text {n}" for n in MANY], list(MANY), {str(n): n for n in MANY}, {str(n) for n in MANY}, deque(map(str, MANY)),
    [(str(n), [n * 10**9], {n: "ü" * 9}) for n in MANY], [Thing(str(n), []) for n in MANY],
    [bytes(n % 999) for n in MANY], OrderedDict((n, Fraction(n, 7)) for n in MANY), [7**2000],
], ids=lambda thing: type(thing).__name__)
def test_a_footprint_is_about_the_truth(thing):
    assert 0.8 * really(thing) <= footprint(thing) <= 2 * really(thing)


def test_a_pipe_changes_no_footprint():
    """Workers hand their findings over, and bounds must not depend on it."""
    grown = {str(number): number for number in range(1000)}
    for number in range(990):
        del grown[str(number)]
    made = draft(1, evidence=20, connections=20)
    shared = "x" * 100
    for thing in (grown, made, [shared, shared], [2**70] * 3, Thing(shared, [Thing(shared, [])])):
        assert footprint(pickle.loads(pickle.dumps(thing))) == footprint(thing)


def _unheard(kind, value):
    """Nobody listens."""


def test_a_pipe_changes_no_draft_and_none_is_larger_than_estimated():
    """Of what real scans find: classes whose objects keep a table each would be larger behind it."""
    book = load((), True)
    watch = Watch(book.names_table, book.endpoints_table, OPENINGS, TOKENS)
    bounds = Bounds.of(1 << 30, FLOW_BYTES)
    found = 0
    for path in sorted(SAMPLES.glob("*.pcap")):
        files = [str(path)]
        result = read_series(files, SeriesScan(make_kernel(watch), book, files, bounds, True), _unheard)
        piped = pickle.loads(pickle.dumps(result))
        assert [footprint(one) for one in piped.drafts] == [footprint(one) for one in result.drafts], path.name
        found += len(result.drafts)
        # What is not measured takes much less than is counted for it.
        collected = Collected(1 << 30, apart=True)
        for one in result.drafts:
            collected.put(one)
        estimated = collected._size
        collected._measure()
        assert 3 * collected._size <= estimated, path.name
    assert found > 20


def test_the_program_is_no_footprint():
    assert footprint([Thing, Rank.MINING, len, sys, test_too_little_is_the_least]) < 200


class Holder:
    """A reader that holds what it was fed."""

    def __init__(self):
        self.held = bytearray()


def opened(limit, ranks):
    flows = OpenFlows(limit)
    for flow, rank in enumerate(ranks):
        flows.add(flow, Holder())
        flows.touch(flow, 1, rank)
    return flows


def test_the_least_missed_flow_goes_first():
    flows = opened(1 << 20, [Rank.MINING, Rank.UNANSWERED, Rank.ANSWERED, Rank.MINING_UNANSWERED, Rank.UNANSWERED])
    flows.touch(1, 1, Rank.UNANSWERED)
    order = [flows.give_up()[0] for _ in range(5)]
    assert order == [4, 1, 2, 3, 0]
    assert len(flows) == 0 and not flows.is_full


def test_a_rank_never_falls():
    flows = opened(1 << 20, [Rank.MINING, Rank.ANSWERED])
    flows.touch(0, 1, Rank.UNANSWERED)
    assert flows.give_up()[::2] == (1, Rank.ANSWERED)


def test_sizes_are_measured():
    """However much is held, in whatever pieces it came: the bound is kept within what one measure may miss."""
    for piece in (1, 100, 5000):
        flows = OpenFlows(400_000)
        holders = {}
        for count in range(1_200_000 // piece):
            flow = count % 40
            if flow not in flows:
                holders[flow] = Holder()
                flows.add(flow, holders[flow])
            holders[flow].held += bytes(piece)
            flows.touch(flow, piece, Rank.ANSWERED)
            while flows.is_full:
                del holders[flows.give_up()[0]]
            assert sum(len(holder.held) for holder in holders.values()) <= 400_000
        # What is released is seen as well.
        for flow, holder in holders.items():
            holder.held.clear()
            flows.touch(flow, 1 << 20, Rank.ANSWERED)
        assert flows._size < 100_000 or piece == 1


def test_taking_what_is_not_there():
    flows = OpenFlows(FIRST_MEASURE)
    assert flows.take(7) is None and flows.get(7) is None


def draft(number, level=Level.SESSION, packets=10, evidence=1, connections=1):
    made = Draft(f"10.0.{number >> 8}.{number & 255}", Role.MINER, Server("203.0.113.9", 3333), "stratum-v1",
                 Reason(level, "session_open", {}), packets=packets)
    made.evidence = [EvidenceLine("x.pcap", at, at, at, "miner", "login", f"{number} {at}" * 20)
                     for at in range(evidence)]
    made.connections = [Connection(at + number, at, at) for at in range(connections)]
    return made


def test_proofs_go_before_findings():
    collected = Collected(600_000)
    for number in range(100):
        collected.put(draft(number, evidence=20))
    assert len(collected) == 100
    assert set(collected.dropped) == {"evidence"}
    assert all(one.evidence[0].frame == 0 for one in collected.drafts())
    left = sum(len(one.evidence) for one in collected.drafts())
    assert left + collected.dropped["evidence"] == 100 * 20


def test_the_lowest_rungs_go_first():
    collected = Collected(200_000)
    for number in range(300):
        collected.put(draft(number, Level.SHARES if number % 10 == 0 else Level.LOOKUP))
    kept = collected.drafts()
    assert sum(one.reason.level is Level.SHARES for one in kept) == 30
    assert len(kept) + collected.dropped["findings"] == 300
    assert sum(footprint(one) for one in kept) < 200_000


def test_what_is_measured_is_measured_again_only_when_it_grows(monkeypatch):
    measured = []
    monkeypatch.setattr(collecting, "footprint", lambda drafts: measured.append(len(drafts)) or footprint(drafts))
    collected = Collected(8 << 20)
    for number in range(100):
        collected.put(draft(number))
    assert measured == []  # far below the limit
    for number in range(100, 400):
        collected.put(draft(number))
    # Estimates came above it once, and then each draft is measured as it comes.
    assert 300 < len(measured) <= 400 and collected.dropped == {}


def test_the_last_finding_stays():
    collected = Collected(1)
    collected.put(draft(1))
    assert len(collected) == 1
    collected.put(draft(2, Level.LOOKUP))
    assert [one.source for one in collected.drafts()] == ["10.0.0.1"]


def test_one_key_is_one_draft():
    collected = Collected(1 << 20, apart=True)
    collected.put(draft(1, connections=1))
    again = draft(1, packets=5)
    again.connections = [Connection(9, 9, 9)]
    collected.put(again)
    # The same packets in another capture are counted once, by the one that saw more.
    collected.put(draft(1, packets=7, connections=1))
    assert [one.packets for one in collected.flows()] == [10, 5]
    collected.put(draft(1, packets=70, connections=1))
    (one,) = collected.drafts()
    assert one.packets == 75


def test_flows_are_joined_where_there_are_many_or_memory_is_short():
    def flow(port, packets=1):
        one = draft(1, packets=packets)
        one.connections = [Connection(port, port, port)]
        return one

    collected = Collected(1 << 24, apart=True)
    for port in range(2 * MAX_APART):
        collected.put(flow(port))
    assert len(collected.flows()) == MAX_APART and collected.dropped == {}
    assert [one.packets for one in collected.drafts()] == [2 * MAX_APART]
    short = Collected(100_000, apart=True)
    for port in range(MAX_APART):
        short.put(flow(port))
    (one,) = short.flows()
    assert one.packets == MAX_APART and short.dropped["apart"] > 0
