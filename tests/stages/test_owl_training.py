import json
from hashlib import sha256

import pytest
import torch

from longtake.dit.step_record import Curve
from longtake.dit.trained import load_trained
from longtake.errors import TransientError, UserError
from longtake.lake import Lake, key_below
from longtake.owl.trained_world import load_world, read_world_card
from longtake.records import Run
from longtake.stages import owl_training, owl_training_work, training
from tests.stages.latent_lakes import drawn_lake

OWL = {
    "lmm": {"small": {"width": 32, "depth": 1, "heads": 2, "hidden": 48}, "frame_px": 16}, "state": {"queries": 3, "hidden": 24},
}  # fmt: skip
FILM = {
    "dit": {"depth": 1, "width_per_layer": 32, "head_width": 16, "text_width": 12, "frequency_width": 16, "conditions": []},
    "frames": 5, "height": 32, "width": 32,
    "encoding": {"linear": {"channels": 8, "step_px": 8, "clips": 8}, "text": {"encoder": "none"}},
}  # fmt: skip
TRAINING = {
    "batch": 2, "steps": 4, "lr": 3e-3, "film_lr": 3e-3, "schedule": {"warmup_steps": 1}, "ema": 0.5,
    "validation": {"samples": 3, "every_steps": 2}, "checkpoints": {"every_steps": 2},
}  # fmt: skip
DRAWN = {"owl": OWL, "film": FILM, "stories": {"shapes": {"clips": 3}}, "training": TRAINING}


def merged(**changes):
    return DRAWN | {name: DRAWN.get(name, {}) | change for name, change in changes.items()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return Lake(str(tmp_path_factory.mktemp("drawn") / "data"))


@pytest.fixture(scope="module")
def trained(drawn):
    """A summary of a stage that was left alone."""
    return owl_training.run(data_root=drawn.data_root, config=DRAWN)


def fetched(lake, summary, path):
    lake.objects.fetch(key_below(summary.model, lake.data_root), path)
    return path


def course(lake, run_id):
    """What of a curve depends on nothing but the training."""
    found = Curve.from_json(json.loads(lake.objects.read(f"training/{run_id}/curve.json")))
    return [
        (point.step, point.loss, point.norm, point.lr, point.tokens, point.parts) for point in found.points
    ], found.validations


def test_a_stage_leaves_a_world_model_a_row_a_curve_of_each_part_and_a_page(drawn, trained, tmp_path):
    (row,) = [row for row in drawn.tables.read(Run) if row.run_id == trained.run_id]
    assert (row.checkpoint, row.loss, row.steps, row.dataset) == (trained.model, trained.loss, 4, "shapes")
    assert json.loads(row.config)["training"]["stage"] == "world"
    points, validations = course(drawn, trained.run_id)
    assert [point[0] for point in points] == [1, 2, 3, 4]
    assert [step for step, _ in validations] == [2, 4]
    assert all(set(point[-1]) == {"film", "dynamics"} for point in points)
    assert all(sum(point[-1].values()) == pytest.approx(point[1], rel=1e-5) for point in points)
    page = drawn.objects.read(key_below(trained.report_uri, drawn.data_root)).decode()
    assert "dynamics by step" in page
    world = load_world(fetched(drawn, trained, tmp_path / "owl"))
    assert (world.card.stage, world.card.run_id, world.card.loss) == ("world", trained.run_id, trained.loss)
    assert world.model.film.autoencoder.name.startswith("linear-")
    assert not [item.key for item in drawn.objects.walk("training/") if item.key.endswith(".checkpoint")]


def test_a_stage_that_is_done_is_not_repeated(drawn, trained, monkeypatch):
    monkeypatch.delattr(owl_training_work, "learn")
    again = owl_training.run(data_root=drawn.data_root, config=DRAWN | {"work": {"ahead": 1}})
    assert (again.model, again.loss, again.skipped) == (trained.model, trained.loss, 4)


@pytest.mark.parametrize("step", [1, 3])
def test_told_to_end_it_keeps_its_state_and_comes_to_the_same_model(drawn, trained, tmp_path, monkeypatch, step):
    lake = Lake(str(tmp_path / "data"))
    asked = iter(range(1, 1000))
    with monkeypatch.context() as patched:
        patched.setattr(owl_training, "is_told", lambda: next(asked) >= step)
        with pytest.raises(TransientError, match=f"told to end after step {step};"):
            owl_training.run(data_root=lake.data_root, config=DRAWN)
    told = []
    again = owl_training.follow(data_root=lake.data_root, config=DRAWN, tell=told.append)
    assert told == [f"goes on from step {step} of 4"]
    assert course(lake, again.run_id) == course(drawn, trained.run_id)
    assert again.model.rpartition("/")[2] == trained.model.rpartition("/")[2]


def test_stages_in_a_row_go_on_from_each_other_and_one_that_is_left_out_gives_on_what_it_was_given(tmp_path):
    lake = Lake(str(tmp_path / "data"))
    text = {"encoding": FILM["encoding"] | {"text": {"tokens": 16}}}
    quiet = {"steps": 2, "validation": {"samples": 0}}
    aligned = owl_training.run(data_root=lake.data_root, config=merged(film=text, training=quiet), stage="alignment")
    going_on = {"stories": DRAWN["stories"], "training": TRAINING | quiet}
    left_out = owl_training.run(
        data_root=lake.data_root, config=going_on | {"skip": True}, stage="generative", start=aligned.model
    )
    assert (left_out.model, left_out.steps) == (aligned.model, 0)
    assert "leaves this stage out" in lake.objects.read(key_below(left_out.report_uri, lake.data_root)).decode()
    filmed = owl_training.run(data_root=lake.data_root, config=going_on, stage="generative", start=left_out.model)
    world = owl_training.run(data_root=lake.data_root, config=going_on, stage="world", start=filmed.model)
    cards = [read_world_card(fetched(lake, each, tmp_path / "owl")) for each in (aligned, filmed, world)]
    assert [card.stage for card in cards] == ["alignment", "generative", "world"]
    assert cards[0].film == cards[1].film == cards[2].film
    assert len({aligned.model, filmed.model, world.model}) == 3
    parts = [set(course(lake, each.run_id)[0][0][-1]) for each in (aligned, filmed, world)]
    assert parts == [{"alignment"}, {"film"}, {"film", "dynamics"}]
    first, second = (load_world(fetched(lake, each, tmp_path / each.run_id)).model for each in (aligned, filmed))
    assert torch.equal(first.alignment.key.weight, second.alignment.key.weight)
    assert aligned.model.endswith(
        f"owl-{sha256((tmp_path / aligned.run_id).read_bytes()).hexdigest()[:12]}.safetensors"
    )
    pairs = zip(first.film.parameters(), second.film.parameters(), strict=True)
    assert not all(torch.equal(one, other) for one, other in pairs)


def test_the_film_decoder_of_a_trained_video_model_is_taken_over(drawn, tmp_path):
    lake = drawn_lake(tmp_path)
    model = {"depth": 1, "width_per_layer": 32, "head_width": 16, "frequency_width": 16}
    video = training.run(
        data_root=lake.data_root,
        config={"model": model, "steps": 1, "batch_tokens": 32, "films": {"count": 0}},
    )
    config = {
        "owl": OWL, "film": {"fps": 4.0}, "stories": DRAWN["stories"],
        "training": TRAINING | {"steps": 1, "validation": {}, "film_lr": 1e-9},
    }  # fmt: skip
    summary = owl_training.run(data_root=drawn.data_root, config=config, start=video.model)
    world = load_world(fetched(drawn, summary, tmp_path / "owl"))
    lake.objects.fetch(key_below(video.model, lake.data_root), tmp_path / "dit")
    before = dict(load_trained(tmp_path / "dit").model.named_parameters())
    film = world.model.film
    assert (film.frames, film.fps, film.size_px) == (5, 4.0, (32, 32))
    for name, weight in film.model.named_parameters():
        if not name.startswith("text.0."):
            torch.testing.assert_close(weight, before[name], atol=1e-6, rtol=0)
    with pytest.raises(UserError, match=r"says film.dit, and the model at .* has another; leave it out"):
        owl_training.run(data_root=drawn.data_root, config=DRAWN, start=video.model)


@pytest.mark.parametrize(
    ("config", "more", "words"),
    [
        (DRAWN, {"stage": "wrld"}, "stage is 'wrld'; expected one of alignment, generative, world"),
        (merged(training={"stage": "world"}), {"stage": "alignment"}, "the stage alignment was asked for, and .* world"),
        (DRAWN, {"start": "nowhere/owl.safetensors"}, "start nowhere/owl.safetensors: there is no such file"),
        (DRAWN, {"start": __file__}, "is no model to go on from; expected models/owl-"),
        (merged(stories={"clips": "clips"}), {}, "shapes and clips are given; expected one of"),
        (DRAWN | {"stories": {"clips": "clips"}}, {}, "there are no datasets below"),
        (DRAWN | {"stories": {"activitynet": {"captions": "t.json"}}}, {}, "nothing says where the videos of activitynet lie"),
        (DRAWN | {"stories": {"vript": {"captions": "t.json"}}}, {"raw": "."}, "there is nothing at t.json; expected a file"),
        (merged(film={"height": 300}), {}, "shapes of the film decoder's size: 'height_px' is 300"),
        (merged(film={"frames": 6}), {}, "6 frames"),
        (merged(training={"stage": "alignment"}), {}, "this film decoder has no text encoder, so there is nothing to align"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence(config, more, words, tmp_path):
    with pytest.raises(UserError, match=words):
        owl_training.run(data_root=str(tmp_path / "data"), config=config, **more)


def test_what_a_world_model_is_cannot_change_on_the_way_but_how_it_is_used_can(drawn, trained):
    config = {"stories": DRAWN["stories"], "training": TRAINING | {"steps": 1}}
    with pytest.raises(UserError, match=r"says owl.state, and the model at .* has another"):
        owl_training.run(
            data_root=drawn.data_root, config=config | {"owl": {"state": {"queries": 4}}}, start=trained.model
        )
    with pytest.raises(UserError, match=r"says film, and the model at .* has another; leave it out"):
        owl_training.run(data_root=drawn.data_root, config=config | {"film": FILM | {"fps": 4.0}}, start=trained.model)
    again = owl_training.run(
        data_root=drawn.data_root,
        config=config | {"owl": {"dynamics": {"reading": "describe"}}, "film": FILM},
        start=trained.model,
    )
    assert (
        json.loads(next(iter(drawn.tables.read(Run, run_id=again.run_id))).config)["owl"]["dynamics"]["reading"]
        == "describe"
    )


def test_a_training_that_comes_apart_is_a_row_with_a_reason(tmp_path):
    config = merged(training={"lr": 1e20, "film_lr": 1e20, "steps": 40, "guard": {"after": 2}, "validation": {}})
    with pytest.raises(UserError, match=r"the training came apart at step .* lower lr"):
        owl_training.run(data_root=str(tmp_path / "data"), config=config)
    (row,) = Lake(str(tmp_path / "data")).tables.read(Run)
    assert (row.reason, row.checkpoint) == ("diverged", None)
