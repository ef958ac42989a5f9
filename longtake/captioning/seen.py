"""What a captioner gets of a clip. Legend: N frames, H, W rows and columns, 3 channels: blue, green, red."""

from dataclasses import dataclass

import numpy as np

from longtake.captioning.facts import Facts


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """One clip, looked at."""

    duration_s: float
    width: int
    """Of the clip, pixels as displayed."""
    height: int
    facts: Facts | None = None
    frames_NHW3: np.ndarray | None = None
    """uint8, for a model; none for `measured`."""
    times_s: np.ndarray | None = None
    """float64 [N], when each is shown."""
