"""What a step does around its work: the books agree or it fails, and its end is written down, however it ends."""

import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest

from longtake.errors import TransientError, UserError
from longtake.lake import Lake
from longtake.progress import read_progress
from longtake.records import Clip, Video
from longtake.stages.step import CountMismatch, count_outcomes, open_step
from longtake.telemetry import StepMetrics
from tests.rows import clip, video

ROWS = [clip(0, video(1)), clip(1, video(1), reason="too_short"), clip(0, video(2), reason="corrupt", frames=0)]


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setenv("LONGTAKE_METRICS", "off")
    return Lake(str(tmp_path))


def work(lake, *, counted=ROWS, rows=ROWS, new=ROWS, shown=ROWS):
    """A step of two inputs, with books that can be cooked."""
    with open_step("slicing", lake, run="r1", shard="1of1") as step:
        step.begin(inputs=3, skipped=1)
        step.count("raw/1.mp4", counted[:2], seconds=1.0, read_bytes=10)
        step.count("raw/1.mp4", counted[2:], seconds=1.0, read_bytes=5)
        return step.finish(
            count_outcomes(rows), new=count_outcomes(new), report="<p>page</p>", shown=count_outcomes(shown)
        )


def test_books_that_agree_are_closed(lake):
    summary = work(lake)
    assert summary.items == {"dropped:too_short": 1, "kept": 1, "quarantined:corrupt": 1}
    assert (summary.inputs, summary.skipped, summary.bytes_read, summary.quarantined) == (3, 1, 15, 1)
    assert summary.exit_code == 10
    assert summary.report_uri.endswith("/reports/r1/slicing-1of1.html")
    assert lake.objects.read("reports/r1/slicing-1of1.html") == b"<p>page</p>"
    (progress,) = read_progress(lake, "r1")
    assert (progress.state, progress.done, progress.total, progress.error) == ("done", 3, 3, None)
    assert progress.items == summary.items
    assert progress.report_uri == summary.report_uri


@pytest.mark.parametrize(
    ("cooked", "words"),
    [
        ({"counted": [*ROWS, ROWS[0]]}, "the metrics count {'dropped:too_short': 1, 'kept': 2"),
        ({"counted": ROWS[:2]}, "the metrics count"),
        ({"new": ROWS[:2]}, "the metrics count"),
        ({"rows": ROWS[:2]}, "the report count"),
        ({"shown": ROWS[:2]}, "the report count"),
        ({"shown": []}, "the report count {}"),
    ],
)
def test_metrics_table_and_report_that_disagree_fail_the_step(lake, cooked, words):
    with pytest.raises(CountMismatch, match="run the step again and report this") as caught:
        work(lake, **cooked)
    assert words in str(caught.value)
    (progress,) = read_progress(lake, "r1")
    assert progress.state == "failed"
    assert progress.error == str(caught.value)[:500]
    assert not lake.objects.exists("reports/r1/slicing-1of1.html")


def test_rows_of_earlier_runs_are_in_the_report_and_not_in_the_metrics(lake):
    earlier = clip(5, video(3))
    assert work(lake, rows=[*ROWS, earlier], shown=[*ROWS, earlier]).items["kept"] == 2


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("give another"), "give another"),
        (TransientError("the server is gone"), "the server is gone"),
        (KeyError("x"), "KeyError: 'x'"),
        (KeyboardInterrupt(), "stopped by Ctrl-C"),
    ],
)
def test_a_step_that_fails_leaves_its_state_and_the_sentence(lake, error, sentence):
    with pytest.raises(type(error)), open_step("slicing", lake, run="r1", shard="1of1") as step:  # noqa: PT012
        step.begin(inputs=2, skipped=0)
        step.skip_gone("raw/1.mp4")
        raise error
    (progress,) = read_progress(lake, "r1")
    assert (progress.state, progress.error, progress.done, progress.total) == ("failed", sentence, 1, 2)


def test_the_step_s_own_error_is_told_and_not_that_of_writing_it_down(lake, monkeypatch, caplog):
    def gone(*given, **named):
        raise TransientError("the server is gone")

    with pytest.raises(KeyError), open_step("slicing", lake, run="r1", shard="1of1") as step:  # noqa: PT012
        step.begin(inputs=0, skipped=0)
        monkeypatch.setattr(lake.objects, "put", gone)
        raise KeyError
    assert "not written down" in caplog.text


def test_a_step_without_a_run_is_one_by_hand_and_one_without_inputs_is_done(lake):
    with open_step("slicing", lake, run="", shard="1of1") as step:
        step.begin(inputs=0, skipped=0)
        step.finish(Counter(), new=Counter(), report="", shown=Counter())
    assert read_progress(lake, "by-hand")[0].state == "done"


def test_success_and_progress_are_in_the_metrics(lake):
    with open_step("slicing", lake, run="r1", shard="1of1") as step:
        step.begin(inputs=4, skipped=1)
        step.count("raw/1.mp4", [], seconds=0.1, read_bytes=0)
        assert value(step.metrics, "longtake_progress_ratio") == 0.5
        assert value(step.metrics, "longtake_last_success_timestamp_seconds") is None
    assert value(step.metrics, "longtake_last_success_timestamp_seconds") > 1.7e9


def value(metrics: StepMetrics, name):
    return metrics.registry.get_sample_value(name, {"stage": "slicing"})


STEP = """
import sys, time
from longtake.engine import map_unordered
from longtake.lake import Lake
from longtake.lake.tables import Batch
from longtake.stages.step import open_step
from tests.rows import video

def work(number):
    if number == 1:
        time.sleep(1)
    return video(number)

lake = Lake(sys.argv[1])
with open_step("listing", lake, run="r1", shard="1of1") as step:
    step.begin(inputs=2, skipped=0)
    with Batch(lake.tables) as batch:
        for row in map_unordered(work, [0, 1], workers=2):
            batch.add([row])
            step.count("raw/1.mp4", [row], seconds=0.0, read_bytes=0)
            print("counted", flush=True)
"""


def test_sigterm_commits_what_is_finished_and_is_written_down(lake):
    command = [sys.executable, "-c", STEP, lake.data_root]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "counted\n"
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM, said
    assert [row.video_id for row in lake.tables.read(Video)] == [video(0).video_id]
    (progress,) = read_progress(lake, "r1")
    assert (progress.state, progress.error, progress.done) == ("failed", "ended by SIGTERM", 1)


def test_the_handler_of_sigterm_is_put_back_and_other_threads_set_none(lake):
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def step():
        with open_step("slicing", lake, run="r1", shard="1of1") as step:
            step.begin(inputs=0, skipped=0)
            seen.append(signal.getsignal(signal.SIGTERM))

    step()
    thread = threading.Thread(target=step)
    thread.start()
    thread.join()
    assert seen[0] is not before
    assert seen[1] is before
    assert signal.getsignal(signal.SIGTERM) is before


def test_metrics_that_can_not_be_served_fail_before_anything_is_written(lake, monkeypatch):
    monkeypatch.setenv("LONGTAKE_METRICS", "nowhere")
    with pytest.raises(UserError), open_step("slicing", lake, run="r1", shard="1of1"):
        pass
    assert lake.tables.read(Clip) == []
    assert not list(lake.objects.folder.iterdir())
