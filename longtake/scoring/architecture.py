"""The TSA network's shape: its branches, how they meet, and what of a clip they see. Two presets.

Source: Koala-36M, section 4 and its released class TSAN; what the paper leaves open is a field here, with its reason.
"""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DynamicBranch:
    """3D Swin Transformer on fragments: patches in the clip's own resolution, side by side, over a stretch of time."""

    segments: int = Field(default=4, ge=1, le=8)
    """Stretches of the clip, one in each of as many equal parts of it; their features are averaged (released config)."""
    frames: int = Field(default=32, ge=2, le=64)
    """Frames of a segment."""
    stride: int = Field(default=2, ge=1, le=16)
    """Frames of the clip from one frame of a segment to the next, at `nominal_fps`."""
    nominal_fps: float = Field(default=30.0, gt=0)
    """The stride is a time step, `stride / nominal_fps` seconds: the paper counts frames, whatever the clip's rate."""
    grid: int = Field(default=7, ge=1, le=8)
    """Patches on a side."""
    patch_px: int = Field(default=32, ge=16, le=64, multiple_of=8)
    """Side of a patch, in the clip's own pixels."""
    token_TYX: tuple[int, int, int] = (2, 4, 4)
    """Frames, rows and columns that one token stands for."""
    width: int = Field(default=96, ge=8)
    """Channels after the patch embedding; they double from stage to stage."""
    depths: tuple[int, ...] = (2, 2, 6, 2)
    """Blocks of each stage."""
    heads: tuple[int, ...] = (3, 6, 12, 24)
    """Attention heads of each stage."""
    window_TYX: tuple[int, int, int] = (8, 7, 7)
    """Tokens of an attention window."""
    gated_stages: int = Field(default=3, ge=0)
    """First stages whose position bias tells tokens of one patch from those of two (FAST-VQA)."""
    drop_path: float = Field(default=0.1, ge=0, lt=1)
    """Stochastic depth of the last block; the first has none."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StaticBranch:
    """ConvNeXt on whole frames, stretched to a square."""

    images: int = Field(default=1, ge=1, le=8)
    """Frames, evenly spread; 1 is the middle one (released sampler). Features of several are averaged."""
    size_px: int = Field(default=224, ge=32, le=512)
    """Side of a frame; its aspect is not kept (released config)."""
    widths: tuple[int, ...] = (96, 192, 384, 768)
    """Channels of each stage."""
    depths: tuple[int, ...] = (3, 3, 9, 3)
    """Blocks of each stage."""
    logits: int = Field(default=1000, ge=0)
    """Width of the classifier whose logits are the features (the released class reads ImageNet's 1000); 0: the pooled
    channels are."""
    drop_path: float = Field(default=0.1, ge=0, lt=1)
    """As above."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LabelBranch:
    """An MLP on the sub-metrics, standardised."""

    hidden: tuple[int, ...] = (64, 128, 256)
    """Widths between the 15 numbers and the features (released class)."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Architecture:
    """The TSA network. A branch that is None is left out: the rows of the paper's ablation."""

    dynamic: DynamicBranch | None = Field(default_factory=DynamicBranch)
    """What moves."""
    static: StaticBranch | None = Field(default_factory=StaticBranch)
    """What a frame shows."""
    labels: LabelBranch | None = Field(default_factory=LabelBranch)
    """What is measured."""
    eyes: int = Field(default=0, ge=0, le=7)
    """First stages of a pretrained EfficientNet-Lite0, which stays as it is; 0: none. Both video branches look through it in
    place of backbones of their own, the static one seeing too what changes from image to image: processors without a GPU
    can't train a backbone from nothing."""
    eyes_see_T: tuple[int, ...] = (0, 1, 4)
    """Frames of a segment that the eyes see: a fifteenth and a quarter of a second after the first."""
    eyes_dropout: float = Field(default=0.3, ge=0, lt=1)
    """Of what the eyes see."""
    fusion: Literal["wcgb", "concat"] = "wcgb"
    """How features meet: gated by the labels and weighed (Weighted Cross Gate Block), or side by side."""
    features: int = Field(default=400, ge=8)
    """Width of each branch's features."""
    head: tuple[int, ...] = (512, 256, 64)
    """Widths between the fused features and the score. The last layer is linear: with the released class's GELU after it no
    score could lie below -0.17."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Of the label branch, the static branch's head and the head."""
    dynamic_dropout: float = Field(default=0.5, ge=0, lt=1)
    """Before the dynamic branch's pooling (FAST-VQA)."""


PAPER = Architecture()
"""Swin3D-Tiny, ConvNeXt-Tiny and 400 features, as far as the paper and its released class say."""

SMALL = Architecture(
    dynamic=DynamicBranch(segments=4, frames=8), static=StaticBranch(images=4), eyes=5, features=128, head=(128, 64)
)
"""For processors without a GPU: pretrained eyes, and half a million weights that learn."""

PRESETS: dict[str, Architecture] = {"paper": PAPER, "small": SMALL}
