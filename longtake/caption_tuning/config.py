"""How a captioner is fine-tuned: which model on which captions, what of it learns, how long; each number with its reason."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.captioning.config import Asking, Rules, Sampling
from longtake.config import STRICT
from longtake.video.config import Limits

ALGORITHM_VERSION = 1
"""Raise it whenever the same seeds and config would give another adapter."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Lora:
    """Low-rank adapters (LoRA, arXiv 2106.09685) beside linear layers that stay as they are."""

    rank: int = Field(default=16, ge=1, le=1024)
    alpha: int = Field(default=32, ge=1)
    """What an adapter adds is multiplied by alpha / rank."""
    dropout: float = Field(default=0.05, ge=0, lt=1)
    """Of what goes into an adapter."""
    targets: Literal["all", "attention", "mlp"] = "all"
    """Linear layers of the language model's blocks that get one: all, or those of the one kind of module."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Optimisation:
    """One training."""

    epochs: int = Field(default=1, ge=1)
    """Over the videos' captions, or the images' where there are no videos."""
    batch: int = Field(default=4, ge=1)
    """Questions with their answers that go through the model together."""
    accumulation: int = Field(default=4, ge=1)
    """Such batches of one step: a step weighs all its answer tokens alike."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Of adapters and projector, at its peak."""
    vision_rate: float = Field(default=1e-5, gt=0)
    """Of the vision encoder, where it learns: it comes trained on far more than a seed set."""
    weight_decay: float = Field(default=0.0, ge=0)
    warmup_share: float = Field(default=0.03, ge=0, lt=1)
    """Of the steps, in which the rates rise in a line; half a cosine follows."""
    clip: float = Field(default=1.0, gt=0)
    """Largest norm of the gradients of a step."""
    gradient_checkpointing: bool = False
    """Activations are computed again instead of kept: a third slower, far less memory."""
    seed: int = Field(default=0, ge=0)
    """Of the order, of first weights and of dropout."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Judging:
    """What the model is worth on captions that it has not learned from, before and after."""

    held_out_share: float = Field(default=0.1, gt=0, lt=1)
    """Of the videos and images, by a hash of their ids: the same for ever, and the same that datasets hold out."""
    every_steps: int = Field(default=100, ge=1)
    """Steps after which the loss on the held-out part is taken and the state is kept; at the end in any case."""
    loss_lessons: int = Field(default=200, ge=1)
    """Held-out questions that this loss is taken of at most."""
    written: int = Field(default=32, ge=0)
    """Held-out captions at most whose questions the model answers in its own words, before and after: that is slow."""
    batch: int = Field(default=8, ge=1)
    """Answers that are written at the same time."""
    shown: int = Field(default=12, ge=0)
    """Of them on the page."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CaptionTuningConfig:
    """Which model learns what."""

    model: str = ""
    """Folder, s3:// or hub name of an image-text-to-text model; safetensors only. Must be given, here or to the command."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Of the weights that do not learn; those that do are float32. auto: bfloat16 on a GPU, float32 without one."""
    lora: Lora = Field(default_factory=Lora)
    vision: Literal["frozen", "lora", "full"] = "lora"
    """Whether the vision encoder learns, by adapters or as a whole. The paper finds captions more accurate when it does (Koala-36M
    section B)."""
    projector: bool = True
    """Whether what leads from the vision encoder to the language model learns."""
    pooling: Literal[1, 2] = 1
    """2: the grid of visual tokens is averaged 2 x 2 (as in captioning's `transformers.pooling`; give that the same)."""
    images_per_video: float | None = Field(default=None, ge=0)
    """How many captions of images an epoch has for each of a video; 1 to 1 is 1. None: all that there are. The paper mixes both and
    does not say how."""
    sampling: Sampling = Field(default_factory=Sampling)
    """What the model is shown; give captioning the same."""
    asking: Asking = Field(default_factory=Asking)
    """What it is asked; give captioning the same."""
    rules: Rules = Field(default_factory=Rules)
    """What a caption must be: what the questions say of lengths, and what answers are judged by."""
    held_to_rules: bool = True
    """Captions that these rules turn down teach nothing: they are left out, and counted by reason."""
    tokens_max: int = Field(default=8192, ge=64)
    """Of a question, its frames and its answer; longer ones are left out and counted, never cut."""
    optimisation: Optimisation = Field(default_factory=Optimisation)
    judging: Judging = Field(default_factory=Judging)
    limits: Limits = Field(default_factory=Limits)
    """What reading one video may cost."""
