"""What a scaling law is: numbers that follow from parameters N, tokens T and compute C by powers.

Plain counts everywhere: parameters, tokens and FLOPs, never billions; a law keeps the unit that its constants were printed in.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from longtake.errors import UserError

Variable = Literal["params", "tokens", "flops", "loss"]
"""What a law can be asked by."""


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """quantity = scale * product of (variable / unit) ** exponent."""

    quantity: str
    """What it gives, with its unit: `batch, tokens a step`."""
    scale: float
    exponents: Mapping[Variable, float]
    unit: float = 1.0
    """Of its variables: 1e9 where they were printed in billions."""

    def __call__(self, **given: float) -> float:
        """The quantity, from exactly the variables of the law. Raises UserError for others."""
        if set(given) != set(self.exponents):
            raise UserError(
                f"the law of {self.quantity} is asked by {', '.join(given) or 'nothing'}; it takes {', '.join(self.exponents)}"
            )
        return self.scale * math.prod((given[name] / self.unit) ** power for name, power in self.exponents.items())


@dataclass(frozen=True, kw_only=True)
class LossLaw:
    """loss = floor + scale_params * (N / unit) ** -alpha_params + scale_tokens * (T / unit) ** -alpha_tokens."""

    floor: float
    """What no model and no data get below."""
    scale_params: float
    alpha_params: float
    scale_tokens: float
    alpha_tokens: float
    unit: float = 1.0

    def __call__(self, *, params: float, tokens: float) -> float:
        """The validation loss."""
        return self.floor + self.reducible(params=params, tokens=tokens)

    def reducible(self, *, params: float, tokens: float) -> float:
        """What more parameters and tokens would take away: the loss above the floor."""
        of_params = self.scale_params * (params / self.unit) ** -self.alpha_params
        return of_params + self.scale_tokens * (tokens / self.unit) ** -self.alpha_tokens

    @property
    def size_exponent(self) -> float:
        """Of compute in the size that minimises this law at a cost of so many FLOPs for each parameter and token."""
        return self.alpha_tokens / (self.alpha_params + self.alpha_tokens)

    def optimum(self, flops: float, flops_per_token: Callable[[float], float]) -> tuple[float, float]:
        """(parameters, tokens) of the least loss at this compute; `flops_per_token` is a size's cost of training on one token."""

        def loss(log_params: float) -> float:
            params = math.exp(log_params)
            return self(params=params, tokens=flops / flops_per_token(params))

        params = math.exp(_least(loss, math.log(1e2), math.log(1e15)))
        return params, flops / flops_per_token(params)


@dataclass(frozen=True, kw_only=True)
class Laws:
    """The laws of one work, those that it gives."""

    name: str
    source: str
    """Where the constants come from, and how far they can be trusted."""
    loss: LossLaw | None = None
    losses: Mapping[str, PowerLaw] = field(default_factory=dict)
    """Loss by one variable alone, where a work has it so."""
    batch: PowerLaw | None = None
    """Tokens a step."""
    lr: PowerLaw | None = None
    size: PowerLaw | None = None
    """Parameters, as the work counts them, that are best at a compute."""
    predicted_size: PowerLaw | None = None
    """The same as the work's loss law has it, where the work prints both."""
    tokens: PowerLaw | None = None
    """That are best at a compute."""
    valid: Mapping[Variable, tuple[float, float]] = field(default_factory=dict)
    """What the runs that were fitted spanned; beyond it a law extrapolates."""

    def beyond(self, **given: float) -> list[str]:
        """A sentence for each number outside of what was fitted."""
        sentences = []
        for name, (low, high) in self.valid.items():
            if name in given and not low <= given[name] <= high:
                side = "below" if given[name] < low else "above"
                fitted = f"the {low:.3g} to {high:.3g} that {self.name} was fitted on"
                sentences.append(f"{name} {given[name]:.3g} is {side} {fitted}")
        return sentences


def family_width(params: float, width_per_layer: float = 128.0) -> float:
    """d of the member of the family d = a L with N = 16 L d^2 parameters (128: the scaling paper's sizes, note A)."""
    return (params * width_per_layer / 16) ** (1 / 3)


def flops_per_token(params: float, context: int = 1280, width_per_layer: float = 128.0) -> float:
    """3/4 N (7 + n_ctx / d): training on one video token, forwards and backwards (note A; text and heads are left out)."""
    return 0.75 * params * (7 + context / family_width(params, width_per_layer))


_GOLDEN = (math.sqrt(5) - 1) / 2


def _least(of: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley is least, by golden sections."""
    while high - low > 1e-10 * max(1.0, abs(low)):
        span = _GOLDEN * (high - low)
        if of(high - span) < of(low + span):
            high = low + span
        else:
            low = high - span
    return (low + high) / 2
