"""Real footage becomes shots: short stretches of each file, none of them across a transition, in a folder of their own.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from longtake.errors import UserError
from longtake.slicing import slice_video
from longtake.tsa_training.config import Curriculum, Split
from longtake.tsa_training.defects import Frames
from longtake.tsa_training.rendering import write_clip
from longtake.tsa_training.samples import Part, Shot
from longtake.tsa_training.stills import FPS, move_over
from longtake.video.guard import Guard

NEARLY_LOSSLESS_CRF = 8
STILLS = (".jpg", ".jpeg", ".png")
"""Photographs, over which the camera moves."""
SHORTEST = 0.8
"""Of a shot's length, where the footage between two transitions is shorter than all of it."""


@dataclass(frozen=True)
class Source:
    """One file of footage."""

    name: str
    path: Path


def cut_shots(source: Source, folder: Path, guard: Guard, config: Curriculum) -> list[Shot]:
    """Writes the source's shots into the folder, and lists them; none again that is there. Raises VideoFault."""
    done = folder / f"{source.name}.shots"
    if not done.exists() and source.path.suffix.lower() in STILLS:
        still_HW3 = cv2.imread(str(source.path), cv2.IMREAD_COLOR)
        if still_HW3 is None:
            raise UserError(f"{source.path} is not a picture that can be read; give JPEG, PNG, or videos")
        for number in range(config.moves_each):
            rng = np.random.default_rng([config.seed, number, zlib.crc32(source.name.encode())])
            moved_NHW3 = move_over(still_HW3.astype(np.uint8), config.shot_s, config.size_px, rng)
            write_clip(folder / f"{source.name}-{number}.mp4", moved_NHW3, FPS, NEARLY_LOSSLESS_CRF)
        done.write_text(str(config.moves_each))
    if not done.exists():
        probe = guard.probe(source.path)
        spans = choose_spans(source.path, guard, probe.fps, config)
        scale = min(1.0, config.size_px / max(probe.width, probe.height))
        width, height = (max(16, int(side * scale)) // 2 * 2 for side in (probe.width, probe.height))
        kept: dict[int, list[Frames]] = {number: [] for number in range(len(spans))}
        seen = 0
        for batch in guard.frames(source.path, width=width, height=height, pixels="bgr24", interpolation="area"):
            for number, (start, end) in enumerate(spans):
                part_NHW3 = batch.frames_NHWC[max(0, start - seen) : max(0, end - seen)]
                kept[number].append(part_NHW3.copy())
            seen += len(batch.frames_NHWC)
        for number, parts in kept.items():
            write_clip(folder / f"{source.name}-{number}.mp4", np.concatenate(parts), probe.fps, NEARLY_LOSSLESS_CRF)
        done.write_text(str(len(spans)))
    return [Shot(source.name, number) for number in range(int(done.read_text()))]


def choose_spans(path: Path, guard: Guard, fps: float, config: Curriculum) -> list[tuple[int, int]]:
    """Frames [start, end) of at most `config.shots_each` shots, spread over the file."""
    whole = round(config.shot_s * fps)
    slicing = slice_video(path, guard=guard)
    begins = [0, *(transition.end_frame for transition in slicing.transitions)]
    ends = [*(transition.start_frame for transition in slicing.transitions), slicing.frames]
    found = [
        (start, min(start + whole, end))
        for begin, end in zip(begins, ends, strict=True)
        for start in range(begin, end - int(whole * SHORTEST) + 1, whole)
    ]
    chosen = np.linspace(0, len(found) - 1, min(config.shots_each, len(found))).round().astype(int)
    return [found[index] for index in chosen]


def read_shot(path: Path, guard: Guard) -> tuple[Frames, float]:
    """All frames [N, H, W, 3] of a shot, and its frame rate. Raises VideoFault."""
    probe = guard.probe(path)
    batches = guard.frames(path, width=probe.width, height=probe.height, pixels="bgr24", interpolation="area")
    return np.concatenate([batch.frames_NHWC.copy() for batch in batches]), probe.fps


def split_sources(names: Iterable[str], split: Split, seed: int) -> Mapping[str, Part]:
    """Which sources are trained on, and which judge. Raises UserError where a part would be empty, or a name is unknown."""
    known = sorted(set(names))
    unknown = sorted({*split.validation, *split.test} - set(known))
    if unknown:
        raise UserError(f"split names {', '.join(unknown)}, but the sources are {', '.join(known[:20])}")
    parts: dict[str, Part] = dict.fromkeys(known, "train")
    named: tuple[tuple[Part, tuple[str, ...]], ...] = (("test", split.test), ("validation", split.validation))
    for part, chosen in named:
        parts.update(dict.fromkeys(chosen, part))
    free = [name for name in np.random.default_rng(seed).permutation(known).tolist() if parts[name] == "train"]
    if not split.test:
        count = max(1, round(split.test_share * len(known)))
        parts.update(dict.fromkeys(free[:count], "test"))
        free = free[count:]
    if not split.validation:
        parts.update(dict.fromkeys(free[: max(1, round(split.validation_share * len(known)))], "validation"))
    missing = {"train", "validation", "test"} - set(parts.values())
    if missing:
        raise UserError(
            f"of {len(known)} sources none is left for {' and '.join(sorted(missing))}; a training needs three videos or more, "
            "and the parts of `split` must leave some"
        )
    return parts
