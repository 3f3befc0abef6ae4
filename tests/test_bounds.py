"""What bounds rest on: the share-out of memory, the measuring of objects, flows being read, findings collected."""

import sys

import pytest
from msgspec import Struct

from netminer_detect.bounds import BASE, LEAST, MIB, MOST_FLOWS, NAME_BYTES, Bounds
from netminer_detect.detect.collected import MAX_APART, Collected
from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.levels import Reason
from netminer_detect.errors import ConfigError
from netminer_detect.findings import Connection, EvidenceLine, Level, Role, Server
from netminer_detect.footprint import footprint
from netminer_detect.open_flows import FIRST_MEASURE, OpenFlows, Rank
from netminer_detect.settings import parse_size

FLOW_BYTES = 300


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


def test_a_footprint_counts_each_object_once():
    text = "x" * 1000
    leaf = Thing(text, [])
    one = footprint(leaf)
    assert one == sys.getsizeof(leaf) + sys.getsizeof(text) + sys.getsizeof([])
    twice = Thing(text, [leaf, leaf])
    assert footprint(twice) - one == sys.getsizeof(twice) + sys.getsizeof(twice.others)
    leaf.others.append(twice)
    assert footprint(twice) < 3 * one


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
