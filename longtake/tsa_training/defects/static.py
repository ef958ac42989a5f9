"""Defects of the picture: not sharp, noisy, compressed, badly exposed, without colour, with bars, or flickering.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

import cv2
import numpy as np

from longtake.tsa_training.defects.scene import Frames, Scene, between, between_powers, levels


def blur(scene: Scene, severity: float) -> Frames:
    """Gaussian, with a standard deviation of 0.1 to 1 % of the width."""
    sigma_px = between_powers(0.001, 0.01, severity) * scene.width
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma_px) for frame in scene.frames_NHW3])


def motion_blur(scene: Scene, severity: float) -> Frames:
    """Along a line of 0.5 to 4.5 % of the width, as of a shutter that stays open."""
    length_px = max(2, round(between_powers(0.005, 0.045, severity) * scene.width))
    angle = scene.rng.uniform(0, np.pi)
    kernel = np.zeros((2 * length_px + 1, 2 * length_px + 1), np.float32)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length_px / 2
    ends = np.rint(length_px + np.stack([-reach, reach])).astype(int)
    cv2.line(kernel, tuple(ends[0].tolist()), tuple(ends[1].tolist()), 1.0)
    return np.stack([cv2.filter2D(frame, -1, kernel / kernel.sum()) for frame in scene.frames_NHW3])


def upscale(scene: Scene, severity: float) -> Frames:
    """Enlarged from a size 1.4 to 7 times smaller."""
    return _enlarge(scene, between_powers(1.4, 7, severity), cv2.INTER_CUBIC)


def pixelate(scene: Scene, severity: float) -> Frames:
    """Squares of one colour, 0.3 to 3 % of the width."""
    return _enlarge(scene, max(1.5, between_powers(0.003, 0.03, severity) * scene.width), cv2.INTER_NEAREST)


def noise(scene: Scene, severity: float) -> Frames:
    """Grain of 3 to 30 levels, as of a sensor in the dark."""
    grain_NHW1 = scene.rng.standard_normal(scene.frames_NHW3.shape[:3], np.float32)[..., None]
    return levels(scene.frames_NHW3 + grain_NHW1 * np.float32(between_powers(3, 30, severity)))


def speckle(scene: Scene, severity: float) -> Frames:
    """Dead and hot pixels, 0.05 to 5 % of them, others in each frame."""
    lot_NHW = scene.rng.random(scene.frames_NHW3.shape[:3], np.float32)
    share = between_powers(0.0005, 0.05, severity)
    speckled_NHW3 = scene.frames_NHW3.copy()
    speckled_NHW3[lot_NHW < share / 2] = 0
    speckled_NHW3[lot_NHW > 1 - share / 2] = 255
    return speckled_NHW3


def compression(scene: Scene, severity: float) -> Frames:
    """Nothing here: `crf_of` is the defect, since the codec puts it in."""
    return scene.frames_NHW3


def jpeg(scene: Scene, severity: float) -> Frames:
    """Each frame as a JPEG of quality 30 to 3, as from a cheap camera."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, round(between_powers(30, 3, severity))]
    packed = (cv2.imencode(".jpg", frame, quality)[1] for frame in scene.frames_NHW3)
    return np.stack([np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8) for data in packed])


def dark(scene: Scene, severity: float) -> Frames:
    """60 to 4 % of the light."""
    return levels(scene.frames_NHW3 * np.float32(between_powers(0.6, 0.04, severity)))


def blown(scene: Scene, severity: float) -> Frames:
    """1.25 to 6 times the light, with the highlights lost."""
    return levels(scene.frames_NHW3 * np.float32(between_powers(1.25, 6, severity)))


def washed_out(scene: Scene, severity: float) -> Frames:
    """Black is lifted to 20 to 180 levels, and 85 to 8 % of contrast and colour are left."""
    share, floor = between_powers(0.85, 0.08, severity), between(20, 180, severity)
    return levels(scene.frames_NHW3 * np.float32(share) + np.float32(floor * (1 - share)))


def haze(scene: Scene, severity: float) -> Frames:
    """A veil over the picture, thicker at the top: 15 to 92 % of white at its thickest."""
    thick_H11 = np.linspace(1, 0.6, scene.height, dtype=np.float32)[:, None, None]
    veil_H11 = between(0.15, 0.92, severity) * thick_H11
    return levels(scene.frames_NHW3 * (1 - veil_H11) + 215 * veil_H11)


def letterbox(scene: Scene, severity: float) -> Frames:
    """Bars of 3 to 30 % of the height at either end."""
    barred_NHW3, bar = scene.frames_NHW3.copy(), max(2, round(between(0.03, 0.30, severity) * scene.height))
    barred_NHW3[:, :bar], barred_NHW3[:, -bar:] = 0, 0
    return barred_NHW3


def pillarbox(scene: Scene, severity: float) -> Frames:
    """Bars of 4 to 36 % of the width at either side: 4:3 or a phone's picture in a wide one."""
    barred_NHW3, bar = scene.frames_NHW3.copy(), max(2, round(between(0.04, 0.36, severity) * scene.width))
    barred_NHW3[:, :, :bar], barred_NHW3[:, :, -bar:] = 0, 0
    return barred_NHW3


def flicker(scene: Scene, severity: float) -> Frames:
    """Each frame as bright as it likes: a standard deviation of 2 to 25 %."""
    gain_N = 1 + scene.rng.standard_normal(scene.count).astype(np.float32) * np.float32(
        between_powers(0.02, 0.25, severity)
    )
    return levels(scene.frames_NHW3 * gain_N.clip(0.3, 2)[:, None, None, None])


CLEAN_CRF, WORST_CRF = 18, 48
"""x264's quality of a clip without the defect, and at its worst."""


def crf_of(severity: float) -> int:
    """x264's quality for this severity of `compression`; 0: none."""
    return round(between(30, WORST_CRF, severity)) if severity else CLEAN_CRF


def _enlarge(scene: Scene, times: float, interpolation: int) -> Frames:
    small = (max(8, round(scene.width / times)), max(8, round(scene.height / times)))
    shrunk = (cv2.resize(frame, small, interpolation=cv2.INTER_AREA) for frame in scene.frames_NHW3)
    size = (scene.width, scene.height)
    return np.stack([cv2.resize(frame, size, interpolation=interpolation) for frame in shrunk])
