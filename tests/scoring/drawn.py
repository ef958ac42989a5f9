"""Clips whose motion is known: a camera over a large drawn picture, with a source of any size and frame rate.

Pixels are those of a sampled frame, 256 wide.
"""

from functools import cache

import cv2
import numpy as np

from longtake.scoring.samples import Samples

WIDTH, HEIGHT = 256, 144
STEP_S = 0.1
_FINE = 3
"""Canvas pixels per pixel of a sampled frame; its smallest blobs are soft enough for a source half as wide."""
_CANVAS = 560 * _FINE


@cache
def canvas(seed=1, contrast=45, blobs_px=(2, 4, 8, 16, 32)):
    """A grey picture of blobs, float32, twice as wide as a frame: what the camera looks at."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((_CANVAS, _CANVAS), np.float32)
    for sigma_px in blobs_px:
        coarse = max(1, sigma_px * _FINE // 4)
        small = rng.normal(size=(_CANVAS // coarse + 1,) * 2).astype(np.float32)
        small = cv2.GaussianBlur(small, (0, 0), sigma_px * _FINE / coarse)
        picture += cv2.resize(small / small.std(), (_CANVAS, _CANVAS), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(125 + picture * contrast / picture.std(), 2, 253)
    picture.flags.writeable = False  # shared by all who ask for it
    return picture


def look(x=0.0, y=0.0, zoom=1.0, roll=0.0, source_px=WIDTH, seed=1):
    """A frame [H, W], float32, of a camera at x, y, turned by `roll` radians, whose pictures are `source_px` wide."""
    width, height = source_px, round(source_px * HEIGHT / WIDTH)
    pitch = _FINE * WIDTH / source_px / zoom
    cos, sin = pitch * np.cos(roll), pitch * np.sin(roll)
    left = _CANVAS / 2 + _FINE * x - cos * (width - 1) / 2 + sin * (height - 1) / 2
    top = _CANVAS / 2 + _FINE * y - sin * (width - 1) / 2 - cos * (height - 1) / 2
    way = np.array([[cos, -sin, left], [sin, cos, top]])
    seen = cv2.warpAffine(canvas(seed), way, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return cv2.resize(seen, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA if source_px > WIDTH else cv2.INTER_LINEAR)


def thing_over(background, x, y, share):
    """A frame with a textured square of this share of it, moved to x, y, over a background."""
    side = np.sqrt(share * WIDTH * HEIGHT)
    width, height = (round(side), round(side)) if side < 0.8 * HEIGHT else (round(side**2 / (0.8 * HEIGHT)), 115)
    way = np.array([[1, 0, x], [0, 1, y]], float)
    thing = cv2.warpAffine(look(100, 100)[:height, :width], way, (WIDTH, HEIGHT))
    mask = cv2.warpAffine(np.ones((height, width), np.float32), way, (WIDTH, HEIGHT))
    return background * (1 - mask) + thing


def moments(fps=30.0, frames=8, bursts=1):
    """When the frames are shown that a source of this frame rate shows at multiples of the step, and their bursts."""
    burst_N, step_N = np.divmod(np.arange(frames * bursts), frames)
    wanted_s = burst_N * 1.5 + step_N * STEP_S
    return np.floor(wanted_s * fps + 1e-6) / fps, burst_N


def clip(draw, fps=30.0, frames=8, bursts=1, grain=0.0):
    """Samples of a clip: `draw` gives the frame [H, W] at a time in seconds; `grain` is its sigma, levels of 255."""
    times_s, burst_N = moments(fps, frames, bursts)
    rng = np.random.default_rng(7)
    drawn_NHW = np.stack([draw(float(time_s)) for time_s in times_s])
    drawn_NHW = drawn_NHW + rng.normal(0, grain, drawn_NHW.shape)
    return samples(np.rint(drawn_NHW).clip(0, 255).astype(np.uint8), times_s, burst_N)


def samples(grey_NHW, times_s, burst_N):
    """Samples of these frames, without details and texts."""
    nothing = np.zeros((1, 16, 16, 3), np.uint8)
    return Samples(
        frames_NHW3=np.repeat(grey_NHW[..., None], 3, axis=3),
        times_s=np.asarray(times_s, np.float64),
        burst_N=np.asarray(burst_N, np.int64),
        held_pairs=0,
        details_NHW3=nothing,
        texts_NHW3=nothing,
        width=1280,
        height=720,
        frames=len(grey_NHW),
        duration_s=float(times_s[-1]) + STEP_S,
    )
