import json
from dataclasses import asdict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from longtake.captioning.checking import check_parts, check_text
from longtake.captioning.config import Rules
from longtake.captioning.faults import ANSWER_REASONS, Rejected
from longtake.captioning.reading import LONGEST, read_parts, read_text
from longtake.captioning.schema import NAMES, Parts, count_words, parts_schema
from tests.captioning.answers import GOOD, HUMAN, PARTS, PLAIN, TEXT, TEXTS

RULES = Rules()
SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)


def parts_of(answer):
    parts = read_parts(answer)
    check_parts(parts, RULES)
    return parts


def text_of(answer):
    text = read_text(answer)
    check_text(text, RULES)
    return text


def outcome(read, answer):
    """What is stored, or the reason why nothing is."""
    try:
        return read(answer)
    except Rejected as error:
        fault = error
    assert fault.reason in ANSWER_REASONS
    assert fault.complaint.encode(), "it is logged, stored and sent"
    assert len(fault.detail) < 200
    return fault.reason


def test_the_corpus_is_large_and_has_every_reason():
    assert len(PARTS) >= 60
    assert {case.reason for case in PARTS + TEXTS} == {None, *ANSWER_REASONS}
    for cases in (PARTS, TEXTS):
        assert len({case.answer for case in cases}) == len({case.name for case in cases}) == len(cases)


@pytest.mark.parametrize("case", PARTS, ids=lambda case: case.name)
def test_an_answer_with_parts_is_stored_or_turned_down_for_its_reason(case):
    expected = case.reason or Parts(**GOOD | (case.parts or {}))
    assert outcome(parts_of, case.answer) == expected


@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case.name)
def test_an_answer_with_a_text_is_stored_or_turned_down_for_its_reason(case):
    found = outcome(text_of, case.answer)
    assert found == case.reason if case.reason else found == TEXT


def stored(found):
    """Whether it is a record that may be stored: checked again, after a way through JSON."""
    if isinstance(found, Parts):
        again = Parts(**json.loads(json.dumps(asdict(found))))
        assert again == found
        check_parts(again, RULES)
        assert all(" ".join(text.split()) == text != "" for text in asdict(found).values())
    return True


@SETTINGS
@given(st.text(max_size=400) | st.text("{}[]\":,'\\ab \n", max_size=400).map("{".__add__))
@example("{" * 30_000)
@example("{'" + "//...'" * 5_000)
@example(" " * LONGEST)
@example("{\n" * 10_000)
def test_any_text_at_all_gives_a_record_that_may_be_stored_or_a_reason(answer):
    assert stored(outcome(parts_of, answer))
    assert stored(outcome(text_of, answer))


CUTS = st.tuples(
    st.integers(0, len(PLAIN)), st.integers(0, 40), st.text(max_size=8) | st.sampled_from(['"', "}", ",", "\\"])
)


@SETTINGS
@given(st.lists(CUTS, min_size=1, max_size=4))
def test_a_good_answer_that_was_damaged_gives_a_record_that_may_be_stored_or_a_reason(cuts):
    answer = PLAIN
    for at, length, put in cuts:
        answer = answer[:at] + put + answer[at + length :]
    assert stored(outcome(parts_of, answer))


@pytest.mark.parametrize("at", range(0, len(PLAIN) - 1, 7))
def test_an_answer_that_breaks_off_anywhere_is_never_stored(at):
    assert outcome(parts_of, PLAIN[:at]) in ("empty", "cut_off", "wrong_shape", "no_json")


def test_what_the_schema_allows_is_what_is_read():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(GOOD, parts_schema())
    for wrong in ({}, GOOD | {"subject": ""}, GOOD | {"mood": "calm"}, GOOD | {"camera": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, parts_schema())
    assert tuple(parts_schema()["required"]) == NAMES


@pytest.mark.parametrize("said", HUMAN)
def test_what_people_write_comes_back_as_they_wrote_it(said):
    assert read_text(said) == said


def test_words_are_what_white_space_parts_if_there_is_a_letter_or_digit_in_it():
    assert count_words("A close-up – at 5 °C, isn't it?") == 7
    assert count_words("") == count_words(" ... – ") == 0
