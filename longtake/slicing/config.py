"""What slicing can be told. Every number of the Color-Struct SVM rule is here, with its source.

Sources: "paper" is Koala-36M, arXiv 2410.08260, section 3; "code" is a constant of its published implementation that
the paper does not print; "ours" is a choice that departs from both, or that neither makes.
"""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT

ALGORITHM_VERSION = 1
"""Goes into `made_by` beside the config: raise it whenever the same config would give other transitions or clips."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SlicingConfig:
    """The Color-Struct SVM rule: features of a pair, linear score, temporal rule, trim."""

    # Features of a pair of neighbouring frames.
    frame_px: int = Field(default=256, ge=32, le=1024)
    """Side of the square that every frame is shrunk to, whatever its aspect ratio (code)."""
    interpolation: Literal["area", "bilinear"] = "area"
    """How frames are shrunk. Ours: the code takes OpenCV's bilinear, which skips pixels of large frames; the decoder's
    `area` weighs all pixels alike, its `bilinear` those in the middle more."""
    structure_px: int = Field(default=128, ge=16, le=512)
    """Side of the grey image that edges and structure are taken from (code)."""
    histogram_low: int = Field(default=1, ge=0, le=64)
    """Lowest pixel value that the colour histogram counts, one bin a value; 1 leaves out pure black (code)."""
    histogram_high: int = Field(default=255, ge=192, le=256)
    """First pixel value beyond the colour histogram; 255 leaves out pure white (code: 254 bins a channel)."""
    empty_histogram: Literal["symmetric", "paper"] = "symmetric"
    """Colour similarity when a frame is all black or all white, and its histogram so empty: `symmetric` (ours) is 1
    for two such frames and 0 for one; `paper` is 1 for either, as the code has it by its choice of library, so
    that only structure can tell a picture from black."""
    canny_low: float = Field(default=100.0, ge=0, le=2000)
    """Gradient above which a pixel joined to an edge is edge too (code)."""
    canny_high: float = Field(default=200.0, ge=0, le=2000)
    """Gradient above which a pixel begins an edge (code)."""
    ssim_radius_px: int = Field(default=3, ge=1, le=6)
    """Half width of the window of structural similarity; 3 is the 7x7 window (code: the library's default)."""
    ssim_k1: float = Field(default=0.01, gt=0, le=1)
    """Stabiliser of the luminance term, as a share of the range of values (code: the library's default)."""
    ssim_k2: float = Field(default=0.03, gt=0, le=1)
    """Stabiliser of the contrast term, as a share of the range of values (code: the library's default)."""

    # The linear classifier.
    weight_color: float = Field(default=4.61480465, ge=0, le=1000)
    """Weight of colour similarity in the score (code)."""
    weight_struct: float = Field(default=3.75211168, ge=0, le=1000)
    """Weight of structural similarity in the score (code)."""
    bias: float = Field(default=-5.485968377115124, ge=-1000, le=1000)
    """What is added to the weighted similarities; a score below 0 is a transition (code)."""

    # The temporal rule ("3 sigma").
    smooth_radius_pairs: int = Field(default=1, ge=0, le=8)
    """A smoothed score is the mean over a pair and this many to either side; 1 is a mean of three (code)."""
    window_pairs: int = Field(default=8, ge=3, le=1000)
    """Smoothed scores of the past that the Gaussian is estimated from (paper: past frames; code: 8)."""
    window_trim_low: float = Field(default=0.2, ge=0, le=0.3)
    """Share of the window's lowest scores left out of the estimate, rounded down: one of 8 (code)."""
    window_trim_high: float = Field(default=0.2, ge=0, le=0.3)
    """Share of the window's highest scores left out, rounded up: two of 8 (code); 0.125 would leave out one."""
    gate: float = Field(default=0.75, ge=-1000, le=1000)
    """Only a smoothed score below this can break the 3-sigma rule (code)."""
    sigma_floor: float = Field(default=0.2, ge=0, le=1000)
    """Standard deviation never counts as less than this, or a still picture would break the rule by a breath (code)."""
    sigmas: float = Field(default=3.0, ge=0, le=100)
    """How many standard deviations below the past is a transition (paper)."""
    reset_at_boundary: bool = False
    """Forget the past at every boundary, so that the rule sleeps for `window_pairs` after it (ours; the code never
    forgets)."""

    # From boundaries to clips.
    merge_gap_frames: int = Field(default=8, ge=1, le=1000)
    """Boundaries with at most this many frames between them are one transition (ours: what the trim would eat whole;
    the code drops up to 9)."""
    trim_head_frames: int = Field(default=4, ge=0, le=1000)
    """Frames cut from the head of every shot (code)."""
    trim_tail_frames: int = Field(default=4, ge=0, le=1000)
    """Frames cut from the tail of every shot (ours: as many as from the head; the code loses 5)."""
    min_clip_s: float = Field(default=2.0, ge=0, le=3600)
    """A shot that leaves a shorter clip is dropped as `too_short` (ours; the code keeps clips of one frame)."""
