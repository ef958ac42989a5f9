import pytest

from longtake.dit.asking import check_metrics, read_pairs, say_left_open, say_unseen
from longtake.dit.config import Objective
from longtake.errors import UserError

KNOWN = ("motion", "aesthetic", "clarity", "vtss")
STATISTICS = {"motion": (2.0, 0.5), "clarity": (0.8, 0.05)}


def test_pairs_are_numbers_by_name_and_a_name_that_comes_twice_is_a_mistake_of_the_user():
    assert read_pairs(["motion=20", "clarity=0.9"], "--set") == {"motion": 20.0, "clarity": 0.9}
    with pytest.raises(UserError, match="--set motion is given twice, 20 and 3"):
        read_pairs(["motion=20", "clarity=0.9", " motion=3"], "--set")


@pytest.mark.parametrize("pair", ["motion", "motion=", "motion=fast", "motion=nan", "=", "motion=inf"])
def test_a_pair_without_a_number_is_a_mistake_of_the_user(pair):
    with pytest.raises(UserError, match="expected something like --set motion=20"):
        read_pairs([pair], "--set")


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"moton": 3.0}, "no condition 'moton'; did you mean 'motion'"),
        ({"brightness": 0.5}, "it knows motion, clarity"),
        ({"vtss": 4.0}, "never learned vtss: no sample that it was trained on had one"),
        ({"clarity": 1.5}, "clarity=1.5 cannot be; expected 0 to 1"),
        ({"motion": -1.0}, "motion=-1 cannot be; expected 0 px/s or more"),
    ],
)
def test_metrics_that_a_model_cannot_be_asked_for_are_a_mistake_of_the_user(metrics, words):
    with pytest.raises(UserError, match=words):
        check_metrics(metrics, KNOWN, STATISTICS)


def test_a_metric_far_from_what_the_model_saw_is_said_in_its_units():
    assert list(say_unseen({"motion": 20.0, "clarity": 0.9}, STATISTICS)) == []
    (sentence,) = say_unseen({"motion": 200.0}, STATISTICS)
    assert "motion=200 is far from" in sentence
    assert "mostly 1.72 to 19.1 px/s" in sentence  # e^(2 - 1) - 1 and e^(2 + 1) - 1


def test_what_is_left_open_is_said_only_where_the_model_always_had_it():
    assert list(say_left_open([], STATISTICS, Objective())) == []
    always = Objective(text_dropout=0, condition_dropout=0)
    text, metrics = say_left_open(["clarity"], STATISTICS, always)
    assert "no text was given" in text
    assert "motion was not given" in metrics
    assert list(say_left_open(["text", "motion", "clarity"], STATISTICS, always)) == []
