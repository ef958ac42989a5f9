"""The page of a stage of a world model's training: its losses, each part of them, throughput, skipped steps."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from longtake.dit.step_record import UNJUDGED_WORLD, Curve
from longtake.records import Run
from longtake.report.curves import Series
from longtake.report.page import render_page
from longtake.report.plots import amount, number
from longtake.report.training import HALF, REASONS, flop_rate, losses_svg, norms_svg, paces_svg, steps_svg, thinned

STAGES = {
    "alignment": "States become like the film decoder's texts; the film decoder stays as it is.",
    "generative": "States film: the film decoder learns to read them, and they learn to be read.",
    "world": "States film, and the language model writes what happens.",
}
PARTS = {
    "alignment": "mean square error between states, resampled to a text's length, and the text as the film decoder reads it",
    "film": "of the film decoder, over clips",
    "dynamics": "cross-entropy of the words of what happens, weighted",
}


@dataclass(frozen=True, kw_only=True)
class OwlSheet:
    """Everything that the page shows."""

    facts: Mapping[str, str]
    row: Run
    curve: Curve
    stage: str
    stories: int | None
    """To learn from; None: they are drawn, without end."""
    left_out: Mapping[str, int]
    """What of the annotations gives no story, by reason."""
    started_from: str
    """URI of the model that it went on from; empty: nothing."""


def owl_sheet(sheet: OwlSheet) -> str:
    """The page, which stands alone."""
    row, curve = sheet.row, sheet.curve
    seconds = curve.total("seconds")
    return render_page(
        "owl_training.html",
        title=f"Training of a world model: {sheet.stage}",
        place=row.dataset,
        facts=sheet.facts,
        sheet=sheet,
        told=STAGES.get(sheet.stage, ""),
        loss=number(row.loss),
        train_loss=number(row.train_loss),
        params=amount(row.params),
        tokens=amount(row.tokens),
        steps=f"{row.steps:,}",
        stories="drawn" if sheet.stories is None else f"{sheet.stories:,}",
        rate=flop_rate(curve.total("flops") / seconds) if seconds else "–",
        waited=f"{curve.total('waited_s') / seconds:.1%}" if seconds else "–",
        losses=losses_svg(curve),
        parts=[(name, PARTS.get(name, ""), part_svg(curve, name)) for name in part_names(curve)],
        norms=norms_svg(curve),
        paces=paces_svg(curve),
        skipped=[(name, count, REASONS.get(name, "")) for name, count in sorted(curve.skipped.items())],
        unjudged="" if curve.validations or row.reason else UNJUDGED_WORLD,
    )


def left_out_sheet(stage: str, start: str, facts: Mapping[str, str]) -> str:
    """The page of a stage that the config leaves out."""
    return render_page(
        "owl_training.html", title=f"Training of a world model: {stage}", place="left out", facts=facts, sheet=None, start=start
    )  # fmt: skip


def part_names(curve: Curve) -> list[str]:
    """Of the loss."""
    return sorted({name for point in curve.points for name in point.parts})


def part_svg(curve: Curve, name: str) -> Markup:
    """One part of the loss by step."""
    points = [(float(point.step), point.parts[name]) for point in curve.points if name in point.parts]
    return steps_svg(
        [Series(points=thinned(points), name=name, colour="ink")], f"{name} by step", height=140, width=HALF
    )
