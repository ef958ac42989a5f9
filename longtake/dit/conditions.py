"""Numbers that reach the blocks as the timestep does (Koala-36M, D.1): sinusoids, an MLP for each, and their sum.

Legend: B batch, T times, f sinusoids, d model width; values_X and the like: any shape X.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from longtake.latents.conditions import LOGARITHMIC

TIME_SCALE = 1000.0
"""t from 0 to 1 is embedded as the 1000 steps of DDPM and DiT were."""
METRIC_SCALE = 10.0
"""The fastest sinusoid of a standardised metric goes round in 0.63 deviations (Koala-36M gives none)."""
LONGEST = 10_000.0
"""The slowest sinusoid is slower than the fastest by this factor (DiT)."""


def sinusoids(values_X: Tensor, width: int) -> Tensor:
    """cos and sin of the values times falling frequencies [X, width]."""
    half = width // 2
    place = torch.arange(half, dtype=torch.float32, device=values_X.device) / half
    angles_XF = values_X[..., None].float() * torch.exp(-math.log(LONGEST) * place)
    return torch.cat((angles_XF.cos(), angles_XF.sin()), -1)


def zeroed(linear: nn.Module) -> nn.Module:
    """The same, with weights of zero: what follows starts without it."""
    for weights in linear.parameters():
        nn.init.zeros_(weights)
    return linear


class Embedding(nn.Module):
    """A number becomes a vector: sinusoids, then an MLP."""

    def __init__(self, frequency_width: int, width: int, scale: float) -> None:
        super().__init__()
        self.frequency_width, self.scale = frequency_width, scale
        self.hidden = nn.Linear(frequency_width, width)
        self.out = nn.Linear(width, width)

    def forward(self, values_X: Tensor) -> Tensor:
        hidden_Xd = self.hidden(sinusoids(values_X * self.scale, self.frequency_width).to(self.hidden.weight.dtype))
        embedded_Xd: Tensor = self.out(nn.functional.silu(hidden_Xd))
        return embedded_Xd


class Conditions(nn.Module):
    """Metrics in the units of the table `scores`, each standardised and embedded; one that is unknown is a learned null."""

    def __init__(
        self, names: Sequence[str], statistics: Mapping[str, tuple[float, float]], frequency_width: int, width: int
    ) -> None:
        super().__init__()
        self.statistics = {name: statistics.get(name, (0.0, 1.0)) for name in names}
        self.embeddings = nn.ModuleDict({name: Embedding(frequency_width, width, METRIC_SCALE) for name in names})
        for embed in self.embeddings.values():
            zeroed(embed.get_submodule("out"))
        self.nulls = nn.ParameterDict({name: nn.Parameter(torch.zeros(width)) for name in names})

    def forward(self, time_BTd: Tensor, conditions: Mapping[str, Tensor]) -> Tensor:
        """The embedded time plus that of each metric. NaN is unknown, so is one that is left out; unknown names are not read."""
        for name, embed in self.embeddings.items():
            value_B = (
                self.standardise(name, conditions[name])
                if name in conditions
                else time_BTd.new_full((len(time_BTd),), math.nan)
            )
            embedded_Bd = torch.where(value_B.isnan()[:, None], self.nulls[name], embed(value_B.nan_to_num()))
            time_BTd = time_BTd + embedded_Bd[:, None]
        return time_BTd

    def standardise(self, name: str, value_B: Tensor) -> Tensor:
        """In deviations from the mean of what the model is trained on; `latents.conditions.transform` comes first."""
        mean, deviation = self.statistics[name]
        value_B = value_B.clamp(min=0).log1p() if name in LOGARITHMIC else value_B
        return (value_B - mean) / (deviation or 1.0)
