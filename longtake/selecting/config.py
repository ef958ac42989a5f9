"""Which clips make a dataset."""

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from longtake.config import STRICT

ALGORITHM_VERSION = 1
"""Raise it whenever the same scores and config would choose other clips."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Range:
    """What a metric may be; a side that is not given is open."""

    min: float | None = None
    """The least that is kept."""
    max: float | None = None
    """The most that is kept."""

    @model_validator(mode="after")
    def _has_room(self) -> "Range":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(
                f"min {self.min:g} is above max {self.max:g}, so nothing could be kept; swap them, or drop one"
            )
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Thresholds:
    """Hand-set thresholds, one range a metric: the manual baseline of Koala-36M (section 4.4), whose own are not published.

    A bound is kept: `min: 1` keeps 1. A metric without one may be anything, and need not have been measured.
    """

    motion: Range = Field(default_factory=Range)
    moving_area: Range = Field(default_factory=Range)
    camera_shake: Range = Field(default_factory=Range)
    camera_motion: Range = Field(default_factory=Range)
    still_share: Range = Field(default_factory=Range)
    flicker: Range = Field(default_factory=Range)
    clarity: Range = Field(default_factory=Range)
    noise: Range = Field(default_factory=Range)
    blockiness: Range = Field(default_factory=Range)
    brightness: Range = Field(default_factory=Range)
    contrast: Range = Field(default_factory=Range)
    colourfulness: Range = Field(default_factory=Range)
    clipped_share: Range = Field(default_factory=Range)
    border_share: Range = Field(default_factory=Range)
    text_share: Range = Field(default_factory=Range)
    aesthetic: Range = Field(default_factory=Range)
    vtss: Range = Field(default_factory=Range)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SelectingConfig:
    """Which clips are kept: those within every threshold, and of near-duplicates one."""

    thresholds: Thresholds = Field(default_factory=Thresholds)
    """A clip outside of one is dropped with the metric as its reason."""
    duplicate_bits: int = Field(default=16, ge=0, le=24)
    """Clips whose fingerprints differ in so few bits of 256, or fewer, are one clip; 0 folds equal fingerprints alone."""
    fold_duplicates: bool = True
    """False keeps near-duplicates."""
    validation_share: float = Field(default=0.05, ge=0, le=0.5)
    """Share of videos, by a hash of their id, whose clips are for validation."""
