"""Classifier-free guidance over text and over each condition, with a weight apart for each.

    guided = full + sum over k of (w_k - 1) (full - without_k)

where `full` is the prediction that knows all that was asked for, and `without_k` the one that k (the text, or one metric) was taken from.
With the text alone this is the usual `without + w (full - without)`. A weight of 1 changes nothing and costs nothing, one of 0 takes k
away. The weights of all predictions sum to 1, so what they are predictions of (velocity, v, epsilon) makes no difference.

Legend: K predictions, C channels, t h w latent frames, rows, columns.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from longtake.dit.config import Objective
from longtake.dit.sampling_config import TEXT_GUIDANCE, SamplingConfig
from longtake.errors import UserError

TEXT = "text"


@dataclass(frozen=True)
class Guidance:
    """Which predictions are made at each step, and how much of each is taken."""

    without: tuple[str, ...]
    """What each prediction after the first lacks: `text`, or the name of a metric. The first has everything."""
    weights_K: tuple[float, ...]

    def combine(self, predictions_KCthw: Tensor) -> Tensor:
        """The guided prediction_Cthw."""
        if len(self.weights_K) == 1:
            return predictions_KCthw[0]
        return torch.einsum("k,kcthw->cthw", predictions_KCthw.new_tensor(self.weights_K), predictions_KCthw)


def plan_guidance(config: SamplingConfig, objective: Objective, asked_for: Collection[str]) -> Guidance:
    """The predictions that guidance towards `asked_for` (`text` and names of metrics) takes.

    What was not asked for needs no guidance. Raises UserError for a weight on what the model never learned to do without.
    """
    pushed = {name: weight for name, weight in guidance_weights(config, objective, asked_for).items() if weight != 1}
    for name, weight in pushed.items():
        if not (objective.text_dropout if name == TEXT else objective.condition_dropout):
            kind = "text_dropout" if name == TEXT else "condition_dropout"
            raise UserError(
                f"guidance over {name} is {weight:g}, and this model was trained with {kind} 0: it knows no film without; "
                f"give 1, or train with a {kind} above 0"
            )
    excess = [weight - 1 for weight in pushed.values()]
    return Guidance(tuple(pushed), (1 + sum(excess), *(-one for one in excess)))


def guidance_weights(config: SamplingConfig, objective: Objective, asked_for: Collection[str]) -> dict[str, float]:
    """The weight of the text and of each metric that has one, of those that are asked for."""
    weights = {TEXT: _text_weight(config, objective)}
    weights |= {str(name): weight for name, weight in config.condition_guidance.items()}
    return {name: weight for name, weight in weights.items() if name in asked_for}


def _text_weight(config: SamplingConfig, objective: Objective) -> float:
    if config.text_guidance is not None:
        return config.text_guidance
    return TEXT_GUIDANCE if objective.text_dropout else 1.0
