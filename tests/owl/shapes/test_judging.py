from typing import get_args

import numpy as np
import pytest

from longtake.errors import UserError
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.drawing import draw_frames, draw_place
from longtake.owl.shapes.judging import judge
from longtake.owl.shapes.things import COLOURS, GROUNDS, Event, Place, Texture, Thing
from longtake.owl.shapes.world import draw_story
from tests.owl.shapes.damage import damage

CONFIG = ShapesConfig()


def shares_right(config, stories, spoil):
    """Of event, presence, colour, shape, texture and ground, over all clips of so many stories."""
    right = {}
    for seed in range(stories):
        shown = draw_story(seed, config)
        for clip, shot in zip(shown.story.clips, shown.shots, strict=True):
            seen = judge(spoil(clip.frames_NHW3), config)
            right.setdefault("event", []).append(seen.event == shot.event)
            right.setdefault("object", []).append(bool(seen.present_N.any()) == bool(shot.thing))
            right.setdefault("texture", []).append(seen.texture == shot.place.texture)
            right.setdefault("ground", []).append(seen.ground == shot.place.ground)
            right.setdefault("colour", []).append(seen.colour == (shot.thing and shot.thing.colour))
            right.setdefault("shape", []).append(seen.shape == (shot.thing and shot.thing.shape))
    return {what: float(np.mean(answers)) for what, answers in right.items()}


def test_what_is_drawn_is_judged_right():
    assert set(shares_right(CONFIG, 20, lambda frames: frames).values()) == {1.0}


def test_damaged_films_are_judged_right():
    rng = np.random.default_rng(0)
    right = shares_right(CONFIG, 40, lambda frames: damage(frames, rng))
    assert min(right["colour"], right["texture"], right["ground"], right["object"]) >= 0.97
    assert min(right["event"], right["shape"]) >= 0.95


def test_films_blurred_by_two_pixels_keep_colour_and_event():
    rng = np.random.default_rng(0)
    right = shares_right(CONFIG, 20, lambda frames: damage(frames, rng, noise=5, blur=2))
    assert min(right["colour"], right["event"]) >= 0.97
    assert right["texture"] >= 0.9


def test_larger_films_are_judged_right():
    config = ShapesConfig(height_px=48, width_px=64, frames=6, clips=5)
    rng = np.random.default_rng(0)
    right = shares_right(config, 10, lambda frames: damage(frames, rng))
    assert min(right.values()) >= 0.95


def test_noise_shows_no_colour_texture_or_ground():
    rng = np.random.default_rng(0)
    for _ in range(20):
        seen = judge(rng.integers(0, 256, (9, 32, 32, 3), dtype=np.uint8), CONFIG)
        assert (seen.texture, seen.ground) == (None, None)
        assert seen.colour is None


def test_judged_by_noise_or_by_another_story_facts_are_right_by_chance():
    rng = np.random.default_rng(0)
    still = shares_right(
        CONFIG, 20, lambda frames: np.repeat(rng.integers(0, 256, (1, 32, 32, 3), dtype=np.uint8), 9, 0)
    )
    assert still["texture"] < 0.3
    assert still["ground"] < 0.4
    shots = [shot for seed in range(40) for shot in draw_story(seed, CONFIG).shots]
    clips = [clip for seed in range(60, 100) for clip in draw_story(seed, CONFIG).story.clips]
    pairs = [(judge(clip.frames_NHW3, CONFIG), shot) for clip, shot in zip(clips, shots, strict=True)]
    both = [(seen, shot) for seen, shot in pairs if seen.colour and shot.thing]
    assert np.mean([seen.colour == shot.thing.colour for seen, shot in both]) == pytest.approx(1 / 7, abs=0.1)
    assert np.mean([seen.texture == shot.place.texture for seen, shot in pairs]) == pytest.approx(1 / 6, abs=0.1)


def test_an_empty_place_shows_no_object_and_grey_frames_nothing_but_a_plain_ground():
    seen = judge(np.full((9, 32, 32, 3), 82, np.uint8), CONFIG)
    assert not seen.present_N.any()
    assert (seen.event, seen.colour, seen.shape) == (Event("empty"), None, None)
    assert (seen.texture, seen.ground) == ("plain", "grey")


def test_black_frames_show_no_object():
    assert judge(np.zeros((9, 32, 32, 3), np.uint8), CONFIG).event == Event("empty")


@pytest.fixture
def resting():
    """Frames of a red square that rests on a slate ground."""
    points = np.full((9, 2), 16.0)
    return draw_frames(Place("rows", "slate"), Thing("square", "red"), points, CONFIG.size_px)


def test_an_object_that_vanishes_for_a_while_has_no_event(resting):
    empty = draw_place(Place("rows", "slate"), CONFIG.size_px)
    resting[3:6] = empty
    seen = judge(resting, CONFIG)
    assert list(seen.present_N) == [True] * 3 + [False] * 3 + [True] * 3
    assert seen.event is None


def test_an_object_that_changes_its_colour_has_none(resting):
    assert judge(resting, CONFIG).colour == "red"
    resting[4:] = draw_frames(Place("rows", "slate"), Thing("square", "blue"), np.full((5, 2), 16.0), CONFIG.size_px)
    assert judge(resting, CONFIG).colour is None


@pytest.mark.parametrize("texture", get_args(Texture))
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("colour", COLOURS)
def test_every_object_stands_out_from_every_place(texture, ground, colour):
    thing = Thing("triangle", colour)
    seen = judge(draw_frames(Place(texture, ground), thing, np.full((2, 2), 16.0), CONFIG.size_px), CONFIG)
    assert (seen.colour, seen.shape, seen.texture, seen.ground) == (colour, "triangle", texture, ground)


def test_frames_are_judged_where_only_few_are_given():
    shown = draw_story(0, CONFIG)
    seen = judge(shown.story.clips[0].frames_NHW3[:1], CONFIG)
    assert seen.colour == shown.shots[0].thing.colour
    assert seen.texture == shown.shots[0].place.texture


def test_frames_of_another_size_are_refused():
    with pytest.raises(UserError, match=r"expected \(frames, 32, 32, 3\)"):
        judge(np.zeros((9, 16, 16, 3), np.uint8), CONFIG)
