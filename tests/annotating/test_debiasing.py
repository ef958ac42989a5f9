from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.annotating.agreement import measure_agreement
from longtake.annotating.debiasing import debias, debias_marks
from tests.annotating.marks import label, labels


def test_someone_who_is_stricter_and_twice_as_spread_is_brought_in_line():
    truth = dict(zip("abcdef", (1.5, 2.0, 2.5, 3.0, 3.5, 4.0), strict=True))
    calm = [label(clip, "calm", score) for clip, score in truth.items()]
    harsh = [label(clip, "harsh", 2 * score - 3) for clip, score in truth.items()]
    marks = debias_marks(calm + harsh)
    for clip in truth:
        assert marks[clip, "calm"] == pytest.approx(marks[clip, "harsh"])


def test_an_order_that_bias_has_turned_round_is_restored():
    truth = {f"{n:02}": 1 + n / 10 for n in range(21)}
    given = [label(clip, "plain", score) for clip, score in truth.items()]
    given += [label(clip, "loud", 2 * score - 1) for clip, score in list(truth.items())[::2]]  # he saw every second one
    plain_means = {clip: fmean(row.score for row in given if row.clip_id == clip) for clip in truth}
    debiased = debias(given)
    assert sorted(truth, key=plain_means.__getitem__) != list(truth)
    assert sorted(truth, key=debiased.__getitem__) == list(truth)
    before, after = (
        np.corrcoef(list(truth.values()), [found[c] for c in truth])[0, 1] for found in (plain_means, debiased)
    )
    assert after > 0.99 > before


@given(st.lists(st.integers(1, 5), min_size=2, max_size=20))
def test_one_annotator_alone_keeps_his_marks(scores):
    given = [label(str(n), "ann", score) for n, score in enumerate(scores)]
    assert debias(given) == pytest.approx({row.clip_id: row.score for row in given})


@given(st.lists(st.lists(st.integers(1, 5), min_size=6, max_size=6), min_size=1, max_size=4))
def test_every_clip_has_a_score_on_the_scale_and_each_annotator_the_common_mean_and_spread(table):
    given = labels(table)
    assert debias(given).keys() == {row.clip_id for row in given}
    assert all(1 <= score <= 5 for score in debias(given).values())
    every = [row.score for row in given]
    marks = debias_marks(given)
    for annotator in {annotator for _, annotator in marks}:
        own = [mark for (_, name), mark in marks.items() if name == annotator]
        assert fmean(own) == pytest.approx(fmean(every))
        assert pstdev(own) == pytest.approx(pstdev(every), abs=1e-9)


def test_someone_who_marks_everything_alike_says_nothing():
    given = labels([[1, 2, 3, 4], [5, 5, 5, 5]])
    assert {annotator for _, annotator in debias_marks(given)} == {"a0"}
    alone = [*given, label("only", "a1", 5)]
    assert debias(alone)["only"] == pytest.approx(fmean(row.score for row in alone))
    assert debias([]) == {}


def test_debiasing_raises_what_the_marks_themselves_agree_in_and_leaves_correlations_of_pairs_alone():
    rng = np.random.default_rng(0)
    truth = rng.uniform(1.5, 3.5, 200)
    table = [
        truth + rng.normal(0, 0.3, 200),
        1 + truth + rng.normal(0, 0.3, 200),
        2 * truth - 2 + rng.normal(0, 0.6, 200),
    ]
    found = measure_agreement(labels(table))
    assert found.alpha_after > 0.75
    assert found.alpha_after > found.alpha_before + 0.2
    again = measure_agreement([label(c, a, mark) for (c, a), mark in debias_marks(labels(table)).items()])
    assert again.pairwise_plcc == pytest.approx(found.pairwise_plcc)
    assert all(one.plcc_after >= one.plcc_before - 1e-3 for one in found.annotators)
