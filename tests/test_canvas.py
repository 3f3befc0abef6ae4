"""Lines and tables in so many columns: nothing is lost, nothing stands over."""

import itertools
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.outputs.canvas import LEAST, STYLES, Canvas, Column, Look, columns, wrapped
from netminer_detect.outputs.escape import plain

TEXTS = st.text(st.sampled_from("ab -.,矿工ｗe\u0301\u20dd é🙂"), max_size=120).map(plain)
ESCAPES = re.compile(r"\x1b\[[0-9;]+m")


def width_of(text):
    """As `columns`, but slow and obvious."""
    wide = {"W": 2, "F": 2}
    return sum(0 if unicodedata.category(char) in ("Mn", "Me") else wide.get(unicodedata.east_asian_width(char), 1)
               for char in text)


def drawn(draw, width=40, look=Look.PLAIN):
    canvas = Canvas(width, look)
    draw(canvas)
    return canvas.drawn()


def test_widths():
    assert [columns(text) for text in ("", "abc", "矿工", "e\u0301", "ｗ", "·…")] == [0, 3, 4, 1, 2, 2]


@given(TEXTS)
def test_widths_are_those_of_the_characters(text):
    assert columns(text) == width_of(text)


@given(TEXTS, st.integers(2, 60))
def test_wrapped_lines_are_the_text_and_fit(text, width):
    lines = wrapped(text, width)
    assert "".join(lines) == text
    assert all(columns(line.rstrip()) <= width for line in lines)


@given(st.lists(st.text("abc", min_size=1, max_size=8), max_size=20), st.integers(8, 40))
def test_words_that_fit_are_not_torn(words, width):
    lines = wrapped(" ".join(words), width)
    assert [word for line in lines for word in line.split()] == words
    # Each line took what it could.
    for line, after in itertools.pairwise(lines):
        assert len(line.rstrip()) + 1 + len(after.split()[0]) > width


def test_a_long_word_is_folded():
    assert wrapped("at " + "x" * 25 + " end", 10) == ["at ", "x" * 10, "x" * 10, "xxxxx end"]
    assert wrapped("矿工矿工", 3) == ["矿", "工", "矿", "工"]


def test_lines_have_no_blanks_at_their_ends_and_parts_keep_their_style():
    text = drawn(lambda canvas: canvas.parts([("one", "bold"), ("  two three ", "dim")]), LEAST, Look.COLOUR)
    assert text == "\x1b[1mone\x1b[0m\x1b[2m  two three\x1b[0m\n"
    text = drawn(lambda canvas: canvas.parts([("a" * 12, "bold"), (" " + "b" * 12, "yellow")], 2), LEAST, Look.COLOUR)
    assert text == f"  \x1b[1m{'a' * 12}\x1b[0m\n  \x1b[33m{'b' * 12}\x1b[0m\n"
    assert drawn(lambda canvas: canvas.line()) == "\n"


@pytest.mark.parametrize(("look", "text"), [
    (Look.PLAIN, "no"), (Look.TYPE, "\x1b[1mno\x1b[0m"), (Look.COLOUR, "\x1b[1;31mno\x1b[0m")])
def test_looks(look, text):
    assert drawn(lambda canvas: canvas.line("no", "bold red"), look=look) == text + "\n"


def test_a_table():
    def draw(canvas):
        canvas.table(
            [Column("Name"), Column("Count", right=True), Column("Why", rest=True)],
            [[[("矿工", "cyan")], [("7", "")], [("so", ""), ("and so on", "dim")]], [[("b", "")], [], [("no", "")]]])

    assert drawn(draw) == (
        "Name  Count  Why\n"
        "矿工      7  so\n"
        "             and so on\n"
        "b            no\n")
    assert "\x1b[36m矿工\x1b[0m      7  so\n" in drawn(draw, look=Look.COLOUR)


def test_columns_give_way_where_there_is_no_room():
    def draw(canvas):
        canvas.table([Column(least=4), Column(whole=True), Column(least=3)],
                     [[[("aaaa bbbb cccc", "")], [("whole cell", "")], [("d e f g h i", "")]]])

    assert drawn(draw, 24) == "aaaa   whole cell  d e f\nbbbb               g h i\ncccc\n"
    assert drawn(draw, 21).startswith("aaaa  whole cell  d e\n")
    # Where even that is not enough, all do.
    assert max(map(len, drawn(draw, 20).splitlines())) <= 20


def test_a_column_has_room_for_a_wide_character():
    def draw(canvas):
        canvas.table([Column(heading="币"), Column(whole=True)], [[[("矿工", "")], [("x" * 40, "")]]])

    assert all(columns(line) <= 20 for line in drawn(draw, 20).splitlines())


CELLS = st.lists(st.tuples(TEXTS, st.sampled_from(sorted(STYLES))), max_size=3)
COLUMNS = st.builds(Column, heading=st.sampled_from(["", "Heading"]), least=st.integers(2, 15), whole=st.booleans(),
                    right=st.booleans())


@given(st.data(), st.lists(COLUMNS, min_size=1, max_size=5), st.integers(LEAST, 120), st.sampled_from(list(Look)))
def test_no_table_stands_over_or_loses_a_letter(data, places, width, look):
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(places), max_size=len(places)), max_size=3))
    text = drawn(lambda canvas: canvas.table(places, rows), width, look)
    shown = ESCAPES.sub("", text)
    assert (shown == text) or look > Look.PLAIN
    assert all(columns(line) <= width and line == line.rstrip() for line in shown.splitlines())
    said = "".join(part for row in rows for cell in row for part, _ in cell)
    said += "".join(column.heading for column in places)
    assert sorted(re.sub(r"\s", "", said)) == sorted(re.sub(r"\s", "", shown))
