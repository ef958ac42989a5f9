import math

import pytest

from longtake.errors import UserError
from longtake.tsa_training.config import Curriculum, Split
from longtake.tsa_training.defects import KINDS
from longtake.tsa_training.footage import split_sources
from longtake.tsa_training.samples import DRAWN, Shot, draw_drawn, draw_test, draw_training

CONFIG = Curriculum(samples=80, drawn_samples=40, held_out_ladders=2, held_out_composed=12)
SHOTS = [Shot(source, number) for source in ("alps", "bus", "cat") for number in range(3)]


def test_the_same_seed_draws_the_same_samples_and_more_of_them_begin_alike():
    few, many = (list(draw_training(SHOTS, count, "train", CONFIG)) for count in (40, 80))
    assert many[:40] == few
    assert list(draw_training(SHOTS, 40, "validation", CONFIG)) != few


def test_groups_show_one_shot_in_one_framing_clean_first():
    samples = list(draw_training(SHOTS, 80, "train", CONFIG))
    for group in {sample.group for sample in samples}:
        members = [sample for sample in samples if sample.group == group]
        assert len({(member.shot, member.framing, member.seed) for member in members}) == 1
        assert [not member.defects for member in members] == [True, False, False, False]
        assert members[0].target == 5


def test_a_target_is_what_its_defects_leave_of_five():
    for sample in draw_training(SHOTS, 80, "train", CONFIG):
        left = math.prod(1 - severity for _, severity in sample.defects)
        assert sample.target == pytest.approx(1 + 4 * left)
        assert sample.other.source != sample.shot.source


def test_held_out_kinds_are_never_trained_on_and_all_kinds_are_judged():
    trained = [*draw_training(SHOTS, 400, "train", CONFIG), *draw_drawn(CONFIG)]
    assert not any(sample.held_out_kind for sample in trained)
    assert {sample.shot.source for sample in draw_drawn(CONFIG)} == {DRAWN}
    judged = list(draw_test(SHOTS, CONFIG))
    assert {kind for sample in judged for kind, _ in sample.defects} == set(KINDS)
    assert len({sample.name for sample in judged}) == len(judged)


def test_ladders_rise_in_equal_steps_on_one_shot():
    judged = list(draw_test(SHOTS[:1], CONFIG))
    for ladder in {sample.ladder for sample in judged} - {""}:
        steps = [sample for sample in judged if sample.ladder == ladder]
        assert [dict(sample.defects).popitem()[1] for sample in steps] == [0.25, 0.5, 0.75, 1.0]
        assert len({(sample.shot, sample.seed) for sample in steps}) == 1


def test_sources_are_split_by_name_or_drawn_and_none_is_on_two_sides():
    named = split_sources("abcdef", Split(validation=("b",), test=("c", "d")), 0)
    assert named == {"a": "train", "b": "validation", "c": "test", "d": "test", "e": "train", "f": "train"}
    drawn = split_sources("abcdef", Split(), 0)
    assert set(drawn.values()) == {"train", "validation", "test"}
    assert drawn == split_sources("fedcba", Split(), 0)


@pytest.mark.parametrize(
    ("names", "split", "said"),
    [("ab", Split(), "none is left"), ("abc", Split(test=("x",)), "names x"), ("", Split(), "0 sources")],
)
def test_a_split_that_leaves_a_part_empty_is_refused(names, split, said):
    with pytest.raises(UserError, match=said):
        split_sources(names, split, 0)
