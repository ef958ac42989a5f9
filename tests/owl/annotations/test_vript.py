import json
from itertools import pairwise

import pytest

from longtake.errors import UserError
from longtake.owl.annotations.plans import Conversion
from longtake.owl.annotations.vript import plan_vript, read_scenes
from longtake.owl.annotations.vript_times import read_times


def scene(number, video="bag", **fields):
    plain = {
        "video_id": video, "clip_id": f"{video}-Scene-{number:03d}", "video_title": "What is in my bag",
        "caption": {
            "shot_type": "Close-up.", "camera_movement": "Static.", "content": f"Thing {number} is shown.", "scene_title": "Things",
        },
        "voiceover": [" Hello", "there "],
    }  # fmt: skip
    return plain | fields


def written(folder, *scenes, video="bag"):
    folder.mkdir(exist_ok=True)
    data = {f"{video}-Scene-{number:03d}": one for number, one in enumerate(scenes, 1)}
    meta = {"video_id": video, "video_title": "What is in my bag", "num_clips": len(scenes), "integrity": True}
    path = folder / f"{video}_caption.json"
    path.write_text(json.dumps({"meta": meta, "data": data}))
    return path


def times(*edges_s, video="bag"):
    return {f"{video}-Scene-{number:03d}": pair for number, pair in enumerate(pairwise(edges_s), 1)}


def test_scenes_become_one_chain_with_a_cut_at_each_and_the_title_as_prompt(tmp_path):
    found = plan_vript(written(tmp_path, scene(1), scene(2), scene(3)), times(0, 9, 11, 20))
    (plan,) = found.plans
    assert (plan.video, plan.prompt) == ("bag", "What is in my bag")
    assert [(clip.start_s, clip.text, clip.new_scene) for clip in plan.clips] == [
        (0, "Static. Thing 1 is shown.", False), (4, "Static. Thing 1 is shown.", False), (9, "Static. Thing 2 is shown.", True),
        (13, "Static. Thing 3 is shown.", True),
    ]  # fmt: skip
    assert not found.left_out


def test_a_scene_is_read_with_all_its_fields(tmp_path):
    (read,) = read_scenes(written(tmp_path, scene(1)))
    assert (read.video, read.number, read.shot_type, read.scene_title, read.voiceover) == (
        "bag", 1, "Close-up.", "Things", "Hello there",
    )  # fmt: skip


def test_a_missing_scene_splits_the_story(tmp_path):
    bad = scene(2, caption={"content": "  "})
    found = plan_vript(written(tmp_path, scene(1), bad, scene(3)), times(0, 8, 12, 20))
    assert [[clip.start_s for clip in plan.clips] for plan in found.plans] == [[0, 4], [12, 16]]
    assert [plan.story_id for plan in found.plans] == ["bag-0", "bag-1"]
    assert dict(found.counts) == {"empty_text": 1}


def test_bad_scenes_are_counted(tmp_path):
    scenes = [scene(1), "none", scene(3, caption=None), scene(4, clip_id="bag"), scene(5), scene(6), scene(7), scene(8)]
    known = times(0, 8, 12, 20, 28, 36, 40, 48, 56)
    known["bag-Scene-005"] = (36, 28)
    known["bag-Scene-006"] = (float("nan"), 40)
    known["bag-Scene-008"] = (44, 56)
    found = plan_vript(written(tmp_path, *scenes, scene(8), scene(10)), known)
    assert dict(found.counts) == {
        "missing_keys": 3, "reversed": 1, "not_a_number": 1, "overlaps": 2, "no_times": 1,
    }  # fmt: skip
    assert [[clip.start_s for clip in plan.clips] for plan in found.plans] == [[0, 4], [40, 44]]


def test_a_scene_that_comes_twice_is_left_out(tmp_path):
    found = plan_vript(written(tmp_path, scene(1), scene(1)), times(0, 8))
    assert dict(found.counts) == {"repeated": 1}
    assert len(found.plans) == 1


def test_a_file_of_lines_and_a_folder_of_files_are_read_too(tmp_path):
    written(tmp_path / "captions", scene(1))
    written(tmp_path / "captions", scene(1, video="box"), video="box")
    (tmp_path / "captions" / "cup_caption.json").write_text("{")
    lines = tmp_path / "captions.jsonl"
    lines.write_text("\n".join([json.dumps(scene(1)), "", "{", json.dumps(scene(1, video="box"))]))
    known = times(0, 8) | times(0, 8, video="box")
    of_folder, of_lines = plan_vript(tmp_path / "captions", known), plan_vript(lines, known)
    assert of_folder.plans == of_lines.plans
    assert [plan.video for plan in of_lines.plans] == ["bag", "box"]
    assert (dict(of_folder.counts), dict(of_lines.counts)) == ({"unreadable_file": 1}, {"unreadable_line": 1})


@pytest.mark.parametrize("text", ["", "[]", '{"data": 1}', '{"data": {}}', "\xff", '{"data": {"a": 1}}'])
def test_a_file_of_another_kind_is_the_users_mistake(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match="expected Vript"):
        list(read_scenes(path))


def test_a_folder_without_captions_is_the_users_mistake(tmp_path):
    with pytest.raises(UserError, match=r"no \*_caption\.json"):
        list(read_scenes(tmp_path))


@pytest.mark.parametrize(
    "entries",
    [
        [{"start_time": 0, "end_time": 8.5}, {"start_time": 8.5, "end_time": 12}],
        [{"start": "00:00:00.000", "end": "00:00:08.500"}, {"start": "00:08.5", "end": "00:12"}],
    ],
)
def test_times_come_from_the_files_beside_the_cut_clips(tmp_path, entries):
    clips = [one | {"clip_id": f"bag-Scene-{number:03d}.mp4"} for number, one in enumerate(entries, 1)]
    (tmp_path / "bag_cut_meta.json").write_text(json.dumps({"clips": clips}))
    assert read_times(tmp_path) == {"bag-Scene-001": (0, 8.5), "bag-Scene-002": (8.5, 12)}


def test_times_are_sums_of_durations_where_there_is_nothing_better_and_end_at_a_missing_scene(tmp_path):
    durations = {1: 3.5, 2: 4.0, 3: "long", 4: 2.0}
    lines = [
        json.dumps({"clip_id": f"bag-Scene-{number:03d}", "duration": durations[number]}) for number in (4, 3, 2, 1)
    ]
    (tmp_path / "bag_asr.jsonl").write_text("\n".join([*lines, "no json", "7"]))
    assert read_times(tmp_path / "bag_asr.jsonl") == {"bag-Scene-001": (0.0, 3.5), "bag-Scene-002": (3.5, 7.5)}


def test_a_place_without_times_is_the_users_mistake(tmp_path):
    with pytest.raises(UserError, match="no times of scenes"):
        read_times(tmp_path)


def test_no_clip_crosses_a_scene_if_that_is_asked_for(tmp_path):
    found = plan_vript(written(tmp_path, scene(1), scene(2)), times(0, 7, 15), Conversion(least_share=1))
    assert [clip.start_s for clip in found.plans[0].clips] == [0, 7, 11]
