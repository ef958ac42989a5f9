"""What a film shows, from its frames alone: whether there is an object, its colour and shape, the texture and ground, what happens.

Made for films that a model drew: noisy, blurred, off in colour. What cannot be told is None, and never counts as right.

Legend: N frames, H W pixels, 3 channels (blue, green, red), P pixels of a frame, T candidates.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.errors import UserError
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.drawing import COARSER, PERIODS, draw_covers, draw_texture
from longtake.owl.shapes.things import COLOURS, GROUNDS, OPPOSITE, Event, Shape, Side, Texture
from longtake.owl.story import Frames

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMOOTHING_PX = 0.9
"""Sigma of the blur before pixels are judged, against noise."""
STANDS_OUT = 45.0
"""Grey levels, over all channels, by which an object's pixel differs from every brightness of the ground."""
TONES = (0.5, 1.45)
"""Brightness of a ground's pixels by its middle: textures lie between."""
SMALLEST = 0.012
"""Share of the shorter side's square that an object covers at least, to be seen: a seventh of a whole one."""
ALIKE = 0.85
"""Cosine between an object's difference from the ground and that of a colour, to be of this colour."""
AGREED = 0.6
"""Share of an object's pixels, over all frames, that must be of one colour by its frames' names."""
MOVED = 0.11
"""Share of the shorter side between first and last place, from which on an object moves; half the shortest move of a script."""
TEXTURED = 0.035
"""Least strength of a texture by the ground's brightness; as drawn it is about 0.3."""
CLEAR = 0.3
"""Least correlation with a texture, to be of it."""
RESTLESS = 0.12
"""Spread by the ground's brightness from which on what is of no texture is not plain either."""

FLICKER = 15.0
"""Grey levels by which a ground's blurred pixels vary over time (the median one) from which on it is no ground but noise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What a clip shows; None where it cannot be told, or where there is no object."""

    present_N: Mask
    """In which frames an object is seen."""
    event: Event | None
    colour: str | None
    shape: Shape | None
    texture: Texture | None
    ground: str | None


def judge(frames_NHW3: Frames, config: ShapesConfig) -> Seen:
    """What the frames of one clip show; any number of frames. Raises UserError where they are not of the config's size."""
    if frames_NHW3.ndim != 4 or frames_NHW3.shape[1:] != (*config.size_px, 3) or not len(frames_NHW3):
        raise UserError(
            f"frames of shape {frames_NHW3.shape}; expected (frames, {config.height_px}, {config.width_px}, 3), "
            "as the shapes' config says: bring them to this size first"
        )
    smooth_NHW3 = np.stack([cv2.GaussianBlur(frame, (0, 0), SMOOTHING_PX) for frame in frames_NHW3.astype(np.float32)])
    contrast_NHW = _contrast(smooth_NHW3)
    masks_NHW = np.stack([_largest(frame_HW > STANDS_OUT) for frame_HW in contrast_NHW])
    smallest = SMALLEST * config.side_px**2
    present_N = masks_NHW.sum((1, 2)) >= smallest
    masks_NHW &= present_N[:, None, None]
    ground_HW3, known_HW = _ground(smooth_NHW3, contrast_NHW > STANDS_OUT / 2)
    ground_3 = ground_HW3[known_HW].mean(0) if known_HW.any() else np.zeros(3, np.float32)
    steady = bool(known_HW.any()) and float(np.median(smooth_NHW3.std(0))) < FLICKER
    points_N2 = _centres(masks_NHW)
    return Seen(
        present_N=present_N,
        event=_event(present_N, points_N2, config),
        colour=_colour(smooth_NHW3, contrast_NHW, masks_NHW, ground_3),
        shape=_shape(contrast_NHW, masks_NHW, points_N2, config),
        texture=_texture(ground_HW3.mean(2), known_HW, config) if steady else None,
        ground=_nearest_ground(ground_3) if steady else None,
    )


def _contrast(smooth_NHW3: Floats) -> Floats:
    """How far each pixel is from the ground's colour at the brightness that fits it best."""
    base_3 = np.median(smooth_NHW3.reshape(-1, 3), axis=0)
    tone_NHW1 = (smooth_NHW3 @ (base_3 / max(float(base_3 @ base_3), 1.0)))[..., None]
    middle = max(
        float(np.percentile(tone_NHW1, (20, 80)).mean()), 0.1
    )  # the median is one tone of two, and not their middle
    tone_NHW1 = tone_NHW1.clip(middle * TONES[0], middle * TONES[1])
    off_NHW = np.linalg.norm(smooth_NHW3 - tone_NHW1 * base_3, axis=3)
    return off_NHW.astype(np.float32)


def _largest(mask_HW: Mask) -> Mask:
    """The largest connected part."""
    count, labels_HW, stats, _ = cv2.connectedComponentsWithStats(mask_HW.astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros_like(mask_HW)
    return np.asarray(labels_HW == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _ground(smooth_NHW3: Floats, covered_NHW: Mask) -> tuple[Floats, Mask]:
    """The mean of every pixel over the frames in which no object covers it, and which pixels are known so."""
    weight_NHW1 = (~covered_NHW)[..., None].astype(np.float32)
    weight_HW1 = weight_NHW1.sum(0)
    return (smooth_NHW3 * weight_NHW1).sum(0) / np.maximum(weight_HW1, 1), weight_HW1[..., 0] > 0


def _centres(masks_NHW: Mask) -> NDArray[np.float64]:
    """Down and right of every frame's object, in pixels; NaN where there is none."""
    points_N2 = np.full((len(masks_NHW), 2), np.nan)
    for number, mask_HW in enumerate(masks_NHW):
        if mask_HW.any():
            points_N2[number] = np.argwhere(mask_HW).mean(0) + 0.5
    return points_N2


def _event(present_N: Mask, points_N2: NDArray[np.float64], config: ShapesConfig) -> Event | None:
    """None where an object vanishes and comes again within the clip, or is seen in its middle alone."""
    if present_N.sum() <= len(present_N) // 9:
        return Event("empty")
    seen = np.flatnonzero(present_N)
    first, last = seen[0], seen[-1]
    if last - first + 1 - len(seen) > 1:
        return None
    down, right = points_N2[last] - points_N2[first]
    upright: Side = "bottom" if down > 0 else "top"
    level: Side = "right" if right > 0 else "left"
    towards = upright if abs(down) > abs(right) else level
    begins, ends = first == 0, last == len(present_N) - 1
    if begins and ends:
        return Event("moves", towards) if math.hypot(down, right) >= MOVED * config.side_px else Event("rests")
    if begins:
        return Event("leaves", towards)
    return Event("returns", OPPOSITE[towards]) if ends else None


def _colour(smooth_NHW3: Floats, contrast_NHW: Floats, masks_NHW: Mask, ground_3: Floats) -> str | None:
    """The name that most of the object's pixels have by its frames; None where they disagree or are like no colour."""
    votes: dict[str, int] = {}
    for smooth_HW3, contrast_HW, mask_HW in zip(smooth_NHW3, contrast_NHW, masks_NHW, strict=True):
        if not mask_HW.any():
            continue
        core_HW = mask_HW & (contrast_HW >= np.median(contrast_HW[mask_HW]))
        if name := _nearest_colour(smooth_HW3[core_HW].mean(0), ground_3):
            votes[name] = votes.get(name, 0) + int(mask_HW.sum())
    best = max(votes, key=lambda name: votes[name], default=None)
    return best if best and votes[best] >= AGREED * masks_NHW.sum() else None


def _nearest_colour(object_3: Floats, ground_3: Floats) -> str | None:
    """By direction from the ground, so that a pale or blurred object keeps its name."""
    off_3 = object_3 - ground_3
    likeness = {name: _cosine(off_3, np.array(colour) - ground_3) for name, colour in COLOURS.items()}
    best = max(likeness, key=lambda name: likeness[name])
    return best if likeness[best] >= ALIKE else None


def _nearest_ground(ground_3: Floats) -> str:
    """By what is left without the brightness."""
    tint_3 = ground_3 - ground_3.mean()
    return min(
        GROUNDS, key=lambda name: float(np.linalg.norm(np.array(GROUNDS[name]) - np.mean(GROUNDS[name]) - tint_3))
    )


def _cosine(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-6))


def _shape(contrast_NHW: Floats, masks_NHW: Mask, points_N2: NDArray[np.float64], config: ShapesConfig) -> Shape | None:
    """The shape that, drawn at the object's centres, is most like what stands out; where the object is seen whole, if it ever is."""
    seen = np.flatnonzero(masks_NHW.any((1, 2)))
    if not len(seen):
        return None
    inside = [n for n in seen if not _touches_border(masks_NHW[n])]
    chosen = np.array(inside or seen)
    off_NP = contrast_NHW[chosen].reshape(len(chosen), -1)
    off_NP = off_NP - off_NP.mean(1, keepdims=True)
    likeness: Mapping[Shape, float] = {
        shape: float((off_NP * _centred(draw_covers(shape, points_N2[chosen], config.size_px))).sum())
        for shape in get_args(Shape)
    }
    return max(likeness, key=lambda shape: likeness[shape])


def _centred(covers_NHW: Floats) -> Floats:
    """Each frame blurred as judged frames are, of mean 0 and length 1, NP."""
    smooth_NHW = np.stack([cv2.GaussianBlur(cover_HW, (0, 0), SMOOTHING_PX) for cover_HW in covers_NHW])
    flat_NP = smooth_NHW.reshape(len(covers_NHW), -1)
    flat_NP = flat_NP - flat_NP.mean(1, keepdims=True)
    return np.asarray(flat_NP / np.maximum(np.linalg.norm(flat_NP, axis=1, keepdims=True), 1e-6))


def _touches_border(mask_HW: Mask) -> bool:
    return bool(mask_HW[0].any() or mask_HW[-1].any() or mask_HW[:, 0].any() or mask_HW[:, -1].any())


def _texture(light_HW: Floats, known_HW: Mask, config: ShapesConfig) -> Texture | None:
    """The texture that explains the ground's brightness best, wherever it begins; None where nothing explains what varies."""
    known_P = known_HW.reshape(-1).astype(np.float32)
    if known_P.sum() < known_P.size / 4:
        return None
    names, templates_TP = _templates(config.size_px)
    count = known_P.sum()
    mean = float(light_HW.reshape(-1) @ known_P / count)
    off_P = (light_HW.reshape(-1) - mean) * known_P
    spread = math.sqrt(float(off_P @ off_P / count))
    mean_T = templates_TP @ known_P / count
    spread_T = np.sqrt(np.maximum(templates_TP**2 @ known_P / count - mean_T**2, 1e-6))
    strength_T = templates_TP @ off_P / count / spread_T  # grey levels along the template
    best = int(np.argmax(strength_T))
    if strength_T[best] >= TEXTURED * mean and strength_T[best] >= CLEAR * spread:
        return names[best]
    return "plain" if spread < RESTLESS * mean else None


@functools.lru_cache(maxsize=8)
def _templates(size_px: tuple[int, int]) -> tuple[list[Texture], Floats]:
    """Every texture but plain, at every shift by a pixel within its period, TP."""
    period = min(size_px) / PERIODS
    short, long = range(round(period)), range(round(period / COARSER))
    still = range(1)
    shifts = {
        "rows": (short, still),
        "columns": (still, short),
        "checks": (long, long),
        "slants": (still, long),
        "dots": (short, short),
    }
    names: list[Texture] = []
    templates: list[Floats] = []
    for texture in (name for name in get_args(Texture) if name != "plain"):
        downs, rights = shifts[texture]
        for shift_px in ((down, right) for down in downs for right in rights):
            names.append(texture)
            tones_HW = cv2.GaussianBlur(draw_texture(texture, size_px, shift_px), (0, 0), SMOOTHING_PX)
            templates.append(tones_HW.reshape(-1))
    return names, np.stack(templates)
