"""Patterns that wait until they are used are those of the library in all else."""

import re

import pytest

from netminer_detect.footprint import footprint
from netminer_detect.patterns import Pattern, pattern

TEXTS = ["", "abc", "ABC 12", "a1b22c333", "\n", "x" * 300]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("flags", [0, re.IGNORECASE])
def test_it_answers_as_a_compiled_one(text, flags):
    late, compiled = pattern("([a-c]+)([0-9]*)", flags), re.compile("([a-c]+)([0-9]*)", flags)
    for _ in range(2):
        for method in ("match", "search", "fullmatch"):
            found, wanted = getattr(late, method)(text), getattr(compiled, method)(text)
            assert (found and found.groups()) == (wanted and wanted.groups())
        assert late.findall(text) == compiled.findall(text)
        assert late.split(text) == compiled.split(text)
        assert late.sub(r"<\2>", text) == compiled.sub(r"<\2>", text)
        assert [one.span() for one in late.finditer(text)] == [one.span() for one in compiled.finditer(text)]


def test_it_reads_bytes():
    assert pattern(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_it_is_compiled_when_it_is_used():
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.match("")


def test_it_has_what_patterns_have_and_no_more():
    with pytest.raises(AttributeError):
        pattern("a").matches  # noqa: B018


def test_it_weighs_nothing():
    late = pattern("a+")
    before = footprint([late])
    late.match("aaa")
    assert isinstance(late, Pattern) and footprint([late]) == before == footprint([re.compile("a+")])
