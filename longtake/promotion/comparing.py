"""Losses of several models on the same samples with the same noise.

Legend: B samples, C channels, t h w latent frames, rows, columns.
"""

from collections.abc import Iterable, Iterator, Sequence

import torch

from longtake.dit.batch import Batch
from longtake.dit.objective import losses, validation_draws
from longtake.dit.trained import Card, Trained
from longtake.latents.sample_set import SampleSet
from longtake.promotion.config import PromotingConfig


def measure(
    models: Sequence[Trained], batches: Iterable[Batch], config: PromotingConfig, device: torch.device
) -> Iterator[tuple[str, list[float]]]:
    """Each sample's id, and its loss by each model: the mean over draws whose times are even on (0, 1)."""
    for batch in batches:
        here = batch.to(device)
        sums: list[torch.Tensor] = [torch.zeros(len(batch.sample_ids), dtype=torch.float64) for _ in models]
        for turn in range(config.draws):
            shape_Cthw = batch.latents_BCthw.shape[1:]
            draws = validation_draws(batch.numbers_B, shape_Cthw, config.seed, turn, config.draws).to(device)
            for sums_B, one in zip(sums, models, strict=True):
                with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                    sums_B += losses(one.model, here, draws, one.card.objective).double().cpu()
        means = [(sums_B / config.draws).tolist() for sums_B in sums]
        yield from ((name, list(each)) for name, *each in zip(batch.sample_ids, *means, strict=True))


def find_difference(card: Card, samples: SampleSet) -> str:
    """Why a model can't be asked about these samples, in words; empty where it can."""
    if card.sample_set["autoencoder"] != samples.autoencoder:
        return f"its latents are made by {card.sample_set['autoencoder']}, those of {samples.name} by {samples.autoencoder}"
    if card.sample_set["encoding"]["text"] != samples.encoding["text"]:
        return f"its texts are encoded otherwise than those of {samples.name}"
    return ""
