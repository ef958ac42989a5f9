"""What is taken of a clip: windows of one shape, frames at an even pace, cut from the middle of the picture.

Legend: N frames, H, W pixels, 3 channels: blue, green, red; all frames are uint8.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.latents.config import Size, Windows
from longtake.latents.faults import Unfit
from longtake.video.glimpse import LARGEST_PX, SMALLEST_PX, VIEWS_BYTES
from longtake.video.guard import Guard
from longtake.video.records import Fit

Frames = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Window:
    """One window of a clip."""

    start_s: float
    frames_NHW3: Frames


def choose_size(duration_s: float, source_fps: float, width: int, height: int, windows: Windows) -> Size:
    """Of the sizes whose aspect is nearest to the clip's the one with most frames that it can fill, and of these the largest that
    enlarges nothing. Raises Unfit for a clip that can fill none of them.
    """
    distances = [abs(math.log(size.width / size.height * height / width)) for size in windows.sizes]
    nearest = [size for size, far in zip(windows.sizes, distances, strict=True) if far < min(distances) + 1e-6]
    filled = [size for size in nearest if span_s(size, windows.fps, source_fps) <= duration_s]
    if not filled:
        needed_s = min(span_s(size, windows.fps, source_fps) for size in nearest)
        raise Unfit("too_short", f"{duration_s:.2f} s, and {needed_s:.2f} s are needed")

    def merit(size: Size) -> tuple[int, bool, int]:
        enlarged = size.width > width or size.height > height
        return size.frames, not enlarged, -size.width * size.height if enlarged else size.width * size.height

    return max(filled, key=merit)


def plan_starts(duration_s: float, source_fps: float, size: Size, windows: Windows) -> list[float]:
    """When each window begins: spread over the clip, apart from each other, in the middle of the share that is theirs."""
    each_s = max(size.frames / windows.fps, span_s(size, windows.fps, source_fps))
    count = max(1, min(windows.each, int(duration_s / each_s + 1e-9)))
    latest_s = duration_s - span_s(size, windows.fps, source_fps)
    middles_s = [(number + 0.5) * duration_s / count for number in range(count)]
    starts_s = [min(max(0.0, middle_s - each_s / 2), latest_s) for middle_s in middles_s]
    return [math.floor(start_s * source_fps + 1e-6) / source_fps for start_s in starts_s]


def span_s(size: Size, fps: float, source_fps: float) -> float:
    """From the first frame of a window until its last one is shown no more."""
    return (size.frames - 1) / fps + 1 / source_fps


def moments_s(start_s: float, frames: int, fps: float, source_fps: float) -> list[float]:
    """When a window looks: in the middle of a frame of the source, so that rounding never chooses its neighbour."""
    return [start_s + number / fps + 0.5 / source_fps for number in range(frames)]


def read_windows(path: Path, guard: Guard, windows: Windows) -> list[Window]:
    """The clip's windows, decoded in the guard's worker.

    Raises VideoFault for a file that can't be read, Unfit for one that is too short.
    """
    probe = guard.probe(path)
    size = choose_size(probe.duration_s, probe.fps, probe.width, probe.height, windows)
    starts_s = plan_starts(probe.duration_s, probe.fps, size, windows)
    asked_s = [at for start_s in starts_s for at in moments_s(start_s, size.frames, windows.fps, probe.fps)]
    frames_NHW3 = _read_moments(path, guard, asked_s, (probe.width, probe.height), size)
    return [
        Window(start_s, frames_NHW3[number * size.frames : (number + 1) * size.frames])
        for number, start_s in enumerate(starts_s)
    ]


def _read_moments(path: Path, guard: Guard, asked_s: Sequence[float], source: tuple[int, int], size: Size) -> Frames:
    """The frame that is shown at each moment, cut to the size; in as few passes over the file as memory allows."""
    scale = max(size.width / source[0], size.height / source[1])
    longer = min(max(math.ceil(max(source) * scale), SMALLEST_PX), LARGEST_PX)
    at_once = max(1, VIEWS_BYTES // (3 * longer**2))
    parts: list[Frames] = []
    for begin in range(0, len(asked_s), at_once):
        some_s = tuple(asked_s[begin : begin + at_once])
        glimpse = guard.glimpse(path, {"window": Fit(times_s=some_s, size_px=longer)})
        if glimpse.duration_s < some_s[-1] - 1.0:
            raise Unfit("too_short", f"{glimpse.duration_s:.2f} s of it decode, and {some_s[-1]:.2f} s are needed")
        seen = glimpse.views["window"]
        places = np.searchsorted(seen.times_s, some_s, side="right") - 1
        cut = np.stack([cut_middle(frame_HW3, size.width, size.height) for frame_HW3 in seen.frames_NHW3])
        parts.append(cut[np.maximum(places, 0)])
    return np.concatenate(parts)


def cut_middle(frame_HW3: Frames, width: int, height: int) -> Frames:
    """The middle of the picture, scaled so that it just covers width x height."""
    source_height, source_width = frame_HW3.shape[:2]
    scale = max(width / source_width, height / source_height)
    if scale > 1 or min(source_width / width, source_height / height) > 1.02:  # a pixel more is cut, not scaled
        fitted = max(width, round(source_width * scale)), max(height, round(source_height * scale))
        how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        frame_HW3 = np.asarray(cv2.resize(frame_HW3, fitted, interpolation=how), np.uint8)
        source_height, source_width = frame_HW3.shape[:2]
    left, top = (source_width - width) // 2, (source_height - height) // 2
    return frame_HW3[top : top + height, left : left + width]
