import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.owl.annotations.activitynet import plan_activitynet, plan_events
from longtake.owl.annotations.plans import REASONS, Conversion

CLIMB = {
    "duration": 30.0,
    "timestamps": [[0, 9.5], [8.0, 20.0], [25.5, 30.0]],
    "sentences": ["A man climbs a rock.", " He falls into the water and swims. ", "He waves."],
}


def written(tmp_path, found):
    path = tmp_path / "train.json"
    path.write_text(found if isinstance(found, str) else json.dumps(found))
    return path


def test_a_video_becomes_chains_of_4_s_with_the_first_sentence_as_prompt(tmp_path):
    found = plan_activitynet(written(tmp_path, {"v_climb": CLIMB}), cuts_s={"v_climb": [9.0]})
    first, second = found.plans
    assert (first.story_id, first.video, first.prompt) == ("v_climb-0", "v_climb", "A man climbs a rock.")
    assert [(clip.start_s, clip.text[:8], clip.new_scene) for clip in first.clips] == [
        (0, "A man cl", False), (4, "A man cl", False), (8, "He falls", True), (12, "He falls", False), (16, "He falls", False),
    ]  # fmt: skip
    assert (second.prompt, [clip.start_s for clip in second.clips]) == ("He waves.", [24])
    assert dict(found.counts) == {"uncovered": 1}
    assert found.seconds == 24


def test_texts_are_cut_to_the_words_asked_for(tmp_path):
    found = plan_activitynet(written(tmp_path, {"v_climb": CLIMB}), Conversion(words=3))
    assert [plan.prompt for plan in found.plans] == ["A man climbs", "He waves."]


def test_bad_entries_are_counted_and_the_good_ones_are_read(tmp_path):
    found = plan_activitynet(
        written(
            tmp_path,
            {
                "v_good": CLIMB,
                "v_list": [1, 2],
                "v_no_times": {"duration": 10, "sentences": ["a"]},
                "v_endless": CLIMB | {"duration": float("nan")},
                "v_short": {"duration": 3.0, "timestamps": [[0, 3]], "sentences": ["a"]},
                "v_mixed": {
                    "duration": 8,
                    "timestamps": [[5, 2], [0, 8], [0], [9, 10], [0, 4], [1, 2]],
                    "sentences": ["a", "b", "c", "d", "  "],
                },
            },
        )
    )
    assert {plan.video for plan in found.plans} == {"v_good", "v_mixed"}
    assert dict(found.counts) == {
        "missing_keys": 3, "not_a_number": 1, "too_short": 1, "reversed": 1, "outside": 1, "empty_text": 1, "unpaired": 1,
        "uncovered": 1,
    }  # fmt: skip


@pytest.mark.parametrize("found", ["no json", "[1]", "{}", '{"a": {"b": 1}}', "[" * 100_000, '"\ufeff"'])
def test_a_file_of_another_kind_is_the_users_mistake(tmp_path, found):
    with pytest.raises(UserError, match="expected ActivityNet Captions"):
        plan_activitynet(written(tmp_path, found))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)  # fmt: skip


@given(
    entry=st.one_of(
        JSON,
        st.fixed_dictionaries(
            {
                "duration": st.one_of(st.floats(-10, 500), JSON),
                "timestamps": st.one_of(
                    st.lists(st.lists(st.floats(-10, 300), min_size=2, max_size=2), max_size=4), JSON
                ),
                "sentences": st.one_of(st.lists(st.text(max_size=5), max_size=4), JSON),
            }
        ),
    )
)
def test_no_entry_whatever_it_holds_ends_a_file(entry):
    plans, left_out = plan_events("v", entry, (1.0, 5.0), Conversion(clip_s=2.0))
    assert {one.reason for one in left_out} <= REASONS.keys()
    assert plans or left_out or entry["timestamps"] == []
