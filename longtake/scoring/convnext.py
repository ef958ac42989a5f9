"""ConvNeXt (Liu et al. 2022, arXiv 2201.03545).

Legend: B images, H W rows and columns, C channels. Tensors are [B, C, H, W] with the channels last in memory, so that
turning them to [B, H, W, C] for a norm or a linear map copies nothing.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from longtake.scoring.architecture import StaticBranch
from longtake.scoring.stochastic_depth import StochasticDepth, rates_of_blocks

STEM_PX = 4
"""Side of the patches that the stem makes one place of."""
KERNEL = 7
"""Side of the depthwise convolution."""
MLP_RATIO = 4
"""Hidden channels of a block for each of its channels."""
LAYER_SCALE = 1e-6
"""What a block's addition is multiplied with at the start, for each channel."""
NORM_EPS = 1e-6
INIT_SD = 0.02
"""Of weights, normal (the released truncation lies 100 standard deviations out)."""


class ConvNeXt(nn.Module):
    """Images [B, 3, H, W] to features [B, width]: the pooled channels, or a classifier's logits."""

    def __init__(self, branch: StaticBranch) -> None:
        super().__init__()
        first, last = branch.widths[0], branch.widths[-1]
        self.width = branch.logits or last
        self.stem = nn.Conv2d(3, first, STEM_PX, stride=STEM_PX)
        self.stem_norm = ChannelNorm(first)
        self.shrinks = nn.ModuleList(
            nn.Sequential(ChannelNorm(before), nn.Conv2d(before, after, 2, stride=2))
            for before, after in pairwise(branch.widths)
        )
        rates = rates_of_blocks(branch.drop_path, branch.depths)
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width, rate) for rate in rates_of_stage))
            for width, rates_of_stage in zip(branch.widths, rates, strict=True)
        )
        self.norm = nn.LayerNorm(last, eps=NORM_EPS)
        self.classifier = nn.Linear(last, branch.logits) if branch.logits else nn.Identity()
        self.apply(_initialise)

    def forward(self, images_B3HW: Tensor) -> Tensor:
        """Normalised pixels in."""
        places_BCHW = self.stem_norm(self.stem(images_B3HW.contiguous(memory_format=torch.channels_last)))
        places_BCHW = self.stages[0](places_BCHW)
        for shrink, stage in zip(self.shrinks, self.stages[1:], strict=True):
            places_BCHW = stage(shrink(places_BCHW))
        features_BC: Tensor = self.classifier(self.norm(places_BCHW.mean((2, 3))))
        return features_BC


class Block(nn.Module):
    """A depthwise convolution mixes places, an MLP mixes channels; what comes out is scaled and added."""

    def __init__(self, width: int, drop_rate: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width, eps=NORM_EPS)
        self.mlp = nn.Sequential(nn.Linear(width, MLP_RATIO * width), nn.GELU(), nn.Linear(MLP_RATIO * width, width))
        self.scale_C = nn.Parameter(torch.full((width,), LAYER_SCALE))
        self.drop = StochasticDepth(drop_rate)

    def forward(self, places_BCHW: Tensor) -> Tensor:
        """Keeps the shape."""
        mixed_BHWC = self.norm(self.depthwise(places_BCHW).permute(0, 2, 3, 1))
        added_BHWC = self.drop(self.scale_C * self.mlp(mixed_BHWC))
        return places_BCHW + added_BHWC.permute(0, 3, 1, 2)


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of [B, C, H, W]."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=NORM_EPS)

    def forward(self, places_BCHW: Tensor) -> Tensor:
        """Keeps the shape."""
        normed_BHWC = F.layer_norm(
            places_BCHW.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps
        )
        return normed_BHWC.permute(0, 3, 1, 2)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.normal_(module.weight, std=INIT_SD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
