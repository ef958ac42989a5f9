import pytest

from longtake.evaluation.texts import distinct_share, repetition_rate, text_variety


def test_distinct_texts_are_counted_over_all_films():
    assert distinct_share([["a", "b"], ["a", "c"]]) == 0.75
    assert distinct_share([["A  dog runs."], ["a dog runs"]]) == 0.5


def test_a_repetition_is_what_the_text_just_before_said_in_the_same_film():
    assert repetition_rate([["a", "a", "b", "a"]]) == pytest.approx(1 / 3)
    assert repetition_rate([["a"], ["a"]]) == 0
    assert repetition_rate([["a", "b", "a"], ["c", "c"]], within=2) == pytest.approx(2 / 3)


def test_a_model_that_always_says_the_same_is_all_repetition():
    said = text_variety([["it goes on"] * 5, ["it goes on"] * 5])
    assert (said.texts, said.distinct_share, said.repetition_rate) == (10, 0.1, 1.0)


def test_no_texts_and_no_reach_are_refused():
    with pytest.raises(ValueError, match="no texts"):
        distinct_share([[], []])
    with pytest.raises(ValueError, match="within is 0"):
        repetition_rate([["a", "b"]], within=0)
