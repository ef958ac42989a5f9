"""Clips with known camera moves: a window that travels over a photograph, or over a clip whose own camera stands.

Legend: T frames of a clip; N sampled ones; H, W rows and columns; 3 channels: blue, green, red; 4 = what the camera does: right, down
(widths), closer (logarithm of the scale), clockwise (degrees); 2 = right and down.
"""

import hashlib
import importlib.metadata
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.captioning.facts import MoveKind
from longtake.captioning.measured.camera import plan_camera
from longtake.captioning.measured.camera_words import FAST, LEAST_PAN, LEAST_ROLL, LEAST_SHAKE, LEAST_ZOOM, MODERATE
from longtake.demo.footage import get_footage
from longtake.video.guard import Guard

STILLS, CLIPS = {".jpg", ".jpeg", ".png", ".webp"}, {".mp4", ".avi", ".mpg"}
STANDING = {
    "intel_bottle-detection", "intel_car-detection", "intel_one-by-one-person-detection", "ocv_box", "ocv_cup", "ocv_tree",
    "ocv_vtest", "psychopy_talk",
}  # fmt: skip
"""Clips whose own camera stands: looked at, and their borders move by less than 0.1 % of the width
a second (`carphone_pristine` trembles)."""
WINDOW_PX = 150
"""The window is at least this wide on its source at its smallest, so that there is something to see."""
SHORTEST_S = 1.5
SIGHT, SIGHT_LEVELS, PLACES = 6, 4.0, 6
"""At least so many of 16 equal parts of the window must stand and show a contrast of so many levels (RMS on a 64th of the
width, shading apart), at all times: nobody can name a move over a blank wall, or over a thing that fills the picture. So many
places are tried on a source."""
LEAST_4 = np.array([LEAST_PAN, LEAST_PAN, LEAST_ZOOM, LEAST_ROLL])
WAYS: tuple[tuple[MoveKind, MoveKind], ...] = (
    ("pan right", "pan left"), ("tilt down", "tilt up"), ("zoom in", "zoom out"), ("roll clockwise", "roll counterclockwise")
)  # fmt: skip
"""What a positive and a negative rate of each of the four is called."""
TIERS = {"threshold": (1.0, 1.3), "slow": (1.3, MODERATE / LEAST_PAN), "moderate": (MODERATE / LEAST_PAN, FAST / LEAST_PAN),
         "fast": (FAST / LEAST_PAN, 1.6 * FAST / LEAST_PAN)}  # fmt: skip
"""In multiples of the least speed."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A move to be drawn."""

    name: str
    rates_4: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Of the camera, a second."""
    shake: float = 0.0
    """RMS of its velocity, widths a second."""
    part: tuple[float, float] = (0.0, 1.0)
    """Of the clip in which it moves."""
    before: Literal["followed", "passing", "swinging"] | None = None
    """A large thing before the scene: one that the camera follows, that passes it, or that swings to and fro while the camera does
    what it does."""
    threshold: bool = False

    @property
    def kinds(self) -> frozenset[MoveKind]:
        return named(self.rates_4, self.shake, 1.0)


def named(rates_4: Sequence[float], shake: float, share: float) -> frozenset[MoveKind]:
    """What this is called, where a share of the least speed is enough."""
    moves = {
        way[int(rate < 0)]
        for way, rate, least in zip(WAYS, rates_4, LEAST_4, strict=True)
        if abs(rate) >= share * least
    }
    return frozenset(moves or {"handheld" if shake >= share * LEAST_SHAKE else "static"})


def cases(of: Literal["stills", "clips"], rounds: int) -> Iterator[Case]:
    """The moves to be drawn over one kind of source, the same each time."""
    rng = np.random.default_rng(zlib.crc32(of.encode()))
    signs = [(x, y) for x in (-1, 1) for y in (-1, 1)]
    for number in range(rounds):
        for tier, (low, high) in TIERS.items():
            for axis in range(4):
                for sign in (-1, 1):
                    rates = np.zeros(4)
                    rates[axis] = sign * rng.uniform(low, high) * LEAST_4[axis]
                    yield _case(f"{tier}-{WAYS[axis][int(sign < 0)]}-{number}", rates, threshold=tier == "threshold")
        for x, y in signs:
            for name, axes in (("diagonal", (0, 1)), ("pan-zoom", (0, 2))):
                rates = np.zeros(4)
                main = np.exp(rng.uniform(np.log(2.6), np.log(FAST / LEAST_PAN)))
                rates[list(axes)] = (
                    np.array([x * main, y * main * np.exp(rng.uniform(np.log(0.4), 0))]) * LEAST_4[list(axes)]
                )
                yield _case(f"{name}-{number}-{x}{y}", rates)
        for k in range(8):
            yield _case(f"static-{number}-{k}", np.zeros(4), shake=0.0 if k % 2 else rng.uniform(0, 0.5) * LEAST_SHAKE)
            yield _case(f"creep-{number}-{k}", rng.uniform(-0.5, 0.5, 4) * LEAST_4, threshold=True)
        for k in range(12):
            shake = LEAST_SHAKE * (rng.uniform(1.0, 1.3) if k < 4 else np.exp(rng.uniform(np.log(1.3), np.log(8))))
            yield _case(f"handheld-{number}-{k}", np.zeros(4), shake=shake, threshold=k < 4)
        for k, (axis, sign) in enumerate([(0, 1), (1, -1), (2, 1), (0, -1)]):
            rates = np.zeros(4)
            rates[axis] = sign * rng.uniform(5, 20) * LEAST_4[axis]
            yield _case(f"partly-{number}-{k}", rates, part=(0.0, 0.5) if k % 2 else (0.4, 1.0))
            rates[axis] = sign * rng.uniform(8, 20) * LEAST_4[axis]
            yield _case(
                f"shaken-move-{number}-{k}", rates, shake=float(abs(rates[axis]) * (0.5, 0.5, 0.2, 0.5)[k] * 0.6)
            )
        for k in range(4 if of == "stills" else 0):
            rates = np.array([(-1) ** k * rng.uniform(4, 25) * LEAST_PAN, 0, 0, 0])
            yield _case(f"followed-{number}-{k}", rates, before="followed")
            yield _case(f"passing-{number}-{k}", np.zeros(4), before="passing")
            rates = np.zeros(4)
            rates[k] = (-1) ** number * rng.uniform(1.0, 5.0) * LEAST_4[k]
            yield _case(f"swinging-move-{number}-{k}", rates, before="swinging")
            shake = (0.0, 0.5 * rng.uniform(), 1.5, 4.0)[k] * LEAST_SHAKE
            yield _case(f"swinging-{number}-{k}", np.zeros(4), shake=shake, before="swinging")


def _case(name: str, rates_4: NDArray[np.float64], **more: object) -> Case:
    return Case(name=name, rates_4=tuple(rates_4.tolist()), **more)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A photograph, or a clip whose camera stands."""

    name: str
    path: Path

    @property
    def part(self) -> str:
        return "tuning" if hashlib.sha256(f"camera-{self.name}".encode()).digest()[0] % 2 else "evaluation"

    @property
    def still(self) -> bool:
        return self.path.suffix.lower() in STILLS

    def frames(self, rng: np.random.Generator, duration_s: float) -> tuple[list[NDArray[np.uint8]], float]:
        """Of somewhere in it, and frames a second."""
        if self.still:
            picture_HW3 = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
            assert picture_HW3 is not None, f"{self.path} is no picture"
            fps = float(rng.choice([15, 24, 25, 30, 50]))
            return [picture_HW3] * round(duration_s * fps), fps
        with av.open(str(self.path)) as file:
            stream = file.streams.video[0]
            fps, whole_s = float(stream.average_rate), float(stream.duration * stream.time_base)
            first_s = float(rng.uniform(0, max(whole_s - duration_s - 1 / fps, 0)))
            file.seek(round(first_s / stream.time_base), stream=stream)
            shown: list[NDArray[np.uint8]] = []
            for frame in file.decode(stream):
                if frame.time >= first_s:  # a frame that is held for long comes once in the file
                    missing = round((min(frame.time - first_s, duration_s)) * fps) - len(shown)
                    shown += shown[-1:] * missing + [frame.to_ndarray(format="bgr24")]
                if len(shown) >= round(duration_s * fps):
                    break
        return shown, fps


def path_of(case: Case, times_T: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Where the camera looks at each moment [T, 4]; right and down in widths of the first window."""
    duration_s = times_T[-1]
    begins_s, ends_s = (share * duration_s for share in case.part)
    path_T4 = np.array(case.rates_4) * (times_T.clip(begins_s, ends_s) - begins_s)[:, None]
    widths_T = np.exp(-path_T4[:, 2])
    for axis in (0, 1):
        path_T4[1:, axis] = np.cumsum(np.diff(path_T4[:, axis]) * (widths_T[1:] + widths_T[:-1]) / 2)
    if case.shake:
        frequencies_K = np.exp(rng.uniform(np.log(0.5), np.log(4.0), 8))
        phases_K2 = rng.uniform(0, 2 * np.pi, (8, 2))
        waves_TK2 = (
            np.sin(2 * np.pi * frequencies_K[:, None] * times_T[:, None, None] + phases_K2) / frequencies_K[:, None]
        )
        sway_T2 = waves_TK2.sum(axis=1)
        line_T2 = np.stack([np.ones(len(times_T)), times_T], axis=1)
        sway_T2 -= line_T2 @ np.linalg.lstsq(line_T2, sway_T2, rcond=None)[0]  # no part of it is a steady move
        speed = np.sqrt((np.diff(sway_T2, axis=0) ** 2).sum(axis=1).mean()) / (times_T[1] - times_T[0])
        path_T4[:, :2] += sway_T2 * case.shake / speed
    return path_T4


def corners_of(path_T4: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    """Of the windows [T, 4 corners, 2], in widths of the first one, `height` times as high."""
    corners_42 = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2 * [1, height]
    turn_T = np.radians(path_T4[:, 3])
    turns_T22 = np.stack(
        [np.stack([np.cos(turn_T), -np.sin(turn_T)], 1), np.stack([np.sin(turn_T), np.cos(turn_T)], 1)], 1
    )
    return path_T4[:, None, :2] + np.exp(-path_T4[:, 2])[:, None, None] * np.einsum(
        "tij,cj->tci", turns_T22, corners_42
    )


def draw(case: Case, sources: Sequence[Source], path: Path) -> str | None:
    """The case as a file, over the first source that has room and something to see for it; its name, None where none has."""
    for source in sources:
        rng = np.random.default_rng(zlib.crc32(f"{case.name} {source.name}".encode()))
        frames, fps = source.frames(rng, rng.uniform(2.0, 7.0))
        height = float(rng.choice([9 / 16, 9 / 16, 9 / 16, 3 / 4, 3 / 4, 1, 16 / 9]))
        for _ in range(PLACES):
            corners_T42 = _travel(case, len(frames), fps, frames[0].shape, height, rng)
            if corners_T42 is None:
                break
            if not _in_sight(frames, corners_T42):
                continue
            before = None
            if case.before is not None:
                others = [other for other in sources if other.still and other.name != source.name]
                picture_HW3 = others[int(rng.integers(len(others)))].frames(rng, 1)[0][0]
                before = Before(picture_HW3, case.before, float(rng.uniform()), len(corners_T42) / fps)
            shown = _look(frames[: len(corners_T42)], corners_T42, height, before, rng)
            encode(shown, fps, int(rng.choice([20, 26, 32])), path)
            return source.name
    return None


def _travel(
    case: Case, count: int, fps: float, shape: tuple[int, ...], height: float, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """The window's corners on the source [T, 4 corners, 2], somewhere; for a shorter time for want of room; None without any."""
    rows, columns = shape[:2]
    while count >= SHORTEST_S * fps:
        seed = np.random.default_rng(zlib.crc32(case.name.encode()))
        looks_T4 = path_of(case, np.arange(count) / fps, seed)
        corners_T42 = corners_of(looks_T4, height)
        low_2, high_2 = corners_T42.min(axis=(0, 1)), corners_T42.max(axis=(0, 1))
        room_px = float(((np.array([columns, rows]) - 2) / (high_2 - low_2)).min())  # a width of the first window
        smallest = np.exp(-looks_T4[:, 2].max())
        if room_px * smallest >= min(WINDOW_PX, 0.6 * columns):
            width_px = max(room_px * rng.uniform(0.8, 1.0), min(room_px, WINDOW_PX / smallest))
            slack_2 = np.array([columns, rows]) - 1 - width_px * (high_2 - low_2)
            placed_T42: NDArray[np.float64] = 0.5 + width_px * (corners_T42 - low_2) + rng.uniform(0, 1, 2) * slack_2
            return placed_T42
        count = int(count * 0.85)
    return None


def _in_sight(frames: Sequence[NDArray[np.uint8]], corners_T42: NDArray[np.float64]) -> bool:
    """Whether what stands shows enough for a person to name the move."""
    looks = {id(frames[k]): frames[k] for k in np.linspace(0, len(corners_T42) - 1, 9).astype(int)}
    scale = min(1.0, 640 / frames[0].shape[1])
    lumas = [cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY) for frame_HW3 in looks.values()]
    small_Nhw = np.stack(
        [cv2.resize(luma_HW, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for luma_HW in lumas]
    )
    stands_hw, moves_hw = np.median(small_Nhw, axis=0).astype(np.float32), small_Nhw.std(axis=0).astype(np.float32)
    for k in np.linspace(0, len(corners_T42) - 1, 6).astype(int):
        corners_42 = (corners_T42[k] * scale).clip(0)
        (left, top), (right, bottom) = corners_42.min(axis=0).astype(int), corners_42.max(axis=0).astype(int) + 1
        contrast_44, stray_44 = (_contrast(of_hw[top:bottom, left:right]) for of_hw in (stands_hw, moves_hw))
        sees_44 = (contrast_44[0] > SIGHT_LEVELS) & (stray_44[1] < SIGHT_LEVELS)
        if sees_44.sum() < SIGHT:
            return False
    return True


def _contrast(levels_hw: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Deviation from a plane, shading being no detail, and mean, of each of 4 x 4 parts."""
    parts_4S4S = cv2.resize(levels_hw, (64, 64), interpolation=cv2.INTER_AREA).reshape(4, 16, 4, 16)
    parts_44SS, ramp_S = parts_4S4S.transpose(0, 2, 1, 3), (np.arange(16) - 7.5) / np.sqrt(340 * 16)
    mean_44 = parts_44SS.mean(axis=(2, 3))
    along = [np.einsum("xyij,j->xy", parts_44SS, ramp_S), np.einsum("xyij,i->xy", parts_44SS, ramp_S)]
    rest_44 = parts_44SS.var(axis=(2, 3)) - (along[0] ** 2 + along[1] ** 2) / 256
    return np.sqrt(rest_44.clip(0)), mean_44


def _look(
    frames: Sequence[NDArray[np.uint8]],
    corners_T42: NDArray[np.float64],
    height: float,
    before: "Before | None",
    rng: np.random.Generator,
) -> Iterator[NDArray[np.uint8]]:
    """What the window shows, frame by frame, blurred by its own motion over half a frame, with grain."""
    longer_px = int(rng.choice([320, 480]))
    columns, rows = (2 * round(longer_px / max(1, height) * side / 2) for side in (1, height))
    window_px = np.linalg.norm(corners_T42[:, 1] - corners_T42[:, 0], axis=1).min()
    scale = min(columns / window_px, 1.0)  # the source is made smaller by area first, so that nothing aliases
    grain = float(rng.choice([0, 1.5, 3]))
    target_32 = np.array([[0, 0], [columns, 0], [columns, rows]], np.float32) - np.float32(0.5)
    last = small_HW3 = None
    for k, frame_HW3 in enumerate(frames):
        if frame_HW3 is not last:
            small_HW3 = (
                cv2.resize(frame_HW3, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                if scale < 1
                else frame_HW3
            )
            last = frame_HW3
        step_42 = corners_T42[min(k + 1, len(frames) - 1)] - corners_T42[min(k, len(frames) - 2)]
        looks = 1 + int(np.abs(step_42).max() * columns / window_px > 3) * 3
        shown = np.zeros((rows, columns, 3), np.float32)
        for part in range(looks):
            source_32 = (corners_T42[k, :3] + step_42[:3] * part / (2 * looks)) * scale - 0.5
            matrix_23 = cv2.getAffineTransform(target_32, source_32.astype(np.float32))
            shown += (
                cv2.warpAffine(
                    small_HW3,
                    matrix_23,
                    (columns, rows),
                    flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
                    borderMode=cv2.BORDER_REPLICATE,
                ).astype(np.float32)
                / looks
            )
        if before is not None:
            shown = before.onto(shown, k / max(len(frames) - 1, 1))
        noise = grain * rng.standard_normal(shown.shape[:2], np.float32)[..., None] if grain else 0.0
        yield np.clip(np.rint(shown + noise), 0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Before:
    """A large thing before the scene: an ellipse cut out of another photograph."""

    picture_HW3: NDArray[np.uint8]
    way: Literal["followed", "passing", "swinging"]
    phase: float
    duration_s: float

    def onto(self, shown_HW3: NDArray[np.float32], share: float) -> NDArray[np.float32]:
        """The picture with the thing where it is at this share of the clip."""
        rows, columns = shown_HW3.shape[:2]
        sway = np.sin(2 * np.pi * (0.5 * share * self.duration_s + self.phase))
        x = {"followed": 0.5 + 0.02 * sway, "passing": -0.15 + 1.3 * share, "swinging": 0.5 + 0.2 * sway}[self.way]
        radius_x, radius_y = (0.28, 0.45) if self.way == "passing" else (0.2, 0.3)
        size = (round(2 * radius_x * columns), round(2 * radius_y * rows))
        thing_hw3 = cv2.resize(self.picture_HW3, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        mask_hw = cv2.ellipse(
            np.zeros(size[::-1], np.float32), ((size[0] / 2, size[1] / 2), (size[0] - 4, size[1] - 4), 0), 1, -1
        )
        at = np.array([[1, 0, x * columns - size[0] / 2], [0, 1, (0.6 + 0.01 * sway) * rows - size[1] / 2]], np.float32)
        mask_HW1 = cv2.warpAffine(mask_hw, at, (columns, rows))[..., None]
        return shown_HW3 * (1 - mask_HW1) + cv2.warpAffine(thing_hw3, at, (columns, rows)) * mask_HW1


def encode(frames: Iterator[NDArray[np.uint8]], fps: float, crf: int, path: Path) -> None:
    """H.264 as cameras and sites make it."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(
            "libx264", rate=Fraction(fps).limit_denominator(1000), options={"preset": "veryfast", "crf": str(crf)}
        )
        stream.pix_fmt = "yuv420p"
        for k, frame_HW3 in enumerate(frames):
            if k == 0:
                stream.height, stream.width = frame_HW3.shape[:2]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame_HW3, "bgr24")))
        file.mux(stream.encode())


def gather(folders: Sequence[Path], scratch: Path) -> list[Source]:
    """All photographs and standing clips of the folders, or of what pip has; a name comes once."""
    if folders:
        paths = [path for folder in folders for path in sorted(folder.iterdir())]
    else:
        files = [file for package in importlib.metadata.distributions() for file in package.files or []]
        paths = [
            Path(str(file.locate())) for file in files if file.suffix in (".jpg", ".jpeg") and (file.size or 0) > 60_000
        ]
    paths += get_footage(scratch).values()
    found = {path.stem: path for path in paths if path.suffix.lower() in STILLS or path.stem in STANDING}
    return [Source(name=name, path=found[name]) for name in sorted(found)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A case as the guard shows it."""

    case: Case
    of: str
    source: str
    frames_NHW3: NDArray[np.uint8]
    times_s: NDArray[np.float64]


def draw_all(sources: Sequence[Source], rounds: int) -> Iterator[Drawn]:
    """All cases, over photographs and over clips, each over the next source that has room."""
    with Guard() as guard, tempfile.TemporaryDirectory() as folder:
        for of in ("stills", "clips"):
            fitting = [source for source in sources if source.still == (of == "stills")]
            for number, case in enumerate(
                cases(of, rounds if of == "stills" else (rounds + 1) // 2) if fitting else ()
            ):
                path = Path(folder, f"{case.name}.mp4")
                first = number % len(fitting)
                if (source := draw(case, fitting[first:] + fitting[:first], path)) is None:
                    print(f"{of}: no source has room for {case.name}\n")
                    continue
                probe = guard.probe(path)
                seen = guard.glimpse(path, {"camera": plan_camera(probe.duration_s, probe.fps)}).views["camera"]
                path.unlink()
                yield Drawn(case=case, of=of, source=source, frames_NHW3=seen.frames_NHW3, times_s=seen.times_s)
