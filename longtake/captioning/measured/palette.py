"""Which colours a clip has, by the names that people use, and how much of each.

A pixel has the name of the nearest named colour in OKLab (Björn Ottosson 2020), where distances are those that the eye sees.

Legend: N frames, H, W rows and columns, 3 channels; blue, green, red unless said otherwise; K named colours.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from longtake.captioning.facts import Colour

COLOURS = {
    "black": "0a0a0a 161616 101218 171210",
    "dark grey": "303030 454545 353a3e 433f3a",
    "grey": "6e6e6e 868686 737d85 857d74",
    "pale grey": "a6a6a6 c2c2c2 aab3b8 b9b2a8",
    "white": "f2f2f2 fdfdfd e4e4e4 eef3f6 f6f1e8",
    "dark red": "4a0c0c 6e1010 8a1518",
    "red": "b81c1c d42020 f02a22",
    "dark brown": "2c1a10 40281a 553621 3a2a20",
    "brown": "6b4526 7d5230 8f6038 6a5040",
    "warm brown": "9c5a28 a8602e 8e4a1e",
    "pale brown": "a98866 b89878 a08a70",
    "beige": "d2bea0 e0d0b4 c9b292",
    "orange": "d86a14 ee7c18 f89030 c85a18",
    "yellow": "e8c818 f8dc28 d8b420 f6e060",
    "pale yellow": "f6eca8 eee2a0",
    "olive green": "4c4818 66602a 807a3c 5c5834",
    "dark green": "10281a 183818 26482a 2e4424 36461c",
    "green": "2e6a2e 3c8038 4e8c3e 5c8a50 207848 4c6428 5c7434 70903c 68784a",
    "bright green": "38c028 5ed83a 82d040 a0e050",
    "pale green": "a4c494 bcd8b0 98b890",
    "dark teal": "0c3438 14484a 10403c",
    "teal": "1c7478 2a8c8c 3a8684",
    "turquoise": "38c0b8 5cd4cc 30c8d0",
    "dark blue": "0a1838 12285a 1c3260 20304c",
    "blue": "1c4c98 2860b8 3a70b8 1a3ca8",
    "bright blue": "1e60f0 2a8cf0 20a0f8",
    "pale blue": "8cb4dc a8c8e8 c4dcf0 7ca4cc",
    "grey-blue": "48607c 5c7490 7488a0 3c4e64",
    "dark purple": "281440 3c2058 2e1c44",
    "purple": "6a2c98 8444b0 5c3a8c 7a3cc8",
    "pale purple": "b4a0d4 c8b8e4 9c8cc0",
    "magenta": "c41c8c e028a8 a81c78",
    "pink": "e87ca0 f4a4bc f0b8c4 e09090",
}
"""Shades that each name stands for, red, green, blue in hexadecimal; chosen by looking at photographs."""
LEVELS = 32
"""A channel is looked up in so many steps."""
LEAST_SHARE = 0.08
MOST = 5
"""Colours that are named at most, and how much of the picture each has at least."""


def measure_palette(frames_NHW3: NDArray[np.uint8]) -> tuple[Colour, ...]:
    """The colours of the largest areas, the largest first; never empty."""
    steps_NHW3 = (frames_NHW3 // (256 // LEVELS)).astype(np.intp)
    index_NHW = (steps_NHW3[..., 0] * LEVELS + steps_NHW3[..., 1]) * LEVELS + steps_NHW3[..., 2]
    counts_K = np.bincount(_nearest_names()[index_NHW].ravel(), minlength=len(COLOURS))
    shares_K = counts_K / counts_K.sum()
    order_K = np.argsort(-shares_K, kind="stable")[:MOST]
    names = tuple(COLOURS)
    return tuple(
        Colour(name=names[index], share=float(shares_K[index]))
        for place, index in enumerate(order_K)
        if place == 0 or shares_K[index] >= LEAST_SHARE
    )


@cache
def _nearest_names() -> NDArray[np.intp]:
    """Index of the name for each step of blue, green and red [LEVELS cubed]."""
    middles = (np.arange(LEVELS) + 0.5) / LEVELS
    rgb_C3 = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1).reshape(-1, 3)[:, ::-1]
    shades = [(place, shade) for place, shades in enumerate(COLOURS.values()) for shade in shades.split()]
    named_S3 = oklab(np.array([list(bytes.fromhex(shade)) for _, shade in shades]) / 255)
    lab_C3 = oklab(rgb_C3)
    distances_CS = (lab_C3**2).sum(1)[:, None] - 2 * lab_C3 @ named_S3.T + (named_S3**2).sum(1)
    name_S = np.array([place for place, _ in shades])
    nearest_C: NDArray[np.intp] = name_S[distances_CS.argmin(axis=1)]
    return nearest_C


def oklab(rgb_X3: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lightness 0..1 and two opponent axes, green to red and blue to yellow, of sRGB 0..1."""
    linear_X3 = np.where(rgb_X3 <= 0.04045, rgb_X3 / 12.92, ((rgb_X3 + 0.055) / 1.055) ** 2.4)
    cones_X3 = np.cbrt(linear_X3 @ np.array(TO_CONES).T)
    lab_X3: NDArray[np.float64] = cones_X3 @ np.array(TO_LAB).T
    return lab_X3


TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
"""Ottosson's published matrices."""
