import math

import pytest

from longtake.dit.guard import StepGuard
from longtake.dit.recipe import Guard

STEADY = [1.0, 1.2, 0.8, 1.1, 0.9, 1.0, 1.3, 1.0]


def judged(norms, config=None, *, warm=True):
    guard = StepGuard(config or Guard(spike=10.0))
    return [guard.judge(1.0, norm, warm=warm) for norm in norms]


@pytest.mark.parametrize(("loss", "norm"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, math.nan), (1.0, math.inf)])
def test_a_loss_or_a_gradient_that_is_no_number_is_skipped_even_in_the_warm_up(loss, norm):
    assert StepGuard(Guard()).judge(loss, norm, warm=False) == "not_finite"


def test_a_gradient_many_times_as_long_as_the_median_is_a_spike():
    assert judged([*STEADY, 9.9, 10.6]) == [*[""] * 9, "spike"]


def test_nothing_is_a_spike_in_the_warm_up_or_with_too_few_steps_behind_it():
    assert judged([*STEADY, 1e6], warm=False)[-1] == ""
    assert judged([*STEADY[:7], 1e6])[-1] == ""


def test_spikes_do_not_move_the_median():
    assert judged([*STEADY, 100.0, 100.0, 11.0, 1.0])[-4:] == ["spike", "spike", "spike", ""]


def test_the_median_is_that_of_the_last_window():
    slowly = [1.3**step for step in range(60)]
    assert set(judged(slowly, Guard(spike=10.0, window=8))) == {""}


def test_skipped_steps_in_a_row_are_counted_across_a_stop():
    guard = StepGuard(Guard(after=3))
    for loss in (math.nan, 1.0, math.nan, math.nan):
        guard.judge(loss, 1.0, warm=True)
    assert not guard.is_over
    later = StepGuard(guard.config, list(guard.norms), guard.skipped_in_a_row)
    later.judge(math.nan, 1.0, warm=True)
    assert later.is_over
