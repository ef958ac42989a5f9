"""Where the camera goes: from pairs of frames to one path through the clip, and whether it moves at all or only what it sees.

Legend: N frames, P = N - 1 pairs of neighbours; K points; C cells; 2 = turn and shift of a similarity; 4 = right and down (widths),
growth (natural logarithm of the scale), clockwise turn (degrees).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.captioning.measured.camera_similarity import (
    FEWEST_POINTS,
    REST,
    Look,
    Similarity,
    agreement,
    align,
    as_four,
    compose,
    fit_flows,
    invert,
    is_possible,
    leftover,
    look_at,
    of_four,
)
from longtake.scoring.flow import Flow, flows, picture_of
from longtake.scoring.motion import SHORTEST_PAIR_S

GAP_S = 0.3
"""Neighbours further apart are no pair: what lies between bursts."""
DIFFERENT_PX = 0.3
"""Guesses nearer to each other (pixels of the grid, over the picture) lead to the same."""
GOOD = 0.85
"""Agreement from which no other guess is tried."""
POOR, POOR_GAP = 0.3, 0.6
"""Agreement below which a pair says nothing, and neighbours that are further apart: its motion is that of the pairs around it."""
MARGIN = 0.03
"""What is tracked anew must agree by so much more than what pairs, which are smoother, lead to."""
SPAN_S, SPAN_PX = 1.0, 6.0
"""From one frame to a later one at most this long, or this far, is aligned anew: small errors of pairs do not add up, and a slow move
is seen over a longer way."""
NEAR_PX = 1.0
"""Over a shorter way (pixels of the grid) nothing tells a camera that stands from one that has hardly moved: it is as it was measured."""
FAR_PX = 3.0
"""A way from which few borders that move are doubted."""
FAINT_LEVELS = 1.2
"""What no motion leaves of a cell."""
CERTAIN = 0.35
"""A cell is for rest, or for a move, if that leaves less than this share (of the mean square) of what the other leaves."""
CHANGE = 2.0
"""A cell says something if one of them leaves this many times `FAINT_LEVELS`."""
CELL_POINTS = 4
"""A cell with fewer points is flat."""
BAND = 0.2
"""Share of the picture's side that each of its four borders is wide."""
BAND_CELLS = 3
"""Cells with texture that a border must have, or it is blank."""
FEWEST_BORDERS, BLANK_BORDERS = 3, 2
"""Where fewer borders have moved, or more are blank,"""
TOGETHER = 0.6
"""this share of all that changes must have moved as the camera is said to: several things that move do not."""
MISTAKEN = 0.6
"""Where the camera stands in this share of the time in which something has moved far, it stands always: it was that thing."""


@dataclass(frozen=True, eq=False)
class Path:
    """What the camera makes of the picture, pair by pair."""

    moves_P4: NDArray[np.float64]
    flows: list[Flow]


def follow(lumas: Sequence[NDArray[np.uint8]], times_s: NDArray[np.float64]) -> Path:
    """The path of two or more frames."""
    shape_HW = lumas[0].shape
    pictures = [picture_of(luma_HW) for luma_HW in lumas]
    looks = [look_at(picture, shape_HW) for picture in pictures]
    found_flows = flows(pictures)
    guesses = fit_flows(found_flows, shape_HW)
    steps_s = np.diff(times_s).clip(SHORTEST_PAIR_S)
    steps_P2 = np.tile(REST, (len(steps_s), 1))
    agreed_P = np.zeros(len(steps_s))
    for k, step_s in enumerate(steps_s):
        before = of_four(as_four(steps_P2[k - 1]) * step_s / steps_s[k - 1]) if k else REST
        tries = [*(guess_P2[k] for guess_P2 in guesses), before, REST]
        steps_P2[k], agreed_P[k] = _best(looks[k], looks[k + 1], tries)
    known_P = agreed_P >= np.where(steps_s <= GAP_S, POOR, POOR_GAP)
    moves_P4 = _straighten(looks, as_four(steps_P2), known_P, times_s)
    return Path(_bridge(moves_P4, known_P, steps_s), found_flows)


def _best(a: Look, b: Look, guesses: Sequence[Similarity]) -> tuple[Similarity, float]:
    """The guess, aligned, that explains most; and how much."""
    best, most = REST, -1.0
    tried: list[Similarity] = []
    for guess in guesses:
        if most >= GOOD:
            break
        if not is_possible(guess) or any(
            displacement_px(compose(guess, invert(other)), a) < DIFFERENT_PX for other in tried
        ):
            continue
        tried.append(guess)
        aligned = align(a, b, guess)
        if (agreed := agreement(a, b, aligned)) > most:
            best, most = aligned, agreed
    return best, most


def _straighten(
    looks: Sequence[Look], moves_P4: NDArray[np.float64], known_P: NDArray[np.bool_], times_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pairs corrected by what is seen over longer ways; no motion in spans where the camera stands."""
    moves_P4 = moves_P4.copy()
    first, stands_P, far_P = 0, np.zeros(len(moves_P4), bool), np.zeros(len(moves_P4), bool)
    while first < len(moves_P4):
        ways_P2 = _span(looks[first:], moves_P4[first:], known_P[first:], times_s[first:])
        last = first + len(ways_P2)
        moves_P4[first:last] = as_four(compose(invert(np.stack([REST, *ways_P2[:-1]])), ways_P2))
        a, b, way = looks[first], looks[last], ways_P2[-1]
        if known_P[first]:
            stands_P[first:last] = _stands(a, b, way)
            far_P[first:last] = displacement_px(way, a) >= FAR_PX
        first = last
    if far_P.any() and stands_P[far_P].mean() >= MISTAKEN:
        stands_P[:] = True
    moves_P4[stands_P] = 0.0
    return moves_P4


def _span(
    looks: Sequence[Look], moves_P4: NDArray[np.float64], known_P: NDArray[np.bool_], times_s: NDArray[np.float64]
) -> Similarity:
    """From the first frame to those of its span [P, 2]: where the pairs lead, or what is tracked anew if that is clearly better."""
    led_P2 = _lead(looks, moves_P4, known_P, times_s)
    tracked_P2 = _track(looks, moves_P4, known_P, times_s)
    if len(tracked_P2) == 1:
        return led_P2
    tracked_P2 = _retrace(looks[: len(tracked_P2) + 1], tracked_P2, times_s[: len(tracked_P2) + 1])
    both = [
        np.mean([agreement(looks[0], look, way) for look, way, _ in zip(looks[1:], ways, other, strict=False)])
        for ways, other in ((tracked_P2, led_P2), (led_P2, tracked_P2))
    ]
    return tracked_P2 if both[0] > both[1] + MARGIN else led_P2


def _ends(known_P: NDArray[np.bool_], since_s: NDArray[np.float64], k: int, way: Similarity, look: Look) -> bool:
    """Whether a span ends with frame k; one pair that says nothing is a span by itself."""
    return bool(not known_P[0] or not known_P[k] or since_s[k] >= SPAN_S or displacement_px(way, look) >= SPAN_PX)


def _lead(
    looks: Sequence[Look], moves_P4: NDArray[np.float64], known_P: NDArray[np.bool_], times_s: NDArray[np.float64]
) -> Similarity:
    """Where the pairs lead, corrected by an alignment of the last frame with the first."""
    ways, since_s = [of_four(moves_P4[0])], times_s - times_s[0]
    for k in range(1, len(moves_P4)):
        if _ends(known_P, since_s, k, ways[-1], looks[0]):
            break
        ways.append(compose(ways[-1], of_four(moves_P4[k])))
    last = len(ways)
    aligned = align(looks[0], looks[last], ways[-1]) if last > 1 else ways[-1]
    if agreement(looks[0], looks[last], aligned) <= agreement(looks[0], looks[last], ways[-1]):
        return np.stack(ways)
    share_P1 = (since_s[1 : last + 1] / since_s[last])[:, None]
    return compose(np.stack(ways), of_four(as_four(compose(invert(ways[-1]), aligned)) * share_P1))


def _track(
    looks: Sequence[Look], moves_P4: NDArray[np.float64], known_P: NDArray[np.bool_], times_s: NDArray[np.float64]
) -> Similarity:
    """All frames aligned with the first.

    A thing that moves goes away from where it was, the scene does not: the longer the way, the less the one looks like the other.
    """
    ways, since_s = [of_four(moves_P4[0])], times_s - times_s[0]
    for k in range(1, len(moves_P4)):
        if _ends(known_P, since_s, k, ways[-1], looks[0]):
            break
        onward = of_four(as_four(ways[-1]) * since_s[k + 1] / since_s[k])
        ways.append(_best(looks[0], looks[k + 1], [compose(ways[-1], of_four(moves_P4[k])), onward, REST])[0])
    return np.stack(ways)


def _retrace(looks: Sequence[Look], ways_P2: Similarity, times_s: NDArray[np.float64]) -> Similarity:
    """The same, with the frames of the first half aligned with the last one: the longer of two ways says more."""
    ways_P2, home = ways_P2.copy(), invert(ways_P2[-1])
    share_P = (times_s[-1] - times_s[1:]) / (times_s[-1] - times_s[0])
    for k in np.flatnonzero(share_P > 0.5).tolist():
        tries = [of_four(as_four(home) * share_P[k]), compose(home, ways_P2[k])]
        ways_P2[k] = compose(ways_P2[-1], _best(looks[-1], looks[k + 1], tries)[0])
    return ways_P2


def _bridge(
    moves_P4: NDArray[np.float64], known_P: NDArray[np.bool_], steps_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same, with pairs that say nothing as fast as those around them; at rest where none says anything."""
    if known_P.all() or not known_P.any():
        return moves_P4 * known_P[:, None]
    at_s = np.cumsum(steps_s) - steps_s / 2
    rates_P4 = moves_P4 / steps_s[:, None]
    bridged = [np.interp(at_s, at_s[known_P], rates_P4[known_P, axis]) for axis in range(4)]
    return np.where(known_P[:, None], moves_P4, np.stack(bridged, axis=1) * steps_s[:, None])


def _stands(a: Look, b: Look, way: Similarity) -> bool:
    """Whether the picture's borders say that the camera stands, and something else has moved that way."""
    way_px = displacement_px(way, a)
    if len(a.places_K) < FEWEST_POINTS or way_px < NEAR_PX:
        return len(a.places_K) < FEWEST_POINTS
    at_rest_K, _ = leftover(a, b, REST)
    moved_K, inside_K = leftover(a, b, way)
    points_C = np.bincount(a.cell_K[inside_K], minlength=a.cells)

    def mean(values_K: NDArray[np.float64]) -> NDArray[np.float64]:
        sums_C: NDArray[np.float64] = np.bincount(a.cell_K[inside_K], values_K[inside_K], a.cells).astype(np.float64)
        return sums_C / np.maximum(points_C, 1)

    rest_C, move_C = mean(at_rest_K**2) + FAINT_LEVELS**2, mean(moved_K**2) + FAINT_LEVELS**2
    textured_C = points_C >= CELL_POINTS
    changes_C = textured_C & (np.maximum(rest_C, move_C) > (CHANGE * FAINT_LEVELS) ** 2)
    for_move_C = changes_C & (move_C < CERTAIN * rest_C)
    for_rest_C = changes_C & (rest_C < CERTAIN * move_C)
    x_C, y_C = mean(a.places_K.real), mean(a.places_K.imag) / a.height
    blank = rests = moves = 0
    for border_C in (x_C < BAND - 0.5, x_C > 0.5 - BAND, y_C < BAND - 0.5, y_C > 0.5 - BAND):
        if (textured_C & border_C).sum() < BAND_CELLS:
            blank += 1
            continue
        balance = int(for_move_C[border_C].sum()) - int(for_rest_C[border_C].sum())
        rests, moves = rests + (balance < 0), moves + (balance > 0)
    if rests >= max(moves, 1):
        return True
    doubted = way_px >= FAR_PX and (moves < FEWEST_BORDERS or blank >= BLANK_BORDERS)
    return bool(doubted and for_move_C.sum() < TOGETHER * changes_C.sum())


def displacement_px(given: Similarity, look: Look) -> float:
    """Root mean square over the picture, pixels of the grid."""
    spread = (1 + look.height**2) / 12
    return float(np.sqrt(abs(given[1]) ** 2 + abs(given[0] - 1) ** 2 * spread) * look.detail_hw.shape[1])
