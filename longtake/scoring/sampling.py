"""When to look: bursts of frames a fixed time step apart, spread over the clip. Pure arithmetic.

Legend: B bursts, K moments of a burst, N frames.
"""

import numpy as np
from numpy.typing import NDArray

from longtake.scoring.config import Sampling
from longtake.scoring.samples import Samples
from longtake.video.glimpse import Glimpse
from longtake.video.records import Fit, Patches, View

MOTION, DETAIL, TEXT = "motion", "detail", "text"
"""The names of the views."""
FRAME_MARGIN = 1.001
"""A step is at least this many frames long, so that no two moments of a burst show the same frame of a steady clip."""


def plan_bursts(duration_s: float, fps: float, sampling: Sampling) -> NDArray[np.float64]:
    """Moments [B, K] in seconds; no burst begins before the last has ended, and all lie within the clip.

    A clip slower than the step is looked at frame by frame; one shorter than a burst has a single burst, cut short.
    """
    frame_s = FRAME_MARGIN / fps
    step_s = max(sampling.step_s, frame_s)
    burst_s = sampling.burst_frames * step_s
    steps_s: NDArray[np.float64] = np.arange(sampling.burst_frames) * np.float64(step_s)
    if duration_s <= burst_s:
        within_s: NDArray[np.float64] = steps_s[steps_s <= max(duration_s - frame_s, 0.0)]
        if len(within_s) < 2:
            within_s = np.array([0.0, max(duration_s - frame_s / 2, 0.0)])
        return within_s[None]
    bursts = int(min(max(1, sampling.frames // sampling.burst_frames), duration_s // burst_s))
    last_s = duration_s - burst_s
    starts_s = np.linspace(0.0, last_s, bursts) if bursts > 1 else np.array([last_s / 2])
    moments_s: NDArray[np.float64] = starts_s[:, None] + steps_s
    return moments_s


def plan_views(duration_s: float, fps: float, sampling: Sampling) -> dict[str, View]:
    """What to ask the guard for."""
    details_s, texts_s = (
        tuple(((np.arange(count) + 0.5) * duration_s / count).tolist())
        for count in (sampling.detail_frames, sampling.text_frames)
    )
    return {
        MOTION: Fit(times_s=tuple(plan_bursts(duration_s, fps, sampling).ravel().tolist()), size_px=sampling.size_px),
        DETAIL: Patches(times_s=details_s, grid=sampling.detail_grid, patch_px=sampling.detail_patch_px),
        TEXT: Fit(times_s=texts_s, size_px=sampling.text_size_px, enlarge=False),
    }


def collect(glimpse: Glimpse, bursts_s: NDArray[np.float64]) -> Samples:
    """The samples that a glimpse by `plan_views` holds, sorted into the bursts that were planned."""
    motion = glimpse.views[MOTION]
    moments_s = bursts_s.ravel()
    shown = np.searchsorted(motion.times_s, moments_s, side="right").clip(1) - 1  # frame of each moment
    first_moment = np.searchsorted(shown, np.arange(len(motion.times_s)))  # of each frame
    held = np.diff(shown.reshape(bursts_s.shape), axis=1) == 0
    return Samples(
        frames_NHW3=motion.frames_NHW3,
        times_s=motion.times_s,
        burst_N=first_moment // bursts_s.shape[1],
        held_pairs=int(held.sum()),
        details_NHW3=glimpse.views[DETAIL].frames_NHW3,
        texts_NHW3=glimpse.views[TEXT].frames_NHW3,
        width=glimpse.width,
        height=glimpse.height,
        frames=glimpse.frames,
        duration_s=glimpse.duration_s,
    )
