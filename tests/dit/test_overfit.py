"""Sixteen clips that a tiny model learns by heart: what it films from their texts is them."""

import itertools

import numpy as np
import pytest
import torch

from longtake.dit.batch import Batch
from longtake.dit.config import DiTConfig, Objective
from longtake.dit.model import DiT
from longtake.dit.recipe import Schedule, TrainingConfig, Validation
from longtake.dit.sample import Request, sample
from longtake.dit.sampling_config import SamplingConfig
from longtake.dit.train import Training, train
from longtake.latents.config import LinearConfig
from longtake.latents.linear import fit_linear
from tests.stages.latent_lakes import wander

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CLIPS, CHANNELS, TEXT_WIDTH = 16, 8, 32
CONFIG = TrainingConfig(
    model=DiTConfig(
        depth=2, width_per_layer=64, head_width=32, channels=CHANNELS, text_width=TEXT_WIDTH, frequency_width=64, conditions=(),
    ),
    objective=Objective(text_dropout=0, first_frame=0, times="uniform", shift=3.0),
    steps=600, lr=3e-3, weight_decay=0.0, ema=0.98, schedule=Schedule(kind="decay", decay_share=0.5, warmup_steps=30),
    validation=Validation(samples=0),
)  # fmt: skip


def batches(latents, texts):
    """All clips in every batch, each time with other noise."""
    numbers = np.arange(CLIPS)
    for step in itertools.count():
        yield Batch(
            latents_BCthw=latents, text_BLD=texts, text_mask_BL=torch.ones(texts.shape[:2], dtype=torch.bool), conditions={},
            numbers_B=torch.from_numpy(step * CLIPS + numbers), sample_ids=tuple(map(str, numbers)), global_samples=CLIPS,
            seen={"clips": (step + 1) * CLIPS}, bucket="clips",
        )  # fmt: skip


def test_sixteen_clips_are_learned_until_films_of_their_texts_are_the_clips():
    windows = [wander(number) for number in range(CLIPS)]
    autoencoder = fit_linear(windows, LinearConfig(channels=CHANNELS))
    latents = torch.cat([autoencoder.encode(window) for window in windows])
    texts = torch.randn(CLIPS, 2, TEXT_WIDTH, generator=torch.Generator().manual_seed(0))
    training = Training(DiT(CONFIG.model), CONFIG)
    losses = [record.loss for record in train(training, batches(latents, texts))]
    assert losses[-1] < 0.1 * losses[0]
    requests = [Request(shape=tuple(latents.shape[2:]), text_LD=text, seed=seed) for seed, text in enumerate(texts)]
    with training.averages.applied(training.model):
        drawn = sample(training.model.eval(), CONFIG.objective, requests, SamplingConfig(steps=10, text_guidance=1.0))
    error = (autoencoder.decode(drawn).float() - autoencoder.decode(latents).float()).square().mean((1, 2, 3, 4))
    psnr = 10 * torch.log10(255**2 / error)
    print(
        f"PSNR of the films against the reconstructions: {psnr.min():.1f} dB at least, {psnr.mean():.1f} dB on average"
    )
    assert psnr.min() > 25
