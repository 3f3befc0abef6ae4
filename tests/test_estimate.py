"""Rates, their intervals, mining time and power: against tables, slow twins and the contract's own example."""

from __future__ import annotations

import json
import random
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.finish import Context, finish
from netminer_detect.detect.ledger import Done, WorkerLedger
from netminer_detect.detect.levels import Reason
from netminer_detect.detect.summing import build_report
from netminer_detect.errors import ConfigError
from netminer_detect.estimate.gamma import HIGH, LOW, bounds
from netminer_detect.estimate.mining_time import IDLE_NS, MAX_SPANS, MiningTime, Watch
from netminer_detect.estimate.power import Efficiencies, Efficiency, power_of
from netminer_detect.estimate.rates import added, joined, timed
from netminer_detect.findings import Finding, Level, Organisation, Role, Server, Totals, Verdict, Work
from netminer_detect.rulebook.efficiency import load_efficiencies

SECOND = 1_000_000_000
# Quantiles of chi-squared at 2.5 % and 97.5 % by degrees of freedom, as printed in tables (Pearson and Hartley).
CHI_SQUARED = {
    2: (0.0506, 7.378), 4: (0.484, 11.143), 6: (1.237, 14.449), 10: (3.247, 20.483), 20: (9.591, 34.170),
    30: (16.791, 46.979), 60: (40.482, 83.298), 100: (74.222, 129.561),
}  # fmt: skip


@pytest.mark.parametrize("degrees", CHI_SQUARED)
def test_bounds_are_those_of_printed_tables(degrees):
    shares = degrees // 2
    low, high = bounds(shares)
    assert (low * shares * 2, high * shares * 2) == pytest.approx(CHI_SQUARED[degrees], rel=2e-4, abs=6e-4)


def slow_lower(shape, x):
    """P(shape, x) by its Poisson sum, with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        x = Decimal(x)
        term = total = Decimal(1)
        for k in range(1, shape):
            term *= x / k
            total += term
        return float(1 - total * (-x).exp())


@pytest.mark.parametrize("shares", [1, 2, 3, 4, 5, 7, 10, 33, 100, 1000, 5000])
def test_bounds_reach_their_probabilities(shares):
    low, high = bounds(shares)
    assert slow_lower(shares, low * shares) == pytest.approx(LOW, rel=1e-9)
    assert slow_lower(shares, high * shares) == pytest.approx(HIGH, rel=1e-9)


def test_bounds_go_on_smoothly_where_the_way_changes():
    before, after = bounds(200_000), bounds(200_001)
    for one, other in zip(before, after, strict=True):
        assert one == pytest.approx(other, rel=1e-7)
    assert bounds(10**12)[0] == pytest.approx(1 - 1.96e-6, rel=1e-8)


def test_the_contracts_example():
    work = timed(Work("rx/0", "hash", Fraction(960063), "accepted shares", shares=3), 960063 / 812.4)
    assert (work.rate, work.rate_low, work.rate_high) == pytest.approx((812.4, 167.5, 1956.4), abs=0.05)
    power = power_of([work], load_efficiencies())
    assert [round(watts, 1) for watts in (power.w_low, power.w_typical, power.w_high)] == [0.7, 6.5, 58.7]
    assert power.basis == "rx/0: 4 to 30 W per kH/s"
    assert power.wall_factor == 1.1


def test_without_time_or_shares_there_is_no_rate():
    work = Work("rx/0", "hash", Fraction(5), "accepted shares", shares=3)
    assert timed(work, 0.0).rate is None
    assert timed(Work("rx/0", "hash", Fraction(5), ""), 9.0).rate is None
    assert power_of([work], load_efficiencies()) is None


# Time

def naive(spans):
    return {moment for start, end in spans for moment in range(start, end)}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(-5, 40)), max_size=30))
def test_mining_time_is_a_union(pairs):
    time = MiningTime()
    for start, size in pairs:
        time.add(start, start + size)
    assert naive(time.spans) == naive((start, start + size) for start, size in pairs)
    assert time.spans == sorted(time.spans)
    assert all(one[1] < other[0] for one, other in zip(time.spans, time.spans[1:], strict=False))


def test_mining_time_is_bounded():
    time = MiningTime()
    for number in random.Random(1).sample(range(10_000), 3000):
        time.add(number * 100, number * 100 + 50)
    assert len(time.spans) == MAX_SPANS
    assert time.spans[0][0] >= 0 and time.spans[-1][1] <= 1_000_000


def test_mining_lasts_from_the_first_job_to_the_last_packet():
    watch = Watch()
    watch.heard(10 * SECOND, False)
    assert watch.spans(99 * SECOND) == []
    watch.heard(20 * SECOND, True)
    watch.heard(50 * SECOND, False)
    assert watch.spans(70 * SECOND) == [(20 * SECOND, 70 * SECOND)]
    assert watch.spans(None) == [(20 * SECOND, 50 * SECOND)]
    assert watch.spans(5 * SECOND) == [(20 * SECOND, 50 * SECOND)]


def test_idle_gaps_do_not_count():
    watch = Watch()
    for time in (0, 60, 60 + IDLE_NS // SECOND, 7200, 7300):
        watch.heard(time * SECOND, True)
    assert watch.spans(7300 * SECOND + 2 * IDLE_NS) == [
        (0, (60 + IDLE_NS // SECOND) * SECOND), (7200 * SECOND, 7300 * SECOND)]
    assert Watch().spans(9) == []


def test_clocks_that_jump_give_no_more_time_than_was_heard():
    watch = Watch()
    year = 365 * 86_400 * SECOND
    for time in (year, year + SECOND, 0, 3 * SECOND, 2 * SECOND, year + 5 * SECOND):
        watch.heard(time, True)
    watch.heard(None, True)
    assert sum(end - start for start, end in watch.spans(None)) == 4 * SECOND


# Sums

def work(amount, shares, seconds, algorithm="rx/0", unit="hash"):
    return timed(Work(algorithm, unit, Fraction(amount), "accepted shares", shares=shares), seconds)


def test_machines_side_by_side_add_up():
    (whole,) = added([[work(1000, 10, 10)], [work(3000, 20, 30)]])
    assert (whole.amount, whole.shares, whole.rate) == (4000, 30, pytest.approx(200))
    single = timed(Work("rx/0", "hash", Fraction(4000), "", shares=20), 20)
    assert single.rate_low < whole.rate_low < whole.rate < whole.rate_high
    # Twenty machines alike are known about as well as one with all their shares.
    (many,) = added([[work(1000, 10, 10)] for _ in range(20)])
    one = work(20_000, 200, 10)
    assert many.rate == pytest.approx(one.rate)
    assert (many.rate_low, many.rate_high) == pytest.approx((one.rate_low, one.rate_high), rel=0.05)


def test_work_of_different_algorithms_is_never_added():
    found = joined([[work(1, 1, 1)], [work(2, 1, 1, "cn/r")], [work(4, 1, 1, None)], [work(8, 1, 1, "rx/0", "sol")]])
    assert [(one.algorithm, one.unit, one.amount) for one in found] == [
        (None, "hash", 1 * 4), ("cn/r", "hash", 2), ("rx/0", "hash", 1), ("rx/0", "sol", 8)]


def test_work_of_unknown_algorithms_is_not_added_either():
    assert [one.amount for one in joined([[work(5, 1, 1, None)]])] == [5]
    assert joined([[work(5, 1, 1, None)], [work(6, 1, 1, None)]]) == []
    assert added([[work(5, 1, 1, None)], [work(6, 1, 1, None)]]) == []
    (known,) = joined([[work(5, 1, 1, None), work(1, 1, 1)], [work(6, 1, 1, None)]])
    assert known.algorithm == "rx/0"


def test_the_basis_counts_what_is_missing():
    parts = [Work("a", "hash", Fraction(1), "", shares=3, unknown=2), Work("a", "hash", Fraction(1), "", shares=1)]
    assert joined([parts])[0].basis == "4 of 6 accepted shares"
    parts = [Work("a", "hash", Fraction(1), "", shares=3, silent=3), Work("a", "hash", Fraction(1), "", shares=1)]
    assert joined([parts])[0].basis == "accepted and unanswered shares"


def finding(source, pool, amount, shares, spans, role=Role.MINER, algorithm="rx/0", unit=None):
    seconds = sum(end - start for start, end in spans)
    done = work(amount, shares, seconds, algorithm)
    return Finding(f"{source}{pool}", source, role, Level.SHARES, Verdict.CONFIRMED, "", {}, work=[done],
                   mining=[(start * SECOND, end * SECOND) for start, end in spans], pool=Server(pool, 3333),
                   organisation=unit)


def test_a_source_that_changes_pools_has_one_rate():
    report = build_report([finding("10.0.0.1", "203.0.113.1", 1000, 10, [(0, 100)]),
                           finding("10.0.0.1", "203.0.113.2", 1000, 10, [(100, 200)])], Totals())
    (done,) = report.sources[0].work
    assert (done.rate, done.shares) == (pytest.approx(10), 20)


def test_two_pools_at_once_add_up():
    report = build_report([finding("10.0.0.1", "203.0.113.1", 1000, 10, [(0, 100)]),
                           finding("10.0.0.1", "203.0.113.2", 3000, 10, [(0, 100)])], Totals())
    assert report.sources[0].work[0].rate == pytest.approx(40)


def test_a_proxys_work_is_its_miners_work():
    unit = Organisation("lab", "Lab")
    report = build_report([
        finding("10.0.0.1", "10.0.0.9", 1000, 10, [(0, 100)], unit=unit),
        finding("10.0.0.2", "10.0.0.9", 1000, 10, [(0, 100)], unit=unit),
        finding("10.0.0.9", "203.0.113.1", 2000, 20, [(0, 100)], Role.PROXY, unit=unit),
    ], Totals(), load_efficiencies())
    (lab,) = report.organisations
    assert lab.work[0].amount == report.totals.work[0].amount == 2000
    assert lab.power.w_typical == pytest.approx(20 * 8 / 1000)
    assert report.totals.power == lab.power
    assert [one.power for one in report.findings if one.role is Role.PROXY] == [None]


def test_power_of_different_algorithms_adds_up():
    report = build_report([finding("10.0.0.1", "203.0.113.1", 10**6, 10, [(0, 100)]),
                           finding("10.0.0.2", "203.0.113.1", 10**16, 10, [(0, 100)], algorithm="sha256d"),
                           finding("10.0.0.3", "203.0.113.1", 10**9, 10, [(0, 100)], algorithm="neoscrypt")],
                          Totals(), load_efficiencies())
    power = report.totals.power
    assert power.w_typical == pytest.approx(10 * 8 + 100 * 22)
    low, high = bounds(10)
    assert (power.w_low, power.w_high) == pytest.approx((low * (10 * 4 + 100 * 15), high * (10 * 30 + 100 * 60)))
    assert power.basis == "rx/0: 4 to 30 W per kH/s; sha256d: 15 to 60 W per TH/s"
    assert len(report.totals.work) == 3


def test_solutions_count_as_the_graphs_they_take():
    graphs = Efficiency("graph", 1.0, "G/s", 70, 80, 250)
    power = power_of([work(100, 10, 100, "cuckatoo32", "sol")], Efficiencies({"cuckatoo32": graphs}))
    assert power.w_typical == pytest.approx(42 * 80)
    assert power_of([work(100, 10, 100, "cuckatoo32", "hash")], Efficiencies({"cuckatoo32": graphs})) is None


@pytest.mark.parametrize(("coin", "dialect", "named"), [
    ("ETC", "eth-proxy", "ethash-family"), ("BTC", "eth-proxy", None), (None, "eth-proxy", None),
    ("ETC", "stratum-v1", None),
])
def test_a_known_coin_names_what_the_dialect_leaves_open(coin, dialect, named):
    draft = Draft("10.0.0.1", Role.MINER, Server("203.0.113.1", 4444), dialect,
                  Reason(Level.SHARES, "shares_accepted", {}), known_coin=coin)
    draft.workers["rig"] = WorkerLedger("rig", done={
        (None, "hash"): Done(Fraction(7), 1), ("ethash-family", "hash"): Done(Fraction(1), 1)})
    (found,) = finish([draft], Context(None, lambda ip, at_ns: None))
    told = {one.algorithm: one.amount for one in found.work}
    assert told == ({named: 8} if named else {None: 7, "ethash-family": 1})
    assert found.workers[0].work == found.work


# The file

def test_shipped_efficiencies_are_sound():
    shipped = load_efficiencies()
    assert {"sha256d", "scrypt", "rx/0", "ethash-family", "equihash200_9", "cuckatoo32"} <= set(shipped.by_algorithm)
    # Storage is no rate of work.
    assert "chia proof of space" not in shipped.by_algorithm
    for efficiency in shipped.by_algorithm.values():
        assert 0 < efficiency.low <= efficiency.typical <= efficiency.high


def test_own_file_takes_the_place_of_shipped_entries(tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"algorithms": [
        {"algo": "rx/0", "rate_unit": "H/s", "watts_per_unit": {"low": 1, "typical": 1, "high": 1}}]}))
    own = load_efficiencies(str(path))
    assert own.by_algorithm["rx/0"] == Efficiency("hash", 1.0, "H/s", 1, 1, 1)
    assert own.by_algorithm["sha256d"] == load_efficiencies().by_algorithm["sha256d"]
    assert own.wall_factor == 1.0


ENTRY = '{"algo": "x",\n "rate_unit": "H/s", "watts_per_unit": {"low": 1, "typical": 2, "high": 3}}'


@pytest.mark.parametrize(("text", "told"), [
    ("", ":1: this is no JSON"),
    ("{", ":1: this is no JSON"),
    ("[" * 100_000, ":1: this is no JSON"),
    ("[]", ":1: no list of algorithms"),
    ('{"algorithms": 3}', "no list of algorithms"),
    ('{"algorithms": [3]}', ": entry 1: an entry without a name"),
    ('{"algorithms": [\n{"algo": "x"}]}', ":2: x has no rate_unit"),
    (f'{{"algorithms": [\n\n{ENTRY.replace("3", "1.5")}]}}', ":3: x: watts_per_unit are no rising numbers"),
    (f'{{"algorithms": [{ENTRY.replace("3", "true")}]}}', ":1: x: watts_per_unit"),
    (f'{{"algorithms": [{ENTRY.replace("1,", "-1,")}]}}', ":1: x: watts_per_unit"),
    (f'{{"algorithms": [{ENTRY.replace("H/s", "furlong/s")}]}}', ":1: x: no rate is counted in furlong/s"),
    (f'{{"algorithms": [{ENTRY}], "wall_factor": 0}}', ":1: wall_factor 0"),
])
def test_a_wrong_file_is_told_with_its_place(tmp_path, text, told):
    path = tmp_path / "own.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_efficiencies(str(path))
    assert told in str(error.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.json"):
        load_efficiencies(str(tmp_path / "nowhere.json"))
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_efficiencies(str(tmp_path / "latin.json"))


# End to end

def test_a_dialogue_gives_rates_and_power(tmp_path):
    from netminer_detect.scanning import run_scan
    from netminer_detect.settings import ScanSettings
    from tests.conversations import as_capture, load

    conversation = load("monero_xmrig")
    capture = tmp_path / "dialogue.pcap"
    capture.write_bytes(as_capture(conversation, "whole"))
    report = run_scan(ScanSettings((str(capture),))).report
    (mined,) = report.findings
    (done,) = mined.work
    (start, end), = mined.mining
    first_job = next(line for line in conversation.lines if b'"job"' in line.data and not line.by_client)
    assert mined.last_seen_ns == end
    assert (end - start) / SECOND == pytest.approx(
        (conversation.lines[-1].time_ns - first_job.time_ns) / SECOND, abs=0.1)
    assert done.rate == pytest.approx(float(done.amount) / ((end - start) / SECOND))
    assert done.shares == conversation.expected["accepted"]
    assert mined.power.w_low < mined.power.w_typical < mined.power.w_high
    assert mined.workers[0].work == mined.work
    assert report.sources[0].work == mined.work and report.sources[0].power == mined.power
    assert report.totals.power == mined.power


def test_efficiencies_of_the_user_count(tmp_path):
    from netminer_detect.scanning import run_scan
    from netminer_detect.settings import ScanSettings
    from tests.conversations import as_capture, load

    capture, own = tmp_path / "dialogue.pcap", tmp_path / "own.json"
    capture.write_bytes(as_capture(load("monero_xmrig"), "whole"))
    own.write_text(json.dumps({"wall_factor": 1.25, "algorithms": [
        {"algo": "rx/0", "rate_unit": "H/s", "watts_per_unit": {"low": 2, "typical": 2, "high": 2}}]}))
    (mined,) = run_scan(ScanSettings((str(capture),), efficiency=str(own))).report.findings
    assert mined.power.w_typical == pytest.approx(2 * mined.work[0].rate)
    assert (mined.power.basis, mined.power.wall_factor) == ("rx/0: 2 to 2 W per H/s", 1.25)
    own.write_text("nonsense")
    with pytest.raises(ConfigError):
        run_scan(ScanSettings(("nowhere.pcap",), efficiency=str(own)))
