"""Six of the sub-metrics: how much moves, how the camera moves and shakes, what stands still, what flickers.

Koala-36M names a motion score by optical flow and asks its annotators for a moving area above 30 % and a camera that is
not shaken by an amateur (section 3.3); it publishes no method. Pixels are those of the sampled frames, 256 on the longer
side by default, and every displacement is divided by the time between its two frames: neither the size nor the frame rate
of a clip matters. Pairs are neighbours in a burst, never across bursts.

Legend: N frames of a burst, P = N - 1 pairs; H, W rows and columns; h, w of the half-size grid; B blocks; 2 = along x, y.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.scoring.camera import camera_moves, shake
from longtake.scoring.flow import flows, picture_of
from longtake.scoring.samples import Samples

MOVING_PX_S = 5.0
"""What is faster, moves: 2 % of the picture's longer side a second, half a pixel from one sampled frame to the next."""
SHORTEST_PAIR_S = 1 / 120
"""Two frames count as at least this far apart: time stamps that almost coincide would make any motion endless."""
STILL_LEVELS = 0.05
"""A frozen pair differs by less than this over the picture (levels of 255): what compression makes of a still."""
STILL_BLOCK_LEVELS = 1.0
"""And by less than this in its liveliest block: a small thing that moves is enough for a pair not to be frozen."""
STILL_BLOCK_PX = 16
FLICKER_BLOCKS = 8
"""Blocks along either side of the picture; flicker is what their median does, so that no moving thing looks like it."""


@dataclass(frozen=True)
class Motion:
    """What was measured: all finite, 0 where too few frames show it."""

    motion: float
    """Speed of the picture, px/s, 0 up: length of the optical flow, mean over pixels and pairs.

    True to 5 % between 5 and 200 px/s where there is texture. Slower than about 2 px/s it falls to 0; beyond 230 px/s (a
    shift of a tenth of the picture from frame to frame) the search loses track, and any value from 100 to 230 may come
    out. A flat part has no visible motion and counts as 0. Dense inverse search (Kroeger et al. 2016), see `flow`.
    """
    moving_area: float
    """Share of the picture that moves, 0..1: pixels faster than `MOVING_PX_S`, mean over pairs.

    The camera's motion counts: it is what the eye sees move, as Koala-36M's annotators judge it. A moving thing is given
    a rim of some 5 px, the reach of the search.
    """
    camera_shake: float
    """Unsteadiness of the camera, px/s, 0 up: root mean square, over picture and burst, of what the velocity of the whole
    picture is off the straight line in time through it; mean over bursts.

    A steady or evenly accelerating pan, zoom or roll has none. 0 where no burst has four frames. See `camera`.
    """
    camera_motion: float
    """Speed of the camera's picture, px/s, 0 up: root mean square over the picture of the shift, zoom and roll that most
    of it shares; mean over pairs.

    A thing that moves before a scene is no camera motion while it fills less than 40 % of the picture, or less than 20 %
    before a wall without texture. A camera before a picture that is three quarters blank is not seen to move. See `camera`.
    """
    still_share: float
    """Share of pairs in which nothing changes, 0..1: repeated or frozen frames. Grain is a change, unless the encoder has
    wiped it out."""
    flicker: float
    """Brightness that goes up and down, levels of 255, 0 up: how far a frame's luma is off the line between the frames
    before and after it, median over blocks of the picture, mean over frames.

    Brightness that alternates by an amplitude of a has 2 a; a fade and a moving thing have none. A rhythm that the
    sampling step is a multiple of stays unseen. 0 where no burst has three frames.
    """


def measure_motion(samples: Samples) -> Motion:
    """The six numbers of one clip, the same for the same samples."""
    bursts = [_measure_burst(samples, burst) for burst in np.unique(samples.burst_N)]
    return Motion(
        motion=_mean([speed for burst in bursts for speed in burst.speeds_px_s]),
        moving_area=_mean([share for burst in bursts for share in burst.moving_shares]),
        camera_shake=_mean([burst.shake_px_s for burst in bursts if burst.shake_px_s is not None]),
        camera_motion=_mean([speed for burst in bursts for speed in burst.camera_px_s]),
        still_share=_mean([still for burst in bursts for still in burst.stills]),
        flicker=_mean([levels for burst in bursts for levels in burst.flickers]),
    )


@dataclass(frozen=True)
class _Burst:
    """A number for each pair of one burst, but the shake, and a flicker for each frame between two others."""

    speeds_px_s: Sequence[float] = ()
    moving_shares: Sequence[float] = ()
    camera_px_s: Sequence[float] = ()
    shake_px_s: float | None = None
    stills: Sequence[bool] = ()
    flickers: Sequence[float] = ()


def _measure_burst(samples: Samples, burst: int) -> _Burst:
    chosen_N = samples.burst_N == burst
    times_s = samples.times_s[chosen_N]
    if len(times_s) < 2:
        return _Burst()
    lumas = [cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY) for frame_HW3 in samples.frames_NHW3[chosen_N]]
    steps_s = np.diff(times_s).clip(SHORTEST_PAIR_S)
    flow_P = flows([picture_of(luma_HW) for luma_HW in lumas])
    speeds_Phw = [
        np.hypot(flow.moved_hw2[..., 0], flow.moved_hw2[..., 1]) / step_s
        for flow, step_s in zip(flow_P, steps_s, strict=True)
    ]
    velocities_P4 = camera_moves(flow_P) / steps_s[:, None]
    return _Burst(
        speeds_px_s=[float(speed_hw.mean()) for speed_hw in speeds_Phw],
        moving_shares=[float((speed_hw > MOVING_PX_S).mean()) for speed_hw in speeds_Phw],
        camera_px_s=np.linalg.norm(velocities_P4, axis=1).tolist(),
        shake_px_s=shake(velocities_P4, (times_s[1:] + times_s[:-1]) / 2),
        stills=[_is_still(a, b) for a, b in pairwise(lumas)],
        flickers=_flickers(lumas, times_s),
    )


def _is_still(a_HW: NDArray[np.uint8], b_HW: NDArray[np.uint8]) -> bool:
    change_HW = cv2.absdiff(a_HW, b_HW).astype(np.float32)
    liveliest = cv2.blur(change_HW, (STILL_BLOCK_PX, STILL_BLOCK_PX)).max()
    return bool(change_HW.mean() < STILL_LEVELS and liveliest < STILL_BLOCK_LEVELS)


def _flickers(lumas: Sequence[NDArray[np.uint8]], times_s: NDArray[np.float64]) -> list[float]:
    """Levels that each frame but the first and the last is off the line between its neighbours."""
    size = (FLICKER_BLOCKS, FLICKER_BLOCKS)
    blocks_NB = np.stack([cv2.resize(luma.astype(np.float32), size, interpolation=cv2.INTER_AREA) for luma in lumas])
    blocks_NB = blocks_NB.reshape(len(lumas), -1).astype(np.float64)
    share_of_next = ((times_s[1:-1] - times_s[:-2]) / (times_s[2:] - times_s[:-2]))[:, None]
    line_NB = blocks_NB[:-2] * (1 - share_of_next) + blocks_NB[2:] * share_of_next
    levels: list[float] = np.abs(np.median(blocks_NB[1:-1] - line_NB, axis=1)).tolist()
    return levels


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
