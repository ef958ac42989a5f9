"""Films drawn by hand: a texture with a bright square that goes to and fro, in segments whose first frame repeats the one before."""

import numpy as np


def film(segments=6, frames=9, *, speed=2, jump=0, tint=0.0, cuts=(), noise=0.0, size=(48, 64)):
    """Of each segment its frames [N, H, W, 3] and whether it is a new scene.

    `jump`: pixels that the square skips at each seam; `tint`: levels of blue that each segment gains; `cuts`: segments
    that begin in another place; `noise`: deviation of the grain.
    """
    rng = np.random.default_rng(0)
    height, width = size
    grounds = [rng.integers(40, 160, (height // 4, width // 4, 3)).repeat(4, 0).repeat(4, 1) for _ in range(3)]
    found, last, where = [], None, 0.0
    for number in range(segments):
        new_scene = number in cuts
        ground = grounds[sum(cut <= number for cut in cuts) % 3]
        where += jump if number else 0
        carried = last is not None and not new_scene
        drawn = []
        for _ in range(frames - carried):
            picture = (
                ground + tint * number * np.array([1.0, 0, 0]) + (rng.normal(0, noise, ground.shape) if noise else 0)
            )
            left = round(abs((where % (2 * (width - 12))) - (width - 12)))
            picture[18:30, left : left + 12] = (30, 60, 230)
            drawn.append(np.clip(picture.round(), 0, 255).astype(np.uint8))
            where += speed
        shown = [last, *drawn] if carried else drawn
        last = drawn[-1]
        found.append((np.stack(shown), new_scene))
    return found


def pan(steps, size=(96, 192)):
    """Frames of a texture that moves right by so many pixels from each frame to the next."""
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 255, (size[0] // 8, size[1] // 8, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    return np.stack([np.roll(ground, at, axis=1) for at in np.cumsum([0, *steps])])
