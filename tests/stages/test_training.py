import json
from dataclasses import replace

import pytest

from longtake.dit.step_record import Curve
from longtake.dit.trained import read_card, write_basis
from longtake.errors import UserError
from longtake.lake import key_below
from longtake.latents.linear import load_linear
from longtake.records import Run
from longtake.stages import training, training_work
from longtake.stages.samples import write_sample_set
from tests.stages.latent_lakes import drawn_lake

MODEL = {"depth": 1, "width_per_layer": 32, "head_width": 16, "frequency_width": 16}
CONFIG = {
    "model": MODEL, "steps": 6, "batch_tokens": 32, "lr": 1e-3, "schedule": {"warmup_steps": 2},
    "validation": {"every_steps": 3, "draws": 2}, "checkpoints": {"every_steps": 2, "keep": 2},
    "films": {"every_steps": 4, "count": 1, "steps": 2},
}  # fmt: skip
QUIET = CONFIG | {"films": {"count": 0}}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return drawn_lake(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def trained(drawn):
    """A summary of a training that was left alone."""
    return training.run(data_root=drawn.data_root, config=CONFIG)


@pytest.fixture
def lake(tmp_path):
    return drawn_lake(tmp_path)


def keys(lake, prefix):
    return sorted(item.key for item in lake.objects.walk(prefix))


def curve(lake, run_id):
    return Curve.from_json(json.loads(lake.objects.read(f"training/{run_id}/curve.json")))


def course(lake, run_id):
    """What of a curve depends on nothing but the training."""
    found = curve(lake, run_id)
    return [(point.step, point.loss, point.norm, point.lr, point.tokens) for point in found.points], found.validations


def test_a_training_leaves_a_model_a_row_a_curve_films_and_a_page(drawn, trained, tmp_path):
    (row,) = [row for row in drawn.tables.read(Run) if row.run_id == trained.run_id]
    assert (row.checkpoint, row.loss, row.steps, row.tokens) == (trained.model, trained.loss, 6, trained.tokens)
    assert row.flops > 0
    found = curve(drawn, trained.run_id)
    assert [point.step for point in found.points] == [1, 2, 3, 4, 5, 6]
    assert [step for step, _ in found.validations] == [3, 6]
    assert trained.loss == found.validations[-1][1].loss
    assert keys(drawn, f"training/{trained.run_id}/films/") == [
        f"training/{trained.run_id}/films/{name}.json" for name in ("000000004", "000000006", "clips")
    ]
    page = drawn.objects.read(key_below(trained.report_uri, drawn.data_root)).decode()
    assert page.count('class="strip"') == 3
    assert "A square wanders." in page
    drawn.objects.fetch(key_below(trained.model, drawn.data_root), tmp_path / "model")
    card = read_card(tmp_path / "model")
    assert (card.run_id, card.step, card.loss) == (trained.run_id, 6, trained.loss)
    assert write_basis(tmp_path / "model", tmp_path / "basis")
    assert load_linear(tmp_path / "basis").name == card.sample_set["autoencoder"]


def test_checkpoints_go_once_the_training_is_done(drawn, trained):
    assert not [key for key in keys(drawn, "training/") if key.endswith(".checkpoint")]


def test_a_training_that_is_done_is_not_repeated(drawn, trained, monkeypatch):
    monkeypatch.delattr(training_work, "learn")
    again = training.run(data_root=drawn.data_root, config=CONFIG | {"work": {"micro_batch": 1}})
    assert (again.model, again.loss, again.run_id) == (trained.model, trained.loss, trained.run_id)
    assert again.skipped == 6


def stopping_at(step):
    """`is_told` once so many steps were recorded."""
    asked = iter(range(1, 1000))
    return lambda: next(asked) >= step


@pytest.mark.parametrize("step", [1, 3, 5])
def test_told_to_end_a_training_keeps_its_state_and_comes_to_the_same_model(lake, drawn, trained, tmp_path, step):
    sample_set = training.read_sample_set(lake, "clips")
    assignment = training.assign(lake, sample_set, CONFIG)
    folder = tmp_path / "scratch"
    folder.mkdir()
    events = list(training_work.learn(assignment, folder, stopping_at(step)))
    assert (events[-1].reason, events[-1].step) == ("stopped", step)
    told = []
    again = training.follow(data_root=lake.data_root, samples="clips", config=CONFIG, tell=told.append)
    assert told == [f"goes on from step {step} of 6"]
    assert course(lake, again.run_id) == course(drawn, trained.run_id)
    assert again.model.rpartition("/")[2] == trained.model.rpartition("/")[2]


def test_the_last_few_checkpoints_are_kept_and_a_damaged_one_is_passed_over(lake, drawn, trained, tmp_path, caplog):
    assignment = training.assign(lake, training.read_sample_set(lake, "clips"), CONFIG)
    folder = tmp_path / "scratch"
    folder.mkdir()
    list(training_work.learn(assignment, folder, stopping_at(5)))
    prefix = f"training/{assignment.run_id}/"
    kept = [key for key in keys(lake, prefix) if key.endswith(".checkpoint")]
    assert kept == [f"{prefix}000000004.checkpoint", f"{prefix}000000005.checkpoint"]
    lake.objects.put(kept[-1], b"not a checkpoint", overwrite=True)
    again = training.run(data_root=lake.data_root, config=CONFIG)
    assert "a damaged checkpoint is passed over" in caplog.text
    assert course(lake, again.run_id) == course(drawn, trained.run_id)


def test_a_model_is_trained_on_from_where_another_training_left_it(drawn, trained):
    later = training.run(data_root=drawn.data_root, config={**QUIET, "model": {}, "steps": 3}, start=trained.model)
    assert later.run_id != trained.run_id
    assert later.loss < trained.loss + 0.05
    with pytest.raises(UserError, match="has another shape than the training config says; leave `model` out"):
        training.run(data_root=drawn.data_root, config={**QUIET, "model": {"depth": 2}}, start=trained.model)


def test_asked_for_what_is_new_nothing_is_trained_on_the_samples_of_the_start(drawn, trained, monkeypatch, caplog):
    monkeypatch.setattr(training_work, "learn", None)
    caplog.set_level("INFO")
    known = {"config": {**QUIET, "model": {}, "steps": 30}, "start": trained.model, "only_new": True}
    again = training.run(data_root=drawn.data_root, **known)
    assert (again.model, again.run_id, again.loss) == (trained.model, trained.run_id, trained.loss)
    assert "nothing is trained" in caplog.text


def test_asked_for_what_is_new_other_samples_are_trained_on_and_it_is_said_before_where_nothing_judges(lake, caplog):
    caplog.set_level("INFO")
    first = training.run(data_root=lake.data_root, config={**QUIET, "steps": 1})
    old = training.read_sample_set(lake, "clips")
    write_sample_set(lake, replace(old, seconds=1.0, validation_share=0.0))
    later = training.run(
        data_root=lake.data_root, config={**QUIET, "model": {}, "steps": 1}, start=first.model, only_new=True
    )
    assert later.model != first.model
    messages = [record.message for record in caplog.records]
    assert messages.index("the new model will be refused") < messages.index("training", messages.index("model"))
    (said,) = [record.reason for record in caplog.records if record.message == "the new model will be refused"]
    assert "hold out more than 0 of them (selecting_config: {validation_share: ...})" in said


def test_a_start_or_a_config_whose_latents_or_texts_are_others_is_refused(drawn, trained):
    sample_set = training.read_sample_set(drawn, "clips")
    for field, value, said in (
        ("autoencoder", "linear-other", "was trained on latents of the autoencoder linear-"),
        ("text_width", 7, "was trained on texts of a width of 3, and .* has 7"),
    ):
        other = type(sample_set)(**{**vars(sample_set), field: value})
        with pytest.raises(UserError, match=said):
            training.assign(drawn, other, {}, trained.model)
    with pytest.raises(UserError, match=r"says model.text_width 512, and clips-0000aaaa.0000bbbb has 3; leave it out"):
        training.assign(drawn, sample_set, {"model": {"text_width": 512}})


def test_a_training_that_comes_apart_is_a_row_with_its_reason_and_a_sentence(lake):
    wild = {**QUIET, "lr": 1e30, "schedule": {"warmup_steps": 0}, "guard": {"after": 2}, "steps": 40}
    with pytest.raises(
        UserError, match=r"the training came apart at step \d+: 2 steps in a row were skipped, .* lower lr \(1e\+30\)"
    ):
        training.run(data_root=lake.data_root, config=wild)
    (row,) = lake.tables.read(Run)
    assert (row.reason, row.loss, row.checkpoint) == ("diverged", None, None)
    assert b"Not finished: diverged" in lake.objects.read("reports/by-hand/training-1of1.html")
    assert [key for key in keys(lake, "training/") if key.endswith(".checkpoint")]


def test_a_shard_that_is_gone_is_named_and_nothing_that_was_learned_is_lost(lake):
    shard = keys(lake, "latents/")[0]
    data = lake.objects.read(shard)
    lake.objects.delete(shard)
    with pytest.raises(UserError, match=shard):
        training.run(data_root=lake.data_root, config=QUIET)
    lake.objects.put(shard, data)
    assert training.run(data_root=lake.data_root, config=QUIET).steps == 6


def test_samples_that_patches_do_not_divide_are_refused_in_pixels(drawn):
    words = r"32 pixels high and 32 wide, and sides must be multiples of 24.*windows: \{sizes: \[\{frames: 5, height: 24, width: 24\}\]"
    with pytest.raises(UserError, match=words):
        training.run(data_root=drawn.data_root, config=QUIET | {"model": MODEL | {"patch_px": 3}})


def test_samples_that_are_all_held_out_are_refused(tmp_path):
    lake = drawn_lake(tmp_path, clips=4, share=1.0)
    with pytest.raises(UserError, match=r"all 4 samples of .* are on the validation side"):
        training.run(data_root=lake.data_root, config=QUIET)


def test_where_nothing_is_held_out_there_is_no_validation_loss_and_that_is_said(tmp_path, caplog):
    lake = drawn_lake(tmp_path, clips=4, share=0.0)
    summary = training.run(data_root=lake.data_root, config=QUIET | {"steps": 2})
    assert summary.loss is None
    assert "nothing is held out" in caplog.text
    assert training.run(data_root=lake.data_root, config=QUIET | {"steps": 2}).skipped == 2
