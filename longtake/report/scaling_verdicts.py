"""What the laws of a sweep were asked, and whether they answered: what is missed is said as plainly as what is reached."""

import math
from collections.abc import Iterator
from statistics import fmean

from longtake.report.figure_svg import power
from longtake.report.plots import amount, number
from longtake.scaling.study import Arm, Arms, Study


def verdicts(study: Study) -> Iterator[tuple[bool, str]]:
    """(reached, sentence) of everything that the study can tell."""
    if runs := study.held_out:
        inside = sum(run.inside for run in runs)
        yield inside >= 0.9 * len(runs), f"{inside} of {len(runs)} held-out runs lie in their 90 % interval."
        law, constant = fmean(run.reducible_error for run in runs), fmean(run.constant_error for run in runs)
        said = f"The law misses held-out losses by {law:.1%} of the reducible loss on average, a constant guess by {constant:.1%}."
        yield law < constant, said
    yield from _of_settings(study)
    if study.arms:
        yield from _of_arms(study.arms)


def _of_settings(study: Study) -> Iterator[tuple[bool, str]]:
    if setting := study.held_out_setting:
        said = (
            f"At the largest size the predicted batch and learning rate lose {number(setting.excess, 2)} to the best of its grid: "
            f"{'within' if setting.within else 'more than'} twice the noise of such a difference, {number(setting.noise, 2)}."
        )
        yield setting.within, said
    if study.grids:
        edges = sum(view.on_edge for view in study.grids)
        said = f"The best setting of {edges} of {len(study.grids)} grids lies on the edge of what was tried: it may lie beyond."
        yield not edges, said if edges else "The best setting of every grid lies inside of what was tried."
    settings, sizes = (study.spread.get(name, math.nan) for name in ("settings", "sizes"))
    if math.isfinite(settings + sizes):
        said = f"At equal compute the worst batch and learning rate cost {number(settings, 2)} of loss, the worst size {number(sizes, 2)}."
        yield settings > sizes, said


def _of_arms(arms: Arms) -> Iterator[tuple[bool, str]]:
    errors = f"{number(arms.tuned.mse, 2)} with tuned settings and {number(arms.fixed.mse, 2)} with fixed ones"
    yield arms.tuned.mse < arms.fixed.mse, f"The mean square error around the loss law is {errors}."
    gaps = exponent_gap(arms.tuned), exponent_gap(arms.fixed)
    if math.isfinite(sum(gaps)):
        said = f"The two estimates of the best size's exponent differ by {gaps[0]:.1%} tuned and {gaps[1]:.1%} fixed."
        yield gaps[0] < gaps[1], said
    flops, tuned, fixed = arms.same_loss
    if math.isfinite(tuned):
        share = f"{abs(1 - tuned / fixed):.0%} {'fewer' if tuned < fixed else 'more'}"
        said = f"{amount(tuned)} tuned parameters reach the loss of the best fixed {amount(fixed)}: {share}."
    else:
        said = f"no tuned size reaches the loss of the best fixed {amount(fixed)} parameters."
    yield tuned < fixed, f"At {power(flops)} FLOPs {said}"


def exponent_gap(arm: Arm) -> float:
    """How far the exponents of both estimates lie apart, as a share of the empirical one."""
    if arm.empirical_size is None:
        return math.nan
    empirical = arm.empirical_size.exponents["flops"]
    return abs(arm.predicted_size.exponents["flops"] / empirical - 1)
