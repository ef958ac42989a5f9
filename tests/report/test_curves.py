import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from longtake.report.curves import Axis, Series, chart_svg
from tests.report.reading import EVIL, Reader, check_stands_alone

UNIT = Axis.between("", (0, 0.5, 1))
NUMBERS = st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf])


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30),
    st.sampled_from(["line", "dashed", "dotted line", "dots", "mark"]),
)
@example([(0.0, 5e-324)], "line")
@example([(-1e-300, 1e-200)], "dots")
def test_whatever_is_drawn_lies_inside_the_picture(points, style):
    axes = [Axis.over("", [point[axis] for point in points]) for axis in (0, 1)]
    svg = chart_svg([Series(points=points, name="a", style=style)], *axes, label="")
    check_stands_alone(svg)
    width, height = map(float, Reader(svg).all("svg")[0]["viewbox"].split()[2:])
    for dot in Reader(svg).all("circle"):
        assert 0 <= float(dot["cx"]) <= width
        assert 0 <= float(dot["cy"]) <= height
    assert "nan" not in svg
    assert "inf" not in svg


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_evenly_spaced_and_inside_the_axis(low, span):
    axis = Axis.over("", [low, low + span])
    assert 1 <= len(axis.ticks) <= 6
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)


def test_a_point_lies_where_its_axes_say_and_one_beyond_them_at_their_end():
    svg = chart_svg(
        [Series(points=[(0, 0), (1, 1), (9, 0.5)], style="dots")], UNIT, UNIT, label="", width=344, height=100
    )
    places = [(float(dot["cx"]), float(dot["cy"])) for dot in Reader(svg).all("circle")]
    assert places == [(36, 106), (336, 6), (336, 56)]


def test_a_line_leaves_out_what_is_not_known():
    svg = chart_svg([Series(points=[(0, 0), (0.5, math.nan), (1, 1)])], UNIT, UNIT, label="")
    (line,) = re.findall(r'<path d="(M[^"]*L[^"]*)"', svg)
    assert line.count("L") == 1


def test_series_of_one_name_have_one_key_and_names_are_text():
    svg = chart_svg([Series(points=[(0, 1)], name=EVIL, said=[EVIL])] * 3, Axis.between(EVIL, (0, 1)), UNIT, label=EVIL)
    check_stands_alone(svg)
    assert Reader(str(svg)).text.count(EVIL) == 1 + 3 + 1, "the key, the dots and the axis"


@pytest.mark.parametrize("values", [[], [3.0], [0.0, 0.0], [-2.0, -2.0]])
def test_an_axis_of_little_is_an_axis(values):
    axis = Axis.over("", values)
    assert axis.low < axis.high
    assert axis.ticks
