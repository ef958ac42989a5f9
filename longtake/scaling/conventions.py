"""The exponent of the best size, by what N counts and by which estimate: the same runs say different things (nanochat's 0.37 to 0.70)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from longtake.scaling.family import Count, Family
from longtake.scaling.fit import Fitted, size_of
from longtake.scaling.huber import fit_huber
from longtake.scaling.isoflop import find_valleys, size_by_valleys
from longtake.scaling.projection import project
from longtake.scaling.study import Conventions
from longtake.scaling.trials import Trial, columns


def conventions_of(fitted: Fitted, at_budgets: Sequence[Trial], family: Family) -> Conventions:
    """By the cells of these laws, and by those of them at equal compute. Needs the trials' depth."""
    counts: tuple[Count, ...] = get_args(Count)
    return Conventions(exponents={count: _exponents(fitted, at_budgets, family, count) for count in counts})


def _exponents(fitted: Fitted, at_budgets: Sequence[Trial], family: Family, count: Count) -> dict[str, float]:
    counted, of_valleys = (
        [replace(trial, params=family.params(trial.depth, count)) for trial in trials]
        for trials in (fitted.cells, at_budgets)
    )
    at = columns(counted)
    laws = {
        "projection": project(at["params"], at["tokens"], at["loss"][None], fitted.weights).law(),
        "huber": fit_huber(at["params"], at["tokens"], at["loss"]),
    }
    sizes = {
        name: size_of(law, list(at["flops"]), lambda params: family.cost(params, count)) for name, law in laws.items()
    }
    if valleys := size_by_valleys(find_valleys(of_valleys)):
        sizes["isoflop"] = valleys
    return {name: law.exponents["flops"] for name, law in sizes.items() if np.isfinite(law.exponents["flops"])}
