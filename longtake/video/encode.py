"""Frame-exact clips from decoded pictures: H.264 and AAC in MP4, and a filmstrip; runs inside a worker.

Legend: H, W rows and columns, as displayed. The same input gives the same bytes: one thread, bit-exact flags.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.codec.context import Flags
from av.container.core import Flags as MuxFlags

from longtake.video.canvas import Canvas
from longtake.video.decode import Footage, Picture, nominal_fps
from longtake.video.poster import Filmstrip
from longtake.video.sound import Sound
from longtake.video.x264 import x264_options

if TYPE_CHECKING:
    from longtake.video.config import Encoding

AAC_SAMPLES = 1024
"""Samples of an AAC frame."""


class ShortFootageError(Exception):
    """A span ends after the last frame; `frames` says how many there are."""

    def __init__(self, frames: int) -> None:
        super().__init__(f"there are {frames} frames")
        self.frames = frames


def cut_clips(
    footage: Footage, path: str, spans: Sequence[dict[str, Any]], folder: str, encoding: "Encoding"
) -> Iterator[dict[str, Any]]:
    """Write the clip and poster of each span, in one pass; yields the fields of `records.Cut` but for the paths.

    `spans` are sorted and apart. Raises ShortFootageError where the footage ends before the last of them.
    """
    todo = deque(spans)
    clip: ClipWriter | None = None
    sound: Sound | None = None
    index = -1
    with ExitStack() as opened:
        for index, picture in enumerate(footage.pictures()):
            if index == 0:
                canvas = Canvas(picture.frame, footage)
                if footage.has_audio:
                    sound = opened.enter_context(Sound(path, footage.clock.origin_s or Fraction(0)))
            if index == todo[0]["start_frame"]:
                clip = ClipWriter(todo[0], Path(folder), footage, canvas, sound, encoding)
            if clip is None:
                continue
            clip.add(picture)
            if index + 1 == todo[0]["end_frame"]:
                yield clip.finish()
                clip = None
                todo.popleft()
                if not todo:
                    return
    raise ShortFootageError(index + 1)


class ClipWriter:
    """One clip in the making; the files get their names when they are whole."""

    def __init__(
        self,
        span: dict[str, Any],
        folder: Path,
        footage: Footage,
        canvas: Canvas,
        sound: Sound | None,
        encoding: "Encoding",
    ) -> None:
        self._name: str = span["name"]
        self._folder = folder
        self._canvas = canvas
        self._sound = sound
        self._time_base = footage.clock.time_base
        self._frames = 0
        self._start = self._end = 0
        span_frames = span["end_frame"] - span["start_frame"]
        display_aspect = Fraction(canvas.width, canvas.height) * canvas.aspect
        self._strip = Filmstrip(span_frames, encoding.poster_frames, encoding.poster_height, display_aspect)
        self._file = av.open(f"file:{self._part('.mp4')}", "w", format="mp4", options={"movflags": "+faststart"})
        self._file.flags |= MuxFlags.bitexact.value
        self._video = self._add_video(nominal_fps(footage.stream), encoding)
        self._audio = self._add_audio(encoding) if sound is not None else None
        self._samples = 0

    def add(self, picture: Picture) -> None:
        """Encode the next frame, and the sound up to its end."""
        if self._frames == 0:
            self._start = picture.start
        frame = self._canvas.draw(picture.frame)
        self._strip.offer(self._frames, frame)
        frame.pict_type = 0  # the source's choice of key frames is not the encoder's
        frame.time_base = self._time_base
        frame.pts, frame.duration = picture.start - self._start, picture.end - picture.start
        self._file.mux(self._video.encode(frame))
        self._frames += 1
        self._end = picture.end
        self._add_sound(last=False)

    def finish(self) -> dict[str, Any]:
        """Write what is left and name the files; the fields of `records.Cut` but for the paths."""
        self._add_sound(last=True)
        self._file.mux(self._video.encode(None))
        if self._audio is not None:
            self._file.mux(self._audio.encode(None))
        self._file.close()
        self._part(".jpg").write_bytes(self._strip.encode())
        for suffix in (".jpg", ".mp4"):
            self._part(suffix).replace(self._folder / f"{self._name}{suffix}")
        return {
            "name": self._name,
            "frames": self._frames,
            "width": self._canvas.width,
            "height": self._canvas.height,
            "duration_s": float((self._end - self._start) * self._time_base),
            "bytes": (self._folder / f"{self._name}.mp4").stat().st_size,
        }

    def _part(self, suffix: str) -> Path:
        return self._folder / f"{self._name}{suffix}.part"

    def _add_video(self, fps: Fraction, encoding: "Encoding") -> Any:
        options = x264_options(crf=encoding.crf, preset=encoding.preset) | {"a53cc": "0"}
        stream = self._file.add_stream("libx264", rate=fps, options=options)
        codec = stream.codec_context
        self._canvas.tag(codec)
        codec.time_base = self._time_base
        codec.gop_size = max(1, round(encoding.keyframe_s * fps))
        codec.flags |= Flags.bitexact | Flags.frame_duration
        codec.thread_count = 1
        return stream

    def _add_audio(self, encoding: "Encoding") -> Any:
        assert self._sound is not None
        stream = self._file.add_stream("aac", rate=self._sound.rate, layout=self._sound.layout)
        stream.bit_rate = 1000 * encoding.audio_kbps
        stream.codec_context.flags |= Flags.bitexact
        return stream

    def _add_sound(self, *, last: bool) -> None:
        """Encode whole AAC frames up to the last picture's end; with `last`, what remains up to the very sample."""
        if self._sound is None or self._audio is None:
            return
        rate = self._sound.rate
        start = round(self._start * self._time_base * rate)
        samples = round(self._end * self._time_base * rate) - start
        while (wanted := min(AAC_SAMPLES, samples - self._samples)) == AAC_SAMPLES or (last and wanted > 0):
            first = start + self._samples
            frame = av.AudioFrame.from_ndarray(self._sound.read(first, first + wanted), "fltp", self._sound.layout)
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), self._samples
            self._file.mux(self._audio.encode(frame))
            self._samples += wanted
