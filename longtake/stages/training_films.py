"""Films that a model makes while it learns: of the same few samples each time, with the same seeds, beside the clips themselves."""

import base64
import json
import logging
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from longtake.dit.batch import Batch
from longtake.dit.films import Frames, decode, encode_jpeg, sample_films, strip
from longtake.dit.memory import is_out_of_memory
from longtake.dit.order import fixed_order
from longtake.dit.sample import Request
from longtake.dit.sampling_config import SamplingConfig
from longtake.dit.train import Training
from longtake.lake import Lake
from longtake.latents.autoencoder import Autoencoder
from longtake.records import Sample
from longtake.report.pictures import in_turn
from longtake.stages.samples import open_autoencoder_of
from longtake.stages.training_events import Assignment

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Filmed:
    """One film as a page shows it."""

    sample_id: str
    caption: str
    conditions: dict[str, float]
    strip: str
    """JPEG in base64."""


class Films:
    """Draws them and puts them below the run's folder: `films/<step>.json`, and `films/clips.json` with what they are to be like."""

    def __init__(self, assignment: Assignment, lake: Lake, folder: Path, device: torch.device) -> None:
        self._assignment, self._lake, self._folder, self._device = assignment, lake, folder, device
        self._config = assignment.config.films
        self._captions: dict[str, str] = {}
        self._examples: list[Batch] = []
        self._autoencoder: Autoencoder | None = None

    def choose(self, samples: Sequence[Sample], load: Callable[[list[Sample]], list[Batch]]) -> None:
        """Which samples are filmed (see `choose_filmed`). Their own clips are kept at once."""
        if not self._config.count:
            return
        rows = choose_filmed(samples, self._config.count)
        self._captions = {f"{row.clip_id}/{row.window}": row.caption or "" for row in rows}
        self._examples = load(rows)
        self._autoencoder = open_autoencoder_of(self._lake, self._assignment.samples, self._folder, str(self._device))
        clips = [strip(decode(self._autoencoder, example.latents_BCthw[0])) for example in self._examples]
        self._put(f"{self._assignment.folder}films/clips.json", clips)

    def due(self, step: int) -> bool:
        return bool(self._config.every_steps and step % self._config.every_steps == 0)

    def draw(self, training: Training, step: int) -> None:
        """The averaged weights' films, unless they are there already, or there is no memory for them."""
        key = f"{self._assignment.folder}films/{step:09}.json"
        if self._autoencoder is None or self._lake.objects.exists(key):
            return
        requests = [self._request(example, number) for number, example in enumerate(self._examples)]
        config = SamplingConfig(steps=self._config.steps)
        training.model.eval()
        try:
            with training.averages.applied(training.model):
                films = sample_films(training.model, training.config.objective, self._autoencoder, requests, config)
                self._put(key, [strip(film_NHW3) for film_NHW3 in films])
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            log.warning("no films: out of memory", extra={"step": step})
        training.model.train()

    def _put(self, key: str, strips: Sequence[Frames]) -> None:
        filmed = [self._filmed(example, drawn) for example, drawn in zip(self._examples, strips, strict=True)]
        self._lake.objects.put(key, json.dumps([asdict(one) for one in filmed]).encode(), overwrite=True)

    def _filmed(self, example: Batch, drawn: Frames) -> Filmed:
        sample_id = example.sample_ids[0]
        jpeg = base64.b64encode(encode_jpeg(drawn)).decode()
        return Filmed(
            sample_id=sample_id, caption=self._captions[sample_id], conditions=self._conditions(example), strip=jpeg
        )

    def _request(self, example: Batch, seed: int) -> Request:
        """A film like this sample."""
        mask_L = example.text_mask_BL[0]
        t, h, w = example.latents_BCthw.shape[2:]
        text_LD = example.text_BLD[0][mask_L] if bool(mask_L.any()) else None
        return Request(shape=(t, h, w), text_LD=text_LD, conditions=self._conditions(example), seed=seed)

    def _conditions(self, example: Batch) -> dict[str, float]:
        """Those of the sample that the model knows."""
        known = {name: float(example.conditions[name][0]) for name in self._assignment.config.model.conditions}
        return {name: value for name, value in known.items() if math.isfinite(value)}


def choose_filmed(samples: Iterable[Sample], count: int) -> list[Sample]:
    """`count` samples of as many clips as there are, the first few by the order that validation has."""
    of_clip: dict[str, list[Sample]] = defaultdict(list)
    for sample in fixed_order(samples):
        of_clip[sample.clip_id].append(sample)
    return in_turn(*of_clip.values())[:count]
