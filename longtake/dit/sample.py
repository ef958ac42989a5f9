"""From noise to latents: the ordinary differential equation that a trained model describes, solved from t = 1 to t = 0.

A state is a mixture of data and noise, `x_t = a(t) clean + s(t) noise`; a prediction of any kind (flow, v, epsilon) says of a state
which clean latents and which noise it is made of. A step of Euler mixes these two anew for an earlier time (for flow this is
`x + (t' - t) velocity`, for v and epsilon it is DDIM). Heun asks again where that leads, mixes the answer for the time that it came
from, and takes half of what it misses the old state by for its own error. A given first latent is at t = 0 all the way: it stays.

Legend: B films, one at a time; K predictions of guidance; C channels, t h w latent frames, rows, columns; L text tokens, D their width.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from longtake.dit.asking import nearest
from longtake.dit.config import DiTConfig, Objective
from longtake.dit.guidance import TEXT, plan_guidance
from longtake.dit.objective import noisy, shift_times, to_clean, to_noise
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError

FIRST_SIGNAL = 0.068
"""Amplitude of the data where `epsilon` begins, t = 0.957: an error of its noise is one of the data by 1 / a(t), and trainings see few
times beyond (Stable Diffusion 1, which predicts noise too, ends there: the root of its last alpha of 0.0047)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """What one film is to be."""

    shape: tuple[int, int, int]
    """Of its latents: frames, rows, columns."""
    text_LD: Tensor | None = None
    """What it shows, as the model's text encoder says it; None: anything."""
    conditions: Mapping[str, float] = field(default_factory=dict)
    """Metrics that it is to have, in the units of the table `scores`; one that is left out is left to the model."""
    seed: int = 0
    first_latent_C1hw: Tensor | None = None
    """The film goes on from it; None: from nothing."""


class Denoiser(Protocol):
    """What is sampled from: `longtake.dit.model.DiT`, or a formula in a test."""

    config: DiTConfig

    def __call__(
        self, latents_BCthw: Tensor, time_Bt: Tensor, text_BLD: Tensor, text_mask_BL: Tensor, conditions: Mapping[str, Tensor], /
    ) -> Tensor: ...  # fmt: skip

    def parameters(self) -> Iterator[Tensor]: ...


def sample(model: Denoiser, objective: Objective, requests: Sequence[Request], config: SamplingConfig) -> Tensor:
    """latents_BCthw, float32, of films of one shape. Raises UserError for what the model cannot be asked for.

    One after the other: a film depends on its own request alone, to the bit on one machine.
    """
    return torch.stack([denoise(model, objective, request, config) for request in requests])


@torch.no_grad()
def denoise(
    model: Denoiser,
    objective: Objective,
    request: Request,
    config: SamplingConfig,
    *,
    advance: Callable[[], None] = lambda: None,
) -> Tensor:
    """The latents_Cthw of one film; `advance` is called after each of `config.steps` steps."""
    check_request(model.config, request)
    look = _Look(model, objective, request, config)
    state_BCthw = draw_noise(model.config.channels, request)[None].to(look.device)
    if request.first_latent_C1hw is not None:
        state_BCthw[0, :, :1] = request.first_latent_C1hw
    for time_Bt, later_Bt in pairwise(plan_times(config.steps, objective, request).to(look.device)):
        moved_BCthw = noisy(objective, *look(state_BCthw, time_Bt), later_Bt)
        if config.solver == "heun" and later_Bt.any():
            back_BCthw = noisy(objective, *look(moved_BCthw, later_Bt), time_Bt)
            moved_BCthw = moved_BCthw + (state_BCthw - back_BCthw) / 2
        state_BCthw = moved_BCthw
        advance()
    return state_BCthw[0]


def draw_noise(channels: int, request: Request) -> Tensor:
    """noise_Cthw of the request's seed: the same on every device, whatever else is sampled."""
    generator = torch.Generator().manual_seed(request.seed)
    return torch.randn((channels, *request.shape), generator=generator)


def plan_times(steps: int, objective: Objective, request: Request) -> Tensor:
    """[steps + 1, 1, t]: from noise (1; for epsilon a little less) to data (0), evenly but for the objective's shift.

    A given first latent is at 0 throughout.
    """
    first = math.acos(FIRST_SIGNAL) / (math.pi / 2) if objective.kind == "epsilon" else 1.0
    times = first * shift_times(torch.linspace(1, 0, steps + 1, dtype=torch.float64), objective.shift).float()
    plan_NBt = times[:, None, None].repeat(1, 1, request.shape[0])
    if request.first_latent_C1hw is not None:
        plan_NBt[:, :, 0] = 0
    return plan_NBt


def check_request(config: DiTConfig, request: Request) -> None:
    """Raises UserError for what this model cannot be asked for."""
    if min(request.shape) < 1:
        raise UserError(
            f"latents of {' x '.join(map(str, request.shape))} were asked for; 1 or more of each are needed"
        )
    config.grid(request.shape)
    if request.text_LD is not None and request.text_LD.shape[-1] != config.text_width:
        raise UserError(
            f"the text is {request.text_LD.shape[-1]} wide and this model knows texts of {config.text_width}; "
            "encode it with the text encoder of its samples"
        )
    for name in request.conditions:
        if name not in config.conditions:
            raise UserError(f"this model knows no condition {name!r}; {nearest(name, config.conditions)}")
    expected = (config.channels, 1, *request.shape[1:])
    if request.first_latent_C1hw is not None and request.first_latent_C1hw.shape != expected:
        given = tuple(request.first_latent_C1hw.shape)
        raise UserError(
            f"the first latent is {given}, and the film's are {expected}; encode a picture of the film's size"
        )


class _Look:
    """What the model makes of a state of one request, guidance included."""

    def __init__(self, model: Denoiser, objective: Objective, request: Request, config: SamplingConfig) -> None:
        self.device = next(iter(model.parameters())).device
        self._bfloat16 = self.device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        self._model, self._objective = model, objective
        has_text = request.text_LD is not None and len(request.text_LD) > 0
        self._guidance = plan_guidance(config, objective, [*([TEXT] if has_text else []), *request.conditions])
        rows = ("", *self._guidance.without)
        self._text_KLD, self._mask_KL = self._texts(request, rows, has_text)
        self._conditions = self._metrics(request, rows)

    def __call__(self, state_BCthw: Tensor, time_Bt: Tensor) -> tuple[Tensor, Tensor]:
        """The clean_BCthw and noise_BCthw that the state is taken to be made of."""
        rows = len(self._guidance.weights_K)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            predicted_KCthw = self._model(
                state_BCthw.expand(rows, -1, -1, -1, -1),
                time_Bt.expand(rows, -1),
                self._text_KLD,
                self._mask_KL,
                self._conditions,
            )
        predicted_BCthw = self._guidance.combine(predicted_KCthw.float())[None]
        given = (self._objective, state_BCthw, predicted_BCthw, time_Bt)
        return to_clean(*given), to_noise(*given)

    def _texts(self, request: Request, rows: Sequence[str], given: bool) -> tuple[Tensor, Tensor]:
        """The text of each prediction; a mask that is false everywhere means none."""
        width = self._model.config.text_width
        text_LD = request.text_LD if given and request.text_LD is not None else torch.zeros(1, width)
        has_K = torch.tensor([given and row != TEXT for row in rows], device=self.device)
        text_LD = text_LD.to(self.device, torch.float32)
        return text_LD.expand(len(rows), *text_LD.shape), has_K[:, None].expand(len(rows), len(text_LD))

    def _metrics(self, request: Request, rows: Sequence[str]) -> dict[str, Tensor]:
        """Each condition's value in each prediction; NaN where it is unknown."""
        return {
            name: torch.tensor(
                [math.nan if row == name else request.conditions.get(name, math.nan) for row in rows],
                device=self.device,
            )
            for name in self._model.config.conditions
        }
