"""What training makes small: nearness, agreement and order of a batch of scores, all in standardised units.

Legend: B samples of a batch, K kinds of defects. A batch of one, equal targets and ties give finite values and finite gradients.
"""

import torch
from torch import Tensor
from torch.nn import functional

HUBER_DELTA = 1.0
"""Errors above one standard deviation count linearly."""
RANK_WEIGHT = 0.3
"""DOVER's public trainer: plcc + 0.3 * rank."""
LEAST_SD = 0.01
"""Scores that lie closer together are not spread to a standard deviation of 1: gradients grow with the inverse of it."""


def suitability_loss(
    predicted_B: Tensor, target_B: Tensor, *, huber: float = 1.0, plcc: float = 1.0, rank: float = RANK_WEIGHT
) -> Tensor:
    """Their weighted sum, a scalar. The Huber term gives scores the absolute scale that the other two leave open."""
    nearness = functional.huber_loss(predicted_B, target_B, delta=HUBER_DELTA)
    return huber * nearness + plcc * plcc_loss(predicted_B, target_B) + rank * rank_loss(predicted_B, target_B)


def naming_loss(logits_BK: Tensor, severities_BK: Tensor) -> Tensor:
    """Binary cross-entropy of every defect's severity, 0 to 1, summed over kinds."""
    each_BK = functional.binary_cross_entropy_with_logits(logits_BK, severities_BK, reduction="none")
    return each_BK.sum(1).mean()


def plcc_loss(predicted_B: Tensor, target_B: Tensor) -> Tensor:
    """0 where the batch correlates in full, 3/8 where not at all, 1/2 where inversely.

    The mean of MSE(p, t) / 4 and MSE(rho p, t) / 4 over the standardised batch, as in DOVER's public trainer; these are
    (1 - rho) / 2 and (1 - rho^2) / 4.
    """
    rho = (_standardise(predicted_B) * _standardise(target_B)).mean()
    return (1 - rho) * (3 + rho) / 8


def rank_loss(predicted_B: Tensor, target_B: Tensor) -> Tensor:
    """How far wrongly ordered pairs are apart, averaged over the pairs that have an order; from 0 to below 1.

    It is scaled by 1 + the largest distance, as in DOVER's public trainer. The scale is a constant to the gradient:
    otherwise a batch would gain by making its worst pair worse.
    """
    order_BB = torch.sign(target_B[None] - target_B[:, None])
    wrong_BB = functional.relu((predicted_B[:, None] - predicted_B[None]) * order_BB)
    pairs = order_BB.abs().sum().clamp_min(1)
    return wrong_BB.sum() / pairs / (1 + wrong_BB.detach().max())


def _standardise(scores_B: Tensor) -> Tensor:
    centred_B = scores_B - scores_B.mean()
    return centred_B / centred_B.square().mean().clamp_min(LEAST_SD**2).sqrt()
