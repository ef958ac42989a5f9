"""A model of a few thousand weights, and what it is given."""

import math
from types import SimpleNamespace

import torch

from longtake.dit.config import DiTConfig
from longtake.dit.model import DiT

CONFIG = DiTConfig(depth=2, width_per_layer=16, head_width=16, channels=4, text_width=12, frequency_width=16)


def examples(batch=2, shape=(3, 4, 6), text_tokens=5, seed=0, config=CONFIG):
    """Standard normal latents and text; the last sample has one metric less, and one token less."""
    generator = torch.Generator().manual_seed(seed)
    mask_BL = torch.ones(batch, text_tokens, dtype=torch.bool)
    mask_BL[-1, -1] = False
    motion_B = torch.arange(1.0, batch + 1)
    motion_B[-1] = math.nan
    return SimpleNamespace(
        latents_BCthw=torch.randn(batch, config.channels, *shape, generator=generator),
        text_BLD=torch.randn(batch, text_tokens, config.text_width, generator=generator),
        text_mask_BL=mask_BL,
        conditions={"motion": motion_B, "clarity": torch.full((batch,), 0.5)},
    )


def grown(config=CONFIG, seed=0):
    """A model as after some training: no weight is zero, no gate closed."""
    model = DiT(config, {"motion": (2.0, 1.0)})
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in model.parameters():
            weights += torch.randn(weights.shape, generator=generator) * weights.shape[-1] ** -0.5
    return model
