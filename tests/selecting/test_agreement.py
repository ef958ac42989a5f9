import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from longtake.selecting.agreement import AgreementTally, Table

some_clips = st.lists(st.tuples(st.integers(100, 500).map(lambda n: n / 100), st.booleans()), min_size=1, max_size=60)


def tallied(clips, threshold=2.5):
    tally = AgreementTally(threshold)
    for vtss, kept in clips:
        tally.add(vtss, kept)
    return tally.agreement()


def test_each_clip_is_in_one_of_four_fields():
    found = tallied([(4.0, True), (3.0, True), (2.5, False), (2.4, True), (1.0, False), (1.2, False)])
    assert found.table == Table(both=2, vtss_alone=1, thresholds_alone=1, neither=2)
    assert (found.table.clips, found.table.by_vtss, found.table.by_thresholds) == (6, 3, 3)


def test_a_threshold_of_many_digits_is_kept_to_exactly():
    assert tallied([(2.345, True), (2.3451, True)], threshold=2.3451).table == Table(1, 0, 1, 0)


@given(some_clips)
def test_at_equal_share_no_threshold_of_two_decimals_keeps_more_nearly_as_many(clips):
    found = tallied(clips)
    by_hand = sum(kept for _, kept in clips)
    assert found.equal_table.by_thresholds == by_hand
    off = abs(found.equal_table.by_vtss - by_hand)
    for least in {vtss for vtss, _ in clips}:
        assert off <= abs(sum(vtss >= min(least, 4.99) for vtss, _ in clips) - by_hand)


@given(some_clips)
def test_the_curve_climbs_from_none_to_all_in_numbers_that_json_has(clips):
    roc = tallied(clips).roc
    by_hand = {kept for _, kept in clips}
    assert (roc is None) == (len(by_hand) == 1)
    if roc:
        rows = np.array([roc.false_positives, roc.true_positives, roc.thresholds])
        assert rows.shape == (3, 101)
        assert (rows[:2, 0] == 0).all()
        assert (rows[:2, -1] == 1).all()
        assert (np.diff(rows[:2]) >= 0).all()
        assert (np.diff(rows[2]) < 0).all()
        json.dumps(rows.tolist(), allow_nan=False)


def test_vtss_that_foretells_the_thresholds_has_the_corner_on_its_curve():
    roc = tallied([(4.0, True)] * 3 + [(2.0, False)] * 2).roc
    assert (0.0, 1.0) in zip(roc.false_positives, roc.true_positives, strict=True)


def test_of_no_clips_there_is_nothing_to_say():
    assert AgreementTally(2.5).agreement() is None
