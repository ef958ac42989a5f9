import numpy as np
import pytest

from longtake.errors import UserError
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.scoring import score, share_right
from longtake.owl.shapes.world import draw_story

CONFIG = ShapesConfig(gap=8)


def films(shown):
    return [clip.frames_NHW3 for clip in shown.story.clips]


def test_the_true_film_has_every_fact_right():
    facts = [
        fact for seed in range(10) for fact in score(draw_story(seed, CONFIG), films(draw_story(seed, CONFIG)), CONFIG)
    ]
    assert all(fact.right for fact in facts)
    assert {fact.what for fact in facts} == {"event", "presence", "colour", "texture", "ground"}
    for what in ("event", "colour", "texture"):
        assert share_right(facts, what) == 1
    assert share_right(facts, "colour", after=8) == 1
    assert share_right(facts, "colour", after=5) is None


def test_a_film_that_returns_in_another_colour_forgets_the_colour_alone():
    others = (draw_story(seed, ShapesConfig(gap=8, cuts=0)) for seed in range(1, 500))
    shown = draw_story(0, ShapesConfig(gap=8, cuts=0))
    other = next(
        o for o in others
        if o.shots[8].event == shown.shots[8].event and o.shots[8].thing.colour != shown.shots[8].thing.colour
    )  # fmt: skip
    facts = score(shown, [*films(shown)[:8], films(other)[8]], CONFIG)
    assert [(fact.clip, fact.what, fact.after) for fact in facts if not fact.right] == [(8, "colour", 8)]


def test_an_object_that_arrives_keeps_the_colour_that_the_film_gave_it():
    config = ShapesConfig(gap=6, cuts=0, arrivals=1)
    shown = draw_story(0, config)
    others = (draw_story(seed, config) for seed in range(1, 3000))
    other = next(
        o for o in others
        if all(o.shots[k].event == shown.shots[k].event for k in (1, 8)) and o.shots[1].thing.colour != shown.shots[1].thing.colour
    )  # fmt: skip
    true, elsewhere = films(shown), films(other)
    for made, right in (
        (true, True),
        ([true[0], elsewhere[1], *true[2:8], elsewhere[8]], True),
        ([*true[:8], elsewhere[8]], False),
        ([true[0], elsewhere[1], *true[2:]], False),
        ([true[0], true[0], *true[2:]], False),
    ):
        (fact,) = [fact for fact in score(shown, made, config) if fact.what == "colour"]
        assert (fact.clip, fact.after, fact.right) == (8, 6, right)


def test_a_film_that_never_leaves_a_place_or_an_object_has_remembered_nothing():
    for cuts, whats in ((0, {"colour"}), (1, {"colour", "texture", "ground"})):
        shown = draw_story(0, ShapesConfig(gap=8, cuts=cuts))
        back = shown.shots[8]
        if cuts:
            assert back.cut
        held = films(shown)[8][-1:].repeat(9, axis=0)
        facts = [fact for fact in score(shown, [held] * 9, CONFIG) if fact.clip == 8 and fact.after == 8]
        assert {fact.what for fact in facts if fact.what in whats} == {fact.what for fact in facts} - {"presence"}
        assert all(fact.found == fact.expected and not fact.right for fact in facts if fact.what in whats)


def test_facts_are_asked_of_returns_and_events_of_every_clip():
    for seed in range(10):
        shown = draw_story(seed, CONFIG)
        facts = score(shown, films(shown), CONFIG)
        assert [fact.clip for fact in facts if fact.what == "event"] == list(range(9))
        asked = [(fact.clip, fact.what, fact.after) for fact in facts if fact.what in ("colour", "texture", "ground")]
        returns = [(clip, what, after) for clip, shot in enumerate(shown.shots) for what, after in shot.returns.items()]
        assert sorted(asked) == sorted(returns)


def test_a_still_film_keeps_no_event_but_rest():
    shown = draw_story(0, CONFIG)
    facts = score(shown, [np.repeat(frames[:1], 9, axis=0) for frames in films(shown)], CONFIG)
    for fact in facts:
        if fact.what == "event":
            assert fact.right == (fact.expected in ("rests", "empty"))


def test_a_film_of_fewer_clips_is_refused():
    shown = draw_story(0, CONFIG)
    with pytest.raises(UserError, match="shapes-0: 8 clips of a script of 9"):
        score(shown, films(shown)[:8], CONFIG)
