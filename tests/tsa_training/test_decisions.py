import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.selecting.config import Range, Thresholds
from longtake.selecting.thresholds import only
from longtake.tsa_training.decisions import compare_ways, roc_of, shift_thresholds
from longtake.tsa_training.findings import Share
from tests.tsa_training.drawn import UNKNOWN, judged


def table(*rows):
    """Samples of (target, vtss)."""
    return [judged(str(n), target, vtss, *["blur"] * (target < 5)) for n, (target, vtss) in enumerate(rows)]


def test_both_errors_are_counted_against_the_target():
    rows = [
        judged("kept and clean", 5.0, 4.0),
        judged("thrown away and clean", 5.0, 2.0),
        judged("thrown away and good", 2.5, 1.9, "noise"),
        judged("let through", 2.4, 3.0, "noise"),
        judged("dropped and bad", 1.0, 1.0, "noise", clarity=0.1),
    ]
    own, equal, by_hand = compare_ways(rows, 2.5, Thresholds())
    assert (own.kept, own.bad_let_through, own.good_thrown_away) == (Share(2, 5), Share(1, 2), Share(2, 3))
    assert own.clean_thrown_away == Share(1, 2)
    assert own.accuracy == pytest.approx(2 / 5)
    assert (by_hand.kept, by_hand.bad_let_through, by_hand.good_thrown_away) == (Share(4, 5), Share(1, 2), Share(0, 3))
    assert (equal.kept, equal.threshold) == (Share(4, 5), 1.9)
    assert math.isnan(by_hand.threshold)


def test_ties_are_kept_or_dropped_together():
    rows = [judged(str(n), 5.0, vtss, clarity=0.1 * (n > 1) + 0.15) for n, vtss in enumerate([4.0, 3.0, 3.0, 3.0, 2.0])]
    _, equal, by_hand = compare_ways(rows, 2.5, Thresholds())
    assert (by_hand.kept.count, equal.kept.count) == (3, 4)


def test_a_threshold_on_what_no_sample_has_is_refused():
    with pytest.raises(UserError, match=r"thresholds\.text_share is given, but none of 1 samples has text_share"):
        compare_ways([judged("a", 5.0, 5.0, text_share=UNKNOWN)], 2.5, Thresholds())


def test_the_roc_of_a_known_table():
    found = roc_of(table((5, 4.5), (4, 4.0), (1, 3.5), (3, 3.0), (1, 2.0)))
    assert found.auc == pytest.approx(5 / 6)
    corners = [(point.bad_kept, point.good_kept, point.threshold) for point in found.points]
    assert corners == [
        (0, 0, math.inf), (0, pytest.approx(2 / 3), 4.0), (0.5, pytest.approx(2 / 3), 3.5), (0.5, 1, 3.0), (1, 1, 2.0),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=40))
def test_the_area_is_the_share_of_pairs_of_good_and_bad_that_are_in_order_with_ties_half(rows):
    good, bad = ([vtss for target, vtss in rows if (target >= 2.5) == side] for side in (True, False))
    found = roc_of(table(*rows))
    if not good or not bad:
        assert (found.points, math.isnan(found.auc)) == ((), True)
        return
    assert found.auc == pytest.approx(np.mean([(g > b) + 0.5 * (g == b) for g in good for b in bad]))
    xs, ys = [point.bad_kept for point in found.points], [point.good_kept for point in found.points]
    assert np.trapezoid(ys, xs) == pytest.approx(found.auc), "what is left out lies on straight lines"


def test_moving_more_thresholds_changes_the_side_of_more_samples():
    thresholds = only(clarity=Range(min=0.2), motion=Range(max=100), noise=Range(max=5), flicker=Range(max=3))
    rows = [
        judged("far inside", 5.0, 5.0),
        judged("barely clear, and good", 4.0, 3.6, "blur", clarity=0.21),
        judged("nearly clear, and bad", 2.0, 2.4, "blur", clarity=0.19),
        judged("barely slow, and bad", 2.0, 2.2, "speed", motion=95.0),
        judged("nearly fine, and good", 3.0, 2.6, "noise", noise=5.2),
        judged("far outside", 1.0, 1.0, "noise", noise=50.0),
    ]
    one, two, three, everything, by_height, by_value = shift_thresholds(rows, 2.5, thresholds)
    assert [found.way for found in (one, two, three)] == ["clarity", "clarity, motion", "clarity, motion, noise"]
    assert [(found.dropped, found.good_lost, found.added, found.bad_let_in) for found in (one, two, three)] == [
        (1, 1, 1, 1), (2, 1, 1, 1), (2, 1, 2, 1),
    ]  # fmt: skip
    # Of all four: one good sample dropped and one bad one kept; the stricter way loses another, but drops that bad one.
    assert (everything.errors, everything.stricter_errors, everything.looser_errors) == (2, 2, 2)
    assert everything.wrong == 2
    assert everything.way == "all 4 metrics with a threshold"
    assert (by_height.dropped, by_height.good_lost, by_height.added, by_height.bad_let_in) == (1, 1, 1, 1)
    assert (by_value.dropped, by_value.added) == (1, 1)
    assert (by_value.errors, by_value.stricter_errors, by_value.looser_errors) == (0, 1, 1)


def test_a_shift_of_10_percent_of_the_height_is_less_than_one_of_the_value():
    rows = table((2, 2.3), (2, 2.4), (3, 2.6), (3, 2.7))
    by_height, by_value = shift_thresholds(rows, 2.5, only(clarity=Range(min=0.2), motion=Range(min=0.1)))[-2:]
    assert (by_height.wrong, by_value.wrong) == (2, 4)
