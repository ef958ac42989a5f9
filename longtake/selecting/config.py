"""Which clips make a dataset."""

from typing import Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from longtake.config import STRICT

ALGORITHM_VERSION = 2
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

    A bound is kept: `min: 1` keeps 1. A metric without one may be anything, and need not have been measured; `{}`
    takes the default of a metric away. The defaults were set on real footage, clean and with known defects: with
    three tenths of it defective, they keep seven tenths, and pass what is mildly wrong (`benchmarks/thresholds.py`).
    """

    motion: Range = Field(default_factory=lambda: Range(min=0.1, max=100))
    """An empty street makes 0.01, pedestrians in a wide view 0.5; a hand-held close-up 45, a whip pan 128 and more."""
    moving_area: Range = Field(default_factory=Range)
    """Open: what Koala-36M asks for, 0.3, would drop every fixed camera that people walk past."""
    camera_shake: Range = Field(default_factory=lambda: Range(max=35))
    """A hand that holds the camera close to a thing makes 12 to 25, jerks 20 to 100."""
    camera_motion: Range = Field(default_factory=Range)
    """Open: neither end is bad."""
    still_share: Range = Field(default_factory=lambda: Range(max=0.5))
    """Slides, freezes and repeated frames: no more than half may stand still."""
    flicker: Range = Field(default_factory=lambda: Range(max=3))
    """Steady light makes less than 0.5, a camera that is shaken 1.7, light that flickers by a tenth 10 and more."""
    clarity: Range = Field(default_factory=lambda: Range(min=0.2))
    """Clean footage makes 0.28 and more; enlarged five times 0.13 to 0.19, blurred by four pixels less than 0.1."""
    noise: Range = Field(default_factory=lambda: Range(max=5))
    """Footage as published makes less than 1, plain grain more than 6."""
    blockiness: Range = Field(default_factory=lambda: Range(max=1))
    """A street camera makes up to 0.7, x264 at CRF 45 0.8, at CRF 48 1.6."""
    brightness: Range = Field(default_factory=lambda: Range(min=0.05, max=0.9))
    """A day at a tenth of its light makes 0.04, blown footage 0.73 to 0.94; clean footage 0.3 to 0.7."""
    contrast: Range = Field(default_factory=lambda: Range(min=0.03))
    """8 levels: an empty road makes 0.05, footage that is washed out to a fifth of its contrast 0.025 and less."""
    colourfulness: Range = Field(default_factory=Range)
    """Open: a street camera makes 4, no more than footage that is washed out."""
    clipped_share: Range = Field(default_factory=lambda: Range(max=0.12))
    """UltraVideo drops clips with more than 12 % of pixels below 5 or above 250; most clean footage makes 0.03 and less."""
    border_share: Range = Field(default_factory=lambda: Range(max=0.05))
    """UltraVideo drops clips with black strips of 3 % at a side; a dark line at an edge is let pass."""
    text_share: Range = Field(default_factory=lambda: Range(max=0.02))
    """UltraVideo drops clips with text over more than 2 % of the picture; small logos pass, subtitles make 0.04 and more."""
    aesthetic: Range = Field(default_factory=Range)
    """Open: there are no weights to score with."""
    vtss: Range = Field(default_factory=Range)
    """Open: `SelectingConfig.vtss_min` is the threshold on it."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SelectingConfig:
    """Which clips are kept: those that one threshold on VTSS, or hand-set thresholds, let pass; of near-duplicates one."""

    by: Literal["thresholds", "vtss", "both"] = "thresholds"
    """The hand-set `thresholds`, one threshold on VTSS (Koala-36M; scoring needs a network for it), or both."""
    vtss_min: float | None = Field(default=None, ge=1, le=5)
    """The least VTSS that is kept. Null: the valley between the two Gaussians that the clips' scores are fitted by, 2.5 (the
    paper's) where they have none."""
    thresholds: Thresholds = Field(default_factory=Thresholds)
    """By these, a clip outside of one is dropped with the metric as its reason."""
    duplicate_bits: int = Field(default=16, ge=0, le=24)
    """Clips whose fingerprints differ in so few bits of 256, or fewer, are one clip; 0 folds equal fingerprints alone."""
    fold_duplicates: bool = True
    """False keeps near-duplicates."""
    validation_share: float = Field(default=0.05, ge=0, le=0.5)
    """Share of videos, by a hash of their id, whose clips are for validation."""

    @model_validator(mode="after")
    def _reads_what_is_given(self) -> "SelectingConfig":
        if self.by == "thresholds" and self.vtss_min is not None:
            raise ValueError(
                f"vtss_min is {self.vtss_min:g}, but `by: thresholds` does not read it; say `by: vtss` or `by: both`, or leave it out"
            )
        if self.by == "vtss" and self.thresholds != Thresholds():
            raise ValueError(
                "thresholds are given, but `by: vtss` reads none of them; say `by: thresholds`, or `by: both` for clips that "
                "must pass both, or leave the thresholds out"
            )
        return self
