"""Lines and objects as they really come: dirty, doubled, huge, endless."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.messages import MAX_LINE, MAX_TRIES, MAX_UNENDED, LineSplitter, read_body, read_objects

SOUND = b'{"id":1,"method":"login"}'


@pytest.mark.parametrize("line", [
    SOUND, SOUND + b"\r", b"\xef\xbb\xbf" + SOUND, b"\x00" + SOUND + b"\x00\x00", b"  " + SOUND, b"junk" + SOUND,
])
def test_one_object_whatever_surrounds_it(line):
    assert read_objects(line) == [{"id": 1, "method": "login"}]


def test_two_objects_on_a_line():
    assert read_objects(SOUND + b" " + SOUND) == [json.loads(SOUND)] * 2


def test_integers_are_exact():
    assert read_objects(b'{"nonce":18446744073709551617}') == [{"nonce": 2**64 + 1}]


@pytest.mark.parametrize("line", [
    b"", b"{", b"[1,2]", b'{"a":', b"{" * 100_000, b'{"a":' * 100_000, b"[" * 100_000, b"\xff\xfe{", b"true",
])
def test_garbage_is_nothing(line):
    assert read_objects(line) == []


def test_number_of_a_million_digits_is_no_number():
    assert read_objects(b'{"id":' + b"9" * 1_000_000 + b',"a":1}') == [{"id": None, "a": 1}]


@given(st.binary(max_size=300))
def test_never_raises(line):
    read_objects(line)


@pytest.mark.parametrize("line", [b"2026-05-01 INFO sent " + SOUND, b"data=a&text=" + SOUND])
def test_object_in_a_text_is_a_quotation(line):
    assert read_objects(line) == []
    assert read_objects(SOUND + b", as in " + line) == [json.loads(SOUND)]


def feed_all(splitter, whole, step):
    return [line for at in range(0, len(whole), step) for line in splitter.feed(whole[at : at + step])]


NO_ENDS = bytes(set(range(256)) - set(b"\r\n\0{}"))


@given(st.lists(st.lists(st.sampled_from(NO_ENDS), min_size=1, max_size=40).map(bytes), max_size=10),
       st.integers(1, 17), st.sampled_from([b"\n", b"\r\n", b"\r", b"\0", b"\n\0", b"\n\n"]))
def test_lines_in_any_cut(lines, step, end):
    splitter = LineSplitter()
    assert feed_all(splitter, b"".join(line + end for line in lines), step) == lines
    assert splitter.close() == b""


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\0", b"\r\n", b"}\r\0"])
@pytest.mark.parametrize("inside", [b"\r", b"\0", b"\r\0\r"])
@pytest.mark.parametrize("step", [1, 3, 100])
def test_ends_inside_an_object_are_text(inside, end, step):
    """An agent or a login may hold them; only behind an object they end its line."""
    nasty = b'{"id":1,"agent":"cg' + inside + b'miner"}'
    found = feed_all(LineSplitter(), nasty + end + SOUND + b"\n", step)
    assert [read_objects(line)[0]["id"] for line in found if read_objects(line)] == [1, 1]
    assert "miner" in read_objects(found[0])[0]["agent"]


@given(st.lists(st.sampled_from([SOUND, b'{"a":{"b":[{}]},"c":"}"}', b"{}"]), max_size=8), st.integers(1, 40),
       st.sampled_from([b"", b"\n", b" ", b"\r\n"]))
def test_objects_in_any_cut_with_and_without_line_ends(objects, step, end):
    splitter = LineSplitter()
    whole = end.join(objects)
    lines = [*feed_all(splitter, whole, step), splitter.close()]
    assert [found for line in lines for found in read_objects(line)] == [json.loads(one) for one in objects]


def test_message_without_line_end_is_read_when_it_is_whole():
    splitter = LineSplitter()
    assert splitter.feed(SOUND[:-1]) == []
    assert splitter.feed(SOUND[-1:]) == [SOUND]
    assert splitter.feed(b"\n") == []
    assert splitter.feed(SOUND + SOUND) == [SOUND + SOUND]


def test_looking_for_messages_without_line_end_is_bounded():
    splitter = LineSplitter()
    for _ in range(MAX_TRIES):
        assert splitter.feed(b'{"a":{}') == []
    assert splitter.feed(b"}" * MAX_TRIES) == []
    splitter = LineSplitter()
    assert splitter.feed(b'{"a":"' + b"x" * MAX_UNENDED + b'"}') == []
    assert splitter.feed(b"\n") != []


@pytest.mark.parametrize("body", [SOUND, b"\xef\xbb\xbf \r\n" + SOUND + b"\r\n\0", b"[" + SOUND + b" ,\n   4]"])
def test_body_is_one_object_or_an_array(body):
    assert read_body(body) == [json.loads(SOUND)]


@pytest.mark.parametrize("body", [
    b"", b"true", b"text " + SOUND, SOUND + b"\n" + SOUND, b'{"index":{}}\n' + SOUND, b"<p>" + SOUND, SOUND[:-1],
    b"[" * 100_000,
])
def test_other_bodies_hold_no_message(body):
    assert read_body(body) == []


@pytest.mark.parametrize("filler", [b"\0", b"\r", b"\r\0", b'{"a":"\0\0\0'])
def test_fillers_cost_little(filler):
    """A megabyte of them, in segments; each byte was a line once, and cost a microsecond."""
    splitter, began = LineSplitter(), time.process_time()
    feed_all(splitter, filler * (1 << 20), 1448)
    assert time.process_time() - began < 0.5 * len(filler)
    assert feed_all(splitter, b'"}\n' + SOUND + b"\n", 1448)[-1:] == [SOUND]


def test_line_without_end_is_not_held():
    splitter = LineSplitter()
    for _ in range(100):
        assert splitter.feed(b"x" * 10_000) == []
        assert sum(map(len, splitter._pieces)) <= MAX_LINE
    assert splitter.feed(b"tail\n" + SOUND + b"\n") == [SOUND]
    assert splitter.too_long == 1


def test_message_that_begins_with_the_data_behind_a_gap_is_read():
    splitter = LineSplitter()
    splitter.gap()
    assert splitter.feed(b" " + SOUND + b"\n") == [b" " + SOUND]
    splitter.gap()
    assert splitter.feed(b'"x"}') == []
    assert splitter.feed(SOUND[:9]) == []
    assert splitter.feed(SOUND[9:] + b"\n") == [SOUND]


def test_gap_drops_the_broken_line_only():
    splitter = LineSplitter()
    assert splitter.feed(b'{"id":1') == []
    splitter.gap()
    assert splitter.feed(b'"x"}\n' + SOUND + b"\n") == [SOUND]
    assert splitter.feed(b"last") == []
    assert splitter.close() == b"last"
