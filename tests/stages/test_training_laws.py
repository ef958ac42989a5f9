import json

import pytest

from longtake.dit.step_record import Validated
from longtake.errors import UserError
from longtake.records import Run
from longtake.scaling.fit import fit_laws
from longtake.scaling.published import published
from longtake.scaling.stored import StoredLaws, dump_laws
from longtake.scaling.watching import LossWatch
from longtake.stages import training
from longtake.stages.training_laws import compare, facts_of
from longtake.telemetry import StepMetrics, TrainingMetrics
from tests.scaling.laws import FAMILY
from tests.scaling.test_fit import runs
from tests.stages.latent_lakes import drawn_lake
from tests.stages.test_training import QUIET

TINY = runs(noise=1e-3, sizes=(2e3, 4e3, 8e3, 16e3, 32e3), tokens=(120, 240, 480, 960))
"""Of the sizes and tokens of the trainings below, at losses that are none of theirs."""


def test_a_training_is_watched_from_the_fewest_fitted_tokens_on_and_stays_the_same_run(tmp_path, caplog):
    lake = drawn_lake(tmp_path)
    fitted = fit_laws(TINY, bootstraps=50)
    lake.objects.put("laws/tiny.json", json.dumps(dump_laws(fitted, FAMILY)).encode())
    sample_set = training.read_sample_set(lake, "clips")
    validated = QUIET | {"steps": 8, "validation": {"every_steps": 2, "draws": 2}}
    summary = training.run(data_root=lake.data_root, config=validated | {"laws": "tiny"})
    assert summary.run_id == training.assign(lake, sample_set, validated).run_id
    (row,) = lake.tables.read(Run)
    assert row.loss_floor == fitted.laws.loss.floor
    warned = [record for record in caplog.records if record.levelname == "WARNING"]
    other, out = [record for record in warned if record.name == "longtake.stages.training_laws"]
    assert "model.width_per_layer 64 there, 32 here" in other.message
    assert "latents of 2 x 4 x 4 here alone" in other.message
    assert "after 128 tokens is below the" in out.message
    assert (out.levelname, out.step) == ("WARNING", 4)  # the first validation, after 64 tokens, is before the laws'


def test_laws_that_are_not_there_stop_a_training_before_it_begins(tmp_path):
    lake = drawn_lake(tmp_path)
    with pytest.raises(UserError, match=r"there are no laws 'video-dti' .*; did you mean video-dit"):
        training.run(data_root=lake.data_root, config=QUIET | {"laws": "video-dti"})
    assert lake.tables.read(Run) == []
    assert not list(lake.objects.walk("training/"))


def test_facts_that_laws_keep_are_plain_and_of_what_decides_a_loss(tmp_path):
    lake = drawn_lake(tmp_path)
    assignment = training.assign(lake, training.read_sample_set(lake, "clips"), QUIET)
    facts = facts_of(assignment.samples, assignment.config)
    assert json.loads(json.dumps(facts)) == facts
    assert set(facts) == {"autoencoder", "text", "objective", "images"}


def test_a_validation_loss_is_served_and_said_beside_its_prediction(caplog):
    caplog.set_level("INFO")
    step = StepMetrics("training")
    laws, metrics = StoredLaws(laws=published("video-dit")), TrainingMetrics(step)
    watch = LossWatch(laws=laws, params=1e8)

    def value(name, **labels):
        return step.registry.get_sample_value(f"longtake_training_validation_loss_{name}", labels)

    compare(watch, metrics, 9, Validated(loss=0.9, by_time=(), tokens=100))
    assert value("predicted", bound="value") is None
    predicted = laws.loss(params=1e8, tokens=4e9)
    half, outside = 0.05 * (predicted - 0.4856), []
    for loss in (predicted, 0.6, 0.6, predicted):
        compare(watch, metrics, 10, Validated(loss=loss, by_time=(), tokens=4_000_000_000))
        outside.append(value("outside"))
    served = [value("predicted", bound=bound) for bound in ("low", "value", "high")]
    assert served == pytest.approx([predicted - half, predicted, predicted + half])
    assert outside == [0, 1, 1, 0]
    (out, above), (back, within) = [(record.levelname, record.message) for record in caplog.records]
    assert (out, back) == ("WARNING", "INFO")
    assert "0.6000 after 4e+09 tokens is above the" in above
    assert "is within the" in within
