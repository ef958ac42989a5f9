"""The model's shape and what it is trained for: one dial, the depth; all else has a default with its reason."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.errors import UserError

ALGORITHM_VERSION = 1
"""Raise it whenever the same samples and config would give another model."""

TEXT_STEP = 16
"""Texts are padded to a multiple of this: few shapes for a compiler, aligned rows for masked attention."""

Condition = Literal["motion", "aesthetic", "clarity", "vtss"]
"""Metrics of the table `scores` that a model can be conditioned on (Koala-36M, D.1: "such as")."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DiTConfig:
    """A video diffusion transformer. `DiTConfig(depth=L)` is the scaling paper's family member: N = 16 L d^2, d = 128 L."""

    depth: int = Field(default=4, ge=1, le=128)
    """Blocks."""
    width_per_layer: int = Field(default=128, ge=2, multiple_of=2)
    """The width is depth times this (128 reproduces the paper's six sizes; 64: the thin family for processors)."""
    head_width: int = Field(default=64, ge=2, multiple_of=2)
    """Of an attention head (not in the paper); a width that it does not divide takes the largest even divisor below it."""
    mlp_ratio: float = Field(default=4.0, gt=0)
    """Hidden width of a block's MLP by its width (4 in N = 16 L d^2)."""
    patch_t: int = Field(default=1, ge=1)
    """Latents of a token in time ..."""
    patch_px: int = Field(default=2, ge=1)
    """... and in height and width (1 x 2 x 2: 1,280 tokens of a clip, the scaling paper's note A)."""
    channels: int = Field(default=16, ge=1)
    """Of the latents; a training takes those of its samples."""
    text_width: int = Field(default=384, ge=1)
    """Of the text embeddings; a training takes that of its samples."""
    conditions: tuple[Condition, ...] = ("motion", "aesthetic", "clarity", "vtss")
    """Metrics that reach the blocks as the timestep does (Koala-36M, D.1). Those that no sample has are learned as unknown."""
    frequency_width: int = Field(default=256, ge=2, multiple_of=2)
    """Of the sinusoids of timestep and metrics (DiT; Koala-36M gives none)."""
    rope_base: float = Field(default=10_000.0, gt=1)
    """Of the rotary embedding in time, height and width."""
    qk_norm: bool = True
    """RMS norm of queries and keys, head by head."""

    @property
    def width(self) -> int:
        """d."""
        return self.depth * self.width_per_layer

    @property
    def head(self) -> int:
        """Width of a head: the largest even one that divides d and is at most `head_width`."""
        return max(e for e in range(2, self.head_width + 1, 2) if self.width % e == 0)

    @property
    def heads(self) -> int:
        return self.width // self.head

    @property
    def hidden(self) -> int:
        """Width between the two layers of a block's MLP."""
        return round(self.mlp_ratio * self.width)

    @property
    def patch_values(self) -> int:
        """Numbers that become one token."""
        return self.channels * self.patch_t * self.patch_px**2

    def grid(self, shape_thw: Sequence[int]) -> tuple[int, int, int]:
        """Tokens in time, height and width of latents of this shape. Raises UserError where patches do not divide them."""
        patch = (self.patch_t, self.patch_px, self.patch_px)
        if any(size % side for size, side in zip(shape_thw, patch, strict=True)):
            shape, sides = (" x ".join(map(str, sizes)) for sizes in (shape_thw, patch))
            raise UserError(
                f"latents of {shape} (frames x rows x columns) are not to be cut into patches of {sides}; encode clips at "
                f"another size, or train a model with other patches"
            )
        t, h, w = (size // side for size, side in zip(shape_thw, patch, strict=True))
        return t, h, w


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Objective:
    """What the model predicts, from which mixtures of data and noise."""

    kind: Literal["flow", "v", "epsilon"] = "flow"
    """flow: velocity of the straight path x_t = (1 - t) x_0 + t e; v and epsilon: the cosine schedule of DDPM, continuous in t."""
    times: Literal["uniform", "logit_normal"] = "logit_normal"
    """How t is drawn in training (Stable Diffusion 3's choice); validation takes t evenly over (0, 1)."""
    shift: float = Field(default=1.0, gt=0)
    """t -> shift t / (1 + (shift - 1) t): above 1, more noise, for more tokens; in training and in sampling."""
    text_dropout: float = Field(default=0.1, ge=0, le=1)
    """Share of samples whose text is dropped to a learned null: what guidance needs."""
    condition_dropout: float = Field(default=0.1, ge=0, le=1)
    """Of each metric on its own (F.2, 17 of the Koala-36M note)."""
    first_frame: float = Field(default=0.2, ge=0, le=1)
    """Share of videos whose first latent is given clean, at t = 0, and not learned from: the model goes on from a picture."""
