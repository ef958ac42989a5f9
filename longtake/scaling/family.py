"""Models of one shape in many sizes, with what each costs on given samples: one dial, the depth."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longtake.dit import flops
from longtake.dit.config import DiTConfig
from longtake.dit.flops import Shape

Array = NDArray[np.float64]
Count = Literal["blocks", "all", "video"]
"""What N counts: the blocks' matrices (16 L d^2, the scaling paper's); every weight; or a sixth of the FLOPs of a token, which is what
6 N T takes N for."""

DEPTHS = tuple(range(1, 129))
PAPER_SHAPE: Shape = (5, 32, 32)
"""Latents of 17 frames of 256 x 256 pixels: 1,280 tokens (scaling note, A)."""


@dataclass(frozen=True)
class Family:
    """`model` at every depth, trained on samples of these shapes."""

    model: DiTConfig = field(default_factory=DiTConfig)
    shapes: Mapping[Shape, float] = field(default_factory=lambda: {PAPER_SHAPE: 1.0})
    """(t, h, w) of latents, and the share of samples that have it."""
    text_tokens: int = 0
    """Of a caption, padding among them."""

    def at(self, depth: int) -> DiTConfig:
        return replace(self.model, depth=depth)

    def params(self, depth: int, count: Count = "blocks") -> float:
        """N, as it is to be counted."""
        match count:
            case "blocks":
                return float(flops.scaling_params(self.at(depth)))
            case "all":
                return float(flops.params(self.at(depth)))
            case "video":
                return self.flops_per_token(depth) / 6

    def flops_per_token(self, depth: int) -> float:
        """Of training on one video token: all that the samples cost, by all their tokens."""
        config = self.at(depth)
        cost = sum(share * flops.train_flops(config, shape, self.text_tokens) for shape, share in self.shapes.items())
        return cost / sum(share * flops.tokens(config, shape) for shape, share in self.shapes.items())

    @property
    def sample_tokens(self) -> int:
        """Of the largest sample: batches are whole ones."""
        return max(flops.tokens(self.model, shape) for shape in self.shapes)

    def cost(self, params: Array, count: Count = "blocks") -> Array:
        """FLOPs of a token by N, between the depths too: straight between them in logarithms, and beyond them as their ends go."""
        log_params, log_cost = self._curve[count]
        wanted = np.log(np.asarray(params, np.float64))
        inside = np.interp(wanted, log_params, log_cost)
        below = np.minimum(wanted - log_params[0], 0) * _slope(log_params[:2], log_cost[:2])
        above = np.maximum(wanted - log_params[-1], 0) * _slope(log_params[-2:], log_cost[-2:])
        return np.asarray(np.exp(inside + below + above))

    def depth_near(self, params: float, count: Count = "blocks") -> int:
        """The depth whose N is nearest, in logarithms."""
        return DEPTHS[int(np.abs(self._curve[count][0] - np.log(params)).argmin())]

    @cached_property
    def _curve(self) -> dict[Count, tuple[Array, Array]]:
        log_cost = np.log([self.flops_per_token(depth) for depth in DEPTHS])
        counts: tuple[Count, ...] = ("blocks", "all", "video")
        return {count: (np.log([self.params(depth, count) for depth in DEPTHS]), log_cost) for count in counts}


def _slope(x: Array, y: Array) -> float:
    return float((y[1] - y[0]) / (x[1] - x[0]))
