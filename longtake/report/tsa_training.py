"""The page of a training of the TSA network: what it saw, how it learned, what it is worth, and against what."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from longtake.report.curves import Axis, Colour, Series, chart_svg
from longtake.report.page import render_page
from longtake.report.plots import histogram_svg, number
from longtake.tsa_training.findings import (
    GOOD_FROM,
    Agreement,
    Decision,
    Evaluation,
    Figure,
    MetricAgreement,
    Roc,
    Rung,
    Share,
)

MAX_POINTS = 2000
"""Samples that the scatter shows; of more, every second, third or so."""
FIGURES = ("plcc", "srcc", "krcc", "rmse")
SCORES = (1, 2, 3, 4, 5)
VTSS_BINS = 16
"""A quarter of a mark each."""

PAPER_ABLATION: Mapping[str, Mapping[str, float]] = {
    "dynamic": {"plcc": 0.8684, "srcc": 0.8580, "krcc": 0.7027, "rmse": 0.4644},
    "+ static": {"plcc": 0.8730, "srcc": 0.8637, "krcc": 0.7111, "rmse": 0.4555},
    "+ labels": {"plcc": 0.8953, "srcc": 0.8864, "krcc": 0.7397, "rmse": 0.4203},
    "+ WCGB": {"plcc": 0.8974, "srcc": 0.8868, "krcc": 0.7406, "rmse": 0.4099},
}
"""Koala-36M, appendix C: marks of 8 people each on its own videos."""
PAPER_BUILD_UP = {"clarity": 250_000, "clarity, aesthetic": 290_000, "clarity, motion, aesthetic": 340_000}
"""Koala-36M, appendix D: clips of 48M that are wrongly filtered with these thresholds 10 % higher."""


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """Footage that samples were made from."""

    name: str
    samples: int
    held_out: bool
    licence: str = ""


@dataclass(frozen=True, kw_only=True)
class KindRow:
    """A kind of defect."""

    name: str
    dimension: str
    held_out: bool
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch of a training came to."""

    epoch: int
    loss: float
    held_out_loss: float
    held_out_srcc: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """A held-out sample."""

    target: float
    vtss: float
    kind: str
    """The one kind of its defect, "clean" or "composed"."""
    held_out_kind: bool


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A row of the ablation: the figures of one network for every seed, each with all of `FIGURES`."""

    name: str
    """One of `PAPER_ABLATION` where the paper has that row."""
    runs: Sequence[Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class TrainingSheet:
    """Everything that the page shows."""

    name: str
    """Of the network."""
    sentence: str
    """What its targets are, in plain words."""
    facts: Mapping[str, str]
    sources: Sequence[SourceRow]
    kinds: Sequence[KindRow]
    history: Mapping[str, Sequence[Epoch]]
    """By seed, or whatever tells the runs from one another."""
    points: Sequence[Point]
    ablation: Sequence[Variant]
    evaluation: Evaluation


def training_sheet(sheet: TrainingSheet) -> str:
    """The page, which stands alone."""
    found = sheet.evaluation
    new = {kind.name for kind in sheet.kinds if kind.held_out}
    shown = sheet.points[:: math.ceil(len(sheet.points) / MAX_POINTS) or 1]
    return render_page(
        "tsa_training.html",
        title="Training of the TSA network",
        place=sheet.name,
        facts=sheet.facts,
        sheet=sheet,
        found=found,
        srcc=_figure(found.groups[next(iter(found.groups))].srcc),
        ladders=_share(found.ladders.all),
        auc=_decimals(found.roc.auc),
        own=_decision(found.decisions[0]),
        confusion=_confusion(found.decisions[0]),
        losses=_losses(sheet.history),
        srccs=_srccs(sheet.history),
        scatter=_scatter(shown, found.vtss_min),
        shown=len(shown),
        distribution=_distribution(sheet.points, found.vtss_min),
        tables={
            "": _agreements(found.groups, found, new),
            "By dimension": _agreements(found.dimensions, found, new),
            "By kind": _agreements(found.kinds, found, new),
        },
        multiples=_multiples(found, new),
        steps={step: _share(share) for step, share in found.ladders.by_step.items()},
        ablation=[_variant(variant) for variant in sheet.ablation],
        metrics=_metrics(found),
        decisions=[_decision(decision) for decision in found.decisions],
        roc=_roc(found.roc, found.decisions),
        shifts=found.shifts,
        paper_build_up=PAPER_BUILD_UP,
        good_from=GOOD_FROM,
    )


def _losses(history: Mapping[str, Sequence[Epoch]]) -> Markup:
    series = []
    for epochs in history.values():
        series.append(Series(points=[(e.epoch, e.loss) for e in epochs], name="training", style="dashed", colour="dim"))
        series.append(Series(points=[(e.epoch, e.held_out_loss) for e in epochs], name="held-out sources"))
    return _over_epochs(series, "loss by epoch")


def _srccs(history: Mapping[str, Sequence[Epoch]]) -> Markup:
    lines = [[(e.epoch, e.held_out_srcc) for e in epochs] for epochs in history.values()]
    ends = [
        max((point for point in points if math.isfinite(point[1])), key=lambda point: point[1], default=(math.nan,) * 2)
        for points in lines
    ]
    best = Series(
        points=ends, style="mark", colour="bad",
        said=[f"{run}: {_decimals(srcc)} in epoch {epoch:g}" for run, (epoch, srcc) in zip(history, ends, strict=True)],
    )  # fmt: skip
    return _over_epochs([*(Series(points=points, name="held-out sources") for points in lines), best], "SRCC by epoch")


def _over_epochs(series: Sequence[Series], label: str) -> Markup:
    xs, ys = ([point[axis] for one in series for point in one.points] for axis in (0, 1))
    return chart_svg(series, Axis.over("epoch", xs), Axis.over("", ys), label=label, width=460, height=220)


def _scatter(points: Sequence[Point], vtss_min: float) -> Markup:
    def dots(name: str, colour: Colour, chosen: Sequence[Point]) -> Series:
        said = [f"{point.kind}: target {number(point.target)}, VTSS {number(point.vtss)}" for point in chosen]
        return Series(
            points=[(point.target, point.vtss) for point in chosen], name=name, style="dots", colour=colour, said=said
        )

    defective = [point for point in points if point.kind != "clean"]
    series = [
        Series(points=[(1, 1), (5, 5)], style="dashed", colour="dim"),
        Series(points=[(1, vtss_min), (5, vtss_min)], style="dashed", colour="bad", name="threshold"),
        dots("trained kinds", "kept", [point for point in defective if not point.held_out_kind]),
        dots("held-out kinds", "bad", [point for point in defective if point.held_out_kind]),
        dots("clean", "ink", [point for point in points if point.kind == "clean"]),
    ]
    x, y = Axis("target", 0.9, 5.1, SCORES), Axis("VTSS", 0.9, 5.1, SCORES)
    return chart_svg([one for one in series if one.points], x, y, label="VTSS over target", width=460, height=380)


def _distribution(points: Sequence[Point], vtss_min: float) -> Markup:
    """Good samples green, bad ones on top of them."""
    edges = [1 + 4 * k / VTSS_BINS for k in range(VTSS_BINS + 1)]
    good, bad = ([0] * VTSS_BINS for _ in range(2))
    for point in points:
        if math.isfinite(point.vtss):
            place = min(max(int((point.vtss - 1) / 4 * VTSS_BINS), 0), VTSS_BINS - 1)
            (good if point.target >= GOOD_FROM else bad)[place] += 1
    return histogram_svg(good, edges, label="VTSS of held-out samples", marks={"threshold": vtss_min}, dropped=bad)


def _multiples(found: Evaluation, new: set[str]) -> list[dict[str, Any]]:
    """A small plot for each kind: mean VTSS and mean target by step."""
    kinds = [kind for kind, rungs in found.ladders.rungs.items() if len(rungs) > 1]
    steps = range(1 + max((rung.step for kind in kinds for rung in found.ladders.rungs[kind]), default=1))
    return [
        {
            "kind": kind,
            "new": kind in new,
            "share": _share(found.ladders.by_kind.get(kind, Share(0, 0))),
            "plot": _ladder(kind, found.ladders.rungs[kind], Axis("", -0.2, len(steps) - 0.8, tuple(steps)), found.vtss_min),
        }
        for kind in sorted(kinds, key=lambda kind: (kind in new, kind))
    ]  # fmt: skip


def _ladder(kind: str, rungs: Sequence[Rung], x: Axis, vtss_min: float) -> Markup:
    said = [
        f"step {rung.step}: VTSS {number(rung.vtss)}, target {number(rung.target)}, {rung.samples} samples"
        for rung in rungs
    ]
    series = [
        Series(points=[(x.low, vtss_min), (x.high, vtss_min)], style="dashed", colour="bad"),
        Series(points=[(rung.step, rung.target) for rung in rungs], style="dashed", colour="dim"),
        Series(points=[(rung.step, rung.vtss) for rung in rungs], style="dotted line", said=said),
    ]
    return chart_svg(
        series, x, Axis("VTSS", 0.9, 5.1, SCORES), label=f"{kind}: VTSS by step", width=220, height=120, legend=False
    )


def _roc(roc: Roc, decisions: Sequence[Decision]) -> Markup:
    ticks = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    series = [
        Series(points=[(0, 0), (1, 1)], style="dashed", colour="dim"),
        Series(points=[(point.bad_kept, point.good_kept) for point in roc.points]),
    ]
    names: dict[int, tuple[str, Colour]] = {0: ("VTSS at its threshold", "ink"), -1: ("hand-set thresholds", "bad")}
    for index, (name, colour) in names.items():
        place = (decisions[index].bad_let_through.value, 1 - decisions[index].good_thrown_away.value)
        series.append(Series(points=[place], name=name, style="mark", colour=colour, said=[name]))
    x, y = Axis.between("share of the bad let through", ticks), Axis.between("", ticks)
    return chart_svg(series, x, y, label="ROC of VTSS", width=460, height=380)


def _agreements(agreements: Mapping[str, Agreement], found: Evaluation, new: set[str]) -> list[dict[str, Any]]:
    """In their order, held-out kinds last."""
    return [
        {
            "name": name,
            "new": name in new,
            "samples": agreement.samples,
            "sources": agreement.sources,
            "figures": [_figure(getattr(agreement, figure)) for figure in (*FIGURES, "within")],
            "metric": _best_metric(found.best_metrics.get(name)),
        }
        for name, agreement in sorted(agreements.items(), key=lambda item: item[0] in new)
    ]


def _best_metric(metric: MetricAgreement | None) -> str:
    return "" if metric is None else f"{metric.name} {_decimals(metric.best)}"


def _variant(variant: Variant) -> dict[str, Any]:
    published = PAPER_ABLATION.get(variant.name, {})
    columns = [[run[figure] for run in variant.runs] for figure in FIGURES]
    return {
        "name": variant.name,
        "seeds": len(variant.runs),
        "ours": [_mean(column) for column in columns],
        "paper": [f"{published[figure]:.4f}" if published else "–" for figure in FIGURES],
    }


def _metrics(found: Evaluation) -> list[dict[str, Any]]:
    """VTSS and every sub-metric, the best one first."""
    vtss = next(iter(found.groups.values())).srcc.value
    rows = [MetricAgreement(name="VTSS", srcc=vtss, folded_srcc=math.nan), *found.metrics]
    rows.sort(key=lambda row: -math.inf if math.isnan(row.best) else row.best, reverse=True)
    return [
        {
            "name": row.name,
            "srcc": _decimals(row.srcc),
            "folded": _decimals(row.folded_srcc),
            "bar": 0.0 if math.isnan(row.best) else round(max(row.best, 0.0), 3),
            "ours": row.name == "VTSS",
        }
        for row in rows
    ]


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "way": decision.way,
        "threshold": number(decision.threshold),
        "kept": _share(decision.kept),
        "bad_let_through": _share(decision.bad_let_through),
        "good_thrown_away": _share(decision.good_thrown_away),
        "clean_thrown_away": _share(decision.clean_thrown_away),
        "accuracy": _percent(decision.accuracy),
    }


def _confusion(decision: Decision) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Kept and thrown away of the good and of the bad."""
    good, bad = decision.good_thrown_away, decision.bad_let_through
    return {
        "good": (_share(Share(good.of - good.count, good.of)), _share(good)),
        "bad": (_share(bad), _share(Share(bad.of - bad.count, bad.of))),
    }


def _share(share: Share) -> dict[str, str]:
    return {"value": _percent(share.value), "of": f"{share.count:,} of {share.of:,}"}


def _figure(figure: Figure) -> dict[str, str]:
    known = not math.isnan(figure.low)
    span = f"{_decimals(figure.low)} to {_decimals(figure.high)}" if known else ""
    return {"value": _decimals(figure.value), "span": span}


def _mean(values: Sequence[float]) -> dict[str, str]:
    if not values:
        return {"value": "–", "span": ""}
    spread = f"± {_decimals(statistics.stdev(values))}" if len(values) > 1 else ""
    return {"value": _decimals(statistics.fmean(values)), "span": spread}


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.1%}"


def _decimals(value: float) -> str:
    return "–" if math.isnan(value) else f"{round(value, 3) + 0.0:.3f}".replace("-", "−")
