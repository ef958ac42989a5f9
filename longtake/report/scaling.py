"""The page of a sweep: the laws of its runs with their intervals, what was held out from them, and how batch and learning rate matter."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from longtake.report import scaling_figures as figures
from longtake.report import scaling_grids
from longtake.report.figure_svg import power
from longtake.report.page import render_page
from longtake.report.plots import amount, number
from longtake.report.scaling_verdicts import exponent_gap, verdicts
from longtake.scaling.cells import Outcome
from longtake.scaling.fit import Interval
from longtake.scaling.law import LossLaw, PowerLaw
from longtake.scaling.study import GridView, HeldOutRun, Study

MAX_ROWS = 3000
"""Of the table of all losses."""
REASONS = {
    "diverged": "the loss left all bounds, or was no number",
    "out_of_memory": "the model and its batch did not fit",
    "worker_lost": "the process that trained it was lost",
}
SYMBOLS = {"params": "N", "tokens": "T", "flops": "C", "loss": "L"}
CONSTANTS = {"loss": "loss L", "batch": "batch B", "lr": "learning rate η", "size": "best size N"}
PARTS = {
    "floor": "floor", "scale": "scale", "scale_params": "scale of N", "alpha_params": "exponent of N", "scale_tokens": "scale of T",
    "alpha_tokens": "exponent of T", "params": "exponent of N", "tokens": "exponent of T", "flops": "exponent of C",
}  # fmt: skip
ESTIMATES = {"projection": "loss law, least squares", "huber": "loss law, Huber", "isoflop": "valleys at equal compute"}
COUNTS = {"blocks": "the blocks' matrices", "all": "all weights", "video": "FLOPs of a token / 6"}


@dataclass(frozen=True, kw_only=True)
class ScalingSheet:
    """Everything that the page shows."""

    name: str
    """Of the sweep."""
    facts: Mapping[str, str]
    planned: int
    """Losses that the sweep is to find, those among them that it has."""
    outcomes: Sequence[Outcome]
    """All that are done."""
    study: Study | None
    why: str = ""
    """Why there are no laws yet, as `TooFew` says it."""


def scaling_sheet(sheet: ScalingSheet) -> str:
    """The page, which stands alone. Needs matplotlib once there are laws."""
    return render_page(
        "scaling.html",
        title="Scaling laws",
        place=sheet.name,
        facts=sheet.facts,
        sheet=sheet,
        done=sum(outcome.loss is not None for outcome in sheet.outcomes),
        ran=_ran(sheet.outcomes),
        failed=_failed(sheet.outcomes),
        failures=sum(outcome.loss is None for outcome in sheet.outcomes),
        rows=[_row(outcome) for outcome in sheet.outcomes[:MAX_ROWS]],
        shown=_shown(sheet.study, sheet.outcomes) if sheet.study else None,
        estimates=list(ESTIMATES.values()),
    )


def _ran(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """What was trained in all: a line pays once for all of its losses."""
    lines = defaultdict(list)
    for outcome in outcomes:
        lines[outcome.cell.line].append(outcome)
    tokens = [outcome.cell.tokens for outcome in outcomes] or [0]
    hours = sum(max(one.seconds for one in line) for line in lines.values()) / 3600
    return {
        "runs": f"{len(lines):,}",
        "depths": str(len({line.depth for line in lines})),
        "tokens": f"{amount(min(tokens))} to {amount(max(tokens))}",
        "flops": power(sum(max(one.flops for one in line) for line in lines.values())),
        "hours": f"{hours:,.1f} h" if hours >= 0.1 else f"{60 * hours:,.1f} min",
    }


def _shown(study: Study, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What the template says of a study."""
    laws, constants = study.fitted.laws, study.fitted.constants()
    assert laws.loss is not None, "runs that are enough give a law of the loss"
    grids = [view for view in study.grids if view.trials]
    return {
        "formulas": [
            (symbol, _loss_formula(law) if isinstance(law, LossLaw) else formula(law), _spans(name, constants))
            for symbol, name, law in (
                ("L", "loss", laws.loss),
                ("B", "batch", laws.batch),
                ("η", "lr", laws.lr),
                ("best N", "size", laws.size),
            )
            if law
        ],
        "source": laws.source,
        "constants": [
            (CONSTANTS[name.partition(".")[0]], PARTS[name.partition(".")[2]], *interval_texts(found))
            for name, found in constants.items()
        ],
        "size": interval_texts(constants["size.flops"]),
        "spans": {
            name: f"{amount(low)} to {amount(high)}" for name, (low, high) in laws.valid.items() if name != "flops"
        },
        "verdicts": list(verdicts(study)),
        "inside": sum(run.inside for run in study.held_out),
        "noise": number(study.noise.deviation, 2) if study.noise else "",
        "isoflops": figures.isoflops(study) if study.valleys else None,
        "surface": figures.surface(study),
        "frontier": figures.frontier(study),
        "misses": figures.misses(study),
        "held_out": [_held_out(run) for run in study.held_out],
        "grids": _grids(grids, outcomes),
        "batches": scaling_grids.batches(grids) if grids else None,
        "spreads": scaling_grids.spreads(study.spread) if study.spread else None,
        "rivals": _rivals(study),
        "arms": _arms(study),
        "conventions": _conventions(study),
        "huber": _loss_formula(study.huber),
    }


def _spans(law: str, constants: Mapping[str, Interval]) -> str:
    """Intervals of a law's floor and exponents, which say more than those of its scales."""
    parts = [(name.removeprefix(f"{law}."), found) for name, found in constants.items() if name.startswith(f"{law}.")]
    return ", ".join(
        f"{PARTS[part]} {interval_texts(found)[1]}" for part, found in parts if not part.startswith("scale")
    )


def _held_out(run: HeldOutRun) -> dict[str, Any]:
    trial, found = run.trial, run.predicted
    return {
        "params": amount(trial.params), "tokens": amount(trial.tokens), "flops": power(trial.flops),
        "batch": f"{trial.batch_tokens:,.0f}", "lr": power(trial.lr), "inside": run.inside,
        "measured": f"{trial.loss:.4f}", "predicted": f"{found.value:.4f}", "span": f"{found.low:.4f} to {found.high:.4f}",
        "error": f"{run.error:.2%}", "reducible": f"{run.reducible_error:.1%}", "constant": f"{run.constant_error:.1%}",
    }  # fmt: skip


def _grids(views: Sequence[GridView], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    reasons: Mapping[tuple[float, ...], str] = {
        (one.cell.line.depth, one.cell.tokens, one.cell.line.batch_tokens, one.cell.line.lr): one.reason for one in outcomes
    }  # fmt: skip
    shown = []
    for view, plot in zip(views, scaling_grids.heat_maps(views), strict=True):
        said = [f"predicted {amount(view.predicted[0])} at {power(view.predicted[1], 2)}"] if view.predicted else []
        why = Counter(reasons.get((view.depth, view.tokens, *setting)) or "failed" for setting in view.failed)
        said += [f"{count} {reason.replace('_', ' ')}" for reason, count in why.items()]
        name = f"N {amount(view.params)} (depth {view.depth}), T {amount(view.tokens)}"
        shown.append({"name": name, "said": " · ".join(said), "view": view, "plot": plot})
    return shown


def _rivals(study: Study) -> dict[str, Any]:
    grids = list(dict.fromkeys(name for rival in study.rivals for name in rival.excess))
    rows = [
        {
            "name": rival.name, "source": rival.source, "batch": formula(rival.batch), "lr": formula(rival.lr),
            "excess": [number(rival.excess.get(name, math.nan), 2) for name in grids],
        }
        for rival in study.rivals
    ]  # fmt: skip
    return {"grids": grids, "rows": rows}


def _arms(study: Study) -> dict[str, Any] | None:
    if study.arms is None:
        return None
    rows = [
        {
            "name": arm.name, "runs": len(arm.trials), "loss": _loss_formula(arm.loss), "mse": number(arm.mse, 2),
            "predicted": formula(arm.predicted_size), "empirical": formula(arm.empirical_size) if arm.empirical_size else "–",
            "gap": f"{exponent_gap(arm):.1%}" if arm.empirical_size else "–",
        }
        for arm in (study.arms.tuned, study.arms.fixed)
    ]  # fmt: skip
    return {
        "rows": rows, "met": math.isfinite(study.arms.same_loss[1]), "sizes": figures.sizes(study.arms),
        "flatness": figures.flatness(study.arms, study.noise),
    }  # fmt: skip


def _conventions(study: Study) -> list[tuple[str, list[str]]]:
    return [
        (COUNTS[count], [f"{found[name]:.3f}" if name in found else "–" for name in ESTIMATES])
        for count, found in study.conventions.exponents.items()
    ]


def _failed(outcomes: Sequence[Outcome]) -> list[tuple[str, str, str]]:
    """(training with the tokens whose losses are missing, reason, what that means)."""
    missing = defaultdict(list)
    for outcome in outcomes:
        if outcome.loss is None:
            missing[(outcome.cell.line, outcome.reason)].append(amount(outcome.cell.tokens))
    return [
        (
            f"depth {line.depth}, batch {line.batch_tokens:,}, learning rate {power(line.lr)}, seed {line.seed}: no loss after "
            f"{', '.join(tokens)} tokens",
            reason, REASONS.get(reason, ""),
        )
        for (line, reason), tokens in missing.items()
    ]  # fmt: skip


def _row(outcome: Outcome) -> tuple[str, ...]:
    line = outcome.cell.line
    loss = outcome.reason if outcome.loss is None else f"{outcome.loss:.4f}"
    return (
        str(line.depth), f"{line.batch_tokens:,}", power(line.lr), str(line.seed), amount(outcome.cell.tokens), power(outcome.flops),
        f"{outcome.seconds:,.0f}", loss,
    )  # fmt: skip


def formula(law: PowerLaw) -> Markup:
    """`0.47 T^0.498 N^0.085`, its exponents raised; a law without exponents is a number."""
    powers = [_power(SYMBOLS[name], exponent, law.unit) for name, exponent in law.exponents.items()]
    return Markup(" · ").join([number(law.scale), *powers])


def _loss_formula(law: LossLaw) -> Markup:
    return Markup("{:.4f} + {} · {} + {} · {}").format(
        law.floor, number(law.scale_params), _power("N", -law.alpha_params, law.unit),
        number(law.scale_tokens), _power("T", -law.alpha_tokens, law.unit),
    )  # fmt: skip


def _power(symbol: str, exponent: float, unit: float) -> Markup:
    shown = symbol if unit == 1 else f"({symbol} / {power(unit)})"
    return Markup("{}<sup>{}</sup>").format(shown, f"{exponent:.3f}".replace("-", "−"))


def interval_texts(found: Interval) -> tuple[str, str]:
    """A number and `low to high`, with as many digits as its interval gives a meaning to: two of its width."""
    width = found.high - found.low
    if not math.isfinite(width):
        return number(found.value), "–"
    wide = found.low <= 0 < found.high or found.high > 3 * abs(found.low)
    if width <= 0 or (wide and abs(found.value) >= 1):
        value, low, high = (number(at, 2) for at in (found.value, found.low, found.high))
    else:
        digits = max(0, 1 - math.floor(math.log10(width)))
        value, low, high = (f"{at:,.{digits}f}".replace("-", "−") for at in (found.value, found.low, found.high))
    return value, f"{low} to {high}"
