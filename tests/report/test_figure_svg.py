import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.report.figure_svg import BAD, INK, KEPT, RAMP, draw_svg, log_axis, power, ramp, ramps
from longtake.report.plots import amount
from tests.report.reading import EVIL, Reader, check_stands_alone


def draw(figure):
    axes = figure.subplots()
    axes.plot([2e5, 5e6], [1, 2], color=KEPT, label="<b>&")
    axes.scatter([2e5, 5e6], [2, 1], color=BAD, urls=["first", EVIL])
    axes.fill_between([2e5, 5e6], [0, 0], [1, 1], color=INK, alpha=0.2)
    log_axis(axes, "x", 1e5, 1e7)
    axes.legend()


def drawn():
    return draw_svg(draw, label="a line", width=400, height=300)


def test_a_figure_stands_alone_in_the_colours_of_its_page_and_with_no_ids():
    page = f"<html>{drawn()}</html>"
    check_stands_alone(page)
    elements = Reader(page).elements
    painted = {attributes[key] for _, attributes in elements for key in ("fill", "stroke") if key in attributes}
    assert {"var(--ink)", "var(--dim)", "var(--line)", "var(--kept)", "var(--bad)"} <= painted
    assert not [colour for colour in painted if colour.startswith("#0000f")]
    assert not [tag for tag, attributes in elements if tag in ("use", "defs", "a") or "id" in attributes]


def test_points_say_what_they_are_when_pointed_at():
    page = Reader(f"<html>{drawn()}</html>")
    assert len(page.all("title")) == 2
    assert "first" in page.text
    assert EVIL in page.text
    assert "<b>&" in page.text


def test_the_same_drawing_gives_the_same_bytes():
    assert drawn() == drawn()


def test_an_axis_of_powers_has_round_numbers():
    assert [tick in Reader(f"<html>{drawn()}</html>").text for tick in ("100k", "1M", "10M")] == [True] * 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [(999.4, "999"), (999.8, "1k"), (131_072, "131k"), (999_900, "1M"), (1.0737e9, "1.07B"), (3e12, "3T"), (5, "5")],
)
def test_an_amount_is_said_in_three_digits_and_a_letter(value, shown):
    assert amount(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(3e14, "3e14"), (7.5419e14, "7.54e14"), (1.5e-3, "0.0015"), (2.5e-4, "2.5e−4"), (-2e-5, "−2e−5"), (math.nan, "–"), (1234.5, "1,234")],
)  # fmt: skip
def test_a_number_far_from_one_is_said_with_its_power_of_ten(value, shown):
    assert power(value) == shown


@given(st.floats(1e-12, 1e30))
def test_a_power_reads_back_to_three_digits(value):
    assert float(power(value).replace("−", "-").replace(",", "")) == pytest.approx(value, rel=5.1e-3)


@given(st.floats(-1, 2))
def test_a_ramp_goes_from_its_first_colour_to_its_last(share):
    assert len(ramp(share)) == 7
    assert int(ramp(share)[1:], 16) < 1 << 24
    assert (ramp(min(share, 0.0)), ramp(max(share, 1.0))) == (RAMP[0], RAMP[-1])


def test_values_are_coloured_by_their_place_in_logarithms():
    assert list(ramps([1.0, 100.0, 10_000.0]).values()) == [RAMP[0], RAMP[2], RAMP[4]]
    assert ramps([7.0]) == {7.0: RAMP[0]}
