"""What a network is trained on: the inputs of clips with their targets, kept as files, so that work goes on where it ended.

Legend: N examples, B clips, S segments, T frames of a segment, K images, 3 channels, H, W rows and columns; L sub-metrics,
D kinds of defects.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longtake.records import METRICS
from longtake.scoring.checkpoint import Calibration
from longtake.scoring.inputs import Inputs
from longtake.scoring.tensors import normalise, standardise_labels
from longtake.tsa_training.samples import Part

LOG_LABELS = ("motion", "camera_shake", "camera_motion", "flicker", "noise", "blockiness", "colourfulness")
"""Without an upper bound, and with a long tail: what doubles counts alike wherever it begins (notes F.2, 10: motion)."""


@dataclass(frozen=True)
class Example:
    """One clip to learn from or to be judged by."""

    name: str
    target: float
    """1 to 5."""
    group: str
    """Examples of a group come in one batch."""
    part: Part
    severities: tuple[float, ...] = ()
    """Of each kind of defect in TRAINED_KINDS; empty where people marked the clip."""


@dataclass(frozen=True)
class ExampleFiles:
    """The inputs of examples, a file each."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"

    def has(self, name: str) -> bool:
        return self.path(name).exists()

    def save(self, name: str, inputs: Inputs) -> None:
        """Whole or not at all."""
        unfinished = self.folder / f"{name}.{os.getpid()}.unfinished"
        with unfinished.open("wb") as file:
            np.savez(file, fragments=inputs.fragments_STHW3, images=inputs.images_KHW3, labels=inputs.labels_L)
        unfinished.replace(self.path(name))

    def fragments(self, name: str) -> NDArray[np.uint8]:
        """[S, T, H, W, 3]."""
        return self._read(name, "fragments")

    def images(self, name: str) -> NDArray[np.uint8]:
        """[K, H, W, 3]."""
        return self._read(name, "images")

    def labels(self, name: str) -> NDArray[np.float32]:
        """[L]."""
        return self._read(name, "labels")

    def _read(self, name: str, what: str) -> NDArray:
        with np.load(self.path(name), allow_pickle=False) as arrays:
            found: NDArray = arrays[what]
        return found


def calibrate(labels_NL: NDArray[np.float32], targets_N: NDArray[np.float64]) -> Calibration:
    """What the network's numbers stand for, from the examples that are trained on. A metric that no clip has reads as 0."""
    known_NL = np.where(np.isnan(labels_NL).all(0), 0.0, labels_NL)
    logged_L = np.isin(METRICS, LOG_LABELS)
    read_NL = np.where(logged_L, np.log1p(np.maximum(known_NL, 0)), known_NL)
    return Calibration(
        score_mean=float(targets_N.mean()),
        score_sd=float(targets_N.std()) or 1.0,
        label_medians_L=tuple(np.nanmedian(known_NL, axis=0).tolist()),
        label_means_L=tuple(np.nanmean(read_NL, axis=0).tolist()),
        label_sds_L=tuple(sd if sd > 1e-6 else 1.0 for sd in np.nanstd(read_NL, axis=0).tolist()),
        log_labels=LOG_LABELS,
    )


@dataclass(frozen=True, eq=False)
class ExampleSet:
    """Examples as batches of tensors. With a generator each batch is drawn anew: a segment, an image, a mirror image."""

    examples: Sequence[Example]
    files: ExampleFiles
    calibration: Calibration
    device: str

    def part(self, part: Part) -> list[int]:
        return [index for index, example in enumerate(self.examples) if example.part == part]

    def groups(self, part: Part) -> list[list[int]]:
        found: dict[str, list[int]] = {}
        for index in self.part(part):
            found.setdefault(self.examples[index].group, []).append(index)
        return list(found.values())

    @cached_property
    def targets(self) -> Tensor:
        """[N], in standardised units."""
        targets_N = torch.tensor([example.target for example in self.examples], device=self.device)
        return (targets_N - self.calibration.score_mean) / self.calibration.score_sd

    @cached_property
    def severities(self) -> Tensor:
        """[N, D]; D is 0 where people's marks are the targets."""
        return torch.tensor([example.severities for example in self.examples], device=self.device)

    @cached_property
    def clean_of(self) -> list[int]:
        """By example, the one without a defect of the same group that is trained on; -1 where there is none."""
        clean = {
            example.group: index
            for index, example in enumerate(self.examples)
            if example.part == "train" and example.severities and not any(example.severities)
        }
        return [clean.get(example.group, -1) for example in self.examples]

    def fragments(self, indices: Sequence[int], rng: np.random.Generator | None) -> Tensor:
        """[B, S, T, 3, H, W]; one segment of each where a generator is given."""
        return self._pixels([self.files.fragments(self.examples[index].name) for index in indices], rng)

    def images(self, indices: Sequence[int], rng: np.random.Generator | None) -> Tensor:
        """[B, K, 3, H, W]; one image of each where a generator is given."""
        return self._pixels([self.files.images(self.examples[index].name) for index in indices], rng)

    @cached_property
    def labels(self) -> Tensor:
        """[N, L], standardised."""
        labels_NL = np.stack([self.files.labels(example.name) for example in self.examples])
        return standardise_labels(labels_NL, self.calibration).to(self.device)

    def _pixels(self, clips: Sequence[NDArray[np.uint8]], rng: np.random.Generator | None) -> Tensor:
        if rng is not None:
            chosen = (clip[[rng.integers(len(clip))]] for clip in clips)
            clips = [clip[..., ::-1, :] if rng.random() < 0.5 else clip for clip in chosen]
        found = normalise([np.ascontiguousarray(clip) for clip in clips], self.device)
        assert found is not None, "each clip has something to look at"
        return found
