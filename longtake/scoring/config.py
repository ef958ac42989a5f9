"""What is looked at in a clip, and with which models; each number with its reason."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT

ALGORITHM_VERSION = 1
"""Raise it whenever the same clip and config would give other numbers."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Sampling:
    """Which frames of a clip are looked at. All of it is decoded once, whatever these say."""

    frames: int = Field(default=64, ge=2, le=256)
    """Frames at most, in bursts."""
    size_px: int = Field(default=256, ge=64, le=512)
    """Longer side of those frames; what is measured in pixels is measured in these."""
    burst_frames: int = Field(default=8, ge=3, le=64)
    """Frames of a burst. Bursts are spread over the clip; a clip too short for `frames` has fewer."""
    step_s: float = Field(default=0.1, gt=0, le=1)
    """Seconds between frames of a burst: a fixed time step, so that motion does not depend on the frame rate."""
    detail_frames: int = Field(default=8, ge=1, le=64)
    """Frames of which patches are looked at in their own resolution: enlarging and compression show there alone."""
    detail_grid: int = Field(default=7, ge=1, le=8)
    """Patches on a side (Koala-36M's dynamic branch cuts 7 x 7)."""
    detail_patch_px: int = Field(default=32, ge=16, le=128, multiple_of=8)
    """Side of a patch in the clip's own pixels (32 there as well); a multiple of 8, the grid of most codecs."""
    text_frames: int = Field(default=4, ge=1, le=4)
    """Frames that text is looked for in."""
    text_size_px: int = Field(default=640, ge=256, le=1280)
    """Longer side of those frames at most; smaller ones are not enlarged."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Aesthetics:
    """A LAION-style predictor: an MLP over the image features of CLIP. Both are given by path, or nothing is predicted."""

    clip: str
    """Folder, s3:// or hub name of a CLIP model in safetensors."""
    head: str
    """Safetensors file with the MLP: Linear layers `layers.<n>.weight` and `.bias`, the last of width 1."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Suitability:
    """A TSA network, which gives each clip its video training suitability score (VTSS)."""

    weights: str = "small"
    """`small`, which comes with longtake, or a file or s3:// of a checkpoint that `longtake train-tsa` wrote."""
    seed: int = Field(default=0, ge=0)
    """Where fragments lie in space and time. The released code draws anew each time, so that no score comes twice."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ScoringConfig:
    """How a clip is measured."""

    sampling: Sampling = Field(default_factory=Sampling)
    """Which frames."""
    text: bool = True
    """Whether text on the screen is looked for, which costs more than all else together; without it there is no `text_share`."""
    aesthetics: Aesthetics | None = None
    """Where the aesthetic predictor is; none: no aesthetic score."""
    suitability: Suitability | None = None
    """Which TSA network gives VTSS; none: no VTSS."""
