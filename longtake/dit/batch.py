"""What a step learns from: samples of one shape side by side.

Legend: B samples, C channels, t h w latent frames, rows, columns; L text tokens, D their width.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import torch
from torch import Tensor

from longtake.dit.config import TEXT_STEP, Condition
from longtake.dit.order import Seen
from longtake.errors import UserError
from longtake.latents.sample import EncodedSample


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """A rank's part of a global batch."""

    latents_BCthw: Tensor
    """float32."""
    text_BLD: Tensor
    """float32, zero where there is no token."""
    text_mask_BL: Tensor
    """bool: where there is a token."""
    conditions: Mapping[str, Tensor]
    """Every metric that a model can be conditioned on, in its unit: B values, float32, NaN where it is unknown."""
    numbers_B: Tensor
    """int64: each sample's number in the stream, which seeds its noise."""
    sample_ids: tuple[str, ...]
    global_samples: int
    """Of all ranks together: what a loss is divided by."""
    seen: Seen
    """The order's position once this batch was learned from."""
    bucket: str
    waited_s: float = 0.0
    """How long the consumer waited for it."""

    def rows(self, first: int, last: int) -> "Batch":
        """The samples `first` to `last`, the latter left out: a micro-batch. All else is as of the whole."""
        part = self._each(lambda tensor_B: tensor_B[first:last])
        return replace(part, sample_ids=self.sample_ids[first:last])

    def to(self, device: torch.device | str) -> "Batch":
        """On the device; nobody waits for the copy where the batch is pinned."""
        return self._each(lambda tensor_B: tensor_B.to(device, non_blocking=True))

    def pin(self) -> "Batch":
        """In memory that a GPU copies from by itself."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return replace(
            self,
            latents_BCthw=change(self.latents_BCthw),
            text_BLD=change(self.text_BLD),
            text_mask_BL=change(self.text_mask_BL),
            conditions={name: change(value_B) for name, value_B in self.conditions.items()},
            numbers_B=change(self.numbers_B),
        )


def collate(
    samples: Sequence[EncodedSample], numbers_B: Tensor, *, global_samples: int, seen: Seen, bucket: str
) -> Batch:
    """Raises UserError where samples have other channels or text of another width than the rest."""
    first = samples[0]
    for other in samples:
        _check_fit("latents of channels", first, first.latents_Cthw.shape[0], other, other.latents_Cthw.shape[0])
        _check_fit("text of width", first, first.text_LD.shape[1], other, other.text_LD.shape[1])
    tokens = max(len(sample.text_LD) for sample in samples)
    padded = -(-tokens // TEXT_STEP) * TEXT_STEP
    text_BLD = torch.zeros(len(samples), padded, first.text_LD.shape[1])
    text_mask_BL = torch.zeros(len(samples), padded, dtype=torch.bool)
    for row, sample in enumerate(samples):
        text_BLD[row, : len(sample.text_LD)] = sample.text_LD
        text_mask_BL[row, : len(sample.text_LD)] = True
    return Batch(
        latents_BCthw=torch.stack([sample.latents_Cthw for sample in samples]),
        text_BLD=text_BLD,
        text_mask_BL=text_mask_BL,
        conditions={
            name: torch.tensor([sample.conditions.get(name, torch.nan) for sample in samples])
            for name in get_args(Condition)
        },
        numbers_B=numbers_B,
        sample_ids=tuple(sample.sample_id for sample in samples),
        global_samples=global_samples,
        seen=seen,
        bucket=bucket,
    )


def _check_fit(what: str, first: EncodedSample, of_first: int, other: EncodedSample, of_other: int) -> None:
    if of_first != of_other:
        raise UserError(
            f"{first.sample_id} has {what} {of_first}, {other.sample_id} {of_other}; "
            "the samples of one training are encoded with one config"
        )
