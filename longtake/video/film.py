"""Frames that were made, not filmed, as H.264 in MP4. The same frames give the same bytes.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from av.container.core import Flags as MuxFlags
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from longtake.video.x264 import x264_options

CRF = 12
"""Hard to tell from the frames, also where they are small."""
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP | Interpolation.BITEXACT
"""swscale's shorter ways round down: grey 128 becomes 123, and other processors get other bytes."""
FINEST_FPS = 1001
"""Denominator of a frame rate: 23.976 is 24000/1001."""


def write_film(path: Path, frames_NHW3: NDArray[np.uint8], fps: float) -> None:
    """Writes the frames, each shown for 1 / fps seconds; the file gets its name when it is whole.

    H.264 knows even sizes only: an odd one is widened by its last column or row.
    """
    odd = [(0, 0), *((0, side % 2) for side in frames_NHW3.shape[1:3]), (0, 0)]
    even_NHW3 = np.pad(frames_NHW3, odd, mode="edge")
    rate = Fraction(fps).limit_denominator(FINEST_FPS)
    unfinished = path.with_name(f".{path.name}.unfinished")
    with av.open(f"file:{unfinished}", "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.flags |= MuxFlags.bitexact.value
        stream = container.add_stream("libx264", rate=rate, options=x264_options(crf=CRF, preset="medium"))
        codec = stream.codec_context
        codec.height, codec.width = even_NHW3.shape[1:3]
        codec.pix_fmt = "yuv420p"
        codec.color_range, codec.colorspace = ColorRange.MPEG, Colorspace.SMPTE170M
        codec.flags |= Flags.bitexact
        codec.thread_count = 1
        for frame_HW3 in even_NHW3:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_HW3), "bgr24")
            picture = picture.reformat(
                format="yuv420p", dst_colorspace=Colorspace.SMPTE170M, dst_color_range=ColorRange.MPEG, interpolation=EXACT, threads=1
            )  # fmt: skip
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    unfinished.replace(path)
