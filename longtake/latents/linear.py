"""The autoencoder without weights: blocks of pixels, and their principal components over the dataset itself, in closed form.

A block is step_t frames of step_px x step_px pixels; the first frame makes blocks of its repeats, so that it stands alone.
Components are looked for among a block's lowest frequencies: all of them where it has no more than FREQUENCIES numbers.

Legend: B windows, N frames, H, W pixels, 3 channels: blue, green, red, from -1 to 1; t, h, w blocks in time and space, P blocks in a
row; D numbers of a block, K frequencies, C channels of latents.
"""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from longtake.errors import UserError
from longtake.latents.autoencoder import BEST_PSNR, check_frames
from longtake.latents.config import LinearConfig

FREQUENCIES = 1024
"""Of a block that components are made of, at most: a larger covariance takes minutes to solve."""
BLOCKS = 1024
"""Of a window that it is fitted on, drawn by the window's number; neighbours say the same."""
SMALLEST_STD = 1 / 255
"""Of a channel (half a step of a pixel's value): below it there is nothing but rounding, which is not to be blown up."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LinearAutoencoder:
    """Principal components of blocks, each divided by its standard deviation."""

    basis_CD: Tensor
    """Orthonormal rows, the one with most variance first."""
    mean_D: Tensor
    std_C: Tensor
    step_t: int
    step_px: int
    psnr: float
    """dB over the blocks that it was fitted on, before values are rounded and cut to 0 .. 255."""

    @property
    def channels(self) -> int:
        return len(self.basis_CD)

    @cached_property
    def name(self) -> str:
        content = hashlib.sha256()
        for tensor in (self.basis_CD, self.mean_D, self.std_C):
            content.update(tensor.cpu().contiguous().numpy().tobytes())
        return f"linear-{content.hexdigest()[:16]}"

    @torch.no_grad()
    def encode(self, frames_BNHW3: Tensor) -> Tensor:
        """uint8 -> latents_BCthw, float32. Raises UserError for windows that are no whole blocks."""
        check_frames(self, frames_BNHW3.shape)
        blocks_BthwD = to_blocks(frames_BNHW3.to(self.mean_D.device), self.step_t, self.step_px)
        latents_BthwC = (blocks_BthwD - self.mean_D) @ (self.basis_CD.T / self.std_C)
        return latents_BthwC.permute(0, 4, 1, 2, 3).contiguous()

    @torch.no_grad()
    def decode(self, latents_BCthw: Tensor) -> Tensor:
        """-> frames_BNHW3, uint8."""
        latents_BthwC = latents_BCthw.to(self.mean_D).permute(0, 2, 3, 4, 1)
        blocks_BthwD = latents_BthwC @ (self.basis_CD * self.std_C[:, None]) + self.mean_D
        return to_frames(blocks_BthwD, self.step_t, self.step_px)

    def to(self, device: torch.device | str) -> "LinearAutoencoder":
        return replace(
            self, basis_CD=self.basis_CD.to(device), mean_D=self.mean_D.to(device), std_C=self.std_C.to(device)
        )

    def save(self, path: Path) -> None:
        """Writes it as safetensors."""
        tensors = {"basis": self.basis_CD, "mean": self.mean_D, "std": self.std_C}
        said = {"kind": "linear", "step_t": self.step_t, "step_px": self.step_px, "psnr": self.psnr}
        path.write_bytes(
            save({name: value.cpu().contiguous() for name, value in tensors.items()}, {"longtake": json.dumps(said)})
        )


def load_linear(path: Path) -> LinearAutoencoder:
    """What `save` wrote. Raises UserError for any other file."""
    try:
        with safe_open(path, "pt") as file:
            said = json.loads((file.metadata() or {}).get("longtake", "{}"))
            if said.get("kind") != "linear":
                raise UserError(
                    f"{path} is no basis of a linear autoencoder; give a file that the step encoding fitted"
                )
            return LinearAutoencoder(
                basis_CD=file.get_tensor("basis"), mean_D=file.get_tensor("mean"), std_C=file.get_tensor("std"),
                step_t=said["step_t"], step_px=said["step_px"], psnr=said["psnr"],
            )  # fmt: skip
    except (SafetensorError, FileNotFoundError) as error:
        raise UserError(f"{path} cannot be read as a basis of a linear autoencoder: {error}; fetch it again") from None


@torch.no_grad()
def fit_linear(windows: Iterable[Tensor], config: LinearConfig) -> LinearAutoencoder:
    """Fits the autoencoder on windows (each frames_BNHW3, uint8): the best linear one for them, in the mean square of pixels.

    The same windows in the same order give the same. Raises UserError for fewer blocks or numbers of a block than channels.
    """
    step_t, step_px = config.step_t, config.step_px
    numbers = 3 * step_t * step_px**2
    frequencies_KD = lowest_frequencies(step_t, step_px, FREQUENCIES)
    if config.channels > len(frequencies_KD):
        raise UserError(
            f"{config.channels} channels are asked for of blocks of {step_t} x {step_px} x {step_px} pixels, of which at most "
            f"{len(frequencies_KD)} can be had; give fewer channels, or larger blocks"
        )
    sums_D = torch.zeros(numbers, dtype=torch.float64)
    products_KK = torch.zeros(len(frequencies_KD), len(frequencies_KD), dtype=torch.float64)
    count, squares = 0, 0.0
    for number, frames_BNHW3 in enumerate(windows):
        blocks_PD = draw_blocks(to_blocks(frames_BNHW3, step_t, step_px).reshape(-1, numbers), number)
        spectrum_PK = blocks_PD @ frequencies_KD.T
        products_KK += (spectrum_PK.T @ spectrum_PK).double()
        sums_D += blocks_PD.double().sum(0)
        squares += blocks_PD.double().square().sum().item()
        count += len(blocks_PD)
    if count < 2 * config.channels:
        raise UserError(
            f"{count} blocks are too few to fit {config.channels} channels on; give more clips, or fewer channels"
        )
    mean_D = sums_D / count
    mean_K = frequencies_KD.double() @ mean_D
    variances_K, components_KK = torch.linalg.eigh(products_KK / count - mean_K[:, None] * mean_K)
    variances_C = variances_K.flip(0)[: config.channels].clamp(min=0.0)
    components_CK = components_KK.flip(1).T[: config.channels]
    lost = max(0.0, squares / count - mean_D.square().sum().item() - variances_C.sum().item()) / numbers
    return LinearAutoencoder(
        basis_CD=_signed(components_CK @ frequencies_KD.double()).float().contiguous(), mean_D=mean_D.float(),
        std_C=variances_C.sqrt().clamp(min=SMALLEST_STD).float(), step_t=step_t, step_px=step_px,
        psnr=min(BEST_PSNR, 10 * math.log10(4 / lost)) if lost else BEST_PSNR,
    )  # fmt: skip


def to_blocks(frames_BNHW3: Tensor, step_t: int, step_px: int) -> Tensor:
    """uint8 frames as blocks_BthwD from -1 to 1, float32."""
    first_BNHW3 = frames_BNHW3[:, :1].expand(-1, step_t - 1, -1, -1, -1)
    padded_BNHW3 = torch.cat([first_BNHW3, frames_BNHW3], dim=1)
    windows, frames, height, width, _ = padded_BNHW3.shape
    t, h, w = frames // step_t, height // step_px, width // step_px
    apart = padded_BNHW3.reshape(windows, t, step_t, h, step_px, w, step_px, 3).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return apart.reshape(windows, t, h, w, -1).float().div_(127.5).sub_(1.0)


def to_frames(blocks_BthwD: Tensor, step_t: int, step_px: int) -> Tensor:
    """The inverse of `to_blocks`; the first frame is the mean of its repeats."""
    windows, t, h, w, _ = blocks_BthwD.shape
    apart = blocks_BthwD.reshape(windows, t, h, w, step_t, step_px, step_px, 3).permute(0, 1, 4, 2, 5, 3, 6, 7)
    padded_BNHW3 = apart.reshape(windows, t * step_t, h * step_px, w * step_px, 3)
    first_BNHW3 = padded_BNHW3[:, :step_t].mean(1, keepdim=True)
    values_BNHW3 = torch.cat([first_BNHW3, padded_BNHW3[:, step_t:]], dim=1)
    return values_BNHW3.add_(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def lowest_frequencies(step_t: int, step_px: int, most: int) -> Tensor:
    """frequencies_KD: the orthonormal cosine transform (DCT-II) of a block's three colours, K at most `most`, the slowest first."""
    time, side = cosines(step_t), cosines(step_px)
    waves = torch.einsum("at,by,cx->abctyx", time, side, side).reshape(-1, step_t * step_px**2)
    speeds = [
        ((a / step_t) ** 2 + (b / step_px) ** 2 + (c / step_px) ** 2, place)
        for place, (a, b, c) in enumerate(
            (a, b, c) for a in range(step_t) for b in range(step_px) for c in range(step_px)
        )
    ]
    slowest = [place for _, place in sorted(speeds)][: most // 3]
    return torch.einsum("kd,ij->kidj", waves[slowest], torch.eye(3)).reshape(3 * len(slowest), -1)


def cosines(length: int) -> Tensor:
    """The orthonormal cosine transform of so many numbers, [length, length]: one frequency a row."""
    place = torch.arange(length, dtype=torch.float64)
    rows = torch.cos(math.pi * place[:, None] * (place + 0.5) / length) * math.sqrt(2 / length)
    rows[0] /= math.sqrt(2)
    return rows.float()


def draw_blocks(blocks_PD: Tensor, number: int) -> Tensor:
    """BLOCKS of the blocks of a window at most, which ones is a function of its number."""
    if len(blocks_PD) <= BLOCKS:
        return blocks_PD
    generator = torch.Generator().manual_seed(number)
    return blocks_PD[torch.randperm(len(blocks_PD), generator=generator)[:BLOCKS]]


def _signed(basis_CD: Tensor) -> Tensor:
    """The rows with the sign that makes their largest entry positive: solvers choose either."""
    largest_C = basis_CD.gather(1, basis_CD.abs().argmax(1, keepdim=True))
    return basis_CD * largest_C.sign()
