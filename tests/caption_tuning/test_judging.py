import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.caption_tuning.judging import distinct_pairs, judge, references, rouge_l, summarise, word_f1
from longtake.caption_tuning.lessons import lessons_of
from longtake.captioning.config import Asking, Rules
from longtake.captioning.dialogue import Answer
from tests.caption_tuning.drawn import parts, seed

RULES = Rules(words_min=5)
PARTS, MERGE = lessons_of(seed(0), Asking(), RULES)
words = st.lists(st.sampled_from("abcd"), max_size=12)


@given(words, words)
def test_rouge_l_is_the_f1_of_the_longest_common_row_of_words(one, other):
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    expected = 2 * table[-1][-1] / (len(one) + len(other)) if one or other else 0.0
    assert rouge_l(" ".join(one), " ".join(other)) == pytest.approx(expected)


def test_words_shared_count_as_often_as_they_come_in_both():
    assert word_f1("The box, the box!", "a box is the box") == pytest.approx(2 * 3 / 9)
    assert word_f1("", "a box") == 0


def test_pairs_that_come_again_lower_the_share_of_distinct_ones():
    assert distinct_pairs(["a b c d"]) == 1
    assert distinct_pairs(["a b c", "a b c"]) == 0.5


def test_an_answer_is_judged_by_what_captioning_would_read_of_it_and_take():
    good = judge(PARTS, Answer(text=f"Here it is: {json.dumps(asdict(parts('blue')))}"), RULES)
    assert good.reason is None
    assert good.text.split("\n")[0] == "A blue box."
    assert good.reference.split("\n")[0] == "A red box."
    prose = judge(PARTS, Answer(text=" A box. "), RULES)
    assert (prose.reason, prose.text, prose.is_read) == ("no_json", "A box.", False)
    assert judge(MERGE, Answer(text="I cannot see the video that you speak of."), RULES).reason == "refusal"
    assert judge(MERGE, Answer(text=MERGE.answer, cut_off=True, answer_tokens=64), RULES).reason == "cut_off"


def test_the_figures_of_each_kind_of_question_are_apart():
    said = [judge(MERGE, Answer(text=text), RULES) for text in (MERGE.answer, "A box.")]
    figures = summarise([*said, judge(PARTS, Answer(text=PARTS.answer), RULES)])
    assert list(figures) == ["parts", "merge"]
    assert (figures["merge"].answers, figures["merge"].valid, figures["merge"].reasons) == (2, 1, {"too_short": 1})
    assert figures["parts"].rouge_l == figures["parts"].word_f1 == 1
    assert references(said)["merge"] == (len(MERGE.answer.split()), 0.5)
