"""Reels with known transitions: real shots joined by hard cuts, dissolves and fades.

Legend: N frames, H rows, W columns, 3 colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from longtake.video.x264 import x264_options

WIDTH, HEIGHT, FPS = 640, 360, 25
Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class Known:
    """A transition that is known to be there: frames [start_frame, end_frame), as in `longtake.slicing`."""

    start_frame: int
    end_frame: int
    kind: str


@dataclass(frozen=True)
class Join:
    """How two shots are joined: `cut`, or `dissolve` or `fade` (through black) over so many frames."""

    kind: str
    frames: int = 0


BIKES = tuple(Known(frame, frame, "cut") for frame in (30, 76, 137, 187, 242))
"""The cuts of the film `bikes`, found by eye."""

REELS: dict[str, tuple[tuple[tuple[str, int, int], ...], tuple[Join, ...]]] = {
    "reel-cuts.mp4": (
        (("bigbuckbunny", 0, 60), ("carphone_pristine", 0, 70), ("bikes", 190, 240), ("bigbuckbunny", 70, 130)),
        (Join("cut"), Join("cut"), Join("cut")),
    ),
    "reel-dissolves.mp4": (
        (("carphone_pristine", 10, 80), ("bigbuckbunny", 20, 90), ("bikes", 80, 135), ("carphone_pristine", 80, 119)),
        (Join("dissolve", 3), Join("dissolve", 12), Join("dissolve", 24)),
    ),
    "reel-fades.mp4": (
        (("bigbuckbunny", 0, 70), ("bikes", 138, 186), ("carphone_pristine", 30, 110)),
        (Join("fade", 12), Join("fade", 30)),
    ),
}
"""Shots as (clip, first frame, last frame + 1), and the joins between them."""


def draw_reel(name: str, footage: dict[str, Path], target: Path) -> tuple[Known, ...]:
    """Writes the reel (H.264, 640x360, 25 frames/s) and says where its transitions are."""
    shots, joins = REELS[name]
    frames = [read_frames(footage[clip], first, end) for clip, first, end in shots]
    reel_NHW3, known = join_shots(frames, joins)
    write_video(reel_NHW3, target)
    return known


def known_transitions(name: str) -> tuple[Known, ...]:
    """What `draw_reel` would say, without drawing."""
    shots, joins = REELS[name]
    lengths = [end - first for _, first, end in shots]
    return _places(lengths, joins)


def join_shots(shots: Sequence[Frames], joins: Sequence[Join]) -> tuple[Frames, tuple[Known, ...]]:
    """One film of the shots, each [N, H, W, 3], and its transitions.

    A dissolve mixes the tail of one shot with the head of the next; a fade darkens the one and lightens the other.
    """
    film = shots[0]
    for shot, join in zip(shots[1:], joins, strict=True):
        n = join.frames
        if join.kind == "dissolve":
            share = (np.arange(1, n + 1) / (n + 1))[:, None, None, None]
            film = np.concatenate([film[:-n], _mix(film[-n:], shot[:n], share), shot[n:]])
        elif join.kind == "fade":
            half = n // 2
            share = (np.arange(1, half + 1) / half)[:, None, None, None]
            dark, light = _mix(film[-half:], film[-half:] * 0, share), _mix(shot[:half] * 0, shot[:half], share)
            film = np.concatenate([film[:-half], dark, light, shot[half:]])
        else:
            film = np.concatenate([film, shot])
    return film, _places([len(shot) for shot in shots], joins)


def _places(lengths: Sequence[int], joins: Sequence[Join]) -> tuple[Known, ...]:
    known, end = [], lengths[0]
    for length, join in zip(lengths[1:], joins, strict=True):
        if join.kind == "dissolve":
            known.append(Known(end - join.frames, end, join.kind))
            end += length - join.frames
        else:
            half = join.frames // 2
            known.append(Known(end - half, end + half, join.kind))
            end += length
    return tuple(known)


def _mix(old: Frames, new: Frames, share: NDArray[np.float64]) -> Frames:
    return np.rint(old * (1 - share) + new * share).astype(np.uint8)


def read_frames(path: Path, first: int, end: int) -> Frames:
    """Frames [first, end) of a film that is trusted, at the reels' size, [N, H, W, 3]."""
    with av.open(str(path)) as container:
        frames = [
            frame.to_ndarray(format="rgb24", width=WIDTH, height=HEIGHT)
            for index, frame in enumerate(container.decode(video=0))
            if first <= index < end
        ]
    if len(frames) < end - first:
        raise ValueError(f"{path.name} has no frames {first} to {end}")
    return np.stack(frames)


def write_video(frames_NHW3: Frames, target: Path) -> None:
    """The frames as H.264 in MP4, in high quality."""
    with av.open(str(target), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options=x264_options(crf=16, preset="veryfast"))
        stream.height, stream.width = frames_NHW3.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame_HW3 in frames_NHW3:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame_HW3, format="rgb24")))
        container.mux(stream.encode())
