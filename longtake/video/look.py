"""Frames at some moments, several views of them in one pass over all of the footage; runs inside a worker.

Legend: N frames of a view, H, W rows and columns of a picture, 3 its channels: blue, green, red.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from longtake.video.canvas import sane_aspect
from longtake.video.decode import Footage, Orientation, orientation_of
from longtake.video.mosaic import Mosaic
from longtake.video.scale import Scaler

if TYPE_CHECKING:
    from longtake.video.records import Fit, Patches

Lens = Scaler | Mosaic
"""What draws one view's frames, all in one size."""
THINNEST_PX = 16
"""The shorter side of a scaled frame at least, whatever its aspect."""


def look(footage: Footage, sights: Sequence["Sight"]) -> dict[str, Any]:
    """Show the sights every frame, and return the fields of `records.GlimpseAnswer`.

    Raises VideoFault as `Footage.pictures` does. Frames that no view asks for cost no more than decoding.
    """
    for index, picture in enumerate(footage.pictures()):
        start_s = float(picture.start * footage.clock.time_base)
        end_s = float(picture.end * footage.clock.time_base)
        if index == 0:
            orientation = orientation_of(picture.frame)
            width, height = orientation.size(picture.frame.width, picture.frame.height)
            aspect = sane_aspect(footage.stream.codec_context.sample_aspect_ratio)
        for sight in sights:
            if sight.wants(end_s):
                sight.take(picture.frame, start_s, orientation, aspect)
    for sight in sights:
        if sight.wants(math.inf) and sight.times_s[-1:] != [start_s]:
            sight.take(picture.frame, start_s, orientation, aspect)
    views = [sight.answer() for sight in sights]
    return {"frames": index + 1, "duration_s": end_s, "width": width, "height": height, "views": views}


class Sight:
    """One view in the making: which of its moments have passed, and the frames seen so far."""

    def __init__(self, moments_s: list[float], memory: np.ndarray, make_lens: Callable[..., Lens]) -> None:
        """`memory` is uint8 [bytes], as much as the frames can need; `make_lens` is given the arguments of `take`."""
        self.times_s: list[float] = []
        self._moments_s = moments_s
        self._memory = memory
        self._make_lens = make_lens
        self._passed = 0

    def wants(self, end_s: float) -> bool:
        """Whether the frame that is shown until `end_s` is the one shown at a moment that has not passed before."""
        passed = bisect_left(self._moments_s, end_s, self._passed)
        wanted, self._passed = passed > self._passed, passed
        return wanted

    def take(self, frame: av.VideoFrame, start_s: float, orientation: Orientation, aspect: Fraction) -> None:
        """Keep the frame. The first one decides on the size, the others are stretched to it.

        `aspect` is a sample's width over its height as stored.
        """
        if not self.times_s:
            self._lens = self._make_lens(frame, orientation, aspect)
        picture_HW3 = self._lens.draw(frame)
        if not self.times_s:
            count = len(self._moments_s)
            self._frames_NHW3 = self._memory[: count * picture_HW3.size].reshape(count, *picture_HW3.shape)
        self._frames_NHW3[len(self.times_s)] = picture_HW3
        self.times_s.append(start_s)

    def answer(self) -> dict[str, Any]:
        """The fields of `records.ViewAnswer`."""
        _, height, width, _ = self._frames_NHW3.shape
        return {"times_s": self.times_s, "width": width, "height": height}


def make_fit(view: "Fit", frame: av.VideoFrame, orientation: Orientation, aspect: Fraction) -> Scaler:
    """Draws whole frames like this one: pixels are averaged where neither side grows, else interpolated (bicubic)."""
    upright = orientation.size(frame.width, frame.height)
    shown_width = upright[0] * (1 / aspect if orientation.transpose else aspect)
    width, height = fit_size(shown_width, upright[1], view.size_px, view.enlarge)
    shrunk = width <= upright[0] and height <= upright[1]
    return Scaler(orientation, (height, width, 3), "area" if shrunk else "bicubic")


def make_patches(view: "Patches", frame: av.VideoFrame, orientation: Orientation, _: Fraction) -> Mosaic:
    """Draws patches of frames like this one, in stored pixels whatever their aspect."""
    return Mosaic(view, frame.width, frame.height, orientation)


LENSES: dict[str, Callable[..., Lens]] = {"Fit": make_fit, "Patches": make_patches}
"""By the record that asks for it."""


def fit_size(width: Fraction | int, height: int, size_px: int, enlarge: bool) -> tuple[int, int]:
    """Width and height whose longer side is `size_px` and whose shorter one is 16 or more.

    Without `enlarge`, a picture that is no larger keeps its size. `width` is as displayed.
    """
    longer = max(width, height)
    if longer <= size_px and not enlarge:
        return max(1, round(width)), height
    scale = Fraction(size_px) / Fraction(longer)
    return max(THINNEST_PX, round(width * scale)), max(THINNEST_PX, round(height * scale))
