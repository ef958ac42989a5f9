"""The loop: steps over questions and their answers, a record of each; it goes on where it was stopped.

The loss is taken of the answers alone, each token of a step weighing the same. What goes on needs one safetensors file.

Legend: B rows of a batch, T tokens, D numbers of a token, A tokens of answers, V tokens of the vocabulary.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from longtake.caption_tuning.adapter import Pupil
from longtake.caption_tuning.batches import Plan
from longtake.caption_tuning.config import CaptionTuningConfig, Optimisation
from longtake.caption_tuning.steps import StepRecord
from longtake.captioning.vlm.loading import VLM
from longtake.captioning.vlm.prompting import IGNORED, Example, collate
from longtake.errors import UserError
from longtake.tsa_training.fitting import rate_at, write_whole


class Course:
    """One training: what learns from what."""

    def __init__(
        self, vlm: VLM, pupil: Pupil, examples: Callable[[int], Example], plan: Plan, config: CaptionTuningConfig,
        held_out: Sequence[int] = (),
    ) -> None:  # fmt: skip
        """`examples` gives the question of a place with its answer; those at `plan.kinds`'s places teach, `held_out` judges."""
        self._vlm, self._pupil, self._examples, self._plan, self._config = vlm, pupil, examples, plan, config
        self._held_out = held_out
        self._optimiser = _optimiser(pupil, config.optimisation)
        self._reader = ThreadPoolExecutor(1, "examples")

    def run(self, state: Path) -> Iterator[StepRecord]:
        """A record for each step, those of earlier runs that `state` keeps among them. Raises UserError where the loss is no number.

        Ended half-way it may be started again: it goes on from the last state.
        """
        optimisation, judging = self._config.optimisation, self._config.judging
        if optimisation.gradient_checkpointing:
            self._pupil.model.activation_checkpointing_enable()
        history = self._resume(state)
        yield from history
        if not history:
            history.append(StepRecord(0, held_out_loss=self.held_out_loss()))
            yield history[0]
        done = history[-1].number
        for number, examples in enumerate(self._read_ahead(self._plan.steps_from(done)), start=done + 1):
            try:
                record = self._step(number, examples)
            except torch.OutOfMemoryError:
                raise UserError(
                    f"step {number} does not fit into the memory of {self._vlm.device}; lower optimisation.batch (accumulation makes "
                    "up for it), show fewer or smaller frames (sampling), or set optimisation.gradient_checkpointing"
                ) from None
            is_kept = number % judging.every_steps == 0 or number == self._plan.steps
            if is_kept:
                record = replace(record, held_out_loss=self.held_out_loss())
            history.append(record)
            if is_kept:
                self._keep(state, history)
            yield record
        self._pupil.model.eval()

    def held_out_loss(self) -> float | None:
        """Mean over the answer tokens of the held-out questions; None where there are none."""
        self._pupil.model.eval()
        total, tokens = 0.0, 0
        size = self._config.optimisation.batch
        with torch.inference_mode():
            for examples in self._read_ahead(
                self._held_out[at : at + size] for at in range(0, len(self._held_out), size)
            ):
                for batch in self._batches(examples)[0]:
                    loss, count = self._loss(batch)
                    total, tokens = total + loss.item(), tokens + count
        return total / tokens if tokens else None

    def _step(self, number: int, examples: Sequence[Example]) -> StepRecord:
        """Gradients of every batch, then one step of the weights."""
        optimisation = self._config.optimisation
        share = rate_at(number - 1, self._plan.steps, self._plan.steps * optimisation.warmup_share)
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * share
        torch.manual_seed(optimisation.seed * 1_000_003 + number)  # dropout: the same after a stop
        self._pupil.model.train()
        self._optimiser.zero_grad()
        total, tokens, too_long = 0.0, 0, 0
        for at in range(0, len(examples), optimisation.batch):
            batches, left_out = self._batches(examples[at : at + optimisation.batch])
            too_long += left_out
            for batch in batches:
                loss, count = self._loss(batch)
                loss.backward()
                total, tokens = total + loss.item(), tokens + count
        if not tokens:
            return StepRecord(number, too_long=too_long, rate=share)
        weights = list(self._pupil.learning.values())
        for gradient in (weight.grad for weight in weights):
            if gradient is not None:
                gradient.div_(tokens)
        norm = float(nn.utils.clip_grad_norm_(weights, optimisation.clip))
        if not (math.isfinite(total) and math.isfinite(norm)):
            raise UserError(
                f"the loss of step {number} is {total / tokens:g} and the norm of its gradients {norm:g}: the training has come apart. "
                f"Lower the rates (optimisation: learning_rate {optimisation.learning_rate:g}, vision_rate {optimisation.vision_rate:g}), "
                "or have the weights in float32 (dtype: float32)"
            )
        self._optimiser.step()
        return StepRecord(number, total / tokens, tokens, too_long, share, norm)

    def _read_ahead(self, rows: Iterable[Sequence[int]]) -> Iterator[list[Example]]:
        """The examples of each row of places, read while the ones before are learned: by one thread, since a tokenizer is no two's."""
        waiting: list[list[Future[Example]]] = []
        for places in rows:
            waiting.append([self._reader.submit(self._examples, place) for place in places])
            if len(waiting) > 1:
                yield [example.result() for example in waiting.pop(0)]
        for row in waiting:
            yield [example.result() for example in row]

    def _batches(self, examples: Sequence[Example]) -> tuple[list[dict[str, Tensor]], int]:
        """The questions as forward passes, and how many of them are too long."""
        short = [example for example in examples if len(example.input_ids_T) <= self._config.tokens_max]
        return [collate(self._vlm, part, "right") for part in _alike(short)], len(examples) - len(short)

    def _loss(self, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
        """The sum over all answer tokens, and how many they are.

        Only where an answer is to come is the vocabulary asked: logits of a whole prompt with frames would be gigabytes.
        """
        labels_BT = batch.pop("labels")
        model = self._pupil.model
        with self._pupil.autocast():
            hidden_BTD = model.model(**batch, use_cache=False).last_hidden_state
            answered_BT = labels_BT[:, 1:] != IGNORED
            logits_AV = model.get_output_embeddings()(hidden_BTD[:, :-1][answered_BT])
        loss = cross_entropy(logits_AV.float(), labels_BT[:, 1:][answered_BT], reduction="sum")
        return loss, int(answered_BT.sum())

    def _keep(self, path: Path, history: Sequence[StepRecord]) -> None:
        """Writes all that going on needs, whole or not at all."""
        learning = self._pupil.learning
        tensors: dict[str, Tensor] = {f"now.{name}": weight for name, weight in learning.items()}
        for name, weight in learning.items():
            moments: Mapping[str, Tensor] = self._optimiser.state.get(weight, {})
            tensors |= {f"adam.{what}.{name}": value for what, value in moments.items()}
        write_whole(path, tensors, {"history": json.dumps([asdict(record) for record in history])})

    def _resume(self, path: Path) -> list[StepRecord]:
        """Puts everything back as `_keep` wrote it; the records until then."""
        if not path.exists():
            return []
        with safe_open(path, "pt") as file:
            history = [StepRecord(**record) for record in json.loads(file.metadata()["history"])]
            names = set(file.keys())
            with torch.no_grad():
                for name, weight in self._pupil.learning.items():
                    weight.copy_(file.get_tensor(f"now.{name}"))
                    moments = {what: f"adam.{what}.{name}" for what in ("step", "exp_avg", "exp_avg_sq")}
                    if moments["step"] in names:
                        self._optimiser.state[weight] = {
                            what: file.get_tensor(place).to("cpu" if what == "step" else weight.device)
                            for what, place in moments.items()
                        }
        return history


def _optimiser(pupil: Pupil, optimisation: Optimisation) -> torch.optim.AdamW:
    """AdamW; a vision encoder learns at its own rate, and what is no matrix does not decay."""
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, weight in pupil.learning.items():
        rate = optimisation.vision_rate if pupil.roles[name] == "vision" else optimisation.learning_rate
        decay = optimisation.weight_decay if weight.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(weight)
    return torch.optim.AdamW(
        [{"params": w, "lr": rate, "peak": rate, "weight_decay": decay} for (rate, decay), w in groups.items()]
    )


def _alike(examples: Sequence[Example]) -> list[list[Example]]:
    """Examples that go through a model together: videos of as many frames, and with the first of them all that has no video."""
    groups: dict[tuple[int, ...], list[Example]] = {}
    others: list[Example] = []
    for example in examples:
        video = example.tensors.get("pixel_values_videos")
        if video is None or video.ndim < 5:
            others.append(example)
        else:
            groups.setdefault(tuple(video.shape[1:]), []).append(example)
    found = list(groups.values()) or ([[]] if others else [])
    if others:
        found[0] = [*found[0], *others]
    return found
