"""One sample as a training reads it.

Legend: C channels, t, h, w latent frames, rows and columns; L text tokens, D their width.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedSample:
    """Latents with their text and conditions."""

    sample_id: str
    """`<clip_id>/<window>`."""
    latents_Cthw: Tensor
    """bfloat16 on disk, float32 once read."""
    text_LD: Tensor
    """bfloat16 on disk, float32 once read; L of 1 to the encoder's limit."""
    conditions: Mapping[str, float]
    """By the names of metrics, in their units; what is unknown is left out."""
