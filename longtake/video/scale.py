"""Decoded pictures scaled into shared memory, a batch at a time; runs inside a worker.

Legend: N frames of a batch, H, W rows and columns of the scaled picture, C its channels (3, or none for gray).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from longtake.video.decode import Footage, Orientation, orientation_of
from longtake.video.faults import VideoFault

SLOTS = 2
"""Batches in shared memory: one being read by the parent, one being filled."""


@dataclass
class Batch:
    """A slot of shared memory and what has been put into it."""

    slot: int
    frames_NHWC: np.ndarray
    """Or NHW for gray; as many frames as the slot holds."""
    first_frame: int = 0
    times_s: list[float] = field(default_factory=list)


def scaled_batches(footage: Footage, acquire: Callable[[], Batch], interpolation: str) -> Iterator[Batch]:
    """All frames of the footage, upright, stretched to the slots' height and width; times count from the first frame.

    `acquire` waits for a slot that may be written; it is called when the next frame is already decoded.
    """
    batch: Batch | None = None
    scaler: Scaler | None = None
    for index, picture in enumerate(footage.pictures()):
        if batch is None:
            batch = acquire()
            batch.first_frame = index
        if scaler is None:
            scaler = Scaler(orientation_of(picture.frame), batch.frames_NHWC.shape[1:], interpolation)
        batch.frames_NHWC[len(batch.times_s)] = scaler.draw(picture.frame)
        batch.times_s.append(float(picture.start * footage.clock.time_base))
        if len(batch.times_s) == len(batch.frames_NHWC):
            yield batch
            batch = None
    if batch is not None:
        yield batch


class Scaler:
    """Scales frames of any size and pixel format to one upright size in BGR, or gray."""

    def __init__(self, orientation: Orientation, shape: tuple[int, ...], interpolation: str) -> None:
        self._orientation = orientation
        self._width, self._height = orientation.size(shape[1], shape[0])
        self._format = "bgr24" if len(shape) == 3 else "gray"
        self._interpolation = Interpolation[interpolation.upper()]
        self._reformatter = VideoReformatter()

    def draw(self, frame: av.VideoFrame) -> np.ndarray:
        """The frame as an array of `shape`. Raises VideoFault for pixels that can't be converted."""
        try:
            scaled = self._reformatter.reformat(
                frame, self._width, self._height, self._format, interpolation=self._interpolation, threads=1
            )
        except (av.FFmpegError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            raise VideoFault("corrupt", f"pixels in {frame.format.name} cannot be converted: {error}") from None
        return self._orientation.apply(scaled.to_ndarray())
