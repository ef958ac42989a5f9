import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.dit.recipe import Schedule
from longtake.dit.schedule import rate_at

schedules = st.builds(
    Schedule, kind=st.sampled_from(["constant", "cosine", "decay"]), warmup_steps=st.integers(0, 50),
    decay_share=st.floats(0.01, 1), final=st.floats(0, 1),
)  # fmt: skip


@given(schedules, st.integers(1, 500))
def test_the_rate_rises_over_the_warm_up_never_exceeds_its_peak_and_never_rises_again(schedule, steps):
    rates = [rate_at(schedule, step, step / steps) for step in range(steps)]
    assert all(0 <= rate <= 1 for rate in rates)
    after = rates[schedule.warmup_steps :]
    assert all(later <= rate + 1e-12 for rate, later in itertools.pairwise(after))


@pytest.mark.parametrize(
    ("kind", "expected"), [("constant", [1, 1, 1, 1]), ("cosine", [1, 0.55, 0.1, 0.1]), ("decay", [1, 1, 0.1, 0.1])]
)
def test_each_schedule_goes_where_it_says(kind, expected):
    schedule = Schedule(kind=kind, warmup_steps=4, decay_share=0.5, final=0.1)
    assert [rate_at(schedule, step, 0.0) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert [rate_at(schedule, 100, done) for done in (0.0, 0.5, 1.0, 1.2)] == pytest.approx(expected)


def test_without_a_warm_up_the_first_step_has_the_whole_rate():
    assert rate_at(Schedule(warmup_steps=0), 0, 0.0) == 1.0
