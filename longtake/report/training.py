"""The page of a training of a video model: losses, throughput, skipped steps, and the films that it makes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from longtake.dit.step_record import UNJUDGED, Curve, Point
from longtake.records import Run
from longtake.report.curves import Axis, Colour, Series, chart_svg
from longtake.report.page import render_page
from longtake.report.plots import amount, number
from longtake.scoring.metrics import SUB_METRICS

MAX_POINTS = 400
"""Of a curve; of more steps, the mean of every few."""
HALF = 560
"""Pixels of a chart that stands beside another."""
TIMES: tuple[Colour, ...] = ("kept", "ink", "bad", "dropped")
REASONS = {
    "not_finite": "the loss or the gradient was no number",
    "spike": "the gradient was many times as long as those before it",
}


@dataclass(frozen=True, kw_only=True)
class Film:
    """What the model makes of one sample's text and metrics, and the sample itself."""

    clip_id: str
    """Of the sample's clip; films of one follow each other."""
    caption: str
    conditions: Mapping[str, float]
    strips: list[tuple[str, str]]
    """When it was made, and a JPEG in base64."""


@dataclass(frozen=True, kw_only=True)
class TrainingSheet:
    """Everything that the page shows."""

    name: str
    """Of the samples."""
    facts: Mapping[str, str]
    row: Run
    curve: Curve
    films: Sequence[Film]
    depth: int
    width: int
    objective: str
    started_from: str
    """URI of the model that it went on from; empty: nothing."""


def training_sheet(sheet: TrainingSheet) -> str:
    """The page, which stands alone."""
    row, curve = sheet.row, sheet.curve
    seconds = curve.total("seconds")
    return render_page(
        "training.html",
        title="Training of a video model",
        place=sheet.name,
        facts=sheet.facts,
        sheet=sheet,
        loss=number(row.loss),
        train_loss=number(row.train_loss),
        params=amount(row.params),
        tokens=amount(row.tokens),
        steps=f"{row.steps:,}",
        pace=number(curve.total("tokens") / seconds) if seconds else "–",
        rate=flop_rate(curve.total("flops") / seconds) if seconds else "–",
        waited=f"{curve.total('waited_s') / seconds:.1%}" if seconds else "–",
        losses=losses_svg(curve),
        by_time=_by_time(curve),
        norms=norms_svg(curve),
        paces=paces_svg(curve),
        skipped=[(name, count, REASONS.get(name, "")) for name, count in sorted(curve.skipped.items())],
        say=_say,
        unjudged="" if curve.validations or row.reason else UNJUDGED,
    )


def losses_svg(curve: Curve) -> Markup:
    learned = [(point.step, point.loss) for point in curve.points if point.loss is not None]
    every = math.ceil(len(learned) / MAX_POINTS) or 1
    steps = every * curve.stride
    judged = [(float(step), found.loss) for step, found in curve.validations]
    series = [
        Series(points=thinned(learned), name=f"train, mean of {steps} steps" if steps > 1 else "train", colour="dim"),
        Series(
            points=judged, name="validation, averaged weights", style="dotted line" if len(judged) < 60 else "line",
            said=[f"step {step:,.0f}: {loss:.4f}" for step, loss in judged],
        ),
    ]  # fmt: skip
    return steps_svg(series, "loss by step", height=240)


def _by_time(curve: Curve) -> Markup | None:
    """Validation loss over parts of t, a line each."""
    if not curve.validations:
        return None
    turns = len(curve.validations[0][1].by_time)
    series = [
        Series(
            points=[(float(step), found.by_time[turn]) for step, found in curve.validations],
            name=f"t {turn / turns:.2g} to {(turn + 1) / turns:.2g}", colour=TIMES[turn % len(TIMES)],
            style=("line", "dashed")[turn // len(TIMES) % 2],
        )
        for turn in range(turns)
    ]  # fmt: skip
    return steps_svg(series, "validation loss by step and t", height=200)


def norms_svg(curve: Curve) -> Markup:
    points = [(point.step, point.norm) for point in curve.points if point.norm is not None]
    return steps_svg(
        [Series(points=thinned(points), name="length of the gradient", colour="ink")],
        "gradient by step",
        height=120,
        width=HALF,
    )


def paces_svg(curve: Curve) -> Markup:
    def pace(point: Point) -> float:
        return point.tokens / point.seconds if point.seconds else math.nan

    points = [(point.step, pace(point)) for point in curve.points]
    return steps_svg(
        [Series(points=thinned(points), name="video tokens a second", colour="ink")],
        "throughput by step",
        height=120,
        width=HALF,
    )


def steps_svg(series: Iterable[Series], label: str, *, height: int, width: int = 1150) -> Markup:
    shown = [one for one in series if one.points]
    xs, ys = ([point[axis] for one in shown for point in one.points] for axis in (0, 1))
    steps = replace(Axis.over("step", [0, *xs]), low=0.0)
    return chart_svg(shown, steps, Axis.over("", ys), label=label, width=width, height=height)


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most `MAX_POINTS`, means of neighbours."""
    every = math.ceil(len(points) / MAX_POINTS) or 1
    parts = [points[at : at + every] for at in range(0, len(points), every)]
    return [(part[-1][0], sum(value for _, value in part) / len(part)) for part in parts]


def flop_rate(flops: float) -> str:
    """`48.2 GFLOP/s`."""
    return "{} {}FLOP/s".format(*_scaled(flops, "kMGTPE"))


def _scaled(value: float, units: str) -> tuple[str, str]:
    """The number that stands before the unit, and the unit: each is a thousand of the one before."""
    power = next((n for n in range(len(units), 0, -1) if value >= 1000**n), 0)
    return number(value / 1000**power), units[power - 1] if power else ""


def _say(conditions: Mapping[str, float]) -> str:
    """`motion 25.1 px/s · clarity 0.389`."""
    units = {metric.name: f" {metric.unit}" for metric in SUB_METRICS if metric.unit == "px/s"}
    return " · ".join(f"{name} {number(value)}{units.get(name, '')}" for name, value in conditions.items())
