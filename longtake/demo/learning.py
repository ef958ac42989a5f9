"""What a model that trained for half a minute has learned: films by the captions of the demo's own clips, beside those clips.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch

from longtake.dit.films import Frames, decode, encode_png, sample_films, stack, strip
from longtake.dit.sample import Request
from longtake.dit.sampling_config import SamplingConfig
from longtake.dit.step_record import Curve
from longtake.dit.trained import load_trained
from longtake.lake import Lake
from longtake.lake.weights import fetch_weights
from longtake.latents.autoencoder import psnr
from longtake.latents.sample import EncodedSample
from longtake.latents.shards import ShardFile
from longtake.stages.samples import open_autoencoder_of, read_sample_set, read_samples
from longtake.video.film import write_film

SOLVER_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What the model makes of the captions and metrics of the clips that it was trained on."""

    first_loss: float
    """Mean over the first steps."""
    last_loss: float
    """And over the last tenth."""
    own_db: float
    """PSNR of a film and the clip whose caption it was asked by, mean; both as the autoencoder leaves them."""
    other_db: float
    """Of a film and the other clips."""
    right: int
    """Films that are likest the very clip."""
    films: int
    sheet: Path
    """Each clip and below it its film, as a PNG."""


def look(lake: Lake, model: str, run_id: str, samples: str, folder: Path) -> Learned:
    """Samples a film for each clip of the sample set, and writes films and sheet into the folder."""
    sample_set = read_sample_set(lake, samples)
    curve = Curve.from_json(json.loads(lake.objects.read(f"training/{run_id}/curve.json")))
    with tempfile.TemporaryDirectory(prefix="longtake-demo-") as scratch:
        trained = load_trained(fetch_weights(model, Path(scratch)))
        autoencoder = open_autoencoder_of(lake, sample_set, Path(scratch))
        encoded = [
            _read(lake, row.shard or "", row.index or 0, Path(scratch)) for row in read_samples(lake, sample_set)
        ]
        clips = [decode(autoencoder, sample.latents_Cthw) for sample in encoded]
        requests = [_request(sample, seed) for seed, sample in enumerate(encoded)]
        config = SamplingConfig(steps=SOLVER_STEPS, text_guidance=1.0)
        films = list(sample_films(trained.model, trained.card.objective, autoencoder, requests, config))
    folder.mkdir(parents=True, exist_ok=True)
    for number, film_NHW3 in enumerate(films):
        write_film(folder / f"{number:02}.mp4", film_NHW3, sample_set.encoding["windows"]["fps"])
    pairs: dict[str, Frames] = {}
    for number, (clip_NHW3, film_NHW3) in enumerate(zip(clips, films, strict=True)):
        pairs |= {f"{number:02}": strip(clip_NHW3), f"{number:02} *": strip(film_NHW3)}
    (folder / "sheet.png").write_bytes(encode_png(stack(pairs)))
    likeness = [[_psnr(film, clip) for clip in clips] for film in films]
    own = [row[n] for n, row in enumerate(likeness)]
    others = [value for n, row in enumerate(likeness) for m, value in enumerate(row) if m != n]
    return Learned(
        first_loss=fmean(loss for _, loss in curve.losses()[:5]), last_loss=curve.last_loss() or 0.0, own_db=fmean(own),
        other_db=fmean(others or own), right=sum(max(row) == row[n] for n, row in enumerate(likeness)), films=len(films),
        sheet=folder / "sheet.png",
    )  # fmt: skip


def _read(lake: Lake, shard: str, index: int, folder: Path) -> EncodedSample:
    path = folder / Path(shard).name
    if not path.exists():
        lake.objects.fetch(shard, path)
    return ShardFile(path).read(index)


def _request(sample: EncodedSample, seed: int) -> Request:
    t, h, w = sample.latents_Cthw.shape[1:]
    return Request(shape=(t, h, w), text_LD=sample.text_LD, conditions=sample.conditions, seed=seed)


def _psnr(film_NHW3: Frames, clip_NHW3: Frames) -> float:
    return psnr(torch.from_numpy(film_NHW3), torch.from_numpy(clip_NHW3))
