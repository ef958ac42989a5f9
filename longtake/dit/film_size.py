"""How long and large a film becomes: what was asked for, as latents that the model can make."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from longtake.dit.config import DiTConfig
from longtake.errors import UserError
from longtake.latents.autoencoder import Autoencoder
from longtake.latents.config import Size, Windows


@dataclass(frozen=True, kw_only=True)
class FilmSize:
    """Of a film and of its latents."""

    frames: int
    height: int
    width: int
    shape: tuple[int, int, int]
    """Latent frames, rows, columns."""


@dataclass(frozen=True, kw_only=True)
class AskedSize:
    """What somebody asks for; what he does not, is as the model's samples were."""

    frames: int | None = None
    seconds: float | None = None
    """Instead of frames; the nearest length that there is."""
    height: int | None = None
    width: int | None = None
    aspect: float | None = None
    """Width over height of a picture that the film begins with: of the sizes of the samples the one nearest to it."""


def plan_size(asked: AskedSize, windows: Windows, config: DiTConfig, autoencoder: Autoencoder) -> FilmSize:
    """Raises UserError for a length or a size that autoencoder and patches do not divide; it names the nearest that they do."""
    usual = nearest_size(windows.sizes, asked.aspect)
    height, width = asked.height or usual.height, asked.width or usual.width
    side = autoencoder.step_px * config.patch_px
    if height % side or width % side:
        near = " x ".join(str(max(side, round(pixels / side) * side)) for pixels in (width, height))
        raise UserError(
            f"a film of {width} x {height} (width x height) was asked for; this model makes multiples of {side} pixels: {near}, say"
        )
    if asked.frames is not None and asked.seconds is not None:
        raise UserError("a length in frames and one in seconds were asked for; give one of the two")
    wanted = asked.frames or usual.frames
    if asked.seconds is not None:
        wanted = max(1, round(asked.seconds * windows.fps))
    latents = max(1, round((1 + (wanted - 1) / autoencoder.step_t) / config.patch_t)) * config.patch_t
    frames = 1 + (latents - 1) * autoencoder.step_t
    if asked.frames not in (None, frames):
        step = autoencoder.step_t * config.patch_t
        raise UserError(f"{asked.frames} frames were asked for; this model makes {frames}, or {step} more or fewer")
    shape = (latents, height // autoencoder.step_px, width // autoencoder.step_px)
    return FilmSize(frames=frames, height=height, width=width, shape=shape)


def say_unseen_size(size: FilmSize, windows: Windows) -> Iterator[str]:
    """A sentence where the model has seen no sample of this size or length."""
    if (size.height, size.width) not in {(one.height, one.width) for one in windows.sizes}:
        seen = ", ".join(f"{one.width} x {one.height}" for one in windows.sizes)
        yield f"{size.width} x {size.height} pixels: the model was trained on {seen}, and may do badly at others"
    longest = max(one.frames for one in windows.sizes)
    if size.frames > longest:
        yield f"{size.frames} frames: the model was trained on {longest} at most, and may do badly beyond"


def nearest_size(sizes: tuple[Size, ...], aspect: float | None) -> Size:
    """The first; or the one whose width over height is nearest to the aspect by their ratio."""
    if aspect is None:
        return sizes[0]
    return min(sizes, key=lambda one: abs(math.log(one.width / one.height / aspect)))
