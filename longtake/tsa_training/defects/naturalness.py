"""Defects of naturalness: what an editor put in. Text, logos, two pictures in one, transitions, effects.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

import cv2
import numpy as np

from longtake.tsa_training.defects.scene import Frames, Scene, between, between_powers, levels

SENTENCES = (
    "And then they went home,", "all the way, in the rain.", "Nobody had told her", "what the letter said.",
    "We begin with the flour", "It was never finished.", "Look at the left side", "there were three of them",
)  # fmt: skip
NAMES = ("CHANNEL 5", "NewsNow", "my.videos", "@traveller", "STUDIO M", "live24")
FONTS = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)
COLOURS = ((255, 255, 255), (80, 230, 250), (60, 220, 60), (240, 240, 160))


def subtitles(scene: Scene, severity: float) -> Frames:
    """One or two lines at the bottom: 2.5 to 9 % of the height each, all of the time, up to 95 % of the width."""
    lines = [SENTENCES[n] for n in scene.rng.choice(len(SENTENCES), 2, replace=False)]
    font, colour = FONTS[scene.rng.integers(len(FONTS))], COLOURS[scene.rng.integers(len(COLOURS))]
    tall_px = between_powers(0.025, 0.09, severity) * scene.height
    written_NHW3 = scene.frames_NHW3.copy()
    for frame in written_NHW3:
        for number, line in enumerate(lines if severity > 0.4 else lines[:1]):
            _write(frame, line, (0.5, 0.94 - 1.7 * number * tall_px / scene.height), tall_px, font, colour, widest=0.95)
    return written_NHW3


def ticker(scene: Scene, severity: float) -> Frames:
    """A band of 3 to 16 % of the height with text that runs through it."""
    band_px = round(between_powers(0.03, 0.16, severity) * scene.height)
    text = "   ".join(SENTENCES[n] for n in scene.rng.permutation(len(SENTENCES)))
    colour = [int(value) for value in scene.rng.integers(30, 160, 3)]
    written_NHW3 = scene.frames_NHW3.copy()
    for number, frame in enumerate(written_NHW3):
        frame[scene.height - band_px :] = colour
        x = 0.02 - number / scene.fps * 0.12
        _write(frame, text, (x, 1 - band_px / scene.height * 0.28), band_px * 0.55, FONTS[0], COLOURS[0], left=True)
    return written_NHW3


def logo(scene: Scene, severity: float) -> Frames:
    """A channel's name in a corner, on a plate of its own: 3 to 16 % of the height."""
    name, font = NAMES[scene.rng.integers(len(NAMES))], FONTS[scene.rng.integers(len(FONTS))]
    right, low = scene.rng.random(2) < 0.5
    tall_px = between_powers(0.03, 0.16, severity) * scene.height
    (wide, tall), _ = cv2.getTextSize(name, font, 1, 2)
    wide_px = min(tall_px * wide / tall, 0.6 * scene.width)
    plate_px = (round(wide_px * 1.15), round(tall_px * 1.7))
    x = scene.width - plate_px[0] - round(0.03 * scene.width) if right else round(0.03 * scene.width)
    y = scene.height - plate_px[1] - round(0.04 * scene.height) if low else round(0.04 * scene.height)
    colour = [int(value) for value in scene.rng.integers(20, 230, 3)]
    written_NHW3 = scene.frames_NHW3.copy()
    for frame in written_NHW3:
        frame[y : y + plate_px[1], x : x + plate_px[0]] = colour
        place = ((x + plate_px[0] / 2) / scene.width, (y + plate_px[1] * 0.78) / scene.height)
        _write(frame, name, place, tall_px, font, COLOURS[0], widest=wide_px / scene.width)
    return written_NHW3


def watermark(scene: Scene, severity: float) -> Frames:
    """A name, half seen through, over the picture: once, small, to tiled all over."""
    name = NAMES[scene.rng.integers(len(NAMES))]
    rows = 1 + round(between(0, 4.4, severity))
    mark_HW3 = np.zeros_like(scene.frames_NHW3[0])
    for row in range(rows):
        for column in range(rows):
            place = ((column + 0.5) / rows, (row + 0.55) / rows)
            _write(mark_HW3, name, place, 0.055 * scene.height, FONTS[0], COLOURS[0], widest=0.9 / rows)
    veil_HW3 = mark_HW3.astype(np.float32) / 255 * np.float32(between(0.3, 0.75, severity))
    return levels(scene.frames_NHW3 * (1 - veil_HW3) + 255 * veil_HW3)


def split_screen(scene: Scene, severity: float) -> Frames:
    """Another place beside this one, or below it: 10 to 50 % of the picture, with a line between."""
    share, other_NHW3 = between(0.10, 0.5, severity), scene.read_other()
    joined_NHW3 = scene.frames_NHW3.copy()
    if scene.rng.random() < 0.5:
        edge = round(scene.width * (1 - share))
        joined_NHW3[:, :, edge:] = other_NHW3[:, :, edge:]
        joined_NHW3[:, :, edge - 1 : edge + 1] = 255
    else:
        edge = round(scene.height * (1 - share))
        joined_NHW3[:, edge:] = other_NHW3[:, edge:]
        joined_NHW3[:, edge - 1 : edge + 1] = 255
    return joined_NHW3


def inset(scene: Scene, severity: float) -> Frames:
    """Another picture in a corner of this one: 18 to 70 % of its sides."""
    share = between(0.18, 0.7, severity)
    size = (round(scene.width * share), round(scene.height * share))
    right, low = scene.rng.random(2) < 0.5
    x = scene.width - size[0] - 8 if right else 8
    y = scene.height - size[1] - 8 if low else 8
    joined_NHW3 = scene.frames_NHW3.copy()
    for frame, other in zip(joined_NHW3, scene.read_other(), strict=True):
        frame[y - 2 : y + size[1] + 2, x - 2 : x + size[0] + 2] = 240
        frame[y : y + size[1], x : x + size[0]] = cv2.resize(other, size, interpolation=cv2.INTER_AREA)
    return joined_NHW3


def cuts(scene: Scene, severity: float) -> Frames:
    """1 to 7 cuts to another place and back."""
    return _alternate(scene, round(between(0.6, 7.4, severity)), 0)


def dissolves(scene: Scene, severity: float) -> Frames:
    """1 to 4 dissolves of 0.4 s to another place and back."""
    return _alternate(scene, round(between(0.6, 4.6, severity)), round(0.4 * scene.fps))


def wipes(scene: Scene, severity: float) -> Frames:
    """1 to 4 wipes of 0.4 s to another place and back."""
    count, over = round(between(0.6, 4.6, severity)), max(2, round(0.4 * scene.fps))
    share_N = _shares(scene, count, over)
    wiped_NHW3 = scene.frames_NHW3.copy()
    for frame, other, share in zip(wiped_NHW3, scene.read_other(), share_N, strict=True):
        edge = round(share * scene.width)
        frame[:, :edge] = other[:, :edge]
    return wiped_NHW3


def posterise(scene: Scene, severity: float) -> Frames:
    """16 to 2 levels of each colour."""
    count = between_powers(16, 2, severity)
    step = 255 / (count - 1)
    return levels(np.rint(scene.frames_NHW3 / np.float32(step)) * np.float32(step))


def tint(scene: Scene, severity: float) -> Frames:
    """A filter of one strong colour: 15 to 95 % of its own."""
    hue = np.uint8([[[scene.rng.integers(180), 220, 255]]])  # type: ignore[arg-type]
    colour_3 = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0].astype(np.float32) / 255
    luma_NHW1 = (scene.frames_NHW3 @ np.array([0.114, 0.587, 0.299], np.float32))[..., None]
    share = np.float32(between(0.15, 0.95, severity))
    return levels(scene.frames_NHW3 * (1 - share) + luma_NHW1 * colour_3 * share)


def old_film(scene: Scene, severity: float) -> Frames:
    """Sepia, dark corners and scratches that come and go."""
    sepia_3 = np.array([0.55, 0.8, 1.0], np.float32)
    luma_NHW1 = (scene.frames_NHW3 @ np.array([0.114, 0.587, 0.299], np.float32))[..., None]
    share = np.float32(between(0.25, 1, severity))
    y_H1, x_1W = np.mgrid[-1 : 1 : scene.height * 1j, -1 : 1 : scene.width * 1j].astype(np.float32)
    corner_HW1 = 1 - np.float32(between(0.15, 0.75, severity)) * ((x_1W**2 + y_H1**2) / 2)[..., None]
    film_NHW3 = levels((scene.frames_NHW3 * (1 - share) + luma_NHW1 * sepia_3 * share) * corner_HW1)
    for frame in film_NHW3:
        for _ in range(round(between(1, 9, severity))):
            x = int(scene.rng.random() * scene.width)
            cv2.line(frame, (x, 0), (x + 3, scene.height), (200, 220, 230), 1)
    return film_NHW3


def stickers(scene: Scene, severity: float) -> Frames:
    """2 to 9 bright shapes, drawn over the picture, that hop."""
    places = scene.rng.random((9, 2)) * 0.8 + 0.1
    colours = scene.rng.integers(0, 256, (9, 3))
    stuck_NHW3 = scene.frames_NHW3.copy()
    radius = round(between_powers(0.03, 0.09, severity) * scene.height)
    for number, frame in enumerate(stuck_NHW3):
        hop = 0.02 * np.sin(number / scene.fps * 2 * np.pi)
        for (x, y), colour in list(zip(places, colours, strict=True))[: round(between(2, 9, severity))]:
            centre = (round(x * scene.width), round((y + hop) * scene.height))
            cv2.circle(frame, centre, radius, tuple(int(value) for value in colour), -1, cv2.LINE_AA)
            cv2.circle(frame, centre, radius, (255, 255, 255), max(1, radius // 8), cv2.LINE_AA)
    return stuck_NHW3


def _shares(scene: Scene, count: int, over: int) -> np.ndarray:
    """[N], 0 to 1: how much of each frame is of the other place, with `count` transitions of `over` frames."""
    index_N, share_N = np.arange(scene.count), np.zeros(scene.count)
    offset = scene.rng.uniform(-0.25, 0.25)
    for number in range(count):
        middle = (number + 1 + offset) / (count + 1) * scene.count
        way_N = ((index_N - middle) / max(over, 1e-6) + 0.5).clip(0, 1)
        share_N = share_N + (way_N if number % 2 == 0 else -way_N)
    return share_N


def _alternate(scene: Scene, count: int, over: int) -> Frames:
    share_N111 = _shares(scene, count, over).astype(np.float32)[:, None, None, None]
    return levels(scene.frames_NHW3 * (1 - share_N111) + scene.read_other() * share_N111)


def _write(
    frame_HW3: np.ndarray, text: str, place: tuple[float, float], tall_px: float, font: int,
    colour: tuple[int, int, int], *, widest: float = 1e9, left: bool = False,
) -> None:  # fmt: skip
    """Letters with a black rim; `place` is the middle (or left end) of the base line, as shares of width and height."""
    height, width = frame_HW3.shape[:2]
    (wide, tall), _ = cv2.getTextSize(text, font, 1, 2)
    scale = min(tall_px / tall, widest * width / wide)
    thick = max(1, round(scale * 1.6))
    x = round(place[0] * width - (0 if left else wide * scale / 2))
    for rim, shade in ((thick + 2, (0, 0, 0)), (thick, colour)):
        cv2.putText(frame_HW3, text, (x, round(place[1] * height)), font, scale, shade, rim, cv2.LINE_AA)
