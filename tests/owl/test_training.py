from dataclasses import replace
from itertools import islice

import pytest
import torch

from longtake.dit.checkpoint import load_checkpoint, save_checkpoint
from longtake.dit.config import DiTConfig, Objective
from longtake.dit.recipe import Schedule, Validation
from longtake.dit.step_record import Curve
from longtake.dit.train import train
from longtake.latents.config import LinearConfig
from longtake.latents.linear import fit_linear
from longtake.owl.film import DiTFilm, of_states
from longtake.owl.opening import open_lmm
from longtake.owl.owl import Owl
from longtake.owl.training import OwlTraining, StoryBatch, batches
from longtake.owl.training_config import OwlTrainingConfig
from longtake.owl.world_model import WorldModel, choose_clips
from tests.owl.tiny import CONFIG, SMALL, story, words

FILM = DiTConfig(depth=1, width_per_layer=32, head_width=16, text_width=12, frequency_width=16, conditions=())
HOW = OwlTrainingConfig(batch=2, steps=6, lr=3e-3, film_lr=3e-3, schedule=Schedule(warmup_steps=2), ema=0.5)


class Letters:
    """A text encoder of ten lines: each word a vector of its letters."""

    name, width = "letters", 12

    def encode(self, texts):
        return [torch.stack([self._vector(word) for word in text.split()]) for text in texts]

    def _vector(self, word):
        return torch.randn(12, generator=torch.Generator().manual_seed(sum(map(ord, word))))


@pytest.fixture(scope="module")
def autoencoder():
    told = (torch.from_numpy(clip.frames_NHW3)[None] for number in range(6) for clip in story(number).clips)
    return fit_linear(told, LinearConfig(channels=8, step_px=4))


@pytest.fixture
def model(autoencoder):
    film = DiTFilm.fresh(FILM, autoencoder, Letters(), frames=5, fps=8.0, size_px=(16, 16))
    return WorldModel(Owl(CONFIG, open_lmm(SMALL, words()), 12), film)


def told(numbers):
    return [story(number % 6) for number in numbers]


def learn(model, config, steps=None):
    training = OwlTraining(model, config)
    return training, list(islice(train(training, batches(told, config)), steps))


def moved(model, before):
    return {
        name.split(".")[0] + "." + name.split(".")[1]
        for name, weight in model.named_parameters()
        if not torch.equal(weight, before[name])
    }


def weights(model):
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


@pytest.mark.parametrize(
    ("stage", "parts", "losses"),
    [
        (
            "alignment",
            {"owl.lmm", "owl.state", "alignment.query", "alignment.key", "alignment.sharpness"},
            {"alignment"},
        ),
        ("generative", {"owl.lmm", "owl.state", "film.model"}, {"film"}),
        ("world", {"owl.lmm", "owl.state", "film.model"}, {"film", "dynamics"}),
    ],
)
def test_each_stage_moves_its_parts_by_its_losses_and_leaves_the_others_alone(model, stage, parts, losses):
    before = weights(model)
    _, records = learn(model, replace(HOW, stage=stage))
    assert moved(model, before) == parts
    assert {name for record in records for name in record.parts} == losses
    assert records[-1].loss == pytest.approx(sum(records[-1].parts.values()), rel=1e-5)


def test_the_film_s_loss_reaches_the_queries_once_the_cross_attention_has_opened(model):
    learn(model, replace(HOW, stage="generative"), steps=3)
    assert float(model.owl.state.queries_Qd.grad.abs().sum()) > 0


def test_aligning_brings_states_nearer_to_the_texts_and_the_film_decoder_gets_no_gradient(model):
    _, records = learn(model, replace(HOW, stage="alignment", steps=60, lr=1e-2))
    assert records[-1].loss < 0.7 * records[0].loss
    assert all(weight.grad is None for weight in model.film.parameters())


def test_a_clip_s_own_caption_is_what_its_state_is_aligned_with_and_the_story_s_text_where_it_has_none(model):
    plain = story(0)
    clips = [replace(plain.clips[0], caption="disc red"), *plain.clips[1:]]
    lesson = model.lesson([replace(plain, clips=clips)], [0], replace(HOW, stage="alignment"))
    assert list(lesson.captions) == ["disc red"] + [plain.text] * (len(clips) - 1)
    other = replace(lesson, captions=["square blue", *lesson.captions[1:]])
    how = replace(HOW, stage="alignment")
    assert model.losses(lesson, how)["alignment"] != model.losses(other, how)["alignment"]


def test_the_metrics_of_clips_reach_the_film_decoder_and_an_unknown_one_is_its_learned_null(autoencoder):
    shape = replace(FILM, conditions=("motion",))
    objective = of_states(Objective(condition_dropout=0.0))
    film = DiTFilm.fresh(
        shape, autoencoder, Letters(), frames=5, fps=8.0, size_px=(16, 16), objective=objective, statistics={"motion": (1.0, 2.0)}
    )  # fmt: skip
    with torch.no_grad():
        for weight in film.parameters():
            weight.add_(0.05)
    model = WorldModel(Owl(CONFIG, open_lmm(SMALL, words()), 12), film)

    def loss(*motions):
        plain = story(0)
        clips = [
            replace(clip, conditions={"motion": at} if at is not None else {})
            for clip, at in zip(plain.clips, motions, strict=True)
        ]
        return float(model.losses(model.lesson([replace(plain, clips=clips)], [0], HOW), HOW)["film"].detach())

    count = len(story(0).clips)
    slow, fast, unknown, one = (
        loss(*[1.0] * count),
        loss(*[50.0] * count),
        loss(*[None] * count),
        loss(50.0, *[None] * (count - 1)),
    )
    assert len({slow, fast, unknown, one}) == 4
    assert model.lesson([story(0)], [0], HOW).conditions == {}


def test_stages_before_the_last_read_the_prompt_in_every_d_unless_told_to_read_the_clips_texts(model):
    def read(stage, **options):
        reading = model.lesson([story(0)], [0], replace(HOW, stage=stage, **options)).readings[0]
        return len(reading.layout), (reading.layout.labels_L >= 0).any()

    assert read("alignment") == read("generative") != read("world")
    assert read("alignment", repeat_prompt=False) == read("world") == read("world", repeat_prompt=True)


def test_a_batch_is_learned_by_heart(model):
    config = replace(HOW, steps=120, batch=2, dynamics_weight=1.0, lr=1e-2, film_lr=1e-2)
    training = OwlTraining(model, config)
    same = next(batches(told, config))
    records = list(train(training, iter([same] * 121)))
    assert records[-1].parts["dynamics"] < 0.2 * records[0].parts["dynamics"]
    assert records[-1].parts["film"] < 0.8 * records[0].parts["film"]


def test_a_training_that_is_taken_up_again_is_the_one_that_was_never_stopped(model, autoencoder, tmp_path):
    start = weights(model)
    whole, records = learn(model, HOW)
    end = weights(model)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(start[name])
    half, _ = learn(model, HOW, steps=3)
    save_checkpoint(tmp_path / "half", half, Curve())
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(start[name])
    again = OwlTraining(model, HOW)
    load_checkpoint(tmp_path / "half", again)
    later = list(train(again, batches(told, HOW, again.position.step)))
    assert [record.loss for record in later] == [record.loss for record in records[3:]]
    assert all(torch.equal(weight, end[name]) for name, weight in model.named_parameters())
    assert vars(again.position) == vars(whole.position)


def test_a_few_clips_of_each_story_are_filmed_and_others_the_next_time():
    assert list(choose_clips(4, 0, 0, 0)) == [0, 1, 2, 3]
    drawn = [tuple(choose_clips(8, 2, 0, number)) for number in range(20)]
    assert all(len(set(each)) == 2 for each in drawn)
    assert len(set(drawn)) > 10
    assert drawn == [tuple(choose_clips(8, 2, 0, number)) for number in range(20)]


def test_the_validation_loss_is_of_the_averages_and_the_same_every_time(model):
    config = replace(HOW, validation=Validation(samples=2, every_steps=3))
    training = OwlTraining(model, config)
    held_out = [next(batches(told, config))]
    records = list(train(training, batches(told, config), lambda: training.validate(held_out)))
    assert [record.step for record in records if record.validated] == [3, 6]
    assert training.validate(held_out) == training.validate(held_out)


def test_a_held_out_story_weighs_as_much_in_a_smaller_last_batch(model):
    training = OwlTraining(model, replace(HOW, stage="generative"))
    alone = [StoryBatch(stories=told([number]), numbers=[number]) for number in range(3)]
    pair = StoryBatch(stories=told([0, 1]), numbers=[0, 1])
    each = [training.validate([one]).loss for one in alone]
    assert training.validate([pair, alone[2]]).loss == pytest.approx(sum(each) / 3, rel=1e-4)
