import pytest

from longtake.annotating.agreement import measure_agreement
from tests.annotating.marks import labels

N = None
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
"""Four observers, twelve units: the example of K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), C."""


def test_alpha_of_krippendorff_s_own_example_is_his():
    assert measure_agreement(labels(KRIPPENDORFF)).alpha_before == pytest.approx(0.849, abs=5e-4)


def test_perfect_agreement_is_1_and_opposite_marks_are_minus_1_for_each_pair():
    same = measure_agreement(labels([[1, 2, 3, 5], [1, 2, 3, 5]]))
    assert (same.alpha_before, same.pairwise_plcc, same.pairwise_srcc, same.pairs) == pytest.approx((1, 1, 1, 1))
    turned = measure_agreement(labels([[1, 2, 3, 4], [4, 3, 2, 1]]))
    assert (turned.pairwise_plcc, turned.pairwise_srcc) == pytest.approx((-1, -1))
    assert turned.alpha_before < 0


def test_equal_marks_share_a_rank():
    (first, _) = measure_agreement(labels([[1, 1, 2, 5], [1, 1, 4, 5]])).annotators
    assert first.srcc_before == pytest.approx(1)
    assert first.plcc_before < 1


def test_what_is_not_defined_is_none():
    alone = measure_agreement(labels([[1, 2, 3]]))
    assert (alone.alpha_before, alone.pairwise_plcc, alone.shared_clips, alone.pairs) == (None, None, 0, 0)
    constant = measure_agreement(labels([[3, 3, 3, 3], [1, 2, 3, 4]]))
    assert [one.plcc_before for one in constant.annotators] == [None, None]
    assert constant.annotators[0].sd == 0
    two = measure_agreement(labels([[1, 2], [2, 3]]))  # over two clips every correlation is 1 or -1
    assert (two.pairs, two.annotators[0].plcc_before) == (0, None)
    assert measure_agreement(labels([[3, 3], [3, 3]])).alpha_before is None
