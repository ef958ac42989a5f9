"""What is learned: data and noise are mixed by a time between 0 and 1, and the model says what the mixture is made of.

x_t = a(t) x_0 + s(t) e, with x_0 the clean latents and e noise. Every draw is a function of (seed, number of the sample in the
stream), so that ranks, micro-batches and resuming change nothing; and every time is one of a latent frame, so that a
clean first frame is nothing but a frame at t = 0.

Legend: B batch, C channels, t h w latent frames, rows, columns; L text tokens, D text width; a 1 is broadcast.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Protocol, get_args

import numpy as np
import torch
from torch import Tensor

from longtake.dit.config import Condition, Objective

METRICS: tuple[str, ...] = get_args(Condition)
"""All that a model may know: a draw is the same whichever of them it does."""
GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of it, modulo 1, fill the unit interval evenly at every length."""
LEAST_SIGNAL = 1e-2
"""Noise alone says nothing of the data: `epsilon` divides by no smaller a(t) (1 % of the amplitude, t = 0.994)."""

Model = Callable[[Tensor, Tensor, Tensor, Tensor, Mapping[str, Tensor]], Tensor]
"""As `DiT.forward`."""


class Examples(Protocol):
    """Latents with their text and metrics (NaN: unknown): what a loss is taken of."""

    @property
    def latents_BCthw(self) -> Tensor: ...
    @property
    def text_BLD(self) -> Tensor: ...
    @property
    def text_mask_BL(self) -> Tensor: ...
    @property
    def conditions(self) -> Mapping[str, Tensor]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """All that is random in the loss of B samples."""

    noise_BCthw: Tensor
    time_B: Tensor
    drop_text_B: Tensor
    """True where the text is withheld."""
    drop_conditions: Mapping[str, Tensor]
    """By metric, True where it is withheld."""
    clean_first_B: Tensor
    """True where the first latent is given clean; videos only."""

    def to(self, device: torch.device | str) -> "Draws":
        moved = {field.name: getattr(self, field.name) for field in fields(self)}
        moved = {name: given.to(device) for name, given in moved.items() if isinstance(given, Tensor)}
        return Draws(**moved, drop_conditions={name: drop.to(device) for name, drop in self.drop_conditions.items()})


def draw(objective: Objective, numbers_B: Sequence[int] | Tensor, shape_Cthw: Sequence[int], seed: int) -> Draws:
    """For training: each row from a generator of its own, keyed by seed and number (Philox)."""
    rows = [np.random.Generator(np.random.Philox(key=[seed, int(number)])) for number in numbers_B]
    chance_BU = torch.from_numpy(np.stack([row.random(3 + len(METRICS)) for row in rows]))
    time_B, text_B, first_B, *metrics = chance_BU.unbind(1)
    if objective.times == "logit_normal":
        time_B = torch.special.ndtri(time_B).sigmoid()
    return Draws(
        noise_BCthw=_noise(rows, shape_Cthw),
        time_B=shift_times(time_B, objective.shift).float(),
        drop_text_B=text_B < objective.text_dropout,
        drop_conditions={m: drop_B < objective.condition_dropout for m, drop_B in zip(METRICS, metrics, strict=True)},
        clean_first_B=(first_B < objective.first_frame) & (shape_Cthw[1] > 1),
    )


def validation_draws(
    numbers_B: Sequence[int] | Tensor, shape_Cthw: Sequence[int], seed: int, turn: int, turns: int
) -> Draws:
    """The same for ever: at the turn j of n, a sample's time lies in [j / n, (j + 1) / n); over all, times are even on (0, 1).

    `numbers_B` counts the validation samples. Nothing is withheld and no frame is given.
    """
    numbers = [int(number) for number in numbers_B]
    rows = [np.random.Generator(np.random.Philox(key=[seed, number * turns + turn])) for number in numbers]
    time_B = torch.tensor([(turn + (0.5 + number * GOLDEN) % 1) / turns for number in numbers])
    never_B = torch.zeros(len(numbers), dtype=torch.bool)
    return Draws(
        noise_BCthw=_noise(rows, shape_Cthw), time_B=time_B, drop_text_B=never_B,
        drop_conditions=dict.fromkeys(METRICS, never_B), clean_first_B=never_B,
    )  # fmt: skip


def shift_times(time_X: Tensor, shift: float) -> Tensor:
    """Times moved towards the noise, for a shift above 1; 0 and 1 stay."""
    return shift * time_X / (1 + (shift - 1) * time_X)


def mixture(objective: Objective, time_X: Tensor) -> tuple[Tensor, Tensor]:
    """a(t), amplitude of the data, and s(t), that of the noise."""
    if objective.kind == "flow":
        return 1 - time_X, time_X
    return (time_X * (math.pi / 2)).cos(), (time_X * (math.pi / 2)).sin()


def times(draws: Draws) -> Tensor:
    """time_Bt: each sample's own in all its latent frames, and 0 in a first one that is given clean."""
    frames = draws.noise_BCthw.shape[2]
    first_t = torch.arange(frames, device=draws.time_B.device) == 0
    return draws.time_B[:, None] * ~(draws.clean_first_B[:, None] & first_t)


def noisy(objective: Objective, latents_BCthw: Tensor, noise_BCthw: Tensor, time_Bt: Tensor) -> Tensor:
    """x_t."""
    a_B1t11, s_B1t11 = _amplitudes(objective, time_Bt)
    return a_B1t11 * latents_BCthw + s_B1t11 * noise_BCthw


def target(objective: Objective, latents_BCthw: Tensor, noise_BCthw: Tensor, time_Bt: Tensor) -> Tensor:
    """What the model is to predict: e - x_0 (flow), a e - s x_0 (v, Salimans and Ho), e (epsilon, DDPM)."""
    if objective.kind == "flow":
        return noise_BCthw - latents_BCthw
    if objective.kind == "epsilon":
        return noise_BCthw
    a_B1t11, s_B1t11 = _amplitudes(objective, time_Bt)
    return a_B1t11 * noise_BCthw - s_B1t11 * latents_BCthw


def losses(model: Model, examples: Examples, draws: Draws, objective: Objective) -> Tensor:
    """loss_B: mean square error over what is predicted; a first latent that is given clean is not."""
    time_Bt = times(draws)
    prediction_BCthw = model(
        noisy(objective, examples.latents_BCthw, draws.noise_BCthw, time_Bt),
        time_Bt,
        examples.text_BLD,
        examples.text_mask_BL & ~draws.drop_text_B[:, None],
        {name: value_B.masked_fill(draws.drop_conditions[name], math.nan) for name, value_B in examples.conditions.items()},
    )  # fmt: skip
    wanted_BCthw = target(objective, examples.latents_BCthw, draws.noise_BCthw, time_Bt)
    error_Bt = (prediction_BCthw.float() - wanted_BCthw).square().mean((1, 3, 4))
    first_t = torch.arange(time_Bt.shape[1], device=time_Bt.device) == 0
    learned_Bt = ~(draws.clean_first_B[:, None] & first_t)
    return (error_Bt * learned_Bt).sum(1) / learned_Bt.sum(1)


def to_clean(objective: Objective, noisy_BCthw: Tensor, prediction_BCthw: Tensor, time_Bt: Tensor) -> Tensor:
    """x_0 that the prediction stands for; near t = 1 that of `epsilon` is held back by `LEAST_SIGNAL`."""
    a_B1t11, s_B1t11 = _amplitudes(objective, time_Bt)
    if objective.kind == "flow":
        return noisy_BCthw - s_B1t11 * prediction_BCthw
    if objective.kind == "v":
        return a_B1t11 * noisy_BCthw - s_B1t11 * prediction_BCthw
    return (noisy_BCthw - s_B1t11 * prediction_BCthw) / a_B1t11.clamp(min=LEAST_SIGNAL)


def to_noise(objective: Objective, noisy_BCthw: Tensor, prediction_BCthw: Tensor, time_Bt: Tensor) -> Tensor:
    """e that the prediction stands for."""
    a_B1t11, s_B1t11 = _amplitudes(objective, time_Bt)
    if objective.kind == "flow":
        return noisy_BCthw + a_B1t11 * prediction_BCthw
    if objective.kind == "v":
        return s_B1t11 * noisy_BCthw + a_B1t11 * prediction_BCthw
    return prediction_BCthw


def _amplitudes(objective: Objective, time_Bt: Tensor) -> tuple[Tensor, Tensor]:
    a_Bt, s_Bt = mixture(objective, time_Bt)
    return a_Bt[:, None, :, None, None], s_Bt[:, None, :, None, None]


def _noise(rows: Sequence[np.random.Generator], shape_Cthw: Sequence[int]) -> Tensor:
    return torch.from_numpy(np.stack([row.standard_normal(tuple(shape_Cthw), np.float32) for row in rows]))
