import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.selecting.config import Range
from longtake.selecting.thresholds import MEASURES, bounds, only, within
from longtake.selecting.tuning import BAD_SIDES, PAPER_KEEP, tune, tune_vtss


def footage(count, seed=0):
    """Columns that look a little like those of real clips: skewed, mostly zero, bounded, and tied to each other."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=count)
    return {
        "motion": rng.lognormal(2, 1.5, count),
        "camera_motion": rng.lognormal(1, 1, count),
        "clarity": 1 / (1 + np.exp(-quality + rng.normal(size=count) / 2)),
        "noise": np.exp(-quality),
        "brightness": rng.beta(4, 4, count),
        "text_share": np.where(rng.random(count) < 0.7, 0.0, rng.random(count) / 5),
        "border_share": np.zeros(count),
    }


@pytest.mark.parametrize("keep", [0.1, 0.5, PAPER_KEEP, 0.9, 0.99])
def test_the_share_that_is_asked_for_is_kept(keep):
    columns = footage(20_000)
    tuned = tune(columns, keep)
    assert tuned.kept == pytest.approx(keep, abs=0.01)
    assert tuned.kept == within(columns, tuned.thresholds).mean()


def test_all_is_kept_where_all_is_asked_for():
    assert tune(footage(1000), 1).kept == 1


def test_what_the_paper_keeps_is_the_default():
    assert tune(footage(20_000)).kept == pytest.approx(0.7708, abs=0.005)


def test_each_bad_side_cuts_the_same_share():
    columns = {"motion": np.arange(10_000.0), "clarity": np.arange(10_000.0), "noise": np.arange(10_000.0)}
    tuned = tune(columns, 0.8)
    cut = [
        within(columns, only(**{metric: Range(**{side: bound})})) for metric, side, bound in bounds(tuned.thresholds)
    ]
    assert [1 - kept.mean() for kept in cut] == pytest.approx([tuned.quantile] * 4, abs=0.01)
    assert [(metric, side) for metric, side, _ in bounds(tuned.thresholds)] == [
        ("motion", "min"), ("motion", "max"), ("clarity", "min"), ("noise", "max"),
    ]  # fmt: skip


def test_a_constant_metric_cuts_nothing():
    tuned = tune({"border_share": np.full(100, 0.123456), "clarity": np.full(100, 0.123456)}, 0.5)
    assert tuned.kept == 1
    assert tuned.thresholds.border_share.max == 0.124
    assert tuned.thresholds.clarity.min == 0.123


def test_bounds_have_three_digits_and_are_rounded_away_from_what_is_kept():
    columns = {"motion": -np.linspace(1.23456, 9.87654, 101), "clarity": np.linspace(0.123456, 0.987654, 101)}
    tuned = tune(columns, 1).thresholds
    assert (tuned.motion.min, tuned.motion.max, tuned.clarity.min) == (-9.88, -1.23, 0.123)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(BAD_SIDES)),
        st.lists(st.sampled_from([0.0, 0.1, 0.25, 3.0]) | st.floats(-1e9, 1e9), min_size=12, max_size=12).map(np.array),
        min_size=1, max_size=4,
    ),
    st.floats(0.01, 1),
)  # fmt: skip
def test_no_common_quantile_comes_nearer(columns, keep):
    tuned = tune(columns, keep)
    assert tuned.kept == within(columns, tuned.thresholds).mean()
    for asked in (tuned.kept, *(number / 12 for number in range(1, 13))):
        if asked > 0:
            other = tune(columns, asked)
            assert abs(tuned.kept - keep) <= abs(other.kept - keep) + 1e-12


def test_one_side_alone_can_cut_nearly_everything():
    assert tune({"noise": np.arange(1000.0)}, 0.05).kept == pytest.approx(0.05, abs=0.01)


def test_sides_may_be_told():
    tuned = tune({"camera_motion": np.arange(1000.0)}, 0.9, {"camera_motion": {"max": "tripods only"}})
    assert [(metric, side) for metric, side, _ in bounds(tuned.thresholds)] == [("camera_motion", "max")]


def test_a_metric_that_was_not_measured_has_no_threshold():
    columns = footage(1000) | {"aesthetic": np.full(1000, np.nan)}
    tuned = tune(columns)
    assert tuned.thresholds.aesthetic == Range()
    assert tuned.kept == pytest.approx(PAPER_KEEP, abs=0.01)


@pytest.mark.parametrize(
    ("columns", "keep", "sides", "words"),
    [
        ({"noise": np.arange(9.0)}, 0, None, "keep is 0; expected a share above 0"),
        ({"noise": np.arange(9.0)}, 77, None, "keep is 77; expected a share above 0 and at most 1"),
        ({"noise": np.arange(9.0)}, float("nan"), None, "keep is nan"),
        ({"noise": np.array([1, np.nan, 2])}, 0.7, None, "noise is missing in 1 of 3 clips"),
        ({"noise": np.array([1, np.inf, 2])}, 0.7, None, "noise is missing in 1 of 3 clips"),
        ({"noise": np.full(3, np.nan)}, 0.7, None, "nothing to tune on"),
        ({"noise": np.empty(0)}, 0.7, None, "nothing to tune on"),
        ({}, 0.7, None, "nothing to tune on"),
        ({"noise": np.arange(9.0)}, 0.7, {"sharpness": {"min": "soft"}}, "'sharpness', which is no metric"),
    ],
)
def test_what_cannot_be_tuned_is_said(columns, keep, sides, words):
    with pytest.raises(UserError) as fault:
        tune(columns, keep, sides)
    assert words in str(fault.value)


def test_every_bad_side_has_its_reason_and_what_competes_has_none():
    assert set(MEASURES) - set(BAD_SIDES) == {"camera_motion", "vtss"}
    assert all(reason for sides in BAD_SIDES.values() for reason in sides.values())


@settings(deadline=None)
@given(st.lists(st.floats(1, 5), min_size=1, max_size=50), st.floats(0.01, 1))
def test_the_tuned_vtss_keeps_what_it_says_and_no_other_of_two_decimals_is_nearer(values, keep):
    scores = np.array(values)
    least, kept = tune_vtss(scores, keep)
    assert kept == pytest.approx((scores >= least).mean())
    off = abs(kept - keep)
    assert all(off <= abs((scores >= other).mean() - keep) + 1e-9 for other in np.arange(100, 501, 7) / 100)


def test_a_share_or_a_table_that_gives_no_vtss_threshold_is_one_sentence():
    with pytest.raises(UserError, match="keep is 0; expected a share"):
        tune_vtss(np.array([3.0]), 0)
    with pytest.raises(UserError, match="no clip has a VTSS"):
        tune_vtss(np.empty(0), 0.5)
