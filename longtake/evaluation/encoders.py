"""What makes features of frames: an argument of every number of similarity, and named beside it.

Legend: N frames, H W rows and columns, 3 channels: blue, green, red, uint8; E width of features.
"""

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

BATCH = 16
"""Frames that a network reads at once."""


class Encoder(Protocol):
    """Frames to a feature each, of any length."""

    @property
    def name(self) -> str: ...

    def __call__(self, frames_NHW3: NDArray[np.uint8]) -> NDArray[np.floating]:
        """features_NE."""


def number_name(encoder_name: str) -> str:
    """What a number of similarity is called wherever it is shown; never VBench's, whose encoders and sampling these are not."""
    return f"feature similarity ({encoder_name})"


class RandomEncoder:
    """Untrained weights: two layers on a small picture. It proves mechanics, and says nothing of what people see."""

    name = "random encoder"
    side_px, hidden, width = 16, 256, 64

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._first = rng.normal(size=(3 * self.side_px**2, self.hidden)) / np.sqrt(3 * self.side_px**2)
        self._second = rng.normal(size=(self.hidden, self.width)) / np.sqrt(self.hidden)

    def __call__(self, frames_NHW3: NDArray[np.uint8]) -> NDArray[np.floating]:
        pixels_NHW3 = squares(frames_NHW3, self.side_px).astype(np.float64) / 127.5 - 1
        hidden: NDArray[np.floating] = np.maximum(pixels_NHW3.reshape(len(frames_NHW3), -1) @ self._first, 0)
        features_NE: NDArray[np.floating] = hidden @ self._second
        return features_NE


def squares(frames_NHW3: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Whole frames squeezed into squares: nothing at the sides is left out."""
    shrinks = min(frames_NHW3.shape[1:3]) > side_px
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.stack([cv2.resize(frame_HW3, (side_px, side_px), interpolation=how) for frame_HW3 in frames_NHW3]).astype(
        np.uint8
    )
