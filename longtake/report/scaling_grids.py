"""The figures of a sweep's batches and learning rates: a heat map a grid, losses by batch, and what wrong settings cost."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from longtake.report.figure_svg import BAD, DROPPED, INK, KEPT, PAGE, draw_svg, log_axis, power, ramps
from longtake.report.plots import amount, number
from longtake.scaling.study import GridView

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DARK = 0.65
"""Shade from which on a cell's number is written in the page's own colour."""


def heat_maps(grids: Sequence[GridView]) -> list[Markup]:
    """Loss above the best of each grid by batch and learning rate, one scale of shades for all."""
    above = [loss - view.best.loss for view in grids for loss in _losses(view).values()]
    scale = 2 * float(np.median(above)) if above else 1.0
    return [
        draw_svg(
            partial(_heat_map, view, scale or 1.0), label=f"loss by batch and learning rate at {amount(view.params)} parameters",
            width=360, height=70 + 38 * len(_axes_of(view)[0]),
        )
        for view in grids
    ]  # fmt: skip


def batches(grids: Sequence[GridView]) -> Markup:
    """Loss above the best of each grid by batch, the learning rate being the best for it: every line is of equal FLOPs."""
    return draw_svg(partial(_batches, grids), label="loss by batch at equal FLOPs", width=760, height=340)


def spreads(spread: Mapping[str, float]) -> Markup:
    """What wrong settings cost beside what a wrong size costs."""
    return draw_svg(partial(_spreads, spread), label="spread of losses", width=360, height=340)


def _heat_map(view: GridView, scale: float, figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    batches, rates = _axes_of(view)
    cross = (_between(rates, view.predicted[1]), _between(batches, view.predicted[0])) if view.predicted else None
    for (batch, rate), loss in _losses(view).items():
        x, y, above = rates.index(rate), batches.index(batch), loss - view.best.loss
        shade = min(max(0.9 - 0.84 * above / scale, 0.06), 0.9)
        _square(axes, x, y, facecolor=KEPT, alpha=shade, edgecolor="none")
        best = (batch, rate) == (view.best.batch_tokens, view.best.lr)
        if best:
            _square(axes, x, y, fill=False, edgecolor=INK, linewidth=1.6)
        said = f"{loss:.4f}" if best else f"{1000 * above:+.{1 if above < 0.00995 else 0}f}"
        colour = PAGE if shade > DARK else INK
        axes.text(x, y + _aside(x, y, cross), said, ha="center", va="center", fontsize=10, color=colour)
    for batch, rate in view.failed:
        _hatch(axes, rates.index(rate), batches.index(batch))
    for colour, width in ((PAGE, 5.0), (BAD, 2.2)):
        axes.plot(*(cross or ([], [])), marker="x", markersize=8, markeredgewidth=width, color=colour, zorder=5)
    axes.set_xlim(-0.55, len(rates) - 0.45)
    axes.set_ylim(-0.55, len(batches) - 0.45)
    axes.set_xticks(range(len(rates)), [power(rate, 2) for rate in rates], rotation=90 if len(rates) > 7 else 0)
    axes.set_yticks(range(len(batches)), [amount(batch) for batch in batches])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("batch, tokens")


def _square(axes: "Axes", x: int, y: int, **look: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x - 0.48, y - 0.47), 0.96, 0.94, **look))


def _aside(x: int, y: int, cross: tuple[float, float] | None) -> float:
    """How far a cell's number makes way for the cross."""
    if cross is None or max(abs(cross[0] - x), abs(cross[1] - y)) > 0.5:
        return 0.0
    return -0.25 if cross[1] >= y else 0.25


def _axes_of(view: GridView) -> tuple[list[float], list[float]]:
    """Batches and learning rates that were tried, each in order."""
    settings = [*_losses(view), *view.failed]
    return sorted({batch for batch, _ in settings}), sorted({rate for _, rate in settings})


def _losses(view: GridView) -> dict[tuple[float, float], float]:
    """The least loss of each setting; seeds may have repeated it."""
    losses: dict[tuple[float, float], float] = {}
    for trial in view.trials:
        setting = trial.batch_tokens, trial.lr
        losses[setting] = min(trial.loss, losses.get(setting, trial.loss))
    return losses


def _hatch(axes: "Axes", x: float, y: float) -> None:
    for offset in (-0.5, -0.25, 0.0, 0.25, 0.5):
        left, right = max(-0.4, offset - 0.4), min(0.4, offset + 0.4)
        axes.plot([x + left, x + right], [y + left - offset, y + right - offset], color=DROPPED, linewidth=1)


def _between(ticks: Sequence[float], value: float) -> float:
    """Where a value stands among ticks that are one apart, in logarithms; far beyond them at the rim."""
    logs = np.log(ticks)
    before, behind = (logs[1] - logs[0], logs[-1] - logs[-2]) if len(ticks) > 1 else (1.0, 1.0)
    at = np.interp(np.log(value), [logs[0] - before, *logs, logs[-1] + behind], range(-1, len(ticks) + 1))
    return float(np.clip(at, -0.5, len(ticks) - 0.5))


def _batches(grids: Sequence[GridView], figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    colours = ramps([view.tokens for view in grids])
    marks = dict(zip(sorted({view.depth for view in grids}), "osD^vP*X", strict=False))
    for view in grids:
        least: dict[float, float] = {}
        for (batch, _), loss in sorted(_losses(view).items()):
            least[batch] = min(loss, least.get(batch, loss))
        lost = [loss - view.best.loss for loss in least.values()]
        axes.plot(
            list(least), lost, color=colours[view.tokens], marker=marks.get(view.depth, "o"), markersize=6,
            linestyle="--" if view.held_out else "-", markerfacecolor="none" if view.held_out else colours[view.tokens],
            label=f"{amount(view.params)}, {amount(view.tokens)} tokens" + (", held out" if view.held_out else ""),
        )  # fmt: skip
    tried = [batch for view in grids for batch in _axes_of(view)[0]]
    log_axis(axes, "x", min(tried) / 1.2, max(tried) * 1.2)
    axes.set_xlabel("batch, tokens a step")
    axes.set_ylabel("loss above the grid's best")
    figure.legend(loc="outside right upper")


def _spreads(spread: Mapping[str, float], figure: "Figure") -> None:
    axes: Axes = figure.subplots()
    for name, label, colour in (("settings", "batch and\nlearning rate", BAD), ("sizes", "size", KEPT)):
        bars = axes.bar(label, np.nan_to_num(spread.get(name, 0.0)), width=0.55, color=colour)
        axes.bar_label(bars, [number(spread.get(name, np.nan), 2)], padding=3)
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.15)
    axes.set_ylabel("loss, worst − best at equal compute")
