from dataclasses import replace

from longtake.stages.training_films import choose_filmed
from tests.dit.rows import row


def windows(*names):
    """Three samples of each clip."""
    return [replace(row(name), window=window) for name in names for window in range(3)]


def test_films_are_of_different_clips_before_a_clip_is_filmed_twice():
    rows = windows("a", "b", "c")
    assert {one.clip_id for one in choose_filmed(rows, 3)} == {"a", "b", "c"}
    assert sorted(one.clip_id for one in choose_filmed(rows, 4))[:3] != ["a", "a", "a"]
    assert len(set(map(id, choose_filmed(rows, 20)))) == 9


def test_films_are_the_same_whatever_order_the_samples_come_in():
    rows = windows("a", "b", "c", "d")
    assert choose_filmed(rows, 3) == choose_filmed(rows[::-1], 3)
