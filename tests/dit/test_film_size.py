from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.dit.config import DiTConfig
from longtake.dit.film_size import AskedSize, plan_size, say_unseen_size
from longtake.errors import UserError
from longtake.latents.config import Size, Windows

WINDOWS = Windows(sizes=(Size(frames=17, height=64, width=96), Size(frames=9, height=96, width=64)), fps=8)
AUTOENCODER = SimpleNamespace(step_t=4, step_px=8)


def plan(config=DiTConfig(), **asked):
    return plan_size(AskedSize(**asked), WINDOWS, config, AUTOENCODER)


def test_where_nothing_is_asked_for_films_are_as_the_first_size_of_the_samples():
    size = plan()
    assert (size.frames, size.height, size.width, size.shape) == (17, 64, 96, (5, 8, 12))


def test_a_film_that_begins_with_a_picture_takes_the_size_whose_aspect_is_nearest():
    assert (plan(aspect=0.6).height, plan(aspect=1.9).height) == (96, 64)


@given(seconds=st.floats(0.05, 30))
def test_a_length_in_seconds_becomes_the_nearest_that_there_is(seconds):
    frames = plan(seconds=seconds).frames
    assert frames % 4 == 1
    assert abs(frames - max(1, round(seconds * 8))) <= 2


def test_patches_of_several_latents_make_lengths_of_whole_patches():
    size = plan(DiTConfig(patch_t=2), frames=13)
    assert size.shape[0] == 4
    with pytest.raises(UserError, match="17 frames were asked for; this model makes 13, or 8 more"):
        plan(DiTConfig(patch_t=2), frames=17)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"frames": 18}, "18 frames were asked for; this model makes 17, or 4 more or fewer"),
        ({"frames": 17, "seconds": 2.0}, "one of the two"),
        ({"width": 100}, "multiples of 16 pixels: 96 x 64, say"),
        ({"height": 3}, "96 x 16, say"),
    ],
)
def test_a_size_that_cannot_be_is_a_mistake_of_the_user_that_names_the_nearest(asked, words):
    with pytest.raises(UserError, match=words):
        plan(**asked)


def test_a_size_or_a_length_that_the_model_never_saw_is_said():
    assert list(say_unseen_size(plan(), WINDOWS)) == []
    large, long = say_unseen_size(plan(width=128, frames=33), WINDOWS)
    assert "128 x 64 pixels: the model was trained on 96 x 64, 64 x 96" in large
    assert "33 frames: the model was trained on 17 at most" in long
