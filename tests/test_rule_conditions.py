"""Conditions over the findings of one source, against a slow twin that tries all spans of time."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from netminer_detect.rulebook.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Conditional,
    Count,
    Not,
    Seen,
    Sight,
    Sights,
    facts_of,
    holds,
    need,
)

SECOND = 1_000_000_000


def seen(at_s=0, until_s=None, **facts):
    last = at_s if until_s is None else until_s
    told = [fact for key, value in facts.items() for one in ([value] if isinstance(value, str) else value)
            for fact in facts_of(key, one)]  # fmt: skip
    return Seen(frozenset(told), at_s * SECOND, last * SECOND)


def sight(**wanted):
    return Sight(tuple(wanted.items()))


@pytest.mark.parametrize(("condition", "found"), [
    (sight(rule="a"), {0, 1}), (sight(rule="a", port="443"), {1}), (sight(rule="c"), None),
    (sight(name="pool.example"), {0}), (sight(name="ool.example"), None), (sight(name="x.eu.pool.example"), None),
    (sight(model="antminer s19"), {2}), (sight(model="s19"), None),
    (AnyOf((sight(rule="c"), sight(port="443"))), {1}), (AnyOf((sight(rule="c"),)), None),
    (AllOf((sight(port="3333"), sight(port="443"))), {0, 1}), (AllOf((sight(port="3333"), sight(rule="c"))), None),
    (AllOf((sight(rule="a"), Not(sight(rule="c")))), {0, 1}), (AllOf((sight(rule="a"), Not(sight(port="443")))), None),
    (AllOf((sight(port="3333"), sight(port="443")), 100), {0, 1}),
    (AllOf((sight(port="3333"), sight(port="443")), 99), None),
    (Count(sight(rule="a"), 2), {0, 1}), (Count(sight(rule="a"), 3), None),
    (Count(sight(rule="a"), 2, "port"), {0, 1}), (Count(sight(rule="a"), 2, "coin"), None),
    (Count(sight(rule="a"), 2, None, 100), {0, 1}), (Count(sight(rule="a"), 2, None, 99), None),
])  # fmt: skip
def test_conditions(condition, found):
    sights = Sights([
        seen(0, 10, rule="a", port="3333", name="EU.pool.example"), seen(110, rule="a", port="443"),
        seen(5, model="Antminer S19 Pro", rule="b"),
    ])  # fmt: skip
    assert holds(condition, sights) == found
    packed = json.encode([Conditional("r", condition)])
    assert json.decode(packed, type=list[Conditional])[0].condition == condition


def naive(condition: Condition, sights: Sights) -> bool:
    """Whether a condition holds: every choice of sights is tried."""
    match condition:
        case Sight():
            return any(set(condition.wanted) <= one.facts for one in sights.seen)
        case Not():
            return not naive(condition.part, sights)
        case AnyOf():
            return any(naive(part, sights) for part in condition.parts)
        case AllOf(parts, None):
            return all(naive(part, sights) for part in parts)
        case AllOf(parts, within):
            groups = [[one for one in sights.seen if set(part.wanted) <= one.facts] for part in parts]
            return any(together(chosen, within) for chosen in itertools.product(*groups))
        case Count(of, at_least, _, within):
            found = [one for one in sights.seen if set(of.wanted) <= one.facts]
            return any(within is None or together(chosen, within) for chosen in itertools.combinations(found, at_least))
    raise AssertionError(condition)


def together(chosen, within_s):
    """Whether a span of so many seconds meets all: the last to begin begins no later than that after the first end."""
    return max(one.first_ns for one in chosen) - min(one.last_ns for one in chosen) <= within_s * SECOND


FACTS = st.sampled_from([("rule", "a"), ("rule", "b"), ("port", "1"), ("port", "2")])
SIGHTS = st.lists(FACTS, min_size=1, max_size=2).map(lambda facts: Sight(tuple(facts)))
WITHIN = st.integers(0, 12)
CONDITIONS = st.recursive(
    SIGHTS | st.builds(Count, SIGHTS, st.integers(1, 3), st.none(), st.none() | WITHIN)
    | st.builds(AllOf, st.lists(SIGHTS, min_size=1, max_size=3).map(tuple), WITHIN),
    lambda inner: st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
    | st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)) | st.builds(Not, inner),
    max_leaves=6,
)  # fmt: skip
SEEN = st.builds(
    lambda at, length, facts: Seen(frozenset(facts), at * SECOND, (at + length) * SECOND),
    st.integers(0, 20), st.integers(0, 5),
    st.sets(FACTS),
)  # fmt: skip


@given(CONDITIONS, st.lists(SEEN, max_size=5))
def test_conditions_agree_with_the_twin(condition, found):
    sights = Sights(found)
    true = holds(condition, sights) is not None
    assert true == naive(condition, sights)
    fact = need(condition)
    assert fact is None or not true or sights.having(fact)


def test_findings_without_a_time_are_together_with_none():
    sights = Sights([Seen(frozenset([("rule", "a")])), Seen(frozenset([("rule", "b")]))])
    assert holds(AllOf((sight(rule="a"), sight(rule="b")), 3600), sights) is None
    assert holds(AllOf((sight(rule="a"), sight(rule="b"))), sights) == {0, 1}
