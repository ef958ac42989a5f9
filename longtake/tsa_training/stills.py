"""Camera moves over a photograph: shots without a defect, of what little footage would show.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

import cv2
import numpy as np

from longtake.tsa_training.defects import Frames

FPS = 25.0
FASTEST, SLOWEST = 0.2, 0.03
"""Widths of the picture that the camera pans in a second; it zooms by half of that at most. A camera that hardly moved over a
photograph would show a frozen film, which is a defect."""
SMALLEST_WINDOW, LARGEST_WINDOW = 0.5, 0.75
"""Of the photograph's sides."""
ASPECTS = (16 / 9, 4 / 3, 1.0)


def move_over(still_HW3: Frames, seconds: float, size_px: int, rng: np.random.Generator) -> Frames:
    """[N, H, W, 3], a steady pan and zoom at `FPS`; the longer side is `size_px` at most, and nothing is enlarged by much."""
    height, width = still_HW3.shape[:2]
    aspect = ASPECTS[rng.integers(len(ASPECTS))]
    share = rng.uniform(SMALLEST_WINDOW, LARGEST_WINDOW)
    window = np.array([min(width, height * aspect), min(height, width / aspect)]) * share
    scale = min(1.0, size_px / window.max())
    size = tuple((window * scale).astype(int) // 2 * 2)
    still_HW3 = cv2.resize(
        still_HW3, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA
    ).astype(np.uint8)
    room = np.array(still_HW3.shape[1::-1]) - size
    count = round(seconds * FPS)
    reach = np.minimum(room, FASTEST * size[0] * seconds)
    way = reach * rng.uniform(-1, 1, 2) * rng.integers(0, 2, 2)
    where = rng.random(2)
    zoom = 1 + rng.uniform(0, FASTEST / 2) * seconds * rng.integers(0, 2)
    if max(np.hypot(*way) / size[0], zoom - 1) < SLOWEST * seconds:
        way, zoom = reach * (0.5, 0), zoom + FASTEST / 4 * seconds
    begin = np.maximum(0, -way) + where * (room - np.abs(way))
    frames = []
    for share_done in np.linspace(0, 1, count):
        times = 1 + (zoom - 1) * share_done
        left, top = begin + way * share_done + np.array(size) * (1 - 1 / times) / 2
        move = np.array([[1 / times, 0, left], [0, 1 / times, top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        frames.append(cv2.warpAffine(still_HW3, move, size, flags=flags, borderMode=cv2.BORDER_REFLECT))
    return np.stack(frames).astype(np.uint8)
