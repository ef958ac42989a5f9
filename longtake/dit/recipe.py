"""How a model is trained: one dictionary, every default with its reason or its source."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.dit.config import DiTConfig, Objective


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Schedule:
    """The learning rate over the training, as a share of its peak."""

    kind: Literal["constant", "cosine", "decay"] = "constant"
    """constant: the scaling paper's (A); cosine: down to `final` at the end; decay: constant, then straight down over the last part."""
    warmup_steps: int = Field(default=100, ge=0)
    """Steps that it rises over, straight from nought."""
    decay_share: float = Field(default=0.2, gt=0, le=1)
    """Of `decay`: which part of the training, at its end."""
    final: float = Field(default=0.0, ge=0, le=1)
    """Share of the peak at the end of `cosine` and `decay`."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Validation:
    """The validation loss: always of the averaged weights, on the same samples with the same times and noise."""

    samples: int = Field(default=128, ge=0)
    """Of the validation side, by the order of a hash of their ids; 0: none."""
    draws: int = Field(default=4, ge=1)
    """Times and noises of each; their times are spread evenly over (0, 1)."""
    every_steps: int = Field(default=500, ge=1)
    """And at the end."""
    at_tokens: tuple[int, ...] = ()
    """And with the step that reaches so many tokens: one run at a constant rate is many shorter ones (scaling note, F)."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Checkpoints:
    """States that a training goes on from; they change nothing of it."""

    every_steps: int = Field(default=500, ge=1)
    """At the latest ..."""
    every_s: float = Field(default=600.0, gt=0)
    """... and after so many seconds, whichever comes first."""
    keep: int = Field(default=3, ge=1)
    """Of the newest; when the training is done they go."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Films:
    """Films that the averaged weights make while they learn, for the page; they change nothing of the training."""

    every_steps: int = Field(default=0, ge=0)
    """0: at the end alone."""
    count: int = Field(default=4, ge=0, le=16)
    """Each with the text and metrics of a validation sample; 0: none."""
    steps: int = Field(default=20, ge=1)
    """Of the solver, for each film."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Guard:
    """Which steps are skipped: their gradients are thrown away, their samples stay seen."""

    spike: float = Field(default=10.0, gt=1)
    """A gradient so many times as long as the median of the last `window` ones is a spike, once the warm-up is over."""
    window: int = Field(default=100, ge=8)
    """Steps that the median is taken of; with fewer than eight behind it nothing is a spike."""
    after: int = Field(default=20, ge=1)
    """Skipped steps in a row that end the training: it has come apart."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainingWork:
    """Who trains, and how memory is saved; it changes the model by the order of rounding alone."""

    engine: Literal["local", "ray"] = "local"
    """In this process, or by Ray Train on the cluster at RAY_ADDRESS (without one, on a Ray of this machine)."""
    workers: int = Field(default=1, ge=1)
    """Replicas of the model, each with its part of every batch; more than one are always on Ray."""
    cpus: int = Field(default=1, ge=1)
    """Processors of each of them, on Ray."""
    gpus: int = Field(default=0, ge=0, le=1)
    """GPUs of each of them, on Ray; 0: they train on the processor."""
    compile: Literal["auto", "on", "off"] = "auto"
    """torch.compile, block by block; auto: on a GPU. Without a C++ compiler nothing is compiled, which is said."""
    checkpointing: Literal["none", "selective", "full"] = "none"
    """What is forgotten forwards and computed again backwards; selective: all but matrix products and attention."""
    micro_batch: int = Field(default=0, ge=0)
    """Samples that go through the model together; 0: as many as fit. Halved where memory runs out; the batch stays what it is."""
    cache_bytes: int = Field(default=8 << 30, ge=1 << 20)
    """Of latent shards on this machine's disk."""
    ahead: int = Field(default=2, ge=1)
    """Batches that lie read in memory while the device computes."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainingConfig:
    """One training."""

    model: DiTConfig = Field(default_factory=DiTConfig)
    """What is trained; its `channels` and `text_width` are those of the samples."""
    objective: Objective = Field(default_factory=Objective)
    """What it learns to predict."""
    batch_tokens: int = Field(default=40_960, ge=1)
    """Video tokens of a step, over all workers (32 clips of 1,280; Koala-36M's batch is 32 clips, D.2)."""
    steps: int = Field(default=1000, ge=1)
    """How long."""
    tokens: int = Field(default=0, ge=0)
    """Instead of `steps`: video tokens to be seen; 0: `steps` says it."""
    lr: float = Field(default=1e-4, gt=0)
    """At its peak (Koala-36M, D.2)."""
    schedule: Schedule = Field(default_factory=Schedule)
    """And over the training."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Of AdamW, for matrices alone (not in the papers)."""
    betas: tuple[float, float] = (0.9, 0.95)
    """Of AdamW (not in the papers)."""
    clip: float = Field(default=1.0, gt=0)
    """The longest that a gradient may be."""
    ema: float = Field(default=0.999, ge=0, lt=1)
    """What the average of the weights keeps in a step; less in the first ones: (1 + step) / (10 + step)."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of products; the weights stay float32. auto: bfloat16 on GPUs that have it, float32 elsewhere."""
    images: float = Field(default=0.1, ge=0, lt=1)
    """Share of samples that are images: the first latents of videos, as videos of one frame."""
    seed: int = Field(default=0, ge=0)
    """Of the order, the noise and the first weights."""
    validation: Validation = Field(default_factory=Validation)
    """The validation loss."""
    guard: Guard = Field(default_factory=Guard)
    """What becomes of a step that would do harm."""
    laws: str = ""
    """Scaling laws that the validation loss is watched by: of the lake, published, a file or a URI. They change nothing of the training;
    empty: none."""
    checkpoints: Checkpoints = Field(default_factory=Checkpoints)
    """What a killed training loses at most."""
    films: Films = Field(default_factory=Films)
    """What the page shows."""
    work: TrainingWork = Field(default_factory=TrainingWork)
    """Who does it."""
