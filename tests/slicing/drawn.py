"""Pictures and films drawn for tests: textures that move, and the ways to get from one to the next."""

import cv2
import numpy as np

SIDE = 256


def texture(seed, tone=None):
    """A BGR picture [H, W, 3] with soft shapes, hard edges and a colour cast of its own."""
    rng = np.random.default_rng(seed)
    tone = rng.uniform(60, 190, 3) if tone is None else np.asarray(tone, float)
    soft = cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE, 3)), (0, 0), 12)
    picture = tone + 35 * soft / soft.std()
    for _ in range(12):
        corner = rng.integers(0, SIDE, 2)
        far = corner + rng.integers(16, 80, 2)
        color = np.clip(tone + rng.normal(0, 50, 3), 5, 250)
        cv2.rectangle(picture, corner.tolist(), far.tolist(), color.tolist(), -1)
    return np.clip(np.round(picture), 2, 253).astype(np.uint8)


def still(picture, frames):
    """A film [N, H, W, 3] in which nothing moves."""
    return np.repeat(picture[None], frames, axis=0)


def pan(picture, frames, px=2):
    """A film in which the picture moves sideways, `px` a frame, around a cylinder."""
    return np.stack([np.roll(picture, px * frame, axis=1) for frame in range(frames)])


def plain(value, frames):
    """A film of one grey value."""
    return np.full((frames, SIDE, SIDE, 3), value, np.uint8)


def dissolve(a, b, frames):
    """The frames strictly between picture `a` and picture `b`, at equal steps."""
    weights = np.arange(1, frames + 1)[:, None, None, None] / (frames + 1)
    return np.round(a * (1 - weights) + b * weights).astype(np.uint8)


def fade(a, b, frames):
    """Picture `a` to black and black to picture `b`, `frames` frames each way, one black frame in the middle."""
    black = np.zeros_like(a)
    return np.concatenate([dissolve(a, black, frames), black[None], dissolve(black, b, frames)])


def film(*parts):
    """Parts one after the other."""
    return np.concatenate(parts)
