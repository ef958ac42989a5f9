import json
from itertools import islice, pairwise

import numpy as np
import pytest

from longtake.config import load_config
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.owl.training import StoryBatch, batches
from longtake.records import Run, Score
from longtake.stages import listing, owl_training, slicing
from longtake.stages.owl_footage import NamedFootage, VideoShelf
from longtake.stages.owl_stories import HELD_OUT, open_source, read_ahead
from longtake.stages.owl_training_config import OwlStageConfig
from tests.drawing import draw_film
from tests.stages.encoded import fill
from tests.stages.test_owl_training import FILM, OWL, TRAINING

CLIP = FILM | {"fps": 5.0}
"""0.8 s of a film."""


def opened(lake, stories, folder, raw="", **film):
    config = load_config(
        OwlStageConfig, {"film": CLIP | film, "stories": stories, "work": {"readers": 1}}, where="test"
    )
    return config, open_source(lake, config, config.film, folder, raw=raw, captioning_config={})


def test_drawn_stories_have_what_their_section_says(tmp_path):
    section = {"clips": 6, "gap": 2, "cuts": 0.25, "arrivals": 0.5}
    _, source = opened(Lake(str(tmp_path / "data")), {"shapes": section}, tmp_path)
    assert {name: getattr(source.config, name) for name in section} == section
    with pytest.raises(UserError, match="gap is 4 of 6 clips, and objects arrive; expected at most 3"):
        opened(Lake(str(tmp_path / "data")), {"shapes": section | {"gap": 4}}, tmp_path)


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """A lake with three films of two captioned shots each, but for one shot; and the films."""
    folder = tmp_path_factory.mktemp("footage")
    return fill(folder), folder / "raw"


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Two films of two shots, named by their ids."""
    folder = tmp_path_factory.mktemp("films")
    for number, name in enumerate(("v_one", "v_two")):
        draw_film(folder / f"{name}.mp4", (2 * number, 50), (2 * number + 1, 50))
    return folder


def test_drawn_stories_are_of_the_film_s_size_and_the_held_out_ones_have_numbers_of_their_own(tmp_path):
    config, source = opened(None, {"shapes": {"clips": 3}}, tmp_path)
    with source.open(config, tmp_path) as stories:
        first, second = stories.train([0, 1])
        assert [clip.frames_NHW3.shape for clip in first.clips] == [(5, 32, 32, 3)] * 3
        assert (second.image_HW3 == stories.train([1])[0].image_HW3).all()
        assert [story.story_id for story in stories.held_out(2)] == [f"shapes-{HELD_OUT}", f"shapes-{HELD_OUT + 1}"]
    said = set(" ".join(source.texts()).split())
    assert {word for clip in (*first.clips, *second.clips) for word in clip.text.split()} <= said


def test_clips_of_a_dataset_become_stories_with_their_captions_over_and_over_in_another_order(footage, tmp_path):
    lake, raw = footage
    config, source = opened(lake, {"clips": "clips"}, tmp_path, raw=str(raw))
    assert source.size == 5
    with source.open(config, tmp_path) as stories:
        told = stories.train(range(5))
        again = stories.train(range(5, 10))
        assert stories.held_out(5) == []
    scores = lake.tables.read(Score)
    motions = {score.motion for score in scores}
    assert {clip.conditions["motion"] for story in told for clip in story.clips} <= motions
    assert source.statistics()["motion"][0] == pytest.approx(np.mean([np.log1p(m) for m in motions]), rel=0.5)
    names = [story.story_id for story in told]
    assert len(set(names)) == 5
    assert {story.story_id for story in again} == set(names)
    assert names != [story.story_id for story in again]
    for story in told:
        assert len(story.clips) > 1
        assert {clip.text for clip in story.clips} == {story.text}
        for before, clip in pairwise(story.clips):
            assert (before.frames_NHW3[-1] == clip.frames_NHW3[0]).all()


def test_a_world_model_learns_from_clips_of_a_lake(footage):
    lake, raw = footage
    config = {
        "owl": OWL, "film": CLIP, "stories": {"clips": "clips"}, "training": TRAINING | {"steps": 2}, "work": {"readers": 1},
    }  # fmt: skip
    summary = owl_training.run(data_root=lake.data_root, config=config, raw=str(raw))
    assert (summary.stories, summary.steps, summary.loss) == ("clips-0000aaaa", 2, None)
    (row,) = lake.tables.read(Run)
    assert row.checkpoint == summary.model
    with pytest.raises(UserError, match=r"no_video.*; say where the videos lie: raw"):
        owl_training.run(data_root=lake.data_root, config=config)
    with pytest.raises(UserError, match=r"gives no story to train on: .*no_caption.*; caption the clips first"):
        owl_training.run(
            data_root=lake.data_root, config=config, captioning_config={"writing": {"rules": {"words_min": 5}}}
        )


def activitynet(folder, *names, seconds=4.0):
    half = seconds / 2
    said = {"duration": seconds, "timestamps": [[0, half], [half, seconds]], "sentences": ["He sits.", "He goes."]}
    path = folder / "train.json"
    path.write_text(json.dumps(dict.fromkeys(names, said)))
    return str(path)


def test_activitynet_s_events_are_read_from_videos_of_their_names_with_the_cuts_that_slicing_found(films, tmp_path):
    lake = Lake(str(tmp_path / "data"))
    files = {"captions": activitynet(tmp_path, "v_one", "v_two", "v_gone"), "videos": str(films)}
    stories = {"activitynet": files, "validation_share": 0.0}
    config, source = opened(lake, stories, tmp_path)
    assert (source.size, source.left_out["no_video"]) == (2, 1)
    with source.open(config, tmp_path / "scratch") as found:
        (plain,) = found.train([0])
    assert {clip.text for clip in plain.clips} == {"He sits.", "He goes."}
    assert not any(clip.new_scene for clip in plain.clips)
    listing.run(raw=str(films), data_root=lake.data_root, shards=1)
    slicing.run(raw=str(films), data_root=lake.data_root, config={"rule": {"min_clip_s": 1.0}})
    _, cut = opened(lake, stories, tmp_path)
    assert [clip.new_scene for clip in cut.planned.train[0].clips].count(True) == 1
    assert cut.identity != source.identity


def test_a_story_that_can_t_be_read_gives_way_to_the_next_and_where_none_can_it_is_said(films, tmp_path, caplog):
    (tmp_path / "v_three.mp4").write_bytes(b"no video")
    (tmp_path / "v_one.mp4").write_bytes((films / "v_one.mp4").read_bytes())
    for names in (("v_one", "v_three"), ("v_three",)):
        files = {"captions": activitynet(tmp_path, *names), "videos": str(tmp_path)}
        config, source = opened(Lake(str(tmp_path / "data")), {"activitynet": files, "validation_share": 0.0}, tmp_path)
        with source.open(config, tmp_path / "scratch") as found:
            if len(names) == 1:
                with pytest.raises(UserError, match="in a row can't be read, the last one v_three-0: "):
                    found.train([0])
            else:
                assert {story.story_id for story in found.train(range(4))} == {"v_one-0"}
    assert "a story can't be read" in caplog.text


def test_stories_on_both_sides_are_those_of_different_videos(films, tmp_path):
    files = {"captions": activitynet(tmp_path, *(f"v_{number}" for number in range(40))), "videos": str(tmp_path)}
    for number in range(40):
        (tmp_path / f"v_{number}.mp4").write_bytes(b"")
    stories = {"activitynet": files, "validation_share": 0.3, "cutting": {"most_clips": 2}}
    _, source = opened(Lake(str(tmp_path / "data")), stories, tmp_path)
    train, held_out = ({plan.video for plan in side} for side in (source.planned.train, source.planned.held_out))
    assert not train & held_out
    assert len(train | held_out) == 40
    assert 4 <= len(held_out) <= 20


def test_vript_s_scenes_are_read_from_a_folder(films, tmp_path):
    folder = tmp_path / "vript"
    folder.mkdir()
    data = {
        f"v_one-Scene-{number:03d}": {
            "video_id": "v_one", "clip_id": f"v_one-Scene-{number:03d}", "video_title": "Blocks",
            "caption": {"shot_type": "", "camera_movement": "Static.", "content": f"Thing {number}.", "scene_title": ""},
        }
        for number in (1, 2)
    }  # fmt: skip
    (folder / "v_one_caption.json").write_text(json.dumps({"meta": {}, "data": data}))
    cuts = [{"clip_id": f"v_one-Scene-{n:03d}.mp4", "start_time": 2.0 * n - 2, "end_time": 2.0 * n} for n in (1, 2)]
    (folder / "v_one_cut_meta.json").write_text(json.dumps({"clips": cuts}))
    stories = {"vript": {"captions": str(folder)}, "validation_share": 0.0}
    config, source = opened(Lake(str(tmp_path / "data")), stories, tmp_path, raw=str(films))
    with source.open(config, tmp_path / "scratch") as found:
        (story,) = found.train([0])
    assert story.text == "Blocks"
    assert story.clips[0].text == "Static. Thing 1."
    assert [clip.new_scene for clip in story.clips].count(True) == 1


def test_batches_that_are_read_ahead_are_the_same_ones():
    made = []

    def stories(numbers):
        made.append(list(numbers))
        return [number for number in numbers]

    how = load_config(OwlStageConfig, {"training": {"batch": 2}}, where="test").training
    with read_ahead(batches(stories, how, 3), 2) as ahead:
        found = list(islice(ahead, 3))
    assert [batch.stories for batch in found] == [[6, 7], [8, 9], [10, 11]]
    assert all(isinstance(batch, StoryBatch) for batch in found)
    assert len(made) <= 5


def test_copies_of_videos_go_when_there_is_no_room_but_none_that_is_in_use(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    for number in range(3):
        (place / f"v{number}.mp4").write_bytes(np.full(600, number, np.uint8).tobytes())
    shelf = VideoShelf(NamedFootage.at(str(place)), tmp_path / "copies", 1000)
    with shelf.copy("v0") as first:
        with shelf.copy("v1") as second:
            assert (first.read_bytes()[0], second.read_bytes()[0]) == (0, 1)
        with shelf.copy("v2"):
            assert first.exists()
            assert not second.exists()
    assert len(list((tmp_path / "copies").iterdir())) == 1
