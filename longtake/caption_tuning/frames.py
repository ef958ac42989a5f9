"""What a model is shown of a video or image: frames at some moments, kept as JPEG files beside each other while a training goes on.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from longtake.caption_tuning.seeds import BadSeed, Seed
from longtake.captioning.config import Sampling
from longtake.video.glimpse import VIEWS_BYTES
from longtake.video.guard import Guard
from longtake.video.records import Fit

Frames = NDArray[np.uint8]
TIMES = "times_s"
JPEG_QUALITY = 95
"""Of frames that are kept; with full colour resolution."""
IMAGE_PIXELS = 1 << 26
"""Width times height of an image that is opened: 64 million."""
IMAGE_FORMATS = ("BMP", "JPEG", "PNG", "WEBP")
STRIP_PX, GAP_PX = 96, 3
"""Height of the pictures of a filmstrip, and what is white between two."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What a model is shown of one caption's clip."""

    frames_NHW3: Frames
    times_s: NDArray[np.float64]
    """[N], from the clip's beginning."""


@dataclass(frozen=True)
class FrameFiles:
    """The frames of captions, in a folder; each is written whole or not at all."""

    folder: Path

    def has(self, name: str) -> bool:
        return self._path(name).exists()

    def save(self, name: str, shown: Shown) -> None:
        how = [
            cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ]  # fmt: skip
        coded = [cv2.imencode(".jpg", frame_HW3, how)[1] for frame_HW3 in shown.frames_NHW3]
        unfinished = self._path(name).with_suffix(".unfinished")
        tensors: dict[str, np.ndarray] = {f"{n:03}": np.asarray(data, np.uint8).ravel() for n, data in enumerate(coded)}
        save_file(tensors | {TIMES: shown.times_s}, unfinished)
        unfinished.replace(self._path(name))

    def load(self, name: str) -> Shown:
        coded = load_file(self._path(name))
        times_s = coded.pop(TIMES)
        frames = [np.asarray(cv2.imdecode(coded[place], cv2.IMREAD_COLOR), np.uint8) for place in sorted(coded)]
        return Shown(np.stack(frames), times_s)

    def strip(self, name: str, most: int = 4) -> bytes:
        """Some of the frames side by side, as JPEG."""
        frames_NHW3 = self.load(name).frames_NHW3
        chosen = np.linspace(0, len(frames_NHW3) - 1, min(most, len(frames_NHW3))).round().astype(int)
        height, width = frames_NHW3.shape[1:3]
        size = (max(1, round(STRIP_PX * width / height)), STRIP_PX)
        stills = [cv2.resize(frames_NHW3[place], size, interpolation=cv2.INTER_AREA) for place in chosen]
        gap = np.full((STRIP_PX, GAP_PX, 3), 255, np.uint8)
        apart = [piece for still in stills for piece in (gap, still)][1:]
        return cv2.imencode(".jpg", np.concatenate(apart, axis=1), [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.frames"


def read_video(path: Path, seeds: Sequence[Seed], guard: Guard, sampling: Sampling) -> dict[str, Shown | BadSeed]:
    """The frames of each of some captions of one video, by their names. Raises VideoFault for a file that can't be read."""
    found: dict[str, Shown | BadSeed] = {}
    starts_s = {seed.name: seed.start_s or 0.0 for seed in seeds}
    duration_s = guard.probe(path).duration_s
    views: dict[str, Fit] = {}
    for seed in seeds:
        if starts_s[seed.name] >= duration_s:
            found[seed.name] = BadSeed("outside_video", f"it begins at {seed.start_s:g} s of {duration_s:.2f} s")
        else:
            end_s = duration_s if seed.end_s is None else min(seed.end_s, duration_s)
            times_s = plan_moments(starts_s[seed.name], end_s, sampling.frames)
            views[seed.name] = Fit(times_s=times_s, size_px=sampling.size_px, enlarge=False)
    for part in _that_fit(views, sampling):
        for name, view in guard.glimpse(path, part).views.items():
            found[name] = Shown(view.frames_NHW3, np.maximum(view.times_s - starts_s[name], 0.0))
    return found


def plan_moments(start_s: float, end_s: float, frames: int) -> tuple[float, ...]:
    """The middles of so many equal parts of a span, seconds."""
    return tuple(((np.arange(frames) + 0.5) / frames * (end_s - start_s) + start_s).tolist())


def read_image(path: Path, sampling: Sampling) -> Shown:
    """The image as a clip of one frame, upright, its longer side at most `sampling.size_px`. Raises BadSeed.

    The caller's process opens it: let that be one that may be lost.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            if image.width * image.height > IMAGE_PIXELS:
                raise BadSeed("unreadable_image", f"{image.width} x {image.height} pixels, at most {IMAGE_PIXELS}")
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadSeed("unreadable_image", str(error)[:200]) from None
    frame_HW3 = np.ascontiguousarray(np.asarray(upright)[:, :, ::-1])
    share = sampling.size_px / max(frame_HW3.shape[:2])
    if share < 1:
        height, width = (max(16, round(side * share)) for side in frame_HW3.shape[:2])
        frame_HW3 = np.asarray(cv2.resize(frame_HW3, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return Shown(frame_HW3[None], np.zeros(1))


def _that_fit(views: Mapping[str, Fit], sampling: Sampling) -> list[dict[str, Fit]]:
    """The views in as few glimpses as memory allows."""
    names = list(views)
    at_once = max(1, VIEWS_BYTES // (3 * sampling.frames * sampling.size_px**2))
    return [{name: views[name] for name in names[at : at + at_once]} for at in range(0, len(names), at_once)]
