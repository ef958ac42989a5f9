"""Which cells come next. A sweep is planned as it goes: grids first, then sizes at what the grids' laws say, then what is held out.

Everything follows from the config and from what is done, whoever did it and in which order: asked again, it goes on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from longtake.errors import UserError
from longtake.scaling.cells import Cell, Line, Outcome, lines_of, trial_of
from longtake.scaling.config import Setting, SweepConfig
from longtake.scaling.family import Family
from longtake.scaling.projection import project
from longtake.scaling.published import published
from longtake.scaling.settings import SettingLaws, fixed_setting, snap
from longtake.scaling.sufficiency import TooFew

Done = Mapping[Cell, Outcome]
Choose = Callable[[int, float], Setting]
"""Batch and learning rate at a depth and a number of tokens."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One part of a sweep."""

    name: str
    cells: tuple[Cell, ...]
    """All of it, what is done among them."""
    done: bool


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A sweep as far as it can be named."""

    phases: tuple[Phase, ...]
    """In the order in which they are to be done; one that hangs on an unfinished one is not there yet."""
    cells: tuple[Cell, ...]
    """That come next, each once."""
    stuck: TooFew | None = None
    """Why what hangs on the grids can't be named though they are done, and what to run instead."""


def plan(config: SweepConfig, family: Family, outcomes: Iterable[Outcome]) -> Planned:
    """What is to be done, and what of it comes next. Raises UserError where a whole grid has failed."""
    done = {outcome.cell: outcome for outcome in outcomes}
    phases, stuck = [_phase("grids", _grids(config, family, done), done)], None
    if phases[0].done:
        try:
            laws = SettingLaws.of([done[cell] for cell in phases[0].cells], family)
        except TooFew as error:
            stuck = error
        else:
            phases += _after_grids(config, family, laws.at(family), done)
    left = {cell for phase in phases for cell in phase.cells} - done.keys()
    return Planned(phases=tuple(phases), cells=tuple(sorted(left)), stuck=stuck)


def _after_grids(config: SweepConfig, family: Family, choose: Choose, done: Done) -> Iterator[Phase]:
    """All that needs to know which batch and learning rate are good."""
    fixed = fixed_setting(config, done.values())
    yield _phase("repeats", _repeats(config, done), done)
    sizes = _phase("sizes, tuned", _sizes(config, family, choose), done)
    yield sizes
    yield _phase("sizes, fixed", _sizes(config, family, lambda *_: fixed), done)
    if config.held_out.depth:
        yield _phase("held-out size", _held_out_grid(config, family, choose), done)
    if config.held_out.flops and sizes.done:
        best = [done[cell] for cell in sizes.cells if done[cell].loss is not None]
        yield _phase("held-out budget", _held_out_budget(config, family, choose, best), done)


def cells_wanted(error: TooFew, config: SweepConfig, family: Family, outcomes: Iterable[Outcome]) -> dict[Cell, str]:
    """What a refused fit asks for, as cells of the family at settings that are good as far as one knows; and why each."""
    done = [outcome for outcome in outcomes if outcome.loss is not None]
    try:
        choose = SettingLaws.of(done, family).at(family)
    except TooFew:
        choose = _guess(config, family)
    wanted = {}
    for one in error.wanted:
        depth = family.depth_near(one.params)
        at = choose(depth, one.tokens)
        line = Line(depth=depth, batch_tokens=at.batch_tokens, lr=at.lr, seed=config.seed)
        wanted[Cell(line=line, tokens=round(one.tokens))] = one.why
    return wanted


def first_estimate(config: SweepConfig, family: Family) -> list[Phase]:
    """The whole sweep as it will be if no grid has to be widened and all settings are those of the guess: what it costs, about."""
    grids = _grids(config, family, {})
    guess = _guess(config, family)
    # Tuned runs are each at a setting of their own and share no training; at the guess, seeds tell them apart.
    tuned = [
        replace(cell, line=replace(cell.line, seed=config.seed + number))
        for number, cell in enumerate(_sizes(config, family, guess))
    ]
    phases = {
        "grids": grids,
        "repeats": _seeds(config, min(config.grid.depths), min(config.grid.tokens), guess(min(config.grid.depths), 0)),
        "sizes, tuned": tuned,
        "sizes, fixed": _sizes(config, family, lambda *_: guess(min(config.grid.depths), min(config.grid.tokens))),
    }
    if config.held_out.depth:
        phases["held-out size"] = _held_out_grid(config, family, guess)
    if config.held_out.flops:
        largest = sorted(config.depths)[-config.held_out.sizes :]
        phases["held-out budget"] = [_at(config, family, guess, depth, config.held_out.flops) for depth in largest]
    return [_phase(name, cells, {}) for name, cells in phases.items()]


def first_batch(config: SweepConfig, family: Family, depth: int) -> int:
    """Tokens of a batch where the grid of a depth begins."""
    return _guess(config, family)(depth, 0).batch_tokens


def left_of(config: SweepConfig, family: Family, phases: Sequence[Phase], cells: Iterable[Cell]) -> float:
    """FLOPs until the end: of these next cells, and of the phases that can't be named yet, as first estimated."""
    named = {phase.name for phase in phases}
    later = [cell for phase in first_estimate(config, family) if phase.name not in named for cell in phase.cells]
    return flops_of(cells, family) + flops_of(later, family)


def costs_of(cells: Iterable[Cell], family: Family) -> dict[Line, float]:
    """FLOPs of each training that gives some of these cells: it is as long as its longest."""
    return {line: max(marks) * family.flops_per_token(line.depth) for line, marks in lines_of(cells).items()}


def flops_of(cells: Iterable[Cell], family: Family) -> float:
    """FLOPs of the trainings that give these cells."""
    return sum(costs_of(cells, family).values())


def share_out(cells: Iterable[Cell], family: Family, parts: int) -> list[list[Cell]]:
    """The cells in so many parts of about the same cost, a line's together; fewer where there are fewer lines."""
    cells = list(cells)
    lines, cost = lines_of(cells), costs_of(cells, family)
    shares: list[list[Cell]] = [[] for _ in range(max(1, min(parts, len(lines))))]
    load = [0.0] * len(shares)
    for line in sorted(lines, key=lambda line: (-cost[line], line)):
        least = load.index(min(load))
        load[least] += cost[line]
        shares[least] += [Cell(line=line, tokens=tokens) for tokens in lines[line]]
    return [share for share in shares if share]


def _phase(name: str, cells: Sequence[Cell], done: Done) -> Phase:
    return Phase(name=name, cells=tuple(sorted(set(cells))), done=all(cell in done for cell in cells))


def _guess(config: SweepConfig, family: Family) -> Choose:
    """Where the grids begin."""
    laws = published(config.prior)
    if config.guess is None and (laws.batch is None or laws.lr is None):
        raise UserError(f"{config.prior} has no laws of batch and learning rate; give `guess`, or prior: video-dit")
    middle = sorted(config.grid.tokens)[len(config.grid.tokens) // 2]

    def choose(depth: int, tokens: float) -> Setting:
        if config.guess is not None:
            return snap(family, config.guess.batch_tokens, config.guess.lr)
        known = {"params": family.params(depth), "tokens": float(tokens or middle)}
        known["flops"] = known["tokens"] * family.flops_per_token(depth)
        assert laws.batch is not None
        assert laws.lr is not None
        batch, lr = (law(**{name: known[name] for name in law.exponents}) for law in (laws.batch, laws.lr))
        return snap(family, batch, lr)

    return choose


Span = tuple[int, int, int, int]
"""Of powers of the ratios around the guess: batches from, to, learning rates from, to."""


def _first_span(config: SweepConfig) -> Span:
    grid = config.grid
    low_batch, low_lr = -((grid.batches - 1) // 2), -((grid.lrs - 1) // 2)
    return low_batch, low_batch + grid.batches - 1, low_lr, low_lr + grid.lrs - 1


def _axes(config: SweepConfig, family: Family, centre: Setting, span: Span) -> tuple[list[int], list[float]]:
    """The batches and the learning rates of a grid."""
    low_batch, high_batch, low_lr, high_lr = span
    batches = {
        snap(family, centre.batch_tokens * config.grid.batch_ratio**k, 1.0).batch_tokens
        for k in range(low_batch, high_batch + 1)
    }
    lrs = {snap(family, 1.0, centre.lr * config.grid.lr_ratio**k).lr for k in range(low_lr, high_lr + 1)}
    return sorted(batches), sorted(lrs)


def _grid_cells(config: SweepConfig, family: Family, depth: int, span: Span) -> list[Cell]:
    batches, lrs = _axes(config, family, _guess(config, family)(depth, 0), span)
    return [
        Cell(line=Line(depth=depth, batch_tokens=batch, lr=lr, seed=config.seed), tokens=tokens)
        for batch in batches
        for lr in lrs
        for tokens in sorted(set(config.grid.tokens))
    ]


def _grids(config: SweepConfig, family: Family, done: Done) -> list[Cell]:
    return [cell for depth in sorted(set(config.grid.depths)) for cell in _grid(config, family, depth, done)]


def _grid(config: SweepConfig, family: Family, depth: int, done: Done) -> list[Cell]:
    """The grid of a size, widened by one row or column on each side where a minimum lies on the edge, while it may be."""
    span, left = list(_first_span(config)), [config.grid.widenings] * 4
    while True:
        cells = _grid_cells(config, family, depth, (span[0], span[1], span[2], span[3]))
        if any(cell not in done for cell in cells):
            return cells
        moving = [side for side in _edges(cells, done, family) if left[side]]
        if not moving:
            return cells
        for side in moving:
            span[side] += 1 if side % 2 else -1
            left[side] -= 1


def _edges(cells: Sequence[Cell], done: Done, family: Family) -> set[int]:
    """Sides of the grid (batch low, high, learning rate low, high) on which the best lies after one of the numbers of tokens."""
    sides = set()
    for tokens in {cell.tokens for cell in cells}:
        known = [
            (done[cell].loss, cell.line) for cell in cells if cell.tokens == tokens and done[cell].loss is not None
        ]
        if not known:
            raise UserError(
                f"every run of the grid at depth {cells[0].line.depth} has failed, {done[cells[0]].reason} for one; begin it "
                "elsewhere (guess: {batch_tokens: ..., lr: ...}), with a smaller learning rate"
            )
        best = min(known, key=lambda pair: pair[0] or 0.0)[1]
        batches, lrs = ({getattr(cell.line, name) for cell in cells} for name in ("batch_tokens", "lr"))
        smallest = best.batch_tokens == family.sample_tokens
        on = (best.batch_tokens == min(batches) and not smallest, best.batch_tokens == max(batches),
              best.lr == min(lrs), best.lr == max(lrs))  # fmt: skip
        sides |= {side for side, here in enumerate(on) if here}
    return sides


def _repeats(config: SweepConfig, done: Done) -> list[Cell]:
    depth, tokens = min(config.grid.depths), min(config.grid.tokens)
    here = [o for o in done.values() if o.cell.line.depth == depth and o.cell.tokens == tokens and o.loss is not None]
    best = min((o for o in here if o.cell.line.seed == config.seed), key=lambda o: (o.loss, o.cell)).cell.line
    return _seeds(config, depth, tokens, Setting(batch_tokens=best.batch_tokens, lr=best.lr))


def _seeds(config: SweepConfig, depth: int, tokens: int, at: Setting) -> list[Cell]:
    return [
        Cell(line=Line(depth=depth, batch_tokens=at.batch_tokens, lr=at.lr, seed=config.seed + number), tokens=tokens)
        for number in range(config.repeats)
    ]


def _sizes(config: SweepConfig, family: Family, choose: Choose) -> list[Cell]:
    """Every size at every budget."""
    return [
        _at(config, family, choose, depth, flops) for flops in sorted(set(config.budgets)) for depth in sorted(set(config.depths))
    ]  # fmt: skip


def _at(config: SweepConfig, family: Family, choose: Choose, depth: int, flops: float) -> Cell:
    """One size at one budget."""
    tokens = round(flops / family.flops_per_token(depth))
    at = choose(depth, tokens)
    if tokens < at.batch_tokens:
        raise UserError(
            f"a budget of {flops:.3g} FLOPs is {tokens} tokens at depth {depth}, less than one batch of {at.batch_tokens}; give larger "
            "budgets, or smaller depths"
        )
    return Cell(
        line=Line(depth=depth, batch_tokens=at.batch_tokens, lr=at.lr, seed=config.seed), tokens=tokens
    )  # fmt: skip


def _held_out_grid(config: SweepConfig, family: Family, choose: Choose) -> list[Cell]:
    """The largest size at the predicted setting, and around it."""
    held = config.held_out
    tokens = held.depth_tokens or max(config.grid.tokens)
    reach = (held.grid - 1) // 2
    batches, lrs = _axes(config, family, choose(held.depth, tokens), (-reach, held.grid - 1 - reach) * 2)
    return [
        Cell(line=Line(depth=held.depth, batch_tokens=batch, lr=lr, seed=config.seed), tokens=tokens)
        for batch in batches
        for lr in lrs
    ]


def _held_out_budget(
    config: SweepConfig, family: Family, choose: Choose, runs: Sequence[Outcome]
) -> list[Cell]:  # fmt: skip
    """The sizes that are nearest to the best at the largest budget, as the runs at the smaller ones have it."""
    trials, held = [trial_of(run, family) for run in runs], config.held_out
    of = {name: np.array([getattr(trial, name) for trial in trials]) for name in ("params", "tokens", "loss")}
    law = project(of["params"], of["tokens"], of["loss"][None]).law()
    wanted, _ = law.optimum(held.flops, lambda params: float(family.cost(np.array(params))))
    depths = sorted(range(1, 2 * max(config.depths)), key=lambda depth: abs(np.log(family.params(depth) / wanted)))
    return [_at(config, family, choose, depth, held.flops) for depth in depths[: held.sizes]]
