"""A strip of stills from one clip, side by side in one JPEG; runs inside a worker.

Legend: H, W rows and columns, C red, green and blue.
"""

from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

QUALITY = 4
"""Of 1 to 31; lower is better."""
WIDEST = 10
"""A still is at most this many times as wide as high."""


class Filmstrip:
    """Keeps the stills of a clip of known length as its frames go by."""

    def __init__(self, frames: int, stills: int, height: int, display_aspect: Fraction) -> None:
        """`display_aspect` is the picture's width over its height as displayed."""
        count = min(stills, frames)
        self._wanted = {(2 * k + 1) * frames // (2 * count) for k in range(count)}
        self._height = height - height % 2
        width = min(max(round(height * display_aspect), 2), WIDEST * height)
        self._width = width + width % 2
        self._reformatter = VideoReformatter()
        self._stills_HWC: list[np.ndarray] = []

    def offer(self, index: int, frame: av.VideoFrame) -> None:
        """Keep the frame, which is the clip's `index`-th, if it is one of the stills."""
        if index in self._wanted:
            still = self._reformatter.reformat(
                frame, self._width, self._height, "rgb24", interpolation=Interpolation.AREA, threads=1
            )
            self._stills_HWC.append(still.to_ndarray())

    def encode(self) -> bytes:
        """The strip as a JPEG."""
        strip = av.VideoFrame.from_ndarray(np.hstack(self._stills_HWC), "rgb24")
        codec = av.CodecContext.create("mjpeg", "w")
        codec.width, codec.height, codec.pix_fmt = strip.width, strip.height, "yuvj420p"
        codec.time_base = Fraction(1, 25)
        codec.color_range = ColorRange.JPEG
        codec.flags |= Flags.bitexact | Flags.qscale
        codec.global_quality = QUALITY
        codec.thread_count = 1
        picture = strip.reformat(format="yuvj420p", dst_color_range=ColorRange.JPEG, threads=1)
        picture.pts = 0
        return b"".join(bytes(packet) for packet in [*codec.encode(picture), *codec.encode(None)])
