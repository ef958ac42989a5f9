"""The samples of the CPU sweep: many small windows of clips and photographs, encoded, as a lake that `longtake sweep` trains on.

`python -m benchmarks.scaling_samples --footage FOLDER --data-root FOLDER` (the sweep that is published: the folder that
`python -m benchmarks.tsa_footage FOLDER ../shared/footage` gathers). A window is 9 frames of 48 x 80 pixels at 8 frames a second, at a
place, size, moment and mirroring that are drawn; a photograph is seen by a camera that pans and zooms. Sources are held out whole.
Captions are left out: the models of the sweep are conditioned on nothing.
"""

import argparse
import math
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.lake import Lake
from longtake.latents.config import EncodingConfig, LinearConfig, Size, TextConfig
from longtake.latents.config import Windows as Sizes
from longtake.records import content_id, split_of
from longtake.stages.window_samples import Windows, write_windows

Frames = NDArray[np.uint8]

FRAMES, HEIGHT, WIDTH, FPS = 9, 48, 80, 8.0
OF_CLIP, OF_PHOTOGRAPH = 800, 160
"""Windows of each: what moves says more than what a camera passes over."""
SHARE = 0.15
"""Of sources that are held out."""
ENCODING = EncodingConfig(
    windows=Sizes(sizes=(Size(frames=FRAMES, height=HEIGHT, width=WIDTH),), fps=FPS),
    linear=LinearConfig(channels=16), text=TextConfig(encoder="none"),
)  # fmt: skip
MADE_BY = "benchmarks.scaling_samples 1"
LONGER = 640
"""Pixels that a source's longer side is brought to at most."""


def read(path: Path) -> tuple[Frames, float]:
    """frames_NHW3 of a clip with its frames per second, or of a photograph, which has one."""
    found, fps, video = [], FPS, cv2.VideoCapture(str(path))
    if path.suffix in (".mp4", ".avi"):
        fps = video.get(cv2.CAP_PROP_FPS)
        while (got := video.read())[0]:
            found.append(_fit(got[1]))
    elif (picture := cv2.imread(str(path))) is not None:
        found.append(_fit(picture))
    return np.array(found, np.uint8), fps


def _fit(frame_HW3: NDArray[np.generic]) -> NDArray[np.generic]:
    scale = min(1.0, LONGER / max(frame_HW3.shape[:2]))
    return cv2.resize(frame_HW3, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def windows(source_NHW3: Frames, fps: float, dice: np.random.Generator) -> Iterator[Frames]:
    """frames_NHW3 of one window after the other."""
    count, rows, columns = source_NHW3.shape[:3]
    still = count == 1
    largest = min(rows / HEIGHT, columns / WIDTH)
    span = (FRAMES - 1) * fps / FPS
    for _ in range(OF_PHOTOGRAPH if still else OF_CLIP):
        scales = np.exp(dice.uniform(math.log(max(1.0, 0.3 * largest)), math.log(largest), 2))
        places = dice.random((2, 2))
        begin = dice.uniform(0, max(0.0, count - 1 - span))
        film = []
        for at in np.linspace(0, 1, FRAMES):
            along = at * 0.3 * still  # a clip moves by itself: its window stands
            scale = scales[0] * (1 - along) + scales[1] * along
            y, x = (places[0] * (1 - along) + places[1] * along) * (rows - scale * HEIGHT, columns - scale * WIDTH)
            frame_HW3 = source_NHW3[min(count - 1, round(begin + at * span))]
            cut = frame_HW3[int(y) : int(y + scale * HEIGHT), int(x) : int(x + scale * WIDTH)]
            film.append(cv2.resize(cut, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
        film_NHW3 = np.array(film, np.uint8)
        yield np.ascontiguousarray(film_NHW3[:, :, ::-1]) if dice.random() < 0.5 else film_NHW3


def sources(paths: Iterable[Path]) -> dict[str, Windows]:
    """The windows of each file, by the id of its content."""
    return {(name := content_id(path)): partial(_cut, path, int(name[:8], 16)) for path in paths}


def _cut(path: Path, seed: int) -> Iterator[Frames]:
    return windows(*read(path), np.random.default_rng(seed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footage", type=Path, required=True, help="a folder of clips and photographs")
    parser.add_argument("--data-root", required=True, help="where the lake is to be")
    given = parser.parse_args()
    suffixes = (".mp4", ".avi", ".jpg", ".png")
    paths = sorted(path for path in given.footage.iterdir() if path.suffix in suffixes)
    lake = Lake(given.data_root)
    lake.objects.check(writable=True)
    made = write_windows(lake, sources(paths), ENCODING, family="sweep", made_by=MADE_BY, share=SHARE)
    held_out = [path.name for path in paths if split_of(content_id(path), SHARE) != "train"]
    print(f"{len(paths)} sources, held out: {', '.join(held_out)}")
    print(f"{made.samples} samples in {given.data_root}: {made.name}")


if __name__ == "__main__":
    main()
