"""The figures of a sweep's page: losses of runs over size, tokens and compute, and the laws through them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from longtake.report.figure_svg import BAD, DIM, INK, KEPT, PAGE, draw_svg, log_axis, power, ramps
from longtake.report.plots import amount
from longtake.scaling.isoflop import SAME_BUDGET, find_valleys
from longtake.scaling.law import LossLaw, PowerLaw
from longtake.scaling.study import Arms, Noise, Study
from longtake.scaling.trials import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Cost = Callable[[float], float]
"""FLOPs of training on one token, by parameters."""

WHOLE, HALF = 1150, 560
"""Pixels of a figure's width."""
POINTS = 60
"""Of a curve."""


def cost_of(trials: Sequence[Trial]) -> Cost:
    """What a token costs at any size: a straight line in logarithms through what it cost in these runs."""
    sizes = np.log([trial.params for trial in trials])
    slope, start = np.polyfit(sizes, np.log([trial.flops / trial.tokens for trial in trials]), 1)
    return lambda params: float(np.exp(start + slope * np.log(params)))


def isoflops(study: Study) -> Markup:
    """Loss over size, one colour a budget: runs, the law, the parabola's valley; held-out budgets are hollow and dashed."""
    return draw_svg(partial(_isoflops, study), label="loss by size at equal compute", width=WHOLE, height=420)


def surface(study: Study) -> Markup:
    """The loss law's contours over size and tokens, with the runs and the compute-optimal path."""
    return draw_svg(partial(_surface, study), label="loss by size and tokens", width=WHOLE, height=460)


def frontier(study: Study) -> Markup:
    """The least loss by compute as the law has it, with its 90 % interval and the runs at equal compute."""
    return draw_svg(partial(_frontier, study), label="loss by compute", width=HALF, height=330)


def misses(study: Study) -> Markup:
    """Measured minus predicted loss as a share of the reducible one, by compute."""
    return draw_svg(partial(_misses, study), label="error of the law by compute", width=HALF, height=330)


def sizes(arms: Arms) -> Markup:
    """The best size by compute, in both arms and by both estimates."""
    return draw_svg(partial(_sizes, arms), label="best size by compute", width=HALF, height=360)


def flatness(arms: Arms, noise: Noise | None) -> Markup:
    """Loss above the best by how far the size is from the best one."""
    return draw_svg(
        partial(_flatness, arms, noise), label="loss by distance from the best size", width=HALF, height=360
    )


def _isoflops(study: Study, figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    fitted = {valley.flops: valley.trials for valley in study.valleys}
    beyond = _by_budget([run.trial for run in study.held_out])
    every = [trial for trials in (*fitted.values(), *beyond.values()) for trial in trials]
    losses, params = _columns(every, "loss", "params")
    room = 0.08 * (max(losses) - min(losses))
    low, high = min(losses) - room, max(losses) + room
    colours = ramps([*fitted, *beyond])
    for budgets, held_out in ((fitted, False), (beyond, True)):
        for flops, trials in budgets.items():
            grid, curve = _law_at(study, flops, trials)
            inside = (low < curve) & (curve < high)
            label = f"{power(flops)} FLOPs" + (", held out" if held_out else "")
            axes.plot(
                grid[inside], curve[inside], color=colours[flops], linestyle="--" if held_out else "-", label=label
            )
            _dots(axes, trials, "params", colours[flops], hollow=held_out)
    _valleys(axes, study, "loss")
    axes.set_ylim(low, high)
    log_axis(axes, "x", min(params) / 1.8, max(params) * 1.8)
    axes.set_xlabel("parameters N")
    axes.set_ylabel("validation loss")
    figure.legend(loc="outside right upper")


def _law_at(study: Study, flops: float, trials: Sequence[Trial]) -> tuple[Array, Array]:
    """Sizes a little beyond those of a budget's runs, and the losses that the law has there."""
    law, cost = _law(study), cost_of(study.fitted.trials)
    params = [trial.params for trial in trials]
    grid = np.geomspace(min(params) / 1.6, max(params) * 1.6, POINTS)
    return grid, np.array([law(params=size, tokens=flops / cost(size)) for size in grid])


def _valleys(axes: "Axes", study: Study, y: str) -> None:
    inside = [valley for valley in study.valleys if not valley.on_edge]
    axes.scatter(
        [valley.params for valley in inside], [getattr(valley, y) for valley in inside], marker="D", s=60, facecolor="none",
        edgecolor=INK, label="valley of the parabola", zorder=4,
    )  # fmt: skip


def _surface(study: Study, figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    law, cost = _law(study), cost_of(study.fitted.trials)
    held_out = [run.trial for run in study.held_out]
    trials = [*study.fitted.trials, *held_out]
    spans = [(min(values) / 1.5, max(values) * 1.5) for values in _columns(trials, "params", "tokens")]
    log_axis(axes, "x", *spans[0])
    log_axis(axes, "y", *spans[1])
    params, tokens = (np.geomspace(*span, POINTS) for span in spans)
    grid = np.array([[law(params=size, tokens=count) for size in params] for count in tokens])
    levels = law.floor + np.geomspace(grid.min() - law.floor, grid.max() - law.floor, 13)[1:-1]
    colours = list(ramps([level - law.floor for level in levels]).values())
    lines = axes.contour(params, tokens, grid, levels=levels, colors=colours, linewidths=1.2)
    axes.clabel(lines, fmt=lambda level: f"{level:.3f}", fontsize=10)
    _dots(axes, study.fitted.cells, "params", KEPT, y="tokens", label="run")
    _dots(axes, held_out, "params", BAD, y="tokens", hollow=True, label="held-out run")
    flops = np.geomspace(min(t.flops for t in trials), max(t.flops for t in trials), POINTS)
    path = [law.optimum(budget, cost) for budget in flops]
    path = [place for place in path if all(low <= at <= high for at, (low, high) in zip(place, spans, strict=True))]
    axes.plot(*zip(*path, strict=True), color=INK, linewidth=2, label="compute-optimal path")
    _valleys(axes, study, "tokens")
    axes.set_xlabel("parameters N")
    axes.set_ylabel("video tokens T")
    figure.legend(loc="outside right upper")


def _frontier(study: Study, figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    law, cost = _law(study), cost_of(study.fitted.trials)
    fitted = [trial for valley in study.valleys for trial in valley.trials] or list(study.fitted.cells)
    held_out = [run.trial for run in study.held_out]
    low, last = min(t.flops for t in fitted), max(t.flops for t in fitted)
    high = max([last, *(trial.flops for trial in held_out)])
    budgets = np.geomspace(low / 1.3, high * 1.3, POINTS)
    bands = [study.fitted.predict_loss(params=n, tokens=t) for n, t in (law.optimum(flops, cost) for flops in budgets)]
    axes.fill_between(
        budgets,
        [b.low for b in bands],
        [b.high for b in bands],
        color=KEPT,
        alpha=0.18,
        linewidth=0,
        label="90 % interval",
    )
    inside = budgets <= last
    least = np.array([band.value for band in bands])
    axes.plot(budgets[inside], least[inside], color=KEPT, label="least loss by the law")
    axes.plot(budgets[~inside], least[~inside], color=KEPT, linestyle="--", label="extrapolated")
    _dots(axes, fitted, "flops", KEPT, label="fitted run")
    _dots(axes, held_out, "flops", BAD, hollow=True, label="held-out run")
    _compute_axis(axes, float(budgets[0]), float(budgets[-1]))
    axes.set_ylabel("validation loss")
    figure.legend(loc="outside upper left", ncols=3)


def _misses(study: Study, figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    law = _law(study)
    cells = study.fitted.cells

    def reducible(trial: Trial) -> float:
        return law.reducible(params=trial.params, tokens=trial.tokens)

    axes.axhline(0, color=KEPT)
    off = [(trial.loss - law.floor) / reducible(trial) - 1 for trial in cells]
    said = [_say(trial) for trial in cells]
    axes.scatter([t.flops for t in cells], off, s=22, color=KEPT, linewidths=0, urls=said, label="fitted cell")
    seen: list[float] = []
    for run in sorted(study.held_out, key=lambda run: run.trial.flops):
        whole = reducible(run.trial)
        value, low, high = (at - run.predicted.value for at in (run.trial.loss, run.predicted.low, run.predicted.high))
        beside = run.trial.flops * 1.07 ** sum(abs(flops / run.trial.flops - 1) <= SAME_BUDGET for flops in seen)
        axes.plot([beside] * 2, [low / whole, high / whole], color=BAD, alpha=0.4, linewidth=5, solid_capstyle="butt",
                  label="" if seen else "its 90 % interval")  # fmt: skip
        axes.scatter([beside], [value / whole], s=34, facecolor=PAGE, edgecolor=BAD, linewidths=1.5, zorder=4,
                     urls=[_say(run.trial)], label="" if seen else "held-out run")  # fmt: skip
        seen.append(run.trial.flops)
    flops = [trial.flops for trial in (*cells, *(run.trial for run in study.held_out))]
    _compute_axis(axes, min(flops) / 1.3, max(flops) * 1.5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:+.3g} %".replace("-", "−").replace("+0 ", "0 "))
    axes.set_ylabel("measured − predicted, of the reducible loss")
    figure.legend(loc="outside upper left", ncols=3)


def _sizes(arms: Arms, figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    every = [*arms.tuned.trials, *arms.fixed.trials]
    low, high = min(t.flops for t in every) / 1.4, max(t.flops for t in every) * 3
    budgets = np.geomspace(low, high, POINTS)
    for arm, colour in ((arms.tuned, KEPT), (arms.fixed, BAD)):
        _size_line(axes, arm.predicted_size, budgets, color=colour, label=f"{arm.name}, by the loss law")
        if arm.empirical_size:
            _size_line(axes, arm.empirical_size, budgets, color=colour, linestyle="--", label=f"{arm.name}, by valleys")
        inside = [valley for valley in find_valleys(arm.trials) if not valley.on_edge]
        axes.scatter([v.flops for v in inside], [v.params for v in inside], marker="D", s=44, facecolor="none",
                     edgecolor=colour, linewidths=1.5, zorder=4)  # fmt: skip
    flops, tuned, fixed = arms.same_loss
    if np.isfinite(tuned):
        axes.annotate("", (flops, tuned), (flops, fixed), arrowprops={"arrowstyle": "->", "color": INK})
    _compute_axis(axes, low, high)
    shown = [size for line in axes.get_lines() for size in np.asarray(line.get_ydata(), float)]
    shown += [tuned] if np.isfinite(tuned) else []
    log_axis(axes, "y", min(shown) / 1.2, max(shown) * 1.2)
    axes.set_ylabel("best N")
    figure.legend(loc="outside upper left", ncols=2)


def _size_line(axes: "Axes", law: PowerLaw, budgets: Array, **look: Any) -> None:
    axes.plot(budgets, [law(flops=flops) for flops in budgets], **look)


def _flatness(arms: Arms, noise: Noise | None, figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    shares, above = zip(*arms.flat, strict=True)
    axes.plot(shares, above, color=KEPT, label="loss above the best, tuned law")
    if noise:
        axes.axhspan(0, noise.deviation, color=DIM, alpha=0.25, linewidth=0, label="noise of one run")
    log_axis(axes, "x", min(shares), max(shares), lambda share: f"{share:g}")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("size, as a multiple of the best")
    axes.set_ylabel("loss above the best")
    figure.legend(loc="outside upper left", ncols=2)


def _law(study: Study) -> LossLaw:
    law = study.fitted.laws.loss
    assert law is not None, "runs that are enough give a law of the loss"
    return law


def _dots(
    axes: "Axes", trials: Sequence[Trial], x: str, colour: str, *, y: str = "loss", hollow: bool = False, label: str | None = None
) -> None:  # fmt: skip
    """Runs; hollow ones were held out."""
    across, up = _columns(trials, x, y)
    axes.scatter(
        across, up, s=26 if hollow else 22, facecolor=PAGE if hollow else colour, edgecolor=colour,
        linewidths=1.5 if hollow else 0, zorder=3, urls=[_say(trial) for trial in trials], label=label,
    )  # fmt: skip


def _columns(trials: Sequence[Trial], *names: str) -> list[list[float]]:
    return [[getattr(trial, name) for trial in trials] for name in names]


def _by_budget(trials: Sequence[Trial]) -> Mapping[float, list[Trial]]:
    """Runs of about the same compute, by its mean; those that are alone at theirs are left out."""
    groups: list[list[Trial]] = []
    for trial in sorted(trials, key=lambda trial: trial.flops):
        if groups and trial.flops / groups[-1][0].flops - 1 <= SAME_BUDGET:
            groups[-1].append(trial)
        else:
            groups.append([trial])
    return {fmean(t.flops for t in group): group for group in groups if len(group) > 1}


def _say(trial: Trial) -> str:
    return (
        f"N {amount(trial.params)}, T {amount(trial.tokens)}, batch {amount(trial.batch_tokens)}, lr {power(trial.lr)}: "
        f"loss {trial.loss:.4f}"
    )


def _compute_axis(axes: "Axes", low: float, high: float) -> None:
    log_axis(axes, "x", low, high, power)
    axes.set_xlabel("compute C, FLOPs")
