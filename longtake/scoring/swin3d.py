"""Video Swin Transformer (Liu et al. 2022, arXiv 2106.13230), with FAST-VQA's gated relative position bias.

Tokens attend to those of their window in space and time. Every other block shifts the windows by half their size, and
merging halves rows and columns from stage to stage.

Legend: B clips, T Y X frames, rows and columns (of tokens, where they are tokens), C channels, W windows of a clip,
N tokens of a window, G heads, D channels of a head, P places that one token can have relative to another.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from longtake.scoring.architecture import DynamicBranch
from longtake.scoring.stochastic_depth import StochasticDepth, rates_of_blocks

MLP_RATIO = 4
"""Hidden channels of a block's MLP for each of its channels (Video Swin, section 4)."""
INIT_SD = 0.02
"""Of weights and position biases, normal (Swin; its truncation lies 100 standard deviations out)."""

Size = tuple[int, ...]
"""Along time, rows and columns."""


class Swin3D(nn.Module):
    """Frames [B, 3, T, Y, X] to features [B, T', Y', X', width], the classifier left out."""

    def __init__(self, branch: DynamicBranch) -> None:
        super().__init__()
        widths = [branch.width * 2**stage for stage in range(len(branch.depths))]
        rates = rates_of_blocks(branch.drop_path, branch.depths)
        self.width = widths[-1]
        self.embedding = PatchEmbedding(branch.token_TYX, widths[0])
        self.merges = nn.ModuleList(PatchMerging(before) for before, _ in pairwise(widths))
        self.stages = nn.ModuleList()
        for stage, (width, heads) in enumerate(zip(widths, branch.heads, strict=True)):
            fragments = Fragments(branch.patch_px, tuple(px * 2**stage for px in branch.token_TYX[1:]))
            gate = fragments if stage < branch.gated_stages else None
            half = tuple(side // 2 for side in branch.window_TYX)
            blocks = [
                Block(width, heads, branch.window_TYX, half if block % 2 else (0, 0, 0), gate, rate)
                for block, rate in enumerate(rates[stage])
            ]
            self.stages.append(nn.Sequential(*blocks))
        self.norm = nn.LayerNorm(self.width)
        self.apply(_initialise)

    def forward(self, frames_B3TYX: Tensor) -> Tensor:
        """Normalised pixels in; sizes that tokens or windows do not divide are filled up with zeros."""
        tokens_BTYXC = self.stages[0](self.embedding(frames_B3TYX))
        for merge, stage in zip(self.merges, self.stages[1:], strict=True):
            tokens_BTYXC = stage(merge(tokens_BTYXC))
        features_BTYXC: Tensor = self.norm(tokens_BTYXC)
        return features_BTYXC


class Fragments(NamedTuple):
    """Where the patches lie that the frames were put together from."""

    patch_px: int
    step_px: Size
    """Pixels from a token to the next, along rows and columns."""


class PatchEmbedding(nn.Module):
    """A 3D convolution whose kernel is its stride, then a norm: each box of pixels becomes a token."""

    def __init__(self, token: tuple[int, int, int], width: int) -> None:
        super().__init__()
        self.token = token
        self.map = nn.Conv3d(3, width, token, stride=token)
        self.norm = nn.LayerNorm(width)

    def forward(self, frames_B3TYX: Tensor) -> Tensor:
        """[B, 3, T, Y, X] to [B, T', Y', X', C]."""
        beyond = [-size % token for size, token in zip(frames_B3TYX.shape[2:], self.token, strict=True)]
        if any(beyond):
            frames_B3TYX = F.pad(frames_B3TYX, (0, beyond[2], 0, beyond[1], 0, beyond[0]))
        tokens_BTYXC: Tensor = self.norm(self.map(frames_B3TYX).permute(0, 2, 3, 4, 1))
        return tokens_BTYXC


class PatchMerging(nn.Module):
    """2 x 2 neighbours in space become one token of twice the channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.map = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, tokens_BTYXC: Tensor) -> Tensor:
        """[B, T, Y, X, C] to [B, T, Y/2, X/2, 2C], rounded up."""
        rows, columns = tokens_BTYXC.shape[2:4]
        tokens_BTYXC = F.pad(tokens_BTYXC, (0, 0, 0, columns % 2, 0, rows % 2))
        corners = [tokens_BTYXC[:, :, y::2, x::2] for x in (0, 1) for y in (0, 1)]
        merged_BTYXC: Tensor = self.map(self.norm(torch.cat(corners, -1)))
        return merged_BTYXC


class Block(nn.Module):
    """Attention in windows and an MLP, each on the normalised tokens and added to them."""

    def __init__(
        self, width: int, heads: int, window: Size, shift: Size, fragments: Fragments | None, drop_rate: float
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, window, shift, fragments)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, MLP_RATIO * width), nn.GELU(), nn.Linear(MLP_RATIO * width, width))
        self.drop = StochasticDepth(drop_rate)

    def forward(self, tokens_BTYXC: Tensor) -> Tensor:
        """Keeps the shape."""
        tokens_BTYXC = tokens_BTYXC + self.drop(self.attention(self.norm1(tokens_BTYXC)))
        mixed_BTYXC: Tensor = tokens_BTYXC + self.drop(self.mlp(self.norm2(tokens_BTYXC)))
        return mixed_BTYXC


class WindowAttention(nn.Module):
    """Self-attention within windows, with a learned bias for each head and place of one token relative to another.

    Gated (FAST-VQA, Wu et al. 2022): in frames that are put together from patches, tokens of two patches lie side by side
    that were far apart in the picture, so that their distance means something else. One table serves pairs within a
    patch, another pairs across patches. Here both tables start at random; a patch is one place in space for all frames
    of a segment, as its pixels are, and a token on the border of two (where tokens do not divide a patch) is of the
    patch in which it begins.
    """

    def __init__(self, width: int, heads: int, window: Size, shift: Size, fragments: Fragments | None) -> None:
        super().__init__()
        self.heads, self.window, self.shift, self.fragments = heads, window, shift, fragments
        places = (2 * window[0] - 1) * (2 * window[1] - 1) * (2 * window[2] - 1)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias_PG = nn.Parameter(torch.empty(places, heads))
        self.across_bias_PG = nn.Parameter(torch.empty(places, heads)) if fragments else None

    def forward(self, tokens_BTYXC: Tensor) -> Tensor:
        """Keeps the shape."""
        layout = lay_out(tuple(tokens_BTYXC.shape[1:4]), self.window, self.shift, self.fragments, tokens_BTYXC.device)
        windows_BWNC = layout.partition(tokens_BTYXC)
        batch, windows, tokens, width = windows_BWNC.shape
        # Windows stand beside heads: a bias for each window then serves all clips of the batch.
        qkv = self.qkv(windows_BWNC).unflatten(-1, (3, self.heads, width // self.heads))
        q, k, v = qkv.permute(3, 0, 1, 4, 2, 5).flatten(2, 3).unbind()  # each [B, WG, N, D]
        bias_1WGNN = self._bias(layout).expand(windows, -1, -1, -1).flatten(0, 1)[None]
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=bias_1WGNN.to(q.dtype))
        seen_BWNC = seen.unflatten(1, (windows, self.heads)).transpose(2, 3).reshape(batch, windows, tokens, width)
        return layout.reverse(self.out(seen_BWNC))

    def _bias(self, layout: "Layout") -> Tensor:
        """[W, G, N, N], or [1, G, N, N] where it is the same for all windows."""
        bias_WGNN = _look_up(self.bias_PG, layout.place_NN)[None]
        if self.across_bias_PG is not None and layout.same_patch_WNN is not None:
            across_1GNN = _look_up(self.across_bias_PG, layout.place_NN)[None]
            bias_WGNN = torch.where(layout.same_patch_WNN[:, None], bias_WGNN, across_1GNN)
        if layout.apart_WNN is not None:
            bias_WGNN = bias_WGNN.masked_fill(layout.apart_WNN[:, None], float("-inf"))
        return bias_WGNN


class Layout(NamedTuple):
    """How tokens of one size are cut into windows, and how those of a window lie to each other."""

    size: Size
    padded: Size
    window: Size
    shift: Size
    place_NN: Tensor
    """Row of the bias table for each pair."""
    apart_WNN: Tensor | None
    """Pairs that meet only because the shift wraps around the clip's border, or because of padding. None: there are none."""
    same_patch_WNN: Tensor | None
    """Pairs within a patch. None: nothing is gated."""

    def partition(self, tokens_BTYXC: Tensor) -> Tensor:
        """[B, T, Y, X, C] to windows [B, W, N, C]."""
        t, y, x = (padded - size for padded, size in zip(self.padded, self.size, strict=True))
        if t or y or x:
            tokens_BTYXC = F.pad(tokens_BTYXC, (0, 0, 0, x, 0, y, 0, t))
        if any(self.shift):
            tokens_BTYXC = tokens_BTYXC.roll([-shift for shift in self.shift], (1, 2, 3))
        t, y, x = self.window
        boxes = tokens_BTYXC.unflatten(3, (-1, x)).unflatten(2, (-1, y)).unflatten(1, (-1, t))  # B T t Y y X x C
        return boxes.permute(0, 1, 3, 5, 2, 4, 6, 7).flatten(4, 6).flatten(1, 3)

    def reverse(self, windows_BWNC: Tensor) -> Tensor:
        """What `partition` was given, from what it gave."""
        counts = [padded // window for padded, window in zip(self.padded, self.window, strict=True)]
        boxes = windows_BWNC.unflatten(2, self.window).unflatten(1, counts)  # B T Y X t y x C
        tokens_BTYXC = boxes.permute(0, 1, 4, 2, 5, 3, 6, 7).flatten(5, 6).flatten(3, 4).flatten(1, 2)
        if any(self.shift):
            tokens_BTYXC = tokens_BTYXC.roll(self.shift, (1, 2, 3))
        frames, rows, columns = self.size
        return tokens_BTYXC[:, :frames, :rows, :columns]


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is kept may be asked for first by a prediction, and then serve training
def lay_out(size: Size, window: Size, shift: Size, fragments: Fragments | None, device: torch.device) -> Layout:
    """The layout for tokens of `size`. A window larger than that is clipped to it, and not shifted there (Swin)."""
    clipped = tuple(min(axis) for axis in zip(window, size, strict=True))
    moved = tuple(0 if length <= side else by for length, side, by in zip(size, window, shift, strict=True))
    padded = tuple(length + -length % side for length, side in zip(size, clipped, strict=True))
    places = _places(clipped, window).to(device)
    whole = Layout(padded, padded, clipped, moved, places, None, None)

    axes = [torch.arange(length, device="cpu") for length in padded]
    carried_1TYX3 = _grid(*(axis < by for axis, by in zip(axes, moved, strict=True)))  # around the border, by the shift
    beyond_1TYX3 = _grid(*(axis >= length for axis, length in zip(axes, size, strict=True)))
    side_1TYX4 = torch.cat([carried_1TYX3, beyond_1TYX3.any(-1, keepdim=True)], -1)
    apart_WNN = ~_equal_pairs(whole.partition(side_1TYX4)[0])

    same_patch_WNN = None
    if fragments:
        begins_px = (axis * px for axis, px in zip(axes[1:], fragments.step_px, strict=True))
        patch_1TYX3 = _grid(torch.zeros_like(axes[0]), *(begin_px // fragments.patch_px for begin_px in begins_px))
        same_patch_WNN = _equal_pairs(whole.partition(patch_1TYX3)[0]).to(device)
    return Layout(
        size, padded, clipped, moved, places, apart_WNN.to(device) if apart_WNN.any() else None, same_patch_WNN
    )


def _grid(*axes: Tensor) -> Tensor:
    """[1, T, Y, X, 3]: of each token, what the three axes say of its frame, row and column."""
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)[None]


def _places(clipped: Size, window: Size) -> Tensor:
    """Rows [N, N] of a bias table made for `window`, for the pairs of a window that was clipped."""
    tokens_N3 = torch.cartesian_prod(*(torch.arange(side, device="cpu") for side in clipped))
    apart_NN3 = tokens_N3[:, None] - tokens_N3 + torch.tensor(window, device="cpu") - 1
    spans = [2 * side - 1 for side in window]
    return (apart_NN3[..., 0] * spans[1] + apart_NN3[..., 1]) * spans[2] + apart_NN3[..., 2]


def _equal_pairs(values_WNC: Tensor) -> Tensor:
    """[W, N, N]: whether two tokens of a window have the same values."""
    return (values_WNC[:, :, None] == values_WNC[:, None]).all(-1)


def _look_up(bias_PG: Tensor, place_NN: Tensor) -> Tensor:
    """[G, N, N]."""
    return bias_PG.t().index_select(1, place_NN.flatten()).unflatten(1, place_NN.shape)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=INIT_SD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, WindowAttention):
        nn.init.normal_(module.bias_PG, std=INIT_SD)
        if module.across_bias_PG is not None:
            nn.init.normal_(module.across_bias_PG, std=INIT_SD)
