from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.owl.annotations.plans import Conversion, clip_seconds, name_stories
from longtake.owl.annotations.timeline import Span, cover_clips, cut_spans, read_seconds, read_span, read_text

FOUR = Conversion()


def span(start_s, end_s, text="It goes on.", after_cut=False):
    return Span(start_s=float(start_s), end_s=float(end_s), text=text, after_cut=after_cut)


def times(chain):
    return [(clip.start_s, clip.end_s) for clip in chain]


def test_a_span_is_cut_from_its_beginning_and_a_tail_under_half_a_clip_is_dropped():
    (chain,) = cut_spans([span(1, 10.9)], FOUR)
    assert times(chain) == [(1, 5), (5, 9)]


def test_a_longer_tail_takes_what_is_missing_from_the_scene_that_follows():
    (chain,) = cut_spans([span(0, 7, "a"), span(7, 17, "b", after_cut=True)], FOUR)
    assert times(chain) == [(0, 4), (4, 8), (8, 12), (12, 16)]
    assert [clip.text for clip in chain] == ["a", "a", "b", "b"]
    assert [clip.new_scene for clip in chain] == [False, False, True, False]


def test_with_a_share_of_1_no_clip_crosses_the_end_of_a_scene():
    (chain,) = cut_spans([span(0, 7.9), span(7.9, 12, after_cut=True)], Conversion(least_share=1))
    assert times(chain) == [(0, 4), (7.9, 11.9)]


def test_the_last_tail_of_all_has_nothing_to_take_from():
    (chain,) = cut_spans([span(0, 7)], FOUR)
    assert times(chain) == [(0, 4)]


def test_what_is_dropped_ends_a_chain_but_at_a_cut():
    at_a_cut = cut_spans([span(0, 5), span(5, 9, after_cut=True)], FOUR)
    elsewhere = cut_spans([span(0, 5), span(5, 9)], FOUR)
    assert [times(chain) for chain in at_a_cut] == [[(0, 4), (5, 9)]]
    assert [times(chain) for chain in elsewhere] == [[(0, 4)], [(5, 9)]]


def test_the_cut_before_a_scene_too_short_for_a_clip_is_not_forgotten():
    (chain,) = cut_spans([span(0, 4), span(4, 5, after_cut=True), span(5, 9)], FOUR)
    assert [clip.new_scene for clip in chain] == [False, True]


def test_each_clip_takes_the_event_that_covers_most_of_it_and_one_without_ends_the_chain():
    events = [span(0, 5, "first"), span(3, 11, "second"), span(15.9, 20, "third")]
    chains, missed = cover_clips(21, events, (), FOUR)
    assert [[(clip.start_s, clip.text) for clip in chain] for chain in chains] == [
        [(0, "first"), (4, "second"), (8, "second")],
        [(16, "third")],
    ]
    assert missed == [(12, pytest.approx(0.025))]


def test_of_events_that_cover_as_much_the_shortest_is_taken():
    chains, _ = cover_clips(8, [span(0, 8, "all of it"), span(4, 8, "the end")], (), FOUR)
    assert [clip.text for clip in chains[0]] == ["all of it", "the end"]


@pytest.mark.parametrize(("cut_s", "new"), [(4.0, True), (2.0, True), (6.0, True), (1.9, False), (6.1, False)])
def test_a_clip_is_a_new_scene_where_another_event_begins_and_a_cut_is_near(cut_s, new):
    chains, _ = cover_clips(8, [span(0, 4, "a"), span(4, 8, "b")], (cut_s,), FOUR)
    same, _ = cover_clips(8, [span(0, 8, "a")], (cut_s,), FOUR)
    assert [clip.new_scene for clip in chains[0]] == [False, new]
    assert [clip.new_scene for clip in same[0]] == [False, False]


SECONDS = st.floats(0, 120, allow_subnormal=False)
CONVERSIONS = st.builds(
    Conversion, clip_s=st.floats(0.5, 10), least_share=st.floats(0.05, 1), words=st.integers(1, 5), most_clips=st.integers(0, 4)
)  # fmt: skip


def hold(stories, conversion, begin_s, end_s):
    """Equal, in order, apart, inside the video; each begins where the one before ends, but at a cut."""
    for chain in stories:
        assert chain
        for clip in chain:
            assert clip.end_s - clip.start_s == pytest.approx(conversion.clip_s, abs=1e-6)
            assert begin_s - 1e-6 <= clip.start_s
            assert clip.end_s <= end_s + 1e-4
            assert 1 <= len(clip.text.split()) <= conversion.words
        assert not chain[0].new_scene
        assert all(after.new_scene or abs(after.start_s - before.end_s) < 1e-6 for before, after in pairwise(chain))
    everything = [clip for chain in stories for clip in chain]
    assert all(before.end_s <= after.start_s + 1e-6 for before, after in pairwise(everything))


@given(
    edges_s=st.lists(SECONDS, min_size=2, max_size=8, unique=True).map(sorted), cuts=st.lists(st.booleans(), min_size=8, max_size=8),
    conversion=CONVERSIONS,
)  # fmt: skip
def test_clips_of_scenes_are_equal_in_order_apart_and_inside(edges_s, cuts, conversion):
    spans = [
        span(start, end, "one two three", after_cut=cut)
        for (start, end), cut in zip(pairwise(edges_s), cuts, strict=False)
    ]
    stories = cut_spans(spans, conversion)
    hold(stories, conversion, edges_s[0], edges_s[-1])
    plans = name_stories("v", None, stories, conversion)
    hold([plan.clips for plan in plans], conversion, edges_s[0], edges_s[-1])
    assert sum(len(plan.clips) for plan in plans) == sum(map(len, stories))
    assert all(len(plan.clips) <= (conversion.most_clips or 10_000) for plan in plans)


@given(
    duration_s=st.floats(0.1, 120), ends=st.lists(st.tuples(SECONDS, SECONDS), max_size=6), cuts=st.lists(SECONDS, max_size=6),
    conversion=CONVERSIONS,
)  # fmt: skip
def test_clips_of_events_are_equal_in_order_apart_and_inside(duration_s, ends, cuts, conversion):
    read = [read_span("e", *sorted(pair), "one two three", duration_s) for pair in ends]
    spans = [one for one in read if isinstance(one, Span)]
    stories, missed = cover_clips(duration_s, spans, cuts, conversion)
    hold(stories, conversion, 0, duration_s)
    whole = int(duration_s / conversion.clip_s + 1e-6)
    assert sum(map(len, stories)) + len(missed) == whole


@pytest.mark.parametrize(
    ("start", "end", "text", "reason"),
    [
        (4, 2, "a", "reversed"),
        (2, 2, "a", "reversed"),
        (float("nan"), 2, "a", "not_a_number"),
        ("1", 2, "a", "not_a_number"),
        (True, 2, "a", "not_a_number"),
        (0, 10**400, "a", "not_a_number"),
        (0, float("inf"), "a", "not_a_number"),
        (1, 2, " \n", "empty_text"),
        (1, 2, None, "empty_text"),
        (1, 2, "\ud800", "empty_text"),
        (11, 12, "a", "outside"),
        (-3, -1, "a", "outside"),
    ],
)
def test_a_bad_stretch_is_left_out_with_a_reason(start, end, text, reason):
    assert read_span("here", start, end, text, 10.0).reason == reason


def test_a_stretch_is_cut_off_at_the_ends_of_its_video():
    assert read_span("here", -0.2, 10.3, " a\n b", 10.0) == span(0, 10, "a b")


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_whatever_a_file_holds_is_a_number_of_seconds_or_none(value):
    seconds = read_seconds(value)
    assert seconds is None or abs(seconds) <= 86_400
    assert isinstance(read_text(value), str)


def test_a_clip_of_a_decoder_goes_on_for_its_frames_but_the_repeated_one():
    assert clip_seconds(17, 8.0) == 2.0
    with pytest.raises(UserError, match="1 frames at 8 a second"):
        clip_seconds(1, 8.0)
