"""Two workers of Ray Train, gloo between them: the model of one worker, but for the order of rounding."""

import json

import pytest

from longtake.dit.step_record import Curve
from longtake.errors import TransientError, UserError
from longtake.stages import training
from tests.engine.clusters import run_apart, two_nodes
from tests.stages.latent_lakes import drawn_lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CONFIG = {
    "model": {"depth": 1, "width_per_layer": 32, "head_width": 16, "frequency_width": 16}, "steps": 8, "batch_tokens": 32, "lr": 1e-3,
    "validation": {"every_steps": 4, "draws": 2}, "checkpoints": {"every_steps": 3}, "films": {"count": 1, "steps": 2},
}  # fmt: skip
TWO = CONFIG | {"work": {"workers": 2}}


def curve(lake, run_id):
    return Curve.from_json(json.loads(lake.objects.read(f"training/{run_id}/curve.json")))


def test_two_workers_learn_what_one_does_and_are_stopped_and_told_of_faults_as_it_is(tmp_path):
    run_apart(check, tmp_path)


def check(folder):
    one, two, gone = (drawn_lake(folder / name) for name in ("one", "two", "gone"))
    alone = training.run(data_root=one.data_root, config=CONFIG)
    with two_nodes():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training, "is_told", lambda: True)
            with pytest.raises(TransientError, match="told to end after step"):
                training.run(data_root=two.data_root, config=TWO)
        together = training.run(data_root=two.data_root, config=TWO)
        for item in list(gone.objects.walk("latents/")):
            gone.objects.delete(item.key)
        with pytest.raises(UserError, match="latents/"):
            training.run(data_root=gone.data_root, config=TWO)
        with pytest.raises(UserError, match="64 workers with 1 CPU each were asked for; the Ray cluster has 4 CPU"):
            training.run(data_root=two.data_root, config=CONFIG | {"steps": 9, "work": {"workers": 64}})
    assert together.run_id == alone.run_id
    assert together.loss == pytest.approx(alone.loss, rel=1e-4)
    for ours, theirs in zip(curve(two, together.run_id).points, curve(one, alone.run_id).points, strict=True):
        assert (ours.step, ours.tokens, ours.lr) == (theirs.step, theirs.tokens, theirs.lr)
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-4)
        assert ours.norm == pytest.approx(theirs.norm, rel=1e-2)
