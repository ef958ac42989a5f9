"""From the path of the camera to what film people call it.

Legend: N frames, P = N - 1 pairs; S spans; 4 = what the camera does: right and down (widths), closer (logarithm of the scale), clockwise turn (degrees).
"""

import numpy as np
from numpy.typing import NDArray

from longtake.captioning.facts import Move, MoveKind, Speed

LEAST_PAN = 0.01
"""Widths a second from which a turn to a side, up or down is a move: in four seconds the picture shifts by 4 %, a slow drift to the eye."""
LEAST_ZOOM = 0.02
"""Change of scale a second: the edges, half a width off the middle, then move as fast as in the slowest pan."""
LEAST_ROLL = 1.0
"""Degrees a second: the edges then move nearly as fast as in the slowest pan."""
LEAST_SHAKE = 0.015
"""RMS widths a second."""
DECISION = 0.75
"""Share of the least speed at which the decision falls: the least is a move, half of it is none, the middle is left for errors."""
MODERATE = 1 / 14
"""Widths a second from which a pan is no longer slow: half of the seven-second rule, by which a thing takes seven seconds from edge to edge."""
FAST = 2 / 7
"""And from which it is fast: twice the seven-second rule. Zoom and roll by how fast the edges move."""
MINOR = 0.2
"""What moves the picture less than this share of the strongest part of a move is not named beside it."""
AIMLESS = 0.6
"""A move slower than this share of the shake's speed is part of the shake."""
SHORTEST_S = 0.7
"""Of a part of a clip that is named by itself."""
SPANS = 4
"""Parts of a clip at most."""
WOBBLE = 0.004
"""Widths that a path may be off a straight line for nothing."""
PRICE = 12.0
"""Of one more part, in squared wobbles a second of path."""

LEAST_4 = np.array([LEAST_PAN, LEAST_PAN, LEAST_ZOOM, LEAST_ROLL])
WAYS: tuple[tuple[MoveKind, MoveKind], ...] = (
    ("pan right", "pan left"),
    ("tilt down", "tilt up"),
    ("zoom in", "zoom out"),
    ("roll clockwise", "roll counterclockwise"),
)


def segment(path_N4, times_N):
    """Boundaries (frame indices) of straight pieces, by dynamic programming."""
    count = len(times_N)
    y = path_N4 / LEAST_4 * LEAST_PAN
    t = times_N
    pre = lambda v: np.concatenate([np.zeros((1, *v.shape[1:])), np.cumsum(v, axis=0)])
    p1, pt, ptt, py, pyy, pty = pre(np.ones(count)), pre(t), pre(t * t), pre(y), pre((y * y).sum(1)), pre(t[:, None] * y)
    i, j = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")  # piece holds frames i..j
    j1 = j + 1
    n = np.maximum(p1[j1] - p1[i], 1)
    st, stt, sy, syy, sty = (p[j1] - p[i] for p in (pt, ptt, py, pyy, pty))
    vt = np.maximum(stt - st**2 / n, 1e-9)
    cty = sty - st[..., None] * sy / n[..., None]
    vy = syy - (sy**2).sum(-1) / n
    cost = np.maximum(vy - (cty**2).sum(-1) / vt, 0)
    cost[(t[j] - t[i] < SHORTEST_S) | (j <= i)] = np.inf
    return cost


def pieces(path_N4, times_N):
    count = len(times_N)
    whole = [(0, count - 1)]
    if times_N[-1] - times_N[0] < 2 * SHORTEST_S:
        return whole
    cost = segment(path_N4, times_N)
    # wobble: residual of the best one-second pieces
    width = max(2, int(round(count * 1.2 / (times_N[-1] - times_N[0]))))
    local = [cost[k, min(k + width, count - 1)] / (min(k + width, count - 1) - k + 1) for k in range(0, max(count - width, 1), 1)]
    local = [v for v in local if np.isfinite(v)]
    sigma2 = max(WOBBLE**2, float(np.median(local)) if local else 0)
    price = PRICE * sigma2 * count / max((times_N[-1] - times_N[0]), 1.0)
    best = cost[0].copy()  # one piece up to frame j
    tables = [best]
    backs = []
    for _ in range(SPANS - 1):
        # pieces share their boundary frame
        total = tables[-1][:, None] + cost  # previous ends at i, this one i..j
        back = np.argmin(total, axis=0)
        tables.append(total[back, np.arange(count)]); backs.append(back)
    totals = [table[-1] + price * k for k, table in enumerate(tables)]
    k = int(np.argmin(totals))
    ends = [count - 1]
    for level in range(k - 1, -1, -1):
        ends.append(int(backs[level][ends[-1]]))
    ends.append(0)
    ends.reverse()
    return list(zip(ends[:-1], ends[1:]))


def name(path_N4, times_N, debug=None):
    inc = np.diff(path_N4, axis=0); dt = np.diff(times_N)
    out = []
    shakes = []
    spans = pieces(path_N4, times_N)
    for a, b in spans:
        t = times_N[a:b + 1]; y = path_N4[a:b + 1]
        tc = t - t.mean()
        slope = (tc @ y) / max((tc @ tc), 1e-9)
        v = inc[a:b] / dt[a:b, None] - slope
        shake2 = (v[:, :2] ** 2).sum(1)
        shakes += shake2.tolist()
        out.append((a, b, slope, np.sqrt(shake2.mean())))
    result = []
    for a, b, slope, shake in out:
        edge = slope / LEAST_4 * LEAST_PAN
        big = np.abs(edge).max()
        kinds = {k for k in range(4) if abs(slope[k]) >= DECISION * LEAST_4[k] and abs(edge[k]) >= MINOR * big and abs(edge[k]) > AIMLESS * shake}
        result.append((a, b, slope, kinds))
    rms = float(np.sqrt(np.mean(shakes)))
    kinds = {WAYS[c][int(s[c] < 0)] for _, _, s, ks in result for c in ks}
    if debug is not None: debug.append((spans, rms))
    return kinds or {"handheld" if rms >= DECISION * LEAST_SHAKE else "static"}, result
