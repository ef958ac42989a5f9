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


def agreement(a: Look, b: Look, given: Similarity, noise: float, tolerance: float = 0.35) -> float:
    left_K, inside_K = left_of(a, b, given)
    steep_K = np.abs(a.slope_K) / a.detail_hw.shape[1]
    allowed_K = noise + tolerance * steep_K
    near_K = 1 / (1 + (left_K / allowed_K) ** 2) ** 2
    say_K = a.say_K * steep_K / (steep_K + 2 * noise)
    return float((say_K * inside_K * near_K).sum() / max((say_K * inside_K).sum(), 1e-9))


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


def votes(a: Look, b: Look, given: Similarity, noise: float):
    """Cells that say rest, that say the move, that say nothing for lack of texture; by say."""
    if not len(a.places_K):
        return 0.0, 0.0, (1.0, 0.0, 0.0)
    at_rest_K, inside0_K = left_of(a, b, REST)
    moved_K, inside_K = left_of(a, b, given)
    shift_K = (given[0] - 1) * a.places_K + given[1]
    expected_K = np.abs((a.slope_K.conj() * shift_K).real)
    ok = inside_K
    sums = lambda v: np.bincount(a.cell_K[ok], v[ok], a.cells)
    n = sums(np.ones(len(ok)))
    say = sums(a.say_K) / np.maximum(n, 1)
    cap = 30.0
    rest, move = (sums(np.minimum(np.abs(v), cap) ** 2) / np.maximum(n, 1) for v in (at_rest_K, moved_K))
    textured = n >= 4
    speaks = textured & (np.maximum(rest, move) > (2 * noise) ** 2)
    R = say[speaks & (rest < 0.35 * move)].sum()
    M = say[speaks & (move < 0.35 * rest)].sum()
    flat = (~textured).mean()
    total = say[textured].sum()
    quiet_c = textured & (np.maximum(rest, move) <= (2 * noise) ** 2)
    quiet = say[quiet_c].sum()
    # strips
    zx = np.bincount(a.cell_K, a.places_K.real, a.cells) / np.maximum(np.bincount(a.cell_K, minlength=a.cells), 1)
    zy = np.bincount(a.cell_K, a.places_K.imag, a.cells) / np.maximum(np.bincount(a.cell_K, minlength=a.cells), 1)
    h = a.height
    rc, mc = speaks & (rest < 0.35 * move), speaks & (move < 0.35 * rest)
    strips = [zx < -0.3, zx > 0.3, zy < -0.3 * h, zy > 0.3 * h]
    st = np.array([[(rc & t).sum(), (mc & t).sum(), (quiet_c & t).sum(), (textured & t).sum()] for t in strips])
    return float(R), float(M), (float(flat), float(total), float(quiet), st)


def track(lumas: Sequence[NDArray[np.uint8]], times_N: NDArray[np.float64]):
    shape_HW = lumas[0].shape
    pictures = [picture_of(luma) for luma in lumas]
    looks = [look_of(p, shape_HW) for p in pictures]
    steps_s = np.diff(times_N)
    close_P = steps_s <= max(GAP_S, 1.5 * float(np.median(steps_s)))
    flows_P = flows(pictures)
    fits_XP2 = np.array(fit_flows(flows_P, shape_HW))
    # noise of this clip: what the best of the fits leave
    lefts = [min(float(np.median(np.abs(left_of(looks[k], looks[k + 1], f)[0]))) if len(looks[k].places_K) else 1.0 for f in fits_XP2[:, k]) for k in range(0, len(steps_s), 4)]
    noise = 2.0
    out, agree, which = [], [], []
    for k in range(len(steps_s)):
        a, b = looks[k], looks[k + 1]
        rate = four(out[-1]) / steps_s[k - 1] if k else np.zeros(4)
        tries = [*fits_XP2[:, k], of_four(rate * steps_s[k]), REST]
        kept, found, scores = [], [], []
        for t in tries:
            if all(rms_px(compose(t, invert(o)), a) > 0.3 for o in kept) and (not scores or max(scores) < 0.85):
                kept.append(t); found.append(align(a, b, t, noise)); scores.append(agreement(a, b, found[-1], noise))
        best = int(np.argmax(scores))
        agree.append(scores[best]); which.append((len(kept), best))
        out.append(found[best])
    return looks, np.array(out), close_P, flows_P, np.array(agree), fits_XP2[0], noise, which


def regional(flows_P, shape_HW, steps_s):
    """Velocity of each region [P, R, 2], widths a second, nan where too little is to be seen; weights."""
    near = slice(1, None, 3)
    rows, columns = shape_HW
    z = places(flows_P[0].texture_hw.shape, rows / columns)[near, near]
    h = rows / columns
    gx = np.clip(((z.real + 0.5) * 4).astype(int), 0, 3); gy = np.clip(((z.imag / h + 0.5) * 3).astype(int), 0, 2)
    region = gy * 4 + gx
    moved = np.stack([f.moved_hw2[near, near] for f in flows_P]) / columns / steps_s[:, None, None, None]
    texture = np.stack([f.texture_hw[near, near] for f in flows_P])
    out = np.full((len(flows_P), 12, 2), np.nan)
    for r in range(12):
        m = moved[:, region == r]; w = texture[:, region == r] > 0.5
        for k in range(len(flows_P)):
            if w[k].sum() >= 0.15 * w.shape[1]:
                out[k, r] = np.median(m[k][w[k]], axis=0)
    return out


def keyed(looks, steps_P2, times_N, noise):
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
            fine = align(looks[i], looks[j], chain, noise)
            a0, a1 = agreement(looks[i], looks[j], chain, noise), agreement(looks[i], looks[j], fine, noise)
            if a1 > a0:
                fix = four(compose(invert(chain), fine))
                inc[i:j] += fix * (np.diff(times_N)[i:j] / (times_N[j] - times_N[i]))[:, None]
                chain = fine
        r, m, flat = votes(looks[i], looks[j], chain, noise)
        info.append((i, j, rms_px(chain, looks[i]), r, m, agreement(looks[i], looks[j], chain, noise), flat, looks[i].cells))
        i = j
    return inc, info
