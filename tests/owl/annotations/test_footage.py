from itertools import pairwise

import numpy as np
import pytest

from longtake.errors import UserError
from longtake.latents.faults import Unfit
from longtake.owl.annotations.footage import moments_s, read_story
from longtake.owl.annotations.plans import Conversion, StoryPlan, name_stories
from longtake.owl.annotations.timeline import Span, cut_spans
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard
from tests.drawing import draw_film

FRAMES, FPS, SIZE = 6, 5.0, (32, 48)
SECOND = Conversion(clip_s=1.0)


@pytest.fixture(scope="module")
def guard():
    with Guard() as guard:
        yield guard


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Two shots, 2 s and 1 s."""
    return draw_film(tmp_path_factory.mktemp("film") / "film.mp4", (1, 50), (2, 25))


def plan(*edges_s) -> StoryPlan:
    spans = [
        Span(start_s=start, end_s=end, text=f"Shot {number}.", after_cut=number > 0)
        for number, (start, end) in enumerate(pairwise(edges_s))
    ]
    (story,) = name_stories("film", "Blocks", cut_spans(spans, SECOND), SECOND)
    return story


def far(one_HW3, other_HW3):
    return np.abs(one_HW3.astype(int) - other_HW3).mean()


def test_a_clip_begins_with_the_last_frame_of_the_one_before_but_at_a_cut(film, guard):
    story = read_story(plan(0.0, 2.0, 3.0), film, guard, frames=FRAMES, fps=FPS, size_px=SIZE)
    first, second, third = story.clips
    assert (story.story_id, story.text, [clip.text for clip in story.clips]) == (
        "film-0",
        "Blocks",
        ["Shot 0.", "Shot 0.", "Shot 1."],
    )
    assert [clip.frames_NHW3.shape for clip in story.clips] == [(FRAMES, *SIZE, 3)] * 3
    assert (story.image_HW3 == first.frames_NHW3[0]).all()
    assert (second.frames_NHW3[0] == first.frames_NHW3[-1]).all()
    assert [clip.new_scene for clip in story.clips] == [False, False, True]
    assert far(third.frames_NHW3[0], second.frames_NHW3[-1]) > 20


def test_no_frame_of_the_next_scene_is_in_the_clip_before_the_cut(film, guard):
    story = read_story(plan(0.0, 2.0, 3.0), film, guard, frames=FRAMES, fps=FPS, size_px=SIZE)
    last = story.clips[1].frames_NHW3
    steps = [far(after, before) for before, after in pairwise(last)]
    assert max(steps) < 2 * np.median(steps)


def test_frames_are_those_of_the_film_at_the_decoders_rate(film, guard):
    story = read_story(plan(0.0, 2.0), film, guard, frames=FRAMES, fps=FPS, size_px=(180, 320))
    whole = np.concatenate([batch.frames_NHWC.copy() for batch in guard.frames(film, width=320, height=180)])
    assert far(story.clips[0].frames_NHW3, whole[0:26:5]) < 2
    assert far(story.clips[1].frames_NHW3[:-1], whole[25:50:5]) < 2
    assert far(story.clips[1].frames_NHW3[-1], whole[49]) < 2


def test_moments_lie_in_the_middle_of_frames_and_before_the_end_where_nothing_goes_on():
    assert moments_s(0.0, 1.0, True, 3, 2.0, 10.0) == pytest.approx([0.05, 0.55, 1.05])
    assert moments_s(0.0, 1.0, False, 3, 2.0, 10.0) == pytest.approx([0.05, 0.55, 0.95])


def test_a_plan_for_another_length_of_clip_is_the_users_mistake(film, guard):
    with pytest.raises(
        UserError, match=r"last 1 s, but 17 frames at 8 a second go on for 2 s; plan with Conversion\(clip_s=2\)"
    ):
        read_story(plan(0.0, 2.0), film, guard, frames=17, fps=8.0, size_px=SIZE)


def test_a_video_that_ends_before_its_plan_or_is_none_is_told_from_others(film, guard, tmp_path):
    with pytest.raises(Unfit, match="too_short"):
        read_story(plan(0.0, 9.0), film, guard, frames=FRAMES, fps=FPS, size_px=SIZE)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    with pytest.raises(VideoFault, match="unreadable"):
        read_story(plan(0.0, 2.0), broken, guard, frames=FRAMES, fps=FPS, size_px=SIZE)


def test_where_clips_of_no_round_length_meet_the_order_of_looks_stays(film, guard):
    tenth = Conversion(clip_s=0.1)
    (story,) = name_stories("film", None, cut_spans([Span(start_s=0.0, end_s=2.0, text="It drifts.")], tenth), tenth)
    assert len(read_story(story, film, guard, frames=2, fps=10.0, size_px=SIZE).clips) == 20
