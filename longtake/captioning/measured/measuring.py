"""From one glimpse at a clip to its facts.

Legend: N frames, P pairs of neighbours; H, W rows and columns, 3 channels: blue, green, red; 2 = right and down.
"""

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.captioning.facts import Facts, Motion
from longtake.captioning.measured.camera import CameraAnalysis, analyse_camera, plan_camera
from longtake.captioning.measured.palette import measure_palette
from longtake.captioning.measured.subjects import name_subjects
from longtake.scoring.picture import find_picture, measure_picture
from longtake.scoring.samples import Samples
from longtake.video.glimpse import Glimpse
from longtake.video.records import Fit, Patches, View

if TYPE_CHECKING:
    from longtake.captioning.measured.classifier import Classifier
    from longtake.captioning.measured.texts import TextReader

Direction = Literal["left", "right", "up", "down", "towards the camera", "away from the camera", "different directions"]

CAMERA, DETAIL, STILL = "camera", "detail", "still"
"""The names of the views."""
DETAILS, DETAIL_GRID, DETAIL_PX = 8, 7, 32
"""As scoring's defaults, so that clarity is the same number."""
STILLS, STILL_PX = 4, 640
"""Frames that a subject is looked for in, and their longer side at most."""
READ_EACH = 2
"""Text is read on every second of them: most of it stays for seconds, and reading costs more than all else."""
LOOKS = 16
"""Frames of the camera's view, at most, that light and colour are measured on."""

LEAST_SHARE = 0.01
"""Of the picture: where less moves on its own, on the average, nothing is said to."""
ACTIVE_SHARE = 0.005
"""Of the picture: in a pair where less moves, nothing does."""
STEADY = 0.8
"""Share of the clip's time in which something moves, from which on it moves all the time."""
ONE_WAY = 0.5
"""Length of the mean velocity over the mean speed, from which on there is a direction."""
APPROACH = 0.15
"""Growth a second of what moves, from which on it comes nearer or goes away."""
PARALLAX = 1.5
"""Times the camera's speed from which a thing is surely moving: near and far things pass a moving camera at different speeds."""
RADIUS = 1 / 3
"""Root mean square distance of a point of a wide picture from its middle, widths: what a zoom or roll moves it by."""
SHARED = 0.5
"""Share of the picture from which on, with a camera that moves, it is the camera's doing after all."""
KNOWN = 0.5
"""Share of the clip's time in which it has to be clear what moves on its own."""


def plan_facts(duration_s: float, fps: float) -> dict[str, View]:
    """What to ask the guard for."""
    details_s, stills_s = (spread(duration_s, count) for count in (DETAILS, STILLS))
    return {
        CAMERA: plan_camera(duration_s, fps),
        DETAIL: Patches(times_s=details_s, grid=DETAIL_GRID, patch_px=DETAIL_PX),
        STILL: Fit(times_s=stills_s, size_px=STILL_PX, enlarge=False),
    }


def spread(duration_s: float, count: int) -> tuple[float, ...]:
    """The middle of each of so many equal parts, seconds."""
    return tuple(((np.arange(count) + 0.5) * duration_s / count).tolist())


def measure_facts(glimpse: Glimpse, classifier: "Classifier | None", reader: "TextReader | None") -> Facts:
    """All facts of a glimpse by `plan_facts`; without classifier or reader no subjects, no texts."""
    camera, stills_NHW3 = glimpse.views[CAMERA], glimpse.views[STILL].frames_NHW3
    analysis = analyse_camera(camera.frames_NHW3, camera.times_s)
    looks_NHW3 = camera.frames_NHW3[:: -(-len(camera.frames_NHW3) // LOOKS)]
    picture = measure_picture(_samples(glimpse, looks_NHW3), DETAIL_PX)
    lumas_NHW = np.stack([cv2.cvtColor(look_HW3, cv2.COLOR_BGR2GRAY) for look_HW3 in looks_NHW3])
    rows, columns = find_picture(lumas_NHW)
    return Facts(
        camera=analysis.moves,
        motion=measure_motion(analysis),
        brightness=picture.brightness,
        contrast=picture.contrast,
        colourfulness=picture.colourfulness,
        clarity=picture.clarity,
        palette=measure_palette(looks_NHW3[:, rows, columns]),
        subjects=name_subjects(classifier.chances(stills_NHW3)) if classifier else (),
        texts=reader.read(stills_NHW3[::READ_EACH]) if reader else (),
    )


def measure_motion(analysis: CameraAnalysis) -> Motion:
    """What moves on its own: how much of the picture, how fast, where to.

    Without a direction and yet with a share it could not be told from what the camera does.
    """
    told_P = _told(analysis)
    known_s = float(analysis.pair_steps_s[told_P].sum())
    certain = known_s >= KNOWN * float(analysis.pair_steps_s.sum())
    chosen_P = told_P if certain else np.ones_like(told_P)
    steps_P, share_P = analysis.pair_steps_s[chosen_P], analysis.moving_share_P[chosen_P]
    area_P = share_P * steps_P
    if not area_P.any():
        return Motion(share=0.0, speed=0.0, direction=None, steady=False)
    share = min(float(np.average(share_P, weights=steps_P)), 1.0)
    speed = float(np.average(analysis.moving_speed_P[chosen_P], weights=area_P))
    velocity_2 = np.average(analysis.moving_velocity_P2[chosen_P], axis=0, weights=area_P)
    growth = float(np.average(analysis.moving_growth_P[chosen_P], weights=area_P))
    active_s = float(steps_P[share_P >= ACTIVE_SHARE].sum())
    return Motion(
        share=share,
        speed=speed,
        direction=_direction(velocity_2, speed, growth) if certain and share >= LEAST_SHARE else None,
        steady=active_s >= STEADY * float(steps_P.sum()),
    )


def _told(analysis: CameraAnalysis) -> NDArray[np.bool_]:
    """[P]: pairs in which what moves on its own is surely not the camera's doing."""
    rates_P4 = analysis.pair_moves_P4 / analysis.pair_steps_s[:, None]
    turned_P2 = np.stack([rates_P4[:, 2], np.radians(rates_P4[:, 3])], axis=1) * RADIUS
    camera_P = np.sqrt((rates_P4[:, :2] ** 2).sum(axis=1) + (turned_P2**2).sum(axis=1))
    nothing_P = analysis.moving_share_P == 0
    apart_P = analysis.moving_speed_P >= PARALLAX * camera_P
    if any(move.kind != "static" for move in analysis.moves):
        apart_P &= analysis.moving_share_P < SHARED
    told_P: NDArray[np.bool_] = nothing_P | apart_P
    return told_P


def _direction(velocity_2: NDArray[np.float64], speed: float, growth: float) -> Direction:
    """The way that most of it goes."""
    right, down = (float(along) for along in velocity_2)
    if np.hypot(right, down) >= ONE_WAY * speed > 0:
        if abs(right) >= abs(down):
            return "right" if right > 0 else "left"
        return "down" if down > 0 else "up"
    if abs(growth) >= APPROACH:
        return "towards the camera" if growth > 0 else "away from the camera"
    return "different directions"


def _samples(glimpse: Glimpse, looks_NHW3: NDArray[np.uint8]) -> Samples:
    """What scoring measures a picture on."""
    return Samples(
        frames_NHW3=looks_NHW3,
        times_s=np.arange(len(looks_NHW3), dtype=np.float64),
        burst_N=np.zeros(len(looks_NHW3), np.int64),
        held_pairs=0,
        details_NHW3=glimpse.views[DETAIL].frames_NHW3,
        texts_NHW3=glimpse.views[STILL].frames_NHW3,
        width=glimpse.width,
        height=glimpse.height,
        frames=glimpse.frames,
        duration_s=glimpse.duration_s,
    )
