"""EfficientNet-Lite0 (Tan and Le 2019, arXiv 1905.11946; the variant without squeeze-and-excitation that TensorFlow's authors
published), as it judges pictures: how strong each channel of each stage is, and how unevenly.

Its batch norms are folded into the convolutions before them: it is pretrained on ImageNet and stays as it is.

Legend: B images, H W rows and columns, C channels. Channels are last: convolutions of one place are linear maps then.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEM = 32
"""Channels of the first convolution."""


class Stage(NamedTuple):
    """Blocks of one width."""

    kernel: int
    stride: int
    """Of the first block."""
    expansion: int
    channels: int
    blocks: int


STAGES = (
    Stage(3, 1, 1, 16, 1), Stage(3, 2, 6, 24, 2), Stage(5, 2, 6, 40, 2), Stage(3, 2, 6, 80, 3), Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4), Stage(3, 1, 6, 320, 1),
)  # fmt: skip
"""The classifier after them is left out."""


class EfficientNetLite(nn.Module):
    """Images [B, 3, H, W] to each channel's mean over its places and its deviation, stage after stage: twice [B, width]."""

    def __init__(self, stages: int) -> None:
        super().__init__()
        self.stem = Convolution(3, STEM, 3, stride=2)
        self.stages = nn.ModuleList()
        before = STEM
        for stage in STAGES[:stages]:
            blocks = nn.Sequential()
            for number in range(stage.blocks):
                stride = stage.stride if number == 0 else 1
                blocks.append(Block(before, stage.channels, stage.kernel, stride, stage.expansion))
                before = stage.channels
            self.stages.append(blocks)
        self.width = sum(stage.channels for stage in STAGES[:stages])

    def forward(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pixels in."""
        places_BHWC = F.relu6(_in_places(self.stem, images_B3HW.permute(0, 2, 3, 1)), inplace=True)
        means, deviations = [], []
        for stage in self.stages:
            places_BHWC = stage(places_BHWC)
            variance_BC, mean_BC = torch.var_mean(places_BHWC.flatten(1, 2), 1, correction=0)
            means.append(mean_BC)
            deviations.append(variance_BC.sqrt())
        return torch.cat(means, 1), torch.cat(deviations, 1)


class Block(nn.Module):
    """Widen, mix places channel by channel, narrow; added to what came in where the shape stays."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        self.expand = nn.Linear(before, wide) if expansion > 1 else None
        self.depthwise = Convolution(wide, wide, kernel, stride=stride, groups=wide)
        self.project = nn.Linear(wide, after)
        self.adds = stride == 1 and before == after

    def forward(self, places_BHWC: Tensor) -> Tensor:
        """Half the rows and columns where the stride is 2."""
        wide_BHWC = places_BHWC if self.expand is None else F.relu6(self.expand(places_BHWC), inplace=True)
        mixed_BHWC = F.relu6(_in_places(self.depthwise, wide_BHWC), inplace=True)
        narrow_BHWC: Tensor = self.project(mixed_BHWC)
        return places_BHWC + narrow_BHWC if self.adds else narrow_BHWC


class Convolution(nn.Conv2d):
    """Padded as TensorFlow does, with which it was trained: of an odd row more, it lies at the end."""

    def __init__(self, before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(before, after, kernel, stride=stride, padding=padding, groups=groups)

    def forward(self, places_BCHW: Tensor) -> Tensor:
        """Rows and columns divided by the stride, rounded up."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride > 1:
            rows, columns = (
                max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in places_BCHW.shape[2:]
            )
            places_BCHW = F.pad(places_BCHW, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return super().forward(places_BCHW)


def _in_places(convolution: Convolution, places_BHWC: Tensor) -> Tensor:
    """A convolution with the channels last."""
    out_BCHW: Tensor = convolution(places_BHWC.permute(0, 3, 1, 2))
    return out_BCHW.permute(0, 2, 3, 1)
