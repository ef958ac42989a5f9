"""Films as a model may draw them."""

import cv2
import numpy as np


def damage(frames, rng, noise=20.0, blur=1.0, shift=12.0, gain=0.1):
    """Blurred by a sigma of pixels, its channels scaled and shifted at random, with noise of a sigma of grey levels."""
    blurred = np.stack([cv2.GaussianBlur(frame, (0, 0), blur) for frame in frames.astype(np.float32)])
    off_colour = blurred * (1 + rng.uniform(-gain, gain, 3)) + rng.uniform(-shift, shift, 3)
    return (off_colour + rng.normal(0, noise, frames.shape)).clip(0, 255).astype(np.uint8)
