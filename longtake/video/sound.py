"""The sound of a video on the time line of its pictures, sample for sample; runs inside a worker.

Legend: C channels (1 or 2), N samples.
"""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from longtake.video.decode import audio_stream, open_container, reraise_ours
from longtake.video.faults import VideoFault

RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Sample rates that AAC can carry; sound at any other becomes 48000."""
JITTER_S = Fraction(1, 20)
"""A stamp this far past the end of the samples so far leaves a gap; less is taken for rounding, and so is any overlap."""


class Sound:
    """The sound track, read forwards once; what is missing or does not decode is silence.

    `rate` is samples a second, `channels` 1 or 2 (more are mixed down to 2).
    """

    def __init__(self, path: str, origin_s: Fraction) -> None:
        """`origin_s` is the presentation time of the first video frame: sample 0 is heard with it."""
        self._container = open_container(path)
        stream = audio_stream(self._container)
        if stream is None:
            raise VideoFault("unreadable", "the sound track is gone")
        for other in self._container.streams:
            if other is not stream:
                other.discard = av.stream.Discard.all
        self._stream = stream
        self._stream.codec_context.thread_count = 1
        self._origin_s = origin_s
        self._frames = self._decoded()
        first = next(self._frames, None)
        self.rate = first.sample_rate if first is not None and first.sample_rate in RATES else 48000
        self.channels = 1 if first is not None and first.layout.nb_channels == 1 else 2
        self._blocks = self._placed(first) if first is not None else iter(())
        self._block_at = 0
        self._block_CN = np.zeros((self.channels, 0), np.float32)

    def __enter__(self) -> "Sound":
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    @property
    def layout(self) -> str:
        """FFmpeg's name of the channel layout."""
        return "mono" if self.channels == 1 else "stereo"

    def read(self, start: int, end: int) -> np.ndarray:
        """Samples [start, end) as float32 CN; no call may start before the end of the one before."""
        samples_CN = np.zeros((self.channels, end - start), np.float32)
        while self._block_at < end:
            block_end = self._block_at + self._block_CN.shape[1]
            low, high = max(start, self._block_at), min(end, block_end)
            if low < high:
                samples_CN[:, low - start : high - start] = self._block_CN[
                    :, low - self._block_at : high - self._block_at
                ]
            if block_end > end:
                break
            following = next(self._blocks, None)
            if following is None:
                break
            self._block_at, self._block_CN = following
        return samples_CN

    def _placed(self, first: av.AudioFrame) -> Iterator[tuple[int, np.ndarray]]:
        """Blocks of samples and the index of the first of each, from the frames' stamps; indices never go back."""
        due: int | None = None
        stamp_base = self._stream.time_base or Fraction(1, 90_000)
        resampler, heard = None, None
        frame: av.AudioFrame | None = first
        while frame is not None:
            if due is None or frame.pts is not None:
                at = round(((frame.pts or 0) * stamp_base - self._origin_s) * self.rate)
                due = at if due is None or at - due > JITTER_S * self.rate else due
            kind = (frame.format.name, frame.layout.name, frame.sample_rate)
            if resampler is None or kind != heard:
                resampler, heard = av.AudioResampler(format="fltp", layout=self.layout, rate=self.rate), kind
            frame.pts = None
            for resampled in resampler.resample(frame):
                samples_CN = resampled.to_ndarray()
                yield due, samples_CN
                due += samples_CN.shape[1]
            frame = next(self._frames, None)

    def _decoded(self) -> Iterator[av.AudioFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                reraise_ours(error)
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except av.FFmpegError as error:
                reraise_ours(error)
