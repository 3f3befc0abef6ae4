"""Targets and difficulties against values of the reference formulas and of real sessions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect import work


def test_difficulty_one_is_two_to_the_32():
    assert work.from_difficulty(1) == 2**32
    assert work.from_difficulty("512") == 512 * 2**32
    assert work.from_difficulty(65536, multiplier=65536) == 2**32


def test_a_float_is_the_decimal_that_was_written():
    assert work.from_difficulty(0.00015) == Fraction(15, 100000) * 2**32


def test_targets():
    # ethash at 4 GH, the boundary that nanopool sends: 2^256 / 4e9.
    assert work.from_target("0x" + "0" * 8 + "f" * 56) == Fraction(2**256, 2**224)
    assert work.from_target("ff") == Fraction(2**256, 256)
    assert work.from_little_endian_target("f" * 56 + "0" * 8) == 2**32


@pytest.mark.parametrize(("text", "difficulty"), [
    ("b88d0600", 10_000), ("e4a63d00", 1_063), ("ffffffff", 1), ("ffffffffffffff00", 256),
])
def test_cryptonote(text, difficulty):
    assert work.from_cryptonote_target(text) == difficulty


@pytest.mark.parametrize("hashes", [257, 10_000, 2**20 + 3, 2**40])
def test_a_target_of_either_order(hashes):
    target = (2**256 // hashes).to_bytes(32, "big")
    for text in (target.hex(), target[::-1].hex()):
        assert abs(work.from_target_of_either_order(text) - hashes) < 1
    assert work.from_target_of_either_order("00000000ffff" + "0" * 52) == work.from_target("00000000ffff" + "0" * 52)
    assert work.from_target_of_either_order("0" * 31 + "1" + "0" * 32) is None


@pytest.mark.parametrize("value", [None, True, 0, -5, "x", "", "nan", "inf", float("nan"), 10**400, [], {}, "0x", "-1"])
def test_what_is_no_target_is_none(value):
    assert work.from_difficulty(value) is None
    assert work.from_target(value) is None
    assert work.from_cryptonote_target(value) is None


@given(st.one_of(st.text(max_size=80), st.integers(), st.floats(), st.none()))
def test_never_raises_and_is_positive(value):
    for read in (work.from_difficulty, work.from_target, work.from_little_endian_target, work.from_cryptonote_target,
                 work.from_target_of_either_order):
        hashes = read(value)
        assert hashes is None or hashes > 0


def test_sums_over_many_targets_stay_short():
    works = [work.from_target(f"{2**200 + 977 * n:064x}") for n in range(4000)]
    total = sum((work.addable(one) for one in works), Fraction(0))
    assert total.denominator <= 2**64
    assert abs(total - 4000 * Fraction(2**56)) < 10**6
    assert work.addable(Fraction(1, 3)) == Fraction(1, 3)
    assert abs(work.addable(works[5]) - works[5]) < Fraction(1, 2**64)


@pytest.mark.parametrize("nothing", [1e-300, "1e-12", 2**-33, 2**200, 1e300])
def test_what_no_difficulty_is(nothing):
    assert work.number(nothing) is None
    assert work.number(0.00015) == Fraction(15, 100_000)
