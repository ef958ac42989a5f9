"""What an Owl-1 model is, and how it goes on: every choice that the paper leaves open is a field with its reason.

The letters are those of the paper's note: A formulation, B structure, C training, D inference, F.2 decisions.
"""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.dit.config import DiTConfig, Objective
from longtake.latents.config import EncodingConfig

ALGORITHM_VERSION = 2
"""Raise it whenever the same model, story and config would give another film."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SmallConfig:
    """A causal language model from scratch, with the words of its own training texts: for processors, tests and drawn worlds."""

    width: int = Field(default=128, ge=8)
    depth: int = Field(default=4, ge=1)
    heads: int = Field(default=4, ge=1)
    hidden: int = Field(default=352, ge=8)
    """Width between the layers of an MLP (8/3 of the width, as Llama's)."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LoRAConfig:
    """Low-rank adaptation of a pretrained language model."""

    rank: int = Field(default=8, ge=0)
    """8 in the paper (B.1); 0: none, the language model stays as it is."""
    alpha: float = Field(default=16.0, gt=0)
    """Not stated; twice the rank is usual."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: str = "all-linear"
    """Layers by peft's word for them, or the ends of their names between commas; not stated in the paper."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LMMConfig:
    """The causal language model that reads the film so far."""

    kind: Literal["small", "causal", "chameleon"] = "small"
    """small: from scratch; causal: any causal model of transformers, frames as embeddings of patches; chameleon: the paper's, frames as
    discrete tokens (B.1)."""
    small: SmallConfig = Field(default_factory=SmallConfig)
    model: str = ""
    """Folder, s3:// or hub name, for causal and chameleon; safetensors only."""
    lora: LoRAConfig = Field(default_factory=LoRAConfig)
    """For causal and chameleon."""
    frame_px: int = Field(default=32, ge=8, le=512)
    """Sides of a square that key frames are brought to before they become tokens."""
    patch_px: int = Field(default=8, ge=2, le=64)
    """Of a token of a frame, for small and causal: (frame_px / patch_px)^2 tokens a frame. Chameleon's own is 16: 512 px are 1,024
    tokens, of which one triplet and the image fill its context (B.1); 128 px are 64."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StateConfig:
    """The latent world state."""

    queries: int = Field(default=128, ge=1)
    """Q (B.2)."""
    hidden: int = Field(default=0, ge=0)
    """Of the projection to the decoder's width: norm, linear, GELU, linear, norm (form not given, B.2); 0: the language model's width."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DynamicsConfig:
    """The text between two clips."""

    reading: Literal["anticipate", "describe"] = "anticipate"
    """Which clip d_t tells of: the next one (reading B of C.4, the default: only so does a user's text steer what follows), or its own."""
    tokens: int = Field(default=64, ge=1, le=512)
    """Longest text (F.2, 15)."""
    top_p: float = Field(default=0.0, ge=0, le=1)
    """Of sampling; 0: greedy."""
    repetition_penalty: float = Field(default=1.1, ge=1)
    """Against the repetition that the paper admits (F.2, 15)."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ContextConfig:
    """What the language model still sees of a long film: the image and the prompt always, and the newest triplets."""

    triplets: int = Field(default=8, ge=1)
    """Kept at least, where there are so many."""
    slack: int = Field(default=8, ge=1)
    """So many more may gather before the oldest are dropped and the rest is read anew: reading costs once in `slack` clips."""
    dropped: Literal["forgotten", "told"] = "forgotten"
    """told: the dynamics of dropped clips stay, as text behind the prompt, the newest `told_tokens` of it."""
    told_tokens: int = Field(default=256, ge=1)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class FilmConfig:
    """The film decoder: which video model, and what its clips are. One number of frames and one rate, learned and filmed (F.2, 10)."""

    kind: Literal["dit", "diffusers"] = "dit"
    """dit: our transformer; diffusers: a pipeline of Wan, LTX-Video or CogVideoX, by `model`."""
    model: str = ""
    """Folder of a pipeline of diffusers."""
    dit: DiTConfig = Field(default_factory=DiTConfig)
    """Our transformer's shape; its channels and the width of what it reads are those of `encoding`."""
    objective: Objective = Field(default_factory=lambda: Objective(text_dropout=0.1, first_frame=0.9))
    """Of our transformer: states are withheld as its texts were, the picture beside new scenes in one clip of ten (F.2, 8)."""
    frames: int = Field(default=17, ge=2)
    """Of a clip; the first repeats the last of the clip before."""
    fps: float = Field(default=8.0, gt=0)
    """Two seconds a clip, as the paper's at inference (D)."""
    height: int = Field(default=256, ge=16)
    """Pixels."""
    width: int = Field(default=256, ge=16)
    encoding: EncodingConfig = Field(default_factory=EncodingConfig)
    """Autoencoder and text encoder; its windows say nothing here."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OwlConfig:
    """A world model but for its film decoder."""

    lmm: LMMConfig = Field(default_factory=LMMConfig)
    state: StateConfig = Field(default_factory=StateConfig)
    dynamics: DynamicsConfig = Field(default_factory=DynamicsConfig)
    context: ContextConfig = Field(default_factory=ContextConfig)
    key_frames: int = Field(default=2, ge=1)
    """Of a clip that the language model sees, evenly spread (2 in the paper, A.6)."""
    seed: int = 0
    """Of first weights."""
