"""EfficientNet-Lite0 of ImageNet as an encoder: the packaged network up to its classes, 1280 numbers a frame.

Legend: N frames, H W rows and columns, 3 channels: blue, green, red; E 1280.
"""

import numpy as np
from numpy.typing import NDArray

from longtake.evaluation.encoders import BATCH, squares
from longtake.scoring.imagenet import SIZE_PX, ImageNet


class ImageNetEncoder:
    """Raises ModuleNotFoundError without the extra `captioning`, UserError for other weights than the published."""

    name = "efficientnet-lite0, ImageNet"

    def __init__(self, device: str = "cpu") -> None:
        self._network = ImageNet(device=device)

    def __call__(self, frames_NHW3: NDArray[np.uint8]) -> NDArray[np.floating]:
        """features_NE."""
        parts = [frames_NHW3[at : at + BATCH] for at in range(0, len(frames_NHW3), BATCH)]
        features: list[NDArray[np.floating]] = [
            self._network.features(squares(part, SIZE_PX)).cpu().numpy() for part in parts
        ]
        return np.concatenate(features)
