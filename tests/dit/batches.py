"""Batches of drawn latents, as a loader would give them: of two shapes in turn, every sample a function of its number."""

import numpy as np
import torch

from longtake.dit.batch import Batch
from longtake.dit.config import DiTConfig
from longtake.dit.recipe import Schedule, TrainingConfig, Validation

MODEL = DiTConfig(
    depth=2,
    width_per_layer=16,
    head_width=16,
    channels=3,
    text_width=5,
    conditions=("motion", "clarity"),
    frequency_width=16,
)
SHAPES = {"3x4x4": (3, 4, 4), "1x4x4": (1, 4, 4)}


def recipe(**given):
    plain = dict(
        model=MODEL,
        steps=6,
        lr=1e-3,
        schedule=Schedule(warmup_steps=2),
        validation=Validation(samples=4, draws=2, every_steps=3),
    )
    return TrainingConfig(**plain | given)


def batch(numbers, name="3x4x4", total=None):
    """The samples of these numbers, of `total` in the global batch."""
    rows = [np.random.default_rng(int(number)) for number in numbers]
    latents = torch.tensor(np.stack([row.standard_normal((3, *SHAPES[name])) for row in rows]), dtype=torch.float32)
    text = torch.tensor(np.stack([row.standard_normal((4, 5)) for row in rows]), dtype=torch.float32)
    conditions = {
        "motion": torch.tensor([float(number % 7) for number in numbers]),
        "clarity": torch.full((len(numbers),), torch.nan),
    }
    return Batch(
        latents_BCthw=latents, text_BLD=text, text_mask_BL=torch.ones(len(numbers), 4, dtype=torch.bool),
        conditions={**conditions, "aesthetic": torch.full((len(numbers),), torch.nan), "vtss": torch.zeros(len(numbers))},
        numbers_B=torch.tensor(list(numbers)), sample_ids=tuple(map(str, numbers)), global_samples=total or len(numbers),
        seen={name: int(max(numbers)) + 1}, bucket=name,
    )  # fmt: skip


def stream(first=0, size=4, rank=0, world=1):
    """Endless batches from the batch number `first` on; a rank's slice of each."""
    names = list(SHAPES)
    number = first
    while True:
        numbers = list(range(number * size, (number + 1) * size))
        mine = numbers[rank * size // world : (rank + 1) * size // world]
        yield batch(mine, names[number % 2], size)
        number += 1
