"""What a defect is put into, and how strong it is.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Scene:
    """A stretch of one shot, and another shot for what needs two."""

    frames_NHW3: Frames
    read_other: Callable[[], Frames]
    """Gives another place [N, H, W, 3], in the same size and number; only some defects need it."""
    fps: float
    rng: np.random.Generator
    """What is random in the defect: its places and moments, never how bad it is. Equal for all steps of a ladder."""

    @property
    def count(self) -> int:
        return len(self.frames_NHW3)

    @property
    def height(self) -> int:
        return self.frames_NHW3.shape[1]

    @property
    def width(self) -> int:
        return self.frames_NHW3.shape[2]


Defect = Callable[[Scene, float], Frames]
"""Puts the defect into a scene: severity above 0 (just visible) to 1 (useless for training)."""


def between(first: float, last: float, severity: float) -> float:
    """From `first` at severity 0 to `last` at 1."""
    return first + (last - first) * severity


def between_powers(first: float, last: float, severity: float) -> float:
    """The same in equal ratios, for what the eye takes by ratio; both are above 0."""
    return float(first * (last / first) ** severity)


def levels(values: NDArray[np.floating]) -> Frames:
    """Rounded and clipped to 0..255."""
    return np.rint(values).clip(0, 255).astype(np.uint8)
