"""Defects that web footage has, put into real frames by a grade from 0 (plain to see) to 1 (bad).

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

from collections.abc import Callable

import cv2
import numpy as np

CLEAN_CRF = 18


def _between(first: float, last: float, grade: float) -> float:
    return first + (last - first) * grade


def blur(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), _between(1.5, 5, grade)) for frame in frames_NHW3])


def upscaled(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """From a size 2.5 to 5 times smaller."""
    height, width = frames_NHW3.shape[1:3]
    small = (round(width / _between(2.5, 5, grade)), round(height / _between(2.5, 5, grade)))
    shrunk = (cv2.resize(frame, small, interpolation=cv2.INTER_AREA) for frame in frames_NHW3)
    return np.stack([cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC) for frame in shrunk])


def noisy(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """Grain of 8 to 25 levels, as of a sensor in the dark."""
    grain = rng.standard_normal(frames_NHW3.shape[:3], np.float32)[..., None] * _between(8, 25, grade)
    return _levels(frames_NHW3 + grain)


def compressed(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """Nothing here: `crf_of` is the defect."""
    return frames_NHW3


def dark(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    return _levels(frames_NHW3 * np.float32(_between(0.2, 0.05, grade)))


def washed_out(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    return _levels(frames_NHW3 * np.float32(_between(0.35, 0.1, grade)) + _between(120, 190, grade))


def blown(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    return _levels(frames_NHW3 * np.float32(_between(2, 5, grade)))


def frozen(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """The first 60 to 100 % of the time."""
    last = round(_between(0.6, 1, grade) * (len(frames_NHW3) - 1))
    return np.concatenate([np.repeat(frames_NHW3[:1], last + 1, axis=0), frames_NHW3[last + 1 :]])


def slideshow(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """A new picture every 0.5 to 1.5 s."""
    held = max(2, round(_between(0.5, 1.5, grade) * fps))
    return frames_NHW3[np.arange(len(frames_NHW3)) // held * held]


def shaken(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """A camera that jerks by 0.7 to 2.5 % of the picture's width from tenth to tenth of a second, cropped to hide it."""
    count, height, width = frames_NHW3.shape[:3]
    moments = np.arange(int(count / fps * 10) + 2)
    jerks = rng.standard_normal((2, len(moments))) * _between(0.007, 0.025, grade) * width
    x, y = (np.interp(np.arange(count) / fps * 10, moments, way) for way in jerks)
    zoom = 1 + 4 * _between(0.007, 0.025, grade)
    shaken_NHW3 = np.empty_like(frames_NHW3)
    for frame, dx, dy, out in zip(frames_NHW3, x, y, shaken_NHW3, strict=True):
        move = [[zoom, 0, dx - (zoom - 1) / 2 * width], [0, zoom, dy - (zoom - 1) / 2 * height]]
        cv2.warpAffine(frame, np.array(move), (width, height), dst=out, borderMode=cv2.BORDER_REFLECT)
    return shaken_NHW3


def whipped(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """A pan by 0.7 to 2 widths a second over the picture and its mirror image, blurred over half a frame's time."""
    width = frames_NHW3.shape[2]
    step_px = _between(0.7, 2, grade) * width / fps
    panned = []
    for k, frame in enumerate(frames_NHW3):
        wide = np.roll(np.concatenate([frame, frame[:, ::-1]], axis=1), -round(k * step_px), axis=1)[:, :width]
        panned.append(cv2.blur(wide, (max(1, round(step_px / 2)), 1)))
    return np.stack(panned)


def subtitled(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """Two lines, each 6 to 10 % of the height, across 60 to 90 % of the width."""
    lines = ("And then they went home,", "all the way, in the rain.")
    return _write(frames_NHW3, lines, _between(0.06, 0.10, grade), _between(0.6, 0.9, grade), bottom=True)


def branded(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """A channel's name in a corner, 6 to 12 % of the height."""
    return _write(frames_NHW3, ("CHANNEL 5",), _between(0.06, 0.12, grade), _between(0.2, 0.35, grade), bottom=False)


def letterboxed(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """Bars of 8 to 20 % of the height at either end."""
    barred_NHW3 = frames_NHW3.copy()
    bar = round(_between(0.08, 0.20, grade) * frames_NHW3.shape[1])
    barred_NHW3[:, :bar], barred_NHW3[:, -bar:] = 0, 0
    return barred_NHW3


def pillarboxed(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """Bars of 12 to 34 % of the width at either side: 4:3 or a phone's picture in a wide one."""
    barred_NHW3 = frames_NHW3.copy()
    bar = round(_between(0.12, 0.34, grade) * frames_NHW3.shape[2])
    barred_NHW3[:, :, :bar], barred_NHW3[:, :, -bar:] = 0, 0
    return barred_NHW3


def flickering(frames_NHW3: np.ndarray, grade: float, rng: np.random.Generator, fps: float) -> np.ndarray:
    """Each frame as bright as it likes: a standard deviation of 6 to 20 %."""
    gain_N = 1 + rng.standard_normal(len(frames_NHW3)).astype(np.float32) * _between(0.06, 0.20, grade)
    return _levels(frames_NHW3 * gain_N.clip(0.3, 2)[:, None, None, None])


Defect = Callable[[np.ndarray, float, np.random.Generator, float], np.ndarray]
DEFECTS: dict[str, Defect] = {
    "blur": blur, "upscaled": upscaled, "noise": noisy, "x264 CRF 40 to 48": compressed, "dark": dark,
    "washed out": washed_out, "blown": blown, "frozen": frozen, "slideshow": slideshow, "shake": shaken,
    "whip pan": whipped, "subtitles": subtitled, "logo": branded, "letterbox": letterboxed, "pillarbox": pillarboxed,
    "flicker": flickering,
}  # fmt: skip


def crf_of(defect: str, grade: float) -> int:
    """x264's quality for a clip with this defect."""
    return round(_between(40, 48, grade)) if DEFECTS.get(defect) is compressed else CLEAN_CRF


def _levels(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _write(
    frames_NHW3: np.ndarray, lines: tuple[str, ...], height_share: float, width_share: float, *, bottom: bool
) -> np.ndarray:
    """White letters with a black rim, at the bottom's middle or in the upper right corner."""
    height, width = frames_NHW3.shape[1:3]
    font, thick = cv2.FONT_HERSHEY_DUPLEX, max(1, round(height_share * height / 12))
    (wide, tall), _ = cv2.getTextSize(max(lines, key=len), font, 1, 1)
    scale = min(height_share * height / tall * 0.7, width_share * width / wide)
    written_NHW3 = frames_NHW3.copy()
    for frame in written_NHW3:
        for number, line in enumerate(lines):
            (line_px, _), _ = cv2.getTextSize(line, font, scale, thick)
            left = (width - line_px) // 2 if bottom else round(0.97 * width) - line_px
            rows_up = (len(lines) - number - 1) * 1.6 * tall * scale
            base = round(0.94 * height - rows_up) if bottom else round(0.05 * height + tall * scale)
            cv2.putText(frame, line, (left, base), font, scale, (0, 0, 0), thick + 2, cv2.LINE_AA)
            cv2.putText(frame, line, (left, base), font, scale, (255, 255, 255), thick, cv2.LINE_AA)
    return written_NHW3
