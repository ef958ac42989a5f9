import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from longtake.errors import UserError
from longtake.owl.config import ContextConfig
from longtake.owl.loop import Filmed, Script, roll_out, rollout
from longtake.owl.opening import open_lmm
from longtake.owl.owl import Owl
from longtake.owl.story import key_frames
from tests.owl.tiny import CONFIG, SMALL, story, words

IMAGE = story(0).image_HW3


class Painted:
    """A film decoder that says by grey levels what it was given."""

    context_width, frames, fps, size_px = 12, 5, 8.0, (16, 16)

    def sample(self, states_QD, *, first_HW3, seed, config, conditions, advance=lambda: None):
        dice = torch.Generator().manual_seed(seed)
        level = float(states_QD.abs().sum() * 100 % 97)
        frames = torch.randint(0, 100, (self.frames, *self.size_px, 3), generator=dice).float() + level
        if first_HW3 is not None:
            frames += first_HW3.float().mean() / 8
            frames[0] = first_HW3
        return frames.clamp(0, 255).byte()


@pytest.fixture(scope="module")
def owl():
    return Owl(replace(CONFIG, context=ContextConfig(triplets=2, slack=2)), open_lmm(SMALL, words()), 12).eval()


def script(**changes):
    return Script(**{"image_HW3": IMAGE, "prompt": "A red square.", "segments": 8} | changes)


def filmed(owl, segments):
    return [Filmed(keys_KHW3=key_frames(s.frames_NHW3, owl.config.key_frames), words=s.words) for s in segments]


def same(ones, others):
    assert len(ones) == len(others)
    for one, other in zip(ones, others, strict=True):
        assert np.array_equal(one.frames_NHW3, other.frames_NHW3), one.index
        assert (one.dynamics, one.given, one.new_scene) == (other.dynamics, other.given, other.new_scene)
        assert torch.equal(one.state_QD, other.state_QD)


def test_each_segment_begins_with_the_last_frame_of_the_one_before_and_the_first_with_the_picture(owl):
    segments = list(rollout(owl, Painted(), script()))
    assert [segment.index for segment in segments] == list(range(8))
    assert np.array_equal(segments[0].frames_NHW3[0], IMAGE)
    assert len(segments[0].new_frames_NHW3) == 5
    for before, segment in itertools.pairwise(segments):
        assert np.array_equal(segment.frames_NHW3[0], before.frames_NHW3[-1])
        assert len(segment.new_frames_NHW3) == 4


def test_the_same_seed_gives_the_same_film_and_another_one_another(owl):
    same(list(rollout(owl, Painted(), script())), list(rollout(owl, Painted(), script())))
    other = next(rollout(owl, Painted(), script(seed=1)))
    assert not np.array_equal(other.frames_NHW3, next(rollout(owl, Painted(), script())).frames_NHW3)


def test_a_film_that_is_taken_up_after_any_segment_is_the_film_that_was_never_stopped(owl):
    how = script(cuts=frozenset({3}), dynamics={4: "the red square goes left."})
    whole = list(rollout(owl, Painted(), how))
    for count in range(1, 8):
        same(list(rollout(owl, Painted(), how, filmed=filmed(owl, whole[:count]))), whole[count:])


def test_a_new_scene_is_given_nothing_of_the_frame_before(owl):
    frames = [list(rollout(owl, Painted(), script(segments=3, cuts=frozenset({2}), seed=seed)))[2] for seed in (0, 0)]
    assert frames[0].new_scene
    assert len(frames[0].new_frames_NHW3) == 5
    assert not np.array_equal(
        frames[0].frames_NHW3[0], list(rollout(owl, Painted(), script(segments=3)))[2].frames_NHW3[0]
    )


def test_a_text_that_is_given_moves_the_segments_behind_it_and_not_its_own(owl):
    plain = list(rollout(owl, Painted(), script()))
    told = list(rollout(owl, Painted(), script(dynamics={2: "the red square goes left."})))
    assert torch.equal(plain[2].state_QD, told[2].state_QD)
    assert np.array_equal(plain[2].frames_NHW3, told[2].frames_NHW3)
    assert not torch.equal(plain[3].state_QD, told[3].state_QD)
    assert (told[2].given, told[2].dynamics) == (True, "the red square goes left.")
    assert not told[3].given


def test_films_that_are_made_together_are_those_that_are_made_alone(owl):
    scripts = [script(seed=seed, prompt=text) for seed, text in enumerate(["A red square.", "A green square goes up."])]
    together = list(roll_out(owl, Painted(), scripts))
    for number, each in enumerate(scripts):
        for segments, alone in zip(together, rollout(owl, Painted(), each), strict=True):
            assert torch.allclose(segments[number].state_QD, alone.state_QD, atol=1e-5)
            assert segments[number].dynamics == alone.dynamics


def test_a_film_that_is_judged_is_stopped_or_begins_from_the_picture_again(owl):
    stopped = list(rollout(owl, Painted(), script(), judge=lambda s: "stop" if s.index == 2 else "go_on"))
    assert len(stopped) == 3
    judged = list(rollout(owl, Painted(), script(), judge=lambda s: "anchor" if s.index == 2 else "go_on"))
    assert [segment.anchored for segment in judged] == [index == 3 for index in range(8)]
    assert np.array_equal(judged[3].frames_NHW3[0], IMAGE)
    before = [*filmed(owl, judged[:2]), replace(filmed(owl, judged[2:3])[0], verdict="anchor")]
    same(list(rollout(owl, Painted(), script(), filmed=before)), judged[3:])


def test_of_films_that_are_made_together_one_may_be_stopped(owl):
    made = list(
        roll_out(
            owl, Painted(), [script(), script(seed=1)], judge=lambda n, s: "stop" if (n, s.index) == (0, 1) else "go_on"
        )
    )
    assert [sorted(segments) for segments in made] == [[0, 1]] * 2 + [[1]] * 6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image_HW3": IMAGE[:8]}, "the picture is 8 x 16 x 3, and the film decoder's frames are 16 x 16 x 3"),
        ({"segments": 0}, "0 segments were asked for"),
        ({"dynamics": {8: "it leaves"}}, "dynamics are given for segment 8, and the film has 8: give 0 to 7"),
        ({"cuts": frozenset({-1})}, "cuts are given for segment -1"),
    ],
)
def test_a_script_that_cannot_be_filmed_is_refused(owl, changes, said):
    with pytest.raises(UserError, match=said):
        list(rollout(owl, Painted(), script(**changes)))


def test_the_package_gives_the_loop_by_its_name():
    from longtake.owl import rollout as named

    assert named is rollout
