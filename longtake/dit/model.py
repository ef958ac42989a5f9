"""The video diffusion transformer: full attention over video tokens, cross-attention to text, AdaLN from time and metrics.

The scaling paper's backbone (note A: Cross-DiT; its details are not published) with the metric conditions of Koala-36M (D.1).
A block holds 16 d^2 weights: 4 in self-attention, 4 in cross-attention, 8 in the MLP, and no biases, since AdaLN shifts
what enters. One AdaLN map serves all blocks, each of which adds a learned table (PixArt): 6 d each, not 6 d^2.

Legend: B batch, C channels, t h w latent frames, rows, columns; T H W the same in tokens, R = H W tokens of a frame, S = T R
video tokens; P values of a patch; L text tokens, D text width; d model width, m hidden width, n heads of width e. A 1 is broadcast.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from longtake.dit.conditions import TIME_SCALE, Conditions, Embedding, zeroed
from longtake.dit.config import DiTConfig
from longtake.dit.rope import Turns, rotate, turns
from longtake.errors import UserError

EPSILON = 1e-6
"""Of every norm (DiT)."""


class Around(NamedTuple):
    """What every block is told besides the tokens."""

    modulation_BT6d: Tensor
    text_BLd: Tensor
    mask_B11L: Tensor
    """True where there is text."""
    turns: Turns


class DiT(nn.Module):
    """Predicts from noisy latents what `objective.target` says, at any length and size that its patches divide."""

    def __init__(
        self, config: DiTConfig, statistics: Mapping[str, tuple[float, float]] | None = None, seed: int = 0
    ) -> None:
        """`statistics`: mean and standard deviation of each metric, of motion's after log1p. The seed draws the weights.

        Gates, what leaves cross-attention, embedded metrics and the prediction start at zero: every block is the identity.
        """
        super().__init__()
        self.config = config
        d, sinusoids, values = config.width, config.frequency_width, config.patch_values
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.patches = nn.Linear(values, d)
            self.time = Embedding(sinusoids, d, TIME_SCALE)
            self.conditions = Conditions(config.conditions, statistics or {}, sinusoids, d)
            self.modulation = zeroed(nn.Linear(d, 6 * d))
            self.text = nn.Sequential(nn.Linear(config.text_width, d), nn.GELU(), nn.Linear(d, d))
            self.no_text_d = nn.Parameter(torch.zeros(d))
            self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
            self.last_table_2d = nn.Parameter(torch.zeros(2, d))
            self.last = zeroed(nn.Linear(d, values))

    def forward(
        self,
        latents_BCthw: Tensor,
        time_Bt: Tensor,
        text_BLD: Tensor,
        text_mask_BL: Tensor,
        conditions: Mapping[str, Tensor],
    ) -> Tensor:
        """prediction_BCthw. `time_Bt`: 0 (clean) to 1 (noise), of each latent frame; a row of the mask without True has no text.

        Metrics are in the units of `scores`, NaN or left out where unknown. Raises UserError for shapes that do not fit.
        """
        self.check(latents_BCthw, text_BLD)
        grid_THW = self.config.grid(latents_BCthw.shape[2:])
        x_BTRd = self.patches(to_patches(latents_BCthw, self.config))
        time_BT = time_Bt.unflatten(1, (grid_THW[0], -1)).mean(2)  # latents that share a patch: their mean time
        c_BTd = self.conditions(self.time(time_BT), conditions)
        around = Around(
            self.modulation(F.silu(c_BTd)).unflatten(2, (6, -1)),
            *self.read(text_BLD, text_mask_BL),
            turns(grid_THW, self.config.head, self.config.rope_base, latents_BCthw.device),
        )
        for block in self.blocks:
            x_BTRd = block(x_BTRd, around)
        shift_BT1d, scale_BT1d = (self.last_table_2d + c_BTd[:, :, None]).split(1, 2)
        values_BTRP = self.last(modulate(norm(x_BTRd), shift_BT1d, scale_BT1d))
        return from_patches(values_BTRP, grid_THW, self.config)

    def read(self, text_BLD: Tensor, text_mask_BL: Tensor) -> tuple[Tensor, Tensor]:
        """Text as the blocks attend to it, text_BLd and mask_B11L; where there is none, to one learned token."""
        none_B1 = ~text_mask_BL.any(1, keepdim=True)
        first_L = torch.arange(text_BLD.shape[1], device=text_BLD.device) == 0
        text_BLd = torch.where(none_B1[..., None], self.no_text_d, self.text(text_BLD))
        return text_BLd, (text_mask_BL | (none_B1 & first_L))[:, None, None]

    def check(self, latents_BCthw: Tensor, text_BLD: Tensor) -> None:
        """Raises UserError for latents or texts that another model was made for."""
        for what, got, expected in (
            ("latents have {} channels", latents_BCthw.shape[1], self.config.channels),
            ("text embeddings have a width of {}", text_BLD.shape[2], self.config.text_width),
        ):
            if got != expected:
                raise UserError(
                    f"the {what.format(got)} and the model takes {expected}; use samples that were encoded as the model's were"
                )


class Block(nn.Module):
    """Self-attention, cross-attention to text, MLP; time and metrics say how the first and the last are scaled, shifted, gated."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        d, m = config.width, config.hidden
        self.attention = SelfAttention(config)
        self.cross = CrossAttention(config)
        self.mlp = nn.Sequential(nn.Linear(d, m, bias=False), nn.GELU(), nn.Linear(m, d, bias=False))
        self.table_6d = nn.Parameter(torch.zeros(6, d))

    def forward(self, x_BTRd: Tensor, around: Around) -> Tensor:
        table_BT6d = self.table_6d + around.modulation_BT6d
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = table_BT6d.split(1, 2)  # each [B, T, 1, d]
        x_BTRd = torch.addcmul(x_BTRd, gate, self.attention(modulate(norm(x_BTRd), shift, scale), around.turns))
        x_BTRd = x_BTRd + self.cross(norm(x_BTRd), around.text_BLd, around.mask_B11L)
        return torch.addcmul(x_BTRd, mlp_gate, self.mlp(modulate(norm(x_BTRd), mlp_shift, mlp_scale)))


class SelfAttention(nn.Module):
    """Every video token attends to all others; rotary places, normalised queries and keys."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        d, self.heads = config.width, config.heads
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.q_norm, self.k_norm = head_norms(config)
        self.out = nn.Linear(d, d, bias=False)

    def forward(self, x_BTRd: Tensor, turns: Turns) -> Tensor:
        qkv_BS3ne = self.qkv(x_BTRd).flatten(1, 2).unflatten(2, (3, self.heads, -1))
        q_BSne, k_BSne, v_BSne = qkv_BS3ne.unbind(2)
        q_BSne, k_BSne = rotate(self.q_norm(q_BSne), turns), rotate(self.k_norm(k_BSne), turns)
        return self.out(attend(q_BSne, k_BSne, v_BSne, None).view_as(x_BTRd))


class CrossAttention(nn.Module):
    """Every video token attends to the text."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        d, self.heads = config.width, config.heads
        self.q = nn.Linear(d, d, bias=False)
        self.kv = nn.Linear(d, 2 * d, bias=False)
        self.q_norm, self.k_norm = head_norms(config)
        self.out = zeroed(nn.Linear(d, d, bias=False))

    def forward(self, x_BTRd: Tensor, text_BLd: Tensor, mask_B11L: Tensor) -> Tensor:
        q_BSne = self.q_norm(self.q(x_BTRd).flatten(1, 2).unflatten(2, (self.heads, -1)))
        k_BLne, v_BLne = self.kv(text_BLd).unflatten(2, (2, self.heads, -1)).unbind(2)
        return self.out(attend(q_BSne, self.k_norm(k_BLne), v_BLne, mask_B11L).view_as(x_BTRd))


class HeadNorm(nn.Module):
    """Root mean square norm of each head's queries or keys, with a learned scale."""

    def __init__(self, head_width: int) -> None:
        super().__init__()
        self.norm_e = nn.Parameter(torch.ones(head_width))

    def forward(self, x_BSne: Tensor) -> Tensor:
        return F.rms_norm(x_BSne, self.norm_e.shape, self.norm_e.type_as(x_BSne), EPSILON)


def head_norms(config: DiTConfig) -> tuple[nn.Module, nn.Module]:
    """Of queries and of keys."""
    return (HeadNorm(config.head), HeadNorm(config.head)) if config.qk_norm else (nn.Identity(), nn.Identity())


def attend(q_BSne: Tensor, k_BLne: Tensor, v_BLne: Tensor, mask_B11L: Tensor | None) -> Tensor:
    """softmax(q k / sqrt(e)) v, head by head, [B, S, n e]."""
    q_BnSe, k_BnLe, v_BnLe = (each.transpose(1, 2) for each in (q_BSne, k_BLne, v_BLne))
    return F.scaled_dot_product_attention(q_BnSe, k_BnLe, v_BnLe, attn_mask=mask_B11L).transpose(1, 2).flatten(2)


def norm(x_BTRd: Tensor) -> Tensor:
    """Layer norm without weights: AdaLN has them."""
    return F.layer_norm(x_BTRd, x_BTRd.shape[-1:], eps=EPSILON)


def modulate(x_BTRd: Tensor, shift_BT1d: Tensor, scale_BT1d: Tensor) -> Tensor:
    """AdaLN: each frame's tokens are scaled and shifted as its time and the metrics say."""
    return torch.addcmul(shift_BT1d, x_BTRd, 1 + scale_BT1d)


def to_patches(latents_BCthw: Tensor, config: DiTConfig) -> Tensor:
    """values_BTRP: tokens in the order of time, rows, columns; values in that of channels, time, rows, columns."""
    p, q = config.patch_t, config.patch_px
    split_BCTpHqWq = latents_BCthw.unflatten(4, (-1, q)).unflatten(3, (-1, q)).unflatten(2, (-1, p))
    return split_BCTpHqWq.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4).flatten(2, 3)


def from_patches(values_BTRP: Tensor, grid_THW: tuple[int, int, int], config: DiTConfig) -> Tensor:
    """latents_BCthw: what `to_patches` has taken apart."""
    p, q = config.patch_t, config.patch_px
    split_BTHWCpqq = values_BTRP.unflatten(3, (-1, p, q, q)).unflatten(2, grid_THW[1:])
    return split_BTHWCpqq.permute(0, 4, 1, 5, 2, 6, 3, 7).flatten(6, 7).flatten(4, 5).flatten(2, 3)
