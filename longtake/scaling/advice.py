"""What to train on a budget, or for a loss: size, tokens, batch and learning rate, and what other sizes would cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from longtake.config import dump_config
from longtake.dit.config import DiTConfig
from longtake.dit.recipe import Schedule
from longtake.errors import UserError
from longtake.scaling.config import Setting
from longtake.scaling.family import DEPTHS, Family
from longtake.scaling.fit import Interval
from longtake.scaling.law import LossLaw
from longtake.scaling.settings import snap
from longtake.scaling.stored import StoredLaws

By = Literal["loss", "size"]
"""What chooses the size: the least loss that the loss law predicts at the family's exact cost, or the law of the size.

The loss law does by default: it is what held-out runs judge, while a law of the size is a straight line through its optima, or through
valleys of few sizes. How little lies between them is always said.
"""
Size = Literal["loss", "size", "predicted_size"]
"""Laws that say which size is best; the last where a work prints two."""
BARE_EPSILON = 1e-3
"""Share of the loss that makes no difference where the noise of a run is not known (a grid of the scaling paper shows 5e-4 of 0.52)."""
VARIABLES: tuple[Literal["params", "tokens", "flops"], ...] = ("params", "tokens", "flops")
MARGIN = 1.05
"""So far beyond what was fitted nothing is said."""
LOG_MOST = math.log(1e40)
"""FLOPs, far beyond what anybody has."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model of the family, trained with the whole budget."""

    depth: int
    params: float
    """N, counted by the blocks."""
    tokens: float
    loss: float
    """Predicted."""
    flops_per_token: float
    """Of training; a forward pass is a third of it."""


@dataclass(frozen=True, kw_only=True)
class BestSize:
    """The best size by one law, between the depths too."""

    by: Size
    params: float
    interval: Interval | None
    excess: float
    """Predicted loss above the least of the loss law at this budget."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to train."""

    laws: str
    source: str
    by: By
    flops: float
    """Of the whole training."""
    choice: Choice
    interval: Interval | None
    """Where the loss of this run lies with `chance`; None of published laws."""
    chance: float
    setting: Setting | None
    """Batch, in whole samples, and learning rate; None where the laws do not say both."""
    steps: int | None
    sizes: tuple[BestSize, ...]
    """By each law that gives one, the loss law's first."""
    half: float
    """Predicted loss above the least of the loss law at half the best size, and the same budget ..."""
    double: float
    """... and at twice."""
    epsilon: float
    """Loss that makes no difference."""
    frugal: Choice
    """The smallest model whose predicted loss is within epsilon of the best."""
    saved: float
    """Share of the chosen model's FLOPs of a forward pass that it does without."""
    warnings: tuple[str, ...]


def advise(
    laws: StoredLaws, *, flops: float | None = None, loss: float | None = None, family: Family | None = None, by: By = "loss",
    epsilon: float | None = None, chance: float = 0.9,
) -> Advice:  # fmt: skip
    """What to train on so many FLOPs, or on the fewest that come to this loss, of the laws' own family unless told otherwise.

    Raises UserError for a budget below one sample, a loss that no model of the family gets to, and laws that do not say.
    """
    law, family = laws.loss, family or laws.family or Family()
    if (flops is None) == (loss is None):
        raise UserError("advice is asked by a budget or by a loss: give one of the two")
    if loss is not None:
        if by == "size":
            raise UserError("a loss says its size and its budget at once: leave `by: size` out, or give a budget")
        flops = least_budget(law, family, loss)
    assert flops is not None
    if not 0 < flops < math.inf:
        raise UserError(f"a budget of {flops:g} FLOPs is none; give a number above nought")
    choices = [_choice(law, family, depth, flops) for depth in DEPTHS]
    best = min(choices, key=lambda choice: choice.loss)
    sizes = _best_sizes(laws, family, flops, chance)
    choice = best if by == "loss" else choices[family.depth_near(_chosen_size(laws, sizes)) - 1]
    if choice.tokens < family.sample_tokens:
        raise UserError(
            f"{flops:.3g} FLOPs do not pay for one sample of {family.sample_tokens:,} tokens, not even at depth {choice.depth}; "
            "give a larger budget, or a lower loss"
        )
    if epsilon is None:
        epsilon = laws.fitted.noise if laws.fitted else BARE_EPSILON * best.loss
    frugal = next(one for one in choices if one.loss <= best.loss + epsilon)
    setting = _setting(laws, family, choice, flops)
    size = sizes[0].params
    half, least, double = (_loss(law, family, flops, size * factor) for factor in (0.5, 1.0, 2.0))
    return Advice(
        laws=laws.laws.name, source=laws.laws.source, by=by, flops=flops, choice=choice, chance=chance,
        interval=laws.interval(params=choice.params, tokens=choice.tokens, chance=chance),
        setting=setting, steps=math.ceil(choice.tokens / setting.batch_tokens) if setting else None, sizes=sizes,
        half=half - least, double=double - least,
        epsilon=epsilon, frugal=frugal, saved=1 - frugal.flops_per_token / choice.flops_per_token,
        warnings=_warnings(laws, choice, flops),
    )  # fmt: skip


def least_budget(law: LossLaw, family: Family, loss: float) -> float:
    """The fewest FLOPs by which a model of the family comes to this loss. Raises UserError where none does."""
    logs = []
    for depth in DEPTHS:
        left = loss - law(params=family.params(depth), tokens=math.inf)
        if left > 0:
            log_tokens = math.log(law.unit) + math.log(law.scale_tokens / left) / law.alpha_tokens
            logs.append(log_tokens + math.log(family.flops_per_token(depth)))
    if not logs or min(logs) > LOG_MOST:
        why = (
            f"the law's floor is {law.floor:.4g}, which nothing gets below"
            if loss <= law.floor
            else f"of the family's {len(DEPTHS)} depths the largest would not with all data there is"
        )
        raise UserError(f"no budget comes to a loss of {loss:g}: {why}; ask for a higher one")
    return math.exp(min(logs))


def training_config(advice: Advice, family: Family, laws: str) -> dict[str, Any]:
    """What `longtake train` trains it by, as a mapping; `laws` are those that it is watched by (`TrainingConfig.laws`).

    Raises UserError where the laws say nothing of batch or learning rate.
    """
    if advice.setting is None or advice.steps is None:
        raise UserError(
            f"the laws {advice.laws!r} do not say batch and learning rate, and a training needs both; use others"
        )
    default, model = dump_config(DiTConfig()), dump_config(family.at(advice.choice.depth))
    of_samples = ("channels", "text_width")  # a training takes those of its samples
    shape = {name: value for name, value in model.items() if value != default[name] and name not in of_samples}
    return {
        "model": shape | {"depth": advice.choice.depth},
        "batch_tokens": advice.setting.batch_tokens,
        "tokens": round(advice.choice.tokens),
        "lr": advice.setting.lr,
        "schedule": {"kind": "constant", "warmup_steps": min(Schedule().warmup_steps, advice.steps // 10)},
        "laws": laws,
    }


def _choice(law: LossLaw, family: Family, depth: int, flops: float) -> Choice:
    params, cost = family.params(depth), family.flops_per_token(depth)
    tokens = flops / cost
    return Choice(
        depth=depth, params=params, tokens=tokens, loss=law(params=params, tokens=tokens), flops_per_token=cost
    )  # fmt: skip


def _best_sizes(laws: StoredLaws, family: Family, flops: float, chance: float) -> tuple[BestSize, ...]:
    law, named = laws.loss, laws.laws
    best, _ = law.optimum(flops, lambda params: _cost(family, params))
    interval = Interval.of(laws.fitted.size.predict(flops=flops), chance) if laws.fitted else None
    found: list[tuple[Size, float, Interval | None]] = [("loss", best, None)]
    if named.size and set(named.size.exponents) == {"flops"}:
        found.append(("size", named.size(flops=flops), interval))
    if named.predicted_size:
        found.append(("predicted_size", named.predicted_size(flops=flops), None))
    least = _loss(law, family, flops, best)
    return tuple(
        BestSize(by=by, params=params, interval=doubt, excess=_loss(law, family, flops, params) - least)
        for by, params, doubt in found
    )


def _chosen_size(laws: StoredLaws, sizes: Sequence[BestSize]) -> float:
    for size in sizes:
        if size.by == "size":
            return size.params
    raise UserError(
        f"the laws {laws.laws.name!r} have no law of the size; leave `by: size` out: the loss law chooses it then"
    )


def _loss(law: LossLaw, family: Family, flops: float, params: float) -> float:
    """Predicted of this size with the whole budget, between the depths too."""
    return law(params=params, tokens=flops / _cost(family, params))


def _cost(family: Family, params: float) -> float:
    return float(family.cost(np.array(params)))


def _setting(laws: StoredLaws, family: Family, choice: Choice, flops: float) -> Setting | None:
    known = {"params": choice.params, "tokens": choice.tokens, "flops": flops, "loss": choice.loss}
    batch, lr = laws.laws.batch, laws.laws.lr
    if batch is None or lr is None:
        return None
    batch_tokens, rate = (law(**{name: known[name] for name in law.exponents}) for law in (batch, lr))
    return snap(family, batch_tokens, rate)


def _warnings(laws: StoredLaws, choice: Choice, flops: float) -> tuple[str, ...]:
    given = {"params": choice.params, "tokens": choice.tokens, "flops": flops}
    spans = {name: laws.laws.valid.get(name, (0.0, math.inf)) for name in VARIABLES}
    far = {name: given[name] for name, (low, high) in spans.items() if not low / MARGIN <= given[name] <= high * MARGIN}
    said = laws.laws.beyond(**far)
    if choice.depth in (DEPTHS[0], DEPTHS[-1]):
        end = "smallest" if choice.depth == DEPTHS[0] else "largest"
        said.append(f"depth {choice.depth} is the {end} of the family: the best size may lie beyond")
    if laws.fitted is None:
        said.append("published laws, of other data and latents: trust their slopes more than the loss itself")
    return tuple(said)
