"""Lines and objects as they really come: dirty, doubled, huge, endless."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.messages import MAX_LINE, LineSplitter, read_objects

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


@given(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b" ")), max_size=10), st.integers(1, 17))
def test_lines_in_any_cut(lines, step):
    whole = b"".join(line + b"\n" for line in lines)
    splitter, out = LineSplitter(), []
    for at in range(0, len(whole), step):
        out += splitter.feed(whole[at : at + step])
    assert out == lines
    assert splitter.close() == b""


def test_line_without_end_is_not_held():
    splitter = LineSplitter()
    for _ in range(100):
        assert splitter.feed(b"x" * 10_000) == []
        assert sum(map(len, splitter._pieces)) <= MAX_LINE
    assert splitter.feed(b"tail\n" + SOUND + b"\n") == [SOUND]
    assert splitter.too_long == 1


def test_gap_drops_the_broken_line_only():
    splitter = LineSplitter()
    assert splitter.feed(b'{"id":1') == []
    splitter.gap()
    assert splitter.feed(b'"x"}\n' + SOUND + b"\n") == [SOUND]
    assert splitter.feed(b"last") == []
    assert splitter.close() == b"last"
