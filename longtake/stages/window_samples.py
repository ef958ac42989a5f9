"""A sample set without a dataset of clips: windows that somebody draws, or cuts out of what they have, for sweeps of scaling laws."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from longtake.config import dump_config
from longtake.datasets.stored import write_dataset
from longtake.lake import Lake
from longtake.latents.config import EncodingConfig
from longtake.latents.linear import fit_linear
from longtake.latents.sample import EncodedSample
from longtake.latents.sample_set import SampleSet
from longtake.latents.shards import shard_key, write_shard
from longtake.records import Dataset, Sample, Selection, bucket_of, digest, split_of
from longtake.stages.samples import write_sample_set

Windows = Callable[[], Iterable[NDArray[np.uint8]]]
"""frames_NHW3 of one window after the other, of one size; the same each time."""

FITTED = 40
"""Windows of a source that the autoencoder is fitted on."""
A_SHARD = 2000
"""Samples."""


def write_windows(
    lake: Lake, sources: Mapping[str, Windows], encoding: EncodingConfig, *, family: str, made_by: str, share: float
) -> SampleSet:
    """Encodes all windows of all sources, by their ids, without text; `share` of the sources are held out whole.

    The autoencoder is the linear one, fitted on the rest. Windows lie in the shards in a drawn order.
    """
    made = digest(made_by, sorted(sources), dump_config(encoding), chars=8)
    name = f"{family}-{made}"
    lake.tables.merge([_selection(name, source, made_by) for source in sources])
    seen = [source for source in sources if split_of(source, share) == "train"]
    frames, *sides = next(iter(next(iter(sources.values()))())).shape[:3]
    with tempfile.TemporaryDirectory(prefix="longtake-windows-") as folder:
        scratch = Path(folder)
        looked = (window for source in seen for window in islice(_tensors(sources[source]), FITTED))
        autoencoder = fit_linear(looked, encoding.linear)
        autoencoder.save(scratch / "basis")
        basis = f"latents/{autoencoder.name}.safetensors"
        lake.objects.upload(basis, scratch / "basis")
        encoded = {
            source: [autoencoder.encode(frames_1NHW3)[0].bfloat16() for frames_1NHW3 in _tensors(windows)]
            for source, windows in sources.items()
        }
        order = [(source, number) for source, latents in encoded.items() for number in range(len(latents))]
        np.random.default_rng(0).shuffle(order)
        rows: list[Sample] = []
        for first in range(0, len(order), A_SHARD):
            part = order[first : first + A_SHARD]
            write_shard(
                scratch / "shard", [_sample(source, number, encoded[source][number]) for source, number in part]
            )
            key = shard_key(scratch / "shard")
            lake.objects.upload(key, scratch / "shard")
            rows += [
                _row(source, number, key, index, encoded[source][number], (frames, *sides), made_by)
                for index, (source, number) in enumerate(part)
            ]
    lake.tables.merge(rows)
    now, seconds = datetime.now(UTC).isoformat(timespec="seconds"), len(rows) * frames / encoding.windows.fps
    write_dataset(
        lake,
        Dataset(
            name=name, raw=made_by, made_at=now, made_by={}, configs={}, validation_share=share,
            versions={"selections": lake.tables.version(Selection) or 0}, counts={"kept": len(sources)}, clips=len(sources),
            seconds=seconds,
        ),
    )  # fmt: skip
    return write_sample_set(
        lake,
        SampleSet(
            name=f"{name}.{made}", dataset=name, made_at=now, made_by=made_by, version=lake.tables.version(Sample) or 0,
            validation_share=share, autoencoder=autoencoder.name, basis=basis, encoding=dump_config(encoding),
            channels=autoencoder.channels, text_width=1, statistics={}, samples=len(rows), seconds=seconds,
        ),
    )  # fmt: skip


def _tensors(windows: Windows) -> Iterator[torch.Tensor]:
    """frames_1NHW3."""
    for frames_NHW3 in windows():
        yield torch.from_numpy(frames_NHW3)[None]


def _sample(source: str, number: int, latents_Cthw: torch.Tensor) -> EncodedSample:
    return EncodedSample(
        sample_id=f"{source}/{number}", latents_Cthw=latents_Cthw, text_LD=torch.zeros(1, 1), conditions={}
    )


def _selection(dataset: str, source: str, made_by: str) -> Selection:
    return Selection(
        dataset=dataset, clip_id=source, bucket=bucket_of(source), video_id=source, kept=True, reason=None, detail=None, made_by=made_by
    )  # fmt: skip


def _row(
    source: str, number: int, key: str, index: int, latents_Cthw: torch.Tensor, size: tuple[int, ...], made_by: str
) -> Sample:
    (frames, height, width), (t, h, w) = size, latents_Cthw.shape[1:]
    return Sample(
        clip_id=source, window=number, bucket=bucket_of(source), video_id=source, shard=key, index=index, start_s=0.0, frames=frames,
        height=height, width=width, latent_T=t, latent_H=h, latent_W=w, text_tokens=1, psnr=None, conditions="{}", caption="",
        reason=None, detail=None, made_by=made_by,
    )  # fmt: skip
