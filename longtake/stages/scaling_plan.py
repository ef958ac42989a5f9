"""A sweep's next round: which cells, in as many parts as are trained at once, and what all of it costs."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from longtake.config import load_config
from longtake.dit.recipe import TrainingConfig
from longtake.engine import cores
from longtake.errors import UserError
from longtake.scaling.cells import Cell, Outcome, lines_of
from longtake.scaling.config import SweepConfig
from longtake.scaling.family import Family
from longtake.scaling.plan import Phase, cells_wanted, costs_of, first_estimate, share_out
from longtake.scaling.studying import make_study
from longtake.scaling.sufficiency import TooFew
from longtake.shards import WHOLE
from longtake.stages.scaling import Sweep
from longtake.stages.scaling_page import scaling_page
from longtake.stages.scaling_sweep import write_cells
from longtake.stages.scaling_throughput import throughput
from longtake.stages.step import Summary, open_lake, open_step

STAGE = "scaling_plan"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a phase costs."""

    phase: str
    lines: int
    cells: int
    done: int
    """Of the cells."""
    flops: float
    """Of what is left."""
    hours: float | None
    """Of one trainer; None where no throughput was asked for."""
    estimated: bool
    """The phase can't be planned yet: this is what it will be, about."""


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """A sweep as far as it can be seen."""

    sweep: str
    costs: tuple[Cost, ...]
    next_cells: tuple[Cell, ...]
    trainers: int
    refused: str = ""
    """Why later phases can't be planned, or the laws of a sweep that is done can't be fitted; ..."""
    wanted: tuple[tuple[Cell, str], ...] = ()
    """... and the cells that would mend it, each with its reason."""

    @property
    def flops(self) -> float:
        return sum(cost.flops for cost in self.costs)

    @property
    def hours(self) -> float | None:
        """Of all trainers at work."""
        known = [cost.hours for cost in self.costs if cost.hours is not None]
        return sum(known) / self.trainers if known else None


@dataclass(kw_only=True)
class PlanSummary(Summary):
    """A round."""

    sweep: str = ""
    parts: list[str] = field(default_factory=list)
    """Keys of the objects that `scaling_sweep` takes; none where the sweep is done."""
    cells: int = 0
    """That come next."""
    flops: float = 0.0
    """Until the end of the sweep."""


def run(
    *, data_root: str, samples: str = "clips", config: Mapping[str, Any] | None = None, parts: int = 4, run: str = ""
) -> PlanSummary:
    """Writes the next round of a sweep in so many parts; none where it is done.

    Raises UserError for a wrong place, samples or config, and for a sweep that would cost more than its cap.
    """
    sweep = Sweep.open(open_lake(data_root), samples, config or {})
    began = time.monotonic()
    with open_step(STAGE, sweep.lake, run=run, shard=WHOLE.label) as step:
        plan = look_ahead(sweep, timed=bool(sweep.config.cap_hours))
        check_caps(sweep, plan)
        step.begin(inputs=len(plan.next_cells), skipped=0)
        keys = [write_cells(sweep, share) for share in share_out(plan.next_cells, sweep.family, parts)]
        outcomes = sweep.outcomes()
        page = scaling_page(sweep, step.facts(sweep=sweep.name), outcomes, sweep.plan().phases, why=plan.refused)
        summary = step.publish(page, items={})
    log.info(
        "round", extra={"sweep": sweep.name, "cells": len(plan.next_cells), "parts": len(keys), "flops": plan.flops}
    )
    summary.seconds = time.monotonic() - began
    return PlanSummary(**vars(summary), sweep=sweep.name, parts=keys, cells=len(plan.next_cells), flops=plan.flops)


def look_ahead(sweep: Sweep, *, timed: bool, speed: float | None = None) -> SweepPlan:
    """The whole sweep: what is done, what comes next, and what later phases will be.

    `timed`: with hours, at `speed` FLOPs a second of a trainer, or as fast as is measured here, which may take some seconds.
    """
    outcomes = sweep.outcomes()
    done = {outcome.cell for outcome in outcomes}
    planned = sweep.plan()
    known = {phase.name: phase for phase in planned.phases}
    everything = [known.get(phase.name, phase) for phase in first_estimate(sweep.config, sweep.family)]
    depths = {cell.line.depth for phase in everything for cell in phase.cells if cell not in done}
    speeds = None
    if timed:
        speeds = dict.fromkeys(depths, speed) if speed else throughput(sweep, sorted(depths), outcomes)
    refusal = planned.stuck if planned.cells or planned.stuck else _refusal(sweep, outcomes)
    wanted = cells_wanted(refusal, sweep.config, sweep.family, outcomes) if refusal else {}
    return SweepPlan(
        sweep=sweep.name, next_cells=planned.cells, trainers=sweep.config.work.trainers or cores(), refused=str(refusal or ""),
        wanted=tuple(wanted.items()),
        costs=tuple(_cost(sweep.family, phase, done, speeds, estimated=phase.name not in known) for phase in everything),
    )  # fmt: skip


def look_ahead_anywhere(config: Mapping[str, Any], *, speed: float | None = None) -> SweepPlan:
    """A sweep that has no samples yet: on the paper's clips, with hours where the FLOPs a second of a trainer are given."""
    settings = load_config(SweepConfig, config, where="sweep config")
    family = Family(load_config(TrainingConfig, settings.training, where="sweep config, training").model)
    phases = first_estimate(settings, family)
    speeds = dict.fromkeys(range(1, 129), speed) if speed else None
    return SweepPlan(
        sweep="", next_cells=phases[0].cells, trainers=settings.work.trainers or 1,
        costs=tuple(_cost(family, phase, set(), speeds, estimated=bool(number)) for number, phase in enumerate(phases)),
    )  # fmt: skip


def check_caps(sweep: Sweep, plan: SweepPlan) -> None:
    """Raises UserError where the rest of the sweep costs more than it may."""
    config, hours = sweep.config, plan.hours
    if config.cap_flops and plan.flops > config.cap_flops:
        raise UserError(
            f"the sweep would cost {plan.flops:.3g} FLOPs, more than cap_flops {config.cap_flops:.3g}; give fewer budgets, sizes or "
            "settings, or raise the cap"
        )
    if config.cap_hours and hours is not None and hours > config.cap_hours:
        raise UserError(
            f"the sweep would take some {hours:.3g} hours here, more than cap_hours {config.cap_hours:g}; give fewer budgets, sizes or "
            "settings, more trainers, or raise the cap"
        )


def _refusal(sweep: Sweep, outcomes: Sequence[Outcome]) -> TooFew | None:
    """Why a sweep that is done as planned has no laws; None where it has."""
    try:
        make_study(sweep.name, outcomes, sweep.config, sweep.family, bootstraps=1)
    except TooFew as error:
        return error
    return None


def _cost(
    family: Family, phase: Phase, done: set[Cell], speeds: Mapping[int, float] | None, *, estimated: bool
) -> Cost:  # fmt: skip
    left = [cell for cell in phase.cells if cell not in done]
    costs = costs_of(left, family)
    seconds = None
    if speeds is not None:
        seconds = sum(flops / speeds[line.depth] for line, flops in costs.items())
    return Cost(
        phase=phase.name, lines=len(lines_of(phase.cells)), cells=len(phase.cells), done=len(phase.cells) - len(left),
        flops=sum(costs.values()), hours=None if seconds is None else seconds / 3600, estimated=estimated,
    )  # fmt: skip
