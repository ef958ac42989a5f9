"""From the path of the camera to what film people call it.

Legend: N frames; 4 = what the camera does: right and down (widths), closer (logarithm of the scale), clockwise turn (degrees).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.captioning.facts import Move, MoveKind, Speed
from longtake.scoring.motion import SHORTEST_PAIR_S

LEAST_PAN = 0.01
"""Widths a second from which a turn to a side, up or down is a move: a slow drift to the eye, 4 % of the picture in four seconds."""
LEAST_ZOOM = 0.02
"""Change of scale a second: the edges, half a width off the middle, then move as fast as in the slowest pan."""
LEAST_ROLL = 1.0
"""Degrees a second: the edges then move nearly as fast as in the slowest pan."""
LEAST_SHAKE = 0.015
"""Widths a second, RMS off the smooth motion, from which a camera is in somebody's hands: a swing by a third of a percent of the width,
once a second. A tripod in the wind stays far below."""
DECISION = 0.75
"""Share of the least speed at which the decision falls: the least is a move, half of it is none, the middle is left for errors."""
MODERATE = 1 / 14
"""Widths a second from which a pan is no longer slow: half of the seven-second rule, by which a thing takes seven seconds from edge to
edge. Zoom and roll by how fast the edges move."""
FAST = 2 / 7
"""And from which it is fast: twice the seven-second rule."""
MINOR = 0.2
"""What moves the edges at less than this share of the strongest part of a move is not named beside it."""
AIMLESS = 0.6
"""What is slower than this share of the shake is part of the shake."""
SHORTEST_S = 0.7
"""Of a part of a clip that is named by itself."""
PARTS = 4
"""Of a clip at most."""
WOBBLE = 0.004
"""Widths (RMS) that a path may be off a straight line for nothing: a percent from peak to peak."""
LOCAL_S = 0.8
"""Over so long the path's wobble is measured: shake must not look like many short moves."""
PRICE = 20.0
"""What one more part costs: the squared wobble of so many seconds of the path."""

LEAST_4 = np.array([LEAST_PAN, LEAST_PAN, LEAST_ZOOM, LEAST_ROLL])
WAYS: tuple[tuple[MoveKind, MoveKind], ...] = (
    ("pan right", "pan left"), ("tilt down", "tilt up"), ("zoom in", "zoom out"), ("roll clockwise", "roll counterclockwise")
)  # fmt: skip
"""What a positive and a negative rate is called."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the clip with one steady motion."""

    first: int
    """Frame."""
    last: int
    rates_4: NDArray[np.float64]
    shake: float
    """Widths a second, RMS."""


def name_moves(path_N4: NDArray[np.float64], times_s: NDArray[np.float64]) -> tuple[Move, ...]:
    """The moves of a camera that has gone this way, in the order of time, then of size; `static` or `handheld` where there is none."""
    parts = [_measure(path_N4, times_s, first, last) for first, last in cut(path_N4, times_s)]
    moves: list[Move] = []
    for axis in range(4):
        for sign in (1, -1):
            for run in _runs([sign in _named(part, axis) for part in parts]):
                first, last = parts[run[0]].first, parts[run[-1]].last
                time_s = float(times_s[last] - times_s[first])
                rate = (
                    sum(
                        abs(parts[k].rates_4[axis]) * float(times_s[parts[k].last] - times_s[parts[k].first])
                        for k in run
                    )
                    / time_s
                )
                moves.append(_move(WAYS[axis][sign < 0], rate, axis, float(times_s[first]), float(times_s[last])))
    if moves:
        return tuple(sorted(moves, key=lambda move: (move.start_s, -_edge_speed(move.rate, move.kind))))
    lengths_s = [times_s[part.last] - times_s[part.first] for part in parts]
    shake = float(np.sqrt(np.average([part.shake**2 for part in parts], weights=lengths_s)))
    start_s, end_s = float(times_s[0]), float(times_s[-1])
    if shake >= DECISION * LEAST_SHAKE:
        return (Move(kind="handheld", speed=speed_of(shake), rate=shake, start_s=start_s, end_s=end_s),)
    return (Move(kind="static", speed=None, rate=0.0, start_s=start_s, end_s=end_s),)


def speed_of(edge_speed: float) -> Speed:
    """The word for widths a second at the picture's edges."""
    return "slow" if edge_speed < MODERATE else "moderate" if edge_speed < FAST else "fast"


def _move(kind: MoveKind, rate: float, axis: int, start_s: float, end_s: float) -> Move:
    return Move(kind=kind, speed=speed_of(_edge_speed(rate, kind)), rate=rate, start_s=start_s, end_s=end_s)


def _edge_speed(rate: float, kind: MoveKind) -> float:
    """Widths a second at the edges."""
    (axis,) = (axis for axis, way in enumerate(WAYS) if kind in way)
    return float(rate / LEAST_4[axis] * LEAST_PAN)


def _named(part: Part, axis: int) -> tuple[int, ...]:
    """The sign of the move along this axis, if it is one."""
    edge_speeds_4 = np.abs(part.rates_4) / LEAST_4 * LEAST_PAN
    least = max(DECISION * LEAST_PAN, MINOR * edge_speeds_4.max(), AIMLESS * part.shake)
    return (int(np.sign(part.rates_4[axis])),) if edge_speeds_4[axis] >= least else ()


def _runs(chosen: list[bool]) -> list[list[int]]:
    """Neighbours that are chosen, together."""
    runs: list[list[int]] = []
    for k, is_chosen in enumerate(chosen):
        if is_chosen and runs and runs[-1][-1] == k - 1:
            runs[-1].append(k)
        elif is_chosen:
            runs.append([k])
    return runs


def _measure(path_N4: NDArray[np.float64], times_s: NDArray[np.float64], first: int, last: int) -> Part:
    """The line through a part of the path, and how unsteadily it is followed."""
    part_s, part_N4 = times_s[first : last + 1], path_N4[first : last + 1]
    off_s = part_s - part_s.mean()
    rates_4 = off_s @ part_N4 / (off_s @ off_s)
    rest_P2 = (np.diff(part_N4, axis=0) / np.diff(part_s).clip(SHORTEST_PAIR_S)[:, None] - rates_4)[:, :2]
    return Part(first, last, rates_4, float(np.sqrt((rest_P2**2).sum(axis=1).mean())))


def cut(path_N4: NDArray[np.float64], times_s: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Frames from and to which the path is straight: as few parts as explain it, by dynamic programming."""
    count, whole_s = len(times_s), float(times_s[-1] - times_s[0])
    if count < 4 or whole_s < 2 * SHORTEST_S:
        return [(0, count - 1)]
    errors_NN = _line_errors(path_N4 / LEAST_4 * LEAST_PAN, times_s)
    local = max(round(LOCAL_S * count / whole_s), 2)
    near = [errors_NN[k, k + local] / (local + 1) for k in range(count - local)]
    wobble = max(WOBBLE**2, float(np.median([error for error in near if np.isfinite(error)] or [0.0])))
    price = PRICE * wobble * count / max(whole_s, 1.0)
    least_N, came_from = [errors_NN[0]], []
    for _ in range(PARTS - 1):
        ways_NN = least_N[-1][:, None] + errors_NN
        came_from.append(ways_NN.argmin(axis=0))
        least_N.append(ways_NN.min(axis=0))
    more = int(np.argmin([least[-1] + price * k for k, least in enumerate(least_N)]))
    ends = [count - 1]
    for k in range(more - 1, -1, -1):
        ends.insert(0, int(came_from[k][ends[0]]))
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _line_errors(path_N4: NDArray[np.float64], times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared errors of the line through frames i to j, for all of them [N, N]; endless where these are too short a part."""

    def sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
        up_to = np.concatenate([np.zeros((1, *values.shape[1:])), values.cumsum(axis=0)])
        return up_to[None, 1:] - up_to[:-1, None]

    seconds = times_s - times_s.mean()
    count_NN = np.maximum(sums(np.ones(len(seconds))), 1.0)
    time_NN, place_NN4 = sums(seconds), sums(path_N4)
    spread_NN = sums(seconds**2) - time_NN**2 / count_NN
    along_NN4 = sums(seconds[:, None] * path_N4) - time_NN[..., None] * place_NN4 / count_NN[..., None]
    all_NN = sums((path_N4**2).sum(axis=1)) - (place_NN4**2).sum(axis=2) / count_NN
    errors_NN = np.maximum(all_NN - (along_NN4**2).sum(axis=2) / np.maximum(spread_NN, 1e-12), 0.0)
    lasts_NN = times_s[None, :] - times_s[:, None]
    return np.where(lasts_NN >= SHORTEST_S, errors_NN, np.inf)
