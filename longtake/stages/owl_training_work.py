"""What a stage of a world model's training does: from stories and a start to a model in the lake, in this process."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import torch

from longtake.dit.checkpoint import save_checkpoint
from longtake.dit.devices import choose_precision, peak_flops, pick_device
from longtake.dit.guard import Diverged
from longtake.dit.memory import is_out_of_memory
from longtake.dit.step_record import Curve, StepRecord, Validated
from longtake.dit.train import train
from longtake.errors import TransientError, UserError
from longtake.lake import Lake
from longtake.lake.weights import fetch_weights
from longtake.latents.autoencoder import Autoencoder, check_window
from longtake.latents.linear import fit_linear, load_linear
from longtake.latents.opening import open_autoencoder
from longtake.owl.opening import open_lmm
from longtake.owl.owl import Owl
from longtake.owl.trained_film import open_dit_film
from longtake.owl.trained_world import WorldCard, load_world, make_world, save_world
from longtake.owl.training import OwlTraining, StoryBatch, batches
from longtake.owl.words import OwnWords
from longtake.owl.world_model import WorldModel
from longtake.stages.owl_models import Start, fetch_parts
from longtake.stages.owl_stories import StorySource, read_ahead
from longtake.stages.owl_training_config import OwlStageConfig
from longtake.stages.training_checkpoints import FOLDER, Checkpoints, take_up
from longtake.stages.training_events import Began, Ending, Event, Finished, Kept

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OwlAssignment:
    """One stage."""

    data_root: str
    run_id: str
    config: OwlStageConfig
    """Its language model, film decoder and clips are those of the start, where there is one."""
    start: Start | None
    source: StorySource

    @property
    def folder(self) -> str:
        return f"{FOLDER}{self.run_id}/"


def learn(assignment: OwlAssignment, folder: Path, stop: Callable[[], bool]) -> Iterator[Event]:
    """Trains until the end, or until `stop` says so between two steps; `folder` is scratch space.

    Goes on from the newest checkpoint of the run. Raises UserError and TransientError, after a checkpoint.
    """
    with OwlApprentice(assignment, folder) as apprentice:
        yield from apprentice.learn(stop)


class OwlApprentice:
    """A world model, its stories, and the way of both to and from the lake."""

    def __init__(self, assignment: OwlAssignment, folder: Path) -> None:
        self.assignment, self.config, self.folder = assignment, assignment.config, folder
        self.lake = Lake(assignment.data_root)
        self.device = pick_device()
        self.curve = Curve()
        self.words: OwnWords | None = None
        self._open = ExitStack()

    def __enter__(self) -> "OwlApprentice":
        keep = self.config.training.checkpoints.keep
        self.checkpoints = Checkpoints(self.lake, self.assignment.run_id, self.folder, keep)
        self._open.callback(self.checkpoints.close)
        self.stories = self._open.enter_context(self.assignment.source.open(self.config, self.folder))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def learn(self, stop: Callable[[], bool]) -> Iterator[Event]:
        """See `learn`."""
        how = self.config.training
        model = self._model().to(self.device).train()
        self.training = OwlTraining(model, how, choose_precision(how, self.device))
        self.curve = take_up(self.checkpoints, self.training) or self.curve
        judged = self._judged()
        told = batches(self.stories.train, how, self.training.position.step)
        ahead = self._open.enter_context(read_ahead(told, self.config.work.ahead))
        yield self._began()
        try:
            stopped = yield from self._steps(train(self.training, ahead, judged), stop)
        except Diverged as error:
            self._put_curve()
            yield self._finished("diverged", detail=str(error))
            return
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._put_curve()
            yield self._finished("out_of_memory", detail=f"batches of {how.batch} stories")
            return
        except (UserError, TransientError):  # of the stories, mostly: between two steps
            self._keep()
            self.checkpoints.wait()
            raise
        self._keep()
        self.checkpoints.wait()
        yield Kept(at_s=time.time())
        yield self._finished("stopped") if stopped else self._finished("", model=self._publish())

    def _steps(self, records: Iterator[StepRecord], stop: Callable[[], bool]) -> Generator[Event, None, bool]:
        """Each record, and what is to be done behind it; whether the training was stopped."""
        for record in records:
            self.curve.add(record)
            yield record
            if stop():
                return True
            if self._due():
                self._keep()
            if (at_s := self.checkpoints.take_uploaded()) is not None:
                yield Kept(at_s=at_s)
        return False

    def _model(self) -> WorldModel:
        """The model before its first step."""
        config, start, parts = self.config, self.assignment.start, self.folder / "parts"
        if start is not None and isinstance(start.card, WorldCard):
            model = load_world(start.path, locate=partial(fetch_parts, folder=parts)).model
            model.owl.config = config.owl
            if start.card.words is not None:
                self.words = OwnWords.from_json(start.card.words)
                _warn_of_unknown(self.words, self.assignment.source)
            return model
        if config.owl.lmm.kind == "small":
            self.words = OwnWords.of(self.assignment.source.texts())
        owl, film = fetch_parts(config.owl, config.film, parts)
        if start is None:
            return make_world(owl, film, self.words, self._basis(), self.assignment.source.statistics())
        decoder = open_dit_film(
            start.path, encoding=film.encoding, frames=film.frames, fps=film.fps, size_px=(film.height, film.width)
        )
        lmm = open_lmm(owl.lmm, self.words, owl.seed)
        return WorldModel(Owl(config.owl, lmm, decoder.context_width), decoder, owl.seed)

    def _basis(self) -> Autoencoder | None:
        """The linear autoencoder: given, or fitted on the first stories once and kept; None where there is another one."""
        film = self.config.film
        if film.kind != "dit" or film.encoding.autoencoder != "linear":
            return None
        linear = film.encoding.linear
        check_window(film.frames, film.height, film.width, step_t=linear.step_t, step_px=linear.step_px)
        key, path = f"{self.assignment.folder}basis.safetensors", self.folder / "basis.safetensors"
        if given := linear.basis:
            return open_autoencoder(film.encoding, basis=Path(fetch_weights(given, self.folder)).expanduser())
        if not self.lake.objects.exists(key):
            fitted = fit_linear(self._windows(linear.clips), linear)
            fitted.save(path)
            self.lake.objects.upload(key, path)
            log.info("basis fitted", extra={"psnr": fitted.psnr})
        self.lake.objects.fetch(key, path)
        return load_linear(path)

    def _windows(self, most: int) -> Iterator[torch.Tensor]:
        """So many clips of the first stories, or all, frames_1NHW3."""
        taken, size = 0, self.assignment.source.size
        for number in count() if size is None else range(size):
            for clip in self.stories.train([number])[0].clips:
                yield torch.from_numpy(clip.frames_NHW3)[None]
                taken += 1
                if taken == most:
                    return

    def _judged(self) -> Callable[[], Validated] | None:
        """What takes the validation loss; its stories stay in memory."""
        how = self.config.training
        stories = self.stories.held_out(how.validation.samples) if how.validation.samples else []
        if not stories:
            log.warning("no validation loss: nothing is held out", extra={"asked": how.validation.samples})
            return None
        parts = [
            StoryBatch(stories=stories[begin : begin + how.batch], numbers=range(begin, min(begin + how.batch, len(stories))))
            for begin in range(0, len(stories), how.batch)
        ]  # fmt: skip
        return partial(self.training.validate, parts)

    def _began(self) -> Began:
        training, device = self.training, self.device
        params = sum(weight.numel() for weight in training.learner.weights)
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else None
        return Began(
            step=training.position.step, steps=self.config.training.steps, params=params, workers=1, compiled=False,
            device=name or f"processor, {torch.get_num_threads()} threads",
            precision=str(training.precision).removeprefix("torch."), peak_flops=peak_flops(device, training.precision),
        )  # fmt: skip

    def _finished(self, reason: Ending, *, detail: str = "", model: str | None = None) -> Finished:
        return Finished(reason=reason, detail=detail, model=model, step=self.training.position.step)

    def _due(self) -> bool:
        """Whether a checkpoint is to be made behind this step."""
        every, step = self.config.training.checkpoints, self.training.position.step
        return step % every.every_steps == 0 or time.monotonic() - self.checkpoints.since_s >= every.every_s

    def _keep(self) -> None:
        step = self.training.position.step
        if step and step != self.checkpoints.last_step:
            self.checkpoints.keep(step, partial(save_checkpoint, training=self.training, curve=self.curve))

    def _put_curve(self) -> None:
        key = f"{self.assignment.folder}curve.json"
        self.lake.objects.put(key, json.dumps(self.curve.to_json()).encode(), overwrite=True)

    def _publish(self) -> str:
        """The averaged weights in the lake, by the digest of their file; the key."""
        path, training = self.folder / "trained.safetensors", self.training
        card = WorldCard(
            config=self.config.owl, film=self.config.film, words=self.words.to_json() if self.words else None,
            trained_on=self.assignment.source.name, run_id=self.assignment.run_id, stage=self.config.training.stage,
            step=training.position.step, loss=self.curve.validations[-1][1].loss if self.curve.validations else None,
        )  # fmt: skip
        save_world(path, training.model, training.averages.weights, card)
        with path.open("rb") as file:
            key = f"models/owl-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}.safetensors"
        self.lake.objects.upload(key, path)
        self._put_curve()
        return key


def _warn_of_unknown(words: OwnWords, source: StorySource) -> None:
    """Says how much of the texts a model has no words for, that was begun on others."""
    said: Sequence[int] = [number for text in source.texts() for number in words.encode(text)]
    unknown = said.count(0)
    if unknown:
        log.warning(
            "the model has no words for some of these texts: it was begun on others",
            extra={"unknown": unknown, "words": len(said), "stories": source.name},
        )
