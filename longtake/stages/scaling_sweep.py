"""plan -> losses: trains the lines of a sweep, in processes of this machine or on Ray, and writes a row of `runs` for each cell.

A cell is done when its row is there; a run that failed is a row with a reason. Run again, it goes on: with the cells that are left, and
with each line from its newest checkpoint.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from longtake.engine import Lost, Pool, stream
from longtake.records import Run, digest
from longtake.scaling.cells import Cell, Line, lines_of
from longtake.scaling.plan import Phase, costs_of, flops_of, left_of
from longtake.stages.scaling import Sweep
from longtake.stages.scaling_page import scaling_page
from longtake.stages.scaling_workers import Task, Trained, TrainerOrder
from longtake.stages.step import Step, Summary, count_outcomes, flat, open_lake, open_step
from longtake.stages.training_checkpoints import clear_checkpoints

STAGE = "scaling_sweep"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a sweep is."""

    phases: Sequence[Phase]
    done: int
    """Cells that have a row."""
    left: int
    """That are planned and have none."""
    flops_left: float
    """Phases that can't be planned yet among them."""
    eta_s: float | None
    """None until a line has been trained here."""
    finished: frozenset[Cell]
    """All of them, ..."""
    rows: tuple[Run, ...] = ()
    """... and the rows of the line that was just finished."""

    def done_of(self, phase: Phase) -> int:
        """Cells of the phase that are done."""
        return sum(cell in self.finished for cell in phase.cells)


@dataclass(kw_only=True)
class SweepSummary(Summary):
    """What was trained."""

    sweep: str = ""
    done: int = 0
    """Cells of the sweep that have a row."""
    left: int = 0
    """That are planned and have none: what hangs on them is planned when they are done."""
    flops: float = 0.0
    """Of what was trained now."""


def run(
    *, data_root: str, samples: str = "clips", config: Mapping[str, Any] | None = None, cells: str = "", run: str = ""
) -> SweepSummary:
    """Trains the cells of an object that `scaling_plan` wrote (its key), or without one all rounds of the sweep, one after the other.

    Raises UserError for a wrong place, samples or config; TransientError where workers die whatever they are given.
    """
    return follow(data_root=data_root, samples=samples, config=config or {}, cells=cells, run=run)


def follow(
    *,
    data_root: str,
    samples: str,
    config: Mapping[str, Any],
    cells: str = "",
    run: str = "",
    show: Callable[[Progress], None] = lambda progress: None,
) -> SweepSummary:
    """`run`, which calls `show` whenever a line is finished."""
    sweep = Sweep.open(open_lake(data_root), samples, config)
    began = time.monotonic()
    with open_step(STAGE, sweep.lake, run=run, shard=_label(cells)) as step:
        work = _Work(sweep, step, show)
        if cells:
            work.train([cell for cell in read_cells(sweep, cells) if cell not in work.done])
        else:
            while left := work.plan():
                work.train(left)
        planned = sweep.plan()
        page = scaling_page(
            sweep, step.facts(sweep=sweep.name), sweep.outcomes(), planned.phases, why=str(planned.stuck or "")
        )
        summary = step.publish(page, items=flat(count_outcomes(work.rows)))
    summary.seconds = time.monotonic() - began
    return SweepSummary(
        **vars(summary), sweep=sweep.name, done=len(work.done), left=len(planned.cells), flops=_flops(work.rows)
    )  # fmt: skip


def write_cells(sweep: Sweep, cells: Iterable[Cell]) -> str:
    """One worker's part of a round, as an object that `run` takes; its key."""
    plain = [[*vars(cell.line).values(), cell.tokens] for cell in cells]
    key = f"sweeps/{sweep.name}/{digest(plain, chars=12)}.json"
    sweep.lake.objects.put(key, json.dumps(plain).encode(), overwrite=True)
    return key


def read_cells(sweep: Sweep, key: str) -> list[Cell]:
    """What `write_cells` wrote."""
    plain = json.loads(sweep.lake.objects.read(key))
    return [
        Cell(line=Line(depth=depth, batch_tokens=batch, lr=lr, seed=seed), tokens=tokens)
        for depth, batch, lr, seed, tokens in plain
    ]


class _Work:
    """Trains cells, and keeps the books."""

    def __init__(self, sweep: Sweep, step: Step, show: Callable[[Progress], None]) -> None:
        self.sweep, self._step, self._show = sweep, step, show
        self.done = {outcome.cell for outcome in sweep.outcomes()}
        self.rows: list[Run] = []
        self._phases: Sequence[Phase] = ()
        self._began = time.monotonic()
        step.begin(inputs=len(self.done), skipped=len(self.done))

    def plan(self) -> list[Cell]:
        """What comes next, all that is done known."""
        planned = self.sweep.plan()
        self._phases = planned.phases
        return list(planned.cells)

    def train(self, cells: Sequence[Cell]) -> None:
        """Trains the lines of these cells, the dearest first, so that none is left over at the end."""
        sweep, work = self.sweep, self.sweep.config.work
        marks = lines_of(cells)
        self._step.expect(len(cells))
        cost = costs_of(cells, sweep.family)
        lines = sorted(marks, key=lambda line: (-cost[line], line))
        tasks = (Task(line, marks[line], sweep.assignment(line, marks[line])) for line in lines)
        pool = Pool(name="trainer", make=TrainerOrder(), workers=work.trainers, cpus=float(work.cpus), gpus=work.gpus)
        left = set(cells)
        self._tell(left, ())
        for task, found in stream(tasks, [pool], engine=work.engine):
            rows = self._rows(task, found)
            sweep.lake.tables.merge(rows)
            clear_checkpoints(sweep.lake, task.assignment.run_id)
            for row in rows:
                self._step.count(str(task.line), [row], seconds=row.seconds, read_bytes=0)
            self.rows += rows
            mine = {Cell(line=task.line, tokens=tokens) for tokens in task.marks}
            left -= mine
            self.done |= mine
            self._tell(left, tuple(rows))

    def _rows(self, task: Task, found: Trained | Lost) -> list[Run]:
        """A row for each cell of the line."""
        if isinstance(found, Lost):
            of_each: Sequence[dict[str, Any]] = [{"reason": "worker_lost", "detail": found.detail}] * len(task.marks)
        else:
            of_each = found.found
        cells = [Cell(line=task.line, tokens=tokens) for tokens in task.marks]
        return [self.sweep.row(cell, **columns) for cell, columns in zip(cells, of_each, strict=True)]

    def _tell(self, left: set[Cell], rows: tuple[Run, ...]) -> None:
        sweep, trained = self.sweep, _flops(self.rows)
        flops_left = (
            left_of(sweep.config, sweep.family, self._phases, left) if self._phases else flops_of(left, sweep.family)
        )
        rate = trained / (time.monotonic() - self._began)
        self._show(
            Progress(
                phases=self._phases, done=len(self.done), left=len(left), flops_left=flops_left,
                eta_s=flops_left / rate if rate else None, rows=rows,
                finished=frozenset(self.done),
            )
        )  # fmt: skip


def _flops(rows: Iterable[Run]) -> float:
    """Of the lines: the cells of one share what it cost."""
    longest: dict[tuple[object, ...], float] = {}
    for row in rows:
        line = (row.params, row.batch_tokens, row.lr, json.loads(row.config)["seed"])
        longest[line] = max(longest.get(line, 0.0), row.flops)
    return sum(longest.values())


def _label(cells: str) -> str:
    """What tells the pages of one round's workers apart."""
    return cells.rpartition("/")[2].removesuffix(".json") or "whole"
