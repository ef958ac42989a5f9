import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from click.testing import CliRunner

from longtake.cli import cli
from longtake.errors import TransientError, UserError, explain
from longtake.records import Label
from longtake.stages.annotating import open_desk
from longtake.stages.labels import LabelWriter, import_labels, make_label, read_labels, tasks_of
from tests.annotating.lakes import fill
from tests.rows import clip, video


@pytest.fixture
def lake(tmp_path):
    """Four clips with VTSS 4.5, 2.6, 1.0 and none."""
    return fill(tmp_path, [4.5, 2.6, 1.0, None])


def state_of(url):
    with urllib.request.urlopen(url) as answer:
        return json.loads(re.search(r'id="state">(.*?)</script>', answer.read().decode())[1])


def mark(url, clip_id, score):
    body = json.dumps({"clip_id": clip_id, "score": score}).encode()
    request = urllib.request.Request(f"{url}marks", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def numbers(state, clips):
    """Which clips the page shows, as their places in the lake."""
    ids = [of.clip_id for of in clips]
    return [ids.index(shown["id"]) for shown in state["clips"]]


def test_clips_near_the_threshold_are_asked_first_and_none_twice(lake):
    lake, clips, places = lake
    with open_desk(**places, annotator="Ann") as (_, url):
        assert numbers(state_of(url), clips) == [1, 2, 0, 3]
        mark(url, clips[1].clip_id, 3)
        mark(url, clips[0].clip_id, 5)
        mark(url, clips[1].clip_id, 2)  # on second thoughts
        assert [shown["score"] for shown in state_of(url)["clips"]] == [2, 5, None, None]
    rows = {row.clip_id: row for row in read_labels(lake)}
    assert {clip_id: row.score for clip_id, row in rows.items()} == {clips[0].clip_id: 5, clips[1].clip_id: 2}
    row = rows[clips[0].clip_id]
    assert (row.annotator, row.video_id, row.bucket, row.made_by) == (
        "Ann",
        clips[0].video_id,
        clips[0].bucket,
        "annotate",
    )
    with open_desk(**places, annotator="Ann", clips=1) as (desk, url):
        state = state_of(url)
        assert sorted(numbers(state, clips)[:2]) == [0, 1]
        assert (numbers(state, clips)[2:], state["more"], desk.given) == ([2], 1, 0)
    with open_desk(**places, annotator="Bob", near=4.4) as (_, url):
        assert numbers(state_of(url), clips) == [0, 1, 2, 3]
    with pytest.raises(UserError, match="'Ann' has marked here"), open_desk(**places, annotator="ANN"):
        pass


def test_a_film_is_streamed_from_the_lake_and_one_that_is_gone_is_a_sentence(lake):
    lake, clips, places = lake
    lake.objects.delete(clips[1].uri)
    with open_desk(**places, annotator="Ann") as (_, url):
        request = urllib.request.Request(f"{url}clips/{clips[0].clip_id}", headers={"Range": "bytes=1-2"})
        with urllib.request.urlopen(request) as answer:
            assert (answer.status, answer.read()) == (206, b"il")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}clips/{clips[1].clip_id}")
        assert b"no longer in the lake" in refused.value.read()
        refused.value.close()


def test_where_there_are_no_clips_it_is_said_what_makes_them(lake):
    _, _, places = lake
    other = places | {"slicing_config": {"rule": {"min_clip_s": 9.0}}}
    with pytest.raises(UserError, match="longtake run curate"), open_desk(**other, annotator="Ann"):
        pass


class Tables:
    """Tables that fail so many times."""

    def __init__(self, failures):
        self.failures = failures
        self.rows = []

    def merge(self, rows):
        if self.failures and rows:
            self.failures -= 1
            raise TransientError("the endpoint does not answer")
        self.rows += rows


def test_marks_wait_where_the_lake_does_not_answer_and_are_committed_when_it_does():
    tables = Tables(failures=1)
    writer = LabelWriter(tables, commit_s=0.01)
    given = make_label(clip(1, video(1)), "ann", 3)
    writer.add(given)
    while tables.failures:
        time.sleep(0.01)
    writer.close()
    assert tables.rows == [given]
    with pytest.raises(UserError, match="stopped"):
        writer.add(given)
    down = LabelWriter(Tables(failures=99), commit_s=60)
    down.add(given)
    assert down.status() == {"waiting": 1, "fault": None}
    with pytest.raises(TransientError, match="1 mark was not saved: the endpoint"):
        down.close()


def test_a_mark_is_in_the_table_when_the_command_is_ended_at_once(lake, tmp_path):
    lake, clips, places = lake
    (tmp_path / "config.yaml").write_text(json.dumps({"scoring_config": places["scoring_config"]}))
    command = [sys.executable, "-m", "longtake", "annotate", "--annotator", "Ann", "--config", "config.yaml"]
    command += ["--raw", places["raw"], "--data-root", places["data_root"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ) as process:
        url = next(line.strip() for line in process.stdout if "http://127.0.0.1:" in line)
        mark(url, clips[2].clip_id, 4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 143
    assert [(row.clip_id, row.score) for row in read_labels(lake)] == [(clips[2].clip_id, 4)]


def export(folder, *said):
    """Label Studio's export of (clip_id, annotator, score)."""
    tasks = [
        {
            "id": at,
            "data": {"video": f"s3://elsewhere/{clip_id}.mp4"},
            "annotations": [
                {
                    "completed_by": annotator, "updated_at": f"2026-01-01T00:00:{at:02}Z",
                    "result": [{"type": "rating", "from_name": "suitability", "value": {"rating": score}}],
                }
            ],
        }
        for at, (clip_id, annotator, score) in enumerate(said)
    ]  # fmt: skip
    (folder / "export.json").write_text(json.dumps(tasks))
    return folder / "export.json"


def test_an_import_takes_the_latest_mark_of_each_clip_and_says_what_it_can_t_place(lake, tmp_path):
    lake, clips, places = lake
    file = export(
        tmp_path, (clips[0].clip_id, 7, 1), (clips[1].clip_id, 8, 4), ("f" * 32, 8, 4), (clips[0].clip_id, 7, 2)
    )
    arguments = {"raw": places["raw"], "data_root": places["data_root"], "slicing_config": {}}
    found = import_labels(file, **arguments)
    assert (found.labels, found.clips, found.annotators, found.unmatched, found.repeated) == (2, 2, 2, 1, 1)
    assert "1 marks are of no clip of this lake (tasks 2)" in " ".join(found.sentences())
    rows = read_labels(lake)
    assert {(row.annotator, row.score, row.made_by) for row in rows} == {
        ("label-studio-7", 2, "label-studio"), ("label-studio-8", 4, "label-studio"),
    }  # fmt: skip
    version = lake.tables.version(Label)
    import_labels(file, **arguments)
    assert lake.tables.version(Label) == version
    tasks = tasks_of(**arguments)
    assert {task["data"]["clip_id"] for task in tasks} == {of.clip_id for of in clips}
    assert tasks[0]["data"]["video"].startswith("file:///")


def annotate(*arguments):
    return CliRunner().invoke(cli, ["annotate", *map(str, arguments)])


def test_the_command_shows_agreement_and_refuses_what_makes_no_sense(lake, tmp_path):
    lake, clips, places = lake
    root = ("--data-root", places["data_root"])
    raw = (*root, "--raw", places["raw"])
    assert "no marks" in str(annotate(*root, "--agreement").exception)
    lake.tables.merge([make_label(of, name, 1 + at) for at, of in enumerate(clips) for name in ("ann", "bob")])
    found = json.loads(annotate(*root, "--agreement", "--json").stdout)
    assert (found["alpha_before"], [one["annotator"] for one in found["annotators"]]) == (1.0, ["ann", "bob"])
    assert "Krippendorff" in annotate(*root, "--agreement").stdout
    bad = export(tmp_path, (clips[0].clip_id, 7, 9))
    for arguments, words in (
        (root, "--raw is missing"),
        (raw, "--annotator is missing"),
        ((*root, "--agreement", "--import", "x.json"), "give one of"),
        ((*raw, "--import", bad), "marked 9 by 'suitability'"),
        ((*raw, "--import", tmp_path), "Is a directory"),
    ):
        error = annotate(*arguments).exception
        code, sentence = explain(error)
        assert (code, words in sentence) == (20, True), sentence
    assert annotate(*raw, "--tasks", tmp_path / "tasks.json").exit_code == 0
    assert len(json.loads((tmp_path / "tasks.json").read_text())) == len(clips)
