"""A video file, end to end: decode, features, scores, transitions, clips."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtake.slicing.classifier import pair_scores
from longtake.slicing.clips import Clip, DroppedShot, find_clips, frame_edges_s
from longtake.slicing.config import SlicingConfig
from longtake.slicing.features import similarities
from longtake.slicing.transitions import Transition, find_transitions
from longtake.video.guard import Guard


@dataclass(frozen=True)
class Slicing:
    """What a video is made of; frames are counted in the order of decoding, seconds are presentation time."""

    frames: int
    """Frames that decoded."""
    fps: float
    """Average frames per second."""
    duration_s: float
    transitions: list[Transition]
    clips: list[Clip]
    dropped: list[DroppedShot]
    """Shots that gave no clip: with the clips and the transitions they account for every shot of the video."""


def slice_video(path: str | Path, config: SlicingConfig | None = None, *, guard: Guard | None = None) -> Slicing:
    """Transitions and clips of a video file, decoded in the worker of `guard`, or of one opened for this call.

    Raises VideoFault where the file cannot be read, or costs more than the guard's limits.
    """
    config = config or SlicingConfig()
    with nullcontext(guard) if guard is not None else Guard() as worker:
        fps = worker.probe(Path(path)).fps
        side = config.frame_px
        batches = worker.frames(Path(path), width=side, height=side, pixels="bgr24", interpolation=config.interpolation)
        return slice_frames(((batch.frames_NHWC, batch.times_s) for batch in batches), fps, config)


def slice_frames(
    batches: Iterable[tuple[NDArray[np.uint8], NDArray[np.float64]]], fps: float, config: SlicingConfig
) -> Slicing:
    """Transitions and clips of a video given as batches, of any sizes, of frames and of their times in seconds, [N].

    Frames are [N, frame_px, frame_px, 3] (B, G, R) and may be overwritten as soon as the next batch is asked for.
    `fps` is the average rate; it says how long the last frame lasts.
    """
    if not fps > 0:
        raise ValueError(f"fps is {fps}; expected frames per second, above 0")
    times: list[NDArray[np.float64]] = [np.empty(0)]

    def frames() -> Iterator[NDArray[np.uint8]]:
        for frames_NHWC, times_s in batches:
            times.append(times_s.copy())
            yield frames_NHWC

    scores = pair_scores(similarities(frames(), config), config)
    edges_s = frame_edges_s(np.concatenate(times), fps)
    transitions = find_transitions(scores, config)
    clips, dropped = find_clips(transitions, edges_s, config)
    return Slicing(
        frames=max(len(edges_s) - 1, 0),
        fps=fps,
        duration_s=float(edges_s[-1] - edges_s[0]) if len(edges_s) else 0.0,
        transitions=transitions,
        clips=clips,
        dropped=dropped,
    )
