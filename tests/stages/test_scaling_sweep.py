import json
import math
from contextlib import closing

import pytest

from longtake.dit.step_record import Curve, Validated
from longtake.engine import Lost
from longtake.errors import UserError
from longtake.lake import key_below
from longtake.records import Run
from longtake.scaling.cells import Cell, Line
from longtake.stages import scaling_fit, scaling_plan, scaling_sweep
from longtake.stages.scaling import Sweep
from longtake.stages.scaling_workers import Task, Trained, Trainer, row_columns
from longtake.stages.training_events import Finished
from tests.stages.latent_lakes import drawn_lake

TOKENS = 8
"""Of a sample: 2 x 4 x 4 latents in patches of 1 x 2 x 2."""
CONFIG = {
    "training": {
        "model": {"width_per_layer": 8, "head_width": 8, "frequency_width": 8, "conditions": []}, "images": 0.0,
        "schedule": {"warmup_steps": 2}, "validation": {"draws": 2},
    },
    "depths": [1, 2], "budgets": [2e6, 4e6],
    "grid": {"depths": [1, 2], "tokens": [64, 160], "batches": 2, "lrs": 2, "widenings": 0},
    "guess": {"batch_tokens": 16, "lr": 1e-3}, "repeats": 2, "work": {"trainers": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return drawn_lake(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def swept(drawn):
    """A sweep that was left alone."""
    return scaling_sweep.run(data_root=drawn.data_root, config=CONFIG)


@pytest.fixture
def sweep(tmp_path):
    return Sweep.open(drawn_lake(tmp_path), "clips", CONFIG)


def table(lake):
    """Of each cell all that depends on nothing but the sweep."""
    rows = sorted(lake.tables.read(Run), key=lambda row: row.run_id)
    return [(row.run_id, row.config, row.loss, row.reason, row.flops, row.steps, row.tokens) for row in rows]


WIDER = CONFIG | {"grid": CONFIG["grid"] | {"batches": 3, "lrs": 3}, "guess": {"batch_tokens": 24, "lr": 1e-3}}
"""Whose best settings lie inside of the grids, by the losses of `valley`."""


def valley(task):
    """What a worker that is none gives for a task: losses that are least at batches of 24 tokens and a learning rate of 1e-3."""
    off = math.log(task.line.batch_tokens / 24) ** 2 + math.log(task.line.lr / 1e-3) ** 2
    found = [
        {"loss": 1 + 1 / mark + 1 / task.line.depth + 0.01 * off, "flops": 1e6 * mark, "seconds": 1.0}
        for mark in task.marks
    ]
    return Trained(tuple(found), 1.0)


def pretend(tasks, pools, engine):
    """`stream` without workers."""
    for task in tasks:
        yield task, valley(task)


def test_a_sweep_leaves_a_row_for_each_cell_and_no_model_and_no_checkpoint(drawn, swept):
    rows = list(drawn.tables.read(Run))
    assert swept.left == 0
    assert swept.done == len(rows) == len({row.run_id for row in rows})
    assert all(row.loss and row.checkpoint is None and row.reason is None for row in rows)
    assert not list(drawn.objects.walk("models/"))
    assert not [item.key for item in drawn.objects.walk("training/") if item.key.endswith(".checkpoint")]
    line = [
        row
        for row in rows
        if json.loads(row.config)["tokens"] in (64, 160) and row.batch_tokens == 16 and row.lr == 1e-3
    ]
    assert {(row.tokens, row.steps) for row in line} >= {(64, 4), (160, 10)}
    by_tokens = {row.tokens: row.flops for row in line if json.loads(row.config)["depth"] == 1}
    assert by_tokens[160] == pytest.approx(2.5 * by_tokens[64])


def test_again_nothing_is_trained(drawn, swept):
    before = table(drawn)
    again = scaling_sweep.run(data_root=drawn.data_root, config=CONFIG)
    assert (again.done, again.left, again.flops, again.skipped) == (swept.done, 0, 0.0, swept.done)
    assert table(drawn) == before


def test_the_losses_along_a_run_are_those_of_shorter_runs(drawn, swept):
    """One run at a constant rate gives them all."""
    sweep = Sweep.open(drawn, "clips", CONFIG)
    line = Line(depth=1, batch_tokens=16, lr=1e-3)
    with closing(Trainer()) as trainer:
        (short,) = trainer([Task(line, (64,), sweep.assignment(line, (64,)))])
    row = sweep.row(Cell(line=line, tokens=64))
    (same,) = [found for found in drawn.tables.read(Run) if found.run_id == row.run_id]
    assert short.found[0]["loss"] == same.loss


def test_parts_of_a_round_are_trained_apart_and_make_the_whole(sweep, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(scaling_sweep, "stream", pretend)
    apart, whole, rounds = sweep.lake, drawn_lake(tmp_path_factory.mktemp("whole")), 0
    while parts := scaling_plan.run(data_root=apart.data_root, config=WIDER, parts=2).parts:
        rounds += 1
        assert len(parts) == 2
        for part in [*parts, parts[0]]:  # one is tried twice
            scaling_sweep.run(data_root=apart.data_root, config=WIDER, cells=part)
    assert rounds == 2
    summary = scaling_sweep.run(data_root=whole.data_root, config=WIDER)
    assert (summary.left, summary.done) == (0, len(table(whole)))
    assert table(apart) == table(whole)


def test_a_worker_that_dies_and_a_run_that_fails_are_rows_with_a_reason_and_take_no_other_along(sweep, monkeypatch):
    def stream(tasks, pools, engine):
        for task in tasks:
            if task.line.lr > 1e-3:
                yield task, Lost("trainer", "killed by signal 9")
            elif task.line.batch_tokens > 24:
                yield task, Trained(tuple({"reason": "diverged", "detail": "it came apart"} for _ in task.marks), 1.0)
            else:
                yield task, valley(task)

    monkeypatch.setattr(scaling_sweep, "stream", stream)
    summary = scaling_sweep.run(data_root=sweep.lake.data_root, config=WIDER)
    assert (summary.exit_code, summary.left) == (10, 0)
    assert {row.reason for row in sweep.lake.tables.read(Run)} == {None, "worker_lost", "diverged"}
    page = sweep.lake.objects.read(key_below(summary.report_uri, sweep.lake.data_root)).decode()
    assert "grids lies on the edge of what was tried" in page
    fitted = scaling_fit.run(data_root=sweep.lake.data_root, config=WIDER)
    assert (fitted.laws, fitted.left) == ("", 0)
    assert "longtake plan --next" in fitted.why


def test_a_sweep_that_is_done_and_too_small_for_laws_says_which_cells_it_wants(sweep, monkeypatch):
    monkeypatch.setattr(scaling_sweep, "stream", pretend)
    scaling_sweep.run(data_root=sweep.lake.data_root, config=WIDER)
    found = scaling_plan.look_ahead(Sweep.open(sweep.lake, "clips", WIDER), timed=False)
    assert found.next_cells == ()
    assert "the runs have 2 sizes, and a law of the size needs 3" in found.refused
    assert {cell.line.depth for cell, _ in found.wanted} == {3}
    assert {why for _, why in found.wanted} == {"another size"}


def test_a_killed_sweep_keeps_what_is_finished_and_does_the_rest(sweep, monkeypatch):
    def stream(tasks, pools, engine):
        for number, task in enumerate(tasks):
            if number == 6:
                raise KeyboardInterrupt
            yield task, valley(task)

    monkeypatch.setattr(scaling_sweep, "stream", stream)
    with pytest.raises(KeyboardInterrupt):
        scaling_sweep.run(data_root=sweep.lake.data_root, config=WIDER)
    kept = {row.run_id for row in sweep.lake.tables.read(Run)}
    assert len(kept) == 6 * 2
    monkeypatch.setattr(scaling_sweep, "stream", pretend)
    summary = scaling_sweep.run(data_root=sweep.lake.data_root, config=WIDER)
    assert (summary.skipped, summary.left) == (12, 0)


def test_a_sweep_that_asks_for_more_takes_what_there_is(sweep, monkeypatch):
    monkeypatch.setattr(scaling_sweep, "stream", pretend)
    scaling_sweep.run(data_root=sweep.lake.data_root, config=WIDER)
    more = WIDER | {"budgets": [2e6, 4e6, 8e6]}
    plan = scaling_plan.look_ahead(Sweep.open(sweep.lake, "clips", more), timed=False)
    done = {cost.phase: (cost.done, cost.cells) for cost in plan.costs}
    assert done["grids"] == (36, 36)
    assert done["sizes, tuned"] == (4, 6)
    other = WIDER | {"training": CONFIG["training"] | {"weight_decay": 0.1}}
    assert scaling_plan.look_ahead(Sweep.open(sweep.lake, "clips", other), timed=False).costs[0].done == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cap_flops": 1e3}, "more than cap_flops 1e\\+03"),
        ({"cap_hours": 1e-9}, "more than cap_hours 1e-09"),
        ({"training": {"lr": 1.0}}, "training.lr, which the sweep itself chooses"),
        ({"training": {"model": {"depth": 3}}}, "training.depth, which the sweep itself chooses"),
        ({"training": {"schedule": {"kind": "cosine"}}}, "only at a constant learning rate"),
        ({"preset": "papr"}, "did you mean 'paper'"),
    ],
)
def test_what_cannot_be_swept_is_said_before_anything_runs(drawn, swept, changes, words):
    before = table(drawn)
    merged = CONFIG | {"seed": 5} | changes
    with pytest.raises(UserError, match=words):
        scaling_plan.run(data_root=drawn.data_root, config=merged)
    assert table(drawn) == before


def test_a_cell_is_the_loss_at_the_step_that_reaches_its_tokens():
    curve = Curve()
    curve.validations = [
        (4, Validated(loss=0.5, by_time=(0.5,), tokens=64, flops=10.0)),
        (9, Validated(loss=0.4, by_time=(0.4,), tokens=144, flops=22.0)),
        (11, Validated(loss=math.nan, by_time=(math.nan,), tokens=176, flops=30.0)),
    ]
    done = Finished(reason="", step=11)
    assert row_columns(60, curve, done)["loss"] == 0.5
    assert row_columns(140, curve, done) | {"seconds": 0} == {"steps": 9, "loss": 0.4, "flops": 22.0, "seconds": 0}
    assert row_columns(170, curve, done)["reason"] == "diverged"
    gone = row_columns(170, curve, Finished(reason="out_of_memory", detail="one sample is too many", step=9))
    assert (gone["reason"], gone["detail"], gone["steps"]) == ("out_of_memory", "one sample is too many", 9)
