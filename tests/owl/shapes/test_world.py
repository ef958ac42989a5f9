import time

import numpy as np
import pytest

from longtake.config import load_config
from longtake.errors import UserError
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.drawing import draw_covers, path_points
from longtake.owl.shapes.things import CAPTION_WORDS, COLOURS, GROUNDS, WORDS
from longtake.owl.shapes.world import draw_story


@pytest.fixture(scope="module")
def stories():
    return [draw_story(seed, ShapesConfig()) for seed in range(80)]


def test_a_story_has_clips_of_the_asked_size_and_number(stories):
    for shown in stories:
        assert len(shown.story.clips) == len(shown.shots) == 9
        assert {clip.frames_NHW3.shape for clip in shown.story.clips} == {(9, 32, 32, 3)}
        assert np.array_equal(shown.story.image_HW3, shown.story.clips[0].frames_NHW3[0])
    tall = draw_story(0, ShapesConfig(height_px=48, width_px=64, frames=5, clips=3))
    assert [clip.frames_NHW3.shape for clip in tall.story.clips] == [(5, 48, 64, 3)] * 3


def test_a_clip_begins_with_the_last_frame_of_the_one_before_but_at_a_cut(stories):
    for shown in stories:
        for before, clip, shot in zip(shown.story.clips, shown.story.clips[1:], shown.shots[1:], strict=False):
            assert clip.new_scene == shot.cut
            assert np.array_equal(before.frames_NHW3[-1], clip.frames_NHW3[0]) != shot.cut


def test_the_same_seed_and_config_give_the_same_bytes_and_another_seed_others(stories):
    again = draw_story(3, ShapesConfig())
    assert again.shots == stories[3].shots
    assert all(
        np.array_equal(one.frames_NHW3, other.frames_NHW3)
        for one, other in zip(again.story.clips, stories[3].story.clips, strict=True)
    )
    assert again.shots != stories[4].shots


def test_texts_use_the_small_vocabulary_and_name_no_colour_ground_or_texture(stories):
    texts = [clip.text for shown in stories for clip in shown.story.clips] + [shown.story.text for shown in stories]
    assert {word for text in texts for word in text.split()} <= set(WORDS)
    assert not set(WORDS) & {*COLOURS, *GROUNDS, "plain", "rows", "columns", "checks", "slants", "dots"}


def test_the_prompt_tells_of_the_first_clip(stories):
    for shown in stories:
        assert shown.story.text == shown.story.clips[0].text.replace("the ", "a ", 1)
        assert shown.shots[0].thing


def test_what_returns_is_what_was_seen_and_was_unseen_for_the_clips_between(stories):
    kinds = set()
    for shown in stories:
        for clip, shot in enumerate(shown.shots):
            for what, after in shot.returns.items():
                kinds.add(what)
                last = shown.shots[clip - after]
                between = shown.shots[clip - after + 1 : clip]
                if what == "colour":
                    assert last.thing == shot.thing
                    assert all(other.thing is None or other.number != shot.number for other in between)
                    assert shot.cut or last.event.verb == "leaves"
                else:
                    assert last.place == shot.place
                    assert all(other.place.texture != shot.place.texture for other in between)
                    assert all(other.place.ground != shot.place.ground for other in between)
    assert kinds == {"colour", "texture", "ground"}


def test_absences_are_of_all_lengths_that_a_film_holds(stories):
    afters = [shot.returns["colour"] for shown in stories for shot in shown.shots if "colour" in shot.returns]
    assert set(afters) == set(range(1, 9))


@pytest.mark.parametrize("gap", [1, 4, 8])
def test_a_fixed_gap_is_that_of_every_object_that_returns(gap):
    for seed in range(20):
        shots = draw_story(seed, ShapesConfig(gap=gap, frames=2)).shots
        afters = {shot.returns["colour"] for shot in shots if "colour" in shot.returns}
        assert afters == {gap}


def test_without_cuts_there_is_one_place_and_with_all_cuts_long_absences_hold_one():
    assert not any(shot.cut for seed in range(20) for shot in draw_story(seed, ShapesConfig(cuts=0, frames=2)).shots)
    for seed in range(20):
        assert any(shot.cut for shot in draw_story(seed, ShapesConfig(cuts=1, gap=5, frames=2)).shots)


def test_an_object_that_arrives_is_in_no_picture_given_and_comes_back():
    for seed in range(20):
        shown = draw_story(seed, ShapesConfig(arrivals=1, gap=6, frames=2))
        empty, arrives, *later = shown.shots
        assert (empty.thing, empty.event.verb) == (None, "empty")
        assert arrives.thing
        assert not arrives.returns
        assert arrives.text.startswith(f"a {arrives.thing.shape} returns from the ")
        assert [shot.returns["colour"] for shot in later if "colour" in shot.returns] == [6]
        assert {shot.thing for shot in later if shot.thing and shot.number == 0} == {arrives.thing}


def test_as_many_films_as_asked_begin_empty():
    begins = [draw_story(seed, ShapesConfig(arrivals=0.5, frames=2)).shots[0].thing for seed in range(100)]
    assert 35 < begins.count(None) < 65


def test_an_arrival_leaves_room_for_the_gap():
    with pytest.raises(UserError, match="gap is 7 of 9 clips, and objects arrive; expected at most 6"):
        load_config(ShapesConfig, {"arrivals": 0.5, "gap": 7}, where="shapes config")


def test_a_film_of_one_clip_shows_an_object_and_nothing_returns():
    (shot,) = draw_story(0, ShapesConfig(clips=1)).shots
    assert shot.thing
    assert not shot.returns


def test_a_gap_as_long_as_the_film_is_refused():
    with pytest.raises(UserError, match="gap is 9 of 9 clips"):
        load_config(ShapesConfig, {"gap": 9}, where="shapes config")


def test_all_colours_grounds_and_textures_occur_about_equally_often():
    shots = [draw_story(seed, ShapesConfig(clips=1, frames=2)).shots[0] for seed in range(600)]
    for values in (
        [shot.thing.colour for shot in shots],
        [shot.thing.shape for shot in shots],
        [shot.place.texture for shot in shots],
        [shot.place.ground for shot in shots],
    ):
        _, counts = np.unique(values, return_counts=True)
        assert counts.min() > 0.7 * counts.mean()


def test_motion_is_finer_than_a_pixel_and_rests_at_both_ends():
    points = path_points((16, 8), (16, 12), 9)
    steps = np.diff(points[:, 1])
    assert np.all(steps > 0)
    assert steps[0] == pytest.approx(steps[-1])
    assert steps[0] < steps[4] / 2
    covers = draw_covers("disc", points, (32, 32))
    columns = (covers * (np.arange(32) + 0.5)).sum((1, 2)) / covers.sum((1, 2))
    np.testing.assert_allclose(columns, points[:, 1], atol=0.05)


def test_what_has_left_is_wholly_out_of_the_frame_and_what_rests_wholly_in_it(stories):
    config = ShapesConfig()
    for shown in stories:
        for shot in (shot for shot in shown.shots if shot.thing):
            first, last = draw_covers(shot.thing.shape, np.array(shot.path), config.size_px).sum((1, 2))
            whole = draw_covers(shot.thing.shape, np.array([(16.0, 16.0)]), config.size_px).sum()
            assert first == pytest.approx(0 if shot.event.verb == "returns" else whole, rel=0.04)
            assert last == pytest.approx(0 if shot.event.verb == "leaves" else whole, rel=0.04)


def test_a_story_is_drawn_in_a_moment():
    best = min(_seconds(seed) for seed in range(10))
    assert best < 0.03


def _seconds(seed):
    began = time.perf_counter()
    draw_story(seed, ShapesConfig(gap=3))
    return time.perf_counter() - began


def test_a_caption_says_all_that_is_seen_and_the_text_of_the_same_clip_does_not(stories):
    for shown in stories[:20]:
        for clip, shot in zip(shown.story.clips, shown.shots, strict=True):
            assert clip.caption.split()[:2] == [shot.place.texture, shot.place.ground]
            assert (shot.thing is not None) == any(colour in clip.caption.split() for colour in COLOURS)
            assert set(clip.caption.split()) <= set(CAPTION_WORDS)
            assert not {*COLOURS, *GROUNDS} & set(clip.text.split())
