"""Rows of the table `samples`, and shards that hold what they speak of."""

import torch

from longtake.latents.sample import EncodedSample
from longtake.latents.shards import shard_key, write_shard
from longtake.records import Sample, bucket_of


def row(name, *, shard="latents/a", index=0, shape=(3, 2, 4), video="v", reason=None):
    """A kept sample; one with a reason has no shard."""
    kept = {
        "shard": shard, "index": index, "start_s": 0.0, "frames": 9, "height": 32, "width": 64, "latent_T": shape[0],
        "latent_H": shape[1], "latent_W": shape[2], "text_tokens": 5, "psnr": 30.0, "conditions": "{}", "caption": "",
    }  # fmt: skip
    return Sample(
        clip_id=name, window=0, bucket=bucket_of(video), video_id=video, reason=reason, detail=None, made_by="m",
        **(kept if reason is None else dict.fromkeys(kept)),
    )  # fmt: skip


def encoded(name, *, shape=(3, 2, 4), channels=2, tokens=5, width=6, conditions=None):
    """A sample whose tensors are drawn from its name, in what bfloat16 holds exactly."""
    dice = torch.Generator().manual_seed(sum(name.encode()))
    return EncodedSample(
        sample_id=f"{name}/0",
        latents_Cthw=torch.randint(-9, 9, (channels, *shape), generator=dice).float(),
        text_LD=torch.randint(-9, 9, (tokens, width), generator=dice).float(),
        conditions=conditions or {},
    )


def write_shards(folder, shards):
    """A file for each list of encoded samples, named by its key below `folder`; the rows of all of them."""
    (folder / "latents").mkdir(parents=True)
    rows = []
    for number, samples in enumerate(shards):
        unnamed = folder / f"{number}"
        write_shard(unnamed, samples)
        key = shard_key(unnamed)
        unnamed.rename(folder / key)
        for index, sample in enumerate(samples):
            name, shape = sample.sample_id.split("/")[0], tuple(sample.latents_Cthw.shape[1:])
            rows.append(row(name, shard=key, index=index, shape=shape))
    return rows
