"""From scores to transitions: the temporal rule of Koala-36M, then runs of flagged pairs as spans of frames.

Pair i is frames i and i + 1, so n frames have n - 1 scores. A pair is flagged for its own score (`score < 0`), or
because the score smoothed over its neighbours falls out of the Gaussian of the smoothed scores before it ("3 sigma").
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longtake.slicing.config import SlicingConfig


@dataclass(frozen=True)
class Transition:
    """Frames [start_frame, end_frame) that belong to neither shot."""

    start_frame: int
    end_frame: int
    """First frame of the new shot; a hard cut has no frames of its own, and start_frame == end_frame."""
    kind: Literal["cut", "gradual"]
    confidence: float
    """0.5..1: logistic of how far, in units of score, the clearest pair lies beyond what would just have flagged it."""


def smooth(scores: NDArray[np.float64], radius: int) -> NDArray[np.float64]:
    """Mean over `radius` pairs to either side; pairs at the ends, which lack neighbours, keep their own score."""
    smoothed = scores.copy()
    if len(scores) > 2 * radius:
        inside = slice(radius, len(scores) - radius)
        smoothed[inside] = np.lib.stride_tricks.sliding_window_view(scores, 2 * radius + 1).mean(axis=1)
    return smoothed


def margins(scores: NDArray[np.float64], config: SlicingConfig) -> NDArray[np.float64]:
    """How far beyond the rule each pair lies, [pairs]; above 0 it is a boundary."""
    smoothed = smooth(scores, config.smooth_radius_pairs)
    limits = _smoothed_limits(smoothed, config)
    if config.reset_at_boundary:
        last = -1
        for pair in range(len(scores)):
            if pair - config.window_pairs <= last:
                limits[pair] = -np.inf
            if scores[pair] < 0 or smoothed[pair] < limits[pair]:
                last = pair
    return np.maximum(-scores, limits - smoothed)


def find_transitions(scores: NDArray[np.float64], config: SlicingConfig) -> list[Transition]:
    """Transitions in the order of time, with more than `merge_gap_frames` frames between one and the next."""
    margin = margins(scores, config)
    flagged = np.flatnonzero((margin > 0) & ~_echoes(scores, config))
    if not len(flagged):
        return []
    # Between flagged pairs a < b lie the frames a + 1 .. b.
    apart = np.flatnonzero(np.diff(flagged) > config.merge_gap_frames) + 1
    return [_transition(run, margin) for run in np.split(flagged, apart)]


def _transition(run: NDArray[np.intp], margin: NDArray[np.float64]) -> Transition:
    start_frame, end_frame = int(run[0]) + 1, int(run[-1]) + 1
    return Transition(
        start_frame=start_frame,
        end_frame=end_frame,
        kind="cut" if start_frame == end_frame else "gradual",
        confidence=float(1 / (1 + np.exp(-margin[run].max()))),
    )


def _smoothed_limits(smoothed: NDArray[np.float64], config: SlicingConfig) -> NDArray[np.float64]:
    """What each smoothed score must be below to be a boundary, [pairs]: min(gate, mean - sigmas * deviation).

    Mean and deviation are of the trimmed window before the pair; without a whole window, the limit is -infinity.
    """
    window = config.window_pairs
    limits = np.full(len(smoothed), -np.inf)
    if len(smoothed) <= window:
        return limits
    past = np.sort(np.lib.stride_tricks.sliding_window_view(smoothed[:-1], window), axis=1)
    kept = past[:, int(config.window_trim_low * window) : int((1 - config.window_trim_high) * window)]
    deviation = np.maximum(config.sigma_floor, kept.std(axis=1))
    limits[window:] = np.minimum(config.gate, kept.mean(axis=1) - config.sigmas * deviation)
    return limits


def _echoes(scores: NDArray[np.float64], config: SlicingConfig) -> NDArray[np.bool_]:
    """Pairs that smoothing may have flagged for the sake of a negative neighbour alone, [pairs]."""
    negative = scores < 0
    near = np.zeros_like(negative)
    for shift in range(1, config.smooth_radius_pairs + 1):
        near[shift:] |= negative[:-shift]
        near[:-shift] |= negative[shift:]
    return near & ~negative
