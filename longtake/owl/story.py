"""What a world model learns from: a picture, a text, and the clips that follow, each with what happens in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
"""HW3: blue, green, red."""
Frames = NDArray[np.uint8]
"""NHW3."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """One observation o_t with its text."""

    frames_NHW3: Frames
    """The first continues the clip before: it repeats its last frame, but at a cut."""
    text: str
    """What happens in this clip; where d_t tells of the next clip, it is d_{t-1}."""
    caption: str = ""
    """What is seen in it, for states to be aligned with (stage 1); empty: the story's text."""
    conditions: Mapping[str, float] = field(default_factory=dict)
    """Metrics of it, in units of the table `scores`, for a film decoder that takes them; what is not there is unknown."""
    new_scene: bool = False
    """There is a cut before it: nothing is given of the frame before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Story:
    """A film to learn from."""

    story_id: str
    image_HW3: Frame
    """I: the first frame."""
    text: str
    """t: what the film is."""
    clips: Sequence[Clip]


def key_frames(frames_NHW3: Frames, count: int) -> Frames:
    """So many of a clip's frames, evenly spread, the last one among them: it is what the next clip begins with."""
    if count == 1:
        return frames_NHW3[-1:]
    at = np.linspace(0, len(frames_NHW3) - 1, count).round().astype(int)
    return frames_NHW3[at]
