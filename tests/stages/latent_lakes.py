"""A lake with a sample set of drawn clips: a bright square that wanders, encoded by a linear autoencoder that was fitted on them."""

import numpy as np
import torch

from longtake.config import dump_config
from longtake.datasets.stored import write_dataset
from longtake.lake import Lake
from longtake.latents.config import EncodingConfig, LinearConfig, Size, TextConfig, Windows
from longtake.latents.linear import fit_linear
from longtake.latents.sample import EncodedSample
from longtake.latents.sample_set import SampleSet
from longtake.latents.shards import shard_key, write_shard
from longtake.records import Sample, Selection, Video
from longtake.stages.samples import write_sample_set
from tests.rows import clip, dataset, selection, video

FRAMES, SIDE = 5, 32
LINEAR = LinearConfig(channels=4)
ENCODING = EncodingConfig(
    windows=Windows(sizes=(Size(frames=FRAMES, height=SIDE, width=SIDE),)),
    linear=LINEAR,
    text=TextConfig(encoder="none"),
)
TEXT_WIDTH = 3


def wander(number):
    """frames_1NHW3 of a square on a plain ground; place, way and colours by its number."""
    dice = np.random.default_rng(number)
    frames = np.empty((1, FRAMES, SIDE, SIDE, 3), np.uint8)
    frames[:] = dice.integers(30, 100, 3)
    (y, x), colour = dice.integers(0, SIDE - 16, 2), dice.integers(150, 255, 3)
    for at in range(FRAMES):
        frames[0, at, y + at : y + at + 10, x + at : x + at + 10] = colour
    return torch.from_numpy(frames)


def drawn_lake(folder, clips=12, shards=2, share=0.3):
    """The data root; its newest sample set is `clips`."""
    folder.mkdir(exist_ok=True)
    lake = Lake(str(folder / "data"))
    lake.objects.check(writable=True)
    autoencoder = fit_linear([wander(number) for number in range(clips)], LINEAR)
    autoencoder.save(folder / "basis")
    basis = f"latents/linear-{autoencoder.name}.safetensors"
    lake.objects.upload(basis, folder / "basis")
    videos = [video(number) for number in range(clips)]
    members = [clip(0, of) for of in videos]
    lake.tables.merge(videos)
    lake.tables.merge([selection(of) for of in members])
    rows = []
    for shard in range(shards):
        numbers = range(shard, clips, shards)
        encoded = [_encoded(members[number], autoencoder.encode(wander(number))[0], number) for number in numbers]
        write_shard(folder / "shard", encoded)
        key = shard_key(folder / "shard")
        lake.objects.upload(key, folder / "shard")
        rows += [_row(members[number], key, index) for index, number in enumerate(numbers)]
    lake.tables.merge(rows)
    versions = {table.TABLE: lake.tables.version(table) for table in (Video, Selection)}
    write_dataset(lake, dataset(versions=versions, validation_share=share, clips=clips))
    write_sample_set(
        lake,
        SampleSet(
            name="clips-0000aaaa.0000bbbb", dataset="clips-0000aaaa", made_at="2026-01-02T03:04:05+00:00", made_by="m",
            version=lake.tables.version(Sample), validation_share=share, autoencoder=autoencoder.name, basis=basis,
            encoding=dump_config(ENCODING), channels=LINEAR.channels, text_width=TEXT_WIDTH, statistics={"motion": (1.0, 0.5)},
            samples=clips, seconds=clips * 0.6,
        ),
    )  # fmt: skip
    return lake


def _encoded(member, latents, number):
    dice = torch.Generator().manual_seed(number)
    return EncodedSample(
        sample_id=f"{member.clip_id}/0", latents_Cthw=latents, text_LD=torch.randn(2, TEXT_WIDTH, generator=dice),
        conditions={"motion": float(number)},
    )  # fmt: skip


def _row(member, key, index):
    return Sample(
        clip_id=member.clip_id, window=0, bucket=member.bucket, video_id=member.video_id, shard=key, index=index, start_s=0.0,
        frames=FRAMES, height=SIDE, width=SIDE, latent_T=2, latent_H=4, latent_W=4, text_tokens=2, psnr=30.0, conditions="{}",
        caption="A square wanders.", reason=None, detail=None, made_by="m",
    )  # fmt: skip
