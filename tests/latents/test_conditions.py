import math
from statistics import fmean, pstdev
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from longtake.dit.config import Condition
from longtake.latents.conditions import CONDITIONS, Spread, transform
from longtake.records import Score


def spread(*conditions):
    spread = Spread()
    for one in conditions:
        spread.add(one)
    return spread.statistics()


def test_samples_carry_what_models_can_be_conditioned_on():
    assert get_args(Condition) == CONDITIONS
    assert set(CONDITIONS) <= set(Score.__dataclass_fields__)


def test_motion_is_taken_on_a_logarithmic_scale_and_the_others_as_they_are():
    assert transform("motion", 0.0) == 0
    assert transform("motion", math.e - 1) == 1
    assert transform("clarity", 0.5) == 0.5


@given(st.lists(st.floats(0, 300), min_size=2, max_size=30))
def test_mean_and_deviation_are_those_of_all_values_at_once(values):
    mean, deviation = spread(*({"motion": value} for value in values))["motion"]
    logarithms = [math.log1p(value) for value in values]
    assert math.isclose(mean, fmean(logarithms), abs_tol=1e-9)
    assert math.isclose(deviation, pstdev(logarithms), rel_tol=1e-6) or pstdev(logarithms) < 1e-5


def test_what_is_unknown_is_passed_over_and_what_no_sample_has_is_left_out():
    found = spread(
        {"clarity": None, "vtss": 3.0, "aesthetic": None}, {"clarity": 0.5, "vtss": 5.0, "aesthetic": math.nan}
    )
    assert found == {"clarity": (0.5, 1.0), "vtss": (4.0, 1.0)}


def test_a_metric_that_is_the_same_everywhere_is_divided_by_one():
    assert spread({"vtss": 2.0}, {"vtss": 2.0}) == {"vtss": (2.0, 1.0)}
