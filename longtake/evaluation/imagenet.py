"""EfficientNet-Lite0 of ImageNet as an encoder: the packaged network up to its classes, 1280 numbers a frame.

Legend: N frames, H W rows and columns, 3 channels: blue, green, red; C channels of the trunk, E 1280.
"""

from importlib.resources import files

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from longtake.captioning.measured.classifier import FILE, PACKAGE, SIZE_PX, fold, fold_norm, read_published
from longtake.evaluation.encoders import BATCH, squares
from longtake.scoring.efficientnet import STAGES, EfficientNetLite
from longtake.scoring.tensors import normalise
from longtake.scoring.vtss import exact


class ImageNetEncoder:
    """Raises ModuleNotFoundError without the extra `captioning`, UserError for other weights than the published."""

    name = "efficientnet-lite0, ImageNet"

    def __init__(self, device: str = "cpu") -> None:
        published = read_published((files(PACKAGE) / FILE).read_bytes())
        self._trunk = EfficientNetLite(len(STAGES)).eval()
        self._trunk.load_state_dict(fold(published))
        self._trunk.to(device)
        head = fold_norm(published, "_conv_head", "_bn1", "head")
        self._weight_EC, self._bias_E = head["head.weight"].to(device), head["head.bias"].to(device)
        self._device = device

    @torch.inference_mode()
    def __call__(self, frames_NHW3: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Mean over places of the last layer before the classes."""
        parts = [frames_NHW3[at : at + BATCH] for at in range(0, len(frames_NHW3), BATCH)]
        return np.concatenate([self._encode(part) for part in parts])

    def _encode(self, frames_NHW3: NDArray[np.uint8]) -> NDArray[np.floating]:
        pixels = normalise([squares(frames_NHW3, SIZE_PX)], self._device)
        assert pixels is not None, "there is a frame"
        with exact():
            places_NHWC = F.relu6(self._trunk.stem(pixels[0])).permute(0, 2, 3, 1)
            for stage in self._trunk.stages:
                places_NHWC = stage(places_NHWC)
            places_NHWE = F.relu6(F.linear(places_NHWC, self._weight_EC, self._bias_E))
        features_NE: NDArray[np.floating] = places_NHWE.mean((1, 2)).cpu().numpy()
        return features_NE
