"""One network made to agree with its targets: batches, steps, a moving average of the weights, an early end.

It goes on where it was stopped: after each epoch its state is a safetensors file.

Legend: B samples of a batch, N all samples, D kinds of defects.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from longtake.tsa_training.agreement import rank_correlation
from longtake.tsa_training.config import Optimisation
from longtake.tsa_training.losses import naming_loss, suitability_loss

Predict = Callable[[nn.Module, Sequence[int], np.random.Generator | None], tuple[Tensor, Tensor | None]]
"""Scores [B] of some samples by the network, and what it says of each kind of defect as logits [B, D], if it says that; a
generator: while training, with what is random then."""


@dataclass(frozen=True)
class Epoch:
    """How far one training was after an epoch."""

    number: int
    loss: float
    """Of the scores, as below: mean of its steps. What naming defects costs is not in it."""
    held_out_loss: float
    """Of the moving average of the weights, on the validation sources."""
    srcc: float
    """As above."""


@dataclass(frozen=True, eq=False)
class Task:
    """What a network is to learn."""

    predict: Predict
    groups: Sequence[Sequence[int]]
    """Samples of the same shot, which come in one batch."""
    targets: Tensor
    """[N], in standardised units."""
    validation: Sequence[int]
    severities: Tensor | None = None
    """[N, D], of those that are to be named."""


def fit(
    network: nn.Module, task: Task, optimisation: Optimisation, *, epochs: int, seed: int, state: Path,
    tell: Callable[[Epoch], None] = lambda epoch: None,
) -> list[Epoch]:  # fmt: skip
    """Trains what of the network asks for gradients, and leaves it with the best moving average; the epochs.

    `state` is where it is kept between epochs, and read if it is there.
    """
    per_batch = max(1, optimisation.batch // max(map(len, task.groups)))
    steps = math.ceil(len(task.groups) / per_batch)
    averaged = deepcopy(network)
    best = deepcopy(network.state_dict())
    optimiser = _optimiser(network, optimisation)
    history = _resume(state, network, averaged, best, optimiser)
    for number in range(len(history), epochs):
        if _is_over(history, optimisation.patience):
            break
        torch.manual_seed(seed * 1009 + number)
        rng = np.random.default_rng([seed, number])
        order = rng.permutation(len(task.groups))
        network.train()
        losses = []
        for step in range(steps):
            indices = [
                index for group in order[step * per_batch : (step + 1) * per_batch] for index in task.groups[group]
            ]
            done = number * steps + step
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * rate_at(done, steps * epochs, steps * optimisation.warmup_epochs)
            scores_B, named_BD = task.predict(network, indices, rng)
            loss = of_scores = _loss(scores_B, task.targets[indices], optimisation)
            if named_BD is not None and task.severities is not None:
                loss = loss + optimisation.naming * naming_loss(named_BD, task.severities[indices])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), optimisation.clip)
            optimiser.step()
            _average(averaged, network, min(optimisation.ema, (1 + done) / (10 + done)))
            losses.append(of_scores.item())
        held_out_loss, srcc = validate(averaged, task, optimisation)
        if srcc > max((epoch.srcc for epoch in history), default=-2):
            best = deepcopy(averaged.state_dict())
        history.append(Epoch(number, float(np.mean(losses)), held_out_loss, srcc))
        tell(history[-1])
        _keep(state, network, averaged, best, optimiser, history)
    network.load_state_dict(best)
    network.eval()
    return history


def validate(network: nn.Module, task: Task, optimisation: Optimisation) -> tuple[float, float]:
    """Loss and SRCC on the validation samples; an SRCC of -1 where the scores are all the same."""
    predicted = predict_all(network, task.predict, task.validation)
    wanted = task.targets[list(task.validation)].cpu().double()
    loss = _loss(torch.from_numpy(predicted), wanted, optimisation)
    srcc = rank_correlation(predicted, wanted.numpy())
    return float(loss), srcc if math.isfinite(srcc) else -1.0


def predict_all(network: nn.Module, predict: Predict, indices: Sequence[int], batch: int = 16) -> np.ndarray:
    """Scores [n] of the samples, in standardised units."""
    network.eval()
    with torch.inference_mode():
        parts = [predict(network, indices[at : at + batch], None)[0].cpu() for at in range(0, len(indices), batch)]
    return torch.cat(parts).detach().double().numpy()


def _loss(predicted_B: Tensor, target_B: Tensor, optimisation: Optimisation) -> Tensor:
    weights = {name: getattr(optimisation, name) for name in ("huber", "plcc", "rank")}
    return suitability_loss(predicted_B, target_B, **weights)


def rate_at(step: int, steps: int, warmup: float) -> float:
    """Share of the peak learning rate: a linear rise, then half a cosine."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1.0, steps - warmup)))


def _optimiser(network: nn.Module, optimisation: Optimisation) -> torch.optim.AdamW:
    """AdamW; backbones learn more slowly, and what is no matrix does not decay."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            rate = optimisation.learning_rate * (optimisation.backbone_rate if ".backbone." in name else 1)
            decay = optimisation.weight_decay if weight.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(weight)
    listed = [{"params": w, "lr": rate, "peak": rate, "weight_decay": decay} for (rate, decay), w in groups.items()]
    return torch.optim.AdamW(listed)


def _average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for mean, weight in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(weight, 1 - decay)
            else:
                mean.copy_(weight)


def _is_over(history: Sequence[Epoch], patience: int) -> bool:
    if not history:
        return False
    best = max(range(len(history)), key=lambda number: history[number].srcc)
    return len(history) - 1 - best >= patience


def _keep(
    path: Path, network: nn.Module, averaged: nn.Module, best: dict[str, Tensor], optimiser: torch.optim.AdamW,
    history: Sequence[Epoch],
) -> None:  # fmt: skip
    """Writes all that going on needs, whole or not at all."""
    tensors = {f"now.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"mean.{name}": value for name, value in averaged.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in best.items()}
    for number, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{name}": value for name, value in moments.items()}
    write_whole(path, tensors, {"history": dump_history(history)})


def _resume(
    path: Path, network: nn.Module, averaged: nn.Module, best: dict[str, Tensor], optimiser: torch.optim.AdamW
) -> list[Epoch]:
    """Puts everything back as `_keep` wrote it; the epochs until then, none if nothing was written."""
    if not path.exists():
        return []
    with safe_open(path, "pt") as file:
        told = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dictionary)
    for start, module in (("now.", network), ("mean.", averaged)):
        module.load_state_dict({n.removeprefix(start): v for n, v in tensors.items() if n.startswith(start)})
    best.update({name: tensors[f"best.{name}"] for name in best})
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adam."):
            _, number, what = name.split(".", 2)
            moments.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
    return parse_history(told["history"])


def write_whole(path: Path, tensors: Mapping[str, Tensor], told: Mapping[str, str] | None = None) -> None:
    """A safetensors file, whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    copies = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    save_file(copies, unfinished, dict(told) if told else None)
    unfinished.replace(path)


def dump_history(history: Sequence[Epoch]) -> str:
    return json.dumps([asdict(epoch) for epoch in history])


def parse_history(text: str) -> list[Epoch]:
    return [Epoch(**epoch) for epoch in json.loads(text)]
