"""The whole pipeline under Kubeflow's local runner, on a real S3 server."""

import json
import signal
import time
from pathlib import Path

import pytest

from longtake.lake import Lake, open_store
from longtake.lake.query import query_lake
from tests.pipelines.conftest import descendants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_footage_becomes_a_dataset_and_again_does_nothing(curate):
    job = curate()
    first = job.run("--json", "--log", "run.log")
    assert first.returncode == 10, first.err  # the broken file
    answer = json.loads(first.out)
    assert (answer["exit_code"], answer["errors"]) == (10, [])
    steps = answer["steps"]
    assert {(step["stage"], step["shard"], step["state"]) for step in steps} == {
        ("listing", "1of1", "done"),
        ("slicing", "1of2", "done"),
        ("slicing", "2of2", "done"),
        ("scoring", "1of2", "done"),
        ("scoring", "2of2", "done"),
        ("selecting", "1of1", "done"),
        ("captioning", "1of1", "done"),
    }
    rows, versions, objects = job.rows(), job.versions(), job.objects()
    assert sorted(row.outcome[0] for row in rows["clips"]) == ["dropped", "kept", "kept", "kept"]
    assert {row.uri for row in rows["clips"] if row.uri} == {key for key in objects if key.endswith(".mp4")}
    assert [row.reason for row in rows["scores"]] == [None] * 3
    assert {row.dataset for row in rows["selections"]} == {answer["dataset"]}
    assert {row.clip_id for row in rows["selections"]} == {row.clip_id for row in rows["clips"] if row.uri}
    assert {row.clip_id for row in rows["captions"]} == {row.clip_id for row in rows["selections"] if row.kept}

    again = job.run("--json")
    assert again.returncode == 10
    assert all(step["skipped"] == step["total"] for step in json.loads(again.out)["steps"])
    assert (job.rows(), job.versions(), job.objects()) == (rows, versions, objects)

    by_reason = query_lake(
        Lake(job.data_root), "select reason, count(*) n from clips group by 1 order by 1"
    ).to_pylist()
    assert by_reason == [{"reason": "too_short", "n": 1}, {"reason": None, "n": 3}]
    summaries = [item.key for item in open_store(job.data_root).walk("reports/") if item.key.endswith("summary.md")]
    assert len(summaries) == 2


def test_two_at_once_give_the_rows_of_one(curate):
    one, both = curate("one"), curate("both")
    assert one.run().returncode == 10
    processes = [both.start(), both.start()]
    for process in processes:
        _, err = process.communicate()
        assert process.returncode == 10, err
    assert both.objects() == one.objects()
    assert both.rows() == one.rows()


def test_a_step_that_fails_is_named_with_its_shard_its_reason_and_how_to_go_on(curate, s3):
    job = curate()
    # A folder's name where the clips table should be: the tables can't be opened.
    open_store(f"{s3}/data").put("tables/clips/_delta_log/00000000000000000000.json", b"no Delta log\n")
    done = job.run()
    assert done.returncode not in (0, 10)
    summary = next(item.key for item in open_store(f"{s3}/data").walk("reports/") if item.key.endswith("summary.md"))
    text = open_store(f"{s3}/data").read(summary).decode()
    assert "curate: failed" in text
    assert "**slicing**, shard" in text
    assert f"longtake run curate --raw {job.raw} --data-root {job.data_root}" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_takes_its_steps_along_and_keeps_what_is_done(curate, number):
    job = curate()
    process = job.start()
    while not any("slicing" in item.key for item in open_store(job.data_root).walk("progress/")):
        assert process.poll() is None
        time.sleep(0.1)
    started = descendants(process.pid)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert "the same command goes on" in err
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
    assert job.run().returncode == 10
    assert sorted(row.outcome[0] for row in job.rows()["clips"]) == ["dropped", "kept", "kept", "kept"]
