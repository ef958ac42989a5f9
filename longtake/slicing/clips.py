"""From transitions to clips: the shots between them, trimmed; one that leaves too little is dropped, and says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longtake.records import Edge
from longtake.slicing.config import SlicingConfig
from longtake.slicing.transitions import Transition

_CLOCK_S = 0.002
"""Two ticks of the coarsest common container clock (Matroska: 1 ms): both ends of a clip may be rounded by as much."""


@dataclass(frozen=True)
class Shot:
    """Frames [start_frame, end_frame) of a video, shown from start_s until end_s, and what lies at either side."""

    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    begins_with: Edge
    ends_with: Edge


@dataclass(frozen=True)
class Clip(Shot):
    """A shot, trimmed: its edges still say what bounds the whole shot."""


@dataclass(frozen=True)
class DroppedShot(Shot):
    """A shot, untrimmed, that gave no clip, and why."""

    reason: Literal["too_short"]


def frame_edges_s(times_s: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """When each frame begins, and when the last one ends, 1 / fps after it began: [frames + 1], or [0] without any."""
    return np.append(times_s, times_s[-1:] + 1 / fps)


def find_clips(
    transitions: Sequence[Transition], edges_s: NDArray[np.float64], config: SlicingConfig
) -> tuple[list[Clip], list[DroppedShot]]:
    """Clips, and the shots that gave none, each in the order of time, from `find_transitions` and `frame_edges_s`."""
    clips: list[Clip] = []
    dropped: list[DroppedShot] = []
    for shot in _shots(transitions, edges_s):
        start = shot.start_frame + config.trim_head_frames
        end = shot.end_frame - config.trim_tail_frames
        if start >= end or edges_s[end] - edges_s[start] < config.min_clip_s - _CLOCK_S:
            dropped.append(DroppedShot(**vars(shot), reason="too_short"))
        else:
            clips.append(Clip(start, end, float(edges_s[start]), float(edges_s[end]), shot.begins_with, shot.ends_with))
    return clips, dropped


def _shots(transitions: Sequence[Transition], edges_s: NDArray[np.float64]) -> list[Shot]:
    """All frames that are in no transition, as the spans that transitions leave; none without frames."""
    frames = len(edges_s) - 1
    if frames < 1:
        return []
    starts = [0, *(transition.end_frame for transition in transitions)]
    ends = [*(transition.start_frame for transition in transitions), frames]
    kinds: list[Edge] = ["start", *(transition.kind for transition in transitions), "end"]
    return [
        Shot(start, end, float(edges_s[start]), float(edges_s[end]), begins_with, ends_with)
        for start, end, begins_with, ends_with in zip(starts, ends, kinds[:-1], kinds[1:], strict=True)
    ]
