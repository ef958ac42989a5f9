"""Open a hostile file and decode its pictures in order; runs only inside a guarded worker.

Legend: H, W rows and columns as stored; ticks are whole units of a time base, counted from the first frame.
"""

import errno
import os
import stat
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np

from longtake.video.faults import VideoFault

FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,gif"
"""Demuxers that may open a file: containers only, never playlists or scripts that lead to other files."""
OPEN_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}

FINEST_TICKS = 1_000_000
"""Time bases with more ticks a second than this are replaced by 1/90000, which every player reads."""

OURS = {
    getattr(errno, name)
    for name in [
        "ENOENT",
        "EACCES",
        "EPERM",
        "EISDIR",
        "ENOTDIR",
        "ELOOP",
        "ENAMETOOLONG",
        "EMFILE",
        "ENFILE",
        "EROFS",
        "ENOSPC",
        "EDQUOT",
        "EFBIG",
        "ENOMEM",
    ]
}
"""Errors of this machine or of our limits: never blamed on the packet at hand."""


def reraise_ours(error: av.FFmpegError) -> None:
    """Raise the error again if it speaks of this machine rather than of the file's content."""
    if isinstance(error, MemoryError) or error.errno in OURS:
        raise error


MATRICES = {0, 1, 2, 4, 5, 6, 7, 9}
"""Colour matrices (AVCOL_SPC) that swscale converts; frames tagged otherwise are read as untagged ones are."""
RANGES = {0, 1, 2}
"""Colour ranges (AVCOL_RANGE): unknown, limited, full."""


class Orientation(NamedTuple):
    """How the stored picture is turned for display: first transposed, then mirrored."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def apply(self, picture_HW: np.ndarray) -> np.ndarray:
        """A view of the picture the right way up; axes after the first two stay."""
        if self.transpose:
            picture_HW = picture_HW.swapaxes(0, 1)
        return picture_HW[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after turning."""
        return (height, width) if self.transpose else (width, height)

    @property
    def rotation_deg(self) -> int:
        """Clockwise quarter turns of the stored picture's upper edge: 0, 90, 180 or 270."""
        if self.transpose:
            return 270 if self.flip_y else 90
        return 180 if self.flip_x else 0


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """The nearest of the eight axis-parallel orientations to the frame's display matrix.

    The matrix maps column x and row y to x' = a x + c y and y' = b x + d y (FFmpeg, libavutil/display.h).
    """
    for data in frame.side_data:
        if data.type == av.sidedata.sidedata.Type.DISPLAYMATRIX and data.buffer_size >= 36:
            a, b, _, c, d = np.frombuffer(data, np.int32)[:5].tolist()
            if abs(a) + abs(d) >= abs(b) + abs(c):
                return Orientation(False, a < 0, d < 0)
            return Orientation(True, c < 0, b < 0)
    return Orientation()


class Clock:
    """Turns presentation stamps into ticks from the first frame that strictly increase, whatever the file claims."""

    def __init__(self, stamp_base: Fraction, fps: Fraction) -> None:
        self.time_base = stamp_base if stamp_base.denominator <= FINEST_TICKS else Fraction(1, 90_000)
        self.step = max(1, round(1 / (fps * self.time_base)))
        """Ticks between frames where the file does not say."""
        self.origin_s: Fraction | None = None
        """Presentation time of tick zero on the file's own time line."""
        self._stamp_base = stamp_base
        self._last = -1

    def tick(self, stamp: int | None) -> int:
        """Ticks of the next frame; a missing stamp, or one that does not advance, comes one step after the last."""
        due = self._last + self.step if self._last >= 0 else 0
        if stamp is not None:
            stamp_s = stamp * self._stamp_base
            if self.origin_s is None:
                self.origin_s = stamp_s - due * self.time_base
            ticks = round((stamp_s - self.origin_s) / self.time_base)
            if ticks > self._last:
                due = ticks
        self._last = due
        return due


class Picture(NamedTuple):
    """One decoded frame with its place on the clock."""

    frame: av.VideoFrame
    start: int
    """Ticks."""
    end: int
    """Ticks at which the next frame is shown; for the last frame, when it ends."""


class Footage:
    """An open file and its one video stream; a context manager.

    Raises VideoFault: `unreadable`, `no_video`, `too_large` on opening.
    """

    def __init__(self, path: str, *, max_pixels: int, max_corrupt_share: float) -> None:
        self._max_pixels = max_pixels
        self._max_corrupt_share = max_corrupt_share
        self.container = open_container(path)
        self.stream = _video_stream(self.container)
        codec = self.stream.codec_context
        codec.thread_count = 1
        self._check_size(codec.width, codec.height)
        self.clock = Clock(self.stream.time_base or Fraction(1, 90_000), nominal_fps(self.stream))

    def __enter__(self) -> "Footage":
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    @property
    def has_audio(self) -> bool:
        """Whether there is a sound track that can be decoded."""
        return audio_stream(self.container) is not None

    def pictures(self) -> Iterator[Picture]:
        """All frames in the order of presentation, to be walked once.

        Packets that do not decode are skipped and counted. Raises VideoFault: `too_large` on an oversized frame; at
        the end `no_frames`, or `corrupt` where more than the allowed share of packets failed.
        """
        held: tuple[av.VideoFrame, int] | None = None
        for frame in self._frames():
            start = self.clock.tick(frame.dts if frame.pts is None else frame.pts)
            if held is not None:
                yield Picture(*held, start)
            held = frame, start
        if held is not None:
            yield Picture(*held, held[1] + self._last_duration(held[0]))
        if held is None:
            raise VideoFault("no_frames", f"{self._packets} packets, none decodes")
        if self._failed > self._max_corrupt_share * self._packets:
            raise VideoFault("corrupt", f"{self._failed} of {self._packets} packets do not decode")

    def packets(self) -> Iterator[av.Packet]:
        """The stream's packets as stored; a container that breaks off ends there."""
        try:
            for packet in self.container.demux(self.stream):
                if packet.size or packet.dts is not None:
                    yield packet
        except av.FFmpegError as error:
            reraise_ours(error)
            self._failed += 1

    _packets = 0
    _failed = 0

    def _frames(self) -> Iterator[av.VideoFrame]:
        for packet in self.packets():
            self._packets += 1
            yield from self._decode(packet)
        yield from self._decode(None)

    def _decode(self, packet: av.Packet | None) -> list[av.VideoFrame]:
        try:
            frames = self.stream.codec_context.decode(packet)
        except av.FFmpegError as error:
            reraise_ours(error)
            self._failed += 1
            return []
        for frame in frames:
            self._check_size(frame.width, frame.height)
            if frame.colorspace not in MATRICES:
                frame.colorspace = 2
            if frame.color_range not in RANGES:
                frame.color_range = 0
        return frames

    def _last_duration(self, frame: av.VideoFrame) -> int:
        stamps = frame.duration * (self.stream.time_base or 0) / self.clock.time_base
        return round(stamps) if 0 < stamps < 60 / self.clock.time_base else self.clock.step

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._max_pixels:
            raise VideoFault("too_large", f"{width}x{height} pixels")


def open_container(path: str) -> Any:
    """The file as an FFmpeg input that can reach nothing but this file. Raises VideoFault `unreadable`."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 (bytes that are no UTF-8 pass unharmed)
        raise VideoFault("unreadable", "not a regular file")
    try:
        return av.open(f"file:{path}", options=dict(OPEN_OPTIONS), metadata_errors="replace")
    except av.FFmpegError as error:
        reraise_ours(error)
        raise VideoFault("unreadable", error.strerror or str(error)) from None


def audio_stream(container: Any) -> Any | None:
    """The container's main sound track that has a decoder, if any."""
    tracks = [stream for stream in container.streams.audio if stream.codec_context is not None]
    best = container.streams.best("audio")
    return best if best in tracks else next(iter(tracks), None)


def nominal_fps(stream: Any) -> Fraction:
    """The rate the container claims if it is between 1/100 and 1000 a second, else 25."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and Fraction(1, 100) <= rate <= 1000:
            return Fraction(rate).limit_denominator(10_000)
    return Fraction(25)


def _video_stream(container: Any) -> Any:
    """The main moving picture: cover art does not count."""
    cover = av.stream.Disposition.attached_pic
    tracks = [s for s in container.streams.video if s.codec_context is not None and not s.disposition & cover]
    if not tracks:
        raise VideoFault("no_video", f"{len(container.streams)} streams, no video among them that decodes")
    best = container.streams.best("video")
    return best if best in tracks else tracks[0]
