import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.dit import step_record
from longtake.dit.step_record import Curve, StepRecord, Validated, curve_of


def record(step, loss=1.0, skipped="", validated=None):
    return StepRecord(
        step=step, loss=loss, norm=2.0, lr=0.1, samples=2, tokens=10, flops=5.0, seconds=0.5, waited_s=0.1, skipped=skipped, micro_batch=2,
        validated=validated,
    )  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 9), st.booleans()), min_size=1, max_size=90))
def test_however_long_a_training_its_curve_is_short_and_its_sums_and_means_are_those_of_the_steps(steps):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step_record, "POINTS", 8)
        curve = curve_of(record(number + 1, loss, "spike" * skip) for number, (loss, skip) in enumerate(steps))
    taken = [loss for loss, skip in steps if not skip]
    assert len(curve.points) <= 8
    assert [curve.points[-1].step, sum(point.steps for point in curve.points)] == [len(steps)] * 2
    assert curve.total("tokens") == 10 * len(steps)
    assert curve.skipped.get("spike", 0) == len(steps) - len(taken)
    mean = curve.last_loss(share=1.0)
    assert mean == (pytest.approx(sum(taken) / len(taken)) if taken else None)


@given(st.integers(0, 40))
def test_a_curve_that_was_put_away_in_between_is_the_same(cut):
    records = [record(step, step / 7, validated=Validated(loss=step, by_time=(1.0, 2.0))) for step in range(1, 41)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step_record, "POINTS", 8)
        half = Curve.from_json(json.loads(json.dumps(curve_of(records[:cut]).to_json())))
        for one in records[cut:]:
            half.add(one)
        assert half == curve_of(records)


def test_a_skipped_step_has_no_loss_and_can_be_written_as_json():
    curve = curve_of([record(1, math.nan, "not_finite")])
    assert curve.losses() == []
    assert curve.last_loss() is None
    assert Curve.from_json(json.loads(json.dumps(curve.to_json(), allow_nan=False))) == curve
