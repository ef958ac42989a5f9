"""The samples of the CPU sweep: many small windows of clips and photographs, encoded, as a lake that `longtake sweep` trains on.

`python -m benchmarks.scaling_samples --footage FOLDER --data-root FOLDER` (the sweep that is published: the folder that
`python -m benchmarks.tsa_footage FOLDER ../shared/footage` gathers). A window is 9 frames of 48 x 80 pixels at 8 frames a second, at a
place, size, moment and mirroring that are drawn; a photograph is seen by a camera that pans and zooms. Sources are held out whole.
Captions are left out: the models of the sweep are conditioned on nothing.
"""

import argparse
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from longtake.config import dump_config
from longtake.datasets.stored import write_dataset
from longtake.lake import Lake
from longtake.latents.config import EncodingConfig, LinearConfig, Size, TextConfig, Windows
from longtake.latents.linear import fit_linear
from longtake.latents.sample import EncodedSample
from longtake.latents.sample_set import SampleSet
from longtake.latents.shards import shard_key, write_shard
from longtake.records import Dataset, Sample, Selection, bucket_of, content_id, split_of
from longtake.stages.samples import write_sample_set

Frames = NDArray[np.uint8]

FRAMES, HEIGHT, WIDTH, FPS = 9, 48, 80, 8.0
OF_CLIP, OF_PHOTOGRAPH = 800, 160
"""Windows of each: what moves says more than what a camera passes over."""
SHARE = 0.15
"""Of sources that are held out."""
FITTED = 40
"""Windows of a source that the autoencoder is fitted on."""
A_SHARD = 2000
"""Samples."""
LINEAR = LinearConfig(channels=16)
ENCODING = EncodingConfig(
    windows=Windows(sizes=(Size(frames=FRAMES, height=HEIGHT, width=WIDTH),), fps=FPS),
    linear=LINEAR, text=TextConfig(encoder="none"),
)  # fmt: skip
DATASET, MADE_BY = "sweep-0000cccc", "benchmarks.scaling_samples 1"
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


def fill(lake: Lake, paths: list[Path], scratch: Path) -> int:
    """Writes shards, rows, dataset and sample set; how many samples there are."""
    ids = {path: content_id(path) for path in paths}
    seen = [path for path in paths if split_of(ids[path], SHARE) == "train"]

    def look(path: Path) -> Iterator[torch.Tensor]:
        """frames_1NHW3, the same every time."""
        for film_NHW3 in windows(*read(path), np.random.default_rng(int(ids[path][:8], 16))):
            yield torch.from_numpy(film_NHW3)[None]

    autoencoder = fit_linear((frames_1NHW3 for path in seen for frames_1NHW3 in islice(look(path), FITTED)), LINEAR)
    autoencoder.save(scratch / "basis")
    basis = f"latents/{autoencoder.name}.safetensors"
    lake.objects.upload(basis, scratch / "basis")
    lake.tables.merge([_selection(ids[path]) for path in paths])
    encoded = {path: [autoencoder.encode(frames_1NHW3)[0].bfloat16() for frames_1NHW3 in look(path)] for path in paths}
    order = [(path, number) for path in paths for number in range(len(encoded[path]))]
    np.random.default_rng(0).shuffle(order)
    rows: list[Sample] = []
    for first in range(0, len(order), A_SHARD):
        part = order[first : first + A_SHARD]
        write_shard(scratch / "shard", [_sample(encoded[path][n], f"{ids[path]}/{n}") for path, n in part])
        key = shard_key(scratch / "shard")
        lake.objects.upload(key, scratch / "shard")
        rows += [_row(ids[path], number, key, index) for index, (path, number) in enumerate(part)]
    lake.tables.merge(rows)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    seconds = len(rows) * FRAMES / FPS
    write_dataset(
        lake,
        Dataset(
            name=DATASET, raw="benchmarks.scaling_samples", made_at=now, made_by={}, configs={}, validation_share=SHARE,
            versions={"selections": lake.tables.version(Selection) or 0}, counts={"kept": len(paths)}, clips=len(paths), seconds=seconds,
        ),
    )  # fmt: skip
    write_sample_set(
        lake,
        SampleSet(
            name=f"{DATASET}.0000dddd", dataset=DATASET, made_at=now, made_by=MADE_BY, version=lake.tables.version(Sample) or 0,
            validation_share=SHARE, autoencoder=autoencoder.name, basis=basis, encoding=dump_config(ENCODING),
            channels=LINEAR.channels, text_width=1, statistics={}, samples=len(rows), seconds=seconds,
        ),
    )  # fmt: skip
    print(
        f"{len(paths)} sources, {len(seen)} of them to train on; the autoencoder keeps {autoencoder.psnr:.1f} dB",
        *(f"held out: {path.name}" for path in paths if path not in seen), sep="\n",
    )  # fmt: skip
    return len(rows)


def _sample(latents_Cthw: torch.Tensor, sample_id: str) -> EncodedSample:
    return EncodedSample(sample_id=sample_id, latents_Cthw=latents_Cthw, text_LD=torch.zeros(1, 1), conditions={})


def _selection(name: str) -> Selection:
    return Selection(
        dataset=DATASET, clip_id=name, bucket=bucket_of(name), video_id=name, kept=True, reason=None, detail=None, made_by=MADE_BY
    )  # fmt: skip


def _row(name: str, number: int, key: str, index: int) -> Sample:
    t, h, w = 1 + (FRAMES - 1) // LINEAR.step_t, HEIGHT // LINEAR.step_px, WIDTH // LINEAR.step_px
    return Sample(
        clip_id=name, window=number, bucket=bucket_of(name), video_id=name, shard=key, index=index, start_s=0.0, frames=FRAMES,
        height=HEIGHT, width=WIDTH, latent_T=t, latent_H=h, latent_W=w, text_tokens=1, psnr=None, conditions="{}", caption="",
        reason=None, detail=None, made_by=MADE_BY,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footage", type=Path, required=True, help="a folder of clips and photographs")
    parser.add_argument("--data-root", required=True, help="where the lake is to be")
    given = parser.parse_args()
    suffixes = (".mp4", ".avi", ".jpg", ".png")
    paths = sorted(path for path in given.footage.iterdir() if path.suffix in suffixes)
    lake = Lake(given.data_root)
    lake.objects.check(writable=True)
    with TemporaryDirectory(prefix="longtake-samples-") as scratch:
        print(f"{fill(lake, paths, Path(scratch))} samples in {given.data_root}")


if __name__ == "__main__":
    main()
