from base64 import b64decode

from longtake.report.pictures import choose, in_turn, left_out
from tests.rows import clip, video

CLIPS = [clip(number, video(1)) for number in range(5)]


def test_what_fits_is_chosen_in_order_and_nothing_is_asked_for_after_the_first_that_does_not():
    asked = []

    def source(of):
        asked.append(of)
        return b"x" * 30

    found = choose(CLIPS, source, room=100)
    assert list(found) == [of.clip_id for of in CLIPS[:2]], "40 letters each"
    assert asked == CLIPS[:3]
    assert b64decode(found[CLIPS[0].clip_id]) == b"x" * 30
    assert left_out(CLIPS, found) == 3


def test_a_clip_that_is_shown_twice_is_asked_for_once_and_costs_twice():
    asked = []
    found = choose([CLIPS[0], CLIPS[0], CLIPS[1]], lambda of: asked.append(of) or b"x" * 30, room=100)
    assert list(found) == [CLIPS[0].clip_id]
    assert asked == CLIPS[:2]


def test_the_missing_and_the_too_large_leave_room_for_others():
    sizes = dict(zip((of.clip_id for of in CLIPS), (0, 50, 30, 0, 30), strict=True))
    found = choose(CLIPS, lambda of: b"x" * sizes[of.clip_id], room=100, largest=50)
    assert list(found) == [CLIPS[2].clip_id, CLIPS[4].clip_id]


def test_lists_take_turns():
    assert in_turn("abc", "", "de") == list("adbec")
    assert in_turn() == []
