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
    """What moves on its own: how much of the picture, how fast, where to."""
    steps_P, share_P = analysis.pair_steps_s, analysis.moving_share_P
    area_P = share_P * steps_P
    if not area_P.any():
        return Motion(share=0.0, speed=0.0, direction=None, steady=False)
    share = min(float(np.average(share_P, weights=steps_P)), 1.0)
    speed = float(np.average(analysis.moving_speed_P, weights=area_P))
    velocity_2 = np.average(analysis.moving_velocity_P2, axis=0, weights=area_P)
    growth = float(np.average(analysis.moving_growth_P, weights=area_P))
    active_s = float(steps_P[share_P >= ACTIVE_SHARE].sum())
    return Motion(
        share=share,
        speed=speed,
        direction=_direction(velocity_2, speed, growth) if share >= LEAST_SHARE else None,
        steady=active_s >= STEADY * float(steps_P.sum()),
    )


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
