import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

import longtake.report
from longtake.report.plots import bin_values, correlation_svg, histogram_svg, number, numbers_apart
from tests.report.reading import EVIL, Reader, check_stands_alone

VALUES = st.lists(st.floats(-1e9, 1e9), max_size=60)
NAMES = st.text(max_size=40).map(lambda text: "".join(char for char in text if char.isprintable()))


def xs(svg):
    return [float(x) for x in re.findall(r' x="([-\d.]+)"', svg)]


@given(VALUES, NAMES, st.dictionaries(NAMES, st.floats(-1e9, 1e9), max_size=3))
def test_a_histogram_says_the_count_of_each_bin_whatever_it_is_called(values, label, marks):
    counts, edges = bin_values(values)
    svg = histogram_svg(counts, edges, label=label, marks=marks)
    assert isinstance(svg, Markup)
    check_stands_alone(svg)
    (drawn,) = Reader(svg).all("svg")
    assert drawn["aria-label"] == label
    assert [int(n.replace(",", "")) for n in re.findall(r"<title>[^<]*: ([\d,]+)</title>", svg)] == counts
    assert all(0 <= x <= 360 for x in xs(svg))


def test_kept_and_dropped_are_stacked_and_both_are_said():
    svg = histogram_svg([30, 0], [0, 1, 2], dropped=[10, 1], label="motion")
    assert "<title>0 to 1: 30 kept, 10 dropped</title>" in svg
    found = re.findall(r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)" fill="var\(--(\w+)\)"', svg)
    bars = [(float(y), float(height), colour) for y, height, colour in found]
    (kept_y, kept_h, kept), (off_y, off_h, off) = bars[:2]
    assert (kept, off) == ("kept", "dropped")
    assert off_y + off_h == pytest.approx(kept_y, abs=0.11)
    assert kept_h == pytest.approx(3 * off_h, abs=0.3)
    assert bars[2][1] >= 1.5, "one clip is seen beside forty"


def test_a_mark_lies_where_its_value_does_and_one_beyond_the_axis_has_an_arrow():
    svg = histogram_svg([1, 1, 1, 1], [0, 1, 2, 3, 4], label="", marks={"min": 1.0, "max": 99.0})
    places = [float(x) for x in re.findall(r'<path d="M([\d.]+) [\d.]+V', svg)]
    assert places == [pytest.approx(38 + 322 / 4, abs=0.1), 360]
    assert ">min 1<" in svg
    assert ">max 99 →<" in svg
    assert ">← min −5<" in histogram_svg([1], [0, 1], label="", marks={"min": -5.0})


def test_open_bins_are_said_to_be_open():
    svg = histogram_svg([2, 5, 3], [-math.inf, 1, 2, math.inf], label="")
    assert "<title>below 1: 2</title>" in svg
    assert "<title>2 and above: 3</title>" in svg
    assert "&lt; 1<" in svg
    assert "&gt; 2<" in svg


def test_nothing_and_a_constant_can_be_drawn():
    assert "no values" in histogram_svg([], [], label="motion", marks={"min": 1})
    assert ">0.5<" in histogram_svg([9], [0.5, 0.5], label="motion", marks={"min": 0.5})
    Reader(correlation_svg([], [])).check_closed()


def test_a_plot_of_other_bins_than_edges_is_refused():
    with pytest.raises((ValueError, IndexError)):
        histogram_svg([1, 2], [0, 1], label="")
    with pytest.raises(ValueError):
        histogram_svg([1, 2], [0, 1, 2], dropped=[1], label="")


def test_a_correlation_matrix_shows_each_pair_once_with_its_number():
    svg = correlation_svg(["a", "b", EVIL], [[1.0, -0.5, None], [-0.5, 1.0, 0.123], [None, 0.123, 1.0]])
    check_stands_alone(svg)
    titles = re.findall(r"<title>(.*?)</title>", svg)
    assert titles == ["b and a: −0.50", titles[1]]
    assert titles[1].endswith(": +0.12")
    assert svg.count(">–<") == 1


def test_plots_are_drawn_in_the_variables_of_the_page():
    base = (Path(longtake.report.__file__).parent / "templates" / "base.html").read_text()
    svg = histogram_svg([1, 2], [0, 1, 2], label="", marks={"min": 1}, dropped=[1, 1]) + correlation_svg(
        ["a", "b"], [[1, 0.9], [0.9, 1]]
    )
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"transparent"}
    assert colours
    for colour in colours:
        assert f"{colour.removeprefix('var(').removesuffix(')')}: #" in base


@pytest.mark.parametrize(
    ("value", "shown"), [
        (None, "–"), (math.nan, "–"), (0.0, "0"), (-0.0, "0"), (0.123456, "0.123"), (12345.6, "12,346"), (-2.5, "−2.5"),
        (0.00001234, "1.23e−5"), (1234567, "1.23e6"), (math.inf, "∞"),
    ],
)  # fmt: skip
def test_numbers_are_shown_for_people(value, shown):
    assert number(value) == shown


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_two_numbers_are_told_apart_as_far_as_floats_are(one, other):
    a, b = numbers_apart(one, other)
    assert (a != b) or one == pytest.approx(other, rel=1e-14)
