from itertools import pairwise

from longtake.owl.annotations.own import plans_of_clips
from longtake.owl.annotations.plans import Conversion
from tests.rows import caption, clip, video

TWO = Conversion(clip_s=2.0)
ONE = video(1)


def rows(*edges_s, **fields):
    return [
        clip(number, ONE, start_s=start, end_s=end, **fields) for number, (start, end) in enumerate(pairwise(edges_s))
    ]


def captions(clips, **fields):
    return {one.clip_id: caption(one, text=f"Shot {number}.", **fields) for number, one in enumerate(clips)}


def test_clips_that_follow_each_other_are_one_story_with_a_cut_between():
    clips = rows(0, 4, 6.02)
    (plan,) = plans_of_clips(reversed(clips), captions(clips), TWO).plans
    assert (plan.video, plan.prompt) == (ONE.video_id, "Shot 0.")
    assert [(one.start_s, one.text, one.new_scene) for one in plan.clips] == [
        (0, "Shot 0.", False), (2, "Shot 0.", False), (4, "Shot 1.", True),
    ]  # fmt: skip


def test_every_clip_has_the_metrics_of_the_footage_that_it_was_cut_from():
    clips = rows(0, 4, 6)
    (plan,) = plans_of_clips(clips, captions(clips), TWO, {clips[0].clip_id: {"motion": 3.0, "vtss": 2.5}}).plans
    assert [dict(one.conditions) for one in plan.clips] == [{"motion": 3.0, "vtss": 2.5}] * 2 + [{}]


def test_where_no_transition_is_there_is_no_cut():
    clips = rows(0, 4, 8, begins_with="start", ends_with="end")
    (plan,) = plans_of_clips(clips, captions(clips), TWO).plans
    assert not any(one.new_scene for one in plan.clips)


def test_a_gap_of_more_than_a_frame_splits_a_story():
    near, far = rows(0, 4), rows(0, 4)
    near.append(clip(1, ONE, start_s=4.04, end_s=8))
    far.append(clip(1, ONE, start_s=4.1, end_s=8))
    assert [len(plans_of_clips(clips, captions(clips), TWO).plans) for clips in (near, far)] == [1, 2]


def test_what_has_no_caption_or_was_put_aside_is_counted_and_splits():
    clips = rows(0, 2, 4, 6, 8, 10)
    told = captions(clips)
    del told[clips[1].clip_id]
    told[clips[2].clip_id] = caption(clips[2], text=None, reason="refused")
    told[clips[3].clip_id] = caption(clips[3], text=" ")
    clips[0] = clip(0, ONE, start_s=0, end_s=2, reason="too_short")
    found = plans_of_clips(clips, told, TWO)
    assert dict(found.counts) == {"put_aside": 1, "no_caption": 2, "empty_text": 1}
    assert [[one.start_s for one in plan.clips] for plan in found.plans] == [[8]]


def test_clips_that_overlap_or_come_twice_are_counted_and_another_slicing_is_a_video_of_its_own():
    clips = rows(0, 4)
    again, inside = clips[0], clip(7, ONE, start_s=1.0, end_s=5.0)
    found = plans_of_clips([*clips, again, inside], captions([*clips, inside]), TWO)
    assert dict(found.counts) == {"repeated": 1, "overlaps": 1}
    other = rows(0, 4, made_by="other")
    assert len(plans_of_clips([*clips, *other], captions(clips), TWO).plans) == 2


def test_a_video_of_short_clips_alone_says_so():
    clips = rows(0, 0.5)
    assert dict(plans_of_clips(clips, captions(clips), TWO).counts) == {"too_short": 1}
