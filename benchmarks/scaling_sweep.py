"""What a sweep that was trained has shown, as tables; every run of it as CSV.

`python -m benchmarks.scaling_sweep --data-root FOLDER --samples sweep --preset cpu [--csv benchmarks/scaling_sweep.csv]`, once
`longtake sweep` with the same three is done; the published one is of the samples that `benchmarks.scaling_samples` makes.
"""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import print_table
from longtake.lake import Lake
from longtake.report.scaling_verdicts import exponent_gap, verdicts
from longtake.scaling.fit import Interval
from longtake.scaling.plan import costs_of
from longtake.scaling.study import Arm, HeldOutRun, Study
from longtake.scaling.studying import make_study
from longtake.stages.scaling import Sweep

COLUMNS = ("depth", "params", "flops_per_token", "tokens", "batch_tokens", "lr", "seed", "loss", "reason")


def write_runs(sweep: Sweep, path: Path) -> None:
    """One line for each run and number of tokens."""
    family = sweep.family
    with path.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        for found in sorted(sweep.outcomes(), key=lambda outcome: outcome.cell):
            line = found.cell.line
            lines.writerow(
                (line.depth, round(family.params(line.depth)), round(family.flops_per_token(line.depth)), found.cell.tokens,
                 line.batch_tokens, line.lr, line.seed, "" if found.loss is None else f"{found.loss:.6f}", found.reason or "")
            )  # fmt: skip


def print_study(study: Study) -> None:
    """Laws, held-out runs, rivals, arms, and what the page says of them."""
    print_table(
        ("constant", "value", "95 %"),
        [(name, _number(c.value), _range(c)) for name, c in study.fitted.constants().items()],
    )
    print_table(
        (
            "held-out run",
            "tokens",
            "batch",
            "lr",
            "loss",
            "predicted, 90 %",
            "inside",
            "of reducible, %",
            "a constant's, %",
        ),
        [_held_out(run) for run in study.held_out],
    )
    if (setting := study.held_out_setting) is not None:
        print(
            f"Largest size, at the predicted setting: {setting.predicted.loss:.4f}; best of its grid {setting.best.loss:.4f}; noise of "
            f"such a difference {setting.noise:.4f}\n"
        )
    wheres = list(study.rivals[0].excess)
    print_table(
        ("batch and learning rate by", *wheres), [(rival.name, *_of(rival.excess, wheres)) for rival in study.rivals]
    )
    if study.arms:
        head = ("arm", "runs", "MSE", "exponent of N_opt by the law", "and by valleys", "gap, %")
        print_table(head, [_arm(arm) for arm in (study.arms.tuned, study.arms.fixed)])
    for reached, sentence in verdicts(study):
        print(f"- {'' if reached else '**Missed.** '}{sentence}")


def _held_out(run: HeldOutRun) -> tuple[object, ...]:
    trial = run.trial
    return (
        f"depth {trial.depth}", f"{trial.tokens:,.0f}", f"{trial.batch_tokens:,.0f}", f"{trial.lr:g}", f"{trial.loss:.4f}",
        f"{run.predicted.value:.4f} ({_range(run.predicted)})", "yes" if run.inside else "no", f"{100 * run.reducible_error:.1f}",
        f"{100 * run.constant_error:.1f}",
    )  # fmt: skip


def _arm(arm: Arm) -> tuple[object, ...]:
    empirical = "-" if arm.empirical_size is None else f"{arm.empirical_size.exponents['flops']:.3f}"
    predicted = f"{arm.predicted_size.exponents['flops']:.3f}"
    return arm.name, len(arm.trials), f"{arm.mse:.3g}", predicted, empirical, f"{100 * exponent_gap(arm):.1f}"


def _of(excess: Mapping[str, float], wheres: list[str]) -> list[str]:
    return [f"{excess[where]:.4f}" if where in excess else "-" for where in wheres]


def _number(value: float) -> str:
    return f"{value:.4g}"


def _range(found: Interval) -> str:
    return f"{_number(found.low)} to {_number(found.high)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", required=True)
    parser.add_argument("--samples", default="sweep")
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--csv", type=Path)
    given = parser.parse_args()
    sweep = Sweep.open(Lake(given.data_root), given.samples, {"preset": given.preset})
    if given.csv:
        write_runs(sweep, given.csv)
    outcomes = sweep.outcomes()
    study = make_study(sweep.name, outcomes, sweep.config, sweep.family)
    costs = costs_of([outcome.cell for outcome in outcomes], sweep.family)
    print(
        f"{len(outcomes)} cells of {len(costs)} trainings, {sum(costs.values()):.3g} FLOPs; noise {study.fitted.noise:.4f}\n"
    )
    print_study(study)


if __name__ == "__main__":
    main()
