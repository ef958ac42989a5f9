import json

import pytest

from longtake.caption_tuning.lessons import lessons_of, split_seeds
from longtake.captioning.config import Asking, Rules
from longtake.captioning.dialogue import describe_ask, merge_ask, part_ask, parts_ask
from longtake.captioning.schema import NAMES
from longtake.errors import UserError
from longtake.records import split_of
from tests.caption_tuning.drawn import parts, seed

ASKING, RULES = Asking(), Rules()


def test_a_caption_with_parts_teaches_them_from_the_frames_and_its_text_from_them():
    first, second = lessons_of(seed(0), ASKING, RULES)
    assert first.ask == parts_ask(ASKING)
    assert json.loads(first.answer) == {name: getattr(parts(), name) for name in NAMES}
    assert second.ask == merge_ask(ASKING, RULES, parts())
    assert (second.answer, second.ask.shows) == (seed(0).text, False)


def test_one_question_a_part_is_taught_where_captioning_asks_so():
    asking = Asking(passes="each")
    lessons = lessons_of(seed(0, text=None), asking, RULES)
    assert [lesson.ask for lesson in lessons] == [part_ask(asking, name) for name in NAMES]
    assert [lesson.answer for lesson in lessons] == [getattr(parts(), name) for name in NAMES]


def test_a_caption_without_parts_teaches_its_text_from_the_frames():
    (lesson,) = lessons_of(seed(1), ASKING, RULES)
    assert (lesson.ask, lesson.answer) == (describe_ask(ASKING, RULES), seed(1).text)


def test_all_captions_of_a_source_are_on_one_side_the_one_that_datasets_put_it_on():
    seeds = [seed(number, source=f"source {number % 20}") for number in range(60)]
    sides = split_seeds(seeds, 0.3)
    assert all(split_of(item.source, 0.3) == side for side, found in sides.items() for item in found)
    assert sum(map(len, sides.values())) == 60


def test_too_few_sources_for_a_held_out_part_are_a_sentence_with_a_share_that_holds_one_out():
    seeds = [seed(number) for number in range(3)]
    with pytest.raises(UserError, match=r"none of the 3 .*held_out_share: 0\.\d+") as caught:
        split_seeds(seeds, 0.001)
    share = float(str(caught.value).rpartition("held_out_share: ")[2].partition("}")[0])
    assert len(split_seeds(seeds, share)["validation"]) == 1
    with pytest.raises(UserError, match="none is left to learn from"):
        split_seeds(seeds, 0.999)
