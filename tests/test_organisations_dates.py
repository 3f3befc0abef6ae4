"""Entries that are valid between dates: how dates are written, and which entry counts when."""

import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.errors import ConfigError
from netminer_detect.organisations import periods
from netminer_detect.organisations.dates import ALWAYS, FOREVER, DateError, local_zone, moment, period
from netminer_detect.organisations.flattening import Spans
from netminer_detect.organisations.inventory import load_inventory

DAY = 86_400 * 10**9


@pytest.fixture(autouse=True)
def in_shanghai(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    moment.cache_clear()
    period.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    moment.cache_clear()
    period.cache_clear()


def at(*parts, hours=8):
    """A time in China, in ns."""
    return int(datetime(*parts, tzinfo=UTC).timestamp() - hours * 3600) * 10**9


MAY = (
    "2024-05-01|2024-5-1|2024/5/1|2024/05/01|2024.5.1|20240501|2024年5月1日|2024年05月01日"
    "|２０２４年５月１日|2024年5月1号"
    "|二〇二四年五月一日|民国113年5月1日|民國113年5月1日"
    "|1 May 2024|May 1, 2024|1st May 2024|01-May-2024|2024-05-01 00:00"
    "|2024-05-01T00:00:00|2024年5月1日 0时|2024年5月1日0时0分0秒|2024-04-30T16:00:00Z|2024-05-01T00:00:00+08:00"
    "|2024-05-01 00:00 UTC+8|2024-04-30 16:00:00.000 UTC|=\"2024-05-01\"|2024-05|2024年5月| 2024-05-01 "
)


@pytest.mark.parametrize("text", MAY.split("|"))
def test_a_beginning_is_read(text):
    assert moment(text) == at(2024, 5, 1)


@pytest.mark.parametrize(("text", "end"), [
    ("2024-05-01", at(2024, 5, 2)), ("2024年5月1日", at(2024, 5, 2)), ("2024-05", at(2024, 6, 1)),
    ("2024-12", at(2025, 1, 1)), ("2024", at(2025, 1, 1)), ("2024-05-01 18:30", at(2024, 5, 1, 18, 30)),
    ("2024年5月1日18时30分", at(2024, 5, 1, 18, 30)), ("31/12/2024", at(2025, 1, 1)), ("12/31/2024", at(2025, 1, 1)),
    ("二〇二四年十二月三十一日", at(2025, 1, 1)), ("2024-05-01T18:30Z", at(2024, 5, 1, 18, 30, hours=0)),
    ("长期", FOREVER), ("至今", FOREVER), ("-", FOREVER), ("", FOREVER), ("9999-12-31", FOREVER), ("open", FOREVER),
])  # fmt: skip
def test_an_end_includes_its_day(text, end):
    assert moment(text, True) == end


@pytest.mark.parametrize(("text", "ends"), [
    ("2024-05-01至2024-05-31", (at(2024, 5, 1), at(2024, 6, 1))),
    ("2024.5.1-2024.5.31", (at(2024, 5, 1), at(2024, 6, 1))),
    ("2024年5月1日-2024年5月31日", (at(2024, 5, 1), at(2024, 6, 1))), ("2024-05-01 - 长期", (at(2024, 5, 1), FOREVER)),
    ("2024-05-01 to 2024-05-31", (at(2024, 5, 1), at(2024, 6, 1))), ("2024-05-31", (ALWAYS, at(2024, 6, 1))),
    ("2024-05-01~2024-05-31", (at(2024, 5, 1), at(2024, 6, 1))), ("长期有效", (ALWAYS, FOREVER)),
])  # fmt: skip
def test_both_ends_in_one_cell(text, ends):
    assert period(text) == ends


@pytest.mark.parametrize("text", [
    "soon", "2024-13-01", "2024-02-30", "05/06/2024", "2024-05-01 25:00", "1 Foo 2024", "2024-05-01T00:00+99:00",
    "12345",
    "2024-05-01 08:00 tomorrow", "2024-05.01", "9" * 400,
])  # fmt: skip
def test_what_is_no_date_is_refused(text):
    with pytest.raises(DateError):
        moment(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789-/.:年月日时分 TZ+~至十二mMayjun", max_size=30) | st.text(max_size=200))
def test_any_text_is_a_date_or_refused(text):
    try:
        assert ALWAYS <= moment(text, True) <= FOREVER
        period(text)
    except DateError as error:
        assert error.what and error.fix


def test_the_zone_of_this_machine_is_named():
    assert local_zone() == "UTC+08:00"


TABLE = """网段,单位,启用日期,停用日期
10.3.0.0/16,Uni,,
10.3.1.0/24,Library,2023-01-01,2023-12-31
10.3.1.0/24,Physics,2024-01-01,长期
10.3.2.0/24,Guests,,2023-12-31
2001:db8::/32,Uni6,2024-01-01,
"""


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "units.csv"
        path.write_text(text, encoding="utf-8")
        return load_inventory(str(path))
    return load


@pytest.mark.parametrize(("ip", "when", "name"), [
    ("10.3.1.9", at(2022, 6, 1), "Uni"), ("10.3.1.9", at(2023, 1, 1), "Library"),
    ("10.3.1.9", at(2024, 1, 1) - 1, "Library"), ("10.3.1.9", at(2024, 1, 1), "Physics"), ("10.3.1.9", None, "Physics"),
    ("10.3.2.9", at(2023, 6, 1), "Guests"), ("10.3.2.9", at(2024, 6, 1), "Uni"), ("10.3.2.9", None, "Guests"),
    ("2001:db8::1", at(2023, 6, 1), None), ("2001:db8::1", at(2024, 6, 1), "Uni6"), ("2001:db8::1", None, "Uni6"),
    ("10.4.0.1", at(2024, 6, 1), None), ("no address", at(2024, 6, 1), None),
])  # fmt: skip
def test_the_entry_valid_at_the_time_counts(load, ip, when, name):
    inventory = load(TABLE)
    assert inventory.warnings == []
    found = inventory.lookup(ip, when)
    assert (found and found.name) == name


def test_entries_valid_at_the_same_time_are_told_and_bad_dates_cost_the_entry(load):
    inventory = load("network,name,valid_from,valid_to\n10.3.0.0/16,A,2023,2023\n10.3.0.0/16,B,2024,\n"
                     "10.3.0.0/16,C,2024-05-01,\n10.4.0.0/16,D,soon,\n10.5.0.0/16,E,2024,2023\n"
                     "10.6.0.1-10.6.0.20,F,2023,2023\n10.6.0.10-10.6.0.30,G,2024,2024\n")
    assert [line.partition("units.csv")[2] for line in inventory.warnings] == [
        ":5: 'soon' is no date; write it as 2024-05-01 or 2024-05-01T08:00:00+08:00",
        ":6: the entry ends before it begins to be valid; swap the two dates",
        ":4: the same network as line 3, but another unit; that one counts; decide whose it is",
    ]
    assert inventory.lookup("10.4.0.1") is None


def slow_owner(spans, since, until, value, when):
    """Obviously right: ask every range."""
    found = [(spans.highs[at] - spans.lows[at], at) for at in range(len(spans))
             if spans.lows[at] <= value <= spans.highs[at] and since[at] <= when < until[at]]
    return spans.owners[min(found)[1]] if found else -1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8), st.integers(0, 4), st.integers(1, 4)), max_size=12),
       st.sampled_from([32, 128]))
def test_chains_agree_with_asking_each_range(listed, bits):
    spans = Spans(bits)
    since, until = [], []
    for owner, (low, size, begin, length) in enumerate(listed):
        spans.add(low, low + size, owner)
        since.append(begin)
        until.append(begin + length)
    chains = periods.chained(spans, since, until)
    for value in range(30):
        for when in range(9):
            assert chains.owner(value, when) == slow_owner(spans, since, until, value, when)


def test_chains_stay_short_where_ranges_cross_for_long(monkeypatch):
    monkeypatch.setattr(periods, "MAX_DEPTH", 8)
    spans = Spans(32)
    for at in range(400):  # each crosses the one before and is smaller: all would stay in the chain
        spans.add(at * 1000, at * 1000 + 1500 - at, at)
    since, until = [0] * 400, [10] * 400
    chains = periods.chained(spans, since, until)
    chosen = random.Random(5)
    for value in (chosen.randrange(400_000) for _ in range(500)):
        assert chains.owner(value, 5) == slow_owner(spans, since, until, value, 5)


def test_ranges_too_tangled_are_refused_with_their_line(load, monkeypatch):
    monkeypatch.setattr(periods, "MAX_DEPTH", 8)
    rows = "".join(f"10.0.0.{at}-10.0.{at}.0,U{at},2024\n" for at in range(1, 60))
    with pytest.raises(ConfigError, match="lie across one another"):
        load("network,name,valid_from\n" + rows)
