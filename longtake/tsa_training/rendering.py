"""From a sample's description to a clip, through the codec, as scoring would meet it.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from longtake.tsa_training.defects import KINDS, Frames, Scene, crf_of
from longtake.tsa_training.defects.scene import levels
from longtake.tsa_training.samples import Framing, Sample, Shot
from longtake.video.x264 import x264_options

ReadShot = Callable[[Shot], tuple[Frames, float]]
"""The frames [N, H, W, 3] of a shot, and its frame rate."""


def render(sample: Sample, read_shot: ReadShot, path: Path) -> None:
    """Writes the sample as H.264 in MP4."""
    frames_NHW3, fps = read_shot(sample.shot)
    frames_NHW3 = frame(frames_NHW3, sample.framing)
    shape = frames_NHW3.shape
    crf = crf_of(dict(sample.defects).get("compression", 0.0))
    for kind, severity in sample.defects:
        scene = Scene(
            frames_NHW3, lambda: fit(read_shot(sample.other)[0], shape), fps, np.random.default_rng(sample.seed)
        )
        frames_NHW3 = KINDS[kind].apply(scene, severity)
    write_clip(path, frames_NHW3, fps, crf)


def frame(frames_NHW3: Frames, framing: Framing) -> Frames:
    """The part that is shown, in its size and light, mirrored or not, with even sides."""
    height, width = frames_NHW3.shape[1:3]
    top, left = int(framing.top * height), int(framing.left * width)
    tall, wide = (int(side * framing.share) // 2 * 2 for side in (height, width))
    shown_NHW3 = frames_NHW3[:, top : top + tall, left : left + wide]
    if framing.mirrored:
        shown_NHW3 = np.ascontiguousarray(shown_NHW3[:, :, ::-1])
    if framing.fineness < 1:
        size = (int(wide * framing.fineness) // 2 * 2, int(tall * framing.fineness) // 2 * 2)
        shrunk = (cv2.resize(frame_HW3, size, interpolation=cv2.INTER_AREA) for frame_HW3 in shown_NHW3)
        shown_NHW3 = np.stack(list(shrunk)).astype(np.uint8)
    if (framing.light, framing.contrast, framing.colour) == (1, 1, 1):
        return np.ascontiguousarray(shown_NHW3)
    mean = np.float32(shown_NHW3.mean())
    lit_NHW3 = np.empty_like(shown_NHW3)
    for frame_HW3, out in zip(shown_NHW3, lit_NHW3, strict=True):
        grey_HW1 = cv2.cvtColor(np.ascontiguousarray(frame_HW3), cv2.COLOR_BGR2GRAY)[..., None].astype(np.float32)
        coloured_HW3 = grey_HW1 + (frame_HW3 - grey_HW1) * np.float32(framing.colour)
        out[:] = levels((mean + (coloured_HW3 - mean) * np.float32(framing.contrast)) * np.float32(framing.light))
    return lit_NHW3


def fit(frames_NHW3: Frames, shape: tuple[int, ...]) -> Frames:
    """Another shot in this shape: scaled to cover it, cut at the edges, repeated to and fro where it is shorter."""
    count, height, width = shape[:3]
    scale = max(height / frames_NHW3.shape[1], width / frames_NHW3.shape[2])
    size = (max(width, round(frames_NHW3.shape[2] * scale)), max(height, round(frames_NHW3.shape[1] * scale)))
    way_N = np.arange(count) % max(1, 2 * len(frames_NHW3) - 2)
    index_N = np.where(way_N < len(frames_NHW3), way_N, 2 * len(frames_NHW3) - 2 - way_N)
    scaled = (cv2.resize(frames_NHW3[index], size, interpolation=cv2.INTER_AREA) for index in index_N)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    return np.stack([frame_HW3[top : top + height, left : left + width] for frame_HW3 in scaled])


def write_clip(path: Path, frames_NHW3: Frames, fps: float, crf: int) -> None:
    """H.264 at a constant quality, as slicing writes clips (a faster preset leaves blocks that pass for sharpness); one
    thread: the same frames give the same bytes."""
    with av.open(str(path), "w") as file:
        rate = Fraction(fps).limit_denominator(1001)
        stream = file.add_stream("libx264", rate=rate, options=x264_options(crf=crf, preset="veryfast"))
        stream.height, stream.width, stream.pix_fmt = *frames_NHW3.shape[1:3], "yuv420p"
        for frame_HW3 in frames_NHW3:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_HW3), "bgr24")))
        file.mux(stream.encode())
