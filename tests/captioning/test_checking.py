from dataclasses import asdict

import pytest

from longtake.captioning.checking import check_parts, check_prose, check_text, find_repeat, flag_of
from longtake.captioning.config import Rules
from longtake.captioning.faults import Rejected
from longtake.captioning.languages import is_english
from longtake.captioning.schema import Parts, count_words
from tests.captioning.answers import GOOD, HUMAN, ORDERING, TEXT, TEXTS

RULES = Rules()


@pytest.mark.parametrize("said", HUMAN)
def test_what_people_write_is_taken(said):
    check_prose(said, RULES)
    assert flag_of(said) is None


def test_there_are_enough_sentences_of_people():
    assert len(HUMAN) >= 25


@pytest.mark.parametrize("said", ORDERING)
def test_what_speaks_to_a_model_is_flagged_and_not_turned_down(said):
    assert flag_of(TEXT, said) == "instructions"
    check_prose(said, RULES)


@pytest.mark.parametrize(
    "said", [case.answer for case in TEXTS if case.reason == "not_english" and TEXT not in case.answer]
)
def test_other_languages_are_taken_where_the_rules_allow_them(said):
    assert not is_english(said)
    check_prose(said, Rules(english=False))


def test_a_text_has_as_many_words_as_the_rules_say():
    words = count_words(TEXT)
    check_text(TEXT, Rules(words_min=words, words_max=words))
    for rules, reason in ((Rules(words_min=words + 1), "too_short"), (Rules(words_max=words - 1), "too_long")):
        with pytest.raises(Rejected, match=rf"{reason}: {words} words") as found:
            check_text(TEXT, rules)
        assert found.value.reason == reason


def test_the_reason_says_which_part_and_where():
    with pytest.raises(Rejected) as found:
        check_parts(Parts(**GOOD | {"camera": "The video shows a pan."}), RULES)
    assert (found.value.reason, found.value.detail) == ("boilerplate", "camera: 'The video shows'")
    with pytest.raises(Rejected, match="subject and overall say the same"):
        check_parts(Parts(**GOOD | {"overall": GOOD["subject"].upper()}), RULES)


def test_a_good_caption_is_good():
    check_parts(Parts(**GOOD), RULES)
    check_text(TEXT, RULES)
    assert flag_of(TEXT, *asdict(Parts(**GOOD)).values()) is None


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("He runs. He jumps. He runs.", None),
        ("The sea is calm. A gull cries. The sea is calm!", "the sea is calm"),
        ("From the left a dog runs over the wet sand to the right, and then from the left a dog runs over the wet sand.",
         "from the left a dog runs over the"),
        ("Knock, knock, knock!", None),
        ("no no no no no", "no no no no"),
        ("one two three one two three one two three one two three", "one two three one two three one two three one two three"),
        ("-------- and more", "--------"),
        ("Wait ... what", None),
    ],
)  # fmt: skip
def test_what_comes_again_is_found(said, again):
    assert find_repeat(said) == again
