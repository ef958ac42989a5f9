import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.config import load_config
from longtake.errors import UserError
from longtake.records import METRICS
from longtake.selecting.config import Range, SelectingConfig, Thresholds
from longtake.selecting.thresholds import (
    ALL_EQUAL,
    MEASURES,
    REASONS,
    bounds,
    check_measured,
    columns_of,
    judge,
    margin,
    only,
    spreads,
    within,
)

from .drawn import score

numbers = st.floats(-1e6, 1e6)
ranges = st.tuples(st.none() | numbers, st.none() | numbers).map(
    lambda pair: Range(min=pair[0], max=pair[1]) if None in pair else Range(min=min(pair), max=max(pair))
)
some_thresholds = st.dictionaries(st.sampled_from(MEASURES), ranges, max_size=5).map(lambda given: only(**given))
some_scores = st.fixed_dictionaries({metric: numbers for metric in MEASURES}).map(lambda values: score(**values))


def test_a_clip_within_every_threshold_is_kept():
    assert judge(score(motion=4.0, clarity=0.5), only(motion=Range(min=1, max=100))).kept
    assert judge(score(), only()).kept


def test_a_bound_itself_is_kept():
    thresholds = only(motion=Range(min=1, max=1))
    assert judge(score(motion=1.0), thresholds).kept
    assert judge(score(motion=math.nextafter(1, 0)), thresholds).reason == "motion_low"
    assert judge(score(motion=math.nextafter(1, 2)), thresholds).reason == "motion_high"


def test_the_reason_is_the_first_failure_in_the_fixed_order_and_the_detail_is_all_of_them():
    thresholds = only(
        vtss=Range(min=2.5), text_share=Range(max=0.02), clarity=Range(min=0.2), motion=Range(min=1), noise=Range(max=9)
    )
    verdict = judge(score(motion=0.4, clarity=0.1, text_share=0.3, vtss=1.25, noise=3.0), thresholds)
    assert not verdict.kept
    assert verdict.reason == "motion_low"
    assert verdict.detail == (
        "motion 0.4, at least 1; clarity 0.1, at least 0.2; text_share 0.3, at most 0.02; vtss 1.25, at least 2.5"
    )


def test_a_clip_that_could_not_be_measured_is_dropped_with_what_its_score_says():
    blind = score(**dict.fromkeys(MEASURES), reason="corrupt", detail="no keyframe")
    for thresholds in (only(), only(motion=Range(min=1))):
        verdict = judge(blind, thresholds)
        assert (verdict.kept, verdict.reason, verdict.detail) == (False, "not_measured", "corrupt: no keyframe")
        check_measured([blind], thresholds)
        assert margin(blind, thresholds, spreads(columns_of([blind]))) == -math.inf


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("aesthetic", "with `aesthetics`"),
        ("text_share", "`text: true`"),
        ("vtss", "a network"),
        ("noise", "with longtake"),
    ],
)
def test_a_threshold_on_what_was_not_measured_is_the_users_mistake_with_a_way_out(metric, words):
    thresholds = only(**{metric: Range(min=0)})
    blank, full = score(**{metric: None}), score(**{metric: 1.0})
    with pytest.raises(UserError) as fault:
        check_measured([full, blank, full], thresholds)
    assert f"thresholds.{metric} is given, but 1 of 3 clips have no {metric}" in str(fault.value)
    assert words in str(fault.value)
    assert str(fault.value).endswith(f"or drop the threshold by `{metric}: {{}}`")
    for ask in (lambda: judge(blank, thresholds), lambda: margin(blank, thresholds, dict.fromkeys(MEASURES, 1.0))):
        with pytest.raises(UserError, match=metric):
            ask()
    check_measured([full], thresholds)
    check_measured([blank], only(motion=Range(min=0)))


def test_every_metric_that_is_missing_is_named_at_once():
    with pytest.raises(UserError, match=r"thresholds\.text_share.*; thresholds\.vtss"):
        check_measured([score(text_share=None, vtss=None)], only(vtss=Range(min=2), text_share=Range(max=0.1)))


def test_a_number_that_is_none_is_within_no_bound():
    broken = score(motion=math.nan)
    assert judge(broken, only(motion=Range(min=0))).reason == "motion_low"
    assert judge(broken, only(motion=Range(max=9))).reason == "motion_high"
    assert margin(broken, only(motion=Range(min=0), noise=Range(max=9)), {"motion": 1.0, "noise": 1.0}) == -math.inf


@given(some_scores, some_thresholds)
def test_verdict_columns_and_margin_agree(one, thresholds):
    columns = columns_of([one])
    verdict = judge(one, thresholds)
    distance = margin(one, thresholds, spreads(columns))
    assert within(columns, thresholds).tolist() == [verdict.kept]
    assert (distance >= 0) == verdict.kept
    assert (distance == math.inf) == (not list(bounds(thresholds)))
    assert verdict.reason in REASONS or verdict.kept
    assert (verdict.detail or "").count(";") < max(1, len(list(bounds(thresholds))))


def test_the_margin_is_to_the_nearest_bound_in_units_of_the_spread():
    thresholds = only(motion=Range(min=10, max=50), clarity=Range(min=0.2))
    spread = {"motion": 10.0, "clarity": 0.1}
    assert margin(score(motion=30.0, clarity=0.25), thresholds, spread) == pytest.approx(0.5)
    assert margin(score(motion=49.0, clarity=0.9), thresholds, spread) == pytest.approx(0.1)
    assert margin(score(motion=0.0, clarity=0.1), thresholds, spread) == pytest.approx(-1)
    assert margin(score(motion=80.0, clarity=0.1), thresholds, spread) == pytest.approx(-3)


def test_the_spread_is_of_the_middle_half_and_never_zero():
    values = np.concatenate([np.arange(101.0), [1e9]])
    mostly_zero = np.array([0.0] * 9 + [1.0])
    found = spreads({
        "motion": values, "noise": np.append(values, np.nan), "text_share": mostly_zero, "contrast": np.full(5, 0.3),
        "vtss": np.full(3, np.nan), "aesthetic": np.empty(0),
    })  # fmt: skip
    assert found["motion"] == pytest.approx(50.5)
    assert found["noise"] == found["motion"]
    assert found["text_share"] == pytest.approx(0.3)
    assert (found["contrast"], found["vtss"], found["aesthetic"]) == (ALL_EQUAL, 1, 1)


def test_columns_hold_the_clips_that_were_measured_and_nan_for_null():
    columns = columns_of([score(motion=1.0), score(reason="corrupt", motion=None), score(motion=3.0, vtss=None)])
    assert list(columns) == list(MEASURES)
    assert columns["motion"].tolist() == [1, 3]
    assert np.isnan(columns["vtss"]).tolist() == [False, True]


def test_every_metric_can_have_a_threshold_and_every_reason_a_sentence():
    assert tuple(field.name for field in dataclasses.fields(Thresholds)) == MEASURES == (*METRICS, "aesthetic", "vtss")
    assert set(REASONS) == {f"{m}_{w}" for m in MEASURES for w in ("low", "high")} | {"not_measured", "duplicate"}
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in REASONS.values())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"thresholds": {"motoin": {"min": 1}}}, "unknown key 'thresholds.motoin'; did you mean 'motion'?"),
        ({"thresholds": {"motion": {"mn": 1}}}, "unknown key 'thresholds.motion.mn'; did you mean 'min'?"),
        ({"thresholds": {"motion": {"min": 3, "max": 1}}}, "'thresholds.motion': min 3 is above max 1"),
        ({"thresholds": {"clarity": {"min": math.nan}}}, "finite number"),
        ({"duplicate_bits": 25}, "'duplicate_bits' is 25; input should be less than or equal to 24"),
    ],
)
def test_a_wrong_config_is_one_sentence(given, words):
    with pytest.raises(UserError) as fault:
        load_config(SelectingConfig, given, where="selecting config")
    assert words in str(fault.value)


def test_a_metric_that_is_the_same_for_all_clips_decides_no_margin():
    rows = [score(motion=value, text_share=0.0) for value in (1.0, 2.0, 5.0, 9.0)]
    thresholds = only(motion=Range(min=0.5), text_share=Range(max=0.02))
    spread = spreads(columns_of(rows))
    margins = [margin(row, thresholds, spread) for row in rows]
    assert margins == sorted(set(margins))
