"""What is seen of one clip: everything that is measured comes from these arrays.

Legend: N frames, H, W rows and columns of a picture, 3 its channels: blue, green, red.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Samples:
    """One clip's sampled frames, uint8, upright, in the order of presentation."""

    frames_NHW3: np.ndarray
    """Whole frames whose longer side is `Sampling.size_px`."""
    times_s: np.ndarray
    """float64 [N]: when each of them is shown, from the clip's first frame; strictly increasing."""
    burst_N: np.ndarray
    """int64 [N]: which burst each belongs to, 0, 0, ..., 1, ...; neighbours in a burst are about `Sampling.step_s` apart."""
    held_pairs: int
    """Neighbouring moments of a burst at which one and the same frame is shown: the clip stands still there."""
    details_NHW3: np.ndarray
    """Patches in the clip's own resolution, `detail_grid` x `detail_grid` of them side by side, each `detail_patch_px`
    square, cut at multiples of 8 pixels. A picture that is too small for them was enlarged first."""
    texts_NHW3: np.ndarray
    """Frames for finding text, and for models: the longer side at most `Sampling.text_size_px`; spread over the clip."""
    width: int
    """Of the clip, pixels as displayed."""
    height: int
    frames: int
    """That decoded."""
    duration_s: float
