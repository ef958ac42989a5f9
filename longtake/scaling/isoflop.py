"""The third estimate of the best size: a parabola through the losses of each budget over the logarithm of the size.

It is biased even without noise where the sizes are wide apart, off the centre, or the exponents differ (arXiv 2603.22339); it
stands beside the loss law because everybody looks for it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longtake.scaling.law import PowerLaw
from longtake.scaling.trials import Trial

SAME_BUDGET = 0.05
"""Trials whose FLOPs are within this share of each other belong to one budget."""


@dataclass(frozen=True, kw_only=True)
class Valley:
    """One budget."""

    flops: float
    params: float
    """Where the parabola is least."""
    tokens: float
    """That the budget buys at this size."""
    loss: float
    on_edge: bool
    """The least trial is the smallest or the largest size of the budget: the valley lies outside, and is not used."""
    trials: tuple[Trial, ...]


def budgets_of(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Trials by budget, the least first; those that are alone at theirs are left out."""
    groups: dict[float, list[Trial]] = defaultdict(list)
    for trial in sorted(trials, key=lambda trial: trial.flops):
        near = next((flops for flops in groups if abs(trial.flops / flops - 1) <= SAME_BUDGET), trial.flops)
        groups[near].append(trial)
    return [sorted(group, key=lambda trial: trial.params) for group in groups.values() if len(group) > 1]


def find_valleys(trials: Sequence[Trial]) -> list[Valley]:
    """The valley of each budget with three sizes or more."""
    valleys = []
    for group in budgets_of(trials):
        sizes = np.log([trial.params for trial in group])
        if len(set(sizes)) < 3:
            continue
        losses = np.array([trial.loss for trial in group])
        lowest = int(losses.argmin())
        curve, slope, floor = np.polyfit(sizes, losses, 2)
        inside = curve > 0 and sizes[0] < -slope / (2 * curve) < sizes[-1] and 0 < lowest < len(group) - 1
        at = -slope / (2 * curve) if inside else sizes[lowest]
        flops = float(np.exp(np.log([trial.flops for trial in group]).mean()))
        cost = np.interp(at, sizes, [trial.flops / trial.tokens for trial in group])
        valleys.append(
            Valley(
                flops=flops, params=float(np.exp(at)), tokens=float(flops / cost),
                loss=float(floor + slope * at + curve * at**2) if inside else float(losses[lowest]), on_edge=not inside,
                trials=tuple(group),
            )
        )  # fmt: skip
    return valleys


def size_by_valleys(valleys: Sequence[Valley]) -> PowerLaw | None:
    """N_opt = k C^e through the valleys that are inside; None of fewer than two."""
    inside = [valley for valley in valleys if not valley.on_edge]
    if len(inside) < 2:
        return None
    exponent, log_scale = np.polyfit(np.log([v.flops for v in inside]), np.log([v.params for v in inside]), 1)
    return PowerLaw(quantity="parameters", scale=float(np.exp(log_scale)), exponents={"flops": float(exponent)})
