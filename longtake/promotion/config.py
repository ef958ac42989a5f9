"""When a new model takes the place of the promoted one."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT


@dataclass(frozen=True, kw_only=True, config=STRICT)
class PromotingConfig:
    """How two models are judged, and by how much the new one must be better."""

    margin: float = Field(default=0.0, ge=0, lt=1)
    """Share of the promoted model's loss by which the new one's must be lower."""
    sigmas: float = Field(default=2.0, ge=0)
    """And so many standard errors of the mean difference from video to video: what is lower by chance is not better. 0: any is."""
    samples: int = Field(default=512, ge=1)
    """Validation samples that both are judged on, at most: by a hash of their ids, whoever is judged."""
    draws: int = Field(default=8, ge=1)
    """Mixtures with noise of each of them, spread evenly over t."""
    seed: int = Field(default=0, ge=0)
    """Of the noise."""
    batch_tokens: int = Field(default=16_384, ge=1)
    """Video tokens that are looked at together; it changes no loss but by rounding."""
