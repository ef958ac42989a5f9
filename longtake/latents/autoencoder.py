"""What every autoencoder does: frames to latents of zero mean and unit variance, and back.

Legend: B windows, N frames, H, W pixels, 3 channels: blue, green, red; C channels of latents, t, h, w their places in time and space.
"""

import math
from collections.abc import Sequence
from typing import Protocol, Self

import torch
from torch import Tensor

from longtake.errors import UserError

BEST_PSNR = 99.0
"""dB that is said of frames without any difference."""


class Autoencoder(Protocol):
    """Causal in time: the first frame is a latent of its own, then one for every `step_t` frames."""

    @property
    def name(self) -> str:
        """Kind and a digest of its weights: models say by which one their latents were made."""

    @property
    def channels(self) -> int: ...

    @property
    def step_t(self) -> int: ...

    @property
    def step_px(self) -> int: ...

    def encode(self, frames_BNHW3: Tensor) -> Tensor:
        """uint8 frames -> latents_BCthw, float32: zero mean and unit variance over the data it was made for, channel by channel.

        N = 1 + step_t * (t - 1); H = step_px * h; W = step_px * w. Raises UserError for other shapes.
        """

    def decode(self, latents_BCthw: Tensor) -> Tensor:
        """latents -> frames_BNHW3, uint8."""

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""


def latent_shape(autoencoder: Autoencoder, frames: int, height: int, width: int) -> tuple[int, int, int]:
    """(t, h, w) of a window's latents."""
    return 1 + (frames - 1) // autoencoder.step_t, height // autoencoder.step_px, width // autoencoder.step_px


def check_window(frames: int, height: int, width: int, *, step_t: int, step_px: int) -> None:
    """Raises UserError for a window that is no whole number of an autoencoder's steps."""
    if (frames - 1) % step_t or height % step_px or width % step_px or min(frames, height, width) < 1:
        near = [1 + step_t * max(0, round((frames - 1) / step_t))]
        near += [step_px * max(1, round(side / step_px)) for side in (height, width)]
        raise UserError(
            f"a window of {frames} frames, {height} pixels high and {width} wide, does not fit the autoencoder: frames are 1 + a "
            f"multiple of {step_t}, sides a multiple of {step_px}; give {near[0]} frames, {near[1]} high and {near[2]} wide, for example"
        )


def check_frames(autoencoder: Autoencoder, shape: Sequence[int]) -> None:
    """Raises UserError for the shape of frames that are no windows."""
    if len(shape) != 5 or shape[4] != 3:
        raise UserError(f"frames of the shape {tuple(shape)}; [windows, frames, height, width, 3] is expected")
    check_window(*shape[1:4], step_t=autoencoder.step_t, step_px=autoencoder.step_px)


def psnr(frames: Tensor, others: Tensor) -> float:
    """Peak signal-to-noise ratio of one to the other, dB; both uint8 of one shape."""
    error = (frames.float() - others.float()).square().mean().item()
    return min(BEST_PSNR, 10 * math.log10(255**2 / error)) if error else BEST_PSNR
