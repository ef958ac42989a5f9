"""Decoded frames made fit for encoding: upright, even-sized, 8-bit 4:2:0, colours tagged; runs inside a worker.

Legend: H, W rows and columns of a plane.
"""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from longtake.video.decode import Footage, orientation_of
from longtake.video.faults import VideoFault

STRANGEST_ASPECT = 16
"""A sample aspect ratio beyond 16 to 1 is a lie, and is dropped."""


class Canvas:
    """Brings every frame of one video to the first frame's size, upright.

    `width` and `height` are as displayed and even: an odd size loses its last column or row. `aspect` is the width of
    a sample over its height, as displayed.
    """

    def __init__(self, first: av.VideoFrame, footage: Footage) -> None:
        self._stored = (first.width, first.height)
        self._orientation = orientation_of(first)
        width, height = self._orientation.size(*self._stored)
        self.width, self.height = max(2, width - width % 2), max(2, height - height % 2)
        self.aspect = sane_aspect(footage.stream.codec_context.sample_aspect_ratio)
        if self._orientation.transpose:
            self.aspect = 1 / self.aspect
        self._plain = first.width % 2 == 0 and first.height % 2 == 0 and not any(self._orientation)
        rgb = first.format.is_rgb
        full = not rgb and (first.color_range == ColorRange.JPEG or first.format.name.startswith("yuvj"))
        self._range = ColorRange.JPEG if full else ColorRange.MPEG
        self._conversion: dict[str, int] = {"dst_color_range": self._range}
        if rgb:
            self._conversion["dst_colorspace"] = Colorspace.SMPTE170M
        else:
            self._conversion["src_color_range"] = self._range
        self._matrix = 6 if rgb else first.colorspace  # AVCOL_SPC_SMPTE170M
        self._transfer, self._primaries = first.color_trc, first.color_primaries
        self._reformatter = VideoReformatter()

    def tag(self, codec: Any) -> None:
        """Carry size, aspect and colour tags over to an encoder."""
        codec.width, codec.height, codec.pix_fmt = self.width, self.height, "yuv420p"
        codec.sample_aspect_ratio = self.aspect
        codec.color_range, codec.colorspace = self._range, self._matrix
        codec.color_trc, codec.color_primaries = self._transfer, self._primaries

    def draw(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame as yuv420p, `width` x `height`. Raises VideoFault for pixels that can't be converted."""
        try:
            planar = self._reformatter.reformat(frame, *self._stored, "yuv420p", threads=1, **self._conversion)
        except (av.FFmpegError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            raise VideoFault("corrupt", f"pixels in {frame.format.name} cannot be converted: {error}") from None
        return planar if self._plain else self._turn(planar)

    def _turn(self, planar: av.VideoFrame) -> av.VideoFrame:
        turned = av.VideoFrame(self.width, self.height, "yuv420p")
        for source, target in zip(planar.planes, turned.planes, strict=True):
            target_HW, source_HW = _rows(target), self._orientation.apply(_rows(source))
            # A single row or column is doubled: H.264 knows even sizes only.
            for axis in (0, 1):
                if source_HW.shape[axis] < target_HW.shape[axis]:
                    source_HW = np.repeat(source_HW, 2, axis)
            target_HW[...] = source_HW[: target_HW.shape[0], : target_HW.shape[1]]
        return turned


def _rows(plane: Any) -> np.ndarray:
    """A plane's pixels without the padding at the end of each row."""
    padded_HW = np.frombuffer(plane, np.uint8).reshape(plane.height, abs(plane.line_size))
    rows_HW = padded_HW[:, : plane.width]
    return rows_HW[::-1] if plane.line_size < 0 else rows_HW


def sane_aspect(aspect: Fraction | None) -> Fraction:
    """A sample's width over its height as stored; 1 where the file does not say, or lies."""
    if aspect and Fraction(1, STRANGEST_ASPECT) <= aspect <= STRANGEST_ASPECT:
        return Fraction(aspect).limit_denominator(10_000)
    return Fraction(1)
