import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.report.distribution import bin_edges, bin_values, correlations, count_into

VALUES = st.lists(st.none() | st.floats())
COLUMN = st.lists(st.none() | st.floats(-1e9, 1e9), min_size=30, max_size=30)


@given(VALUES, st.integers(1, 40))
def test_every_finite_value_is_in_one_bin_of_about_as_many_as_are_asked_for(values, bins):
    counts, edges = bin_values(values, bins)
    assert sum(counts) == sum(value is not None and math.isfinite(value) for value in values)
    assert len(counts) == max(len(edges) - 1, 0) <= bins + 4
    assert edges == sorted(edges)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2))
def test_the_edges_hold_all_values_and_are_a_round_step_apart(values):
    edges = bin_edges(values)
    assert edges[0] <= min(values) <= max(values) <= edges[-1]
    steps = [b - a for a, b in pairwise(edges) if math.isfinite(b - a)]
    if len(steps) > 1:
        digits = f"{steps[0]:.3e}".partition("e")[0]
        assert float(digits) in (1, 2, 2.5, 5)
        assert max(steps) == pytest.approx(min(steps), rel=1e-3)


def test_what_lies_far_out_shares_an_open_bin_and_leaves_the_others_wide():
    values = [8 + 4 * k / 500 for k in range(500)] + [9e6, -9e6]
    counts, edges = bin_values(values)
    assert (edges[0], edges[-1]) == (-math.inf, math.inf)
    assert (counts[0], counts[-1]) == (1, 1)
    assert 5 < edges[1] < edges[-2] < 15


def test_a_long_tail_is_drawn_but_for_its_last_hundredth():
    values = [0.0] * 900 + [k / 100 for k in range(100)]
    counts, edges = bin_values(values)
    beyond = counts[-1] if math.isinf(edges[-1]) else 0
    assert beyond <= 10
    assert counts[0] >= 900


def test_constant_values_are_one_bin_and_no_values_are_none():
    assert bin_values([3.0] * 7) == ([7], [3.0, 3.0])
    assert bin_values([None, math.nan, math.inf]) == ([], [])


def test_a_value_on_an_edge_counts_above_it_and_one_beyond_counts_at_the_end():
    assert count_into([0, 1, 1.5, 2, 7, -7, None], [0, 1, 2]) == [2, 4]


@given(COLUMN, COLUMN)
def test_a_correlation_is_symmetric_bounded_and_one_with_itself(a, b):
    matrix = correlations([a, b])
    assert matrix[0][1] == matrix[1][0]
    assert all(value is None or -1 <= value <= 1 for row in matrix for value in row)
    assert all(matrix[k][k] is None or matrix[k][k] == pytest.approx(1) for k in range(2))


@given(COLUMN)
def test_ranks_do_not_care_how_values_are_stretched(column):
    stretched = [None if value is None else value * 8 for value in column]
    one = correlations([column, stretched])[0][1]
    other = correlations([column, [None if value is None else -value for value in stretched]])[0][1]
    assert (one is None and other is None) or (one == pytest.approx(1) and other == pytest.approx(-1))


def test_a_rank_correlation_is_the_one_of_the_textbook():
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    assert correlations([iq, hours])[0][1] == pytest.approx(-29 / 165)


def test_equal_values_share_their_mean_rank():
    assert correlations([[1, 2, 2, 3], [1, 2, 3, 4]])[0][1] == pytest.approx(4.5 / math.sqrt(4.5 * 5))


def test_what_is_missing_leaves_out_its_row_and_a_constant_has_no_correlation():
    a, b = [1, 2, None, 3, 9], [3, 2, 100, 1, None]
    assert correlations([a, b])[0][1] == pytest.approx(-1)
    assert correlations([[5, 5, 5], [1, 2, 3]]) == [[None, None], [None, pytest.approx(1)]]
    assert correlations([[1, 2], [2, 1]]) == [[None, None], [None, None]]
    assert correlations([]) == []


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError):
        correlations([[1, 2, 3], [1, 2]])
