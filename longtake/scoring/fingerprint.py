"""What a clip looks like in 256 bits: near-duplicates differ in few of them, whatever their size, codec or frame rate.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red.
"""

import cv2
import numpy as np

from longtake.scoring.samples import Samples

FRACTIONS = (1 / 14, 5 / 14, 9 / 14, 13 / 14)
"""Of the duration: when the four frames are looked at. Half-way between the starts of 8 bursts, where a
slightly other duration chooses no other burst."""
PICTURE_PX = 32
"""Side that a frame is shrunk to before its transform."""
KEPT = 8
"""Frequencies along each axis, the lowest ones."""
LEAST = 4.0
"""Levels: a coefficient must exceed it for its bit to be 1, so that what is flat gives 0, not noise."""


def fingerprint(samples: Samples) -> str:
    """64 hexadecimal digits: the perceptual hashes of four frames, one after the other."""
    return "".join(f"{_hash_frame(samples.frames_NHW3[index]):016x}" for index in _choose_frames(samples))


def distance(a: str, b: str) -> int:
    """Bits of 256 in which two fingerprints differ."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def _choose_frames(samples: Samples) -> np.ndarray:
    """The frame that is sampled last before each moment."""
    moments_s = np.array(FRACTIONS) * samples.duration_s
    return np.maximum(np.searchsorted(samples.times_s, moments_s, side="right") - 1, 0)


def _hash_frame(frame_HW3: np.ndarray) -> int:
    """64 bits: which of the lowest frequencies of the luma (DCT) are positive; that of the mean is always 0."""
    luma_HW = cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY).astype(np.float32)
    small = cv2.resize(luma_HW, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_AREA)
    frequencies = cv2.dct(small)[:KEPT, :KEPT]
    bits = frequencies > LEAST
    bits[0, 0] = False
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
