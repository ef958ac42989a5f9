import json
from types import SimpleNamespace

import pytest

pytest.importorskip("tokenizers", reason="the training extra is not installed")

from longtake.errors import UserError
from longtake.owl.words import CLOSE, OPEN, OwnWords, TokenizerWords

TEXTS = ["A red square goes left.", "The red square returns, slowly!", "It's gone"]


def test_a_known_text_comes_back_in_lower_case():
    words = OwnWords.of(TEXTS)
    for text in TEXTS:
        assert words.decode(words.encode(text)) == text.lower()


def test_the_order_of_the_texts_changes_nothing():
    assert OwnWords.of(TEXTS).to_json() == OwnWords.of(reversed(TEXTS)).to_json()


def test_words_come_back_from_their_json():
    words = OwnWords.of(TEXTS)
    again = OwnWords.from_json(words.to_json())
    assert (again.size, again.to_json()) == (words.size, words.to_json())
    assert again.encode("red square!") == words.encode("red square!")


def test_no_text_becomes_a_mark_even_if_the_training_texts_name_it():
    words = OwnWords.of([*TEXTS, f"say {OPEN} and {CLOSE}", "a < b > c"])
    marks = {words.open_id, words.close_id}
    for text in (OPEN, CLOSE, "<", ">", f"red {OPEN} square{CLOSE}"):
        assert not marks & set(words.encode(text))


def test_marks_and_unknown_words_say_nothing():
    words = OwnWords.of(TEXTS)
    assert words.decode([words.open_id, *words.encode("red zebra square"), words.close_id]) == "red square"


def test_ids_are_below_the_size_and_the_rarest_words_are_left_out():
    assert OwnWords.of(TEXTS, most=4).size == 7
    words = OwnWords.of(TEXTS)
    assert max(words.encode(" ".join(TEXTS))) < words.size


def test_without_texts_all_words_are_unknown():
    words = OwnWords.of([])
    assert words.size == 3
    assert words.encode("red") == [0]


def test_words_that_it_does_not_know_are_named_once_each():
    words = OwnWords.of(TEXTS)
    assert words.unknown("The zebra goes left, a Zebra and a red cat.") == ["zebra", "Zebra", "and", "cat"]
    assert words.unknown("The red square goes.") == []


@pytest.mark.parametrize("said", ["{", "[]", "no json"])
def test_what_is_no_json_of_words_is_refused(said):
    with pytest.raises(UserError, match="no words"):
        OwnWords.from_json(said)


def test_words_of_another_kind_of_model_are_refused():
    said = json.loads(OwnWords.of(TEXTS).to_json())
    said["model"]["vocab"] = {"<unknown>": 0, "red": 1, "square": 2}
    with pytest.raises(UserError, match="another kind"):
        OwnWords.from_json(json.dumps(said))


@pytest.mark.parametrize(("first", "begin"), [(None, ()), (0, (0,)), (17, (17,))])
def test_sequences_begin_with_a_tokenizer_s_own_first_token_where_it_has_one(first, begin):
    tokenizer = SimpleNamespace(bos_token_id=first)
    assert TokenizerWords(tokenizer, size=20, open_id=18, close_id=19).begin_ids == begin
