"""A model that knows its data: every latent is normal, with a mean that text and metrics move and one deviation.

The equation that a sampler solves then has a solution in closed form: `mean + deviation x noise`.
"""

import torch
from torch import nn

from longtake.dit.config import DiTConfig, Objective
from longtake.dit.objective import mixture

CONFIG = DiTConfig(depth=1, channels=3, text_width=4, patch_px=1, conditions=("motion", "clarity"))


class Gaussian(nn.Module):
    """`mean`: without text; the text adds the mean of its numbers, a metric its value."""

    def __init__(self, objective=Objective(), mean=0.5, deviation=0.3, config=CONFIG):
        super().__init__()
        self.objective, self.config, self.deviation = objective, config, deviation
        self.mean = nn.Parameter(torch.tensor(mean))
        self.asked = []

    def forward(self, latents_BCthw, time_Bt, text_BLD, text_mask_BL, conditions):
        self.asked.append((latents_BCthw.clone(), time_Bt.clone()))
        mean_B = self.mean + text_BLD.mean((1, 2)) * text_mask_BL.all(1)
        for value_B in conditions.values():
            mean_B = mean_B + value_B.nan_to_num()
        mean_B1111 = mean_B[:, None, None, None, None]
        a, s = (each_Bt[:, None, :, None, None] for each_Bt in mixture(self.objective, time_Bt))
        away = (latents_BCthw - a * mean_B1111) / (a**2 * self.deviation**2 + s**2).clamp(min=1e-9)
        clean, noise = mean_B1111 + a * self.deviation**2 * away, s * away
        return {"flow": noise - clean, "v": a * noise - s * clean, "epsilon": noise}[self.objective.kind]
