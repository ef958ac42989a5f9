import json

import pytest

from longtake import progress as module
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.progress import Progress, ProgressWriter, read_progress


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path))


@pytest.fixture
def now(monkeypatch):
    """A clock that stands until it is moved."""
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return clock


def start(lake, total=10, skipped=0, **fields):
    progress = Progress(
        **{"stage": "slicing", "shard": "1of2", "run": "r1", "total": total, "done": skipped, "skipped": skipped}
        | fields
    )
    return ProgressWriter(lake, progress)


def test_what_was_written_is_read_back_in_the_order_in_which_steps_began(lake):
    start(lake, shard="2of2", started_s=2.0).write()
    start(lake, shard="1of2", started_s=2.0, items={"kept": 3}, report_uri="x").write()
    start(lake, stage="listing", started_s=1.0).write()
    start(lake, run="other").write()
    start(lake, run="r11").write()
    found = read_progress(lake, "r1")
    assert [(step.stage, step.shard) for step in found] == [
        ("listing", "1of2"),
        ("slicing", "1of2"),
        ("slicing", "2of2"),
    ]
    assert found[1].items == {"kept": 3}
    assert read_progress(lake, "never") == []


def test_it_is_plain_json_under_a_fixed_name(lake):
    start(lake).write()
    found = json.loads(lake.objects.read("progress/r1/slicing-1of2.json"))
    assert found["state"] == "running"
    assert found["updated_s"] > found["started_s"] - 1


def test_it_is_written_every_few_seconds_and_at_once_when_told(lake, now):
    writer = start(lake)
    writer.write()
    writer.advance()
    assert read_progress(lake, "r1")[0].done == 0
    now[0] += 5
    writer.advance()
    assert read_progress(lake, "r1")[0].done == 2
    writer.progress.state = "done"
    writer.write()
    assert read_progress(lake, "r1")[0].state == "done"


def test_the_time_left_is_estimated_from_this_run_s_own_pace(lake, now):
    writer = start(lake, total=100, skipped=90)
    now[0] += 8
    writer.advance(2)
    assert writer.progress.eta_s == 32.0
    now[0] += 2
    writer.advance(8)
    assert writer.progress.eta_s == 0


@pytest.mark.parametrize("run", ["", "../x", "a/b", ".hidden", "a b", "x" * 129])
def test_a_run_s_name_is_safe_in_a_path(lake, run):
    with pytest.raises(UserError, match="is no name; give letters"):
        start(lake, run=run)
