"""What the published sweep has shown, as tables, from the CSV of its runs: no lake is needed.

    python -m benchmarks.scaling_sweep                                    # of benchmarks/scaling_sweep.csv
    python -m benchmarks.scaling_sweep --take FOLDER [--preset cpu]       # the CSV anew, from the lake that `longtake sweep` has filled
    python -m benchmarks.scaling_sweep --put FOLDER                       # its runs into a lake, so that `longtake sweep` goes on from them

The lake is one that `benchmarks.scaling_samples` made; the runs are those of `longtake sweep --samples sweep --preset cpu` on it.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.measure import print_table
from benchmarks.scaling_samples import ENCODING, FRAMES, HEIGHT, WIDTH
from longtake.config import load_config
from longtake.dit.config import TEXT_STEP
from longtake.dit.recipe import TrainingConfig
from longtake.lake import Lake
from longtake.latents.text import NULL_WIDTH
from longtake.report.scaling_verdicts import exponent_gap, verdicts
from longtake.scaling.cells import Cell, Line, Outcome
from longtake.scaling.config import SweepConfig
from longtake.scaling.family import Family
from longtake.scaling.fit import Interval
from longtake.scaling.plan import costs_of
from longtake.scaling.study import Arm, HeldOutRun, Study
from longtake.scaling.studying import make_study
from longtake.stages.scaling import Sweep

CSV = Path(__file__).with_suffix(".csv")
SHAPE = (
    1 + (FRAMES - 1) // ENCODING.linear.step_t,
    HEIGHT // ENCODING.linear.step_px,
    WIDTH // ENCODING.linear.step_px,
)
"""Of the samples' latents."""
NOTHING = 1e-12
"""What rounding leaves of nought."""
COLUMNS = ("depth", "batch_tokens", "lr", "seed", "tokens", "loss", "reason", "flops", "seconds")


def take(sweep: Sweep, path: Path) -> None:
    """One line for each run and number of tokens."""
    with path.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        for found in sorted(sweep.outcomes(), key=lambda outcome: outcome.cell):
            line = found.cell.line
            loss = "" if found.loss is None else repr(found.loss)
            lines.writerow(
                (line.depth, line.batch_tokens, repr(line.lr), line.seed, found.cell.tokens, loss, found.reason, f"{found.flops:.6g}",
                 f"{found.seconds:.1f}")
            )  # fmt: skip


def read(path: Path) -> list[Outcome]:
    """What `take` wrote."""
    with path.open(newline="") as file:
        return [_outcome(row) for row in csv.DictReader(file)]


def put(sweep: Sweep, outcomes: Sequence[Outcome]) -> None:
    """The runs as rows of the sweep; those that are there stay."""
    rows = [
        sweep.row(found.cell, loss=found.loss, reason=found.reason or None, flops=found.flops, seconds=found.seconds)
        for found in outcomes
    ]
    sweep.lake.tables.merge(rows)


def _outcome(row: Mapping[str, str]) -> Outcome:
    line = Line(
        depth=int(row["depth"]), batch_tokens=int(row["batch_tokens"]), lr=float(row["lr"]), seed=int(row["seed"])
    )
    return Outcome(
        cell=Cell(line=line, tokens=int(row["tokens"])), loss=float(row["loss"]) if row["loss"] else None, reason=row["reason"],
        flops=float(row["flops"]), seconds=float(row["seconds"]),
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
    return f"{0.0 if abs(value) < NOTHING else value:.4g}"


def _range(found: Interval) -> str:
    return f"{_number(found.low)} to {_number(found.high)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--take", metavar="FOLDER")
    parser.add_argument("--put", metavar="FOLDER")
    parser.add_argument("--samples", default="sweep")
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--csv", type=Path, default=CSV)
    given = parser.parse_args()
    asked = {"preset": given.preset}
    if given.take:
        take(Sweep.open(Lake(given.take), given.samples, asked), given.csv)
    outcomes = read(given.csv)
    if given.put:
        put(Sweep.open(Lake(given.put), given.samples, asked), outcomes)
    config = load_config(SweepConfig, asked, where="sweep config")
    training = load_config(TrainingConfig, config.training, where="training")
    model = replace(training.model, depth=1, channels=ENCODING.linear.channels, text_width=NULL_WIDTH)
    family = Family(model, {SHAPE: 1.0}, TEXT_STEP)
    costs = costs_of([outcome.cell for outcome in outcomes], family)
    study = make_study("sweep", outcomes, config, family)
    hours = sum(max(seconds) for seconds in _seconds(outcomes).values()) / 3600
    print(
        f"{len(outcomes)} cells of {len(costs)} trainings, {sum(costs.values()):.3g} FLOPs, {hours:.1f} hours of one processor; standard "
        f"deviation of a run {study.fitted.noise:.4f}\n"
    )
    print_study(study)


def _seconds(outcomes: Sequence[Outcome]) -> Mapping[Line, list[float]]:
    found = defaultdict(list)
    for outcome in outcomes:
        found[outcome.cell.line].append(outcome.seconds)
    return found


if __name__ == "__main__":
    main()
