"""Overlapping ranges against a twin that asks each of them in turn."""

from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.organisations.flattening import Spans, conflicts, flatten

BITS = 6
points = st.integers(0, (1 << BITS) - 1)
listed = st.lists(
    st.tuples(points, points, st.integers(0, 3)).map(lambda t: (min(t[:2]), max(t[:2]), t[2])), max_size=12)


def spans_of(ranges, bits=BITS):
    spans = Spans(bits)
    for low, high, owner in ranges:
        spans.add(low, high, owner)
    return spans


def owner_of(ranges, value):
    """The smallest range that holds the value, of equals the first."""
    holding = [(high - low, at) for at, (low, high, _) in enumerate(ranges) if low <= value <= high]
    return ranges[min(holding)[1]][2] if holding else -1


def crossing(one, other):
    (low, high, owner), (start, end, unit) = one, other
    return owner != unit and (low < start <= high < end or start < low <= end < high)


@given(listed)
def test_the_smallest_range_owns_a_value(ranges):
    flat = flatten(spans_of(ranges))
    assert [flat.owner(value) for value in range(1 << BITS)] == [owner_of(ranges, v) for v in range(1 << BITS)]
    assert flat.owner(1 << BITS) == -1
    assert list(flat.starts) == sorted(set(flat.starts))
    assert all(one != other for one, other in zip(flat.owners, flat.owners[1:], strict=False))


@given(listed)
def test_wide_addresses_are_ranged_alike(ranges):
    shift = 128 - BITS
    wide = [(low << shift, ((high + 1) << shift) - 1, owner) for low, high, owner in ranges]
    flat = flatten(spans_of(wide, 128))
    assert [flat.owner(v << shift) for v in range(1 << BITS)] == [owner_of(ranges, v) for v in range(1 << BITS)]
    assert flat.owner((1 << 128) - 1) == owner_of(ranges, (1 << BITS) - 1)


@given(listed)
def test_each_conflict_is_one_and_none_is_missed(ranges):
    found = list(conflicts(spans_of(ranges)))
    for conflict in found:
        one, other = ranges[conflict.later], ranges[conflict.earlier]
        assert conflict.earlier < conflict.later
        assert one[:2] == other[:2] if conflict.same else crossing(one, other)
    twice = {at for at, r in enumerate(ranges) if any(r[:2] == s[:2] for s in ranges[:at])}
    assert {conflict.later for conflict in found if conflict.same} == twice
    assert len([conflict for conflict in found if conflict.same]) == len(twice)
    if len(ranges) <= 8:  # of more, not each range is asked
        crossed = any(crossing(one, other) for one in ranges for other in ranges)
        assert any(not conflict.same for conflict in found) == crossed


def test_a_hundred_thousand_ranges_within_each_other_take_no_time():
    count = 100_000
    spans = spans_of([(at, 4 * count - at, at) for at in range(count)], 32)
    assert list(conflicts(spans)) == []
    flat = flatten(spans)
    assert flat.owner(count - 1) == count - 1 and flat.owner(4 * count) == 0 and flat.owner(4 * count + 1) == -1


def test_a_hundred_thousand_ranges_that_cross_take_no_time():
    count = 100_000
    spans = spans_of([(at, at + count, at % 2) for at in range(count)], 32)
    found = list(conflicts(spans))
    assert len(found) == count - 1
