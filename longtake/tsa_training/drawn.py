"""Drawn scenes: leaves of all sizes that lie over one another, a camera that moves, and things that move before it.

Dead leaves (Matheron 1968; Lee, Mumford and Huang 2001) have the edges and the statistics of natural pictures, and there is
no end to them: they teach a network that content, light and colour are not suitability, which a dozen sources can't.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

import cv2
import numpy as np

from longtake.tsa_training.defects import Frames
from longtake.tsa_training.defects.scene import levels
from longtake.tsa_training.stills import FPS, move_over

CANVAS = (1000, 680)
"""Width and height of what the camera moves over."""
LEAVES, SMALLEST_PX, LARGEST_PX, PALETTE = 1200, 4.0, 150.0, 8
OBJECTS, FASTEST = 6, 0.35
"""Things that move, at most, and the widths of the picture that they move in a second."""


def draw_scene(seconds: float, size_px: int, rng: np.random.Generator) -> Frames:
    """[N, H, W, 3] at `FPS`, sharp or a little soft, bright or dim, colourful or not, still or moving."""
    scene_NHW3 = move_over(draw_leaves(CANVAS, rng), seconds, size_px, rng)
    height, width = scene_NHW3.shape[1:3]
    for _ in range(rng.integers(OBJECTS + 1)):
        side = int(rng.uniform(0.08, 0.4) * height)
        thing_HW3 = draw_leaves((side, side), rng)
        mask_HW = cv2.circle(np.zeros((side, side), np.uint8), (side // 2, side // 2), side // 2, 1, -1)
        place, speed = rng.uniform(0, 1, 2) * (width, height), rng.uniform(-1, 1, 2) * FASTEST * width / FPS
        for number, frame in enumerate(scene_NHW3):
            _paste(frame, thing_HW3, mask_HW, place + speed * number - side / 2)
    softness, grain = rng.uniform(0, 0.9), rng.uniform(0, 1.5)
    if softness > 0.3:
        scene_NHW3 = np.stack([cv2.GaussianBlur(frame, (0, 0), softness) for frame in scene_NHW3])
    return levels(scene_NHW3 + rng.standard_normal(scene_NHW3.shape, np.float32) * np.float32(grain))


def draw_leaves(size: tuple[int, int], rng: np.random.Generator) -> Frames:
    """[H, W, 3]: colours of one palette, each leaf with its own texture, under one light."""
    width, height = size
    palette_P3 = rng.uniform(15, 240, (PALETTE, 3))
    grey_P1 = palette_P3.mean(1, keepdims=True)
    hue_P3 = palette_P3 - grey_P1
    palette_P3 = grey_P1 + (hue_P3 - 0.7 * hue_P3.mean(0)) * rng.uniform(0.1, 0.6)  # a picture of one hue is a defect
    colours_HW3 = np.full((height, width, 3), palette_P3[0], np.float32)
    rough_HW = np.full((height, width), 10, np.float32)
    radii = np.exp(rng.uniform(np.log(SMALLEST_PX), np.log(LARGEST_PX), LEAVES))
    for radius in radii * min(1.0, width / 500):
        centre = (int(rng.random() * width), int(rng.random() * height))
        axes = (max(1, int(radius)), max(1, int(radius * rng.uniform(0.3, 1))))
        colour = palette_P3[rng.integers(PALETTE)] + rng.normal(0, 10, 3)
        turn, rough = rng.uniform(0, 180), float(rng.uniform(0, 26))
        cv2.ellipse(colours_HW3, centre, axes, turn, 0, 360, colour.tolist(), -1, cv2.LINE_AA)
        cv2.ellipse(rough_HW, centre, axes, turn, 0, 360, rough, -1)
    texture_HW1 = _fractal(width, height, rng)[..., None] * rough_HW[..., None]
    slope_HW1 = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.6, 1), width, dtype=np.float32)[None, :, None]
    return levels((colours_HW3 + texture_HW1) * slope_HW1 * np.float32(rng.uniform(0.5, 1.1)))


def _fractal(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """[H, W], noise of all scales, standard deviation 1."""
    sum_HW = np.zeros((height, width), np.float32)
    for octave in range(7):
        cells = (max(2, width >> octave), max(2, height >> octave))
        noise_HW = rng.standard_normal(cells[::-1], np.float32)
        sum_HW += cv2.resize(noise_HW, (width, height), interpolation=cv2.INTER_CUBIC) * 1.4**octave
    return sum_HW / sum_HW.std()


def _paste(frame_HW3: np.ndarray, thing_HW3: np.ndarray, mask_HW: np.ndarray, corner: np.ndarray) -> None:
    x, y = np.rint(corner).astype(int)
    left, top = max(0, x), max(0, y)
    right, low = min(frame_HW3.shape[1], x + mask_HW.shape[1]), min(frame_HW3.shape[0], y + mask_HW.shape[0])
    if left < right and top < low:
        part = np.s_[top - y : low - y, left - x : right - x]
        inside_HW = mask_HW[part] > 0
        frame_HW3[top:low, left:right][inside_HW] = thing_HW3[part][inside_HW]
