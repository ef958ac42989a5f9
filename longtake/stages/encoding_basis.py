"""The autoencoder of an encoding, before any clip is encoded: the basis of a linear one is fetched, or fitted on the dataset and kept."""

import heapq
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longtake.config import dump_config
from longtake.datasets.members import read_members
from longtake.engine import Lost, Pool, cores
from longtake.errors import UserError
from longtake.lake import Lake, join_uri, key_below
from longtake.lake.weights import fetch_weights
from longtake.latents.config import ALGORITHM_VERSION, EncodingConfig
from longtake.records import Clip, Dataset, digest
from longtake.stages.config import EncodingStageConfig
from longtake.stages.encoding_shards import stream_in_order
from longtake.stages.encoding_workers import ReaderOrder, Task, fetch_models
from longtake.stages.samples import fetch_basis

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Tool:
    """What is known of the encoders before they encode."""

    name: str
    """`Autoencoder.name`."""
    basis: str | None
    """Key of a linear autoencoder's."""
    channels: int
    text_width: int


def open_tool(lake: Lake, dataset: Dataset, settings: EncodingStageConfig, folder: Path) -> Tool:
    """Makes sure that there is an autoencoder, and that the windows fit it. What is fetched lies in the folder. Raises UserError."""
    from longtake.latents.opening import open_autoencoder
    from longtake.latents.text import text_width

    config = fetch_models(settings.encoding, folder)
    wide = text_width(config.text)
    basis = path = None
    if config.autoencoder == "linear":
        _check_windows(config, config.linear.step_t, config.linear.step_px)
        given = config.linear.basis
        basis = _adopt(lake, given, folder) if given else _fit_once(lake, dataset, settings, folder)
        path = fetch_basis(lake, basis, folder)
    autoencoder = open_autoencoder(config, basis=path)
    _check_windows(config, autoencoder.step_t, autoencoder.step_px)
    return Tool(name=autoencoder.name, basis=basis, channels=autoencoder.channels, text_width=wide)


def _check_windows(config: EncodingConfig, step_t: int, step_px: int) -> None:
    from longtake.latents.autoencoder import check_window

    for size in config.windows.sizes:
        check_window(size.frames, size.height, size.width, step_t=step_t, step_px=step_px)


def _adopt(lake: Lake, place: str, folder: Path) -> str:
    """The key of a basis that lies elsewhere, brought into this lake, so that its samples can be decoded for ever."""
    from longtake.latents.linear import load_linear

    key = key_below(place, lake.data_root)
    if key and lake.objects.exists(key):
        return key
    path = Path(fetch_weights(place, folder)).expanduser()
    key = _key(load_linear(path).name.removeprefix("linear-"))
    lake.objects.upload(key, path)
    return key


def _fit_once(lake: Lake, dataset: Dataset, settings: EncodingStageConfig, folder: Path) -> str:
    """The key of the basis of this dataset and config; fitted where there is none. Of two that fit at once the first one's counts."""
    from longtake.latents.linear import fit_linear

    config = settings.encoding
    linear = dump_config(config.linear)
    del linear["basis"]
    key = _key(digest(dataset.name, dump_config(config.windows), linear, ALGORITHM_VERSION, chars=16))
    if not lake.objects.exists(key):
        clips = _choose(lake, dataset, config.linear.clips)
        autoencoder = fit_linear(_windows(lake, clips, settings), config.linear)
        autoencoder.save(folder / "fitted.safetensors")
        lake.objects.upload(key, folder / "fitted.safetensors")
        log.info("basis fitted", extra={"basis": join_uri(lake.data_root, key), "psnr": autoencoder.psnr})
    return key


def _choose(lake: Lake, dataset: Dataset, most: int) -> list[Clip]:
    """The first clips of the train side by their ids, which are digests."""
    members = (member for member in read_members(lake, dataset) if member.split == "train")
    clips = heapq.nsmallest(most, (member.clip for member in members), key=lambda clip: clip.clip_id)
    if not clips:
        raise UserError(
            f"{dataset.name} has no clip on its train side to fit a basis on; add footage, or give linear: {{basis: ...}}"
        )
    return clips


def _windows(lake: Lake, clips: list[Clip], settings: EncodingStageConfig) -> Iterator["Tensor"]:
    """The first window of each clip that has one, frames_BNHW3."""
    import torch

    tasks = [Task(clip, "", "{}", False) for clip in clips]
    for task, read in stream_in_order(tasks, [reading(lake, settings, len(tasks))], engine=settings.work.engine):
        if isinstance(read, Lost) or not read.windows:
            why = read.detail if isinstance(read, Lost) else read.reason
            log.warning("not fitted on", extra={"clip": task.clip.clip_id, "reason": why})
            continue
        yield torch.tensor(read.windows[0].frames_NHW3)[None]


def reading(lake: Lake, settings: EncodingStageConfig, inputs: int) -> Pool:
    """The workers that decode clips."""
    work = settings.work
    readers = work.readers or (0 if work.engine == "ray" else cores())
    order = ReaderOrder(lake.data_root, settings.encoding.windows, settings.limits)
    return Pool(name="reading", make=order, workers=min(readers, inputs))


def _key(digits: str) -> str:
    return f"latents/linear-{digits}.safetensors"
