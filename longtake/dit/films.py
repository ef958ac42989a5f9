"""Films: latents decoded, their stills side by side, and the first latent of one that begins with a given picture.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; C channels of latents, t h w their frames, rows, columns.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longtake.dit.config import Objective
from longtake.dit.sample import Denoiser, Request, denoise
from longtake.dit.sampling_config import SamplingConfig
from longtake.latents.autoencoder import Autoencoder

Frames = NDArray[np.uint8]
STILLS = 6
"""Of a film on a sheet."""
STILL_PX, GAP_PX = 128, 4
"""Height of a still, and what is between two."""
LABEL_PX = 48
"""Of a film's name on a sheet."""
JPEG_QUALITY = 88


def sample_films(
    model: Denoiser,
    objective: Objective,
    autoencoder: Autoencoder,
    requests: Iterable[Request],
    config: SamplingConfig,
    *,
    advance: Callable[[], None] = lambda: None,
) -> Iterator[Frames]:
    """The frames_NHW3 of each request's film, one film at a time; `advance` is called after each step of a film.

    The same request gives the same film, whatever else is asked for. Raises UserError as `denoise` does.
    """
    for request in requests:
        yield decode(autoencoder, denoise(model, objective, request, config, advance=advance))


def decode(autoencoder: Autoencoder, latents_Cthw: Tensor) -> Frames:
    """frames_NHW3, uint8."""
    with torch.no_grad():
        frames_NHW3: Frames = autoencoder.decode(latents_Cthw[None])[0].cpu().numpy()
    return frames_NHW3


def encode_first(autoencoder: Autoencoder, picture_HW3: Frames) -> Tensor:
    """The first_latent_C1hw of a film that begins with this picture, which has the film's size."""
    with torch.no_grad():
        latents_BCthw = autoencoder.encode(torch.from_numpy(picture_HW3)[None, None])
    return latents_BCthw[0].float().cpu()


def fit_picture(picture_HW3: Frames, height: int, width: int) -> Frames:
    """The picture at a film's size: its middle, as much of it as the film's aspect leaves."""
    rows, columns = picture_HW3.shape[:2]
    scale = max(height / rows, width / columns)
    size = (max(width, round(columns * scale)), max(height, round(rows * scale)))
    scaled_HW3 = cv2.resize(picture_HW3, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    return np.ascontiguousarray(scaled_HW3[top : top + height, left : left + width], np.uint8)


def strip(frames_NHW3: Frames, stills: int = STILLS, height: int = STILL_PX) -> Frames:
    """Stills of the film side by side, the first and the last among them, as one picture [H, W, 3]."""
    chosen = np.linspace(0, len(frames_NHW3) - 1, min(stills, len(frames_NHW3))).round().astype(int)
    rows, columns = frames_NHW3.shape[1:3]
    size = (max(1, round(height * columns / rows)), height)
    how = cv2.INTER_AREA if height < rows else cv2.INTER_CUBIC
    scaled = [cv2.resize(frames_NHW3[place], size, interpolation=how) for place in chosen]
    gap_HW3 = np.full((height, GAP_PX, 3), 255, np.uint8)
    apart = [piece for still_HW3 in scaled for piece in (gap_HW3, still_HW3)][1:]
    return np.concatenate(apart, axis=1).astype(np.uint8)


def stack(strips: Mapping[str, Frames]) -> Frames:
    """The strips below each other, each after its name (ASCII): the contact sheet of several films."""
    width = max(piece.shape[1] for piece in strips.values())
    rows = []
    for name, strip_HW3 in strips.items():
        label_HW3 = np.full((len(strip_HW3), LABEL_PX, 3), 255, np.uint8)
        cv2.putText(label_HW3, name, (GAP_PX, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)
        row_HW3 = np.concatenate([label_HW3, strip_HW3], axis=1)
        missing = LABEL_PX + width - row_HW3.shape[1]
        rows.append(np.pad(row_HW3, ((0, GAP_PX), (0, missing), (0, 0)), constant_values=255))
    return np.concatenate(rows)[:-GAP_PX]


def encode_png(picture_HW3: Frames) -> bytes:
    return cv2.imencode(".png", picture_HW3)[1].tobytes()


def encode_jpeg(picture_HW3: Frames) -> bytes:
    return cv2.imencode(".jpg", picture_HW3, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
