"""Frames become what a vision tower takes, with torch alone.

Legend: N frames, H, W rows and columns, 3 channels, P patches, D numbers of one patch. Frames come as uint8 [N, H, W, 3], blue,
green, red; pictures are [N, 3, H, W], uint8 in that order until they are normalised, then float32 in red, green, blue.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from longtake.errors import UserError

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of CLIP's own training pictures (its released preprocessing)."""
HALF = (0.5, 0.5, 0.5)
"""SigLIP's mean and deviation: pictures from -1 to 1."""
FILTERS = {1: "bicubic", 2: "bilinear", 3: "bicubic"}
"""By Pillow's number, as `resample` has it. 1 is Lanczos, which torch has not; bicubic is what transformers takes in its place as well."""
STEEPEST = 200
"""Of one side to the other, at most (Qwen2-VL)."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How pictures are prepared once they have their size."""

    filter: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


def to_pictures(frames_NHW3: np.ndarray) -> Tensor:
    """uint8 [N, 3, H, W], the same memory: channels that lie together are resized fastest."""
    return torch.from_numpy(np.ascontiguousarray(frames_NHW3)).permute(0, 3, 1, 2)


def resize(pictures_N3HW: Tensor, height: int, width: int, filter: str) -> Tensor:
    """Anti-aliased, in uint8, as Pillow does it."""
    if pictures_N3HW.shape[2:] == (height, width):
        return pictures_N3HW
    return interpolate(pictures_N3HW, (height, width), mode=filter, antialias=True)


def fit_short_side(height: int, width: int, size_px: int) -> tuple[int, int]:
    """Size at which the shorter side is `size_px` and the shape stays."""
    if height <= width:
        return size_px, int(size_px * width / height)
    return int(size_px * height / width), size_px


def crop_centre(pictures_N3HW: Tensor, height: int, width: int) -> Tensor:
    """Black where the picture is smaller."""
    above, left = (pictures_N3HW.shape[2] - height) // 2, (pictures_N3HW.shape[3] - width) // 2
    if above < 0 or left < 0:
        below, right = height - pictures_N3HW.shape[2] + above, width - pictures_N3HW.shape[3] + left
        pictures_N3HW = pad(pictures_N3HW, (max(-left, 0), max(right, 0), max(-above, 0), max(below, 0)))
        above, left = max(above, 0), max(left, 0)
    return pictures_N3HW[:, :, above : above + height, left : left + width]


def pad_to_square(pictures_N3HW: Tensor, colour: tuple[float, ...]) -> Tensor:
    """The shorter side is filled up on both ends with a colour: red, green, blue from 0 to 1."""
    N, _, H, W = pictures_N3HW.shape
    side = max(H, W)
    square = (torch.tensor(colour[::-1]) * 255).to(torch.uint8).view(1, 3, 1, 1).repeat(N, 1, side, side)
    above, left = (side - H) // 2, (side - W) // 2
    square[:, :, above : above + H, left : left + W] = pictures_N3HW
    return square


def normalise(pictures_N3HW: Tensor, look: Look, device: torch.device) -> Tensor:
    """float32 on the device: each channel less its mean, by its deviation."""
    pictures_N3HW = pictures_N3HW.to(device)
    normal_N3HW = torch.empty(pictures_N3HW.shape, device=device)
    for channel, (mean, std) in enumerate(zip(look.mean, look.std, strict=True)):
        normal_N3HW[:, channel].copy_(pictures_N3HW[:, 2 - channel]).sub_(mean * 255).mul_(1 / (std * 255))
    return normal_N3HW


def fit_pixels(height: int, width: int, factor: int, pixels_min: int, pixels_max: int) -> tuple[int, int]:
    """Sides that are multiples of `factor`, with an area within the bounds and nearly the same shape (Qwen2-VL).

    Raises UserError for a picture that is far too long.
    """
    if max(height, width) > STEEPEST * min(height, width):
        raise UserError(
            f"a frame of {width} x {height} pixels; this model takes none with one side over {STEEPEST} times the other"
        )
    fitted_h, fitted_w = round(height / factor) * factor, round(width / factor) * factor
    if fitted_h * fitted_w > pixels_max:
        shrink = math.sqrt(height * width / pixels_max)
        fitted_h = max(factor, math.floor(height / shrink / factor) * factor)
        fitted_w = max(factor, math.floor(width / shrink / factor) * factor)
    elif fitted_h * fitted_w < pixels_min:
        grow = math.sqrt(pixels_min / (height * width))
        fitted_h, fitted_w = math.ceil(height * grow / factor) * factor, math.ceil(width * grow / factor) * factor
    return fitted_h, fitted_w


def patchify(pictures_N3HW: Tensor, patch: int, merge: int, together: int) -> tuple[Tensor, tuple[int, int, int]]:
    """Patches [P, D] of `together` frames each, those that are merged side by side, and the grid (time, rows, columns) (Qwen2-VL).

    The last frame is repeated where the number of frames is no multiple of `together`.
    """
    if missing := -len(pictures_N3HW) % together:
        pictures_N3HW = torch.cat([pictures_N3HW, pictures_N3HW[-1:].expand(missing, -1, -1, -1)])
    N, C, H, W = pictures_N3HW.shape
    grid = N // together, H // patch, W // patch
    blocks = pictures_N3HW.reshape(
        grid[0], together, C, grid[1] // merge, merge, patch, grid[2] // merge, merge, patch
    ).permute(0, 3, 6, 4, 7, 2, 1, 5, 8)  # time, rows, columns, row and column within a merge, channel, frame, y, x
    return blocks.reshape(math.prod(grid), C * together * patch * patch), grid
