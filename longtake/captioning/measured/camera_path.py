"""Where the camera goes: from pairs of frames to one path through the clip, and whether it moves at all.

Legend: N frames, P = N - 1 pairs of neighbours; K points; 2 = turn and shift of a similarity; 4 = right and down (widths), growth (logarithm of the
scale), clockwise turn (degrees), of the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.captioning.measured.camera_similarity import (
    Look, NOISE_LEVELS, Similarity, align, compose, fit_flows, four, invert, left_of, look_of, of_four, places,
)
from longtake.scoring.flow import Flow, flows, picture_of

GAP_S = 0.3
"""Neighbours further apart are no pair: what lies between bursts."""
REST = np.array([1, 0], np.complex128)
KEY_S = 1.0
KEY_PX = 6.0
VOTE_PX = 1.0
"""Pixels of the grid"""


def agreement(a: Look, b: Look, given: Similarity, tolerance: float = 0.35) -> float:
    left_K, inside_K = left_of(a, b, given)
    allowed_K = NOISE_LEVELS + tolerance * np.abs(a.slope_K) / a.detail_hw.shape[1]
    near_K = 1 / (1 + (left_K / allowed_K) ** 2) ** 2
    return float((a.say_K * inside_K * near_K).sum() / max((a.say_K * inside_K).sum(), 1e-9))


@dataclass(frozen=True, eq=False)
class Track:
    times_N: NDArray[np.float64]
    steps_P2: Similarity
    close_P: NDArray[np.bool_]
    stands_P: NDArray[np.bool_]
    flows_P: list


def rms_px(given: Similarity, look: Look) -> float:
    """Displacement over the picture, pixels of the grid."""
    columns = look.detail_hw.shape[1]
    spread = (1 + look.height**2) / 12
    return float(np.sqrt(abs(given[1]) ** 2 + abs(given[0] - 1) ** 2 * spread) * columns)


def votes(a: Look, b: Look, given: Similarity) -> tuple[float, float]:
    """How much of the picture, by its border more than its middle, says that the camera stands, and that it moves so. Points only
    speak where the two differ by more than noise."""
    if not len(a.places_K):
        return 0.0, 0.0
    at_rest_K, inside0_K = left_of(a, b, REST)
    moved_K, inside_K = left_of(a, b, given)
    shift_K = (given[0] - 1) * a.places_K + given[1]
    expected_K = np.abs((a.slope_K.conj() * shift_K).real)
    speaks_K = inside_K & (expected_K > 3 * NOISE_LEVELS) & (np.minimum(np.abs(at_rest_K), np.abs(moved_K)) < 0.5 * expected_K)
    rests_K = np.abs(at_rest_K) < np.abs(moved_K)
    return float(a.say_K[speaks_K & rests_K].sum()), float(a.say_K[speaks_K & ~rests_K].sum())


def track(lumas: Sequence[NDArray[np.uint8]], times_N: NDArray[np.float64]):
    shape_HW = lumas[0].shape
    pictures = [picture_of(luma) for luma in lumas]
    looks = [look_of(p, shape_HW) for p in pictures]
    steps_s = np.diff(times_N)
    close_P = steps_s <= max(GAP_S, 1.5 * float(np.median(steps_s)))
    flows_P = flows(pictures)
    fits_P2 = fit_flows(flows_P, shape_HW)
    out = []
    agree = []
    for k in range(len(steps_s)):
        a, b = looks[k], looks[k + 1]
        tries = [fits_P2[k]]
        if not close_P[k]:
            rate = four(out[-1]) / steps_s[k - 1] if k else np.zeros(4)
            tries += [of_four(rate * steps_s[k]), REST]
        found = [align(a, b, t) for t in tries]
        scores = [agreement(a, b, f) for f in found]
        best = int(np.argmax(scores))
        agree.append(scores[best])
        out.append(found[best])
    return looks, np.array(out), close_P, flows_P, np.array(agree), fits_P2


def keyed(looks, steps_P2, times_N):
    """Long-baseline correction: increments [P,4]."""
    inc = four(steps_P2)
    i = 0
    info = []
    while i < len(looks) - 1:
        chain = steps_P2[i]
        j = i + 1
        while j < len(looks) - 1 and times_N[j] - times_N[i] < KEY_S and rms_px(chain, looks[i]) < KEY_PX:
            chain = compose(chain, steps_P2[j]); j += 1
        if j > i + 1:
            fine = align(looks[i], looks[j], chain)
            a0, a1 = agreement(looks[i], looks[j], chain), agreement(looks[i], looks[j], fine)
            if a1 > a0:
                fix = four(compose(invert(chain), fine))
                inc[i:j] += fix * (np.diff(times_N)[i:j] / (times_N[j] - times_N[i]))[:, None]
                chain = fine
        r, m = votes(looks[i], looks[j], chain)
        info.append((i, j, rms_px(chain, looks[i]), r, m, agreement(looks[i], looks[j], chain)))
        i = j
    return inc, info
