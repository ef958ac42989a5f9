"""What the TSA network sees of clips, as tensors: pixels normalised, sub-metrics standardised.

Legend: B clips, S segments, T frames of a segment, K images, 3 channels (red, green, blue; in `Inputs` blue, green, red),
H W rows and columns, L sub-metrics.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longtake.records import METRICS
from longtake.scoring.checkpoint import Calibration
from longtake.scoring.inputs import Inputs

MEAN_RGB = (123.675, 116.28, 103.53)
SD_RGB = (58.395, 57.12, 57.375)
"""Of ImageNet's pixels (released config)."""
FURTHEST_SD = 5.0
"""Sub-metrics further from the mean than this are taken for this far: no clip lay there in training."""


class Tensors(NamedTuple):
    """A batch. Pixels are None where `Inputs` has none, the network having no branch for them."""

    fragments_BST3HW: Tensor | None
    images_BK3HW: Tensor | None
    labels_BL: Tensor


def to_tensors(inputs: Sequence[Inputs], calibration: Calibration, device: torch.device | str = "cpu") -> Tensors:
    """The batch, as float32 on `device`."""
    labels_BL = np.stack([clip.labels_L for clip in inputs])
    return Tensors(
        normalise([clip.fragments_STHW3 for clip in inputs], device),
        normalise([clip.images_KHW3 for clip in inputs], device),
        standardise_labels(labels_BL, calibration).to(device),
    )


def normalise(pixels: Sequence[NDArray[np.uint8]], device: torch.device | str) -> Tensor | None:
    """B arrays [..., H, W, 3] of blue, green, red to [B, ..., 3, H, W], red first."""
    if pixels[0].shape[0] == 0:
        return None
    bgr = torch.from_numpy(np.stack(pixels)).to(device)
    rgb = torch.empty((*bgr.shape[:-3], 3, *bgr.shape[-3:-1]), device=device)
    for channel, (mean, sd) in enumerate(zip(MEAN_RGB, SD_RGB, strict=True)):
        torch.sub(bgr[..., 2 - channel], mean, out=rgb.select(-3, channel)).div_(sd)
    return rgb


def standardise_labels(labels_BL: NDArray[np.float32], calibration: Calibration) -> Tensor:
    """Sub-metrics as the network reads them: in standard deviations from the mean; one that was not measured is the mean."""
    logged_L = np.isin(METRICS, calibration.log_labels)
    values_BL = np.where(logged_L, np.log1p(np.maximum(labels_BL, 0)), labels_BL)
    means_L, sds_L = np.array(calibration.label_means_L), np.array(calibration.label_sds_L)
    standard_BL = np.nan_to_num((values_BL - means_L) / sds_L, nan=0.0)
    return torch.from_numpy(standard_BL.clip(-FURTHEST_SD, FURTHEST_SD).astype(np.float32))
