"""A lake with samples and models that were never trained: only what judging and the log read."""

import torch
from safetensors.torch import save_file

from longtake.config import dump_config
from longtake.datasets.stored import write_dataset
from longtake.dit.config import DiTConfig, Objective
from longtake.dit.model import DiT
from longtake.dit.trained import Card, save_trained
from longtake.lake import Lake, join_uri
from longtake.latents.config import EncodingConfig
from longtake.latents.sample import EncodedSample
from longtake.latents.sample_set import SampleSet
from longtake.latents.shards import shard_key, write_shard
from longtake.records import Sample, Selection, Video, split_of
from longtake.stages.samples import write_sample_set
from tests.rows import clip, dataset, selection, video

RAW = "s3://footage/raw"
SHARE = 0.5
CONFIG = DiTConfig(depth=1, width_per_layer=8, head_width=8, channels=2, text_width=3, frequency_width=8)


class Footage:
    """Eight videos of one sample each; half of them, about, are held out."""

    def __init__(self, folder):
        self.folder = folder
        self.lake = Lake(str(folder / "data"))
        self.lake.objects.check(writable=True)
        self.videos = [video(n, uris=[f"{RAW}/{n}.mp4"]) for n in range(8)]
        clips = [clip(0, of) for of in self.videos]
        tables = self.lake.tables
        tables.merge(self.videos)
        tables.merge([selection(of) for of in clips])
        write_shard(folder / "shard", [self._encoded(of) for of in clips])
        key = shard_key(folder / "shard")
        self.lake.objects.upload(key, folder / "shard")
        tables.merge([self._row(of, key, index) for index, of in enumerate(clips)])
        versions = {table.TABLE: tables.version(table) for table in (Video, Selection)}
        write_dataset(self.lake, dataset(raw=RAW, versions=versions, validation_share=SHARE, clips=8))
        self.samples = write_sample_set(self.lake, self.sample_set())
        self.held_out = [of.video_id for of in self.videos if split_of(of.video_id, SHARE) == "validation"]

    def sample_set(self, **fields):
        plain = {
            "name": "clips-0000aaaa.0000bbbb", "dataset": "clips-0000aaaa", "made_at": "2026-01-02T03:04:05+00:00",
            "made_by": "m", "version": self.lake.tables.version(Sample), "validation_share": SHARE,
            "autoencoder": "linear 0123", "basis": "latents/linear-0123.safetensors",
            "encoding": dump_config(EncodingConfig()), "channels": 2, "text_width": 3, "statistics": {}, "samples": 8,
            "seconds": 16.0,
        }  # fmt: skip
        return SampleSet(**plain | fields)

    def model(self, wrong, *, objective=None, sample_set=None):
        """The URI of a model that predicts `wrong` everywhere: the further from 0, the higher its loss."""
        model = DiT(CONFIG)
        with torch.no_grad():
            model.last.bias.fill_(wrong)
        card = Card(
            config=CONFIG, objective=objective or Objective(), statistics={}, run_id=f"r{wrong}", step=1, tokens=1,
            sample_set=vars(sample_set or self.samples), loss=0.5,
        )  # fmt: skip
        path, basis = self.folder / "model", self.folder / "basis"
        save_file({"basis_CP": torch.eye(2)}, basis, {"kind": "linear"})
        save_trained(path, model, card, basis)
        key = f"models/dit-{wrong}-{card.objective.kind}-{card.sample_set['autoencoder'][-4:]}.safetensors"
        self.lake.objects.upload(key, path)
        return join_uri(self.lake.data_root, key)

    def _encoded(self, of):
        dice = torch.Generator().manual_seed(of.bucket)
        return EncodedSample(
            sample_id=f"{of.clip_id}/0", latents_Cthw=torch.randn(2, 2, 4, 4, generator=dice),
            text_LD=torch.randn(4, 3, generator=dice), conditions={},
        )  # fmt: skip

    def _row(self, of, key, index):
        return Sample(
            clip_id=of.clip_id, window=0, bucket=of.bucket, video_id=of.video_id, shard=key, index=index, start_s=0.0, frames=5,
            height=32, width=32, latent_T=2, latent_H=4, latent_W=4, text_tokens=4, psnr=30.0, conditions="{}", caption="",
            reason=None, detail=None, made_by="m",
        )  # fmt: skip
