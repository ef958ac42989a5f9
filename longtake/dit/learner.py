"""Weights that learn: one bounded step of AdamW after the other, their average, and the guard that throws bad steps away.

What is learned, and from what, is a training's; two kinds of them share this.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from longtake.dit.averages import Averages
from longtake.dit.guard import StepGuard
from longtake.dit.recipe import Guard, Schedule
from longtake.dit.schedule import rate_at
from longtake.dit.step_record import Skip

MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""What AdamW keeps of each weight."""


class Rules(Protocol):
    """How weights move; see `TrainingConfig`."""

    @property
    def lr(self) -> float: ...
    @property
    def schedule(self) -> Schedule: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def betas(self) -> tuple[float, float]: ...
    @property
    def clip(self) -> float: ...
    @property
    def ema(self) -> float: ...
    @property
    def guard(self) -> Guard: ...


class Learner:
    """The weights of a model that want gradients, and all that changes with them."""

    def __init__(self, model: nn.Module, rules: Rules, rates: Mapping[str, float] | None = None) -> None:
        """`rates`: for weights whose names begin so, their share of the learning rate; 1 for all others."""
        self.rules = rules
        self.named = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self.weights = list(self.named.values())  # asked for anew they cost a small model a tenth of its step
        self.averages = Averages(self.named, rules.ema)
        self.optimiser = _adamw(self.named, rules, rates or {})
        self.guard = StepGuard(rules.guard)

    def norm(self) -> float:
        """Of all gradients together."""
        return float(nn.utils.get_total_norm([weight.grad for weight in self.weights if weight.grad is not None]))

    def rate(self, step: int, done: float) -> float:
        """The learning rate of the step number `step`, from 0, with the share `done` of the training behind it."""
        return self.rules.lr * rate_at(self.rules.schedule, step, done)

    def move(self, *, step: int, taken: int, done: float, loss: float, norm: float) -> Skip:
        """One step along the bounded gradient, after `taken` ones; or why it is thrown away."""
        skip = self.guard.judge(loss, norm, warm=step >= self.rules.schedule.warmup_steps)
        if not skip:
            self._step(self.rate(step, done), norm, taken + 1)
        return skip

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that going on needs: tensors by name, and plain values."""
        tensors = {f"weights.{name}": weight.detach() for name, weight in self.named.items()}
        tensors |= {f"averages.{name}": weight for name, weight in self.averages.weights.items()}
        for name, weight in self.named.items():
            tensors |= {f"adamw.{what}.{name}": value for what, value in self.optimiser.state[weight].items()}
        return tensors, {"norms": list(self.guard.norms), "skipped_in_a_row": self.guard.skipped_in_a_row}

    @torch.no_grad()
    def go_on(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
        """Puts back what `state` gave."""
        for name, weight in self.named.items():
            weight.copy_(tensors[f"weights.{name}"])
            self.averages.weights[name].copy_(tensors[f"averages.{name}"])
            moments = {what: tensors.get(f"adamw.{what}.{name}") for what in MOMENTS}
            if moments["step"] is not None:
                device = weight.device
                self.optimiser.state[weight] = {w: m.to(device) for w, m in moments.items() if m is not None}
        self.guard = StepGuard(self.rules.guard, plain["norms"], plain["skipped_in_a_row"])

    @torch.no_grad()
    def _step(self, lr: float, norm: float, taken: int) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = lr * group["share"]
        if norm > self.rules.clip:
            torch._foreach_mul_([w.grad for w in self.weights if w.grad is not None], self.rules.clip / norm)
        self.optimiser.step()
        self.averages.update(self.weights, taken)


def _adamw(named: Mapping[str, nn.Parameter], rules: Rules, rates: Mapping[str, float]) -> torch.optim.AdamW:
    """Matrices decay; biases, norms, nulls and AdaLN's tables do not."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, weight in named.items():
        decays = weight.ndim > 1 and name.endswith("weight")
        share = next((rate for begin, rate in rates.items() if name.startswith(begin)), 1.0)
        groups.setdefault((rules.weight_decay if decays else 0.0, share), []).append(weight)
    return torch.optim.AdamW(
        [{"params": w, "weight_decay": decay, "share": share} for (decay, share), w in groups.items()],
        lr=rules.lr, betas=rules.betas, fused=True,
    )  # fmt: skip
