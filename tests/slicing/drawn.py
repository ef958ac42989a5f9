"""Pictures and films drawn for tests: textures that move, and the ways to get from one to the next."""

from functools import cache

import cv2
import numpy as np

from longtake.slicing.config import SlicingConfig

SIDE = 256
CONFIG = SlicingConfig()


@cache
def texture(seed, contrast=48, blobs_px=(2, 4, 8, 16)):
    """A BGR picture [H, W, 3] of coloured blobs of several sizes and a little grain, none of it pure black or white."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((SIDE, SIDE, 3))
    for sigma in blobs_px:
        blobs = cv2.GaussianBlur(rng.normal(size=picture.shape), (0, 0), sigma)
        picture += blobs / blobs.std()
    picture *= contrast / picture.std()
    picture += rng.uniform(100, 150, 3) + rng.normal(0, 4, picture.shape)
    drawn = picture.round().clip(2, 253).astype(np.uint8)
    drawn.flags.writeable = False  # shared by all who ask for it
    return drawn


def still(picture, frames):
    """A film [N, H, W, 3] in which nothing moves."""
    return np.repeat(picture[None], frames, axis=0)


def pan(picture, frames):
    """A film in which the picture moves sideways by a pixel a frame, around a cylinder."""
    return np.stack([np.roll(picture, frame, axis=1) for frame in range(frames)])


def plain(value, frames):
    """A film of one grey value."""
    return np.full((frames, SIDE, SIDE, 3), value, np.uint8)


def dissolve(a, b, pairs):
    """The frames between picture `a` and picture `b` when one becomes the other in that many equal steps: `pairs` - 1
    of them."""
    weights = np.arange(1, pairs)[:, None, None, None] / pairs
    return (a * (1 - weights) + b * weights).round().astype(np.uint8)


def fade(a, b, pairs):
    """Picture `a` to black and black to picture `b`, `pairs` steps each way, one black frame in the middle."""
    black = np.zeros_like(a)
    return np.concatenate([dissolve(a, black, pairs), black[None], dissolve(black, b, pairs)])


def film(*parts):
    """Parts one after the other."""
    return np.concatenate(parts)


def batches(frames_NHWC, fps=30.0, sizes=(32,)):
    """The film as what a decoder yields, in one buffer that every batch overwrites: (frames, times) of the sizes
    given, over and over."""
    buffer = np.empty((max(sizes), *frames_NHWC.shape[1:]), np.uint8)
    start = turn = 0
    while start < len(frames_NHWC):
        chunk = frames_NHWC[start : start + sizes[turn % len(sizes)]]
        buffer[: len(chunk)] = chunk
        yield buffer[: len(chunk)], np.arange(start, start + len(chunk)) / fps
        start, turn = start + len(chunk), turn + 1
