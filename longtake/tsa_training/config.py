"""How a TSA network is trained: on what, by which loss, how long; each number with its reason."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT

ALGORITHM_VERSION = 1
"""Raise it whenever the same footage and config would give another network."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Curriculum:
    """Real footage with graded, composed defects, whose severity is the target: a stand-in for people's marks."""

    samples: int = Field(default=1200, ge=16)
    """Clips to train on, in groups."""
    drawn_samples: int = Field(default=1600, ge=0)
    """And so many more, on drawn scenes, each group on one of its own: a dozen sources do not teach what content may be."""
    group: int = Field(default=4, ge=2, le=16)
    """Clips of a group: one and the same shot, once clean and otherwise with other defects. What they differ in is suitability
    alone, so the network learns to look past the content."""
    ladders: float = Field(default=0.35, ge=0, le=1)
    """Share of groups that show one kind of defect, rising; the others compose one to three kinds."""
    shots_each: int = Field(default=8, ge=1)
    """Shots of one source at most, spread over it."""
    moves_each: int = Field(default=3, ge=1)
    """Camera moves over each photograph."""
    shot_s: float = Field(default=1.6, ge=1, le=10)
    """Seconds of a shot."""
    size_px: int = Field(default=512, ge=160, le=1920)
    """Longer side of a shot at most; larger footage is scaled to it."""
    smallest_crop: float = Field(default=0.7, gt=0, le=1)
    """A shot is cropped to this share of its sides or more, and mirrored half of the time, anew in each group."""
    smallest_size: float = Field(default=0.6, gt=0, le=1)
    """And shrunk to this share of its pixels a side, or less far."""
    text_frames: int = Field(default=1, ge=1, le=4)
    """Frames of a clip that text is looked for in, half of the work; scoring looks at `Sampling.text_frames`, of the same mean."""
    held_out_ladders: int = Field(default=3, ge=1)
    """Shots on which each kind is graded to judge the network by."""
    steps: int = Field(default=4, ge=2, le=8)
    """Severities of a ladder, the clean shot apart."""
    held_out_composed: int = Field(default=80, ge=0)
    """Clips with several defects to judge the network by."""
    seed: int = Field(default=0, ge=0)
    """Of everything that is drawn."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Split:
    """Which sources judge. Names of files without their ending, or video ids; empty: a seeded draw of a share of them."""

    validation: tuple[str, ...] = ()
    """Stop the training early."""
    test: tuple[str, ...] = ()
    """Judge the network that is kept; they choose nothing."""
    validation_share: float = Field(default=0.15, gt=0, lt=0.5)
    test_share: float = Field(default=0.3, gt=0, lt=0.8)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Optimisation:
    """One training."""

    joint: bool = False
    """All of the network at once; else each video branch alone, and then their fusion on features that stay as they are."""
    epochs: int = Field(default=30, ge=1)
    """Of the whole network, or of a video branch, at most (30 in the released config, of FAST-VQA)."""
    fusion_epochs: int = Field(default=60, ge=1)
    """Of a fusion, at most."""
    batch: int = Field(default=16, ge=2)
    """Clips of a step: whole groups (16 in the released config)."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """At its peak (released config)."""
    backbone_rate: float = Field(default=0.1, gt=0, le=1)
    """Times the learning rate, for the video branches (released config, where they come pretrained)."""
    weight_decay: float = Field(default=0.05, ge=0)
    """Released config."""
    warmup_epochs: float = Field(default=2.5, ge=0)
    """Released config; a cosine follows."""
    ema: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the moving average of the weights, which is what is kept; it warms up."""
    clip: float = Field(default=1.0, gt=0)
    """Largest norm of the gradients of a step."""
    patience: int = Field(default=6, ge=1)
    """Epochs without a better SRCC on the validation sources before it ends."""
    huber: float = Field(default=1.0, ge=0)
    """Weight of the part of the loss that gives VTSS its scale."""
    plcc: float = Field(default=1.0, ge=0)
    """Weight of the linear correlation (DOVER)."""
    rank: float = Field(default=0.3, ge=0)
    """Weight of the order of pairs (DOVER)."""
    naming: float = Field(default=0.3, ge=0)
    """Weight of naming each defect and how bad it is, where a curriculum knows: one number a clip says little about what to
    look for. What names them is thrown away."""
    transplant: float = Field(default=0.5, ge=0, le=1)
    """Chance that a group's defects are put onto another shot, in what is seen and measured: what a defect changes is added
    to what another clean clip looks like."""
    label_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Chance that a sub-metric is not known: so that a network scores clips for which text was not looked for."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TSATrainingConfig:
    """Which network learns from what."""

    preset: Literal["small", "paper"] = "small"
    """`small` for processors, `paper` for a GPU."""
    eyes: str = ""
    """Safetensors file with the pretrained eyes of the preset `small`; "": those of the network that comes with longtake."""
    targets: Literal["auto", "labels", "curriculum"] = "auto"
    """People's marks, or graded defects; auto: marks where there are at least `fewest_labels`."""
    fewest_labels: int = Field(default=200, ge=8)
    """Marked clips that a training needs."""
    curriculum: Curriculum = Field(default_factory=Curriculum)
    split: Split = Field(default_factory=Split)
    optimisation: Optimisation = Field(default_factory=Optimisation)
    seeds: tuple[int, ...] = (0, 1, 2)
    """One training each; the median one on the validation sources is kept."""
    vtss_min: float = Field(default=2.5, ge=1, le=5)
    """The threshold that the report judges the network at (Koala-36M's)."""
    ablation: bool = False
    """Trains the rows of the paper's ablation as well."""
